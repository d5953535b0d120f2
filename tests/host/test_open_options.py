"""The options of `open`: declared once, checked by type checkers and at run time."""

from __future__ import annotations

import asyncio
import inspect
import pydoc
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any, get_type_hints

import pytest

import witgen
from tests.support.components import ADDER
from witgen import Config, generate, golem
from witgen_runtime.host import LinkError, OpenOptions, run_command

USE = """
from witgen_runtime.host import OpenOptions
from options_bindings.host import Adder, AsyncAdder

shared: OpenOptions = {"memory": 1 << 20, "deadline": 5.0}
with Adder.open("add.wasm", **shared) as add:
    print(add)
with Adder.open("add.wasm", fuel=5, interruptible=True, adapters="off", wasi=None) as add:
    print(add)


async def main() -> None:
    async with AsyncAdder.open("add.wasm", **shared) as add:
        print(add)


Adder.open("add.wasm", lanes="off")
Adder.open("add.wasm", deadline="soon")
AsyncAdder.open("add.wasm", adapters="fast")
"""
REFUSED = [line for line, text in enumerate(USE.split("\n"), 1) if text.startswith(("Adder.open", "AsyncAdder.open"))]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("options")
    wit = (
        "package docs:adder@0.1.0;\ninterface add { add: func(x: u32, y: u32) -> u32; }\nworld adder { export add; }\n"
    )
    (folder / "a.wit").write_text(wit)
    generate(Config(folder / "a.wit", world="adder", out=folder / "options_bindings"))
    (folder / "use.py").write_text(USE)
    return folder


@pytest.fixture
def host(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(folder)
    return import_module("options_bindings.host")


def test_every_option_is_documented() -> None:
    options = {"wasi", "http", "memory", "fuel", "deadline", "interruptible", "adapters"}
    assert set(OpenOptions.__annotations__) == options


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [["mypy", "--strict", "--no-error-summary", "--config-file=", "use.py"], ["pyright", "use.py"]],
    ids=["mypy", "pyright"],
)
def test_type_checkers_know_the_options(command: list[str], folder: Path) -> None:
    (folder / "pyrightconfig.json").write_text('{"typeCheckingMode": "strict", "pythonVersion": "3.11"}')
    extra = ["--pythonpath", sys.executable] if command[0] == "pyright" else []
    run = subprocess.run(
        [sys.executable, "-m", *command, *extra], cwd=folder, capture_output=True, text=True, check=False
    )
    errors = [line for line in run.stdout.splitlines() if "error:" in line]
    assert {int(line.partition("use.py:")[2].partition(":")[0]) for line in errors} == set(REFUSED), run.stdout


def test_they_hold(host: Any) -> None:
    with host.Adder.open(ADDER, memory=1 << 20, fuel=10_000, deadline=5.0, adapters="off", wasi=None) as add:
        assert add.docs_adder_add.add(1, 2) == 3
        assert add._store.limits.memory == 1 << 20
        assert not add._store.limits.interruptible


@pytest.mark.parametrize("which", ["Adder", "AsyncAdder"])
def test_an_unknown_one_is_named_at_once(host: Any, which: str) -> None:
    with pytest.raises(
        TypeError, match=rf"{which}\.open\(\) got an unexpected keyword argument 'lanes'; it takes wasi"
    ):
        getattr(host, which).open(ADDER, lanes="off")
    with pytest.raises(TypeError, match="deadline: expected seconds"):
        getattr(host, which).open(ADDER, deadline="soon")


def test_worlds_for_asyncio_are_interruptible(host: Any) -> None:
    async def main() -> None:
        for options in ({}, {"interruptible": False}):
            async with host.AsyncAdder.open(ADDER, **options) as add:
                assert add._world._store.limits.interruptible

    asyncio.run(main())


def test_loaded_worlds_take_them_beside_their_imports() -> None:
    loaded = witgen.load(ADDER)
    with loaded.open() as add, loaded.open(interruptible=False, fuel=10_000) as other:
        assert add._store.limits.interruptible
        assert not other._store.limits.interruptible
        assert other.docs_adder_add.add(1, 2) == 3
    with pytest.raises(LinkError, match="lanes"):
        loaded.open(lanes="off")


def test_loaded_worlds_show_them_to_help() -> None:
    parameters = inspect.signature(witgen.load(ADDER).open).parameters
    shown = {name: each for name, each in parameters.items() if each.kind is inspect.Parameter.KEYWORD_ONLY}
    types = get_type_hints(witgen.load(ADDER).open)
    assert {name: types[name] for name in shown if name != "partial"} == get_type_hints(OpenOptions)
    defaults = {name: each.default for name, each in shown.items()}
    flags = {"http": False, "partial": False, "interruptible": True}
    assert defaults == dict.fromkeys(OpenOptions.__annotations__) | flags
    text = pydoc.render_doc(witgen.load(ADDER).open, renderer=pydoc.plaintext)
    assert all(f"{name}: " in text for name in shown)


def test_those_of_wasi_are_named() -> None:
    with pytest.raises(
        TypeError, match=r"^run_command\(\) got an unexpected keyword argument 'args'; write wasi=Wasi\("
    ):
        run_command(ADDER, args=["a"])  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def test_services_take_them() -> None:
    with golem.Services() as services:
        with services.open(ADDER, fuel=10_000, deadline=5.0) as add:
            assert add.docs_adder_add.add(1, 2) == 3
        with pytest.raises(TypeError, match=r"Services\.open\(\) got an unexpected keyword argument 'limits'"):
            services.open(ADDER, limits=None)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
