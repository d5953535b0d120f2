"""`exports.serve` on CPython: objects that implement an exported interface."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.support.guests import importable
from witgen import Config, generate

WIT = """\
package test:serving;
interface handler { handle: func(n: u32) -> u32; }
world serving { export handler; }
"""
APPLICATION = """\
from serving_bindings.guest import exports
from serving_bindings.guest.exports.test_serving_handler import Handler

class Plain(Handler):
    def handle(self, n: int) -> int:
        return n

class Adding(Handler):
    def __init__(self, first: int, *, second: int = 0) -> None:
        self.sum = first + second

    def handle(self, n: int) -> int:
        return n + self.sum

exports.serve("__main__", test_serving_handler=Adding(1, second=2))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = importable(tmp_path_factory.mktemp("serving"))
    (folder / "serving.wit").write_text(WIT)
    (folder / "serving_app.py").write_text(APPLICATION)
    generate(Config(folder / "serving.wit", out=folder / "serving_bindings", host=False))
    return folder


@pytest.fixture(scope="module")
def app(folder: Path) -> ModuleType:
    import serving_app

    return serving_app


def test_constructors_take_arguments(app: ModuleType) -> None:
    assert app.Adding(1, second=2).handle(3) == 6
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'first'"):
        app.Adding()
    for arguments, named in (((1,), {}), ((), {"first": 1})):
        with pytest.raises(TypeError, match=r"Plain\(\) takes no arguments"):
            app.Plain(*arguments, **named)


def test_a_class_is_refused(app: ModuleType) -> None:
    with pytest.raises(TypeError, match=r"^app must serve objects, not classes: pass `Adding\(…\)` for test:serving/h"):
        app.exports.serve("app", test_serving_handler=app.Adding)


@pytest.mark.slow
@pytest.mark.parametrize(("wrong", "reported"), [("Adding()", "Missing positional argument"), ("Plain(1)", "Too many")])
def test_type_checkers_compare_arguments_with_the_constructor(folder: Path, wrong: str, reported: str) -> None:
    (folder / "wrong.py").write_text(f"{APPLICATION}\n{wrong}\n")
    # Both files have as many bytes, perhaps written in the same second: mypy's cache would take one for the other.
    checker = [sys.executable, "-m", "mypy", "--strict", "--config-file=", f"--cache-dir={os.devnull}", "wrong.py"]
    run = subprocess.run(checker, cwd=folder, capture_output=True, text=True, check=False)
    assert "Found 1 error" in run.stdout, run.stdout + run.stderr
    assert reported in run.stdout
