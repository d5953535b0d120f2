"""The table of options: what pyproject.toml and the command line may set in `Config`, and how.

`Config` declares the types, the defaults and the meaning of its fields. A test compares it, the command line and
`docs/configuration.md` with this table.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from enum import Enum, IntEnum
from typing import NamedTuple, cast

from ..base.frozen import frozen
from ..base.resources import GOLEM_RELEASES
from ..config import Config
from ..diagnostics.errors import OptionError
from ..diagnostics.model import Diagnostic

__all__ = ["BUILD_OPTIONS", "OPTIONS", "Kind", "Option", "Scope", "Switch", "check"]


class Kind(Enum):
    """The kinds of values; relative paths in pyproject.toml start at its folder."""

    FLAG = "a flag that is off by default"
    RELEASE = "a flag that may be followed by one of several words"
    SIDE = "a flag that is on by default; given on the command line, it turns the other sides off"
    TEXT = "text"
    PATH = "a path"
    CHOICE = "one of several words"
    CHOICES = "one of several words, or such words by name"
    LIST = "a list of texts"
    PACKAGES = "a list of import names, and of `name=folder`"
    MAPPING = "texts by name; a target adds its own to the shared ones"


class Scope(IntEnum):
    """The commands that an option matters to, and so do all later ones, which do more."""

    WIT = 1
    """`resolve` and `inspect`, which read WIT."""
    WORLD = 2
    """`build`, which must know of the world's bindings how componentize-py names its modules."""
    BINDINGS = 3
    """`check` and `watch`, which render bindings."""
    OUTPUT = 4
    """`generate`, which writes them."""


class Switch(NamedTuple):
    """An option of the command line: its spellings, its effect, the placeholder of its value; `commas` for `A,B`."""

    names: tuple[str, ...]
    help: str
    metavar: str | None = None
    commas: bool = False


@frozen
class Option:
    """An option.

    Attributes:
        field: its name in `Config`.
        kind: the kind of its values.
        scope: the commands that have it.
        switch: what the command line has of it; None for an option of the file alone.
        value: a description of its value, for messages.
        choices: the possible values of `Kind.CHOICE`.
        in_file: whether pyproject.toml may set it.
    """

    field: str
    kind: Kind
    scope: Scope
    switch: Switch | None = None
    value: str = ""
    choices: tuple[str, ...] = ()
    in_file: bool = True

    @property
    def key(self) -> str:
        """The name in pyproject.toml."""
        return self.field.replace("_", "-")

    @property
    def expected(self) -> str:
        """The description of valid values."""
        match self.kind:
            case Kind.FLAG | Kind.SIDE:
                return "true or false"
            case Kind.RELEASE:
                return f"true, false, {_listed(self.choices)}"
            case Kind.CHOICE:
                return _listed(self.choices)
            case Kind.CHOICES:
                return f"{_listed(self.choices)}, or a table of these by {self.value}"
            case Kind.TEXT | Kind.PATH:
                kind = "a string"
            case Kind.LIST | Kind.PACKAGES:
                kind = "a list of strings"
            case Kind.MAPPING:
                kind = "a table of strings"
        return f"{kind}: {self.value}" if self.value else kind

    def fits(self, value: object) -> bool:
        """Return whether a value, of TOML or of Python, is of this option's kind."""
        match self.kind:
            case Kind.FLAG | Kind.SIDE:
                return isinstance(value, bool)
            case Kind.RELEASE:
                return isinstance(value, bool) or (isinstance(value, str) and value in self.choices)
            case Kind.TEXT:
                return isinstance(value, str)
            case Kind.PATH:
                return isinstance(value, (str, os.PathLike))
            case Kind.CHOICE:
                return isinstance(value, str) and value in self.choices
            case Kind.CHOICES:
                if isinstance(value, Mapping):
                    table = cast("Mapping[object, object]", value)
                    return _are_texts(_parts(table)) and all(each in self.choices for each in table.values())
                return isinstance(value, str) and value in self.choices
            case Kind.LIST | Kind.PACKAGES:
                is_list = isinstance(value, Collection) and not isinstance(value, (str, Mapping))
                return is_list and _are_texts(cast("Collection[object]", value))
            case Kind.MAPPING:
                return isinstance(value, Mapping) and _are_texts(_parts(cast("Mapping[object, object]", value)))

    def problem(self, value: object) -> str | None:
        """Return why this option cannot have a value; None if it can."""
        if not self.fits(value):
            shown = f'"{value}"' if self.choices and isinstance(value, str) else _describe(value)
            return f"must be {self.expected}; this is {shown}"
        if _has_nul(value):
            return "contains a NUL character, which paths and names cannot"
        return None


