"""`witgen serve`, in a separate process."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import wasmtime

from tests.serving.tiny import answering
from tests.support.servers import Server, raw

pytestmark = pytest.mark.slow


class Running:
    """A process that serves; what it writes to stderr is collected."""

    def __init__(self, *arguments: object) -> None:
        command = [sys.executable, "-m", "witgen", "serve", "--port", "0", *map(str, arguments)]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        self.lines: list[str] = []
        self._reading = threading.Thread(target=self._read)
        self._reading.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.lines.append(line.rstrip())

    def wait_for(self, pattern: str) -> str:
        """Return the first line in which a pattern is found."""
        due = time.monotonic() + 60
        while time.monotonic() < due:
            found = next((line for line in [*self.lines] if re.search(pattern, line)), None)
            if found is not None:
                return found
            assert self.process.poll() is None or self._reading.is_alive(), self.lines
            time.sleep(0.02)
        raise AssertionError(self.lines)

    def client(self) -> httpx.Client:
        address = self.wait_for(r"^http://").partition(" ")[0]
        return httpx.Client(base_url=address, timeout=60, trust_env=False)

    def end(self, number: int = signal.SIGINT) -> int:
        self.process.send_signal(number)
        code = self.process.wait(30)
        self._reading.join()
        return code

    def close(self) -> None:
        self._reading.join()
        assert self.process.stderr is not None
        self.process.stderr.close()


@contextmanager
def serving(*arguments: object) -> Generator[Running]:
    running = Running(*arguments)
    try:
        yield running
    finally:
        running.process.kill()
        running.process.wait()
        running.close()


@pytest.fixture
def component(tmp_path: Path) -> Path:
    path = tmp_path / "app.wat"
    path.write_text(answering(201))
    return path


def test_a_compiled_component(tmp_path: Path) -> None:
    """It is served without the component, and not if others may have written it."""
    component, compiled = tmp_path / "app.wasm", tmp_path / "app.cwasm"
    component.write_bytes(wasmtime.wat2wasm(answering(201)))
    command = [sys.executable, "-m", "witgen", "compile", str(component)]
    subprocess.run(command, check=True)
    component.unlink()
    with serving(compiled) as running, running.client() as client:
        assert [client.get("/").status_code for _ in range(5)] == [201] * 5
    compiled.chmod(0o666)
    with serving(compiled) as running:
        assert "can be written by others" in running.wait_for("app.cwasm")
        assert running.process.wait(30) == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_a_signal(component: Path, number: int) -> None:
    with serving(component) as running, running.client() as client:
        assert client.get("/a?b", headers={"user-agent": 'a"b'}).status_code == 201
        line = running.wait_for("GET")
        assert re.fullmatch(r'127\.0\.0\.1 - - \[.*\] "GET /a\?b HTTP/1\.1" 201 - "-" "a\\x22b"', line)
        assert running.end(number) == 0
    assert not [line for line in running.lines if "Traceback" in line or "ERROR" in line]


def test_a_request_ends_before_the_server_does(web: Path) -> None:
    with serving(web) as running, running.client() as client, client.stream("GET", "/slowly") as answer:
        parts = answer.iter_raw()
        assert next(parts) == b"part 0\n"
        running.process.send_signal(signal.SIGTERM)
        assert b"".join(parts) == b"part 1\npart 2\n"
        assert running.process.wait(30) == 0


def test_trailers_of_a_request_are_no_headers(web: Path) -> None:
    """A proxy in front may remove `x-user` from headers, and pass trailers on."""
    with serving(web) as running:
        port = int(running.wait_for("^http://").partition("/ ")[0].rpartition(":")[2])
        head = b"POST /report HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n"
        answer = raw(Server(port), head + b"5\r\nhello\r\n0\r\nx-user: root\r\n\r\n")
    assert b'"body": "hello"' in answer
    assert b"x-user" not in answer


@pytest.mark.long
def test_async_handlers_are_served_too(async_web: Path) -> None:
    with serving(async_web) as running, running.client() as client:
        assert client.post("/", content=b"hello").text == "Method_Post /\nhello"


def test_what_the_component_sees_of_this_machine(component: Path, tmp_path: Path) -> None:
    options = ("--env", "A=b", "--dir", f"{tmp_path}::/data", "--memory", "64M", "--allow", "example.org")
    with serving(component, *options) as running, running.client() as client:
        assert client.get("/").status_code == 201


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["missing.wasm"], "No such file or directory: missing.wasm"),
        (["{component}", "--memory", "much"], "'much' is not a number of bytes: write 1048576, 1M or none"),
        (["{component}", "--memory", "9" * 5000], "is not a number of bytes: write 1048576, 1M or none"),
        (["{component}", "--memory", "9" * 30], "memory: expected a whole number of bytes from 0"),
        (["{component}", "--deadline", "nan"], "deadline: expected seconds, more than 0"),
        (["{component}", "--env", "A"], "'A': expected K=V"),
        (["{component}", "--allow", "a b"], "'a b' is not a host"),
        (["{component}", "--dir", "nowhere"], "'nowhere' is not a folder"),
        (["{other}"], "does not fit world wasi:http/proxy"),
    ],
)
def test_mistakes_are_told(component: Path, tmp_path: Path, arguments: list[str], text: str) -> None:
    other = tmp_path / "other.wat"
    other.write_text("(component)")
    given = [each.format(component=component, other=other) for each in arguments]
    command = [sys.executable, "-m", "witgen", "serve", "--port", "0", *given]
    run = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert run.returncode == 2
    assert text in run.stderr
    assert "Traceback" not in run.stderr


def test_a_port_that_is_taken_is_told(component: Path) -> None:
    with serving(component) as running:
        port = running.wait_for("^http://").partition("/ ")[0].rpartition(":")[2]
        command = [sys.executable, "-m", "witgen", "serve", component, "--port", port]
        run = subprocess.run(command, capture_output=True, text=True)
        assert (run.returncode, "Address already in use" in run.stderr) == (2, True)


def test_a_changed_component_is_served_without_a_failed_request(component: Path) -> None:
    pytest.importorskip("watchfiles")
    with serving(component, "--reload", "--no-access-log") as running, running.client() as client:
        assert client.get("/").status_code == 201
        component.write_text("damaged")
        running.wait_for("app.wat has changed and cannot be served; the version before it still is: ")
        assert client.get("/").status_code == 201
        new = component.with_name("new.wat")
        new.write_text(answering(202))
        os.replace(new, component)
        due, seen = time.monotonic() + 30, [201]
        while seen[-1] != 202:
            assert time.monotonic() < due
            seen.append(client.get("/").status_code)
        assert set(seen) == {201, 202}
