"""Names that componentize-py trips over work in guests: in one component, run on wasmtime."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.guests import importable, once
from witgen import Config, generate
from witgen.build.componentize import Build, build

pytestmark = [
    pytest.mark.skipif(
        not (Path(sys.executable).parent / "componentize-py").exists(), reason="componentize-py is not installed"
    ),
    pytest.mark.slow,
    pytest.mark.long,
]

WIT = """\
package test:awkward;
interface faults {
  variant err { b(string), c }
  enum ok { yes, no }
  resource some {
    constructor(ok: bool) -> result<some, err>;
    handle: func() -> result<u32, err>;
    finalizer: static func(fail: bool) -> result<ok, err>;
  }
  check: func(fail: bool, isinstance: u32) -> result<ok, err>;
}
interface queue { resource job { constructor(n: u32); run: func() -> u32; } }
interface kv { add-one: func(n: u32) -> u32; }
interface vault { resource secret { open: func() -> u32; } record chest { inside: secret } }
world awkward {
  use vault.{chest};
  import faults;
  export queue;
  export kv;
  export provoke: func() -> list<string>;
  export open-chest: func(found: chest) -> u32;
  export own-names: func() -> list<string>;
}
"""
APP = """\
from awkward_bindings.guest import exports, test_awkward_faults as faults
from awkward_bindings.guest.exports import test_awkward_kv, test_awkward_queue
from awkward_bindings.types.test_awkward_faults import Err

class WitWorld:
    motto = "the application's own"

class Kv(test_awkward_kv.Kv):
    def add_one(self, n): return n + 1

class Job(test_awkward_queue.Job):
    def __init__(self, n): self.n = n
    def run(self): return self.n * 2

def caught(call, *arguments):
    try:
        return str(call(*arguments))
    except Err as error:
        return repr(error)

def provoke():
    some = faults.Some(True)
    calls = [(faults.check, False, 1), (faults.check, True, 1), (faults.Some, False), (some.handle,)]
    calls += [(faults.Some.finalizer, False), (faults.Some.finalizer, True), (some.handle,)]
    return [caught(*call) for call in calls]

def own_names():
    return [WitWorld.motto, str(Kv().add_one(1)), type(Kv()).__name__, queue.Queue.__module__]

def open_chest(found):
    with found.inside as secret:
        return secret.open()

exports.serve(
    __name__, provoke=provoke, own_names=own_names, open_chest=open_chest, test_awkward_queue=Job, test_awkward_kv=Kv()
)

import queue
"""


@pytest.fixture(scope="module")
def bindings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return importable(once(tmp_path_factory, "awkward", _build)) / "awkward.wasm"


def _build(folder: Path) -> None:
    (folder / "awkward.wit").write_text(WIT)
    (folder / "app.py").write_text(APP)
    result = generate(Config(folder / "awkward.wit", out=folder / "awkward_bindings"))
    assert not result.diagnostics
    build(Build(str(folder / "app.py"), folder / "awkward.wit", out=folder / "awkward.wasm"))


@pytest.fixture
def world(bindings: Path) -> Iterator[Any]:
    from awkward_bindings.host import Awkward, AwkwardImports  # type: ignore[import-not-found]
    from awkward_bindings.host.test_awkward_faults import Faults  # type: ignore[import-not-found]
    from awkward_bindings.host.test_awkward_faults import Some as SomeBase
    from awkward_bindings.host.test_awkward_vault import Secret as SecretBase  # type: ignore[import-not-found]
    from awkward_bindings.types.test_awkward_faults import ErrB, ErrC, Ok  # type: ignore[import-not-found]

    class Some(SomeBase):  # type: ignore[misc]
        def __init__(self, ok: bool) -> None:
            if not ok:
                raise ErrB("no some")

        def handle(self) -> int:
            raise ErrC

        @classmethod
        def finalizer(cls, fail: bool) -> Any:
            if fail:
                raise ErrC
            return Ok.NO

    class Host(Faults):  # type: ignore[misc]
        def check(self, fail: bool, isinstance: int) -> Any:
            if fail:
                raise ErrB("failed")
            return Ok.YES

    class Secret(SecretBase):  # type: ignore[misc]
        def open(self) -> int:
            return 42

    Host.Some = Some
    imports = AwkwardImports(test_awkward_faults=Host(), test_awkward_vault=Secret)
    with Awkward.open(bindings, imports) as world:
        yield world


def test_types_called_err_and_ok_and_methods_called_handle_and_finalizer(world: Any) -> None:
    assert world.provoke() == [
        "Ok.YES",
        "ErrB(value='failed')",
        "ErrB(value='no some')",
        "ErrC()",
        "Ok.NO",
        "ErrC()",
        "ErrC()",
    ]


def test_a_resource_arrives_whose_wrapper_the_application_never_imported(world: Any, bindings: Path) -> None:
    from awkward_bindings.host import test_awkward_vault  # type: ignore[import-not-found]
    from awkward_bindings.types.test_awkward_vault import Chest  # type: ignore[import-not-found]

    secret = type("Found", (test_awkward_vault.Secret,), {"open": lambda self: 42})
    assert world.open_chest(Chest(secret())) == 42


def test_the_application_keeps_its_names_and_python_its_modules(world: Any) -> None:
    assert world.own_names() == ["the application's own", "2", "Kv", "queue"]
    assert world.test_awkward_kv.add_one(4) == 5
    assert world.test_awkward_queue.Job(21).run() == 42
