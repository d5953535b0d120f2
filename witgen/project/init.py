"""A first configuration from the WIT that is there."""

from __future__ import annotations

import json
import keyword
import os
from dataclasses import dataclass
from pathlib import Path

from ..api import GOLEM_WORLD, resolve
from ..base.files import read
from ..base.resources import golem_wit
from ..bindings.facts.names import snake
from ..diagnostics.errors import WitgenError
from ..diagnostics.model import Diagnostic
from ..pipeline import skeleton
from ..runs import tree_of
from ..wit.model import ir
from ..wit.resolve import component_in, select_world
from .discovery import FILE_NAME, find, parse
from .pyproject import load

__all__ = ["APP", "First", "attributes_line", "initialise", "mark_generated", "outputs", "uses_git"]

APP = "app.py"
"""The name of the application that is written for a guest."""


@dataclass(frozen=True, slots=True)
class First:
    """The first target as written in the file: paths relative to the folder, with slashes; None for Golem's own WIT.

    `app` is the path of the application that was written, None if none was.
    """

    wit: str | None
    world: str
    out: str
    golem: str | bool = False
    app: str | None = None

    def lines(self) -> list[str]:
        """Return the table in TOML."""
        values = {"wit": self.wit, "world": self.world, "out": self.out}
        strings = [f"{key} = {_quoted(value)}" for key, value in values.items() if value is not None]
        return ["[tool.witgen]", *strings, *([f"golem = {json.dumps(self.golem)}"] if self.golem else []), ""]


def initialise(
    folder: Path,
    wit: Path | None,
    world: str | None,
    out: str | None,
    *,
    golem: str | bool = False,
    guest: bool = False,
) -> First:
    """Append a `[tool.witgen]` for one world to `folder`'s pyproject.toml, which is created if necessary.

    Args:
        folder: the project's folder.
        wit: the path of the WIT; None to look for it.
        world: the name of the world; None for the only one.
        out: the output package; None to name it after the world.
        golem: resolve missing packages from the bundled WIT of a release of Golem; use that alone if there is no WIT.
        guest: also write an application, `APP` beside the output, whose exports are to be filled in.

    Raises:
        WitgenError: there is no WIT, it is invalid, it has several worlds and none was named, or a configuration
            or an application exists.
    """
    path = folder / FILE_NAME
    _refuse_second(path, text := _text(path))
    source = wit if wit is not None else _find(folder, golem=golem)
    resolved = resolve(source, golem=golem)
    own = golem is not False and source == golem_wit(golem)
    chosen = select_world(resolved, world or (GOLEM_WORLD if own else None))
    name = resolved.worlds[chosen].name
    place = out or _default_place(folder, name)
    app = Path(place).parent / APP if guest else None
    written = None if app is None else app.as_posix()
    target = First(None if own else source.as_posix(), world or name, place, golem, written)
    _refuse_other_encodings(path, target)
    if app is not None:
        _refuse_component(source, golem=golem)
        _write_application(folder, app, resolved, chosen, _import_name(place))
    path.write_bytes(_appended(text, target.lines()).encode())
    return target


def _default_place(folder: Path, world: str) -> str:
    """Return the path of a world's bindings: in `src` where a project has that."""
    package = f"{snake(world)}_bindings"
    return f"src/{package}" if (folder / "src").is_dir() else package


def _appended(text: str, lines: list[str]) -> str:
    """Return `text` with more lines, after a blank one and with its line ends."""
    line_end = "\r\n" if "\r\n" in text else "\n"
    gap = line_end if text and not text.endswith("\n") else ""
    blank = line_end if text.strip() else ""
    return text + gap + blank + line_end.join(lines)


def _import_name(out: str) -> str:
    """Return the name by which an application imports the output."""
    name = Path(out).name
    if name.isidentifier() and not keyword.iskeyword(name):
        return name
    message = f"the output would be called `{name}`, which no import statement can name"
    raise WitgenError([Diagnostic("W0933", message, path=out, help="pass another one: `--out DIR`")])


def _refuse_component(source: Path, *, golem: str | bool) -> None:
    if component_in(tree_of(source, golem=golem)) is not None:
        message = f"`{source}` is a component, which contains its guest"
        raise WitgenError([Diagnostic("W0933", message, path=str(source), help="pass WIT, or leave out `--guest`")])


