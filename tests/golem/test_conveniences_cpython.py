"""Python's own forms of Golem's interfaces on plain CPython, on fakes; and which worlds have them."""

from __future__ import annotations

import asyncio
import importlib
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.support.guests import importable
from tests.support.paths import SHARED
from witgen import Config, generate

P3 = """\
package golem:websocket@1.5.0 {
  interface client {
    variant error {
      connection-failure(string), send-failure(string), receive-failure(string), protocol-error(string),
      closed(option<close-info>), other(string),
    }
    record close-info { code: u16, reason: string }
    variant message { text(string), binary(list<u8>) }
    resource websocket-connection {
      connect: static func(url: string, headers: option<list<tuple<string, string>>>)
        -> result<websocket-connection, error>;
      send: func(message: message) -> result<_, error>;
      receive: async func() -> result<message, error>;
      receive-with-timeout: async func(timeout-ms: u64) -> result<option<message>, error>;
      close: func(code: option<u16>, reason: option<string>) -> result<_, error>;
    }
  }
}
"""
WORLDS = {
    "classic": "include witgen:golem/agent;",
    "later": "import golem:websocket/client@1.5.0;",
    "strange": "import wasi:logging/logging;",
}
NAMES = {"blobs", "keyvalue", "logs", "uuids", "websockets"}
TREE = SHARED / "wit" / "golem-2026-07"
STRANGE = "package wasi:logging;\ninterface logging { log: func(message: string); }\n"


@pytest.fixture(scope="module", autouse=True)
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Generate a package for each world: Golem's own, one whose WebSockets are async, one with another log."""
    folder = tmp_path_factory.mktemp("worlds")
    for world, items in WORLDS.items():
        wit = folder / world
        (wit / "deps").mkdir(parents=True)
        (wit / "world.wit").write_text(f"package test:{world};\nworld {world} {{ {items} }}\n")
        if world == "later":
            (wit / "deps" / "websocket.wit").write_text("package test:nothing;\n" + P3)
        if world == "strange":
            (wit / "deps" / "logging.wit").write_text(STRANGE)
        generate(Config(wit, world=world, golem=True, host=False, out=folder / f"{world}_guest"))
    return importable(folder)


def module(name: str) -> Any:
    """Import a module of the generated packages, of which type checkers know nothing here."""
    return importlib.import_module(name)


@pytest.fixture
def fakes() -> Iterator[Any]:
    yield from module("classic_guest.guest.testing").installed()


def test_only_worlds_that_have_the_interfaces_as_they_are_have_the_modules(packages: Path) -> None:
    found = {
        world: NAMES & {path.stem for path in (packages / f"{world}_guest" / "guest").glob("*.py")} for world in WORLDS
    }
    assert found == {"classic": NAMES, "later": {"websockets"}, "strange": set()}


