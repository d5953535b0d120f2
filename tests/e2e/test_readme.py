"""README.md, the tutorials and the how-tos: their programs run, and print what they show."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import wasmtime

from tests.support.components import CALCULATOR
from tests.support.guests import once
from tests.support.pages import follow, programs, run, write_files
from tests.support.paths import DOCS, ROOT

PLUGINS = DOCS / "tutorials" / "plugins.md"
HOW_TO = DOCS / "how-to"

# A plugin that loops where the body has four bytes, and traps otherwise; building `greedy.py` takes longer.
GREEDY = """(component
  (type $note' (record (field "title" string) (field "body" string) (field "tags" (list string))))
  (import "note" (type $note (eq $note')))
  (import "log" (func $log (param "line" string)))
  (core module $m
    (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
    (func (export "rewrite") (param i32 i32 i32 i32 i32 i32) (result i32)
      (if (i32.eq (local.get 3) (i32.const 4)) (then (loop $again (br $again))))
      unreachable))
  (core instance $i (instantiate $m))
  (alias core export $i "memory" (core memory $memory))
  (alias core export $i "realloc" (core func $realloc))
  (func (export "rewrite") (param "note" $note) (result (result $note (error string)))
    (canon lift (core func $i "rewrite") (memory $memory) (realloc $realloc))))"""


def _build(folder: Path) -> None:
    write_files(PLUGINS, folder)
    done = run("witgen init && witgen generate && witgen build -q shout.py --out plugins/shout.wasm", folder)
    assert done.returncode == 0, done.stderr
    (folder / "plugins" / "greedy.wasm").write_bytes(wasmtime.wat2wasm(GREEDY))


@pytest.fixture(scope="session")
def notes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the tutorial about plugins, as it is at its end."""
    return once(tmp_path_factory, "tutorial-plugins", _build)


def python(folder: Path, *arguments: str) -> str:
    done = subprocess.run([sys.executable, *arguments], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def shown(page: Path, command: str) -> str:
    """Return what a page shows below a command."""
    found = re.search(rf"^\$ {re.escape(command)}\n(.*?)(?=^\$ |^```)", page.read_text(), re.DOTALL | re.MULTILINE)
    assert found is not None
    return found[1]


def test_the_host_of_the_readme(notes: Path) -> None:
    write_files(ROOT / "README.md", notes)
    assert python(notes, "host.py") == shown(ROOT / "README.md", "python host.py")
    code = (notes / "host.py").read_text().splitlines()
    assert len([line for line in code if line]) <= 12


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) < 100


def test_the_hosts_of_the_tutorial(notes: Path) -> None:
    assert python(notes, "try_it.py") == shown(PLUGINS, "python try_it.py")
    assert python(notes, "notes.py", "loop") == shown(PLUGINS, "python notes.py loop")
    assert "greedy failed: Trap" in python(notes, "notes.py", "spy!!")


@pytest.mark.parametrize(
    ("page", "program", "printed"),
    [
        ("pools", "prepared.py", "['A', 'B', 'C']\n"),
        ("pools", "pool.py", "AGAIN\n"),
        ("traps", "spied.py", "wasm trap: wasm `unreachable` instruction executed"),
    ],
)
def test_how_tos_with_plugins(page: str, program: str, printed: str, notes: Path) -> None:
    write_files(HOW_TO / f"{page}.md", notes)
    assert printed in python(notes, program)


def test_preforking(notes: Path) -> None:
    write_files(HOW_TO / "preforking.md", notes)
    assert python(notes, "server.py") == "CHILD 0\nCHILD 1\n"


def test_hot_reload(notes: Path) -> None:
    write_files(HOW_TO / "hot-reload.md", notes)
    program = """
from pathlib import Path
from registry import Plugins

plugins = Plugins(Path("reloaded"))
file = Path("reloaded/greedy.wasm")
file.parent.mkdir(exist_ok=True)
file.write_bytes(Path("plugins/greedy.wasm").read_bytes())
first = plugins.get("greedy")
assert plugins.get("greedy") is first
file.write_bytes(b"broken")
assert plugins.get("greedy") is first
file.write_bytes(Path("plugins/shout.wasm").read_bytes())
assert plugins.get("greedy") is not first
"""
    assert python(notes, "-c", program).startswith("greedy: the new file is ignored: ")


def test_fastapi(notes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from fastapi.testclient import TestClient

    write_files(HOW_TO / "fastapi-plugins.md", notes)
    monkeypatch.chdir(notes)
    monkeypatch.syspath_prepend(notes)
    names: dict[str, Any] = {"__name__": "app", "__file__": str(notes / "app.py")}
    exec(compile((notes / "app.py").read_text(), "app.py", "exec"), names)

    def note(body: str) -> dict[str, object]:
        return {"title": "hello", "body": body, "tags": []}

    with TestClient(names["app"]) as client:
        done = client.post("/rewrite/shout", json=note("quiet"))
        assert (done.status_code, done.json()["body"]) == (200, "QUIET")
        assert client.post("/rewrite/shout", json=note("")).json() == {"detail": "there is nothing to shout"}
        assert client.post("/rewrite/shout", json={"title": "hello"}).status_code == 422
        content = b'{"title": "\\ud800", "body": "x", "tags": []}'
        half = client.post("/rewrite/shout", content=content, headers={"content-type": "application/json"})
        assert (half.status_code, "Unicode scalar values" in half.text) == (422, True)
        assert client.post("/rewrite/nobody", json=note("x")).status_code == 404
        assert client.post("/rewrite/greedy", json=note("loop")).status_code == 504
        assert client.post("/rewrite/greedy", json=note("other")).status_code == 502


def test_from_wasmtime_component(tmp_path: Path) -> None:
    (tmp_path / "calc.wasm").write_bytes(wasmtime.wat2wasm(CALCULATOR.read_text()))
    done = run("witgen generate calc.wasm --out calc_bindings", tmp_path)
    assert done.returncode == 0, done.stderr
    before, after = programs(HOW_TO / "from-wasmtime-component.md")
    assert python(tmp_path, "-c", before) == python(tmp_path, "-c", after) == "total 3\n3\n"


# A plugin of extism: it logs what it gets, and returns it.
ECHO = """(module
  (import "extism:host/user" "log" (func $log (param i64)))
  (import "extism:host/env" "input_offset" (func $input (result i64)))
  (import "extism:host/env" "input_length" (func $length (result i64)))
  (import "extism:host/env" "output_set" (func $output (param i64 i64)))
  (memory (export "memory") 1)
  (func (export "rewrite") (result i32)
    (call $log (call $input)) (call $output (call $input) (call $length)) (i32.const 0)))"""


def test_from_extism(notes: Path) -> None:
    before, after = programs(HOW_TO / "from-extism.md")
    assert python(notes, "-c", after) == shown(ROOT / "README.md", "python host.py")
    if find_spec("extism") is not None:
        (notes / "shout-extism.wasm").write_bytes(wasmtime.wat2wasm(ECHO))
        assert "{'title': 'hello', 'body': 'it works', 'tags': []}" in python(notes, "-c", before).splitlines()


def test_the_workflow_runs_commands_of_the_tutorial() -> None:
    """Another test runs those; the workflow begins with one that installs."""
    page = (HOW_TO / "ci.md").read_text().partition("# .github/workflows/tests.yml\n")[2].partition("```")[0]
    steps = re.findall(r"^      - run: (.*)$", page, re.MULTILINE)
    tutorial = (DOCS / "tutorials" / "component.md").read_text()
    assert len(steps) == 5
    assert [step for step in steps[1:] if f"\n$ {step}\n" not in tutorial] == []


@pytest.mark.long
@pytest.mark.parametrize("page", ["plugins", "component", "agent"])
def test_tutorials_from_an_empty_folder(page: str, tmp_path: Path) -> None:
    text = (DOCS / "tutorials" / f"{page}.md").read_text().replace("$ witgen serve shop.wasm\n", "")  # does not end
    (tmp_path / "page.md").write_text(text)
    (tmp_path / "work").mkdir()
    printed = follow(tmp_path / "page.md", tmp_path / "work")
    if page == "component":
        assert "3 passed" in printed["pytest -q --witgen-component app.wasm"]
    if page == "agent":
        parcel = "witgen run -q --key parcel shop.wasm 'Cart(\"ann\")' pack 8"
        assert printed[parcel] == '"2 items for ann"\n'


@pytest.mark.slow
@pytest.mark.parametrize("page", ["wasi", "linking", "how-to/exported-interfaces"])
def test_pages_from_an_empty_folder(page: str, tmp_path: Path) -> None:
    """Hosts, guests and what both print are those of the page."""
    assert {"python host.py"} <= follow(DOCS / f"{page}.md", tmp_path).keys()


@pytest.mark.long
def test_numpy(tmp_path: Path) -> None:
    if find_spec("numpy") is None:
        pytest.skip("numpy is not installed")
    follow(HOW_TO / "numpy.md", tmp_path)
