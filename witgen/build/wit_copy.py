"""The WIT of a build in a form that componentize-py accepts."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ..base.resources import GOLEM_WIT
from ..wit.model import ir
from ..wit.syntax.docs import with_comments

__all__ = ["borrowed", "prepared"]


def borrowed(resolved: ir.Resolve) -> list[Path]:
    """Return the folders and files of witgen's own WIT that packages were taken from."""
    spans = [*(each.span for each in resolved.interfaces), *(each.span for each in resolved.worlds)]
    files = {Path(span.file.path) for span in spans if span is not None}
    ours = {file for file in files if file.is_relative_to(GOLEM_WIT)}
    return sorted({file if file.parent == GOLEM_WIT else file.parent for file in ours})


@contextmanager
def prepared(wit: Path, borrowed: Sequence[Path], *, escaped: bool) -> Generator[Path, None, None]:
    """Yield `wit` in a form that componentize-py accepts: `wit` itself, or a folder with a copy.

    The copy's deps/ has the packages from elsewhere, as componentize-py reads only one place. With `escaped`,
    documentation is written so that it means the same in a Python string.
    """
    if wit.resolve() == GOLEM_WIT.resolve() or not (borrowed or escaped):
        yield wit
        return
    with tempfile.TemporaryDirectory(prefix="witgen-") as scratch:
        copy = Path(scratch) / "wit"
        if wit.is_dir():
            shutil.copytree(wit, copy, ignore=_special)
        else:
            copy.mkdir()
            shutil.copy(wit, copy)
        for number, source in enumerate(borrowed):
            target = copy / "deps" / f"witgen-{number}"
            shutil.copytree(source if source.is_dir() else source.parent, target, ignore=shutil.ignore_patterns("deps"))
        for file in copy.rglob("*.wit") if escaped else ():
            if file.is_file():
                # Some may not be WIT at all: only deps/ is read.
                text = file.read_bytes().decode(errors="surrogateescape")
                file.write_bytes(with_comments(text, _escaped).encode(errors="surrogateescape"))
        yield copy


def _special(folder: str, names: list[str]) -> list[str]:
    """Return those names that no copy can be made of: FIFOs and their like, and links to nowhere."""
    return [
        name for name in names if not os.path.isdir(path := os.path.join(folder, name)) and not os.path.isfile(path)
    ]


def _escaped(comment: str) -> str:
    """Return a comment escaped for triple quotes."""
    return comment.replace("\\", "\\\\").replace('"""', r"\"\"\"")
