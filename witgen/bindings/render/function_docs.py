"""Docstrings of functions: WIT's documentation, WIT's signature, the errors that WIT declares."""

from __future__ import annotations

from collections.abc import Iterator

from ...wit.model import ir
from ...wit.model.text import function_text, type_text
from ..facts.types import ErrorFacts, FunctionFacts
from ..facts.world import WorldFacts
from .docs import paragraphs, summary, wrapped, wrapped_signature

__all__ = ["function_doc", "function_raises"]


def function_doc(facts: WorldFacts, function: FunctionFacts) -> str:
    """Return WIT's documentation of a function, and its signature."""
    docs = function.function.docs
    signature = wrapped_signature(function_text(facts.resolve, function.function))
    return paragraphs(docs.contents if docs else None, signature)


def function_raises(facts: WorldFacts, function: FunctionFacts, module: str) -> str:
    """Return the section on the errors that a function declares, empty if there are none.

    Args:
        facts: the world.
        function: the function.
        module: the module that the function is generated in; where the errors are in that of another, this says so.
    """
    error = function.error
    if error is None:
        return ""
    declared_in = facts.scopes[error.owner].module
    elsewhere = f"`types.{declared_in}`" if declared_in != module else ""
    listed = [wrapped(f"{name}: {text}", indent=4) for name, text in _errors(facts, function, error, elsewhere)]
    is_base = elsewhere and _variant(facts, error) is not None
    where = wrapped(f"All derive from `{error.name}`, and are in {elsewhere}.") if is_base else ""
    return paragraphs("\n".join(["Raises:", *listed]), where)


def _errors(facts: WorldFacts, function: FunctionFacts, error: ErrorFacts, elsewhere: str) -> Iterator[tuple[str, str]]:
    """Yield the exceptions that can be raised, and what WIT says of each."""
    if error.definition is None:
        carried = f", of type `{type_text(facts.resolve, error.payload)}`" if error.payload is not None else ""
        yield error.name, f"the error of `{function.function.item_name}`{carried}."
        return
    definition = facts.resolve.type_def(error.definition)
    variant = _variant(facts, error)
    if variant is None:
        said = summary(definition.docs.contents) if definition.docs else ""
        where = f", see {elsewhere}" if elsewhere else ""
        yield error.name, f"carries `{definition.name}`{where}{f': {said}' if said else '.'}"
        return
    for name, case in zip(facts.type(error.definition).members, variant.cases, strict=True):
        yield name, (summary(case.docs.contents) if case.docs else "") or f"`{_case_text(facts.resolve, case)}`."


def _variant(facts: WorldFacts, error: ErrorFacts) -> ir.Variant | None:
    """Return the variant whose cases are the exceptions, if they are."""
    kind = facts.resolve.type_def(error.definition).kind if error.definition is not None else None
    return kind if isinstance(kind, ir.Variant) else None


def _case_text(resolve: ir.Resolve, case: ir.Case) -> str:
    return case.name if case.type is None else f"{case.name}({type_text(resolve, case.type)})"
