"""Greenlets that would overlap inside components of one thread: refused, where wasmtime would abort the process.

Each program runs in an interpreter of its own, because a failure of these tests is a crash.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.host.boxes import TEXT as BOXES
from witgen import Config, generate

TEXT = """(component
  (import "tick" (func $tick (param "n" u32) (result u32)))
  (core func $t (canon lower (func $tick)))
  (core module $m
    (import "" "tick" (func $tick (param i32) (result i32)))
    (func (export "run") (param i32) (result i32) (local $sum i32)
      (loop $l (if (local.get 0) (then
        (local.set $sum (i32.add (local.get $sum) (call $tick (local.get 0))))
        (local.set 0 (i32.sub (local.get 0) (i32.const 1))) (br $l))))
      (local.get $sum)))
  (core instance $i (instantiate $m (with "" (instance (export "tick" (func $t))))))
  (func (export "run") (param "times" u32) (result u32) (canon lift (core func $i "run"))))"""

START = """
import faulthandler; faulthandler.dump_traceback_later(20, exit=True)
from ticking_bindings.host import Ticking, TickingImports
from witgen_runtime import host


def opened(tick):
    return Ticking.open("ticking.wat", TickingImports(tick=tick))


def attempt(call):
    try:
        return call()
    except host.ThreadError as error:
        assert "another greenlet of this thread is inside a component" in str(error), error
        return "refused"

"""

GREENLETS = """
import greenlet

main = greenlet.getcurrent()


def switching(n):
    main.switch()
    return n


def returning(n):
    return n

"""

TAKING_TURNS = """
for one in (opened(switching), opened(switching)):
    for other in (one, opened(switching)):
        results = {}
        a = greenlet.greenlet(lambda: results.update(a=attempt(lambda: one.run(2))))
        b = greenlet.greenlet(lambda: results.update(b=attempt(lambda: other.run(2))))
        for each in (a, b, a, a, b, a):
            if not each.dead:
                each.switch()
        assert results == {"a": 3, "b": "refused"}, results
        b = greenlet.greenlet(lambda: results.update(b=attempt(lambda: other.run(1))))
        while not b.dead:
            b.switch()
        assert results["b"] == 1
"""

SWITCHING_WITHOUT_A_CALL = """
one = opened(switching)
results = []
a = greenlet.greenlet(lambda: results.append(one.run(50)))
while not a.dead:
    a.switch()
    sum(map(len, [str(n) for n in range(1000)]))
assert results == [sum(range(51))]
"""

IN_THE_FIRST_GREENLET = """
def failing(n):
    raise ValueError(n)


one, other = opened(switching), opened(failing)
a = greenlet.greenlet(lambda: one.run(2))
a.switch()
assert attempt(lambda: other.run(1)) == attempt(lambda: one.run(1)) == "refused"
assert attempt(lambda: opened(returning)) == "refused"
while not a.dead:
    a.switch()
try:
    other.run(1)
except ValueError:
    pass
"""

IN_A_CHILD = """
other = opened(returning)


def asking(n):
    return greenlet.greenlet(lambda: 7 if attempt(lambda: other.run(1)) == "refused" else 0).switch()


one = opened(asking)
assert one.run(2) == 14
assert other.run(2) == 3
"""

CALLS_INSIDE_CALLS = """
other = opened(switching)
one = opened(lambda n: other.run(1) + n)
results = []
a = greenlet.greenlet(lambda: results.append(one.run(1)))
a.switch()
assert attempt(lambda: opened(returning)) == "refused"
third = None
while not a.dead:
    assert attempt(lambda: other.run(1)) == "refused"
    a.switch()
assert results == [2]
opened(returning).run(1)
"""

IMPORTED_LATE = (
    """
one, other = opened(lambda n: switching(n)), opened(lambda n: switching(n))
switching = lambda n: n
assert one.run(1) == other.run(1) == 1
"""
    + GREENLETS
    + TAKING_TURNS.replace("(opened(switching), opened(switching))", "(one, other)")
)

THREADS_AND_CLOSING = """
import threading

one, other = opened(switching), opened(returning)
a = greenlet.greenlet(lambda: one.run(1))
a.switch()
results = []
thread = threading.Thread(target=lambda: results.append(other.run(2)))
thread.start()
thread.join()
assert results == [3]
other.close()
try:
    one.close()
except host.HostError as error:
    assert "while a call in it is in progress" in str(error)
else:
    raise AssertionError
while not a.dead:
    a.switch()
one.close()
"""

NEVER_RESUMED = """
import gc

one, two = opened(switching), opened(switching)
a = greenlet.greenlet(lambda: one.run(1))
a.switch()
del a
gc.collect()
assert opened(returning).run(2) == 3
b = greenlet.greenlet(lambda: two.run(1))
b.switch()
"""

DROPPING = """
from witgen_runtime import host
from boxes_bindings.host import Boxes, BoxesImports


def boxes():
    return Boxes.open("boxes.wat", BoxesImports(tick=switching)).test_deep_boxes


one, other = boxes(), boxes()
mine, theirs = one.Box(1), other.Box(2)
a = greenlet.greenlet(mine.ask)
a.switch()
theirs.drop()  # has a destructor, which runs later
assert attempt(other.drops) == "refused"
while not a.dead:
    a.switch()
assert other.drops() == 1
"""

TWO_RUNTIMES = """
from witgen_runtime import host
from boxes_bindings.host import Boxes, BoxesImports

other = Boxes.open("boxes.wat", BoxesImports(tick=returning)).test_deep_boxes
one = opened(switching)
a = greenlet.greenlet(lambda: one.run(1))
a.switch()
assert attempt(other.drops) == "refused"
while not a.dead:
    a.switch()
assert other.drops() == 0
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ticking")
    (folder / "ticking.wat").write_text(TEXT)
    generate(Config(folder / "ticking.wat", out=folder / "ticking_bindings", guest=False))
    (folder / "boxes.wat").write_text(BOXES)
    generate(Config(folder / "boxes.wat", out=folder / "boxes_bindings", guest=False))
    return folder


def program(folder: Path, text: str) -> None:
    command = [sys.executable, "-c", START + text + "\nprint('done')"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr


@pytest.mark.parametrize(
    "text",
    [
        TAKING_TURNS,
        SWITCHING_WITHOUT_A_CALL,
        IN_THE_FIRST_GREENLET,
        IN_A_CHILD,
        CALLS_INSIDE_CALLS,
        THREADS_AND_CLOSING,
        NEVER_RESUMED,
        DROPPING,
        TWO_RUNTIMES,
    ],
    ids=["turns", "no-call", "first", "child", "nested", "threads", "never-resumed", "dropping", "runtimes"],
)
def test_greenlets(folder: Path, text: str) -> None:
    program(folder, GREENLETS + text)


def test_greenlets_that_are_imported_after_a_component_was_opened(folder: Path) -> None:
    program(folder, IMPORTED_LATE)


def test_programs_without_greenlets_import_none(folder: Path) -> None:
    program(folder, "opened(lambda n: n).run(1)\nimport sys\nassert 'greenlet' not in sys.modules\n")
