"""`witgen inspect`: the tree as text and as JSON, and the reason why an item is missing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

WIT = """\
package demo:gates@1.0.0;

interface shapes {
  use other.{color as colour};
  record point { x: s32, y: list<tuple<string, option<u8>>> }
  variant shape { none, at(point) }
  enum kind { a, b }
  flags rights { read }
  type name = string;
  type names = list<name>;
  resource pen {
    constructor(width: u32);
    draw: func(shape: shape) -> result<_, string>;
    default: static func() -> pen;
    @unstable(feature = erasing)
    erase: func();
  }
  @unstable(feature = painting)
  paint: func(shapes: list<shape>);
  area: async func(shape: borrow<pen>) -> f64;
}
interface other { enum color { red } }
@unstable(feature = painting)
interface paints { mix: func(); }

world studio {
  import shapes;
  @unstable(feature = painting)
  import paints;
  import log: interface { line: func(text: string); }
  export run: func() -> result;
}
"""

TEXT = """\
package demo:gates@1.0.0
├── interface other
│   └── enum color
│       └── red
├── interface shapes
│   ├── use demo:gates/other@1.0.0.{color as colour}
│   ├── record point
│   │   ├── x: s32
│   │   └── y: list<tuple<string, option<u8>>>
│   ├── variant shape
│   │   ├── none
│   │   └── at(point)
│   ├── enum kind
│   │   ├── a
│   │   └── b
│   ├── flags rights
│   │   └── read
│   ├── type name = string
│   ├── type names = list<name>
│   ├── resource pen
│   │   ├── constructor(width: u32)
│   │   ├── draw: func(shape: shape) -> result<_, string>
│   │   └── default: static func() -> pen
│   ├── area: async func(shape: borrow<pen>) -> f64
│   ├── function pen.erase  (left out: feature `erasing` is not active)
│   └── function paint  (left out: feature `painting` is not active)
├── world studio
│   ├── import demo:gates/other@1.0.0
│   ├── import demo:gates/shapes@1.0.0
│   ├── import log: interface
│   │   └── line: func(text: string)
│   ├── export run: func() -> result
│   └── import paints  (left out: feature `painting` is not active)
└── interface paints  (left out: feature `painting` is not active)
"""


def inspect(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "witgen", "inspect", "a.wit", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.wit").write_text(WIT)
    return tmp_path


def test_text(folder: Path) -> None:
    assert inspect(cwd=folder).stdout == TEXT


def test_features(folder: Path) -> None:
    shown = inspect("--features", "painting", cwd=folder).stdout
    assert "(left out: feature `painting` is not active)" not in shown
    assert "pen.erase  (left out: feature `erasing` is not active)" in shown
    assert "left out" not in inspect("--all-features", cwd=folder).stdout


def test_world(folder: Path) -> None:
    lines = inspect("--world", "studio", cwd=folder).stdout.splitlines()
    assert lines[0] == "world demo:gates/studio@1.0.0"
    assert lines[-1] == "└── import paints  (left out: feature `painting` is not active)"
    refused = inspect("--world", "studi", cwd=folder)
    assert refused.returncode == 2
    assert "did you mean `studio`" in refused.stderr


def test_json(folder: Path) -> None:
    (package,) = json.loads(inspect("--json", cwd=folder).stdout)
    assert (package["kind"], package["name"]) == ("package", "demo:gates@1.0.0")
    shapes = next(item for item in package["children"] if item["name"] == "shapes")
    paint = next(item for item in shapes["children"] if item["name"] == "paint")
    assert paint["left_out"] == "feature `painting` is not active"
    assert paint["kind"] == "function"
