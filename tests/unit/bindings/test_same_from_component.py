"""From a component come the bindings that come from its WIT."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.components import CASES, World, documented, world_of
from witgen import Config, generate

# Types that nothing uses are not in a component.
UNUSED = {"values": {"Name"}}


def texts(config: Config) -> dict[str, str]:
    return dict(generate(config).files)


def from_wit(world: World) -> dict[str, str]:
    return texts(Config(world.wit, world=world.name, guest=False))


def from_component(component: Path, world: World) -> dict[str, str]:
    return texts(Config(component, world=world.full_name))


def code(text: str, case: str) -> str:
    """Return what Python runs: no documentation, no comments, and without the types that nothing uses."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = [each for each in node.body if not _is_text(each) and _target(each) not in UNUSED.get(case, ())]
        elif isinstance(node, ast.List):
            names = UNUSED.get(case, set())
            node.elts = [each for each in node.elts if not (isinstance(each, ast.Constant) and each.value in names)]
    return ast.dump(tree)


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _target(node: ast.stmt) -> str | None:
    return node.target.id if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) else None


@pytest.mark.parametrize("case", CASES)
def test_same_code(case: str, dummy: Callable[[World], Path]) -> None:
    world = world_of(case)
    expected, found = from_wit(world), from_component(dummy(world), world)
    assert found.keys() == expected.keys()
    for path, text in expected.items():
        if path.endswith(".py"):
            assert code(found[path], case) == code(text, case), path


@pytest.mark.parametrize("case", ["names", "resources", "versions"])
def test_same_bytes_with_documentation(
    case: str, dummy: Callable[[World], Path], wasm_tools: Path, tmp_path: Path
) -> None:
    """With the documentation of the WIT package in the component, nothing at all differs."""
    world = world_of(case)
    component = tmp_path / f"{case}.wasm"
    component.write_bytes(documented(world, dummy, wasm_tools, tmp_path))
    assert from_component(component, world) == from_wit(world)


@pytest.mark.long
@pytest.mark.slow
# componentize-py 0.25.1 cannot build `names`: it panics over items of one name in several places.
@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, marks=[] if case in {"values", "resources"} else [pytest.mark.long])
        for case in CASES
        if case != "names"
    ],
)
def test_same_code_from_a_componentize_py_build(case: str, componentized: Callable[[World], Path]) -> None:
    """What componentize-py's own runtime asks of WASI is not in the output; it raises the version of WASI that is."""
    world = world_of(case)
    expected, found = from_wit(world), from_component(componentized(world), world)
    assert found.keys() == expected.keys()
    for path, text in expected.items():
        if path.endswith(".py"):
            assert versionless(code(found[path], case)) == versionless(code(text, case)), path


def versionless(text: str) -> str:
    return re.sub(r"(wasi:[a-z/-]+@0\.2)\.\d+", r"\1", text)


@pytest.mark.slow
def test_everything_that_is_imported_where_asked_for(componentized: Callable[[World], Path]) -> None:
    world = world_of("values")
    config = Config(componentized(world), world=world.full_name, all_imports=True)
    assert from_component(componentized(world), world).keys() < texts(config).keys()
    assert "host/wasi_filesystem_types.py" in texts(config)


@pytest.mark.slow
def test_what_wasmtime_is_not_to_provide_is_to_be_implemented(componentized: Callable[[World], Path]) -> None:
    world = world_of("values")
    config = Config(componentized(world), world=world.full_name, wasmtime=["wasi:cli", "wasi:io", "wasi:filesystem"])
    modules = {path for path in texts(config) if path.startswith("host/wasi_")}
    assert {"host/wasi_clocks_wall_clock.py", "host/wasi_random_random.py"} <= modules
    assert "host/wasi_filesystem_types.py" not in modules


@pytest.mark.parametrize(
    ("file", "world", "module", "class_name"),
    [
        ("add.wasm", None, "add", "Add"),
        ("My App v2.component.wasm", None, "my_app_v2", "MyAppV2"),
        ("class.wasm", None, "class_", "Class"),
        ("2d-shapes.wasm", None, "component_2d_shapes", "Component2dShapes"),
        ("größe.wasm", None, "gr_e", "GrE"),
        ("--.wasm", None, "component", "Component"),
        ("add.wasm", "calculator", "calculator", "Calculator"),
        ("add.wasm", "docs:adder/adder@0.1.0", "adder", "Adder"),
    ],
)
def test_the_world_is_named_by_the_option_or_the_file(
    file: str, world: str | None, module: str, class_name: str, dummy: Callable[[World], Path], tmp_path: Path
) -> None:
    component = tmp_path / file
    component.write_bytes(dummy(world_of("names")).read_bytes())
    files = texts(Config(component, world=world))
    assert f"class {class_name}(_host.World):" in files[f"host/{module}.py"]
    for path, text in files.items():
        if path.endswith(".py"):
            compile(text, path, "exec")


def test_guest_wrappers_only_where_nothing_else_is_wanted(dummy: Callable[[World], Path]) -> None:
    component = dummy(world_of("names"))
    assert not any(path.startswith("guest/") for path in texts(Config(component)))
    assert any(path.startswith("guest/") for path in texts(Config(component, host=False)))
