"""`witgen build` builds again when anything changes that the component was made of, and not otherwise."""

from __future__ import annotations

import os
import random
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import witgen
from witgen.build import componentize as building
from witgen.build.componentize import Build, BuildError, build

pytestmark = [pytest.mark.slow, pytest.mark.long]

WIT = "package desk:greet;\nworld greeter { export greet: func(name: string) -> string; }\n"
APP = """\
from pathlib import Path

import words
from greeter_bindings.guest import exports

HERE = Path(__file__).parent
TEXT = (HERE / "greeting.txt").read_text().strip()
PARTS = sorted(path.name for path in (HERE / "parts").iterdir())
LOUD = (HERE / "loud").exists()
try:
    EXTRA = (HERE / "extra.txt").read_text()
except FileNotFoundError:
    EXTRA = "nothing"


def greet(name):
    return f"{TEXT}, {name}: {words.WORD} {PARTS} {LOUD} {EXTRA} {words.__file__}"


exports.serve(__name__, greet=greet)
"""


class BuiltAgainError(Exception):
    """Something would be built."""


def _site(environment: Path) -> Path:
    return environment / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with an environment `env` and an application in `app`, which was built."""
    folder = tmp_path_factory.mktemp("stale")
    app = folder / "app"
    for each in (app / "wit", app / "parts", _site(folder / "env")):
        each.mkdir(parents=True)
    (app / "wit" / "w.wit").write_text(WIT)
    (folder / "dep").mkdir()
    (folder / "dep" / "d.wit").write_text("package desk:dep;\n")
    (app / "wit" / "deps").mkdir()
    (app / "wit" / "deps" / "dep").symlink_to(folder / "dep")
    (app / "app.py").write_text(APP)
    (app / "greeting.txt").write_text("Hello\n")
    (app / "parts" / "one").write_text("")
    (_site(folder / "env") / "words.py").write_text("WORD = 'old'\n")
    witgen.generate(witgen.Config(app / "wit", out=app / "greeter_bindings", host=False))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VIRTUAL_ENV", str(folder / "env"))
        patch.chdir(app)
        assert build(Build("app.py", "wit")).is_new
    return folder


@pytest.fixture
def copy(built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder as it was built, for a test to change; building anything raises `BuiltAgainError`."""

    def refuse(arguments: list[str], place: object) -> None:
        raise BuiltAgainError

    # In its place, because where a component is made is a part of what it is made of.
    shutil.copytree(built, tmp_path / "kept", symlinks=True)
    monkeypatch.setenv("VIRTUAL_ENV", str(built / "env"))
    monkeypatch.chdir(built / "app")
    monkeypatch.setattr(building, "run", refuse)
    return built


