"""Black's layout for generated text."""

from __future__ import annotations

__all__ = ["formatted"]


def formatted(text: str) -> str:
    """Return `text` as black lays it out, with black's defaults, whatever the user's own configuration says."""
    import black  # noqa: PLC0415 - importing black takes longer than everything else of a run that changes nothing

    return black.format_str(text, mode=black.Mode())
