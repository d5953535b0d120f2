"""Exported resources in the asyncio API: async classes at any depth of a value, and nothing that blocks the loop."""

from __future__ import annotations

import asyncio
import gc
import inspect
import subprocess
import sys
import time
from collections.abc import Coroutine, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

import pytest

import witgen_runtime.host
from tests.host.boxes import PADDING, TEXT, bindings
from witgen import Config, generate

T = TypeVar("T")

USER = f"""
import asyncio

from witgen_runtime.values import Ok
from boxes_bindings.host import AsyncBoxes, AsyncBoxesImports
from boxes_bindings.host.exports.test_deep_boxes import AsyncBox, AsyncJar
from boxes_bindings.types.test_deep_boxes import EitherMany, EitherOne, Everything, FailureKept

PADDING = {PADDING}


async def tick(n: int) -> int:
    await asyncio.sleep(0.001)
    return n + 1


async def everything(world: AsyncBoxes) -> list[int]:
    boxes = world.test_deep_boxes
    one, two, three, four = await asyncio.gather(*(boxes.Box.new(n) for n in range(1, 5)))
    five, six = await boxes.Box.new(5), await boxes.Box.new(6)
    given = Everything(one, two, [three, None], (four, 7), EitherMany([five]), Ok(six))
    given, _ = await boxes.pass_everything(given, PADDING)
    found = [given.alone, given.maybe, given.many[0], given.pair[0]]
    match given.either:
        case EitherMany(many):
            found += many
        case EitherOne(value):
            found.append(value)
        case _:
            raise AssertionError
    assert isinstance(given.outcome, Ok)
    found.append(given.outcome.value)
    numbers: list[int] = []
    for box in found:
        assert isinstance(box, AsyncBox) and isinstance(box, boxes.Box)
        numbers.append(await box.get())
        await box.drop()
    return numbers


async def main() -> None:
    async with AsyncBoxes.open("boxes.wat", AsyncBoxesImports(tick=tick), deadline=10) as world:
        assert await everything(world) == [1, 2, 3, 4, 5, 6]
        boxes = world.test_deep_boxes
        assert await boxes.drops() == 6
        async with await boxes.Box.new(n=7) as box:
            assert await box.get(1) + await box.get(plus=None) + await box.get() == 22
            assert await box.ask() == 8
            copy: AsyncBox = await boxes.Box.copy(box)
            assert await boxes.sum([copy, box]) == await copy.get() + await box.get()
            try:
                await box.fail(copy)
            except FailureKept as kept:
                assert isinstance(kept.value, AsyncBox)
                async with kept.value as back:
                    assert await back.get() > 0
        assert await boxes.drops() == 8
        jar: AsyncJar = await boxes.Jar.new_()
        assert await jar.get() == 5
        assert await (await boxes.Jar.new(9)).get() == 9
    print("done")


asyncio.run(main())
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("boxes")


@pytest.fixture(scope="module")
def host(folder: Path) -> Iterator[ModuleType]:
    with bindings(folder) as module:
        yield module


@pytest.fixture
def runtime() -> ModuleType:
    """The runtime of the bindings."""
    return witgen_runtime.host


def run(main: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(asyncio.wait_for(main, 30))


def opened(host: ModuleType, tick: Any = None, **limits: Any) -> Any:
    def plus(n: int) -> int:
        return n + 1

    return host.AsyncBoxes.open(TEXT, host.AsyncBoxesImports(tick=tick or plus), **limits)


@pytest.mark.slow
def test_a_program_of_a_user(host: ModuleType, folder: Path) -> None:
    (folder / "user.py").write_text(USER)
    (folder / "pyrightconfig.json").write_text('{"typeCheckingMode": "strict", "pythonVersion": "3.11"}')
    for command in (
        ["user.py"],
        ["-m", "mypy", "--strict", "--config-file=", "user.py"],
        ["-m", "pyright", "--pythonpath", sys.executable, "user.py"],
    ):
        done = subprocess.run([sys.executable, *command], cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_what_is_plain_is_refused_by_type_checkers(host: ModuleType, folder: Path) -> None:
    (folder / "wrong.py").write_text(
        "from boxes_bindings.host import AsyncBoxes\n\n\n"
        "async def wrong(world: AsyncBoxes) -> None:\n"
        "    box = await world.test_deep_boxes.Box.new(1)\n"
        "    world.test_deep_boxes.Box(1)\n"
        "    with box:\n"
        "        pass\n"
        "    print(box.get() + 1)\n"
    )
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "wrong.py"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert {line.split(":")[1] for line in done.stdout.splitlines() if ": error:" in line} == {"6", "7", "9"}


PLUGIN = """package acme:text;

