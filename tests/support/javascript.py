"""Components in JavaScript, made by componentize-js from npm when they are needed."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.guests import once
from tests.support.paths import ROOT

__all__ = ["build_javascript"]

EXAMPLE = ROOT / "examples" / "javascript"


def build_javascript(factory: pytest.TempPathFactory, folder: Path) -> None:
    """Run `build.mjs` of a folder. Skip the test if there is no Node.js, or npm cannot fetch the package.

    `WITGEN_NODE_MODULES` may name a folder `node_modules` that has it.
    """
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("needs Node.js with npm, to make a component of JavaScript")
    given = os.environ.get("WITGEN_NODE_MODULES")
    modules = Path(given) if given else once(factory, "npm", _install) / "node_modules"
    if not modules.is_dir():
        pytest.skip(f"npm could not fetch componentize-js: {(modules.parent / 'error').read_text()[-300:]}")
    (folder / "node_modules").symlink_to(modules)
    subprocess.run([node, "build.mjs"], cwd=folder, check=True, timeout=600)


def _install(folder: Path) -> None:
    shutil.copy(EXAMPLE / "package.json", folder)
    command = ["npm", "install", "--no-audit", "--no-fund", "--loglevel=error"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=900)
    if done.returncode:
        shutil.rmtree(folder / "node_modules", ignore_errors=True)
        (folder / "error").write_text(done.stderr)
