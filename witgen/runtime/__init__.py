"""Support code of the generated bindings; `host` needs wasmtime, everything else only Python."""
