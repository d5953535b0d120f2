"""Corners of exports, the same on CPython and in a component: exits, one resource on both sides, left-out functions."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.support.guests import importable, once
from witgen import Config, generate
from witgen.build.componentize import Build, build

pytestmark = pytest.mark.slow

TOOL = Path(sys.executable).parent / "componentize-py"
WIT = """\
package test:%corners;
interface things {
  resource thing { constructor(v: u32); get: func() -> u32; }
  total: func(all: list<borrow<thing>>) -> u32;
}
interface jobs {
  resource job { constructor(what: string); run: func(what: string) -> result<u32, string>; all: static func(); }
  pour: func(x: stream<job>);
}
world %corners {
  import things;
  export things;
  use things.{thing};
  export read-it: func(a: borrow<thing>) -> u32;
  export pass-on: func(a: thing) -> thing;
  export hold: func(a: option<thing>) -> tuple<u32, list<thing>>;
  export jobs;
  export twice: func(a: borrow<thing>) -> list<string>;
  export leave: func(what: string);
}
"""
APP = """\
import copy
import pickle
import sys
from collections.abc import Callable
from typing import Any
from corners_bindings.guest import exports, test_corners_things
from corners_bindings.guest.exports import test_corners_jobs, test_corners_things as exported

LEAVES: dict[str, Callable[[], None]] = {
    "nothing": lambda: sys.exit(), "zero": lambda: sys.exit(0), "three": lambda: sys.exit(3),
    "minus": lambda: sys.exit(-1), "many": lambda: sys.exit(256), "no": lambda: sys.exit(False),
    "message": lambda: sys.exit("all is lost"), "builtin": lambda: exit(2),
}


def leave(what: str) -> None:
    held = test_corners_things.Thing(1)
    try:
        LEAVES[what]()
    except Exception:
        print("caught by an except clause for errors")
    finally:
        held.drop()


class Job(test_corners_jobs.Job):
    def __init__(self, what: str) -> None:
        if what:
            leave(what)

    def run(self, what: str) -> int:
        try:
            leave(what)
        except SystemExit:
            if what == "three":
                return 3
            raise
        return 0

    @classmethod
    def all(cls) -> None:
        leave("three")


class Thing(exported.Thing):
    def __init__(self, v: int) -> None:
        self.v = v

    def get(self) -> int:
        return self.v + 100


class Things(exported.Things):
    Thing = Thing

    def total(self, all: list[exported.Thing]) -> int:
        return sum(each.get() for each in all)


def read_it(a: test_corners_things.Thing) -> int:
    assert isinstance(a, test_corners_things.Thing)
    return a.get()


def pass_on(a: test_corners_things.Thing) -> test_corners_things.Thing:
    return a


def hold(a: test_corners_things.Thing | None) -> tuple[int, list[test_corners_things.Thing]]:
    return (0, []) if a is None else (a.get(), [a, test_corners_things.Thing(5)])


def twice(a: test_corners_things.Thing) -> list[str]:
    said = []
    ways: list[Callable[[Any], Any]] = [copy.copy, copy.deepcopy, pickle.dumps]
    for handle in (a, test_corners_things.Thing(1)):
        for make in ways:
            try:
                make(handle)
            except TypeError as error:
                said.append(str(error))
    return said


exports.serve(
    __name__, twice=twice, read_it=read_it, pass_on=pass_on, hold=hold, leave=leave,
    test_corners_things=Things(), test_corners_jobs=Job,
)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return importable(once(tmp_path_factory, "corners", _build))


def _build(folder: Path) -> None:
    (folder / "corners.wit").write_text(WIT)
    (folder / "corners_app.py").write_text(APP)
    generate(Config(folder / "corners.wit", world="corners", out=folder / "corners_bindings"))
    if TOOL.exists():
        app = str(folder / "corners_app.py")
        build(Build(app, folder / "corners.wit", "corners", out=folder / "corners.wasm"))


@pytest.fixture(
    scope="module",
    params=[
        "CPython",
        pytest.param("component", marks=pytest.mark.skipif(not TOOL.exists(), reason="componentize-py is missing")),
    ],
)
def application(request: pytest.FixtureRequest, folder: Path) -> str:
    if request.param == "CPython":
        return "corners_app"
    return str(folder / "corners.wasm")


@pytest.fixture
def opened(application: str) -> Iterator[SimpleNamespace]:
    from corners_bindings.guest import testing

    with testing.Fakes() as fakes, testing.opened(application, fakes) as guest:
        fakes.test_corners_things.Thing.get.answers(lambda _: 7)
        yield SimpleNamespace(guest=guest, fakes=fakes, testing=testing)


LEAVING: dict[str, Callable[[Any, str], Any]] = {
    "function": lambda guest, what: guest.leave(what),
    "constructor": lambda guest, what: guest.test_corners_jobs.Job(what),
}


