"""The functions of a component that can be called from outside, by name, with encoding of their values.

Methods of exported resources are called on an object that the worker creates at the first call and keeps under its
constructor's arguments: `counter("ann").increment`. Golem calls these indexed resources.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final, TypeAlias

from witgen_runtime import abi, check
from witgen_runtime.host.signatures import describe
from witgen_runtime.values import Err, Ok

from ... import wave
from ...base.counted import counted
from .durable.calls import request_type
from .durable.held import held_functions
from .errors import DamagedError, WorkerError
from .oplog.codec import Encoded, Handle, Reference, decode, encode, has_handles

__all__ = ["DROP", "Export", "Exports", "Receiver"]

DROP: Final = "drop"
"""The function that drops an object, unless its resource has a method of that name."""

_METHOD: Final = re.compile(
    r"(?:(?P<place>[\w:/@.+-]+?)(?:\.\{|[#/.]))?(?P<made>(?P<resource>[a-z][a-zA-Z0-9-]*)\(.*\))\.(?P<method>[a-zA-Z0-9-]+)\}?",
    re.DOTALL,
)
"""`counter("ann").increment`, with an optional interface, written as for functions."""


Lend: TypeAlias = Callable[[Handle, Reference], Any]
Hold: TypeAlias = Callable[[Handle, Any], Reference]


def _as_reference(type_: Handle, value: Any) -> Reference:
    """Return the reference of an object, which is all that other workers know about it."""
    if not isinstance(value, Reference):
        raise WorkerError(f"a worker cannot be called with, or return, a handle of `{type_.resource.name}`")
    return value


@dataclass(frozen=True, slots=True)
class Receiver:
    """The object of a method: its constructor, the arguments, and their form in messages."""

    constructor: abi.Function
    request: Encoded
    text: str


@dataclass(frozen=True, slots=True)
class Export:
    """Exported function. A method has a receiver, which `function` does not include."""

    interface: str
    function: abi.Function
    receiver: Receiver | None = None
    method: abi.Function | None = None
    """The method itself; None for `drop`."""

    @property
    def name(self) -> str:
        """The full name in Golem's notation: `ns:package/interface.{function}`."""
        is_static = self.function.kind is abi.FunctionKind.STATIC
        name = self.function.plain_name if is_static else self.function.name
        if self.receiver is not None:
            name = f"{self.receiver.text}.{name}"
        return f"{self.interface}.{{{name}}}" if self.interface else name

    @property
    def params(self) -> abi.Tuple:
        """The types of the parameters."""
        return request_type(self.function)

    def of(self, agent: str) -> Export:
        """Return the function of an agent, whose type may tell how its values are converted."""
        del agent
        return self

    def request(self, arguments: Sequence[object]) -> Encoded:
        """Return the arguments of a call in the oplog's form, or raise `ValueError`."""
        if len(arguments) != len(self.function.params):
            names = ", ".join(param.name for param in self.function.params)
            raise TypeError(f"{self.name} takes ({names}), not {counted(len(arguments), 'argument')}")
        values = check.arguments(self.function, arguments, lambda _, value: value)
        return encode(self.params, values, _as_reference)

    def arguments(self, request: Encoded, lend: Lend = _as_reference) -> list[Any]:
        """Return recorded arguments; `lend` returns the worker's object of a reference."""
        return list(decode(self.params, request, lend))

    def check(self, request: Encoded) -> None:
        """Raise if recorded arguments are not of the parameters' types, which may differ in another version."""
        try:
            check.arguments(self.function, self.arguments(request), lambda _, value: value)
        except (TypeError, ValueError, LookupError, AttributeError, StopIteration, DamagedError) as error:
            shown = describe(self.function)
            raise WorkerError(f"this call does not fit the worker's version of the component: {shown}") from error

    def call(self, function: Any, arguments: Sequence[object], hold: Hold = _as_reference) -> Encoded:
        """Call the bound function and return its response, which may be a declared error.

        `hold` keeps an object that the function returns, and returns its reference.
        """
        try:
            value = function(*arguments)
        except Exception as error:
            raises = self.function.raises
            if raises is None or not isinstance(error, raises):
                raise
            declared = self.function.result.err if isinstance(self.function.result, abi.Result) else None
            value = Err(error if isinstance(declared, abi.Variant) else getattr(error, "value", None))
        else:
            if self.function.raises is not None:
                value = Ok(value)
        return encode(self.function.result, value, hold)

    def result(self, response: Encoded) -> Any:
        """Return the value of a response: `Ok` or `Err` if the function declares a result."""
        return decode(self.function.result, response, _as_reference)


