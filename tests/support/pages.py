"""Pages that people follow step by step: their files are written, their commands run, and what these print compared."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Command", "commands", "follow", "programs", "run", "write_files"]

FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
NAMED = re.compile(r"# ([\w./-]+\.(?:py|toml))\n")
WIT = re.compile(r"`([\w./-]+/[\w.-]+\.wit)`")
INSTALLS = re.compile(r"mkdir \w+ && cd |python3? -m venv |pip install ")
"""What a test has done already: the folder, and the environment with everything in it."""


@dataclass(frozen=True)
class Command:
    """A line of a `console` block with the output that the page shows; empty if it shows none."""

    line: str
    output: str


def blocks(page: Path) -> Iterator[tuple[str, str, str]]:
    """Yield language, text, and the prose before each block of a page."""
    text, end = page.read_text(encoding="utf-8"), 0
    for block in FENCE.finditer(text):
        yield block[1], block[2], text[end : block.start()]
        end = block.end()


def commands(text: str) -> Iterator[Command]:
    """Yield the commands of a `console` block, but those that install."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        line, _, output = part.partition("\n")
        if not INSTALLS.match(line):
            yield Command(line, output)


def programs(page: Path) -> list[str]:
    """Return the Python of a page that has no file name in its first line."""
    return [text for language, text, _ in blocks(page) if language == "python" and not NAMED.match(text)]


def write_files(page: Path, folder: Path, *, only: str = "") -> list[str]:
    """Write the files of a page, all or one, and return their names."""
    return [name for language, text, prose in blocks(page) if (name := _write(language, text, prose, folder, only))]


def _write(language: str, text: str, prose: str, folder: Path, only: str = "") -> str | None:
    """Write a block that is a file; pyproject.toml grows, as the page says."""
    if language == "wit" and (found := WIT.findall(prose)):
        name, content = found[-1], text
    elif named := NAMED.match(text):
        name, content = named[1], text[named.end() :]
    else:
        return None
    if only in {"", name}:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        before = path.read_text() + "\n" if name.endswith(".toml") and path.exists() else ""
        path.write_text(before + content)
    return name


def run(line: str, folder: Path, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command line in a folder, with the commands of this environment."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    given = {**os.environ, "PATH": path, **(environment or {})}
    return subprocess.run(["bash", "-c", line], cwd=folder, env=given, capture_output=True, text=True, check=False)


def follow(page: Path, folder: Path) -> dict[str, str]:
    """Do what a page says, in its order; return what each command printed.

    Commands that a page kills, or marks with `# fails`, must not succeed.
    """
    printed: dict[str, str] = {}
    for language, text, prose in blocks(page):
        if language != "console":
            _write(language, text, prose, folder)
            continue
        for command in commands(text):
            done = run(command.line, folder)
            assert done.returncode in _expected(command.line), f"$ {command.line}\n{done.stdout}{done.stderr}"
            assert not command.output or _alike(command.output, done.stdout), f"$ {command.line}\n{done.stdout}"
            printed[command.line] = done.stdout
    return printed


def _alike(shown: str, printed: str) -> bool:
    """Compare two outputs, but for sizes in bytes, which differ from build to build."""
    return re.sub(r"\d+ bytes", "N bytes", shown) == re.sub(r"\d+ bytes", "N bytes", printed)


def _expected(line: str) -> set[int]:
    """Return the exit codes that a command of a page may have."""
    if "-s KILL" in line:
        return {-9, 137}
    return {1} if line.endswith("# fails") else {0}
