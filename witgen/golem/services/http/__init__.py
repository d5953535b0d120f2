"""`wasi:http`: wasmtime's implementation, and a Python one that can be recorded."""
