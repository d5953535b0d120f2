"""Whether a component was built of the sources that are there now."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

__all__ = ["outdated"]


def outdated(component: Path) -> str | None:
    """Return a warning if a file has changed since `witgen build` has made a component of it."""
    source = _changed_source(component)
    if source is None:
        return None
    return f"warning: {source} has changed since {component} was built: `witgen build` it again"


def _changed_source(component: Path) -> Path | None:
    """Return a file that has changed since `witgen build` has made a component of it.

    None if there is none, or if that is not known: `witgen build` writes what it has read into a file beside the
    component, and another program may have made the component, or may have copied it here.
    """
    try:
        _, _, text = component.with_name(f".{component.name}.witgen").read_bytes().partition(b"\n")
        stamp = json.loads(text)
        folders, opened = stamp["folders"], stamp["read"]["opened"]
        for path, digest in opened.items():
            number, _, rest = path.lstrip("/").partition("/")  # as the application sees it: /FOLDER'S NUMBER/PATH
            if digest in {None, "folder"} or int(number) >= len(folders):
                continue
            source = Path(component.parent, folders[int(number)], rest)
            if source.suffix == ".py" and (not source.is_file() or digest != _digest(source)):
                return source if stamp["component"] == _digest(component) else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return None


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
