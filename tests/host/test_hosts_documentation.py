"""The host of docs/quickstart.md, and sections of docs/hosts.md: asyncio, greenlets, prepared components."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from wasmtime import wat2wasm

from tests.support.paths import DOCS
from witgen import Config, generate

_ALIASES = """(alias core export $i "memory" (core memory $memory))
  (alias core export $i "realloc" (core func $realloc))"""

CHAT = f"""(component
  (core module $m (memory (export "memory") 1)
    (data (i32.const 8) "\\18\\00\\00\\00\\01\\00\\00\\00")
    (data (i32.const 24) "\\20\\00\\00\\00\\05\\00\\00\\00hello")
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
    (func (export "run") (param i32 i32) (result i32) (i32.const 4)))
  (core instance $i (instantiate $m))
  {_ALIASES}
  (func (export "run") (param "url" string) (result (result (list string) (error string)))
    (canon lift (core func $i "run") (memory $memory) (realloc $realloc))))"""

TEXT = f"""(component
  (import "fetch" (func $fetch (param "number" u32) (result u32)))
  (core func $f (canon lower (func $fetch)))
  (type $p' (resource (rep i32)))
  (core func $new (canon resource.new $p')) (core func $rep (canon resource.rep $p'))
  (core module $m
    (import "" "fetch" (func $fetch (param i32) (result i32)))
    (import "" "new" (func $new (param i32) (result i32))) (import "" "rep" (func $rep (param i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
    (func (export "new") (param i32) (result i32) (call $new (local.get 0)))
    (func (export "run") (param i32 i32) (result i32) (i32.mul (local.get 0) (call $fetch (local.get 1))))
    (func (export "join") (param i32 i32) (result i32)
      (i32.store (i32.const 8) (i32.const 1))
      (i32.store (i32.const 12) (call $new
        (i32.mul (call $rep (i32.load (local.get 0))) (call $rep (i32.load offset=4 (local.get 0))))))
      (i32.const 8)))
  (core instance $i (instantiate $m (with "" (instance
    (export "fetch" (func $f)) (export "new" (func $new)) (export "rep" (func $rep))))))
  {_ALIASES}
  (func $c-new (param "factor" u32) (result (own $p')) (canon lift (core func $i "new")))
  (func $c-run (param "self" (borrow $p')) (param "number" u32) (result u32) (canon lift (core func $i "run")))
  (func $c-join (param "parts" (list (own $p'))) (result (option (own $p')))
    (canon lift (core func $i "join") (memory $memory) (realloc $realloc)))
  (component $shim
    (import "p" (type $p (sub resource)))
    (import "new" (func $new (param "factor" u32) (result (own $p))))
    (import "run" (func $run (param "self" (borrow $p)) (param "number" u32) (result u32)))
    (import "join" (func $join (param "parts" (list (own $p))) (result (option (own $p)))))
    (export $e "pipeline" (type $p))
    (export "[constructor]pipeline" (func $new) (func (param "factor" u32) (result (own $e))))
    (export "[method]pipeline.run" (func $run)
      (func (param "self" (borrow $e)) (param "number" u32) (result u32)))
    (export "[static]pipeline.join" (func $join)
      (func (param "parts" (list (own $e))) (result (option (own $e))))))
  (instance $api (instantiate $shim (with "p" (type $p')) (with "new" (func $c-new)) (with "run" (func $c-run))
    (with "join" (func $c-join))))
  (export "demo:text/pipelines" (instance $api)))"""


def blocks(path: Path, language: str, *sections: str) -> list[str]:
    """Return the code in a language of some sections of a page, or of all of it."""
    text = path.read_text()
    parts = re.split(r"^## ", text, flags=re.MULTILINE)
    chosen = [part for part in parts if part.partition("\n")[0] in sections] if sections else [text]
    return [
        code for part in chosen for code in re.findall(rf"^```{language}\n(.*?)^```", part, re.DOTALL | re.MULTILINE)
    ]


HOSTS = DOCS / "hosts.md"
QUICKSTART = DOCS / "quickstart.md"
SHOWN = [
    *blocks(QUICKSTART, "python", "A host"),
    *blocks(HOSTS, "python", "asyncio", "Greenlets", "Opening many stores"),
]
_REFUSAL = (
    "another greenlet of this thread is inside a component, in a host function that has switched to this one: calls of"
    " components must not overlap on a thread; let that call end first, or use another thread"
)
PRINTED = [
    "['hello']\n",
    "['hello']\n",
    "42\n42\n",
    "request 1 fetches 21\nrequest 2 fetches 21\n[42, 42]\n",
    f"{_REFUSAL}\n42\n",
    "9900\n",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hosts")
    chat, text = blocks(QUICKSTART, "wit")[0], blocks(HOSTS, "wit", "asyncio")[0]
    for name, wit, component in (("chat", chat, CHAT), ("text", text, TEXT)):
        (folder / f"{name}.wit").write_text(wit)
        (folder / f"{name}.wasm").write_bytes(wat2wasm(component))
        generate(Config(folder / f"{name}.wit", out=folder / f"{name}_bindings", golem=name == "chat", guest=False))
    (folder / "pyrightconfig.json").write_text('{"typeCheckingMode": "strict", "pythonVersion": "3.11"}')
    return folder


@pytest.mark.parametrize(("code", "printed"), list(zip(SHOWN, PRINTED, strict=True)), ids=range(len(SHOWN)))
def test_code_runs(folder: Path, code: str, printed: str) -> None:
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, printed), done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    "checker",
    [
        ["mypy", "--strict", "--config-file=", "--disable-error-code=import-untyped"],  # greenlet has no types
        ["pyright", "--pythonpath", sys.executable],
    ],
    ids=["mypy", "pyright"],
)
def test_code_has_the_types_that_it_says(folder: Path, checker: list[str]) -> None:
    for number, code in enumerate(SHOWN):
        (folder / f"shown{number}.py").write_text(code)
    command = [sys.executable, "-m", *checker, *(f"shown{number}.py" for number in range(len(SHOWN)))]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
