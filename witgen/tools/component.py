"""The exported functions of a component, called with JSON by name."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from witgen_runtime import abi
from witgen_runtime.host import HostError, Http, LinkError, Wasi
from witgen_runtime.host.linking.provided import exported
from witgen_runtime.host.world import definition_of
from witgen_runtime.values import WitError

from .. import wave
from ..api import resolve
from ..loading import load
from ..wit.json_schema import ExportedFunction, Schema, Schemas
from ..wit.resolve import select_world

__all__ = ["DEADLINE", "MEMORY", "Failure", "Limits", "Tool", "Tools"]

DEADLINE: Final = 30.0
"""The default time limit of a call, in seconds."""
MEMORY: Final = 256 << 20
"""The default size limit of each memory, in bytes."""

_NO_HOST: Final = Http(allow=())
"""Components that import `wasi:http` run, and their requests are denied."""


class Failure(Exception):  # noqa: N818 - what a caller is told, not an error of this program
    """A call that did not return a value; the message is for the caller."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a call may use: seconds, and bytes of each memory; None for no limit; and where requests may go."""

    deadline: float | None = DEADLINE
    memory: int | None = MEMORY
    network: bool | Http = False


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that can be called with JSON."""

    name: str
    """Letters, digits, `_` and `-`."""
    description: str
    arguments: Schema
    result: Schema | None
    """The schema of what it returns; None for nothing."""
    interface: str
    function: abi.Function


class Tools:
    """A component's functions as tools. Each call runs in a new instance of the component, which it cannot outlive.

    Args:
        component: the path of the component.
        limits: what each call may use.
        wit: the WIT that the component was built with, for its documentation, which most components lack.
        world: the world in it; None if there is only one.

    Raises:
        WitgenError: the file is not a component, or is damaged, or the WIT has a mistake or no such world.
        LinkError: the component has no function that can be called with JSON.
        HostError: the component cannot be started.
    """

    def __init__(
        self,
        component: str | os.PathLike[str],
        limits: Limits | None = None,
        *,
        wit: str | os.PathLike[str] | None = None,
        world: str | None = None,
    ) -> None:
        self._limits = limits or Limits()
        self._world = load(component)
        definition = definition_of(self._world)
        self.title = self._world.__name__
        self.unknown = sorted(item.name or "functions of the world" for item in definition.imports if not item.native)
        """The imports that nothing implements: a call that needs one fails."""
        self.left_out: list[str] = []
        """The functions that cannot be called with JSON."""
        tree = resolve(wit if wit is not None else component)
        self._schemas = Schemas(tree)
        known = {(interface.name, each.name): each for interface in definition.exports for each in interface.functions}
        functions = list(self._schemas.functions(tree.worlds[select_world(tree, world)]))
        self.by_name: Mapping[str, Tool] = dict(self._tools(functions, known))
        if not self.by_name:
            raise LinkError(f"{os.fspath(component)} exports no function that can be called with JSON")
        self._open().close()  # a component that cannot be opened is no tool

    def _open(self) -> Any:
        limits = self._limits
        return self._world.open(
            partial=True, wasi=_WASI, deadline=limits.deadline, memory=limits.memory, http=limits.network or _NO_HOST
        )

    def _tools(
        self, functions: list[ExportedFunction], known: Mapping[tuple[str, str], abi.Function]
    ) -> Iterator[tuple[str, Tool]]:
        taken = set[str]()
        for each in functions:
            function = known.get((each.interface, each.function.name))
            if function is None or function.is_async or self._schemas.passes_handles(each.function):
                self.left_out.append(each.name)
                continue
            name = _tool_name(each, taken)
            value, _, _ = self._schemas.sides(each.function)
            documentation = each.function.docs.contents if each.function.docs is not None else each.name
            returned = None if value is None else self._whole(self._schemas.result(value))
            arguments = self._whole(self._schemas.arguments(each.function))
            yield name, Tool(name, documentation, arguments, returned, each.interface, function)

    def _whole(self, schema: Schema) -> Schema:
        """Return a schema with the definitions that it refers to."""
        definitions = self._schemas.definitions()
        return {**schema, "$defs": definitions} if definitions else schema

    def call(self, name: str, arguments: Mapping[str, Any]) -> wave.Json:
        """Call a tool in a new instance, and return the JSON form of its value; None if it has none.

        Raises:
            Failure: there is no such tool, an argument does not fit, or the call did not return a value.
        """
        tool = self.by_name.get(name)
        if tool is None:
            raise Failure(f"there is no tool `{name}`; there is {', '.join(self.by_name)}")
        given = list(_given(tool.function, arguments))
        try:
            with self._open() as world:
                value = _callable(world, tool)(*given)
        except WitError as error:
            raise Failure(_declared(tool.function, error)) from error
        except NotImplementedError as error:
            raise Failure(f"the component needs something that this server does not provide: {error}") from error
        except HostError as error:
            raise Failure(f"{type(error).__name__}: {error}") from error
        ok = tool.function.result
        if tool.function.raises is not None and isinstance(ok, abi.Result):
            ok = ok.ok
        return None if ok is None else wave.to_json(value, ok)


def _tool_name(each: ExportedFunction, taken: set[str]) -> str:
    """Return a name for a tool: the function's, with that of its interface before it."""
    own = each.function.plain_name.replace(".", "-")
    interface = each.interface.partition("@")[0].rpartition("/")[2]
    name = f"{interface}_{own}" if interface else own
    if name in taken:
        name = re.sub(r"[^a-zA-Z0-9_-]", "-", f"{each.interface}_{own}")
    taken.add(name)
    return name


def _given(function: abi.Function, arguments: Mapping[str, Any]) -> Iterator[object]:
    """Yield the arguments in the order of the parameters."""
    known = [param.name for param in function.params]
    for name in arguments:
        if name not in known:
            raise Failure(f"there is no argument `{name}`; there is {', '.join(known) or 'none'}")
    for param in function.params:
        if param.name not in arguments and not isinstance(param.type, abi.Option):
            raise Failure(f"argument `{param.name}` is missing")
        try:
            yield wave.from_json(arguments.get(param.name), param.type)
        except wave.WaveError as error:
            raise Failure(str(error.in_argument(param.name))) from error


def _declared(function: abi.Function, error: WitError) -> str:
    """Return the JSON form of a declared error, as text."""
    err = function.result.err if isinstance(function.result, abi.Result) else None
    if err is None:
        return "the function failed"
    value = error if isinstance(err, abi.Variant) else error.value
    return json.dumps(wave.to_json(value, err), ensure_ascii=False)


def _callable(world: Any, tool: Tool) -> Callable[..., Any]:
    name = tool.function.python
    owner: Any = world
    if tool.interface:
        owner = exported(world)[tool.interface]
        if tool.function.resource is not None:
            classes = dict(owner._wit.resources)  # noqa: SLF001
            owner = getattr(owner, classes[tool.function.resource])
    elif name in {"open", "prepare", "close", "instantiate"}:  # what every world has
        name += "_"
    found: Callable[..., Any] = getattr(owner, name)
    return found


def _to_stderr(data: bytes) -> None:
    sys.stderr.buffer.write(data)
    sys.stderr.flush()


_WASI: Final = Wasi(stdout=_to_stderr)
"""No folders, no environment, and what the component prints goes to stderr: stdout may be the client's."""
