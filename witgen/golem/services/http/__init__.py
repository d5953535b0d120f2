"""`wasi:http`: wasmtime's own, and one in Python that can be recorded."""