@pytest.mark.slow
@pytest.mark.parametrize("place", LEAVING)
@pytest.mark.parametrize(
    ("what", "code"), [("nothing", 0), ("zero", 0), ("three", 1), ("minus", 1), ("many", 1), ("no", 0), ("message", 1)]
)
def test_sys_exit_ends_the_component(what: str, code: int, place: str, opened: SimpleNamespace) -> None:
    with pytest.raises(opened.testing.GuestExit, match=f"the guest exited with code {code}") as caught:
        LEAVING[place](opened.guest, what)
    assert caught.value.code == code
    with pytest.raises(RuntimeError):
        opened.guest.leave("zero")


def test_sys_exit_in_methods_and_statics(opened: SimpleNamespace) -> None:
    """One that holds a resource, too; the guest itself can catch it, as anywhere in Python."""
    job = opened.guest.test_corners_jobs.Job("")
    assert job.run("three") == 3
    with pytest.raises(opened.testing.GuestExit):
        opened.guest.test_corners_jobs.Job.all()


def test_sys_exit_in_a_method(opened: SimpleNamespace) -> None:
    job = opened.guest.test_corners_jobs.Job("")
    with pytest.raises(opened.testing.GuestExit) as caught:
        job.run("builtin")
    assert caught.value.code == 1


def test_the_message_of_an_exit_is_printed(opened: SimpleNamespace, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(opened.testing.GuestExit):
        opened.guest.leave("message")
    assert "all is lost" in capfd.readouterr().err


def test_functions_of_the_world_take_the_imported_resource(opened: SimpleNamespace) -> None:
    """Of an interface that is imported and exported; its own functions take what the guest implements."""
    guest, things = opened.guest, opened.fakes.test_corners_things
    mine = things.Thing()
    assert guest.read_it(mine) == 7
    with pytest.raises(TypeError, match="expected Thing"):
        guest.read_it(guest.test_corners_things.Thing(1))
    own = [guest.test_corners_things.Thing(1), guest.test_corners_things.Thing(2)]
    assert own[0].get() == 101
    with pytest.raises(TypeError):
        guest.test_corners_things.Thing.get(mine)
    assert guest.test_corners_things.total(own) == 203
    assert not mine.dropped


def test_an_imported_resource_goes_through_the_guest(application: str) -> None:
    """In every position, with the host's own class round the component and with a fake on CPython."""
    from corners_bindings import host
    from corners_bindings.guest import testing
    from corners_bindings.host import test_corners_things as imported

    if not application.endswith(".wasm"):
        with testing.Fakes() as fakes, testing.opened(application, fakes) as guest:
            fakes.test_corners_things.Thing.get.answers(lambda _: 7)
            mine: Any = fakes.test_corners_things.Thing()
            assert guest.pass_on(mine) is mine
            count, [first, second] = guest.hold(mine)
            assert (count, first, guest.hold(None)) == (7, mine, (0, []))
            assert second in list(fakes.test_corners_things.Thing)
        return

    class Leaf(imported.Thing):  # type: ignore[misc]  # generated while the test runs
        def __init__(self, v: int) -> None:
            self.v = v

        def get(self) -> int:
            return self.v

    things = SimpleNamespace(Thing=Leaf, total=sum)
    with host.Corners.open(application, host.CornersImports(test_corners_things=things)) as world:
        leaf = Leaf(7)
        assert world.read_it(leaf) == 7
        assert world.pass_on(leaf) is leaf
        count, [first, second] = world.hold(leaf)
        assert (count, first, second.get(), world.hold(None)) == (7, leaf, 5, (0, []))


def test_copying_is_refused_on_either_side(opened: SimpleNamespace) -> None:
    """Of handles that the guest has, of those that its host has, and of what stands for an interface and the world."""
    said = opened.guest.twice(opened.fakes.test_corners_things.Thing())
    assert said == ["this Thing cannot be copied or pickled: it is a handle to a resource of the host"] * 6
    job = opened.guest.test_corners_jobs.Job("")
    for each in (job, opened.guest.test_corners_things, opened.guest):
        for make in (copy.copy, copy.deepcopy, pickle.dumps):
            with pytest.raises(TypeError, match="cannot be copied or pickled: it "):
                make(each)
    assert job.run("three") == 3


def test_the_bindings_say_which_resource_it_is(folder: Path) -> None:
    """And annotations exist where one function of two is left out."""
    (folder / "uses.py").write_text(
        "from corners_bindings.host import Corners, test_corners_things as imported\n"
        "def use(world: Corners, mine: imported.Thing) -> int:\n"
        "    return world.read_it(world.pass_on(mine))\n"
    )
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--config-file=",
        "corners_bindings",
        "uses.py",
        "corners_app.py",
    ]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout


def test_a_left_out_function_is_not_demanded(opened: SimpleNamespace) -> None:
    """It is not there for hosts; the rest of its interface is."""
    assert not hasattr(opened.guest.test_corners_jobs, "pour")
    assert opened.guest.test_corners_jobs.Job("").run("three") == 3
