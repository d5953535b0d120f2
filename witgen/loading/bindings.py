"""From a component to the class of its world."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import replace
from importlib import import_module
from types import new_class
from typing import Any, ClassVar

from wasmtime import WasiConfig

from witgen_runtime import host
from witgen_runtime.host import forking
from witgen_runtime.host.linking.preparation import Prepared
from witgen_runtime.host.linking.variants import Variants
from witgen_runtime.host.open_options import choose
from witgen_runtime.host.world import definition_of

from ..cache import outputs, store
from ..config import Config
from ..diagnostics.errors import WitgenError
from ..diagnostics.model import Diagnostic
from ..project.options_table import check
from ..wit.resolve import component_in, resolve_component
from ..wit.tree import SingleFile, Tree, read_tree
from .implementations import complete, implementations
from .memory import install

__all__ = ["content_of", "generated", "load", "open_async"]

_HOME = "witgen.loaded"
_RUNTIME = "witgen_runtime"

# The first module that `host` imports from is the world's.
_WORLD = re.compile(r"^from \.(\w+) import ", re.MULTILINE)

_UNASKED = host.Limits(interruptible=True)
"""The default limits of stores."""

_classes: dict[str, Any] = {}
"""Loaded classes, by their source."""

_generated: dict[str, Any] = {}
"""The generated classes of worlds, by their source."""

_for_asyncio: dict[Any, Any] = {}
"""The classes of worlds for asyncio, by the other class."""

_lock = forking.held_while_forking()
"""Modules are put where Python looks for them, and imported, by one thread at a time."""


def load(
    component: str | os.PathLike[str] | bytes,
    *,
    world: str | None = None,
    wasmtime: Collection[str] | None = None,
    numbers: str | Mapping[str, str] = "list",
) -> Any:
    """Return the class of a component's world, with `open(imports)` to run it.

    The class is that of `witgen generate`, made in memory: `help` shows what WIT documents, and its modules can
    be imported from `witgen.loaded.<world>` (`.host` has base classes to implement, `.types` has the types). Loading
    the same component again gives the same class.

    Args:
        component: a path, or the bytes of a component.
        world: a name for the world; by default the file's name.
        wasmtime: the packages and interfaces that wasmtime provides; by default all that it can.
        numbers: what lists of numbers come as: `list`, `array` or `numpy`, or a mapping of these by interface.

    Raises:
        WitgenError: the file is not a component, or is damaged.
        ComponentError: this wasmtime cannot run the component.
    """
    base, content, name = generated(component, world=world, wasmtime=wasmtime, numbers=numbers)
    with _lock:
        if name not in _classes:
            _classes[name] = _bound(base, content)
        return _classes[name]


def generated(
    component: str | os.PathLike[str] | bytes,
    *,
    world: str | None = None,
    wasmtime: Collection[str] | None = None,
    numbers: str | Mapping[str, str] = "list",
) -> tuple[Any, bytes, str]:
    """Return the generated class of a component's world, neither bound to the component nor compiled.

    The arguments and errors are those of `load`. Returned with the class are the component's bytes, and a name that
    identifies both.
    """
    file = _file(component)
    tree = Tree(file.path, file, (), None)
    config = Config(file.path, world=world, guest=False, wasmtime=wasmtime, numbers=numbers)
    check(config)
    name = outputs.name_of(config, tree)
    with _lock:
        if name not in _generated:
            _generated[name] = _imported(_modules(config, tree, file, name), name)
        return _generated[name], file.data, name


def content_of(world: Any) -> bytes:
    """Return the component of which `load` has made the class of a world."""
    content: bytes = world._content  # noqa: SLF001 - of this module's own class, whose public names are WIT's
    return content


def open_async(world: Any, imports: object, *, partial: bool = False, **options: Any) -> host.Opening[Any]:
    """Run a component for asyncio, in a new store; `world` is the class that `load` has made of it.

    Implementations may be coroutine functions.

    Args:
        world: the class.
        imports: the implementations, as for `open` of the class.
        partial: whether imports may be missing.
        options: those of `OpenOptions`.

    Raises:
        LinkError: an import is missing, unknown, or cannot be called as WIT declares.
        TypeError: an option has a value of a type that it cannot have.
        ValueError: a limit is out of range.
    """
    given = implementations(definition_of(world), imports, {})
    if partial:
        complete(definition_of(world), given)
        options["http"] = options.get("http") or host.Http(allow=())
    limits = host.Limits(fuel=options.get("fuel"), memory=options.get("memory"), deadline=options.get("deadline"))
    source = world._source(replace(limits, interruptible=True), options.get("adapters"))  # noqa: SLF001 - of this module
    opening: host.Opening[Any] = _for_asyncio[world._base].open(source, given, **options)  # noqa: SLF001
    return opening


def _file(component: str | os.PathLike[str] | bytes) -> SingleFile:
    if isinstance(component, bytes):
        return SingleFile("component.wasm", component)
    path = os.fspath(component)
    found = read_tree(path).main
    if isinstance(found, SingleFile):
        return found
    remedy = "generate bindings of WIT with `witgen generate`"
    raise WitgenError([Diagnostic("W0801", f"`{path}` is a folder, not a component", path=path, help=remedy)])


def _modules(config: Config, tree: Tree, file: SingleFile, name: str) -> Mapping[str, str]:
    """Return the modules of the bindings by path; the support package is witgen's own."""
    key = store.key("loaded", [store.code_digest(("loading",)), name.encode()])
    entry = store.load(key)
    if entry is not None:
        with suppress(ValueError, RecursionError):
            found: dict[str, str] = json.loads(entry)
            return found
    if component_in(tree) is None:
        # Describes the actual kind instead.
        resolve_component(file, config.world)
    from ..pipeline import produce  # noqa: PLC0415 - slow to load, and not needed for what is in the cache

    output = produce(config, tree).output
    texts = {path: output[path] for path in output if path.endswith(".py") and not path.startswith("_runtime/")}
    store.store(key, json.dumps(texts).encode())
    return texts


