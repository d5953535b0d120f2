"""What curl makes of served components, and they of what curl sends."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.support.servers import Server, behind_hypercorn, behind_uvicorn
from witgen.proxy import Proxy

pytestmark = [pytest.mark.slow, pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")]

LARGE = 8 << 20


@pytest.fixture(scope="module", params=["h11", "httptools", "hypercorn"])
def served(web: Path, request: pytest.FixtureRequest) -> Generator[Server]:
    app = Proxy.asgi(web, requests=1000)
    with behind_hypercorn(app) if request.param == "hypercorn" else behind_uvicorn(app, http=request.param) as server:
        yield server


def curl(server: Server, path: str, *arguments: str, given: bytes = b"") -> str:
    """Run curl; return what it prints."""
    command = ["curl", "-sS", "--noproxy", "*", "--max-time", "60", *arguments, f"http://127.0.0.1:{server.port}{path}"]
    return subprocess.run(command, input=given, capture_output=True, check=True).stdout.decode()


def test_get(served: Server) -> None:
    report = json.loads(curl(served, "/report?a=b%20c", "-H", "X-Kind: test", "-A", "curl"))
    assert report == {
        "method": "GET",
        "target": "/report?a=b%20c",
        "authority": f"127.0.0.1:{served.port}",
        "fields": [["accept", "*/*"], ["user-agent", "curl"], ["x-kind", "test"]],
        "body": "",
    }


@pytest.mark.parametrize("version", ["--http1.0", "--http1.1"])
def test_post(served: Server, version: str) -> None:
    report = json.loads(curl(served, "/report", version, "-d", "hello"))
    assert (report["method"], report["body"]) == ("POST", "hello")
    assert ["content-length", "5"] in report["fields"]


def test_a_body_in_chunks(served: Server) -> None:
    report = json.loads(curl(served, "/report", "-T", "-", given=b"hello"))
    assert (report["method"], report["body"]) == ("PUT", "hello")
    assert "content-length" not in dict(report["fields"])


def test_head_and_a_request_after_it_on_one_connection(served: Server) -> None:
    first = f"http://127.0.0.1:{served.port}/announce?10"
    printed = curl(served, "/count", "-I", first, "--next", "--noproxy", "*", "-w", " %{num_connects}", "-d", "abc")
    head, _, rest = printed.replace("\r\n", "\n").partition("\n\n")
    assert "content-length: 10" in head.lower().splitlines()
    assert rest == "3 0"  # three bytes counted, and no new connection


def test_a_large_body_waits_for_100_continue(served: Server, tmp_path: Path) -> None:
    (tmp_path / "body").write_bytes(bytes(LARGE))
    printed = curl(served, "/count", "-v", "--stderr", "-", "-H", "Expect: 100-continue", "-T", str(tmp_path / "body"))
    assert "< HTTP/1.1 100" in printed
    assert printed.splitlines()[-1].endswith(str(LARGE)) or f"\n{LARGE}" in printed


def test_a_slow_reader_gets_everything(served: Server, tmp_path: Path) -> None:
    data = hashlib.sha256(b"seed").digest() * (1 << 15)
    (tmp_path / "body").write_bytes(data)
    curl(served, "/pipe", "--limit-rate", "512k", "-T", str(tmp_path / "body"), "-o", str(tmp_path / "answer"))
    assert (tmp_path / "answer").read_bytes() == data


def test_half_a_response_is_an_error(served: Server) -> None:
    with pytest.raises(subprocess.CalledProcessError) as caught:
        curl(served, "/unfinished")
    assert caught.value.returncode == 18  # "partial file"
