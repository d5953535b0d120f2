"""The agents of the examples on this machine, as their author uses them: what is typed in a terminal, and seen."""

from __future__ import annotations

import contextlib
import random
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from websockets.sync.server import Server, ServerConnection, serve

from tests.support.guests import once
from tests.support.paths import ROOT

PEN = '{name: "pen", price: 1.5, quantity: 2}'
RECEIPT = re.compile(r'\{key: "[0-9a-f-]{36}", total: 3\.0, paid_by: "golem-user"\}\n')
TYPES = """\
Cart(user: string)  (a snapshot after every 10 calls)
  The cart of one user. Its constructor's parameters are its identity.
  add(item: Item) -> u32                  POST /carts/{user}/items
"""

pytestmark = [pytest.mark.slow, pytest.mark.long]


@pytest.fixture(scope="session", params=["1.5", pytest.param("main", marks=pytest.mark.long)])
def built(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """Return a folder with the program and its component, for a release of Golem."""
    pytest.importorskip("componentize_py", reason="needs componentize-py")

    def make(folder: Path) -> None:
        shutil.copy(ROOT / "examples" / "agents" / "agents.py", folder)
        witgen(folder, "build", "agents.py", "--golem", request.param)

    return once(tmp_path_factory, f"shop-{request.param}", make)


@pytest.fixture
def shop(built: Path, tmp_path: Path) -> Path:
    """Return a folder with the program, its component and a cart with a pen."""
    for name in "agents.py", "agents.wasm":
        (tmp_path / name).symlink_to(built / name)
    given = ("--config", "max_items=5", "--secret", "api_key=sk-1")
    assert witgen(tmp_path, "run", "agents.wasm", *given, 'Cart("ann")', "add", PEN) == "1\n"
    return tmp_path


@pytest.fixture
def chat() -> Iterator[str]:
    """Run a chat server that answers once and says goodbye."""

    def answer(connection: ServerConnection) -> None:
        connection.send(f"you said {connection.recv(decode=True)}")
        connection.close(1001, "going away")

    server: Server
    with serve(answer, "127.0.0.1", 0) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}"
        server.shutdown()


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "witgen", *arguments]


def witgen(folder: Path, *arguments: str) -> str:
    done = subprocess.run(command(*arguments), cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_session(shop: Path, chat: str) -> None:
    assert TYPES in witgen(shop, "golem", "types", "agents.wasm")
    heard = subprocess.run(
        command("run", "agents.wasm", "ExampleAgent()", "run", chat), cwd=shop, capture_output=True, text=True
    )
    assert heard.stdout == '["you said Hello, server!"]\n'
    assert 'Connected\nText: you said Hello, server!\nClosed [1001] "going away"\n' in heard.stderr
    assert RECEIPT.fullmatch(witgen(shop, "run", "agents.wasm", 'Cart("ann")', "checkout"))
    assert witgen(shop, "run", "agents.wasm", 'Ledger("main")', "entry", "ann") == "some(3.0)\n"
    listed = witgen(shop, "workers")
    assert [line.split()[0] for line in listed.splitlines()] == [
        'agents/Cart("ann")', "agents/ExampleAgent()", 'agents/Ledger("main")'
    ]  # fmt: skip
    manifest = witgen(shop, "golem", "manifest", "--app", "shop")
    assert "witgen build agents.py" in manifest


def test_the_mounts_are_served(shop: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = subprocess.Popen(command("serve", "agents.wasm", "--port", str(port)), cwd=shop)
    try:
        item = {"item": {"name": "ink", "price": 3, "quantity": 1}}
        deadline = time.monotonic() + 120
        while True:
            try:
                answer = httpx.post(f"http://127.0.0.1:{port}/carts/bob/items", json=item, timeout=120)
                break
            except httpx.ConnectError:
                assert server.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.1)
        assert (answer.status_code, answer.json()) == (200, 1)
        assert httpx.get(f"http://127.0.0.1:{port}/carts/ann/total", timeout=120).json() == 3.0
    finally:
        server.terminate()
        server.wait()


@pytest.mark.long
def test_the_tests_of_the_agents_pass_against_the_component(built: Path, tmp_path: Path) -> None:
    for name in "agents.py", "test_agents.py":
        shutil.copy(ROOT / "examples" / "agents" / name, tmp_path)
    words = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "--witgen-component", str(built / "agents.wasm"))
    done = subprocess.run([sys.executable, *words, "test_agents.py"], cwd=tmp_path, capture_output=True, text=True)
    assert "3 passed" in done.stdout, done.stdout


@pytest.mark.long
def test_fifty_kills_in_the_middle_of_checkout(shop: Path) -> None:
    kills = 0
    for number in range(1000):
        user = f"user {number}"
        witgen(shop, "run", "agents.wasm", f'Cart("{user}")', "add", PEN)
        words = ("run", "agents.wasm", "--key", f"pay {number}", f'Cart("{user}")', "checkout")
        kills += killed(shop, *words, after=random.uniform(1, 3))
        receipts = {witgen(shop, *words) for _ in range(2)}
        assert len(receipts) == 1
        assert RECEIPT.fullmatch(receipts.pop())
        assert witgen(shop, "run", "agents.wasm", 'Ledger("main")', "entry", user) == "some(3.0)\n"
        if kills == 50:
            return


def killed(folder: Path, *words: str, after: float) -> bool:
    """Start a command and kill it after some seconds; return whether it was still running."""
    process = subprocess.Popen(command(*words), cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(after)
    process.kill()
    return process.wait() != 0
