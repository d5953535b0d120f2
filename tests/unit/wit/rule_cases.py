"""Cases of WIT rules: rules/<topic>.txt holds trees and what becomes of them.

    ## name of the case
    expect: ok                      or the code and the place of the first problem: W0204 a.wit:3
    reference: accepts              (or rejects) only where wasm-tools does something else
    -- a.wit
    …

The feature `on` is active.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

RULES = Path(__file__).parent / "rules"
FEATURES = ("on",)


@dataclass(frozen=True)
class Case:
    topic: str
    name: str
    expect: str
    reference: str | None
    files: tuple[tuple[str, str], ...]

    def write(self, folder: Path) -> Path:
        """Write the tree; returns the path to resolve."""
        for name, text in self.files:
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="")
        return folder / self.files[0][0] if len(self.files) == 1 else folder


def cases() -> list[Case]:
    return [case for path in sorted(RULES.glob("*.txt")) for case in _read(path)]


def _read(path: Path) -> list[Case]:
    found: list[Case] = []
    for block in re.split(r"^## ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        head, *parts = re.split(r"^-- (.*)\n", block, flags=re.MULTILINE)
        name, *settings = head.strip().splitlines()
        options = dict(setting.split(": ", 1) for setting in settings)
        files = tuple((parts[index], parts[index + 1].removesuffix("\n") + "\n") for index in range(0, len(parts), 2))
        found.append(Case(path.stem, name, options["expect"], options.get("reference"), files))
    return found


def place(file: str | None, line: int | None, folder: Path) -> str:
    return "-" if file is None or line is None else f"{os.path.relpath(file, folder)}:{line}"
