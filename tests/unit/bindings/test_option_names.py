"""Names that the configuration gives are names: nothing else reaches generated code."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest

from witgen import Config, generate
from witgen.bindings.render.displays import literal
from witgen.build.componentize import Build, build
from witgen.diagnostics.errors import OptionError, WitgenError

CODE = 'x", imports={}) or print("ran") or dict(a="y'
OPTIONS: list[dict[str, Any]] = [
    {"world_module": CODE},
    {"world_module": "a..b"},
    {"world_module": "a.class"},
    {"world_module": ""},
    {"import_names": {"a:b/i@1.0.0": CODE}},
    {"import_names": {"a:b/i@1.0.0": "1st"}},
    {"export_names": {"a:b/i@1.0.0": "x.y"}},
    {"names": {"a:b/i": CODE}},
    {"names": {"a:b/i": "testing"}},
    {"names": {"a:b/i": "exports"}},
    {"runtime": CODE},
]


@pytest.fixture
def wit(tmp_path: Path) -> Path:
    path = tmp_path / "a.wit"
    path.write_text("package a:b@1.0.0;\ninterface i { f: func(); }\nworld w { import i; export i; }\n")
    return path


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_refused(options: dict[str, Any], wit: Path) -> None:
    with pytest.raises(WitgenError) as caught:
        generate(Config(wit, **options))
    assert [each.code for each in caught.value.diagnostics] == ["W0914" if "runtime" in options else "W0912"]


def test_all_at_once(wit: Path) -> None:
    with pytest.raises(WitgenError) as caught:
        generate(Config(wit, world_module="a b", import_names={"a:b/i": "?"}, export_names={"a:b/i": "!"}))
    assert isinstance(caught.value.__cause__, OptionError)
    assert caught.value.__cause__.options == (("world-module",), ("import-names", "a:b/i"), ("export-names", "a:b/i"))


def test_build_refuses_them_too(wit: Path, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("")
    with pytest.raises(OptionError):
        build(Build(app=str(tmp_path / "app.py"), wit=wit, world_module="a b"))


def test_names_as_wit_spells_them(wit: Path) -> None:
    files = generate(Config(wit, world_module="my_own.mod", import_names={"a:b/i@1.0.0": "class"})).files
    assert '"my_own.mod", imports={"a:b/i@1.0.0": "class_"}' in files["guest/_raw.py"].replace("\n    ", "")


@pytest.mark.parametrize("text", ['"', "\\", "\n", '\\"', "é", "\u2028", "\x00", "\ud800", "😀", "'", "{}", "\\N{x}"])
def test_literals(text: str) -> None:
    assert ast.literal_eval(literal(f"a{text}b")) == f"a{text}b"
    assert "\n" not in literal(text)
