"""What components of Golem's table find on this machine: implementations against the generated host bindings.

Every service may be shared by the components of many threads. `implementations()` returns what goes into
`ServicesImports` of the bindings, by field.
"""

from __future__ import annotations

from importlib.util import find_spec

for _package in ("h11", "websockets"):
    if find_spec(_package) is None:
        raise ModuleNotFoundError(
            f"Golem's services need the package {_package}: pip install 'witgen[golem]'", name=_package
        )
