"""The stores and WebSockets with Golem's async functions and streams, on the services of the older ones."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

from tests.golem.coverage_report import declared
from tests.golem.guests import streamed
from witgen import golem

pytestmark = [pytest.mark.slow, pytest.mark.long]

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def component(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("componentize_py", reason="needs componentize-py")
    return streamed(tmp_path_factory)


@pytest.fixture
def guest(component: Path) -> Iterator[Any]:
    with golem.Services() as services, services.open(component, deadline=120) as guest:
        yield guest


def test_values_under_keys(guest: Any) -> None:
    assert guest.run("keys_and_values", "") == [
        "70001",
        "True",
        "[b'2', None, b'1']",
        "[5, True]",
        "(False, ['long', 'y'])",
    ]


def test_blobs(guest: Any) -> None:
    assert guest.run("blobs", "") == [
        "a box 11 box box",
        "5 b'hello'",
        "b'blob'",
        "['a', 'b', 'd']",
        "(False, True)",
        "[]",
        "False",
    ]


def test_five_mib_through_streams_both_ways(guest: Any) -> None:
    assert guest.run("large", "") == [str(5 << 20), "True", "True"]


def test_the_cache(guest: Any) -> None:
    assert guest.run("cached", "") == ["b'kept'", "[True, False, None]", "b'provided'"]


def test_several_wait_at_once(guest: Any) -> None:
    assert guest.run("together", "") == ["[None, None]", "[False, False]", "[b'done', b'done']"]
    assert guest.run("given_up", "") == ["GetOrSetEntryVacant"]


def test_mistakes_are_the_errors_that_wit_declares(guest: Any) -> None:
    unfinished = "the stream of this value has not ended: close it first"
    assert guest.run("mistakes", "") == [
        "'a\\x00b' cannot be the name of a bucket: it has a NUL in it",
        "'\\x00' has a NUL in it",
        "this value has a stream, which takes its content",
        "this value already has a stream",
        unfinished,
        "no error: None",
        "None",
        "'abc' has 3 bytes, so it has no byte 9",
        "there is no container 'nowhere'",
        "there is no container 'mistakes'",
    ]


def _echo(connection: ServerConnection) -> None:
    with suppress(ConnectionClosed):
        for message in connection:
            connection.send(message)


def test_every_function_is_called(component: Path) -> None:
    with serve(_echo, "127.0.0.1", 0) as server, golem.Services() as services, services.open(component) as guest:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"ws://127.0.0.1:{server.socket.getsockname()[1]}"
        assert guest.run("sockets", url) == ["True", "None", "4000"]
        for what in ("keys_and_values", "blobs", "cached", "mistakes"):
            guest.run(what, "")
        called = {re.sub("@[^#]*", "", name) for name in guest.run("called", "")}
        server.shutdown()
    packages = ("golem:websocket", "wasi:blobstore", "wasi:keyvalue")
    wanted = {name for package in packages for name in declared(component.parent / "wit")[package]}
    assert wanted - called == set()
