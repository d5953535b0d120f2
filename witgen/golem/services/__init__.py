"""Local implementations of the interfaces in Golem's table, written against the generated host bindings.

Components in many threads may share a service. `implementations()` returns the values for `ServicesImports` of the
bindings, by field.
"""

from __future__ import annotations

from importlib.util import find_spec

for _package in ("h11", "websockets"):
    if find_spec(_package) is None:
        raise ModuleNotFoundError(
            f"Golem's services need the package {_package}: pip install 'witgen[golem]'", name=_package
        )