interface documents {
  resource document { text: func() -> string; }
}

interface transform {
  use documents.{document};
  resource pipeline {
    constructor();
    run: func(on: borrow<document>) -> u32;
    made: func() -> option<document>;
  }
  apply: func(by: borrow<pipeline>, on: list<document>) -> list<pipeline>;
}

world plugin {
  import documents;
  export transform;
}
"""


@pytest.mark.slow
def test_resources_of_the_host_may_have_plain_methods_or_coroutines(tmp_path: Path) -> None:
    (tmp_path / "plugin.wit").write_text(PLUGIN)
    generate(Config(tmp_path / "plugin.wit", out=tmp_path / "plugin_bindings", guest=False))
    (tmp_path / "user.py").write_text(
        "from plugin_bindings.host import AsyncPlugin\n"
        "from plugin_bindings.host.acme_text_documents import AsyncDocument, Document\n"
        "from plugin_bindings.host.exports.acme_text_transform import AsyncPipeline\n\n\n"
        "async def user(plugin: AsyncPlugin, plain: Document, awaited: AsyncDocument) -> AsyncPipeline:\n"
        "    pipeline = await plugin.acme_text_transform.Pipeline.new()\n"
        "    print(await pipeline.run(plain) + await pipeline.run(on=awaited))\n"
        "    made: Document | AsyncDocument | None = await pipeline.made()\n"
        "    assert made is not None\n"
        "    [found] = await plugin.acme_text_transform.apply(pipeline, [plain, awaited, made])\n"
        "    return found\n"
    )
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "user.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_direct_use_says_what_to_do_instead(host: ModuleType, runtime: ModuleType) -> None:
    async def main() -> None:
        async with opened(host) as world:
            boxes = world.test_deep_boxes
            with pytest.raises(runtime.ThreadError, match=r"await the class's `new\(…\)` instead of calling it"):
                boxes.Box(1)
            with pytest.raises(runtime.ThreadError, match=r"await the class's `new_\(…\)` instead of calling it"):
                boxes.Jar()
            box = await boxes.Box.new(1)
            with pytest.raises(runtime.ThreadError, match="use `async with`"), box:
                pass
            with pytest.raises(runtime.ThreadError, match="`await async_drop"):
                runtime.drop(box)
            exported = sys.modules[f"{host.__name__}.exports.test_deep_boxes"]
            for call in (exported.AsyncBox.new(1), exported.AsyncBox.copy(box)):
                with pytest.raises(TypeError, match="AsyncBox is abstract and belongs to no component"):
                    await call
            with pytest.raises(TypeError, match="Box is abstract and belongs to no component"):
                exported.Box.copy(box)
            assert await box.get() == 1

    run(main())


def test_the_plain_api_cannot_be_used_behind_the_back_of_the_asyncio_api(host: ModuleType, runtime: ModuleType) -> None:
    async def main() -> None:
        async def tick(n: int) -> int:
            await asyncio.sleep(0)
            return n

        async with opened(host, tick) as world:
            box = await world.test_deep_boxes.Box.new(1)
            plain = world._world.test_deep_boxes
            for call in (plain.drops, lambda: plain.sum([box]), lambda: plain.Box(1), box._store.close):
                with pytest.raises(runtime.ThreadError, match="await the methods of the world's Async classes instead"):
                    call()
            assert await asyncio.to_thread(_error_of, plain.drops) == "ThreadError"
            assert await box.ask() == 1

    run(main())


def _error_of(call: Any) -> str:
    try:
        call()
    except RuntimeError as error:
        return type(error).__name__
    return ""


def test_a_deadline_and_cancellation_end_methods(host: ModuleType, runtime: ModuleType) -> None:
    async def main() -> None:
        async with opened(host, deadline=0.2) as world:
            box = await world.test_deep_boxes.Box.new(1)
            began = time.monotonic()
            with pytest.raises(runtime.DeadlineError):
                await box.spin()
            assert time.monotonic() - began < 5
        async with opened(host) as world, await world.test_deep_boxes.Box.new(1) as box:
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(box.spin(), 0.2)
            with pytest.raises(runtime.StoreDeadError):
                await box.get()

    run(main())


def test_handles_that_cannot_be_used(host: ModuleType, runtime: ModuleType) -> None:
    async def main() -> None:
        async with opened(host) as world, opened(host) as other:
            boxes = world.test_deep_boxes
            given, dropped, mine = [await boxes.Box.new(n) for n in range(3)]
            failures = sys.modules["boxes_bindings.types.test_deep_boxes"]
            with pytest.raises(failures.FailureKept) as kept:
                await mine.fail(given)
            assert await kept.value.value.get() == 0
            with pytest.raises(ValueError, match="this AsyncBox was already given away"):
                await given.get()
            await dropped.drop()
            await dropped.drop()
            with pytest.raises(ValueError, match="this AsyncBox was already dropped"):
                await dropped.get()
            with pytest.raises(TypeError, match="this AsyncBox belongs to another instance"):
                await other.test_deep_boxes.sum([mine])
            with pytest.raises(TypeError, match=r"sum\(of=…\): \[0\]: expected AsyncBox, got int"):
                await boxes.sum([1])
        await mine.drop()
        with pytest.raises(runtime.StoreDeadError, match="this store is closed"):
            await boxes.Box.new(1)

    run(main())


def test_dropping_in_a_coroutine_that_the_component_waits_for(host: ModuleType) -> None:
    async def main() -> None:
        async def tick(n: int) -> int:
            async with other:
                pass
            return n

        async with opened(host, tick) as world:
            boxes = world.test_deep_boxes
            box, other = await boxes.Box.new(1), await boxes.Box.new(2)
            assert await box.ask() == 1
            assert await boxes.drops() == 1
            with pytest.raises(ValueError, match="was already dropped"):
                await other.get()

    run(main())


def test_the_garbage_collector_drops_a_handle(host: ModuleType) -> None:
    async def main() -> None:
        async with opened(host) as world:
            boxes = world.test_deep_boxes
            box = await boxes.Box.new(1)
            del box
            gc.collect()
            assert await boxes.drops() == 1

    run(main())


def test_run_in_store_still_takes_what_it_took(host: ModuleType, runtime: ModuleType) -> None:
    async def main() -> None:
        async with opened(host) as world:
            boxes = world.test_deep_boxes
            box = await runtime.run_in_store(world, boxes.Box, 3)
            assert isinstance(box, boxes.Box)
            assert await runtime.run_in_store(world, box.get) == 3
            assert await runtime.run_in_store(world, world._world.test_deep_boxes.drops) == 0

    run(main())


def test_methods_have_the_documentation_and_signature_of_wit(host: ModuleType) -> None:
    async def main() -> None:
        async with opened(host) as world:
            boxes = world.test_deep_boxes
            assert boxes.Box.get.__doc__ == "`get: func(plus: option<u32>) -> u32`"
            assert boxes.Box.new.__doc__ == "`constructor(n: u32)`"
            assert list(inspect.signature(boxes.Box.get).parameters) == ["self", "plus"]
            assert list(inspect.signature(boxes.Box.new).parameters) == ["n"]
            assert inspect.iscoroutinefunction(boxes.Box.get)
            assert inspect.iscoroutinefunction(boxes.Box.copy)
            for each in (type(boxes), type(boxes).sum, host.AsyncBoxesImports, host.AsyncBoxes, host.AsyncBoxes.open):
                assert each.__doc__

    run(main())


def test_every_way_to_open(host: ModuleType, runtime: ModuleType) -> None:
    async def main() -> None:
        async with opened(host) as world:
            assert await world.test_deep_boxes.drops() == 0
        with pytest.raises(runtime.StoreDeadError):
            await world.test_deep_boxes.drops()
        async with await opened(host) as world:
            assert await world.test_deep_boxes.drops() == 0
        with pytest.raises(runtime.StoreDeadError):
            await world.test_deep_boxes.drops()
        world = await opened(host)
        assert isinstance(world, host.AsyncBoxes)
        await world.close()
        for world in await asyncio.gather(asyncio.create_task(opened(host)), opened(host)):
            assert await world.test_deep_boxes.drops() == 0
            await world.close()
        with pytest.raises(ValueError, match="left early"):
            async with opened(host) as world:
                raise ValueError("left early")
        with pytest.raises(runtime.StoreDeadError):
            await world.test_deep_boxes.drops()
        with pytest.raises(runtime.LinkError):
            async with host.AsyncBoxes.open(TEXT, object()):
                raise AssertionError

    run(main())


def test_trailing_options_of_plain_methods_may_be_left_out_too(host: ModuleType) -> None:
    with host.Boxes.open(TEXT, host.BoxesImports(tick=lambda n: n)) as world, world.test_deep_boxes.Box(3) as box:
        assert box.get() == 3
        assert box.get(2) == box.get(plus=2) == 5
