"""Makes what componentize-py writes about an application's exception readable."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ..bindings.reuse import RUNTIME
from .place import ENTRY, Place

__all__ = ["readable"]

_TRACEBACK = "Traceback (most recent call last):"
_FRAME = re.compile(r'  File "(?P<file>[^"]+)", line \d+')
_INSIDE = re.compile(rf"/\d+/(?:{ENTRY}|{RUNTIME})/|<frozen importlib")


def readable(story: str, place: Place) -> str | None:
    """Return the traceback of an application that cannot be imported; None if the story is about something else.

    Frames of the entry, of the runtime and of the import system are left out, and files have the names that they have
    on this machine. After the traceback, componentize-py repeats its last line as the cause; that is left out as well.
    """
    if not story.startswith(_TRACEBACK):
        return None
    told, _, cause = story.partition("\nCaused by:\n")
    lines = [line for frame in _frames(told.rstrip().splitlines()) for line in _shown(frame, place)]
    raised = cause.strip().partition(":")[0]
    return "\n".join(lines) if any(line.partition(":")[0] == raised for line in lines) else story


def _frames(lines: Sequence[str]) -> Iterator[list[str]]:
    """Yield the lines by frame; every line that belongs to none is alone."""
    frame: list[str] = []
    for line in lines:
        if line.startswith("    ") and frame:
            frame.append(line)
            continue
        if frame:
            yield frame
        frame = [line]
        if not _FRAME.match(line):
            yield frame
            frame = []
    if frame:
        yield frame


def _shown(frame: list[str], place: Place) -> list[str]:
    found = _FRAME.match(frame[0])
    if found is None:
        return frame
    if _INSIDE.match(found["file"]):
        return []
    real = next((each for root in _roots(place) if (each := place.real(found["file"], root)) and each.is_file()), None)
    return [frame[0].replace(found["file"], str(real)), *frame[1:]] if real is not None else frame


def _roots(place: Place) -> list[str | None]:
    return [None, *map(str, place.site_packages())]
