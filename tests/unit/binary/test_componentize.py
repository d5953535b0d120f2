"""A component that componentize-py builds: some 18 MB, with WASI imports and a start-up export of its own."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.unit.binary.wit_outline import of_ir
from witgen.wit.binary import decode_component
from witgen.wit.resolve import load

COMPONENTIZE_PY = shutil.which("componentize-py", path=str(Path(sys.executable).parent))
pytestmark = [pytest.mark.slow, pytest.mark.skipif(COMPONENTIZE_PY is None, reason="componentize-py is not installed")]

WIT = """
package test:library@0.2.0;

interface shelf {
  record book { title: string, pages: u32 }
  variant lookup { found(book), missing(string) }
  resource loan {
    constructor(book: book);
    due: func() -> option<u64>;
  }
  find: func(title: string) -> lookup;
}

interface desk {
  use shelf.{book, loan};
  borrow-book: func(book: book) -> result<loan, string>;
}

world town {
  import shelf;
  export desk;
  export is-open: func(hours: list<u8>) -> bool;
}
"""

APP = """
import wit_world
from wit_world import exports

class WitWorld(wit_world.WitWorld):
    def is_open(self, hours):
        return bool(hours)

class Desk(exports.Desk):
    def borrow_book(self, book):
        raise NotImplementedError
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes]:
    folder = tmp_path_factory.mktemp("library")
    (folder / "library.wit").write_text(WIT)
    (folder / "app.py").write_text(APP)
    options = ["-d", "library.wit", "-w", "town", "componentize", "app", "-o", "app.wasm"]
    subprocess.run([COMPONENTIZE_PY, *options], cwd=folder, check=True, capture_output=True)
    return folder / "library.wit", (folder / "app.wasm").read_bytes()


def test_world(built: tuple[Path, bytes]) -> None:
    wit, component = built
    decoded, text = of_ir(decode_component(component, "app.wasm")), of_ir(load(str(wit)))
    world, expected = decoded["root:component"]["worlds"]["root"], text["test:library@0.2.0"]["worlds"]["town"]
    assert [item for item in world["imports"] if not item["key"].startswith("wasi:")] == expected["imports"]
    assert world["exports"] == expected["exports"]
    for name, interface in text["test:library@0.2.0"]["interfaces"].items():
        found = decoded["test:library@0.2.0"]["interfaces"][name]
        assert (found["types"], found["functions"]) == (interface["types"], interface["functions"])


def test_is_quick(built: tuple[Path, bytes]) -> None:
    component = built[1]
    assert len(component) > 10_000_000
    start = time.process_time()
    decode_component(component, "app.wasm")
    assert time.process_time() - start < 0.5