def _write_application(folder: Path, app: Path, resolved: ir.Resolve, chosen: ir.WorldId, package: str) -> None:
    """Write the application; raise if it cannot be written, or would have nothing to implement."""
    world = resolved.worlds[chosen]
    if not world.exports:
        message = f"world `{world.name}` exports nothing, so there is nothing to implement"
        raise WitgenError([Diagnostic("W0933", message, path=app.as_posix(), help="leave out `--guest`")])
    if os.path.lexists(folder / app):
        message = f"there is already `{app.as_posix()}`, which is never overwritten"
        raise WitgenError(
            [Diagnostic("W0933", message, path=app.as_posix(), help="move it away, or leave out `--guest`")]
        )
    _write_new(folder / app, skeleton(resolved, chosen, package))


def _write_new(path: Path, text: str) -> None:
    """Write a file where there is none; nothing is overwritten even if it has been made a moment ago."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("x", encoding="utf-8", newline="\n") as file:
        file.write(text)


def _refuse_other_encodings(path: Path, target: First) -> None:
    """Raise if a path has bytes that are not UTF-8, the encoding of TOML."""
    for option, value in (("wit", target.wit), ("out", target.out)):
        shown = (value or "").encode("utf-8", "backslashreplace").decode()
        if value is not None and shown != value:
            message = f"`{option}` would be `{shown}`, which is not UTF-8, and `{path.name}` must be"
            raise WitgenError([Diagnostic("W0901", message, path=path.name, help="choose another path")])


def _text(path: Path) -> str:
    """Return the content of a file to append to; empty if it does not exist."""
    try:
        return read(path).decode()
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError as error:
        message = f"`{path.name}` is not UTF-8: byte {error.start} is wrong"
    except OSError as error:
        message = f"cannot read `{path.name}`: {error.strerror}"
    raise WitgenError([Diagnostic("W0901", message, path=path.name)])


def _refuse_second(path: Path, text: str) -> None:
    try:
        tool = parse(text).get("tool", {})
    except ValueError as error:
        raise WitgenError([Diagnostic("W0901", str(error), path=path.name)]) from None
    if not isinstance(tool, dict):
        raise WitgenError([Diagnostic("W0903", "`tool` must be a table", path=path.name)])
    if "witgen" in tool:
        remedy = "edit it, or add a `[[tool.witgen.target]]` for another world"
        raise WitgenError([Diagnostic("W0931", "there is already a [tool.witgen]", path=path.name, help=remedy)])


def _find(folder: Path, *, golem: str | bool) -> Path:
    """Return where the WIT is, relative to `folder`: `wit/` as everywhere, else the only folder or file there is."""
    if (folder / "wit").is_dir():
        return Path("wit")
    files = [path.relative_to(folder) for path in folder.glob("*.wit")]
    folders = {path.parent.relative_to(folder) for path in folder.glob("*/*.wit")}
    candidates = [*sorted(folders), *sorted(files)]
    if len(candidates) == 1:
        return candidates[0]
    if golem and not candidates:
        return golem_wit(golem)
    listed = ", ".join(f"`{candidate.as_posix()}`" for candidate in candidates)
    message = f"there is WIT in several places: {listed}" if candidates else "there is no WIT here"
    raise WitgenError([Diagnostic("W0932", message, path=".", help="pass it: `witgen init path/to/wit`")])


def _quoted(text: str) -> str:
    """Return a TOML string; those of JSON are some."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def attributes_line(out: str) -> str:
    """Return the line of .gitattributes for an output folder."""
    path = Path(out).as_posix().strip("/")
    pattern = f'"{path}/**"' if " " in path else f"{path}/**"
    return f"{pattern} linguist-generated text eol=lf"


def uses_git(folder: Path) -> bool:
    """Return whether a folder is inside a working tree of git."""
    return any((each / ".git").exists() for each in (folder, *folder.parents))


def outputs(folder: Path) -> list[str]:
    """Return the output folders of `folder`'s pyproject.toml, relative to it; none if it has no `[tool.witgen]`.

    Raises:
        WitgenError: its `[tool.witgen]` is invalid.
    """
    path = folder / FILE_NAME
    if find(folder) != path.resolve():
        return []
    found = (target.config.out for target in load(path))
    return [os.path.relpath(out, folder) for out in found if out is not None]


def mark_generated(folder: Path, line: str) -> bool:
    """Append a line to `folder`'s .gitattributes unless it is there; return whether it was added."""
    path = folder / ".gitattributes"
    text = _text(path)
    if line in text.splitlines():
        return False
    gap = "\n" if text and not text.endswith("\n") else ""
    path.write_bytes(f"{text}{gap}{line}\n".encode())
    return True
