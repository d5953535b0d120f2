"""State of an application in another module than its own."""

from __future__ import annotations

counts: list[int] = []
