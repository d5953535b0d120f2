"""What is put behind a memory in a component so that the host finds it (see `linear_memory`)."""

from __future__ import annotations

from typing import Final

__all__ = ["MARK", "PAGE", "TOKEN"]

PAGE: Final = 1 << 16
"""Bytes of a page of a memory."""

TOKEN: Final = 8
"""The address of the number that proves a memory."""

MARK: Final = f"""(module
  (import "" "memory" (memory 1))
  (import "" "announce" (func $announce (result i64)))
  (func $start (i64.store (i32.const {TOKEN}) (call $announce)))
  (start $start))"""
"""The core module that follows the memory's."""
