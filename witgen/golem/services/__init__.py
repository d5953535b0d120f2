"""What components of Golem's table find on this machine: implementations against the generated host bindings.

Every service may be shared by the components of many threads. `implementations()` returns what goes into
`ServicesImports` of the bindings, by field.
"""

from __future__ import annotations
