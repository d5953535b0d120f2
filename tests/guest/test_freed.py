"""What componentize-py keeps for ever goes: objects whose handles hosts drop with all they hold, and lists of bytes."""

from __future__ import annotations

import gc
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.guests import importable, once
from tests.support.paths import BIN
from witgen import Config, generate
from witgen.build.componentize import Build, build
from witgen.build.freeing import free_bytes, free_dropped

pytestmark = pytest.mark.slow

WIT = """
package test:freed;

interface outer {
  resource connection { constructor(); }
  record part { name: string, data: list<u8>, more: option<list<s8>> }
  send: func(data: list<u8>);
  send-all: func(parts: list<part>) -> list<part>;
}

interface sessions {
  use outer.{part};
  resource session {
    constructor(data: list<u8>);
    make: static func(count: u32) -> list<session>;
    size: func() -> u32;
    finalizer: func() -> string;
  }
  larger: func(a: borrow<session>, b: borrow<session>) -> u32;
  join: func(a: session, b: session) -> session;
  close: func(session: session);
  alive: func() -> u32;
  send: func(size: u32, count: u32);
  content: func(size: u32) -> list<u8>;
  send-all: func(parts: list<part>) -> list<part>;
}

world freed {
  import outer;
  export sessions;
}
"""
APP = """
import gc
import weakref

from freed_bindings.guest import exports
from freed_bindings.guest import test_freed_outer as outer
from freed_bindings.guest.exports import test_freed_sessions as sessions

ALIVE = weakref.WeakSet()


class Session(sessions.Session):
    def __init__(self, data):
        self.data = data
        self.connection = outer.Connection()
        ALIVE.add(self)

    @classmethod
    def make(cls, count):
        return [cls(b"x" * (number + 1)) for number in range(count)]

    def size(self):
        return len(self.data)

    def finalizer(self):
        return "a name that componentize-py uses as well"


class Sessions:
    Session = Session

    def larger(self, a, b):
        return max(a.size(), b.size())

    def join(self, a, b):
        return Session(a.data + b.data)

    def close(self, session):
        pass

    def alive(self):
        gc.collect()
        return len(ALIVE)

    def send(self, size, count):
        for _ in range(count):
            outer.send(bytes(size))

    def content(self, size):
        return bytes(size)

    def send_all(self, parts):
        return outer.send_all(parts)


exports.serve(__name__, test_freed_sessions=Sessions())
"""


def _build(folder: Path) -> None:
    (folder / "freed.wit").write_text(WIT)
    (folder / "app.py").write_text(APP)
    generate(Config(folder / "freed.wit", out=folder / "freed_bindings"))
    made = build(Build(str(folder / "app.py"), folder / "freed.wit", out=folder / "freed.wasm"))
    assert made.diagnostics == ()


@pytest.fixture(scope="module")
def component(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return importable(once(tmp_path_factory, "freed", _build)) / "freed.wasm"


class Host:
    """A component and the connections that its sessions hold."""

    def __init__(self, component: Path, **limits: Any) -> None:
        from freed_bindings.host import Freed, FreedImports  # type: ignore[import-not-found]
        from freed_bindings.host import test_freed_outer as outer

        host = self
        self.open = 0

        class Connection(outer.Connection):  # type: ignore[misc, name-defined]
            def __init__(self) -> None:
                host.open += 1

            def dropped(self) -> None:
                host.open -= 1

        class Outer(outer.Outer):  # type: ignore[misc, name-defined]
            def send(self, data: bytes) -> None:
                pass

            def send_all(self, parts: list[Any]) -> list[Any]:
                return parts

        Outer.Connection = Connection
        self.world: Any = Freed.open(component, FreedImports(test_freed_outer=Outer()), **limits)
        self.sessions: Any = self.world.test_freed_sessions


@pytest.fixture
def host(component: Path) -> Iterator[Host]:
    host = Host(component)
    yield host
    host.world.close()


def test_a_dropped_object_goes_with_what_it_holds(host: Host) -> None:
    for _ in range(11):
        host.sessions.Session(b"x").drop()
    assert (host.sessions.alive(), host.open) == (0, 0)


def test_dropped_objects_take_no_memory(component: Path) -> None:
    """2,000 objects of 100 kB each would need 200 MB."""
    host = Host(component, memory=80_000_000)
    for _ in range(2000):
        host.sessions.Session(bytes(100_000)).drop()
    assert host.sessions.alive() == 0
    host.world.close()


@pytest.mark.parametrize("seed", range(3))
def test_both_sides_have_the_same_objects(host: Host, seed: int) -> None:
    chance = random.Random(seed)
    held: list[Any] = []
    for _ in range(1000):
        match chance.randrange(6):
            case 0:
                held.append(host.sessions.Session(bytes(chance.randrange(10))))
            case 1:
                held += host.sessions.Session.make(chance.randrange(4))
            case 2 if held:
                held.pop(chance.randrange(len(held))).drop()
            case 3 if held:
                a, b = chance.choice(held), chance.choice(held)
                assert host.sessions.larger(a, b) == max(a.size(), b.size())
            case 4 if held:
                assert "as well" in chance.choice(held).finalizer()
            case _:
                del held[len(held) // 2 :]
    gc.collect()
    assert (host.sessions.alive(), host.open) == (len(held), len(held))


def test_an_object_that_comes_back_goes_too(host: Host) -> None:
    for _ in range(20):
        host.sessions.close(host.sessions.Session(b"x"))
    joined = host.sessions.join(host.sessions.Session(b"ab"), host.sessions.Session(b"c"))
    assert (joined.size(), host.sessions.alive(), host.open) == (3, 1, 1)


def test_bytes_take_no_memory(component: Path) -> None:
    """400 MB each that the guest passes and returns."""
    host = Host(component, memory=40_000_000)
    host.sessions.send(100_000, 4000)
    for _ in range(4000):
        assert len(host.sessions.content(100_000)) == 100_000
    host.world.close()


def test_bytes_stay_until_they_are_read(host: Host) -> None:
    from freed_bindings.types.test_freed_outer import Part  # type: ignore[import-not-found]

    chance = random.Random(5)
    for _ in range(300):
        sizes = chance.choices((0, 1, 7, 8, 100, 5000), k=chance.randrange(8))
        more = [None if size % 2 else [chance.randrange(-128, 128) for _ in range(size % 100)] for size in sizes]
        parts = [Part(f"part {size}", chance.randbytes(size), each) for size, each in zip(sizes, more, strict=True)]
        assert host.sessions.send_all(parts) == parts


def test_the_component_is_valid(component: Path) -> None:
    command = [BIN / "wasm-tools", "validate", "--features", "all", component]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_only_known_functions_are_changed(component: Path) -> None:
    content = component.read_bytes()
    assert free_dropped(content.replace(b"wit_dylib_resource_dtor", b"wit_dylib_resource_drop")) is None
    assert free_dropped(content.replace(b"PyGILState_Ensure", b"PyGILState_Assure")) is None
    assert free_dropped(content[:1000]) is None
    assert free_dropped(b"\0asm\x0d\0\1\0") is None
    assert free_bytes(content.replace(b"wit_dylib_pop_list", b"wit_dylib_pop_rope")) is None
    assert free_bytes(content[:1000]) is None


@pytest.mark.long
def test_a_million_objects(component: Path) -> None:
    host = Host(component, memory=80_000_000)
    for _ in range(1_000_000):
        host.sessions.Session(b"x" * 100).drop()
    assert (host.sessions.alive(), host.open) == (0, 0)
    host.world.close()
