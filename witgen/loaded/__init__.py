"""Bindings of components that `witgen.load` made: `witgen.loaded.<world>.host` and `witgen.loaded.<world>.types`."""
