"""Stores: their limits, their handles, and who may use them when."""
