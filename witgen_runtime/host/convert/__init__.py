"""Converters between Python values and the C API's, compiled for each function."""
