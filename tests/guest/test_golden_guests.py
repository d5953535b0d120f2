"""Guests of golden cases, with fakes round them: on plain CPython, and as components on wasmtime."""

from __future__ import annotations

import importlib
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.support.guests import importable, once
from tests.support.paths import GOLDEN
from witgen import Config, generate
from witgen.build.componentize import Build, build

pytestmark = pytest.mark.long

# What componentize-py cannot build, and what stands in its place: docs/guest.md says what is told of each.
REWORDED = {
    "names": {
        "static func(cls: u32)": "static func(class: u32)",
        "export open": "export evaluate",
    }
}
WORLDS = {"awkward": "awkward", "names": "names", "versions": "versions", "websocket": "chat"}


@pytest.fixture(scope="session")
def guests(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return a function that makes a folder with a case's bindings and its guest, as a module and as a component."""

    def made(case: str) -> Path:
        return importable(once(tmp_path_factory, f"guest-{case}", partial(prepare, case)))

    return made


def prepare(case: str, folder: Path) -> None:
    shutil.copytree(GOLDEN / case / "wit", folder / "wit")
    for wit in (folder / "wit").glob("*.wit"):
        text = wit.read_text()
        for old, new in REWORDED.get(case, {}).items():
            assert old in text
            text = text.replace(old, new)
        wit.write_text(text)
    shutil.copy(GOLDEN / case / "guest" / "app.py", folder / f"{case}_guest.py")
    generate(Config(folder / "wit", world=WORLDS[case], out=folder / f"{case}_bindings"))
    app = str(folder / f"{case}_guest.py")
    build(Build(app, folder / "wit", WORLDS[case], out=folder / f"{case}.wasm"))


@pytest.fixture(params=["cpython", "component"])
def opened(request: pytest.FixtureRequest, guests: Callable[[str], Path]) -> Iterator[Callable[[str], SimpleNamespace]]:
    """Return a function that opens a case's guest: its fakes, its exports, the bindings' types."""
    with ExitStack() as stack:

        def start(case: str) -> SimpleNamespace:
            folder = guests(case)
            application = folder / f"{case}.wasm" if request.param == "component" else f"{case}_guest"
            testing = importlib.import_module(f"{case}_bindings.guest.testing")
            fakes = stack.enter_context(testing.Fakes())
            guest = stack.enter_context(testing.opened(application, fakes))
            return SimpleNamespace(fakes=fakes, guest=guest, testing=testing, types=_types(case))

        yield start


def _types(case: str) -> Callable[[str], Any]:
    return lambda module: importlib.import_module(f"{case}_bindings.types.{module}")


def test_names_that_mean_something_in_python(opened: Callable[[str], SimpleNamespace]) -> None:
    names = opened("names")
    fakes, words = names.fakes.golden_names_words, names.guest.golden_names_words
    fakes.list.returns([3, 4])
    fakes.print.returns("printed")
    fakes.lambda_.returns((7, False))
    fakes.ttl_ms.returns(8)
    assert words.list([1, 2]) == [3, 4]
    assert words.print("text", 1) == "printed"
    assert words.lambda_(5, True) == (7, False)
    assert words.ttl_ms(6) == 8
    assert [call.arguments for call in names.testing.calls(names.fakes)] == [([1, 2],), ("text", 1), (5, True), (6,)]
    assert names.guest.evaluate("module") == "MODULE"
    with pytest.raises(names.types("names").ExportError, match="no export"):
        names.guest.export()


def test_resource_methods_that_mean_something_to_componentize_py(opened: Callable[[str], SimpleNamespace]) -> None:
    names = opened("names")
    fakes = names.fakes.golden_names_words.Resource
    fakes.handle.returns(9)
    fakes.list.returns(["a"])
    fakes.str.returns("b")
    fakes.dropped.returns(True)
    resource = names.guest.golden_names_words.Resource(1, "one")
    assert (resource.handle(), resource.list(), resource.str("x"), resource.dropped("y")) == (9, ["a"], "b", True)
    assert fakes.constructor.calls == [(1, "one")]
    [made] = fakes
    assert fakes.str.calls == [(made, "x")]
    names.guest.golden_names_words.Resource.import_(5)
    assert fakes.constructor.calls[1:] == [(5, "imported")]


def test_two_versions_of_an_interface(opened: Callable[[str], SimpleNamespace]) -> None:
    versions = opened("versions")
    old, new = versions.types("lib_counter_api_0_1_0").State, versions.types("lib_counter_api_0_2_0").State
    versions.fakes.lib_counter_api_0_1_0.get.returns(old(2))
    versions.fakes.lib_counter_api_0_2_0.get.returns(new(2**40, "new"))
    versions.fakes.lib_counter_other.label.answers(lambda of: of.label * 2)
    assert versions.guest.lib_counter_api_0_2_0.get() == new(2**40 + 2, "newnew")


# The demo's tests show the component of such a guest, too, and more quickly.
@pytest.mark.parametrize("opened", ["cpython", pytest.param("component", marks=pytest.mark.long)], indirect=True)
def test_a_conversation(opened: Callable[[str], SimpleNamespace]) -> None:
    chat = opened("websocket")
    types, client = chat.types("golem_websocket_client"), chat.fakes.golem_websocket_client.WebsocketConnection
    client.receive.returns("hi", b"\x00\x01")
    client.receive.raises(types.ErrorClosed(types.CloseInfo(1000, "bye")))
    assert chat.guest.run("ws://somewhere") == ["hi", "2 bytes", "closed: 1000 bye"]
    [connection] = client
    assert client.connect.calls == [("ws://somewhere", [("authorization", "none")])]
    sent = [types.MessageText("Hello, server!"), types.MessageBinary(b"\x00\x01\xff")]
    assert client.send.calls == [(connection, message) for message in sent]
    assert connection.dropped
    level = chat.types("wasi_logging_logging").Level
    assert chat.fakes.wasi_logging_logging.log.calls == [(level.INFO, "chat", "talking to ws://somewhere")]
    client.connect.raises(types.ErrorConnectionFailure("refused"))
    with pytest.raises(chat.types("chat").RunError, match="ws://nowhere: refused"):
        chat.guest.run("ws://nowhere")


def test_constructors_that_fail(opened: Callable[[str], SimpleNamespace]) -> None:
    awkward = opened("awkward")
    fakes, exported = awkward.fakes.golden_awkward_files, awkward.guest.golden_awkward_files
    types = awkward.types("golden_awkward_files")
    fakes.File.constructor.raises(types.ErrorMissing("a"), types.ErrorDenied())
    with pytest.raises(types.ErrorMissing, match="a"):
        exported.File("a")
    with pytest.raises(types.ErrorDenied):
        exported.File("b")
    fakes.size.returns(2**40)
    with exported.File("c") as file:
        assert exported.size(file) == 2**40
    [made] = fakes.File
    assert fakes.size.calls == [(made,)]
    fakes.File.open.raises(types.FileOpenError("no"))
    with pytest.raises(types.FileOpenError, match="no"):
        exported.File.open("d")
    assert fakes.File.constructor.calls == [("a",), ("b",), ("c",)]


def test_methods_called_handle_and_finalizer(opened: Callable[[str], SimpleNamespace]) -> None:
    awkward = opened("awkward")
    fakes = awkward.fakes.golden_awkward_files.File
    fakes.handle.returns(7, 8)
    fakes.finalizer.returns("still there")
    file = awkward.guest.golden_awkward_files.File.open("x")
    assert (file.handle(), file.finalizer(), file.handle()) == (7, "still there", 8)
    [made] = fakes
    assert fakes.handle.calls == [(made,), (made,)]
    fakes.finalizer.returns("given and taken")
    kept = awkward.guest.golden_awkward_files.keep(file)
    assert kept.finalizer() == "given and taken"
    with pytest.raises(ValueError, match="File"):
        file.handle()


def test_resources_of_interfaces_inside_the_world(opened: Callable[[str], SimpleNamespace]) -> None:
    awkward = opened("awkward")
    pens = awkward.fakes.awkward_pens.Pen
    pens.draw.answers(lambda _, n: n * 10)
    pot = awkward.guest.pots.Pot(awkward.types("awkward_pots").Size(4))
    assert pot.fill(3) == 60
    first, second = pens
    assert pens.constructor.calls == [(4,)]
    assert pens.draw.calls == [(first, 3), (second, 3)]


def test_lists_of_signed_bytes(opened: Callable[[str], SimpleNamespace]) -> None:
    awkward = opened("awkward")
    fakes, exported = awkward.fakes.golden_awkward_numbers, awkward.guest.golden_awkward_numbers
    fakes.signed.answers(lambda x: x[::-1])
    fakes.nested.returns([-1], None, [])
    assert exported.signed([-128, -1, 0, 127]) == [127, 0, -1, -128]
    assert [exported.nested([[-5], []]) for _ in range(3)] == [[-1], None, []]
    assert fakes.nested.calls == [([[-5], []],)] * 3
    with pytest.raises(ValueError, match="expected s8, got 128"):
        exported.signed([128])


def test_types_called_like_what_componentize_py_imports(opened: Callable[[str], SimpleNamespace]) -> None:
    awkward = opened("awkward")
    fakes, exported = awkward.fakes.golden_awkward_shadows, awkward.guest.golden_awkward_shadows
    types = awkward.types("golden_awkward_shadows")
    wit = importlib.import_module("witgen_runtime.values")
    optional = types.Optional(1, "one")
    fakes.fails.returns(optional)
    assert exported.fails(types.Err.LATE) == optional
    fakes.fails.raises(types.ErrError(types.Err.LOST))
    with pytest.raises(types.ErrError) as caught:
        exported.fails(types.Err.LATE)
    assert caught.value.value is types.Err.LOST
    for some in (types.SomeNone(), types.SomeBytes(b"x")):
        shapes = some, types.Flag.UP | types.Flag.DOWN, types.Enum.SECOND
        fakes.shapes.returns(shapes)
        assert exported.shapes(*shapes) == shapes
        assert fakes.shapes.calls[-1] == shapes
    for result in (wit.Ok(optional), wit.Err(types.Err.LATE)):
        fakes.inside.returns(result)
        assert exported.inside(result) == result
        assert fakes.inside.calls[-1] == (result,)


def test_one_object_handed_out_twice(opened: Callable[[str], SimpleNamespace]) -> None:
    exported = opened("awkward").guest.golden_awkward_types
    with exported.Node("one") as node:
        first, second = node.again(), node.again()
        with first:
            assert first.name() == "one"
        assert second.name() == "one"
        assert node.name() == "one"
    one, other = exported.pair()
    with one:
        assert one.name() == "both"
    assert other.name() == "both"
