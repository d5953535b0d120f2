"""Nothing that WIT can be called meets a name of the generator, of Python, or of what generated modules import."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.bindings.wit_of_words import WORLDS, everything, frequent, relay, word_tree
from witgen import Config, generate
from witgen.bindings.facts.world import WORLD_NAMES
from witgen_runtime import guest
from witgen_runtime.host import AsyncResource, AsyncWorld, ExportedInterface, Interface, Resource, World

pytestmark = pytest.mark.slow

IMPORTS = """
import importlib, pathlib, sys
root = pathlib.Path(sys.argv[1])
for path in sorted(root.rglob("*.py")):
    parts = path.relative_to(root).with_suffix("").parts
    importlib.import_module(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
"""

GUEST = """
from all_functions_bindings._abi import all_functions as own_abi, words_functions_calls as abi
from all_functions_bindings.guest import all_functions as own, testing, words_functions_calls as calls

with testing.Fakes() as fakes:
    sides = (calls, fakes.words_functions_calls, abi.INTERFACE), (own, fakes.all_functions, own_abi.IMPORTS)
    for module, fake, table in sides:
        for number, function in enumerate(table.functions):
            getattr(fake, function.python).returns(number)
        for number, function in enumerate(table.functions):
            pair = len(function.params) == 2
            given = tuple("text" if pair and param.name == "self" else b"x" for param in function.params)
            assert getattr(module, function.python)(*given) == number, function.name
            assert getattr(fake, function.python).calls == [given], function.name
print("all", len(abi.INTERFACE.functions))
"""

HOST = """
import sys
from types import SimpleNamespace
from all_calls_bindings._abi import all_calls as own_abi, words_calls_calls as abi
from all_calls_bindings.host import AllCalls, AllCallsImports, words_calls_calls as calls


def numbered(table, base):
    return {f.python: (lambda x, n=n: base * (1000 * x + n)) for n, f in enumerate(table.functions)}


def method(function):
    return lambda self, x: function(x)


own = numbered(own_abi.IMPORTS, 1)
Calls = type("Calls", (calls.Calls,), {name: method(function) for name, function in numbered(abi.INTERFACE, 2).items()})
imports = AllCallsImports(words_calls_calls=Calls(), **own)
with AllCalls.open(sys.argv[2], imports) as world:
    for number, function in enumerate(own_abi.EXPORTS.functions):
        name = function.python + "_" * (function.python in {"open", "prepare", "instantiate", "close"})
        assert getattr(world, name)(7) == 7000 + number, name
    for number, function in enumerate(abi.INTERFACE.functions):
        assert getattr(world.words_calls_calls, function.python)(7) == 2 * (7000 + number), function.name
print("all", number + 1)
"""


def bindings(kind: str, words: list[str], root: Path) -> None:
    """Generate the worlds of one kind side by side in `root`."""
    wit = root / f"{kind}.wit"
    wit.write_text(word_tree(kind, words))
    for world in WORLDS[kind]:
        out = root / f"{world.replace('-', '_')}_bindings"
        generate(Config(wit, world=world, out=out, runtime="witgen_runtime"))


@pytest.fixture(
    scope="module",
    params=[pytest.param(frequent, id="frequent"), pytest.param(everything, id="all", marks=pytest.mark.long)],
)
def root(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All kinds of worlds, with all words."""
    folder, words = tmp_path_factory.mktemp("words"), request.param()
    for kind in WORLDS:
        bindings(kind, words[::6] if kind in {"places", "resources"} and request.param is frequent else words, folder)
    (folder / "relay.wat").write_text(relay(words))
    return folder


def run(root: Path, script: str) -> str:
    command = [sys.executable, "-c", script, root, root / "relay.wat"]
    environment = os.environ | {"PYTHONPATH": str(root)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=root, env=environment, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_every_module_imports(root: Path) -> None:
    run(root, IMPORTS)


def test_types(root: Path) -> None:
    command = [Path(sys.executable).parent / "mypy", "--strict", "--no-error-summary", "--config-file=", "."]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=root)
    assert done.stdout == ""


def test_wrappers_call_the_function_that_they_name(root: Path) -> None:
    assert run(root, GUEST).startswith("all ")


def test_hosts_call_the_function_that_they_name(root: Path) -> None:
    assert run(root, HOST).startswith("all ")


def test_the_names_that_classes_of_the_runtime_offer_are_known() -> None:
    """A function of WIT gets another name beside these; nothing else that is public stands in its way."""
    offered = {name for class_ in (World, AsyncWorld) for name in dir(class_) if not name.startswith("_")}
    assert offered | {"instantiate", "open", "prepare"} == set(WORLD_NAMES)
    for class_ in (Interface, ExportedInterface, guest.ExportedInterface, guest.Resource, guest.ExportedResource):
        assert not [name for name in dir(class_) if not name.startswith("_")], class_
    for class_ in (Resource, AsyncResource):
        assert [name for name in dir(class_) if not name.startswith("_")] == ["dropped"]
