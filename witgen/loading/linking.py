"""`witgen.link`: components that implement the imports of others, without files of bindings."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from typing import Any, cast

from witgen_runtime import host
from witgen_runtime.host.linking.provided import close_with, exported
from witgen_runtime.host.linking.versions import Versions
from witgen_runtime.host.open_options import refuse_unknown
from witgen_runtime.host.world import definition_of

from ..base.counted import counted
from .bindings import load, open_async
from .implementations import names_of, unknown_name

__all__ = ["Linked", "link"]

_OPTIONS = (*host.OpenOptions.__annotations__, "partial")


def link(*components: str | os.PathLike[str] | bytes) -> Linked:
    """Return components that are opened together: each one's imports are implemented by the exports of those before it.

    Each component runs in a store of its own, and Python passes calls from one to the other: values, declared errors,
    and handles of resources.

    Args:
        components: paths, or the bytes of components: first those that others need, last the one to call.

    Raises:
        WitgenError: a file is not a component, or is damaged.
        ComponentError: this wasmtime cannot run a component.
        LinkError: no later component imports what one exports.
        TypeError: there are fewer than two components.
    """
    if len(components) == 1 and isinstance(components[0], (list, tuple)):
        raise TypeError("link() takes the components one by one: link(*components)")
    if len(components) < 2:
        raise TypeError(f"link() takes two components or more, got {len(components)}; `witgen.load` takes one")
    linked = Linked([load(each) for each in components])
    linked.check([_shown(each) for each in components])
    return linked


class Linked:
    """Components that are opened together; what comes out is the world of the last one."""

    def __init__(self, worlds: Sequence[Any]) -> None:
        self.worlds: tuple[Any, ...] = tuple(worlds)
        """The classes of the components' worlds, as `witgen.load` returns them."""

    def __repr__(self) -> str:
        return f"<linked components: {', '.join(world.__name__ for world in self.worlds)}>"

    def check(self, names: Sequence[str]) -> None:
        """Raise `LinkError` if a component is of no use to those behind it; `names` are for the message."""
        for index, world in enumerate(self.worlds[:-1]):
            there = Versions(each.name for each in definition_of(world).exports if each.name)
            behind = (item for later in self.worlds[index + 1 :] for item in definition_of(later).imports)
            if not any(item.name and there.find(item.name) for item in behind):
                listed = ", ".join(each.name for each in definition_of(world).exports if each.name) or "no interface"
                raise host.LinkError(
                    f"{names[index]} exports {listed}: nothing that {' or '.join(names[index + 1 :])} imports;"
                    " components that others need come first"
                )

    def open(self, imports: object = None, /, *, each: Sequence[Mapping[str, Any]] = (), **named: Any) -> Any:
        """Run the components, each in a new store; closing the result closes them all.

        Args:
            imports: implementations of what no component exports: a mapping by Python or WIT name, or an object with
                attributes. One that is given here takes precedence over an export.
            each: options of single components, in the order in which they were linked: `[{"http": True}, {}]`. They
                take precedence over those in `named`.
            named: more implementations, by Python name, and the options of `witgen.load(…).open`. They hold for each
                component, but for `wasi`, which is for the last one; the others share stdout and stderr with the
                process.

        Raises:
            LinkError: an import is missing, unknown, or differs from the export that should implement it.
            TypeError: an option is unknown, or has a value of a type that it cannot have.
            ValueError: a limit is out of range.
        """
        options = self._options(named, each)
        self._refuse_unknown(imports, named)
        with ExitStack() as opened:
            ready: list[Any] = []
            for world, own in zip(self.worlds, options, strict=True):
                given = self._given(world, ready, imports, named)
                ready.append(opened.enter_context(world.open(given, **own)))
            store: host.Store = ready[-1]._store  # noqa: SLF001 - worlds keep their public names for WIT
            close_with(store, [_closing(world) for world in reversed(ready[:-1])])
            opened.pop_all()
        return ready[-1]

    @asynccontextmanager
    async def open_async(
        self, imports: object = None, /, *, each: Sequence[Mapping[str, Any]] = (), **named: Any
    ) -> AsyncGenerator[Any]:
        """As `open`, for asyncio: `async with linked.open_async(…) as world`. Implementations may be coroutines.

        Raises:
            LinkError: an import is missing, unknown, or differs from the export that should implement it.
            TypeError: an option is unknown, or has a value of a type that it cannot have.
            ValueError: a limit is out of range.
        """
        options = self._options(named, each)
        self._refuse_unknown(imports, named)
        async with AsyncExitStack() as opened:
            ready: list[Any] = []
            for world, own in zip(self.worlds, options, strict=True):
                given = self._given(world, ready, imports, named)
                ready.append(await opened.enter_async_context(open_async(world, given, **own)))
            yield ready[-1]

    def _options(self, named: dict[str, Any], each: object) -> list[dict[str, Any]]:
        """Take the options out of `named`; return those of each component."""
        common = {name: named.pop(name) for name in [*named] if name in _OPTIONS}
        if not isinstance(each, Sequence) or not all(
            isinstance(own, Mapping) for own in cast("Sequence[object]", each)
        ):
            raise TypeError(f"each: expected a list of dicts with options, got {each!r}")
        given, count = cast("Sequence[Mapping[str, Any]]", each), len(self.worlds)
        if given and len(given) != count:
            raise TypeError(f"each: expected {counted(count, 'dict')}, one for each component, got {len(given)}")
        shared = {name: value for name, value in common.items() if name != "wasi"}
        found: list[dict[str, Any]] = [*({**shared} for _ in self.worlds[:-1]), common]
        for index, own in enumerate(given):
            refuse_unknown(f"each[{index}] of open", own, _OPTIONS)
            found[index].update(own)
        return found

    def _given(
        self, world: Any, ready: Sequence[Any], imports: object, named: Mapping[str, object]
    ) -> dict[str, object]:
        """Return the implementations of a component's imports."""
        return self._exports(world, ready) | self._chosen(world, imports) | self._chosen(world, named)

    def _exports(self, world: Any, ready: Sequence[Any]) -> dict[str, object]:
        """Return what open components export of a world's imports, the latest of them first."""
        found: dict[str, object] = {}
        for provider in ready:
            there = exported(provider)
            versions = Versions(there)
            for item in definition_of(world).imports:
                if item.attribute and (name := versions.find(item.name)) is not None:
                    found[item.attribute] = there[name]
        return found

    def _chosen(self, world: Any, given: object) -> dict[str, object]:
        """Return the given implementations of a world's imports, by attribute."""
        known = dict(names_of(definition_of(world)))
        if isinstance(given, Mapping):
            versions, whole = Versions(known), cast("Mapping[str, object]", given)
            found = ((versions.find(str(name)), value) for name, value in whole.items())
            return {known[name]: value for name, value in found if name is not None}
        attributes = dict.fromkeys(known.values()) if given is not None else {}
        return {each: getattr(given, each) for each in attributes if getattr(given, each, None) is not None}

    def _refuse_unknown(self, imports: object, named: Mapping[str, object]) -> None:
        known = {name: of for world in self.worlds for name, of in names_of(definition_of(world))}
        versions = Versions(known)
        given = cast("Mapping[str, object]", imports) if isinstance(imports, Mapping) else dict[str, object]()
        for name in map(str, (*given, *named)):
            if versions.find(name) is None:
                message = f"`{name}`: none of the components imports anything with this name"
                raise host.LinkError(unknown_name(message, name, known))


def _closing(world: Any) -> Any:
    return lambda: host.World.close(world)


def _shown(component: str | os.PathLike[str] | bytes) -> str:
    return "the component" if isinstance(component, bytes) else os.fspath(component)
