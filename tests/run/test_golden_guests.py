"""Guests of golden cases, with fakes round them: on plain CPython, and as components on wasmtime."""

from __future__ import annotations

import importlib
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from filelock import FileLock

from witgen import Config, generate
from witgen.build import Build, build

GOLDEN = Path(__file__).parent.parent.parent / "golden"

# What componentize-py cannot build, and what stands in its place: docs/guest.md says what is told of each.
REWORDED = {
    "names": {
        'Python: "quotes", \\backslashes\\, """triple""" and': "Python and",
        "static func(cls: u32)": "static func(class: u32)",
        "export open": "export evaluate",
    }
}
WORLDS = {"names": "names", "versions": "versions", "websocket": "chat"}


@pytest.fixture(scope="session")
def guests(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Callable[[str], Path]:
    """Return a function that builds a case's guest and returns the component; the application's module is beside it."""
    base = tmp_path_factory.getbasetemp()
    root = (base if worker_id == "master" else base.parent) / "golden-guests"
    root.mkdir(exist_ok=True)

    def made(case: str) -> Path:
        folder, component = root / case, root / case / f"{case}.wasm"
        with FileLock(root / f"{case}.lock"):
            if not component.exists():
                shutil.rmtree(folder, ignore_errors=True)
                shutil.copytree(GOLDEN / case / "wit", folder / "wit")
                for wit in (folder / "wit").glob("*.wit"):
                    text = wit.read_text()
                    for old, new in REWORDED.get(case, {}).items():
                        assert old in text
                        text = text.replace(old, new)
                    wit.write_text(text)
                app = folder / f"{case}_guest.py"
                shutil.copy(GOLDEN / case / "guest" / "app.py", app)
                generate(Config(folder / "wit", world=WORLDS[case], out=folder / f"{case}_bindings"))
                build(Build(str(app), folder / "wit", WORLDS[case], out=component))
        if str(folder) not in sys.path:
            sys.path.insert(0, str(folder))
        return component

    return made


@pytest.fixture(params=["cpython", "component"])
def opened(request: pytest.FixtureRequest, guests: Callable[[str], Path]) -> Iterator[Callable[[str], SimpleNamespace]]:
    """Return a function that opens a case's guest: its fakes, its exports, the bindings' types."""
    from contextlib import ExitStack

    with ExitStack() as stack:

        def start(case: str) -> SimpleNamespace:
            component = guests(case)
            testing = importlib.import_module(f"{case}_bindings.guest.testing")
            fakes = stack.enter_context(testing.Fakes())
            application = component if request.param == "component" else f"{case}_guest"
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