def _imported(modules: Mapping[str, str], name: str) -> Any:
    """Import bindings, and return the class of their world."""
    world = _WORLD.search(modules["host/__init__.py"])
    package = f"{_HOME}.{world[1] if world else ''}"
    runtime = {
        f"{package}._runtime{known.removeprefix(_RUNTIME)}": module
        for known, module in sys.modules.items()
        if f"{known}.".startswith(f"{_RUNTIME}.")
    }
    install(package, f"<{package} {name[-8:]}>", modules, runtime)
    classes: list[Any] = [each for each in vars(import_module(f"{package}.host")).values() if isinstance(each, type)]
    found = next(each for each in classes if issubclass(each, host.World))
    asynchronous: type[Any] = host.AsyncWorld
    _for_asyncio[found] = next(each for each in classes if issubclass(each, asynchronous))
    return found


def _bound(base: Any, content: bytes) -> Any:
    """Return a world's class that knows its component."""
    members = {
        "__doc__": base.__doc__,
        "__module__": base.__module__,
        "_base": base,
        "_content": content,
        "_variants": Variants(definition_of(base), content, _UNASKED, None),
    }
    return new_class(base.__name__, (_Loaded, base), exec_body=lambda body: body.update(members))


class _Loaded:
    """Stands before a world's generated class; names without underscore are those of WIT."""

    _base: ClassVar[Any]
    _content: ClassVar[bytes]
    _variants: ClassVar[Variants]
    _definition: ClassVar[host.Definition]
    _open: ClassVar[Callable[..., Any]]

    # Written out, as `help` shows no `TypedDict` beside other names; a test compares them with `OpenOptions`.
    @classmethod
    def open(
        cls,
        imports: object = None,
        /,
        *,
        partial: bool = False,
        wasi: host.Wasi | WasiConfig | None = None,
        http: host.Http | bool = False,
        memory: int | None = None,
        fuel: int | None = None,
        deadline: float | None = None,
        interruptible: bool = True,
        adapters: host.Adapters | None = None,
        **named: object,
    ) -> Any:
        """Run the component in a new store; closing the result closes the store.

        Args:
            imports: the implementations: a mapping by Python or WIT name, or an object with attributes.
            partial: whether imports may be missing; one that the component calls raises `NotImplementedError` then.
            wasi: what the component sees of this machine; by default it shares stdout and stderr.
            http: whether the component may send HTTP requests, to any address that this machine reaches; an `Http` says
                to which hosts. With `partial`, the default is an `Http` that denies all.
            memory: bytes that each of its memories may have.
            fuel: instructions, about, that it may run in all.
            deadline: seconds that a call may take, and opening.
            interruptible: whether Ctrl-C ends a call while the component runs.
            adapters: whether lists of bytes take the fast way: "auto" (where they can), "bytes" (or opening fails) or
                "off"; by default "auto".
            named: more implementations, by Python name.

        Raises:
            LinkError: an import is missing, unknown, or cannot be called as WIT declares.
            TypeError: an option has a value of a type that it cannot have.
            ValueError: a limit is out of range.
        """
        limits = host.Limits(memory=memory, fuel=fuel, deadline=deadline, interruptible=interruptible)
        given = implementations(cls._definition, imports, named)
        if partial:
            complete(cls._definition, given)
            http = http or host.Http(allow=())
        return cls._open(cls._source(limits, adapters), given, wasi=wasi, limits=limits, adapters=adapters, http=http)

    @classmethod
    def prepare(cls, **options: Any) -> PreparedLoaded:
        """Compile the component for options of `open` other than the default ones, once for many stores.

        Without options there is nothing to do, because `witgen.load` has compiled it: `open` is as quick then.

        Args:
            options: those of `open`, which `open` of the result has by default.

        Raises:
            LinkError: the component cannot have the adapters that were asked for.
            TypeError: there is no such option, or its value has a type that it cannot have.
            ValueError: a limit is out of range.
        """
        chosen = choose(f"{cls.__name__}.prepare", options, interruptible=True)
        cls._source(chosen.limits, chosen.adapters)
        return PreparedLoaded(cls, options)

    @classmethod
    def _source(cls, limits: host.Limits, adapters: host.Adapters | None) -> Prepared:
        """Return the component as it is compiled for some limits, which are part of the code."""
        return cls._variants.ready(limits, adapters)


class PreparedLoaded:
    """A loaded component, prepared for some options."""

    def __init__(self, world: type[_Loaded], options: Mapping[str, Any]) -> None:
        self._world, self._options = world, options

    def open(self, imports: object = None, /, **named: Any) -> Any:
        """Run the component in a new store, as `open` of its class does; closing the result closes the store.

        Args:
            imports: the implementations: a mapping by Python or WIT name, or an object with attributes.
            named: more implementations, by Python name, and options, which take precedence over those of `prepare`.

        Raises:
            LinkError: an import is missing, unknown, or cannot be called as WIT declares.
            TypeError: an option has a value of a type that it cannot have.
            ValueError: a limit is out of range.
        """
        return self._world.open(imports, **{**self._options, **named})