def _listed(choices: tuple[str, ...]) -> str:
    *others, last = (f'"{each}"' for each in choices)
    return f"{', '.join(others)} or {last}"


def _are_texts(values: Collection[object]) -> bool:
    return all(isinstance(value, str) for value in values)


def _parts(table: Mapping[object, object]) -> list[object]:
    return [*table.keys(), *table.values()]


def _has_nul(value: object) -> bool:
    if isinstance(value, Mapping):
        return any(map(_has_nul, _parts(cast("Mapping[object, object]", value))))
    if isinstance(value, Collection) and not isinstance(value, str):
        return any(map(_has_nul, cast("Collection[object]", value)))
    text = os.fspath(cast("os.PathLike[str]", value)) if isinstance(value, os.PathLike) else value
    return isinstance(text, str) and "\0" in text


def _describe(value: object) -> str:
    inner: Collection[object] = ()
    if isinstance(value, Mapping):
        word, inner = "a table", _parts(cast("Mapping[object, object]", value))
    elif isinstance(value, Collection) and not isinstance(value, (str, bytes)):
        word, inner = "a list", cast("Collection[object]", value)
    elif type(value).__module__ == "datetime":
        word = "a date or time"
    else:
        kinds: dict[type, str] = {bool: "true or false", str: "a string", int: "a number", float: "a number"}
        word = kinds.get(type(value), f"a `{type(value).__name__}`")
    odd = [item for item in inner if not isinstance(item, str)]
    return f"{word} with {_describe(odd[0])} in it" if odd else word


def _componentize(name: str, told: str = "", metavar: str | None = None) -> Switch:
    return Switch((name,), f"Same as componentize-py's option{told}.", metavar)


def _interface_names(side: str) -> Option:
    switch = _componentize(f"--{side}-interface-name", f": its name for an {side}ed interface", "INTERFACE=NAME")
    return Option(f"{side}_names", Kind.MAPPING, Scope.WORLD, switch, "interface = name")


