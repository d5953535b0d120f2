"""WebAssembly's binary formats: reads the parts of a component that adapters need, and writes adapters."""
