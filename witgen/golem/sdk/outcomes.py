"""What callers of a method get: with declared errors, a result of both."""

from __future__ import annotations

from typing import Any, cast

from witgen_runtime.values import Err, Ok

from .definitions import Element, MethodDefinition
from .schema import MultimodalSchema, ResultSchema, UnstructuredSchema, check

__all__ = ["outcome", "outcome_of"]


def outcome_of(method: MethodDefinition) -> Element | None:
    """Return the schema of what callers get: with declared errors, a result of both."""
    if not method.errors or isinstance(method.result, (UnstructuredSchema, MultimodalSchema)):
        return method.result
    return ResultSchema(method.result, method.error)


def outcome(method: MethodDefinition, value: Any) -> Any:
    """Return what a call of a method has returned, or raise the declared error that it ended with."""
    if not method.errors:
        return value
    result = cast("Ok[Any] | Err[Any]", value)
    if isinstance(result, Ok):
        return result.value
    raise _raised(method, result)


def _raised(method: MethodDefinition, failure: Err[Any]) -> Exception:
    from .errors import payload_hint  # noqa: PLC0415 - only where a call has failed
    from .hints import schema_of  # noqa: PLC0415

    for error in method.errors:
        try:
            check(schema_of(payload_hint(error)), failure.value)
        except ValueError:
            continue
        return error(failure.value)
    return method.errors[0](failure.value)
