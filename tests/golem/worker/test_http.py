"""HTTP requests of workers: made once, recorded, and answered from the oplog after that."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.golem.certificates import self_signed
from tests.golem.guests import built
from tests.golem.worker.conftest import Machine
from tests.golem.worker.http_server import Server, serving_http
from witgen.golem.worker.errors import WorkerError
from witgen.golem.worker.managing import Manager, Pruned
from witgen_runtime.host import DeadlineError

pytestmark = pytest.mark.slow


@pytest.fixture(scope="session")
def component(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("componentize_py", reason="needs componentize-py")
    return built(Path(__file__).parent / "web", "web", tmp_path_factory)


@pytest.fixture
def server() -> Iterator[Server]:
    with serving_http() as made:
        yield made


def _ask(machine: Machine, method: str, url: str, body: bytes = b"", milliseconds: int = 60_000, **more: Any) -> Any:
    return machine.call("one", "ask", method, url, body, milliseconds, **more)


def test_replay_sends_nothing_and_hears_the_same(machine: Machine, server: Server) -> None:
    answers = [
        _ask(machine, "GET", f"{server.url}/missing"),
        _ask(machine, "POST", f"{server.url}/a", "Grüße".encode()),
        _ask(machine, "SWAP", f"{server.url}/b", b"x" * 3000),
    ]
    assert answers == ["404 text/x-test GET 1 ", "200 text/x-test POST 2 Grüße", f"200 text/x-test SWAP 3 {'x' * 3000}"]
    assert server.asked == ["GET /missing 0", "POST /a 1", "SWAP /b 2"]
    server.server_close()
    assert machine.call("one", "told", network=False) == answers
    assert len(server.asked) == 3


def test_a_response_that_was_taken_is_not_asked_for_again(machine: Machine, server: Server) -> None:
    """The guest still has futures and pollables of before, and waits for others."""
    urls = [f"{server.url}/{name}" for name in "ab"]
    said = machine.call("one", "ask-all", urls)
    assert [each[:-3] for each in said] == ["200 text/x-test GET"] * 2
    further = _ask(machine, "GET", f"{server.url}/c")
    assert machine.call("one", "told") == [*said, further, "Err(value=None)", "Err(value=None)"]
    assert len(server.asked) == 3


def test_a_request_without_an_answer_is_sent_again(machine: Machine, server: Server) -> None:
    with pytest.raises(DeadlineError):
        _ask(machine, "POST", f"{server.url}/slow", b"hello", key="k", deadline=2)
    server.hurry.set()
    assert _ask(machine, "POST", f"{server.url}/slow", b"hello", key="k") == "200 text/x-test POST 2 hello"
    assert server.asked == ["POST /slow 0"] * 2


def _run(machine: Machine, function: str, *arguments: object, key: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "witgen", "run", str(machine.component), function, *map(json.dumps, arguments)]
    options = ["--json", "--worker", "one", "--state", str(machine.state), "--key", key]
    return subprocess.Popen([*command, *options], stdout=subprocess.PIPE, text=True)


def test_a_killed_process_has_lost_no_answer(machine: Machine, server: Server) -> None:
    def finished(function: str, *arguments: object, key: str) -> Any:
        out, _ = _run(machine, function, *arguments, key=key).communicate(timeout=120)
        return json.loads(out)

    first = finished("ask", "GET", f"{server.url}/first", [], 60_000, key="1")
    interrupted = _run(machine, "ask", "POST", f"{server.url}/slow", [65], 60_000, key="2")
    while len(server.asked) < 2:
        time.sleep(0.01)
    interrupted.kill()
    interrupted.communicate()
    server.hurry.set()
    second = finished("ask", "POST", f"{server.url}/slow", [65], 60_000, key="2")
    assert finished("told", key="3") == [first, second] == ["200 text/x-test GET 1 ", "200 text/x-test POST 3 A"]
    assert server.asked == ["GET /first 0", "POST /slow 1", "POST /slow 1"]


def test_a_request_that_must_not_be_sent_again_fails_the_worker(machine: Machine, server: Server) -> None:
    with pytest.raises(DeadlineError):
        machine.call("one", "ask-once", f"{server.url}/slow", key="k", deadline=2)
    server.hurry.set()
    with pytest.raises(WorkerError, match="must not be repeated"):
        machine.call("one", "ask-once", f"{server.url}/slow", key="k")
    assert len(server.asked) == 1


def test_failures_are_the_errors_that_wit_declares(machine: Machine, server: Server) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as unused:
        nobody = f"http://127.0.0.1:{unused.getsockname()[1]}"
    attempts = {
        f"{nobody}/": "ErrorCodeConnectionRefused()",
        f"{server.url}/gone": "ErrorCodeConnectionTerminated()",
        f"{server.url}/short": "6 bytes, ErrorCodeHttpResponseIncomplete()",
        f"{server.url}/slow": "ErrorCodeConnectionReadTimeout()",
        f"{server.url}/stuck": "6 bytes, ErrorCodeConnectionReadTimeout()",
        f"{server.url}/large": "0 bytes, ErrorCodeHttpResponseBodySize(value=2000)",
        server.url.replace("http", "https"): "ErrorCodeTlsProtocolError()",
    }
    said = [_ask(machine, "GET", url, b"", 500, response_limit=1000) for url in attempts]
    assert said == list(attempts.values())
    assert "ErrorCodeDnsError" in _ask(machine, "GET", "http://nobody.invalid/")
    assert machine.call("one", "told")[:-1] == said


def test_a_response_comes_as_it_arrives(machine: Machine, server: Server) -> None:
    """The server sends the rest only when the component has asked again, which it does with the first piece in hand."""
    for waits in (False, True):
        server.hurry.clear()
        pieces = machine.call("one", "follow", server.url, waits)
        assert len(pieces) > 1
        assert "".join(pieces) == "one" + "two" * 100_000
    told = machine.call("one", "told")
    assert told[1].endswith("…300003 [('x-sum', b'12')]")
    server.server_close()
    assert machine.call("one", "told", network=False) == told


def test_a_response_that_stopped_with_the_process_breaks_off(machine: Machine, server: Server) -> None:
    started = time.monotonic()
    with pytest.raises(DeadlineError):
        _ask(machine, "GET", f"{server.url}/stuck", key="k", deadline=3)
    assert time.monotonic() - started < 30
    assert _ask(machine, "GET", f"{server.url}/stuck", key="k") == "6 bytes, ErrorCodeConnectionTerminated()"
    assert server.asked == ["GET /stuck 0"]


def test_trailers_of_a_request(machine: Machine, server: Server) -> None:
    assert machine.call("one", "ask-with-trailers", f"{server.url}/trailers") == "200 text/x-test POST 1 body x-sum: 42"


def test_a_request_whose_answer_nobody_wants_is_sent(machine: Machine, server: Server) -> None:
    _run(machine, "leave", f"{server.url}/left", key="k").communicate(timeout=120)
    end = time.monotonic() + 5
    while not server.asked and time.monotonic() < end:
        time.sleep(0.01)
    assert server.asked == ["POST /left 0"]
    assert machine.call("one", "told") == []
    assert server.asked == ["POST /left 0"]


def test_what_is_written_and_not_flushed_is_sent(machine: Machine) -> None:
    assert machine.call("one", "unflushed") == 0


def test_no_redirect_is_followed(machine: Machine, server: Server) -> None:
    assert _ask(machine, "GET", f"{server.url}/moved").startswith("302 ")
    assert server.asked == ["GET /moved 0"]


def test_a_certificate_counts_if_it_is_trusted(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, context = self_signed(tmp_path)
    with serving_http(context) as server:
        assert _ask(machine, "GET", server.url) == "ErrorCodeTlsCertificateError()"
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert _ask(machine, "POST", server.url, b"secret") == "200 text/x-test POST 1 secret"
    assert server.asked == ["POST / 1"]


@pytest.mark.parametrize(("line", "what"), [(0, "POST .*x-line: {}"), (1, "5 bytes, SHA-256")])
def test_a_replay_that_makes_another_request_is_stopped(
    machine: Machine, server: Server, tmp_path: Path, line: int, what: str
) -> None:
    lines = ["first", "begin"]
    data = tmp_path / "data"
    data.mkdir()
    seen = {"folders": (("/data", str(data)),)}
    for text in ("first", "other"):
        lines[line] = text
        (data / "lines").write_text("\n".join(lines))
        if text == "first":
            machine.call("one", "ask-with-file", f"{server.url}/a", "/data/lines", **seen)
    with pytest.raises(WorkerError, match=rf"(?s)recorded:.*{what.format('first')}.*made now:.*{what.format('other')}"):
        machine.call("one", "told", **seen)
    assert len(server.asked) == 1


def test_without_network_requests_are_denied(machine: Machine, server: Server) -> None:
    assert _ask(machine, "GET", server.url, network=False) == "ErrorCodeHttpRequestDenied()"
    assert server.asked == []


def test_mistakes_of_the_guest(machine: Machine, server: Server) -> None:
    assert machine.call("one", "mistakes", server.url.removeprefix("http://")) == [
        "HeaderErrorInvalidSyntax",
        "HeaderErrorInvalidSyntax",
        "HeaderErrorForbidden",
        "HeaderErrorImmutable",
        "[b'1', b'2']",
        "None",
        "False",
        "OutgoingRequestSetAuthorityError",
        "OutgoingRequestSetPathWithQueryError",
        "OutgoingRequestSetMethodError",
        "OutgoingRequestBodyError",
        "OutgoingBodyWriteError",
        "None",
        "ErrorCodeHttpRequestBodySize",
        "Ok(value=Err(value=ErrorCodeHttpRequestBodySize(value=4)))",
        "Err(value=None)",
        "ErrorCodeHttpRequestUriInvalid",
    ]
    assert server.asked == []


def _prune(machine: Machine) -> Pruned:
    with Manager(machine.state) as manager:
        return manager.prune()


def _bodies(machine: Machine) -> list[Path]:
    return sorted(path for path in machine.state.with_name("state.db.d").glob("http/*/*") if not path.suffix)


def test_pruning_keeps_the_bodies_that_replay_reads(machine: Machine, server: Server) -> None:
    answers = [_ask(machine, "POST", f"{server.url}/{name}", name.encode() * 1000) for name in "abc"]
    server.server_close()
    assert len(_bodies(machine)) == 3
    pruned = _prune(machine)
    assert (pruned.workers, pruned.entries, pruned.bodies) == ([], 0, 0)
    assert machine.call("one", "told", network=False) == answers


def test_pruning_removes_the_bodies_of_what_was_taken_back(machine: Machine, server: Server) -> None:
    answers = [_ask(machine, "POST", f"{server.url}/{name}", name.encode() * 1000) for name in "abc"]
    with Manager(machine.state) as manager:
        manager.revert(manager.find("one"), calls=2)
    pruned = _prune(machine)
    assert pruned.entries > 0
    assert pruned.bodies == 4
    assert pruned.size > 2000
    assert len(_bodies(machine)) == 1
    assert machine.call("one", "told", network=False) == answers[:1]
    with Manager(machine.state) as manager:
        # As if the process had been killed in the middle of `delete`.
        manager.records.remove(manager.find("one").number)
    assert _prune(machine).bodies == 2
    assert _bodies(machine) == []


def test_a_body_that_is_gone_or_damaged_is_named(machine: Machine, server: Server) -> None:
    answer = _ask(machine, "GET", f"{server.url}/a")
    [body] = _bodies(machine)
    end = body.with_suffix(".end")
    kept = end.read_bytes()
    for damage in (b"", b"\xff", b"[" * 50_000, b"[1]", b'{"Final": []}', b'{"__doc__": []}', b"null", b"{}"):
        end.write_bytes(damage)
        with pytest.raises(WorkerError, match=f"{end.name}: .* (is damaged|cannot be read)"):
            machine.call("one", "told", network=False)
    end.write_bytes(kept)
    hidden = body.rename(body.with_name("hidden"))
    with pytest.raises(WorkerError, match=f"{body.name}: the body of a response, which replay reads, cannot be read"):
        machine.call("one", "told", network=False)
    body.mkdir()
    with pytest.raises(WorkerError, match="cannot be read"):
        machine.call("one", "told", network=False)
    body.rmdir()
    hidden.rename(body)
    assert machine.call("one", "told", network=False) == [answer]
