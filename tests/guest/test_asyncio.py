"""asyncio in a component: small programs that do the same on CPython, and what a component refuses."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.guest.asyncio_programs import POLLABLES, PROGRAMS, REFUSED
from tests.support.guests import importable, once
from witgen import Config, generate
from witgen.build.componentize import Build, build
from witgen.golem import WIT

pytestmark = pytest.mark.slow

WORLD = """\
package test:looping;
world looping {
  import wasi:io/poll@0.2.3;
  import wasi:clocks/monotonic-clock@0.2.3;
  export run: func(code: string) -> string;
}
"""
APP = """\
import asyncio
import time

from looping_bindings.guest import aio, exports, wasi_clocks_monotonic_clock as clock

AT_IMPORT = asyncio.run(asyncio.sleep(0.001, "imported"))


def run(code: str) -> str:
    names = {"asyncio": asyncio, "time": time, "aio": aio, "clock": clock, "AT_IMPORT": AT_IMPORT}
    exec(code, names)
    return repr(names["result"])


exports.serve(__name__, run=run)
"""


@pytest.fixture(scope="module")
def guest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the guest, its component and the package looping_bindings; both modules can be imported."""
    return importable(once(tmp_path_factory, "looping", _build))


def _build(folder: Path) -> None:
    for package in ("io", "clocks"):
        shutil.copytree(WIT / "deps" / package, folder / "wit" / "deps" / package)
    (folder / "wit" / "looping.wit").write_text(WORLD)
    (folder / "looping_app.py").write_text(APP)
    generate(Config(folder / "wit", out=folder / "looping_bindings"))
    build(Build(str(folder / "looping_app.py"), folder / "wit", out=folder / "looping.wasm"))


@pytest.fixture(scope="module")
def component(guest: Path) -> Iterator[Any]:
    from looping_bindings.host import Looping, LoopingImports  # type: ignore[import-not-found]

    with Looping.open(guest / "looping.wasm", LoopingImports()) as world:
        yield world


@pytest.fixture(scope="module", params=["CPython", "component"])
def run(request: pytest.FixtureRequest, guest: Path) -> Iterator[Callable[[str], str]]:
    """Return the function that runs a program: on CPython with fakes, and in the component."""
    if request.param == "component":
        yield request.getfixturevalue("component").run
        return
    from looping_bindings.guest.testing import Fakes, opened  # type: ignore[import-not-found]

    with Fakes() as fakes, opened("looping_app", fakes) as world:
        yield world.run


@pytest.mark.slow
@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_do_the_same_on_cpython_and_in_a_component(run: Callable[[str], str], name: str) -> None:
    program, result = PROGRAMS[name]
    assert run(program) == result


@pytest.mark.parametrize("way", ["asyncio.run", "aio.run"])
@pytest.mark.parametrize("name", POLLABLES)
def test_pollables_wait_in_the_same_loop(run: Callable[[str], str], name: str, way: str) -> None:
    assert run(POLLABLES[name].format(run=way)) == "True"


def test_asyncio_runs_while_the_application_is_imported(run: Callable[[str], str]) -> None:
    assert run("result = AT_IMPORT") == "'imported'"


@pytest.mark.parametrize("call", REFUSED)
def test_what_a_component_cannot_do_is_refused(component: Any, call: str) -> None:
    said = component.run(f"""
async def main():
    try:
        done = {call}
        await done
    except NotImplementedError as error:
        return str(error)
result = asyncio.run(main())
""")
    assert f"a component cannot {REFUSED[call]}" in said


def test_waiting_forever_is_an_error(component: Any) -> None:
    said = component.run("""
async def main():
    try:
        await asyncio.Event().wait()
    finally:
        seen.append("cancelled")
seen = []
try:
    asyncio.run(main())
except RuntimeError as error:
    result = str(error), seen, asyncio.run(asyncio.sleep(0, "again"))
""")
    assert said.startswith("('nothing can wake the tasks that are waiting")
    assert said.endswith("['cancelled'], 'again')")
