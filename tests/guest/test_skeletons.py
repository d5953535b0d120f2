"""`witgen init --guest`: an application with everything that a world exports, to be filled in."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import wasmtime

from tests.support.components import ADDER
from tests.support.golden_trees import CASES, options
from tests.support.projects import Run
from witgen import Config, generate, resolve, select_world
from witgen.pipeline import skeleton

pytestmark = pytest.mark.slow

WIT = """\
package desk:all;

interface store {
  record entry { key: string, value: option<option<u32>> }
  enum kind { small, large }
  variant error { missing(string), denied }
  resource bucket {
    constructor(name: string);
    get: func(key: string) -> result<list<u8>, error>;
    %list: func(prefix: string) -> list<string>;
    %open: static func(name: string) -> result<bucket, error>;
    merge: static func(parts: list<borrow<bucket>>) -> bucket;
  }
  resource cursor {
    next: func() -> option<entry>;
  }
  scan: func(bucket: borrow<bucket>, kind: kind) -> list<entry>;
  swap: func(bucket: bucket) -> result<bucket, string>;
}

interface counter {
  resource counter {
    constructor();
    add: func(n: u32) -> u32;
  }
}

interface waits {
  use store.{bucket as pail, entry};
  wait: async func(entry: entry) -> string;
  pass: async func(bytes: stream<u8>, number: future<u32>) -> stream<string>;
  empty: func(bucket: borrow<pail>) -> result<result<u8, string>, string>;
}

interface errors {
  record not-implemented-error { code: u8 }
  %list: func(errors: list<not-implemented-error>) -> list<u32>;
}

world all {
  export store;
  export counter;
  export waits;
  export errors;
  export %list: func(%list: list<u32>);
  export class: async func() -> option<string>;
  /// Says what it has "read".
  export read-everything: func(first: string, second: list<tuple<string, string>>) -> result<list<string>, string>;
}
"""

COUNTER = """\
class MyCounter(Counter):
    def __init__(self) -> None:
        raise NotImplementedError

    def add(self, n: int) -> int:
        raise NotImplementedError
"""
BUCKET = """\
    @classmethod
    def merge(cls, parts: _builtins.list[BucketBase]) -> BucketBase:
        raise NotImplementedError
"""
STORE = """\
class MyStore(Store):
    Bucket = MyBucket
    Cursor = MyCursor

    def scan(self, bucket: BucketBase, kind: Kind) -> list[Entry]:
        raise NotImplementedError
"""
WAITS = """\
class MyWaits(Waits):
    async def wait(self, entry: Entry) -> str:
        raise NotImplementedError
"""


def checked(*files: str, cwd: Path) -> str:
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--no-error-summary", *files]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True).stdout


@pytest.mark.long
def test_what_is_written_can_be_generated_checked_and_built(tmp_path: Path, witgen: Run) -> None:
    (tmp_path / "wit").mkdir()
    (tmp_path / "wit" / "all.wit").write_text(WIT)
    for command in ("init --guest", "generate", "build app.py --stub-wasi"):
        run = witgen(*command.split())
        assert run.returncode == 0, run.stderr
    text = (tmp_path / "app.py").read_text()
    plain = text.replace("_builtins.list[Entry]", "list[Entry]")
    assert [part for part in (COUNTER, BUCKET, STORE, WAITS) if part not in plain] == []
    assert "desk_all_counter=MyCounter," in text
    assert "desk_all_store=MyStore()," in text
    assert checked("app.py", cwd=tmp_path) == ""
    assert (tmp_path / "app.wasm").is_file()


def test_the_applications_of_all_worlds_fit_their_bindings(tmp_path: Path, witgen: Run) -> None:
    """Names of every kind, resources in every place, both kinds of functions: type checkers find nothing wrong."""
    made: list[str] = []
    for case in CASES:
        found = options(case, tmp_path)
        if found.get("runtime") or found.get("reuse") or found.get("names") or not found.get("guest", True):
            continue  # they are chosen after the first `generate`, or have no application
        given = {name: found[name] for name in ("features", "all_features", "golem") if name in found}
        wit = resolve(found["wit"], **given)
        world = select_world(wit, found.get("world"))
        package = f"{case.replace('-', '_')}_bindings"
        if wit.worlds[world].exports:
            app = tmp_path / f"{case.replace('-', '_')}_app.py"
            app.write_text(skeleton(wit, world, package))
            generate(Config(**found, out=tmp_path / package))
            made.append(app.name)
    assert len(made) >= 4
    assert checked(*made, cwd=tmp_path) == ""


def test_it_stands_beside_the_bindings(tmp_path: Path, witgen: Run) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "w.wit").write_text("""package a:b;
world w {
  use golem:websocket/client@1.5.0.{message};
  import golem:websocket/client@1.5.0;
  export listen: func(url: string) -> list<message>;
}
""")
    run = witgen("init", "--guest", "--golem")
    assert run.returncode == 0, run.stderr
    assert "run `witgen build src/app.py`" in run.stderr
    assert witgen("generate").returncode == 0
    assert checked("app.py", cwd=tmp_path / "src") == ""


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["wit"], "there is already `app.py`"),
        (["wit", "--out", "my-app"], "no import statement can name"),
        (["nothing.wit"], "world `none` exports nothing"),
    ],
)
def test_nothing_is_written_where_it_cannot_be_used(
    arguments: list[str], told: str, project: Path, witgen: Run
) -> None:
    (project / "pyproject.toml").unlink()
    (project / "app.py").write_text("mine = True\n")
    (project / "nothing.wit").write_text("package a:b;\nworld none {}\n")
    if "--out" in arguments:
        (project / "app.py").unlink()
    before = sorted(project.iterdir())
    run = witgen("init", "--guest", *arguments)
    assert run.returncode == 2
    assert told in run.stderr
    assert "W0933" in run.stderr
    assert [path for path in sorted(project.iterdir()) if path.name != ".cache"] == before
    if (project / "app.py").exists():
        assert (project / "app.py").read_text() == "mine = True\n"


def test_a_component_has_its_guest(tmp_path: Path, witgen: Run) -> None:
    (tmp_path / "add.wasm").write_bytes(wasmtime.wat2wasm(ADDER.read_text()))
    run = witgen("init", "--guest", "add.wasm")
    assert run.returncode == 2
    assert "is a component, which contains its guest" in run.stderr
    assert not (tmp_path / "app.py").exists()
    assert not (tmp_path / "pyproject.toml").exists()
