"""Components that are prepared once: shared by stores and threads, quick to open, and nothing passes between stores."""

from __future__ import annotations

import asyncio
import gc
import os
import pickle
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import Any, ClassVar

import pytest

from tests.host.test_components import Numbers, text
from tests.host.things import NAME, TEXT, Counted, Imports, Things, World
from witgen_runtime import abi, host
from witgen_runtime.host.linking.instantiation import Setup
from witgen_runtime.host.linking.linker import Linkage
from witgen_runtime.host.linking.preparation import prepare
from witgen_runtime.host.open_options import choose
from witgen_runtime.host.world import definition_of, open_world


class AsyncTestWorld(host.AsyncWorld[Any]):
    async def call(self, name: str, *values: Any) -> Any:
        return await host.run_in_store(self, getattr(self._world, name), *values)


def thing() -> type[Counted]:
    """Return a class of things of its own, which remembers what was dropped."""

    class Mine(Counted):
        drops: ClassVar[list[int]] = []

    return Mine


def use(prepared: Any, n: int) -> None:
    """Open a store, use it, and check that everything went to its own objects."""
    mine = thing()
    things = Things(mine)
    with prepared.open(Imports(things)) as world:
        assert world.cycle(n) == n
        assert world.numbers(mine(n), mine(1)) == n + 1
        world.give(n)
        assert [each.n for each in things.taken] == [n]
        made = [mine(each) for each in range(3)]
        assert world.__dict__["pass"](list(made)) == made[::-1]
        box = world.Box(n)
        assert box.get() == n
        world.keep(mine(n + 7))
    assert sorted(mine.drops) == sorted([n, n + 7])


def open_and_close(stores: int, threads: int) -> None:
    """Have threads open and close stores of one prepared component; closed worlds stay closed."""
    prepared = World._prepare(TEXT, {})

    def work(seed: int) -> None:
        random = Random(seed)
        closed: list[Any] = []
        opened: list[tuple[Any, int]] = []
        for count in range(stores // threads):
            n = count % 600  # `Counted` refuses 666
            world = prepared.open(Imports(Things(thing())))
            opened.append((world, n))
            assert world.cycle(n) == n
            while len(opened) > random.randrange(4):
                other, number = opened.pop(random.randrange(len(opened)))
                assert other.cycle(number + 1) == number + 1
                other.close()
                closed.append(other)
            for each in closed[-3:]:
                each.close()  # its context's address may be that of another store by now
                with pytest.raises(host.StoreDeadError):
                    each.cycle(1)
            del closed[:-3]
        for world, _ in opened:
            world.close()

    with ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(work, seed) for seed in range(threads)]:
            done.result()


def test_stores_of_one_prepared_component() -> None:
    prepared = World._prepare(TEXT, {})
    for n in range(20):
        use(prepared, n)


@pytest.mark.slow
def test_threads_open_and_close_stores() -> None:
    open_and_close(2_400, 8)


@pytest.mark.long
def test_threads_open_and_close_a_hundred_thousand_stores() -> None:
    open_and_close(100_000, 8)


def test_two_stores_at_once_call_their_own_objects() -> None:
    prepared = World._prepare(TEXT, {})
    use(prepared, 1)
    first, second = Things(thing()), Things(thing())
    with prepared.open(Imports(first)) as one, prepared.open(Imports(second)) as two:
        one.give(1)
        two.give(2)
        one.give(3)
    assert [[each.n for each in things.taken] for things in (first, second)] == [[1, 3], [2]]


def test_functions_of_a_closed_world_do_not_reach_the_next_store() -> None:
    prepared = World._prepare(TEXT, {})
    before = prepared.open(Imports(Things(thing())))
    cycle, box = before.cycle, before.Box(3)
    before.close()
    with prepared.open(Imports(Things(thing()))) as world:
        assert world.Box(4).get() == 4
        for call in (lambda: cycle(1), box.get):
            with pytest.raises(host.StoreDeadError):
                call()
        before.close()
        assert world.cycle(5) == 5


