"""All that touches the C API and wasmtime-py's internals: nothing outside this folder does."""
