"""`guest/aio.py` and `guest/testing.py`: asyncio and fakes for one world."""

from __future__ import annotations

from dataclasses import dataclass

from ..facts.world import ScopeFacts, WorldFacts
from .env import render_template
from .guest_module import wraps_import
from .imports import Imports
from .module import module_view

__all__ = ["render_guest_aio", "render_guest_testing"]


def render_guest_aio(facts: WorldFacts) -> str | None:
    """Return asyncio's entry points, None where the world has no pollables."""
    poll = _imported(facts, "io", "poll")
    if poll is None:
        return None
    clock = _imported(facts, "clocks", "monotonic-clock")
    imports = Imports(["ready", "run"])
    doc = f"asyncio for guests of world `{facts.title}`: an event loop on `{poll.title}`."
    timer = f"{imports.module('.', clock.module)}.subscribe_duration" if clock is not None else "None"
    waits = imports.module(".", poll.module)
    values = {
        "aio": imports.module(".._runtime.guest", "aio"),
        "poll": f"{waits}.poll",
        "pollable": f"{waits}.Pollable",
        "timer": timer,
        "any": imports.name("typing", "Any"),
        "coroutine": imports.name("collections.abc", "Coroutine"),
        "type_var": {"name": "T", "maker": imports.name("typing", "TypeVar")},
    }
    module = module_view(facts, facts.own, doc=doc, imports=imports, exported=["ready", "run"])
    return render_template("guest_aio.py.jinja", module=module, **values)


def _imported(facts: WorldFacts, package: str, name: str) -> ScopeFacts | None:
    """Return an interface of WASI 0.2 that the world imports."""
    for link in facts.imports:
        if link.scope.owner.interface is None:
            continue
        interface = facts.resolve.interfaces[link.scope.owner.interface]
        owner = facts.resolve.packages[interface.package].name
        is_p2 = (owner.version or "").startswith("0.2.")
        if (owner.namespace, owner.name, interface.name) == ("wasi", package, name) and is_p2:
            return link.scope
    return None


@dataclass(frozen=True, slots=True)
class _Fake:
    """A fake: its attribute, the descriptors it follows, the module of the wrappers, what it stands for."""

    attribute: str
    table: str
    wrappers: str
    title: str

    @property
    def read(self) -> str:
        """The expression of the fake in the constructor."""
        return f"self.{self.attribute}"


def render_guest_testing(facts: WorldFacts) -> str | None:
    """Return the fakes of the imports that have wrappers, None where there are none."""
    imports = Imports(["Fakes", "installed"])
    found: list[_Fake] = []
    for scope in (*(link.scope for link in facts.imports), facts.own):
        if not wraps_import(facts, scope):
            continue
        own = scope.owner.world is not None
        wrappers = imports.module(".", scope.module, f"_{scope.module}")
        abi = imports.module(".._abi", scope.module, f"_{scope.module}_abi")
        title = "the functions that the world itself imports" if own else f"`{scope.title}`"
        found.append(_Fake(scope.module, f"{abi}.{'IMPORTS' if own else 'INTERFACE'}", wrappers, title))
    if not found:
        return None
    values = {
        "fakes": imports.module(".._runtime.guest", "fakes", "_fakes"),
        "iterator": imports.name("collections.abc", "Iterator"),
        "title": facts.title,
        "fake_list": found,
    }
    doc = f"Unit tests of guests of world `{facts.title}` on plain CPython: fakes of what it imports."
    module = module_view(facts, facts.own, doc=doc, imports=imports, exported=["Fakes", "installed"])
    return render_template("guest_testing.py.jinja", module=module, **values)
