"""Which adapters a world has taken, for people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .. import signatures
from .names import INSIDE
from .refusal import Refusal

if TYPE_CHECKING:
    from ..linking.definition import Definition, Needs

__all__ = ["AdaptersTaken", "taken"]


@dataclass(frozen=True, slots=True)
class AdaptersTaken:
    """The functions of a world by the way that they take: `import ns:pkg/iface@1.0.0#f`, `export run`."""

    text: tuple[str, ...] = ()
    """Their lists of bytes go through an adapter."""
    polled: tuple[str, ...] = ()
    """Async imports, which always go through one."""
    ends: tuple[str, ...] = ()
    """They pass streams or futures, which go through an adapter that has the ends."""
    plain: tuple[str, ...] = ()
    """They have lists of bytes that go through none."""
    refusal: str = ""
    """Why the component as a whole got no adapters."""
    direct: tuple[str, ...] = ()
    """Their lists, of bytes, numbers and the like, are copied to and from an adapter's memory. Other bytes of `text`
    travel as strings."""
    inside: tuple[str, ...] = ()
    """Those of `direct` whose adapter is inside the component, where it copies lists at once. It is one for all."""


def taken(definition: Definition, needs: Needs, refusal: Refusal | None) -> AdaptersTaken:
    """Return which functions of a component go through adapters."""
    text, polled, ends, plain, direct = (list[str]() for _ in range(5))
    names = _by_world_name(needs)
    imports = [
        ("import", item.name, name, item.interface)
        for item in definition.imports
        if not item.native
        for name in names.get(item.name, ())
    ]
    exports = [("export", interface.name, interface.name, interface) for interface in definition.exports]
    for kind, shown, known, interface in (*imports, *exports):
        as_text = needs.text.get((kind, known), frozenset[str]())
        directly = needs.direct.get((kind, known), frozenset[str]())
        present = needs.functions.get(known, frozenset[str]()) if kind == "import" else None
        for function in interface.functions:
            name = f"{kind} {shown}#{function.name}" if shown else f"{kind} {function.name}"
            if present is not None and function.name not in present:
                continue
            if kind == "import" and function.name in needs.polled.get(known, ()):
                polled.append(name)
            if function.name in needs.numbers.get((kind, known), ()):
                ends.append(name)
            if function.name in directly:
                direct.append(name)
            if "list<u8>" in signatures.expected(function):
                (text if function.name in as_text or function.name in directly else plain).append(name)
    refused = str(refusal or "")
    inside = direct if INSIDE in needs.adapters else ()
    return AdaptersTaken(
        tuple(text), tuple(polled), tuple(ends), tuple(plain), refused, tuple(direct), tuple(inside)
    )  # fmt: skip


def _by_world_name(needs: Needs) -> dict[str, list[str]]:
    """Return the component's names of its imports, by the world's."""
    names: dict[str, list[str]] = {}
    for name, known in needs.imports.items():
        names.setdefault(known, []).append(name)
    return names
