"""Functions of a library that Golem records, so that an agent which is resumed gets the same results."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, Final, Literal, ParamSpec, TypeAlias, TypeVar, cast, get_type_hints

from ._bindings.guest import golem_durability_durability as host
from ._bindings.types import golem_api_oplog as oplog
from ._bindings.types import golem_core_types as core
from .core_values import from_wit_value, to_wit_type, to_wit_value
from .hints import NoSchemaError, schema_of
from .schema import ListSchema, Primitive, Schema, TupleSchema, check

__all__ = ["Effect", "recorded"]

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
"""What stands for None, which has no schema."""


def recorded(effect: Effect) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Let Golem record the calls of a function, whose parameters and result have type hints with schemas.

        @recorded("read-remote")
        def temperature(city: str) -> float: ...

    While an agent is resumed, the function is not called: the recorded result is returned. What the function itself
    asks of the host is not recorded apart. An exception ends the call unrecorded.

    Raises:
        NoSchemaError: a parameter or the result has no schema.
    """

    def wrap(function: Callable[P, T]) -> Callable[P, T]:
        parameters, result = _schemas(function)
        name = f"{function.__module__}::{function.__qualname__}"
        signature = inspect.signature(function)

        @functools.wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> T:
            kind = _TYPES[effect]()
            begin = host.begin_durable_function(kind)
            try:
                if not host.current_durable_execution_state().is_live:
                    found = host.read_persisted_durable_function_invocation().response.value
                    return cast("T", None if result is None else from_wit_value(result, found))
                bound = signature.bind(*args, **kwargs)
                bound.apply_defaults()
                request = _typed(parameters, tuple(bound.arguments.values()))
                value = function(*args, **kwargs)
                response = _typed(_NOTHING, b"") if result is None else _typed(result, value)
                host.persist_durable_function_invocation(name, request, response, kind)
                return value
            finally:
                host.end_durable_function(kind, begin, forced_commit=False)

        return call

    return wrap


def _schemas(function: Callable[..., Any]) -> tuple[Schema, Schema | None]:
    hints = get_type_hints(function, include_extras=True)
    found: list[Schema] = []
    for name in inspect.signature(function).parameters:
        schema = schema_of(hints.get(name, NotImplemented))
        if schema is None:
            raise NoSchemaError(f"{function.__name__}: `{name}`: None has no schema")
        found.append(schema)
    return TupleSchema(tuple(found)) if found else _NOTHING, schema_of(hints.get("return"))


def _typed(schema: Schema, value: Any) -> core.ValueAndType:
    given = b"" if schema is _NOTHING else check(schema, value)
    return core.ValueAndType(to_wit_value(schema, given), to_wit_type(schema))
