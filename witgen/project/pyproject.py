"""`[tool.witgen]` and `[[tool.witgen.target]]` of pyproject.toml.

`[tool.witgen]` holds what all targets share; each `[[tool.witgen.target]]` is one output folder. Without targets,
`[tool.witgen]` with an `out` is the only one. Paths are relative to the file.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from ..base.files import read
from ..base.resources import GOLEM_RELEASES
from ..base.source import SourceFile, Span
from ..config import Config
from ..diagnostics.errors import WitgenError
from ..diagnostics.model import Diagnostic, Label
from .discovery import Target, default_wit, parse
from .options_table import BUILD_OPTIONS, OPTIONS, Kind, Option
from .toml_spans import Place, places

__all__ = ["load", "load_build"]

_TABLE: tuple[str | int, ...] = ("tool", "witgen")


_KEYS = {option.key: option for option in OPTIONS if option.in_file}
_BUILD_KEYS = {option.key: option for option in BUILD_OPTIONS}


def load(path: Path) -> list[Target]:
    """Read the targets of a pyproject.toml.

    Raises:
        WitgenError: the file is not TOML, or its `[tool.witgen]` is invalid; every problem is listed.
    """
    return _Reader(path).targets()


def load_build(path: Path) -> Mapping[str, Any]:
    """Read `[tool.witgen.build]` of a pyproject.toml: values by field of `Build`.

    Raises:
        WitgenError: the file is not TOML, or its `[tool.witgen]` is invalid; every problem is listed.
    """
    return _Reader(path).build_options()


class _Reader:
    def __init__(self, path: Path) -> None:
        self._folder = _from_here(path.parent)
        self._file = SourceFile(_from_here(path).as_posix(), _text(path))
        self._document = self._parse()
        self._places = _places(self._file)
        self._problems: list[Diagnostic] = []
        self._build: Mapping[str, Any] = {}

    def _parse(self) -> dict[str, Any]:
        try:
            return parse(self._file.text)
        except ValueError as error:
            message, offset = _toml_error(error, self._file.text)
            raise WitgenError([Diagnostic("W0901", message, Span(self._file, offset, offset))]) from None

    def targets(self) -> list[Target]:
        """Return the targets, or raise with all that is wrong."""
        shared = _table((_table(self._document.get("tool")) or {}).get("witgen"))
        if shared is None:
            self._report("W0903", "`tool.witgen` must be a table", _TABLE, at_value=True)
            raise WitgenError(self._problems)
        listed, builds = shared.pop("target", None), shared.pop("build", None)
        self._check(shared, _TABLE)
        if builds is not None:
            self._build = self._build_options(builds)
        if listed is not None:
            found = self._listed(shared, listed)
        else:
            found = [self._target(shared, {}, _TABLE)] if shared or builds is None else []
        self._refuse_shared_outputs(found)
        if self._problems:
            raise WitgenError(sorted(self._problems, key=lambda problem: problem.span.start if problem.span else 0))
        return found

    def build_options(self) -> Mapping[str, Any]:
        """Return what `[tool.witgen.build]` says, by field of `Build`, or raise with all that is wrong."""
        self.targets()
        return self._build

    def _build_options(self, given: object) -> Mapping[str, Any]:
        table, path = _table(given), (*_TABLE, "build")
        if table is None:
            self._report("W0903", "`build` must be a table", path, at_value=True)
            return {}
        self._check(table, path, _BUILD_KEYS)
        options = {_BUILD_KEYS[key]: value for key, value in table.items() if key in _BUILD_KEYS}
        return {
            option.field: [self._path(each) for each in value] if option.field == "paths" else value
            for option, value in options.items()
            if option.fits(value)
        }

    def _listed(self, shared: dict[str, Any], listed: object) -> list[Target]:
        tables = [_table(each) for each in cast("list[object]", listed)] if isinstance(listed, list) else [None]
        found: list[Target] = []
        for index, table in enumerate(tables):
            path = (*_TABLE, "target", index)
            if table is None:
                self._report("W0903", "`target` must be written as `[[tool.witgen.target]]`", (*_TABLE, "target"))
                break
            self._check(table, path)
            found.append(self._target(shared, table, path))
        return found

    def _check(self, table: dict[str, Any], path: tuple[str | int, ...], known: Mapping[str, Option] = _KEYS) -> None:
        for key, value in table.items():
            option = known.get(key)
            if option is None:
                message = f"unknown key `{key}` in {_title(path)}"
                self._report("W0902", message, (*path, key), help=_nearest(key, path, known))
            elif problem := option.problem(value):
                self._report("W0903", f"`{key}` {problem}", (*path, key), at_value=True)

    def _target(self, shared: dict[str, Any], table: dict[str, Any], path: tuple[str | int, ...]) -> Target:
        merged = {**shared, **table}
        for key in shared.keys() & table.keys():
            both = shared[key], table[key]
            if key in _KEYS and _KEYS[key].kind is Kind.MAPPING and all(isinstance(each, dict) for each in both):
                merged[key] = {**shared[key], **table[key]}
        if "out" not in merged:
            self._report("W0904", f"{_title(path)} has no `out`", path, help='add `out = "…"`: the output folder')
        if merged.get("host") is False and merged.get("guest") is False:
            self._report("W0905", f"{_title(path)} has neither a host nor a guest", path)
        values = {_KEYS[key].field: self._placed(_KEYS[key], value) for key, value in merged.items() if key in _KEYS}
        values.setdefault("wit", default_wit(self._folder, golem=_release(values.get("golem"))))
        values.setdefault("out", self._path(""))
        return Target(Config(**values), dict(self._near(path)))

    def _near(self, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], Place]]:
        """Yield the places of a target's options, the shared ones first, so that its own replace them."""
        for base in (_TABLE, path):
            for full, place in self._places.items():
                if full[: len(base)] == base and (len(full) == len(base) or full[len(base)] != "target"):
                    yield full[len(base) :], place

    def _placed(self, option: Option, value: Any) -> Any:
        """Return a value with its relative paths below the file's folder."""
        if option.kind is Kind.PATH:
            return self._path(value)
        if option.kind is Kind.PACKAGES and option.fits(value):
            return [self._package(each) for each in value]
        return value

    def _package(self, value: str) -> str:
        name, given, folder = value.partition("=")
        return f"{name}={self._path(folder)}" if given else name

    def _path(self, value: object) -> Path:
        # Its problems are reported already.
        return Path(os.path.normpath(self._folder / str(value).replace("\0", "")))

    def _refuse_shared_outputs(self, targets: list[Target]) -> None:
        seen: dict[str, Span | None] = {}
        for target in targets:
            out, span = os.path.realpath(str(target.config.out)), target.locate("out")
            if out in seen:
                first = seen[out]
                labels = (Label(first, "the other target"),) if first is not None else ()
                message = f"two targets write to `{target.config.out}`"
                self._problems.append(Diagnostic("W0906", message, span, labels))
            seen[out] = span

    def _report(
        self, code: str, message: str, path: tuple[str | int, ...], *, help: str | None = None, at_value: bool = False
    ) -> None:
        while path and path not in self._places:
            path = path[:-1]
        place = self._places.get(path)
        span = None if place is None else place.value if at_value else place.key
        self._problems.append(Diagnostic(code, message, span, help=help, path=self._file.path))


