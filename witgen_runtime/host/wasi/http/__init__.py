"""`wasi:http` of wasmtime, with limits on where components send requests."""
