"""A world as a picture: its interfaces, their packages, and who uses whose types; as SVG and as a page of HTML."""

from __future__ import annotations

from .page import world_page
from .svg import world_svg

__all__ = ["world_page", "world_svg"]