def _table(value: object) -> dict[str, Any] | None:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def _release(value: object) -> str | bool:
    """Return the value of `golem`; False if it is not valid, which is reported already."""
    return value if isinstance(value, (str, bool)) and value in {True, *GOLEM_RELEASES} else False


def _places(file: SourceFile) -> Mapping[tuple[str | int, ...], Place]:
    """Return the places of keys and values; none for documents nested so deeply that only `tomllib` can read them."""
    try:
        return places(file)
    except RecursionError:
        return {}


def _text(path: Path) -> str:
    shown = _from_here(path).as_posix()
    try:
        return read(path).decode()
    except UnicodeDecodeError as error:
        message = f"`{shown}` is not UTF-8: byte {error.start} is wrong"
    except OSError as error:
        message = f"cannot read `{shown}`: {error.strerror}"
    raise WitgenError([Diagnostic("W0901", message, path=shown)])


def _from_here(path: Path) -> Path:
    """Return a path relative to the current folder."""
    try:
        return Path(os.path.relpath(path))
    except ValueError:  # another drive
        return path


def _toml_error(error: ValueError, text: str) -> tuple[str, int]:
    """Return the message and the offset of an error; before Python 3.14 the place is a part of the message."""
    match = re.fullmatch(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", str(error), re.DOTALL)
    if match is None:
        return str(error), len(text)
    if match[2] is None:
        return match[1], len(text)
    line, column = int(match[2]), int(match[3])
    start = sum(len(each) + 1 for each in text.split("\n")[: line - 1])
    return match[1], start + column - 1


def _title(path: tuple[str | int, ...]) -> str:
    if path == (*_TABLE, "build"):
        return "`[tool.witgen.build]`"
    return "`[tool.witgen]`" if path == _TABLE else "`[[tool.witgen.target]]`"


def _nearest(key: str, path: tuple[str | int, ...], keys: Mapping[str, Option]) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - only where something is wrong

    known = [*keys, *(["target", "build"] if path == _TABLE else [])]
    close = get_close_matches(key, known, n=1)
    return f"did you mean `{close[0]}`?" if close else f"known keys: {', '.join(f'`{name}`' for name in known)}"
