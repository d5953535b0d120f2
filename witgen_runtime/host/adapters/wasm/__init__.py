"""WebAssembly's binary formats: what adapters read of a component, and how they are written."""
