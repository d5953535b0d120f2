"""The version of witgen: a constant, which is read faster than the metadata of an installed package."""

from __future__ import annotations

__all__ = ["VERSION"]

VERSION = "0.2.0"
