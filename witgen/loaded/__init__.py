"""Where the bindings of components that `witgen.load` made are imported from: `witgen.loaded.<world>.host`, `.types`."""
