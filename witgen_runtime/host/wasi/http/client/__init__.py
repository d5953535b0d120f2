"""Sends the HTTP requests of components by Python in place of wasmtime."""
