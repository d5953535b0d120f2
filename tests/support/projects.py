"""Scratch projects with WIT in them, and the command as people run it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.paths import ROOT

Run = Callable[..., subprocess.CompletedProcess[str]]

WIT = """\
package demo:shop@1.0.0;

/// What is for sale.
interface goods {
  record item {
    name: string,
    price: u32,
  }
  find: func(name: string) -> result<item, string>;
}

interface log {
  write: func(line: string);
}

world shop {
  import goods;
  import log;
  export run: func() -> u32;
}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with WIT and a target."""
    (tmp_path / "wit").mkdir()
    (tmp_path / "wit" / "shop.wit").write_text(WIT)
    (tmp_path / "pyproject.toml").write_text('[tool.witgen]\nworld = "shop"\nout = "shop_bindings"\n')
    return tmp_path


@pytest.fixture
def witgen(tmp_path: Path) -> Run:
    """Run the command in a folder of the test's own, as on a machine where nothing was generated before."""
    own = {name: value for name, value in os.environ.items() if name not in {"GITHUB_ACTIONS", "NO_COLOR"}}

    def run(*arguments: object, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "witgen", *map(str, arguments)]
        return subprocess.run(
            command,
            cwd=cwd or tmp_path,
            env={**own, "XDG_CACHE_HOME": str(tmp_path / ".cache"), **environment},
            capture_output=True,
            text=True,
            timeout=120,
        )

    return run


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout."""
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(out)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return next(out.glob("*.whl"))
