"""Foundations: immutable values, source text, files, and the data that comes with witgen."""
