"""Functions of a library that Golem records, so that an agent which is resumed gets the same results."""

from __future__ import annotations

import contextlib
import functools
import importlib
import inspect
import json
from collections.abc import Callable
from typing import Any, Final, Literal, ParamSpec, TypeAlias, TypeVar, cast, get_type_hints

from witgen_runtime.values import Err, Ok

from ._bindings.types import golem_api_oplog as oplog
from .durable_calls import Typed, durable_call
from .hints import NoSchemaError, schema_of
from .schema import ListSchema, Primitive, ResultSchema, Schema, TupleSchema, check

__all__ = ["Effect", "RecordedError", "recorded"]

P = ParamSpec("P")
T = TypeVar("T")

Effect: TypeAlias = Literal["read-local", "write-local", "read-remote", "write-remote"]
"""What a function does to the world: it reads or changes what belongs to the agent, or what does not."""

_TYPES: Final[dict[str, Callable[[], oplog.WrappedFunctionType]]] = {
    "read-local": oplog.WrappedFunctionTypeReadLocal,
    "write-local": oplog.WrappedFunctionTypeWriteLocal,
    "read-remote": oplog.WrappedFunctionTypeReadRemote,
    "write-remote": oplog.WrappedFunctionTypeWriteRemote,
}
_NOTHING: Final = ListSchema(Primitive("u8"), bytes)
"""What stands for no parameters, which have no schema."""


class RecordedError(Exception):
    """Raised in place of an exception of a recorded function that cannot be made again from its arguments."""


def recorded(effect: Effect) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Let Golem record the calls of a function, whose parameters and result have type hints with schemas.

        @recorded("read-remote")
        def temperature(city: str) -> float: ...

    While an agent is resumed, the function is not called: the recorded result is returned. What the function itself
    asks of the host is not recorded apart. Exceptions are recorded, too: one whose arguments are texts, numbers and
    the like is raised again, with any other it is a `RecordedError`, at the first call already.

    Raises:
        NoSchemaError: a parameter or the result has no schema.
    """

    def wrap(function: Callable[P, T]) -> Callable[P, T]:
        parameters, result = _schemas(function)
        outcome = ResultSchema(result, Primitive("string"))
        name = f"{function.__module__}::{function.__qualname__}"
        signature = inspect.signature(function)

        @functools.wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> T:
            bound = signature.bind(*args, **kwargs)
            bound.apply_defaults()
            given = tuple(bound.arguments.values())
            request = Typed(parameters, b"" if parameters is _NOTHING else check(parameters, given))

            def ask() -> Ok[T] | Err[str]:
                try:
                    return Ok(function(*args, **kwargs))
                except Exception as error:  # noqa: BLE001 - whatever it is, the caller may catch it
                    return Err(_described(error))

            found = cast("Ok[T] | Err[str]", durable_call(name, _TYPES[effect](), request, outcome, ask))
            if isinstance(found, Err):
                raise _made(found.value)
            return found.value

        return call

    return wrap


def _described(error: Exception) -> str:
    """Return what an exception is made of, as text."""
    cls = type(error)
    with contextlib.suppress(TypeError, ValueError):
        described = json.dumps([cls.__module__, cls.__qualname__, error.args])
        if type(_made(described)) is cls:
            return described
    return json.dumps([__name__, "RecordedError", [f"{cls.__name__}: {error}"]])


def _made(described: str) -> Exception:
    """Return the exception of a description; a `RecordedError` where its class has changed since."""
    module, name, args = json.loads(described)
    try:
        cls: Any = functools.reduce(getattr, name.split("."), importlib.import_module(module))
        made = cls(*args)
    except Exception:  # noqa: BLE001 - the class takes other arguments, or is not there
        made = None
    return made if isinstance(made, Exception) else RecordedError(f"{name}: {', '.join(map(str, args))}")


def _schemas(function: Callable[..., Any]) -> tuple[Schema, Schema | None]:
    hints = get_type_hints(function, include_extras=True)
    found: list[Schema] = []
    for name in inspect.signature(function).parameters:
        schema = schema_of(hints.get(name, NotImplemented))
        if schema is None:
            raise NoSchemaError(f"{function.__name__}: `{name}`: None has no schema")
        found.append(schema)
    return TupleSchema(tuple(found)) if found else _NOTHING, schema_of(hints.get("return"))