@pytest.mark.slow
def test_type_checkers_take_the_async_form(packages: Path) -> None:
    (packages / "pyrightconfig.json").write_text('{"typeCheckingMode": "strict", "pythonVersion": "3.11"}')
    tools = Path(sys.executable).parent
    target = "later_guest"
    for command in (
        ["mypy", "--strict", "--config-file=", target],
        ["pyright", "--pythonpath", sys.executable, target],
    ):
        done = subprocess.run([tools / command[0], *command[1:]], cwd=packages, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout


def test_a_conversation(fakes: Any) -> None:
    websockets, types = module("classic_guest.guest.websockets"), module("classic_guest.types.golem_websocket_client")
    connection = fakes.golem_websocket_client.WebsocketConnection
    connection.receive.returns(types.MessageText("hi"), types.MessageBinary(b"\1"))
    connection.receive_with_timeout.returns(None, types.MessageText("late"))
    with websockets.WebSocket.connect("ws://x", headers={"A": "b"}) as ws:
        ws.send("hello")
        assert [ws.receive(), ws.receive()] == ["hi", b"\1"]
        assert ws.receive(timeout=0.0001) is None
        assert ws.receive(timeout=2) == "late"
    assert connection.connect.calls == [("ws://x", [("A", "b")])]
    assert [milliseconds for _, milliseconds in connection.receive_with_timeout.calls] == [1, 2000]
    [made] = connection
    assert connection.close.calls == [(made, 1000, "")]
    assert made.dropped


@pytest.mark.parametrize(("code", "ends"), [(1000, True), (1001, True), (None, True), (1006, False), (4000, False)])
def test_iteration_ends_on_a_normal_close(fakes: Any, code: int | None, ends: bool) -> None:
    websockets, types = module("classic_guest.guest.websockets"), module("classic_guest.types.golem_websocket_client")
    closed = types.ErrorClosed(None if code is None else types.CloseInfo(code, ""))
    fakes.golem_websocket_client.WebsocketConnection.receive.returns(types.MessageText("one"))
    fakes.golem_websocket_client.WebsocketConnection.receive.raises(closed)
    messages = []

    def listen() -> None:
        for message in websockets.WebSocket.connect("ws://x"):
            messages.append(message)  # noqa: PERF402 - kept also if the iteration fails

    if ends:
        listen()
    else:
        with pytest.raises(types.ErrorClosed):
            listen()
    assert messages == ["one"]


def test_an_exception_leaves_with_another_code(fakes: Any) -> None:
    websockets, types = module("classic_guest.guest.websockets"), module("classic_guest.types.golem_websocket_client")
    connection = fakes.golem_websocket_client.WebsocketConnection
    connection.close.raises(types.ErrorOther("no"))
    with pytest.raises(KeyError, match="mine"), websockets.WebSocket.connect("ws://x"):
        raise KeyError("mine")
    assert connection.close.calls[0][1] == 1011
    with pytest.raises(types.ErrorOther), websockets.WebSocket.connect("ws://x"):
        connection.close.raises(types.ErrorOther("no"))


def test_the_async_form_awaits_functions_that_are_async() -> None:
    websockets, types = module("later_guest.guest.websockets"), module("later_guest.types.golem_websocket_client")
    assert not hasattr(websockets, "WebSocket")
    with module("later_guest.guest.testing").Fakes() as fakes:
        connection = fakes.golem_websocket_client.WebsocketConnection
        connection.receive.returns(types.MessageText("hi"))
        connection.receive.raises(types.ErrorClosed(None))
        connection.receive_with_timeout.returns(None)

        async def talk() -> list[object]:
            async with websockets.AsyncWebSocket.connect("ws://x") as ws:
                await ws.send("hello")
                return [await ws.receive(timeout=0.5), *[message async for message in ws]]

        assert asyncio.run(talk()) == [None, "hi"]
        assert connection.receive_with_timeout.calls[0][1] == 500


def test_keys_are_uuids(fakes: Any) -> None:
    uuids, types = module("classic_guest.guest.uuids"), module("classic_guest.types.golem_api_host")
    text = "01234567-89ab-cdef-0123-456789abcdef"
    fakes.golem_api_host.generate_idempotency_key.returns(types.Uuid(0x0123456789ABCDEF, 0x0123456789ABCDEF))
    assert uuids.idempotency_key() == UUID(text)
    assert uuids.to_uuid(uuids.from_uuid(UUID(text))) == UUID(text)


def test_what_the_store_says_is_the_errors_text(fakes: Any) -> None:
    keyvalue = module("classic_guest.guest.keyvalue")
    types = module("classic_guest.types.wasi_keyvalue_wasi_keyvalue_error")
    error = fakes.wasi_keyvalue_wasi_keyvalue_error.Error
    error.trace.returns("the disk is full")
    fakes.wasi_keyvalue_eventual.set.raises(types.ErrorException(error()))
    with keyvalue.Bucket("b") as bucket, pytest.raises(keyvalue.KeyValueError, match="the disk is full"):
        bucket["k"] = b"v"
    assert all(handle.dropped for handle in fakes.wasi_keyvalue_types.OutgoingValue)


def test_a_broken_stream_is_an_os_error(fakes: Any) -> None:
    blobs, streams = module("classic_guest.guest.blobs"), module("classic_guest.types.wasi_io_streams")
    types = module("classic_guest.types.wasi_blobstore_types")
    fakes.wasi_blobstore_container.Container.has_object.returns(True)
    fakes.wasi_blobstore_container.Container.object_info.returns(types.ObjectMetadata("a", "c", 0, 10))
    fakes.wasi_io_streams.InputStream.blocking_read.returns(b"half")
    fakes.wasi_io_streams.InputStream.blocking_read.raises(streams.StreamErrorClosed())
    with blobs.Container("c") as container, pytest.raises(OSError, match="the stream has failed"):
        container.read("a")
    assert all(handle.dropped for handle in fakes.wasi_io_streams.InputStream)


def test_what_cannot_be_logged_disturbs_nobody(fakes: Any, capsys: pytest.CaptureFixture[str]) -> None:
    logs, types = module("classic_guest.guest.logs"), module("classic_guest.types.wasi_logging_logging")
    log = logging.getLogger("shop")
    log.addHandler(logs.Handler())
    log.propagate = False
    log.warning("%d apples", "many")
    log.warning("lone \ud800")
    log.warning("%d apples", 3)
    assert fakes.wasi_logging_logging.log.calls == [(types.Level.WARN, "shop", "3 apples")]
    assert "Logging error" in capsys.readouterr().err


@pytest.mark.skipif(not TREE.is_dir(), reason="Golem's tree of July 2026 is not beside this checkout")
def test_the_tree_of_july_2026_has_them_all(packages: Path) -> None:
    """Its UUIDs are declared elsewhere; the type checkers look at all of it in tests/golem/test_golem_guest.py."""
    generate(Config(TREE, world="golem", host=False, out=packages / "july_guest"))
    uuids, core = module("july_guest.guest.uuids"), module("july_guest.types.golem_core_types")
    assert {path.stem for path in (packages / "july_guest" / "guest").glob("*.py")} >= NAMES
    with module("july_guest.guest.testing").Fakes() as fakes:
        fakes.golem_api_host.generate_idempotency_key.returns(core.Uuid(1, 2))
        assert uuids.idempotency_key().int == (1 << 64) + 2