OPTIONS = (
    Option(
        "wit", Kind.PATH, Scope.WIT,
        Switch(("--wit",), "The WIT; ./wit by default."), "the folder or file with the WIT",
    ),
    Option(
        "world", Kind.TEXT, Scope.WORLD,
        Switch(("-w", "--world"), "The world: its name, or ns:pkg/world[@version].", "WORLD"), "the name of a world",
    ),
    Option(
        "out", Kind.PATH, Scope.BINDINGS,
        Switch(("-o", "--out"), "The output package: a target's, or any other folder.", "DIR"), "the output folder",
    ),
    Option("host", Kind.SIDE, Scope.BINDINGS, Switch(("--host",), "Host bindings only (for wasmtime-py).")),
    Option("guest", Kind.SIDE, Scope.BINDINGS, Switch(("--guest",), "Guest wrappers only (for componentize-py).")),
    Option(
        "features", Kind.LIST, Scope.WIT,
        Switch(("--features",), "Turn on these @unstable features.", "A,B", commas=True),
    ),
    Option("all_features", Kind.FLAG, Scope.WIT, Switch(("--all-features",), "Turn on every @unstable feature.")),
    Option(
        "all_imports", Kind.FLAG, Scope.BINDINGS,
        Switch(("--all-imports",), "For a component: include what wasmtime provides (WASI)."),
    ),
    Option(
        "golem", Kind.RELEASE, Scope.WIT,
        Switch(
            ("--golem",), "Resolve missing packages from the bundled WIT of a release of Golem.", "1.5|main|workers"
        ),
        choices=GOLEM_RELEASES,
    ),
    Option(
        "reuse", Kind.PACKAGES, Scope.BINDINGS,
        Switch(("--reuse",), "Import what this generated package already contains.", "PACKAGE[=DIR]"),
        "import names of generated packages, or `name=folder`",
    ),
    Option(
        "skip", Kind.LIST, Scope.BINDINGS,
        Switch(("--skip",), "Leave out this import of the world.", "INTERFACE"), "interfaces that the world imports",
    ),
    Option(
        "runtime", Kind.TEXT, Scope.BINDINGS,
        Switch(("--runtime",), "Import the runtime from this package, or `copy` it into DIR.", "PACKAGE"),
        "`copy`, or the import name of a runtime",
    ),
    Option("adapters", Kind.CHOICE, Scope.BINDINGS, choices=("auto", "bytes", "off")),
    Option("numbers", Kind.CHOICES, Scope.BINDINGS, value="interface", choices=("list", "array", "numpy")),
    Option("wasmtime", Kind.LIST, Scope.BINDINGS, value="packages and interfaces"),
    Option(
        "names", Kind.MAPPING, Scope.BINDINGS,
        value="interface = module name, interface.type = class name",
    ),
    Option(
        "world_module", Kind.TEXT, Scope.WORLD,
        _componentize("--world-module", metavar="NAME"), "the name of a module",
    ),
    Option("full_names", Kind.FLAG, Scope.WORLD, _componentize("--full-names")),
    _interface_names("import"),
    _interface_names("export"),
    Option(
        "force", Kind.FLAG, Scope.OUTPUT,
        Switch(("--force",), "Overwrite files that were edited or not written by witgen."), in_file=False,
    ),
)  # fmt: skip
"""All options, in the order of documentation and messages."""

BUILD_OPTIONS = (
    Option(
        "paths", Kind.LIST, Scope.WORLD,
        Switch(("--path",), "A folder with modules; APP's own comes first. May be given several times.", "DIR"),
        "folders with modules",
    ),
    Option("requirements", Kind.LIST, Scope.WORLD, value="packages to install, as pip takes them"),
    Option(
        "take", Kind.LIST, Scope.WORLD,
        Switch(("--take",), "Also put this module, all of PACKAGE.*, or stdlib into the component.", "MODULE"),
        "modules, `package.*` or `stdlib`",
    ),
    Option(
        "strip_names", Kind.FLAG, Scope.WORLD,
        Switch(("--strip-names",), "Leave out the names of functions that traces of traps show."),
    ),
    Option(
        "strip_docstrings", Kind.FLAG, Scope.WORLD,
        Switch(("--strip-docstrings",), "Leave out the docstrings of all modules; `assert` statements stay."),
    ),
)  # fmt: skip
"""The options of `[tool.witgen.build]`, which `witgen build` alone has; they are no fields of `Config`."""

_DEFAULTS = Config("")


def check(config: Config) -> None:
    """Make sure that each option has a value of its kind.

    Raises:
        OptionError: some have not; every one is listed.
    """
    found: list[tuple[tuple[str, ...], Diagnostic]] = []
    for option in OPTIONS:
        value = getattr(config, option.field)
        if value is not getattr(_DEFAULTS, option.field) and (problem := option.problem(value)):
            found.append(((option.field,), Diagnostic("W0903", f"`{option.field}` {problem}")))
    if config.host is False and config.guest is False:
        message = "neither a host nor a guest is wanted: `host` and `guest` are both false"
        found.append((("host",), Diagnostic("W0905", message)))
    if found:
        raise OptionError(found)
