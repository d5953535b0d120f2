"""The names that wrappers look up are the names that `componentize-py bindings` writes."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.paths import SHARED
from witgen import resolve
from witgen.bindings.facts.componentize import Names, names
from witgen.bindings.facts.support import Side, obstacle
from witgen.diagnostics.errors import WitgenError
from witgen.wit.model import ir
from witgen_runtime.guest.naming import camel, case_class, shouty, snake

TOOL = Path(sys.executable).parent / "componentize-py"
pytestmark = pytest.mark.skipif(not TOOL.exists(), reason="componentize-py is not installed")

OWN = """\
package a:main@1.0.0;
world clash {
  import dep:kit/%types@0.2.3;
  import dep:kit/%types@0.2.6;
  import other:kit/%types;
  import other:kit/logger;
  import third:kit/logger@1.0.0-rc.1;
  import %import: interface { resource class { %from: func(%lambda: u32) -> u32; } }
  import %global: func(%def: u32) -> u32;
  export dep:kit/%types@0.2.6;
  export run: func();
}
package dep:kit@0.2.3 { interface %types { record r { a: u32 } f: func(x: r) -> r; } }
package dep:kit@0.2.6 { interface %types { record r { a: u32 } enum e { none, true, utf8-string }
  f: func(x: r) -> e; } }
package other:kit { interface %types { variant v { %class, HTTP-get(u32), x-y2 } f: func(x: v); }
  interface logger { flags none { %as, b } log: func(x: none); handle: func(); } }
package third:kit@1.0.0-rc.1 { interface logger { resource r { constructor(); %is: static func() -> u32; } } }
"""
OPTIONS: dict[str, tuple[list[str], dict[str, Any]]] = {
    "plain": ([], {}),
    "full-names": (["--full-names"], {"full_names": True}),
    "world-module": (["--world-module", "my_own.mod"], {"world_module": "my_own.mod"}),
    "renamed": (
        [
            "--import-interface-name", "dep:kit/types@0.2.3=old-types",
            "--import-interface-name", "other:kit/logger=words",
            "--export-interface-name", "dep:kit/types@0.2.6=shown",
        ],
        {
            "import_names": {"dep:kit/types@0.2.3": "old-types", "other:kit/logger": "words"},
            "export_names": {"dep:kit/types@0.2.6": "shown"},
        },
    ),
}  # fmt: skip


def trees() -> Iterator[Path]:
    codegen = SHARED / "fixtures" / "codegen"
    for path in sorted(codegen.iterdir()) if codegen.is_dir() else ():
        yield path / "wit" if (path / "wit").is_dir() else path
    yield from (path for path in (SHARED / "wit" / "golem-2026-07", SHARED / "wit" / "golem-wit-2025-08"))


@pytest.mark.parametrize("option", OPTIONS)
def test_clashes_keywords_and_options(option: str, tmp_path: Path) -> None:
    (tmp_path / "clash.wit").write_text(OWN)
    arguments, keywords = OPTIONS[option]
    assert compare(tmp_path / "clash.wit", tmp_path / "out", arguments, keywords) == 1


@pytest.mark.skipif(not SHARED.is_dir(), reason="the fixtures are not beside this checkout")
@pytest.mark.parametrize("path", list(trees()), ids=lambda path: path.parent.name if path.name == "wit" else path.name)
def test_trees(path: Path, tmp_path: Path) -> None:
    try:
        compared = compare(path, tmp_path / "out", [], {})
    except WitgenError as error:
        pytest.skip(f"not one tree: {error}")
    if not compared:
        pytest.skip("componentize-py refuses all of its worlds")


def compare(path: Path, out: Path, arguments: list[str], keywords: dict[str, Any]) -> int:
    """Compare every world of a tree that componentize-py takes, and return how many those are."""
    resolved, compared = resolve(path), 0
    for id, world in enumerate(resolved.worlds):
        package = resolved.packages[world.package].name
        version = f"@{package.version}" if package.version else ""
        title = f"{package.namespace}:{package.name}/{world.name}{version}"
        shutil.rmtree(out, ignore_errors=True)
        command = [TOOL, "-d", path, "-w", title, *arguments, "bindings", out]
        if subprocess.run(command, capture_output=True).returncode == 0:
            compared += 1
            check(resolved, world, names(resolved, id, **keywords), out)
    return compared


def check(resolved: ir.Resolve, world: ir.World, given: Names, out: Path) -> None:
    home = out.joinpath(*given.world_module.split("."))
    for side, modules in (("imports", given.imports), ("exports", given.exports)):
        written = {file.stem for file in (home / side).glob("*.py")} - {"__init__"}
        assert written <= set(modules.values())
        assert len(set(modules.values())) == len(modules)
    for key, item in world.imports.items():
        if isinstance(item, ir.InterfaceItem):
            instance = resolved.interface_name(item.id) or str(key)
            interface = resolved.interfaces[item.id]
            wanted = {*functions(resolved, interface, Side.GUEST_IMPORT), *types(resolved, interface)}
            assert wanted <= set(defined(home / "imports" / f"{given.imports[instance]}.py")), instance
    for key, item in world.exports.items():
        if isinstance(item, ir.InterfaceItem):
            instance = resolved.interface_name(item.id) or str(key)
            check_export(resolved, resolved.interfaces[item.id], home / "exports", given.exports[instance])
    if any(isinstance(item, ir.Function) for item in world.exports.values()):
        assert given.world_class in set(defined(home / "__init__.py"))


def check_export(resolved: ir.Resolve, interface: ir.Interface, home: Path, module: str) -> None:
    """Free functions are methods of one class per interface, resources classes of the interface's module."""
    for name in functions(resolved, interface, Side.GUEST_EXPORT):
        place, wanted = (f"{module}.py", name) if "." in name else ("__init__.py", f"{camel(module)}.{name}")
        assert wanted in set(defined(home / place)), wanted


def functions(resolved: ir.Resolve, interface: ir.Interface, side: Side) -> Iterator[str]:
    """Yield the functions that wrappers look up or offer: `f`, `Class.method`."""
    for function in interface.functions.values():
        if obstacle(resolved, function, side) is None:
            member = snake(function.name.rpartition("]")[2].rpartition(".")[2])
            resource = function.kind.resource
            owner = camel(resolved.type_def(resource).name or "") + "." if resource is not None else ""
            constructor = function.kind.tag is ir.FunctionKindTag.CONSTRUCTOR
            yield owner + ("__init__" if constructor else member)


def types(resolved: ir.Resolve, interface: ir.Interface) -> Iterator[str]:
    """Yield what wrappers look up to make values: `Record`, `Variant_Case`, `Enum.MEMBER`."""
    for name, id in interface.types.items():
        kind = resolved.type_def(id).kind
        if isinstance(kind, ir.Record | ir.Resource):
            yield camel(name)
        elif isinstance(kind, ir.Variant):
            yield from (case_class(name, case.name) for case in kind.cases)
        elif isinstance(kind, ir.Enum):
            yield from (f"{camel(name)}.{shouty(case.name)}" for case in kind.cases)


def defined(file: Path) -> Iterator[str]:
    for node in ast.parse(file.read_text()).body if file.exists() else ():
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name
        if isinstance(node, ast.ClassDef):
            for inner in node.body:
                if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef):
                    yield f"{node.name}.{inner.name}"
                elif isinstance(inner, ast.Assign) and isinstance(inner.targets[0], ast.Name):
                    yield f"{node.name}.{inner.targets[0].id}"