@pytest.fixture(autouse=True)
def restored(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[None]:
    """Put everything back where it was before a test."""
    yield
    if "copy" in request.fixturenames:
        folder: Path = request.getfixturevalue("built")
        for each in ("app", "dep", "env"):
            shutil.rmtree(folder / each)
            shutil.copytree(tmp_path / "kept" / each, folder / each, symlinks=True)


def write(path: str, text: str) -> Callable[[Path], object]:
    def change(folder: Path) -> None:
        place = folder / path if not path.startswith("site/") else _site(folder / "env") / path.removeprefix("site/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)

    return change


CHANGES = {
    "the application": write("app/app.py", APP + "# changed\n"),
    "data": write("app/greeting.txt", "Goodbye\n"),
    "a file in a folder that is listed": write("app/parts/two", ""),
    "a file that was looked for": write("app/loud", ""),
    "a file that was not there": write("app/extra.txt", "more"),
    "a dependency": write("site/words.py", "WORD = 'new'\n"),
    "a module that comes first": write("app/words.py", "WORD = 'mine'\n"),
    "the bindings": write("app/greeter_bindings/guest/exports/__init__.py", ""),
    "the WIT": write("app/wit/w.wit", WIT + "// more\n"),
    "WIT behind a link": write("dep/d.wit", "package desk:dep;\ninterface i { f: func(); }\n"),
    "a package with WIT": write("site/sdk/componentize-py.toml", "wit_directory = 'wit'\n"),
    "a native library": write("site/fast/x.abi3.so", "\0asm"),
    "the component": write("app/app.wasm", "another"),
    "what the component was made of": write("app/.app.wasm.witgen", "{"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_seen(change: str, copy: Path) -> None:
    CHANGES[change](copy)
    with pytest.raises(BuiltAgainError):
        build(Build("app.py", "wit"))


@pytest.mark.parametrize("tool", ["interpreter", "environment", "componentize-py"])
def test_another_tool_is_seen(tool: str, copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if tool == "interpreter":
        monkeypatch.setattr(sys, "version", "4.0")
    elif tool == "environment":
        monkeypatch.setenv("VIRTUAL_ENV", str(copy / "other"))
    else:
        monkeypatch.setattr("witgen.build.inputs.componentize_version", lambda: "0.99")
    with pytest.raises(BuiltAgainError):
        build(Build("app.py", "wit"))


@pytest.mark.parametrize(
    "path",
    ["app/README.md", "app/parts/__pycache__/x.pyc", "app/state.db", "site/notes.txt", "app/greeter_bindings/py.typed"],
)
def test_what_has_nothing_to_do_with_it(path: str, copy: Path) -> None:
    write(path, "")(copy)
    os.utime(copy / "app" / "app.py")
    assert not build(Build("app.py", "wit")).is_new


def test_nothing_is_left_beside_the_sources(built: Path) -> None:
    assert not list(built.rglob("__pycache__"))
    assert sorted(path.name for path in (built / "app").iterdir() if path.name.startswith(".")) == [".app.wasm.witgen"]


def test_any_damaged_note_means_building_again(copy: Path) -> None:
    stamp = copy / "app" / ".app.wasm.witgen"
    whole = stamp.read_bytes()
    randomly = random.Random(5)
    odd = [b"[" * 100_000, b'{"read": {"opened": {"\\u0000": 1}}}', b'"\\ud800"', b"\xff", b"", b"null", b"[]", b"{}"]
    for number in range(200):
        at = randomly.randrange(len(whole))
        flipped = whole[:at] + bytes([whole[at] ^ 1 << randomly.randrange(8)]) + whole[at + 1 :]
        stamp.write_bytes(odd[number] if number < len(odd) else flipped)
        with pytest.raises(BuiltAgainError):
            build(Build("app.py", "wit"))


@pytest.mark.skipif(sys.platform == "win32", reason="there are no FIFOs")
@pytest.mark.parametrize("name", ["app.wasm", ".app.wasm.witgen", "app.py"])
def test_a_fifo_is_not_waited_for(name: str, copy: Path) -> None:
    (copy / "app" / name).unlink()
    os.mkfifo(copy / "app" / name)
    with pytest.raises((OSError, BuildError), match="not a regular file"):
        build(Build("app.py", "wit"))


def test_a_link_in_the_place_of_the_note_is_not_written_through(copy: Path, tmp_path: Path) -> None:
    from witgen.base.files import replace

    (tmp_path / "victim").write_text("precious")
    stamp = copy / "app" / ".app.wasm.witgen"
    content = stamp.read_bytes()
    stamp.unlink()
    stamp.symlink_to(tmp_path / "victim")
    replace(stamp, content)
    assert (tmp_path / "victim").read_text() == "precious"
    assert not build(Build("app.py", "wit")).is_new


@pytest.mark.long
def test_the_component_says_what_is_there_now(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole way: the application's data and a dependency change, and the component that is built next has both."""
    monkeypatch.setenv("VIRTUAL_ENV", str(built / "env"))
    monkeypatch.chdir(built / "app")
    CHANGES["data"](built)
    CHANGES["a dependency"](built)
    assert build(Build("app.py", "wit", stub_wasi=True)).is_new
    assert not build(Build("app.py", "wit", stub_wasi=True)).is_new
    with witgen.load(built / "app" / "app.wasm").open() as guest:
        said = guest.greet("Ann")
    assert said.startswith("Goodbye, Ann: new ['one'] False nothing /2/words.py"), said
