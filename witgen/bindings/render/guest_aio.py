"""`guest/aio.py`: asyncio for one world."""

from __future__ import annotations

from ..facts.wasi import MONOTONIC_CLOCK, POLL, wasi_interface
from ..facts.world import ScopeFacts, WorldFacts
from .env import render_template
from .imports import Imports
from .module import module_view

__all__ = ["render_guest_aio"]


def render_guest_aio(facts: WorldFacts) -> str | None:
    """Return asyncio's entry points, None where the world has no pollables."""
    poll = _imported(facts, POLL)
    if poll is None:
        return None
    clock = _imported(facts, MONOTONIC_CLOCK)
    imports = Imports(["ready", "run"])
    doc = f"asyncio for guests of world `{facts.title}`: an event loop on `{poll.title}`."
    timer = f"{imports.module('.', clock.module)}.subscribe_duration" if clock is not None else "None"
    waits = imports.module(".", poll.module)
    values = {
        "aio": imports.module(".._runtime.guest", "aio"),
        "poll": f"{waits}.poll",
        "pollable": f"{waits}.{facts.chosen_names(poll).get('Pollable', 'Pollable')}",
        "timer": timer,
        "any": imports.name("typing", "Any"),
        "coroutine": imports.name("collections.abc", "Coroutine"),
        "type_var": {"name": "T", "maker": imports.name("typing", "TypeVar")},
    }
    module = module_view(facts, facts.own, doc=doc, imports=imports, exported=["ready", "run"])
    return render_template("guest_aio.py.jinja", module=module, **values)


def _imported(facts: WorldFacts, name: str) -> ScopeFacts | None:
    """Return an interface of WASI 0.2 that the world imports."""
    for link in facts.imports:
        interface = link.scope.owner.interface
        if interface is not None and wasi_interface(facts.resolve.interface_name(interface)) == name:
            return link.scope
    return None
