"""The table of options agrees with `Config`, the command line, `witgen build` and the documentation."""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, get_type_hints

import click
import pytest

import witgen
from tests.support.paths import DOCS
from witgen.build.componentize import Build
from witgen.cli.main import cli
from witgen.project.options_table import OPTIONS, Kind, Option, Scope
from witgen.project.pyproject import load

PATH = str | os.PathLike[str]
TYPES: Mapping[Kind, Collection[object]] = {
    Kind.FLAG: {bool},
    Kind.RELEASE: {str | bool},
    Kind.SIDE: {bool},
    Kind.TEXT: {str, str | None},
    Kind.PATH: {PATH, PATH | None},
    Kind.CHOICE: {str},
    Kind.CHOICES: {str | Mapping[str, str]},
    Kind.LIST: {Collection[str], Collection[str] | None, Sequence[str]},
    Kind.PACKAGES: {Sequence[str]},
    Kind.MAPPING: {Mapping[str, str]},
}
COMMANDS = {
    "resolve": Scope.WIT,
    "inspect": Scope.WIT,
    "build": Scope.WORLD,
    "check": Scope.BINDINGS,
    "watch": Scope.BINDINGS,
    "generate": Scope.OUTPUT,
}
# Options of these commands that share a name with one of `Config`, and mean something else.
OTHERS = {"inspect": {"world"}, "build": {"out", "force"}}
SAMPLES: Mapping[Kind, tuple[str, Any]] = {
    Kind.CHOICES: ('{ "a:b/c" = "array" }', {"a:b/c": "array"}),
    Kind.FLAG: ("true", True),
    Kind.RELEASE: ('"1.5"', "1.5"),
    Kind.SIDE: ("true", True),
    Kind.TEXT: ('"a"', "a"),
    Kind.LIST: ('["a"]', ["a"]),
    Kind.PACKAGES: ('["a"]', ["a"]),
    Kind.MAPPING: ('{ "a:b/c" = "d" }', {"a:b/c": "d"}),
}

each_option = pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.field)


def defaults() -> dict[str, object]:
    return {name: each.default for name, each in inspect.signature(witgen.Config).parameters.items()}


def test_every_field_has_an_entry() -> None:
    assert sorted(option.field for option in OPTIONS) == sorted(defaults())


@each_option
def test_the_type_of_the_field_is_that_of_the_kind(option: Option) -> None:
    assert get_type_hints(witgen.Config)[option.field] in TYPES[option.kind]
    default = defaults()[option.field]
    if default is not None and default is not inspect.Parameter.empty:
        assert option.problem(default) is None
    if option.kind in {Kind.FLAG, Kind.SIDE}:
        assert default is (option.kind is Kind.SIDE)


@each_option
def test_the_field_is_documented(option: Option) -> None:
    assert re.search(rf"^    {option.field}: ", inspect.getdoc(witgen.Config) or "", re.MULTILINE)


@each_option
def test_the_file_may_have_what_the_table_says(option: Option, tmp_path: Path) -> None:
    text, value = SAMPLES.get(option.kind, ('"auto"', "auto" if option.choices else tmp_path / "auto"))
    table = {"out": '"out"', option.key: text}
    file = tmp_path / "pyproject.toml"
    file.write_text("\n".join(["[tool.witgen]", *(f"{key} = {value}" for key, value in table.items())]))
    if not option.in_file:
        with pytest.raises(witgen.WitgenError, match="unknown key"):
            load(file)
        return
    found = getattr(load(file)[0].config, option.field)
    assert (Path(found).resolve() if isinstance(value, Path) else found) == value


@pytest.mark.parametrize("name", COMMANDS)
def test_commands_have_the_options_of_their_scope(name: str) -> None:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    has = {each.name: each for each in command.params if each.name not in OTHERS.get(name, ())}
    expected = {each.field: each for each in OPTIONS if each.switch and each.scope <= COMMANDS[name]}
    assert has.keys() & {each.field for each in OPTIONS} == expected.keys()
    for field, option in expected.items():
        parameter = has[field]
        assert option.switch is not None
        if isinstance(parameter, click.Option):
            assert (tuple(parameter.opts), parameter.help) == (option.switch.names, option.switch.help)
        else:
            assert field == "wit"


def test_a_build_knows_the_options_of_its_scope() -> None:
    builds = {name: each.default for name, each in inspect.signature(Build).parameters.items()}
    hints, ours = get_type_hints(Build), get_type_hints(witgen.Config)
    for option in OPTIONS:
        if option.scope <= Scope.WORLD:
            assert hints[option.field] == ours[option.field]
            if option.kind is not Kind.MAPPING:  # `dataclass` makes a new one
                assert builds[option.field] == defaults()[option.field]
    assert {each.name for each in fields(Build)} >= {each.field for each in OPTIONS if each.scope <= Scope.WORLD}


def rows() -> list[list[str]]:
    """Return the cells of the table of options in the documentation."""
    text = (DOCS / "configuration.md").read_text(encoding="utf-8")
    table = text[text.index("| key | command line |") :].partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in table]


def test_documentation_has_a_row_for_each_option_in_their_order() -> None:
    assert [row[0] for row in rows()] == [f"`{each.key}`" if each.in_file else "" for each in OPTIONS]
    for option, row in zip(OPTIONS, rows(), strict=True):
        switches = re.findall(r"`(-[\w-]+)", row[1])
        assert tuple(switches) == (() if option.switch is None or option.field == "wit" else option.switch.names)
        assert row[2]


@each_option
def test_documentation_states_the_default(option: Option) -> None:
    stated = rows()[OPTIONS.index(option)][3]
    default = defaults()[option.field]
    if isinstance(default, bool):
        assert stated == f"`{str(default).lower()}`"
    elif isinstance(default, str):
        assert stated == f'`"{default}"`'
    else:
        assert stated


WRONG = {
    "adapters": ("fast", '`adapters` must be "auto", "bytes" or "off"; this is "fast"'),
    "features": ("a", "`features` must be a list of strings; this is a string"),
    "golem": (1, '`golem` must be true, false, "1.5", "main" or "workers"; this is a number'),
    "host": (None, "`host` must be true or false; this is a `NoneType`"),
    "names": ({"a:b/c": None}, "this is a table with a `NoneType` in it"),
    "numbers": (
        {"a:b/c": "tuple"},
        '`numbers` must be "list", "array" or "numpy", or a table of these by interface; this is a table',
    ),
    "out": (Path("a\0"), "`out` contains a NUL character"),
    "skip": (["a", b"b"], "this is a list with a `bytes` in it"),
    "world": (3, "`world` must be a string: the name of a world; this is a number"),
}


@pytest.mark.parametrize("field", WRONG)
def test_python_is_told_of_wrong_values(field: str, project: Path) -> None:
    value, message = WRONG[field]
    given: Any = {field: value}
    with pytest.raises(witgen.WitgenError, match=re.escape(message)) as caught:
        witgen.generate(witgen.Config(project / "wit", **{"world": "shop", **given}))
    assert caught.value.code == "W0903"


def test_python_is_told_that_nothing_is_left_to_generate(project: Path) -> None:
    with pytest.raises(witgen.WitgenError, match="neither a host nor a guest is wanted") as caught:
        witgen.generate(witgen.Config(project / "wit", world="shop", host=False, guest=False))
    assert caught.value.code == "W0905"
