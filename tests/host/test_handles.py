"""Handles: what cannot be made twice refuses to be copied, and a full table is called by its name."""

from __future__ import annotations

import asyncio
import copy
import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from tests.host.pollable_guest import Guest
from tests.host.things import TEXT, Counted, Imports, Things, World, start
from tests.support.paths import ROOT
from witgen_runtime import host
from witgen_runtime.host import HandleLimitError, Pollable, StoreDeadError, Timer
from witgen_runtime.host.capi.ffi import VERSION

_MOST = 100_000

_limited = pytest.mark.skipif(
    int(VERSION.partition(".")[0]) < 50, reason="wasmtime counts a store's handles since version 50"
)

_COPYING = """
import copy, pickle, sys
from tests.host.things import start
from witgen_runtime import host

ways = {"copy": copy.copy, "deepcopy": copy.deepcopy}
for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
    ways[f"pickle {protocol}"] = lambda value, protocol=protocol: pickle.dumps(value, protocol)

world, thing, things = start()
box, given = world.Box(5), world.Box(6)
world.Box.open(given)
with world.Box(7) as dropped:
    pass
for name, each in {"box": box, "given": given, "dropped": dropped, "nested": [box]}.items():
    for way, make in ways.items():
        if (name, way) == ("nested", "copy"):
            continue
        try:
            made = make(each)
        except TypeError as error:
            assert "Box cannot be copied or pickled: it is a handle" in str(error), error
        else:
            print(name, way, "made", made)
assert box.get() == 5
mine = thing(3)
world.keep(mine)
twin = copy.copy(mine)
world.keep(twin)
host.drop(box)
world.close()
assert thing.drops == [3, 3]
print("end")
"""


def test_copying_a_handle_is_refused() -> None:
    """In a process of its own: two objects with one handle crashed the interpreter. Host objects are Python's."""
    run = subprocess.run(
        [sys.executable, "-c", _COPYING], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert (run.stdout, run.returncode) == ("end\n", 0), run.stderr


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_what_belongs_to_an_open_component_is_refused(protocol: int) -> None:
    world, _, _ = start()
    output = host.OutputStream()
    unique = [world, world._store, Pollable(), Timer(1.0), host.InputStream(b"x"), output]
    for each in unique:
        for make in (copy.copy, copy.deepcopy, lambda value: pickle.dumps(value, protocol)):
            with pytest.raises(TypeError, match=f"this {type(each).__name__} cannot be copied or pickled: it "):
                make(each)
    assert world.cycle(2) == 2
    output.close()


def test_an_open_asyncio_world_is_refused() -> None:
    async def refused() -> None:
        implementation = Imports(Things(Counted))
        async with await host.AsyncWorld._open(World, TEXT, implementation) as world:
            for make in (copy.copy, copy.deepcopy, pickle.dumps):
                with pytest.raises(TypeError, match="this AsyncWorld cannot be copied or pickled: it is an open"):
                    make(world)
            assert await host.run_in_store(world, world._world.cycle, 2) == 2

    asyncio.run(refused())


def _fill(world: Any, thing: Callable[[int], Any]) -> None:
    for number in range(_MOST):
        world.keep(thing(1000 + number))


@_limited
def test_a_full_table_is_called_so_in_arguments() -> None:
    """The call is not made, whatever passes the object; nothing changes hands, and the store goes on."""
    world, thing, _ = start()
    kept = [thing(1000 + number) for number in range(_MOST)]
    for each in kept:
        world.keep(each)
    more = thing(1)
    for _ in range(2):
        for call in (world.keep, world.same, world.number, world.drop):
            with pytest.raises(HandleLimitError, match=r"100,000 per store.*drop handles"):
                call(more)
    with pytest.raises(ValueError, match="already belongs to a guest"):
        world.keep(kept[0])
    other, _, _ = start()
    with pytest.raises(TypeError):
        other.keep(object())
    assert world.drops() == 0
    world.close()
    assert len(thing.drops) == _MOST
    assert 1 not in thing.drops


@_limited
def test_dropping_handles_makes_room() -> None:
    world, thing, _ = start()
    boxes = [world.Box(number) for number in range(_MOST)]
    more = thing(1)
    with pytest.raises(HandleLimitError):
        world.keep(more)
    host.drop(boxes.pop())
    world.keep(more)
    with pytest.raises(HandleLimitError):
        world.number(thing(2))
    del boxes[:8]  # a borrow takes several on its way
    assert world.number(thing(2)) == 2
    world.close()
    assert thing.drops == [1]


@_limited
def test_a_list_with_one_too_many_moves_nothing() -> None:
    world, thing, _ = start()
    things = [thing(number) for number in range(1000, 1000 + _MOST + 1)]
    with pytest.raises(HandleLimitError):
        getattr(world, "pass")(things)
    assert getattr(world, "pass")(things[:3]) == things[2::-1]
    assert thing.drops == []


@_limited
def test_a_full_table_is_called_so_in_results() -> None:
    """Of host functions, of exports: the store is dead then, and says why."""
    world, thing, _ = start()
    _fill(world, thing)
    with pytest.raises(HandleLimitError) as caught:
        world.make(7)
    with pytest.raises(StoreDeadError) as dead:
        world.drops()
    assert dead.value.__cause__ is caught.value
    world.close()
    assert len(thing.drops) == _MOST
    world, thing, _ = start()
    boxes = [world.Box(number) for number in range(_MOST)]
    with pytest.raises(HandleLimitError) as caught:
        world.Box(7)
    assert isinstance(caught.value.__cause__, host.Trap)
    assert len(boxes) == _MOST


@_limited
@pytest.mark.parametrize("make", [Pollable, lambda: Timer(100.0)], ids=["Pollable", "Timer"])
def test_wasmtimes_own_resources_find_a_full_table_as_well(make: Callable[[], Pollable], guest: Guest) -> None:
    """What the host makes of one fails inside a component of the runtime's; the true reason comes out."""
    guest.source.pollables = {1: make()}
    for _ in range(_MOST - 8):
        guest.timer(1)
    taken = 0
    with pytest.raises(HandleLimitError):  # noqa: PT012  (how many there is room for is wasmtime's business)
        while taken < 9:
            guest.take(1)
            taken += 1
    assert taken
