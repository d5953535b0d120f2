"""What lists of numbers come as in host bindings: the option `numbers`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ...base.frozen import frozen
from ...wit.model import ir
from .types import aliased

__all__ = ["ALL_LISTS", "DTYPES", "Numbers", "number_form"]

DTYPES: Mapping[ir.Prim, str] = MappingProxyType({
    ir.Prim.BOOL: "bool_", ir.Prim.U8: "uint8", ir.Prim.U16: "uint16", ir.Prim.U32: "uint32", ir.Prim.U64: "uint64",
    ir.Prim.S8: "int8", ir.Prim.S16: "int16", ir.Prim.S32: "int32", ir.Prim.S64: "int64", ir.Prim.F32: "float32",
    ir.Prim.F64: "float64",
})  # fmt: skip
"""numpy's names of the types of numbers."""


@frozen
class Numbers:
    """The chosen form, `list`, `array` or `numpy`: of all scopes, and of single ones."""

    form: str = "list"
    scopes: Mapping[ir.TypeOwner, str] = MappingProxyType({})

    def of(self, owner: ir.TypeOwner) -> str:
        """Return the form in a scope."""
        return self.scopes.get(owner, self.form)

    @property
    def are_lists(self) -> bool:
        """Whether all scopes have lists."""
        return {self.form, *self.scopes.values()} == {"list"}


ALL_LISTS = Numbers()


def number_form(resolve: ir.Resolve, element: ir.Type, chosen: str) -> str:
    """Return what a list comes as, of `chosen` in its scope: `list` unless its elements are numbers.

    numpy has bools, too, and structured arrays for records and tuples of numbers; lists of bytes are `bytes` always.
    """
    plain = aliased(resolve, element)
    if chosen == "list" or plain is ir.Prim.U8:
        return "list"
    if chosen == "array":
        return "array" if plain in DTYPES and plain is not ir.Prim.BOOL else "list"
    return "numpy" if _is_number(resolve, element) else "list"


def _is_number(resolve: ir.Resolve, type: ir.Type) -> bool:
    plain = aliased(resolve, type)
    if isinstance(plain, ir.Prim):
        return plain in DTYPES
    match resolve.type_def(plain).kind:
        case ir.Record(fields):
            return all(_is_number(resolve, field.type) for field in fields)
        case ir.Tuple(types):
            return all(_is_number(resolve, each) for each in types)
        case _:
            return False
