"""How the lists of bound functions pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ..adapters.calling.adapter_memory import AdapterMemory
from ..direct_lists import ListForm

__all__ = ["AS_TEXT", "PLAIN", "Lists"]


@dataclass(frozen=True, slots=True)
class Lists:
    """How the lists of a function pass, and the memory of the adapter that they pass through directly."""

    form: ListForm
    memory: AdapterMemory | None = None


PLAIN: Final = Lists("plain")
AS_TEXT: Final = Lists("text")