def test_implementations_are_not_kept() -> None:
    prepared = World._prepare(TEXT, {})
    things = Things(thing())
    with prepared.open(Imports(things)) as world:
        world.give(1)
        world.cycle(1)
    kept = [weakref.ref(things), weakref.ref(things.Thing), weakref.ref(world._store)]
    del things, world
    gc.collect()
    assert [each() for each in kept] == [None, None, None]


def test_worlds_that_are_never_closed() -> None:
    """The collector closes them; also where something with a finalizer closes the world in the same cycle."""

    class Closing:
        def __init__(self, world: Any) -> None:
            self.world, self.own = world, self

        def __del__(self) -> None:
            self.world.close()

    prepared = World._prepare(TEXT, {})
    for n in range(50):
        world = prepared.open(Imports(Things(thing())))
        assert world.cycle(n) == n
        if n % 2:
            closing = Closing(world)
            world._store.extension("closing", lambda _, closing=closing: closing)
            del closing
        del world
        if n % 5 == 0:
            gc.collect()
            use(prepared, n)
    gc.collect()
    use(prepared, 1)


def test_a_failed_store_leaves_nothing_to_the_next() -> None:
    class Failing(Things):
        def sum(self, a: Counted, b: Counted) -> int:
            raise RuntimeError("no sums today")

    prepared = World._prepare(TEXT, {})
    for n in range(5):
        mine = thing()
        with prepared.open(Imports(Failing(mine))) as world, pytest.raises(RuntimeError, match="no sums today"):
            world.numbers(mine(1), mine(2))
        with prepared.open(Imports(Things(thing()))) as world, pytest.raises(host.Trap):
            world.trap()
        use(prepared, n)


def test_other_definitions_get_a_new_linker() -> None:
    """What a store defines differs from what the one before has defined, although both say that it does not."""
    ready = prepare(definition_of(World), TEXT)
    number = abi.Function("number", "number", (), abi.U32)

    def open_(names: list[str]) -> Any:
        def define(linkage: Linkage) -> None:
            for name in names:
                linkage.replace(name, {number: lambda: 1})

        setup = Setup(on_linkage=define, linked_alike="alike")
        return open_world(World, ready, Imports(Things(thing())), choose("open", {}), setup)

    for names in (["a:b/c"], ["a:b/c"], ["a:b/d"], [], ["a:b/c", "a:b/d"], ["a:b/c"]):
        with open_(names) as world:
            assert world.cycle(3) == 3


def test_limits_that_are_part_of_the_code() -> None:
    prepared = World._prepare(TEXT, {"deadline": 20})
    with prepared.open(Imports(Things(thing()))) as world:
        assert world._store.limits == host.Limits(deadline=20)
    with prepared.open(Imports(Things(thing())), fuel=10_000_000, deadline=None) as world:
        assert world.cycle(1) == 1
        assert world._store.limits == host.Limits(fuel=10_000_000)
    with prepared.open(Imports(Things(thing())), fuel=10) as world, pytest.raises(host.FuelError):
        world.cycles(1_000)
    with pytest.raises(TypeError, match=r"World\.prepare\(\) got an unexpected keyword argument 'memry'"):
        World._prepare(TEXT, {"memry": 1})  # type: ignore[typeddict-unknown-key]


def test_a_prepared_component_stays_in_its_process() -> None:
    prepared = World._prepare(TEXT, {})
    with pytest.raises(TypeError, match="this PreparedWorld cannot be copied or pickled: it has machine code in this"):
        pickle.dumps(prepared)
    with pytest.raises(host.LinkError, match="no imports were given: pass them to `open`"):
        prepared.open()  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]


