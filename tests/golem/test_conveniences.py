"""Python's own forms of Golem's interfaces, in a real component against the local services."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection

from tests.golem.guests import built
from tests.support.loopback import websocket_server
from witgen.golem import Services
from witgen.golem.worker.command import Run, run

pytestmark = [pytest.mark.slow, pytest.mark.long]

APP = Path(__file__).parent / "conveniences"


@pytest.fixture(scope="module")
def component(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("componentize_py", reason="needs componentize-py")
    return built(APP, "conveniences", tmp_path_factory)


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    with Services(tmp_path / "state") as services:
        yield services


def _converse(connection: ServerConnection) -> None:
    """Answer by path: echo and tell headers, count and end, fail, or wait to be asked."""
    assert connection.request is not None
    match connection.request.path:
        case "/echo":
            with suppress(ConnectionClosed):
                for message in connection:
                    connection.send(connection.request.headers["X-Name"] if message == "name" else message)
        case "/count":
            for number in ("1", b"2", "3"):
                connection.send(number)
        case "/fail":
            connection.send("last words")
            connection.close(4000, "broken")
        case _:
            connection.send(f"after {connection.recv()}")


@pytest.fixture
def url() -> Iterator[str]:
    with websocket_server(_converse) as url:
        yield url


def test_web_sockets(component: Path, services: Services, url: str) -> None:
    with services.open(component) as guest:
        assert guest.talk(url) == [
            "header 'ada'",
            r"bytes b'\x01\x02'",
            "nothing None",
            "closed 1000",
            "iterated ['1', b'2', '3']",
            "before 'last words'",
            "failed 4000",
            "raised 'mine'",
            "ErrorConnectionFailure",
        ]


def test_web_sockets_with_asyncio(component: Path, services: Services, url: str) -> None:
    with services.open(component) as guest:
        assert guest.talk_async([f"{url}/one", f"{url}/two"]) == ["None None, after go"] * 2


def test_buckets_are_mappings(component: Path, services: Services) -> None:
    with services.open(component) as guest:
        assert guest.buckets() == [
            "[('apple', b'yellow'), ('fig', b''), ('pear', b'green'), ('plum', b'blue')] 4 True False",
            "None b'green' b'sour'",
            "missing 'kiwi'",
            "missing 'kiwi'",
            "{'a': b'1', 'b': b'2'}",
            "['apple', 'b', 'fig', 'lime', 'plum']",
            "{}",
            "1 6",
            "True False",
            "refused True",
        ]


def test_blobs_are_files(component: Path, services: Services) -> None:
    with services.open(component) as guest:
        assert guest.blobs() == [
            "['large', 'small'] 2 True False b'hello'",
            r"True b'' 255997 b'\xfd\xfe\xff'",
            r"257 b'\x01\x02' 259 True False",
            r"['erste\n', 'zweite ☃\n']",
            "half False",
            "no blob 'none' in container 'box'",
            "['empty', 'small'] b''",
            "[]",
            "refused True",
        ]


def test_logging(component: Path, services: Services, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(1)
    with services.open(component) as guest:
        guest.logs()
    levels = [5, logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL]
    assert [(record.levelno, record.getMessage()) for record in caplog.records if "shop.till" in record.name] == [
        (level, f"level {level}") for level in levels
    ]


def test_workers_replay_them_all(component: Path, url: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Every call is a process's work; the last one finds no server any more, and needs none."""

    def call(function: str, *arguments: object) -> str:
        listed = [json.dumps(each) for each in arguments]
        wanted = Run(
            component=str(component), function=function, arguments=listed, worker="w", state=tmp_path / "state.db",
            network=function != "logs", json=True, say=lambda _: None,
        )  # fmt: skip
        return run(wanted).text

    assert "header 'ada'" in call("talk", url)
    assert json.loads(call("talk-async", [f"{url}/one"])) == ["None None, after go"]
    assert "True False" in call("buckets")
    assert "half False" in call("blobs")
    capfd.readouterr()
    call("logs")
    assert "Error" not in capfd.readouterr().err