class Exports:
    """All exported functions of a component."""

    def __init__(self, interfaces: Sequence[abi.Interface]) -> None:
        self._interfaces = interfaces

    def __iter__(self) -> Iterator[Export]:
        """Yield all functions except methods."""
        for interface in self._interfaces:
            for function in interface.functions:
                if function.resource is None or function.kind is abi.FunctionKind.STATIC:
                    yield Export(interface.name, function)

    def find(self, name: str) -> Export:
        """Return a function by its full name, or an unambiguous part of it.

        Raises:
            WorkerError: there is none, or there are several.
        """
        method = _METHOD.fullmatch(name)
        found = list(self._methods(method)) if method else [each for each in self if name in _names(each)]
        if len(found) == 1:
            _refuse_handles(found[0])
            return found[0]
        if found:
            listed = ", ".join(export.name for export in found)
            raise WorkerError(f"several functions are called `{name}`: {listed}")
        raise WorkerError(f"the component exports no function `{name}`{self._advice(name)}")

    def find_called(self, name: str) -> Export:
        """Return a function by name as other workers may call it, with handles of objects that this worker keeps."""
        if any(name in _names(export) and not _passes_handles(export) for export in self):
            return self.find(name)
        found = [
            Export(interface.name, function)
            for interface in self._interfaces
            for function, names in held_functions(interface)
            if interface.name and any(name in _spelt(interface.name, each) for each in names)
        ]
        return found[0] if len(found) == 1 else self.find(name)

    def _methods(self, match: re.Match[str]) -> Iterator[Export]:
        """Yield the methods that a name may refer to."""
        for interface in self._interfaces:
            if match["place"] and match["place"] not in _places(interface.name):
                continue
            functions = {(function.kind, function.plain_name): function for function in interface.functions}
            constructor = functions.get((abi.FunctionKind.CONSTRUCTOR, match["resource"]))
            method = functions.get((abi.FunctionKind.METHOD, f"{match['resource']}.{match['method']}"))
            if constructor is None or (method is None and match["method"] != DROP):
                continue
            receiver = _receiver(constructor, match["resource"], match["made"])
            params = () if method is None else method.params[1:]
            result, raises = (None, None) if method is None else (method.result, method.raises)
            plain = abi.Function(match["method"], match["method"], params, result, raises)
            yield Export(interface.name, plain, receiver, method)

    def _advice(self, name: str) -> str:
        for interface in self._interfaces:
            for function in interface.functions:
                if _is_method(function) and name in {function.name, function.item_name}:
                    return f"; it is a method: {_how(interface, function)}"
        exports = list(self)
        known = [spelt for export in exports for spelt in (export.function.name, export.name)]
        close = get_close_matches(name, known, n=1)
        if close:
            return f"; did you mean `{close[0]}`?"
        listed = [export.name for export in exports]
        listed += [
            _template(each, method) for each in self._interfaces for method in filter(_is_method, each.functions)
        ]
        return f"; it exports {', '.join(listed)}" if listed else "; it exports none"


def _receiver(constructor: abi.Function, resource: str, made: str) -> Receiver:
    if isinstance(constructor.result, abi.Result):
        raise WorkerError(f"`{made}`: methods of `{resource}` cannot be called: its constructor may fail")
    try:
        _, values = wave.parse_call(made, lambda _: constructor.params)
    except wave.WaveError as error:
        raise WorkerError(f"`{made}`: {error}") from None
    export = Export("", constructor)
    if any(has_handles(param.type) for param in constructor.params):
        raise WorkerError(f"`{made}`: methods of `{resource}` cannot be called: its constructor takes handles")
    shown = [wave.render(value, param.type) for value, param in zip(values, constructor.params, strict=True)]
    return Receiver(constructor, export.request(values), f"{resource}({', '.join(shown)})")


def _is_method(function: abi.Function) -> bool:
    return function.kind is abi.FunctionKind.METHOD


def _how(interface: abi.Interface, method: abi.Function) -> str:
    """Return a hint how to call a method."""
    kinds = {each.kind for each in interface.functions if each.resource is method.resource}
    if abi.FunctionKind.CONSTRUCTOR not in kinds:
        resource = method.plain_name.partition(".")[0]
        return f"`{resource}` has no constructor, so a worker cannot create one to call it on"
    return f"call it as `{_template(interface, method)}`, with the constructor's arguments in WAVE"


def _template(interface: abi.Interface, method: abi.Function) -> str:
    resource, _, name = method.plain_name.partition(".")
    return f"{interface.name}.{{{resource}(…).{name}}}"


def _passes_handles(export: Export) -> bool:
    return any(has_handles(param.type) for param in export.function.params) or has_handles(export.function.result)


def _refuse_handles(export: Export) -> None:
    if _passes_handles(export):
        raise WorkerError(
            f"`{export.name}` takes or returns handles, which cannot be passed to or from a worker; methods of "
            "resources that have a constructor can be called, as `resource(arguments).method`"
        )


def _places(interface: str) -> set[str]:
    """Return all names of an interface."""
    path = interface.partition("@")[0]
    return {interface, path, path.rpartition("/")[2]}


def _names(export: Export) -> set[str]:
    """Return all names of an exported function."""
    name = export.function.plain_name
    return _spelt(export.interface, name) if export.interface else {name}


def _spelt(interface: str, name: str) -> set[str]:
    """Return all names of a function of an interface."""
    spelt = {f"{place}{form}" for place in _places(interface) for form in (f"#{name}", f".{{{name}}}")}
    short = interface.partition("@")[0].rpartition("/")[2]
    return {name, *spelt, f"{short}.{name}", f"{short}/{name}"}