def test_a_component_of_another_world_is_refused_when_it_is_prepared(tmp_path: Path) -> None:
    with pytest.raises(host.LinkError, match="the component does not fit world test:numbers/numbers"):
        Numbers._prepare(TEXT, {})
    (tmp_path / "other.wat").write_text(TEXT)
    with pytest.raises(host.LinkError, match=r"other\.wat does not fit world test:numbers/numbers"):
        Numbers._prepare(tmp_path / "other.wat", {})
    with pytest.raises(host.ComponentError, match="wasmtime rejects this component"):
        Numbers._prepare(b"(something else)", {})


def test_imports_are_checked_in_each_store() -> None:
    prepared = World._prepare(TEXT, {})
    use(prepared, 1)
    with pytest.raises(host.LinkError, match=rf"{NAME}: no implementation"):
        prepared.open(None)
    use(prepared, 2)


def test_the_asyncio_api() -> None:
    class Slow(Things):
        async def sum(self, a: Counted, b: Counted) -> int:  # type: ignore[override]
            await asyncio.sleep(0)
            return a.n + b.n

    prepared = AsyncTestWorld._prepare(World, TEXT, {})

    async def one(n: int) -> None:
        mine = thing()
        async with prepared.open(Imports(Slow(mine))) as world:
            assert await world.call("numbers", mine(n), mine(1)) == n + 1
            assert await world.call("cycle", n) == n

    async def main() -> None:
        for _ in range(5):
            await asyncio.gather(*(one(n) for n in range(8)))
        world = await prepared.open(Imports(Slow(thing())), memory=1 << 20)
        await world.close()

    asyncio.run(main())


def settled(path: Path, content: str) -> Path:
    """Write a file that looks as if it had not been changed for a while, as far as a process can do that."""
    path.write_text(content)
    old = time.time() - 100
    os.utime(path, (old, old))
    return path


def number(path: Path) -> int:
    with Numbers._open(path, None) as world:
        found: int = world.number()
    return found


def test_files_that_change(tmp_path: Path) -> None:
    """Each change is seen: at once, long afterwards, in place, and by another file."""
    path = tmp_path / "number.wat"
    for n in range(5):
        settled(path, text(n))
        assert (number(path), number(path)) == (n, n)
    time.sleep(2.1)
    assert [number(path) for _ in range(3)] == [4, 4, 4]
    assert definition_of(Numbers).remembered["components"]
    settled(path, text(5))
    assert number(path) == 5
    settled(tmp_path / "other.wat", text(6)).replace(path)
    assert number(path) == 6
    path.unlink()
    with pytest.raises(FileNotFoundError):
        number(path)


def test_a_prepared_file_stays_what_it_was(tmp_path: Path) -> None:
    path = settled(tmp_path / "number.wat", text(1))
    prepared = Numbers._prepare(path, {})
    settled(path, text(2))
    with prepared.open(None) as world:
        assert world.number() == 1
    with pytest.raises(host.ComponentError, match=r"number\.wat has changed since it was prepared"):
        prepared.open(None, fuel=1000)
    path.unlink()
    with prepared.open(None) as world:
        assert world.number() == 1


@pytest.mark.slow
def test_nothing_that_is_cached_waits_for_a_compilation(tmp_path: Path) -> None:
    prepared = Numbers._prepare(text(1), {})
    path = settled(tmp_path / "number.wat", text(2))
    assert number(path) == 2
    large = text(77).replace("(core module $m", "(core module $m " + "(func nop)" * 40_000)
    compiling = threading.Thread(target=lambda: Numbers._prepare(large, {}))
    compiling.start()
    began, rounds = time.monotonic(), 0
    while compiling.is_alive() and rounds < 5:
        with prepared.open(None) as world:
            assert world.number() == 1
        assert (number(path), Numbers._prepare(text(1), {}).open(None).number()) == (2, 1)
        rounds += 1
    spent, was_compiling = time.monotonic() - began, compiling.is_alive()
    compiling.join()
    assert rounds == 5, f"only {rounds} rounds in {spent:.1f} s, while a component was compiled"
    assert was_compiling
