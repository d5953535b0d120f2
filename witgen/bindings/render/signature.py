"""Functions as Python signatures."""

from __future__ import annotations

from ...base.frozen import frozen
from ...wit.model import ir
from ..facts.types import FunctionFacts
from ..facts.world import WorldFacts
from .annotations import Annotations, Ends
from .docs import paragraphs
from .function_docs import function_doc, function_raises

__all__ = ["Signature", "called", "implemented"]


@frozen
class Signature:
    """A function as a template needs it.

    `params` are the parameters without `self` and `cls`, `arguments` their names; `kind` is method, static, constructor
    or freestanding; `constant` names the descriptor.
    """

    name: str
    kind: str
    constant: str
    params: tuple[str, ...]
    arguments: tuple[str, ...]
    types: tuple[str, ...]
    returns: str
    doc: str
    is_async: bool = False
    decorator: str = ""
    """The decorator of static functions: `classmethod` or `staticmethod`, by its name in the class body."""

    def callable(self, callable_: str, awaitable: str = "") -> str:
        """Return the annotation of a plain function of this signature.

        `callable_` is the local name of Callable, `awaitable` that of Awaitable if the function is async.
        """
        returns = f"{awaitable}[{self.returns}]" if awaitable else self.returns
        return f"{callable_}[[{', '.join(self.types)}], {returns}]"

    @property
    def has_value(self) -> bool:
        """Return whether a call returns a value."""
        return self.returns != "None"


def implemented(facts: WorldFacts, function: FunctionFacts, annotations: Annotations) -> Signature:
    """Return the signature of a function that the user writes: exact parameters, exact result."""
    given = annotations.given(by_host=False)
    types = [given.exact(param.type) for param in function.wit_params]
    return _signature(facts, function, types, annotations.given(by_host=True))


def called(facts: WorldFacts, function: FunctionFacts, annotations: Annotations) -> Signature:
    """Return the signature of a function that the user calls: wide parameters, trailing options with a default."""
    given = annotations.given(by_host=True)
    types = [given.accepted(param.type) for param in function.wit_params]
    optional = 0
    for param in reversed(function.wit_params):
        if not annotations.optional(param.type):
            break
        optional += 1
    static = "staticmethod" if annotations.ends is Ends.GUEST else "classmethod"
    return _signature(facts, function, types, annotations.given(by_host=False), optional=optional, static=static)


def _signature(
    facts: WorldFacts,
    function: FunctionFacts,
    types: list[str],
    annotations: Annotations,
    *,
    optional: int = 0,
    static: str = "classmethod",
) -> Signature:
    kind = function.function.kind.tag
    names = function.params[1:] if kind is ir.FunctionKindTag.METHOD else function.params
    required = len(names) - optional
    defaults = [""] * required + [" = None"] * optional
    return Signature(
        "__init__" if kind is ir.FunctionKindTag.CONSTRUCTOR else function.name,
        kind.value,
        function.constant,
        tuple(f"{name}: {type}{default}" for name, type, default in zip(names, types, defaults, strict=True)),
        names,
        tuple(types),
        annotations.exact(function.ok),
        paragraphs(function_doc(facts, function), function_raises(facts, function, annotations.module)),
        function.function.kind.is_async,
        annotations.builtin(static) if kind is ir.FunctionKindTag.STATIC else "",
    )
