"""Adds the memory of an adapter to a component, and the module by which the host finds it."""

from __future__ import annotations

from ..code.allocator import MEMORY, allocator, mark
from ..wasm.encoding import ComponentBuilder, Sort

__all__ = ["ANNOUNCE_ARGUMENT", "announced_memory"]

ANNOUNCE_ARGUMENT = "announce"


def announced_memory(builder: ComponentBuilder, announce: int | None, *, is_dense: bool = False) -> tuple[int, int]:
    """Add a memory; return its core instance and the memory. `announce` is the core function that it is announced to.

    `is_dense` is as for `allocator`.

    The module that announces it is instantiated right after the memory's: the host goes by the order.
    """
    instance = builder.instantiate_core(builder.core_module(allocator(is_dense=is_dense)), [])
    memory = builder.alias(Sort.CORE_MEMORY, instance, MEMORY)
    if announce is not None:
        given = [(MEMORY, Sort.CORE_MEMORY, memory), (ANNOUNCE_ARGUMENT, Sort.CORE_FUNC, announce)]
        builder.instantiate_core(builder.core_module(mark()), [("", builder.core_instance(given))])
    return instance, memory
