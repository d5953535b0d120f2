"""What components of Golem's table find on this machine: implementations against the generated host bindings.

Every service may be shared by the components of many threads. `implementations()` returns what goes into
`ServicesImports` of the bindings, by field.
"""

from __future__ import annotations

from importlib.util import find_spec

if find_spec("websockets") is None:
    raise ModuleNotFoundError(
        "Golem's services need the package websockets: pip install 'witgen[golem]'", name="websockets"
    )
