"""Where a cluster is, who asks, and what is said when it does not answer as it should."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.golem.certificates import self_signed
from tests.golem.cluster.conftest import Command
from tests.support.golem_cluster import TOKEN, AnswerError, FakeCluster, golem_cluster
from witgen.golem.cluster.errors import ClusterError
from witgen.golem.cluster.settings import settings

CALL = "POST /v1/agents/invoke-agent"


def told(cluster: FakeCluster, command: Command, answer: AnswerError) -> str:
    """Return the message about an answer to a call."""
    cluster.answers[CALL] = answer
    said = command.invoke('Cart("ann")', "clear")
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith(f'error: Cart("ann").clear: {cluster.url} answers {answer.status} '), said.err
    return said.err


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (400, {"code": "BAD", "errors": ["no such method", "bad parameter"]}, "Request: no such method; bad parameter"),
        (403, {"code": "FORBIDDEN", "error": "not yours"}, "Forbidden: not yours; the token may not do this"),
        (404, {"code": "NOT_FOUND", "error": "App shop not found"}, "Not Found: App shop not found"),
        (409, {"error": "already there"}, "Conflict: already there; somebody else has changed it meanwhile"),
        (413, b"too large", "too large; it is larger than the cluster takes"),
        (500, {"golemError": {"type": "PreviousInvocationFailed"}}, '{"type": "PreviousInvocationFailed"}'),
        (500, {"code": "INTERNAL", "error": "trap: out of stock", "cause": None}, "Error: trap: out of stock"),
        (500, ["odd"], '["odd"]'),
        (503, b"", "the call may go on: the same command with --key "),
    ],
)
def test_answers_with_an_error(cluster: FakeCluster, command: Command, status: int, body: Any, message: str) -> None:
    said = told(cluster, command, AnswerError(status, body))
    assert message in said
    assert said.count("\n") == 1 + ("the call may go on" in said)


def test_a_page_is_no_message(cluster: FakeCluster, command: Command) -> None:
    page = AnswerError(502, b"<html><body>Bad gateway</body></html>", {"content-type": "text/html"})
    assert "html" not in told(cluster, command, page)


def test_a_redirect_is_not_followed(cluster: FakeCluster, command: Command) -> None:
    moved = AnswerError(307, {}, {"location": "https://elsewhere.example/"})
    assert "it redirects to https://elsewhere.example/: use that address" in told(cluster, command, moved)
    assert cluster.requests == [CALL]


def test_a_wrong_token(cluster: FakeCluster, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WITGEN_GOLEM_TOKEN", "wrong")
    said = command.invoke('Cart("ann")', "clear")
    assert said.code == 2
    assert "answers 401 Unauthorized: Invalid token; check the token" in said.err
    assert "wrong" not in said.err


def test_something_else_answers(cluster: FakeCluster, command: Command) -> None:
    cluster.answers[CALL] = AnswerError(200, b"hello")
    said = command.invoke('Cart("ann")', "clear")
    assert said.code == 2
    assert "answers with something that is not JSON; is it Golem's REST API?" in said.err


def test_nobody_answers(command: Command) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    said = command.invoke('Cart("ann")', "clear", "--url", f"http://127.0.0.1:{port}", "--token", "x")
    assert said.code == 2
    assert f"http://127.0.0.1:{port} cannot be reached: " in said.err
    assert "the call may go on" not in said.err


def test_the_time_is_over(cluster: FakeCluster, command: Command) -> None:
    cluster.delay = 0.6
    said = command.invoke('Cart("ann")', "clear", "--timeout", "0.2", "--key", "one")
    assert said.code == 2
    assert f"no answer from {cluster.url} in 0.2 s (--timeout)" in said.err
    assert "the call may go on: the same command with --key one joins it" in said.err


def test_the_connection_ends(command: Command) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        program = f"import socket; s = socket.socket(fileno={listener.fileno()}); s.accept()[0].recv(10)"
        with subprocess.Popen([sys.executable, "-c", program], pass_fds=[listener.fileno()]):
            said = command.invoke('Cart("ann")', "clear", "--url", url, "--token", "x")
    assert said.code == 2
    assert f"the connection to {url} failed: " in said.err
    assert "the call may go on" in said.err


def test_certificates(command: Command, tmp_path: Path) -> None:
    certificate, context = self_signed(tmp_path)
    with golem_cluster(context) as cluster:
        given = ['Cart("ann")', "clear", "--url", cluster.url, "--token", TOKEN]
        refused = command.invoke(*given)
        assert refused.code == 2
        assert f"{cluster.url} has a certificate that is not trusted: " in refused.err
        assert "pass the certificate of its authority with --ca" in refused.err
        assert command.invoke(*given, "--ca", str(certificate)).code == 0
        assert cluster.requests == [CALL]
    absent = command.invoke(*given, "--ca", str(tmp_path / "none.pem"))
    assert (absent.code, "not a certificate that can be used" in absent.err) == (2, True)


def test_tls_where_there_is_none(cluster: FakeCluster, command: Command) -> None:
    said = command.invoke('Cart("ann")', "clear", "--url", cluster.url.replace("http", "https"))
    assert said.code == 2
    assert "does not speak TLS as expected" in said.err


# Settings


def given(environment: dict[str, str], **options: Any) -> Any:
    fields: dict[str, Any] = {"profile": None, "url": None, "token": None, "account": None}
    return settings(**{**fields, **options}, authority=None, timeout=1.0, environment=environment)


def test_options_come_before_the_environment() -> None:
    environment = {"WITGEN_GOLEM_URL": "http://one:1/", "WITGEN_GOLEM_TOKEN": "a", "WITGEN_GOLEM_ACCOUNT": "x"}
    found = given(environment)
    assert (found.url, found.token, found.account) == ("http://one:1", "a", "x")
    found = given(environment, url="https://two", token="b", account="y")
    assert (found.url, found.token, found.account) == ("https://two", "b", "y")
    assert given({"WITGEN_GOLEM_TOKEN": "a"}).url == "http://localhost:9881"


def test_profiles() -> None:
    environment = {
        "WITGEN_GOLEM_TOKEN": "a",
        "WITGEN_GOLEM_BIG_ONE_URL": "https://big.example",
        "WITGEN_GOLEM_BIG_ONE_TOKEN": "b",
    }
    found = given(environment, profile="big-one")
    assert (found.url, found.token) == ("https://big.example", "b")
    assert given({**environment, "WITGEN_GOLEM_PROFILE": "big-one"}).url == "https://big.example"
    with pytest.raises(ClusterError, match="no token for http://localhost:9881: set WITGEN_GOLEM_LOCAL_TOKEN"):
        given(environment, profile="local")
    with pytest.raises(ClusterError, match="profile `other` has no address: set WITGEN_GOLEM_OTHER_URL, or pass --url"):
        given(environment, profile="other")
    with pytest.raises(ClusterError, match="`a b` is not the name of a profile"):
        given(environment, profile="a b")


def test_there_is_no_token(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WITGEN_GOLEM_TOKEN", raising=False)
    said = command.invoke('Cart("ann")', "clear")
    assert said.code == 2
    assert said.err == "error: no token for http://localhost:9881: set WITGEN_GOLEM_TOKEN, or pass --token\n"


@pytest.mark.parametrize(
    "url", ["localhost:9881", "ftp://x", "http://", "http://a:b@c", "http://x:99999", "http://x?y"]
)
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(ClusterError, match="is not the address of a cluster: write http://host:port"):
        given({}, url=url, token="x")


def test_a_token_that_no_header_can_carry() -> None:
    with pytest.raises(ClusterError, match="characters that no header can carry"):
        given({}, token="a\nb")


def test_who_can_read_the_token() -> None:
    urls = ["http://localhost:1", "http://127.0.0.1", "http://[::1]:2", "https://x.example", "http://x.example"]
    assert [given({}, url=each, token="x").is_open for each in urls] == [False] * 4 + [True]


def test_without_httpx(tmp_path: Path) -> None:
    (tmp_path / "httpx.py").write_text('raise ModuleNotFoundError("No module named \'httpx\'", name="httpx")')
    command = [sys.executable, "-m", "witgen", "golem", "invoke", "x", "A()", "b", "--app", "shop"]
    done = subprocess.run(command, env={"PYTHONPATH": str(tmp_path), "PATH": ""}, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: talking to a cluster needs the package httpx: pip install 'witgen[cluster]'\n"
