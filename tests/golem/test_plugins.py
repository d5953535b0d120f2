"""The sources of the modules that plugins add to guest bindings: they call what they say that they need."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from pathlib import Path

import pytest

from witgen import Config, generate
from witgen.bindings.plugins import GuestSource
from witgen.golem.plugins import PLUGINS

SOURCES = [source for plugin in PLUGINS for source in plugin.sources]

# What every wrapper of a resource has, and waits for its pollable with.
WITHOUT_WIT = {"drop", "wait"}


def name(source: GuestSource) -> str:
    return source.path.stem


def declared(source: GuestSource) -> set[str]:
    """Return the functions that the stubs of the source's wrappers declare, as `module.function`."""
    folders = {node.module for node in ast.walk(ast.parse(source.text)) if isinstance(node, ast.ImportFrom)}
    (folder,) = {each for each in folders if each and each.endswith("wrappers")}
    found = set()
    for interface in (*source.needs, *source.optional):
        module = interface.replace(":", "_").replace("/", "_").replace("-", "_")
        stub = ast.parse((source.path.parent / folder / f"{module}.pyi").read_text())
        functions = {node.name for node in ast.walk(stub) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
        found |= {f"{module}.{function}" for function in functions - WITHOUT_WIT}
    return found


def needed(source: GuestSource) -> set[str]:
    """Return the functions that a world must have for the source."""
    return {
        f"{interface}.{text.partition(':')[0].rpartition('.')[2]}".translate(str.maketrans(":/-", "___"))
        for functions in (source.needs, source.optional)
        for interface, texts in functions.items()
        for text in texts
    }


@pytest.mark.parametrize("source", SOURCES, ids=name)
def test_a_source_needs_what_it_can_call(source: GuestSource) -> None:
    pollables = {each for each in needed(source) if each.endswith(".subscribe")}
    assert needed(source) - pollables == declared(source)


def test_every_source_belongs_to_a_plugin() -> None:
    folder = Path(SOURCES[0].path).parent
    assert {*folder.glob("[!_]*.py")} == {source.path for source in SOURCES}


def test_sources_are_laid_out_as_the_output() -> None:
    """Generated code has at most 88 columns, apart from text; black would change nothing in them."""
    import black

    changed = [name(each) for each in SOURCES if black.format_str(each.text, mode=black.Mode()) != each.text]
    assert changed == []


def module(folder: Path, items: str, plugin: str, names: Mapping[str, str]) -> str:
    """Generate the guest bindings of a world, and return a module that a plugin added."""
    (folder / "world.wit").write_text(f"package test:shop;\nworld shop {{ {items} }}\n")
    generate(Config(folder / "world.wit", golem=True, host=False, names=names, out=folder / "shop_guest"))
    return (folder / "shop_guest" / "guest" / f"{plugin}.py").read_text()


def test_a_world_without_atomic_operations_has_the_rest(tmp_path: Path) -> None:
    stores = "import wasi:keyvalue/eventual@0.1.0; import wasi:keyvalue/eventual-batch@0.1.0;"
    text = module(tmp_path, stores, "keyvalue", {})
    (bucket,) = (node for node in ast.parse(text).body if isinstance(node, ast.ClassDef) and node.name == "Bucket")
    methods = {node.name for node in bucket.body if isinstance(node, ast.FunctionDef)}
    assert methods >= {"get_many", "clear", "__enter__"}
    assert not {"increment", "compare_and_swap"} & methods
    assert "_atomic" not in text


def test_modules_use_the_names_that_the_user_has_chosen(tmp_path: Path) -> None:
    client = "golem:websocket/client"
    names = {client: "sockets", f"{client}.message": "Error", f"{client}.error": "Message"}
    text = module(tmp_path, f"import {client}@1.5.0;", "websockets", names)
    assert "from ..types import sockets as _types\nfrom . import sockets as _client\n" in text
    assert "def _content(message: _types.Error) -> str | bytes:" in text
    assert "except _types.MessageClosed as error:" in text
    assert "            MessageProtocolError: the server broke the protocol." in text
    assert "after that `MessageClosed` with code 1006." in text
    assert "ErrorClosed" not in text
