"""Which world a name means."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.wit.trees import write
from witgen.diagnostics.errors import WitgenError
from witgen.wit.model.ir import Resolve
from witgen.wit.resolve import load, select_world

TREE = {
    "a.wit": "package a:b@1.0.0;\nworld one {}\nworld two {}\n",
    "deps/x.wit": "package x:y;\nworld app {}\n",
    "deps/v1.wit": "package v:v@1.0.0;\nworld app {}\n",
    "deps/v2.wit": "package v:v@2.0.0;\nworld app {}\nworld more {}\n",
}


@pytest.fixture
def tree(tmp_path: Path) -> Resolve:
    return load(write(tmp_path, TREE))


def full_name(resolve: Resolve, name: str | None) -> str:
    world = resolve.worlds[select_world(resolve, name)]
    return f"{resolve.packages[world.package].name} {world.name}"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("one", "a:b@1.0.0 one"),
        ("a:b/two", "a:b@1.0.0 two"),
        ("a:b/two@1.0.0", "a:b@1.0.0 two"),
        ("x:y/app", "x:y app"),
        ("v:v/app@1.0.0", "v:v@1.0.0 app"),
        ("v:v/app@2.0.0", "v:v@2.0.0 app"),
    ],
)
def test_named(name: str, expected: str, tree: Resolve) -> None:
    assert full_name(tree, name) == expected


@pytest.mark.parametrize(
    ("name", "code"),
    [
        (None, "W0602"),
        ("three", "W0601"),
        ("app", "W0601"),
        ("v:v/app", "W0602"),
        ("v:v/app@3.0.0", "W0601"),
        ("x:y/app@1.0.0", "W0601"),
        ("x:y/nope", "W0601"),
        ("x:z/app", "W0601"),
        ("", "W0601"),
        ("/", "W0601"),
        ("@", "W0601"),
    ],
)
def test_not_found(name: str | None, code: str, tree: Resolve) -> None:
    with pytest.raises(WitgenError) as caught:
        select_world(tree, name)
    assert caught.value.code == code


def test_only_world(tmp_path: Path) -> None:
    tree = load(write(tmp_path, {"a.wit": "package a:b;\nworld one {}\n"}))
    assert full_name(tree, None) == "a:b one"


def test_no_world(tmp_path: Path) -> None:
    tree = load(write(tmp_path, {"a.wit": "package a:b;\n", "deps/x.wit": TREE["deps/x.wit"]}))
    with pytest.raises(WitgenError) as caught:
        select_world(tree, None)
    assert caught.value.diagnostics[0].help == "there are `x:y/app`"
