"""Async functions, streams and futures of a guest on wasmtime: what is written arrives, what is wrong is refused."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
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
]

WIT = """\
package test:tides;
interface sea {
  record entry { name: string, n: s8 }
  later: async func(n: u32) -> result<u32, string>;
  pass: func(entries: stream<entry>, numbers: stream<u32>) -> future<u32>;
}
world tides {
  import sea;
  export run: async func() -> list<string>;
  export first: async func(how: string) -> string;
  export plain: func() -> string;
}
"""
APP = """\
import asyncio
from tides_bindings.guest import exports, streams, test_tides_sea as sea
from tides_bindings.types.test_tides_sea import Entry, LaterError

async def attempt(call):
    try:
        return repr(await call)
    except Exception as error:
        return f"{type(error).__name__}: {error}"

async def flow():
    writer, reader = streams.u32_stream()
    async def write():
        with writer:
            return await writer.write_all(range(5))
    async def read():
        found = []
        while not reader.writer_dropped:
            found += await reader.read(2)
        return found
    one_writer, one_reader = streams.u32_future(lambda: 0)
    return await asyncio.gather(write(), read(), one_writer.write(7), one_reader.read())

async def passing(*given):
    return sea.pass_(*given)

async def nested():
    inner = asyncio.sleep(0)
    try:
        asyncio.run(inner)
    finally:
        inner.close()

def plain():
    return asyncio.run(asyncio.sleep(0.001, "plain"))

async def run():
    writer, reader = streams.test_tides_sea_entry_stream()
    numbers = streams.u32_stream()[1]
    closed = streams.u32_stream()[1]
    with closed:
        pass
    calls = [flow(), sea.later(4), sea.later(0), sea.later(-1)]
    calls += [writer.write([Entry("a", 1000)]), reader.read("x"), closed.read(1)]
    calls += [passing([1], numbers), passing(numbers, numbers), passing(reader, closed), nested()]
    return [await attempt(call) for call in calls]

async def first(how):
    try:
        match how:
            case "gather":
                await asyncio.gather(sea.later(100), sea.later(0))
            case "group":
                async with asyncio.TaskGroup() as group:
                    group.create_task(sea.later(100))
                    group.create_task(sea.later(0))
            case "cancelled":
                task = asyncio.create_task(sea.later(100))
                await sea.later(1)
                task.cancel()
                await asyncio.wait([task])
            case "forgotten":
                asyncio.create_task(sea.later(100))
                await sea.later(1)
    except* LaterError as group:
        how = f"{how}: {group.exceptions[0]}"
    return how

exports.serve(__name__, run=run, first=first, plain=plain)
"""
ENTRIES = "stream<test:tides/sea/entry>"


@pytest.fixture(scope="module")
def component(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return importable(once(tmp_path_factory, "tides", _build)) / "tides.wasm"


def _build(folder: Path) -> None:
    (folder / "tides.wit").write_text(WIT)
    (folder / "app.py").write_text(APP)
    generate(Config(folder / "tides.wit", out=folder / "tides_bindings"))
    build(Build(str(folder / "app.py"), folder / "tides.wit", out=folder / "tides.wasm"))


def _imports(told_of: Callable[[int], None]) -> Any:
    """Return imports that are told of each call before they answer it."""
    from tides_bindings.host import TidesImports  # type: ignore[import-not-found]
    from tides_bindings.host.test_tides_sea import Sea  # type: ignore[import-not-found]
    from tides_bindings.types.test_tides_sea import LaterError  # type: ignore[import-not-found]

    class Host(Sea):  # type: ignore[misc]
        def later(self, n: int) -> int:
            told_of(n)
            if n == 0:
                raise LaterError("not today")
            return n + 1

        def pass_(self, *_: Any) -> Any:
            raise AssertionError("never called")

    return TidesImports(test_tides_sea=Host())


@pytest.mark.slow
def test_a_guest_awaits_imports_and_its_own_streams(component: Path) -> None:
    from tides_bindings.host import Tides

    with Tides.open(component, _imports(lambda _: None)) as world:
        assert world.run() == [
            "[5, [0, 1, 2, 3, 4], True, 7]",
            "5",
            "LaterError: not today",
            "ValueError: later(n=…): expected u32, got -1",
            "ValueError: write(source=…): [0].n: expected s8, got 1000",
            "TypeError: read(max_count=…): expected int, got str",
            "DroppedError: StreamReader is closed, given away, or in use",
            f"TypeError: pass_(entries=…): expected the readable end of a {ENTRIES}, got list",
            f"TypeError: pass_(entries=…): expected the readable end of a {ENTRIES}, got one of a stream<u32>",
            "DroppedError: StreamReader is closed, given away, or in use",
            "RuntimeError: asyncio.run() cannot be called from a running event loop",
        ]
        assert world.plain() == "plain"


@pytest.mark.parametrize("how", ["gather", "group", "cancelled", "forgotten"])
def test_exports_return_while_calls_of_theirs_are_under_way(component: Path, how: str) -> None:
    """What they do not wait for goes on, and its result is thrown away where nobody waits for it."""
    from tides_bindings.host import Tides

    slow, ended = threading.Event(), list[int]()

    def told_of(n: int) -> None:
        if n == 100:
            slow.wait(30)
        ended.append(n)

    with Tides.open(component, _imports(told_of)) as world:
        told = f"{how}: not today" if how in {"gather", "group"} else how
        assert world.first(how) == told
        assert 100 not in ended
        slow.set()
        assert world.plain() == "plain"
        for _ in range(3):
            assert world.first(how) == told
        assert len(world.run()) == 11
