"""`witgen demo`, from an empty folder to the end of the conversation, and the host that it shows."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from textwrap import dedent

import pytest
from websockets.sync.server import ServerConnection

import witgen
from tests.support.loopback import websocket_server
from tests.support.paths import ROOT
from witgen import golem
from witgen.demo import layout
from witgen.demo.errors import DemoError
from witgen.demo.record import Record

HERE = Path(__file__).parent
CONVERSATION = """\
Connected
Text: Hello, server!
Binary: 3 bytes
No message within 200 ms
Closed [1000] "bye"
"""
PACKAGE = str(ROOT)
ENVIRONMENT = {**os.environ, "no_proxy": "127.0.0.1", "PYTHONPATH": PACKAGE}


def demo(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the command in `folder`."""
    command = [sys.executable, "-m", "witgen", "demo"]
    return subprocess.run(command, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, timeout=300)


def child(folder: Path, script: str, *arguments: str) -> str:
    """Run a script of the test beside the demo's host, in a process of its own; return what it prints."""
    command = [sys.executable, "-c", dedent(script), *arguments]
    done = subprocess.run(command, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """The first run: the folder that it made, and what it said."""
    folder = tmp_path_factory.mktemp("fresh")
    ENVIRONMENT["WITGEN_CACHE_DIR"] = str(folder / "cache")
    return folder / "witgen-demo", demo(folder)


@pytest.fixture(scope="module")
def made(first: tuple[Path, subprocess.CompletedProcess[str]]) -> Path:
    """The folder of a demo that went well."""
    folder, done = first
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def probe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the demo's host and a guest that does step by step what a test says."""
    folder = tmp_path_factory.mktemp("probe")
    shutil.copytree(golem.WIT / "deps", folder / "wit" / "deps")
    shutil.copy(HERE / "probe.wit", folder / "wit" / "world.wit")
    shutil.copy(HERE / "probe.wat", folder)
    shutil.copy(layout.APP / "host.py", folder)
    witgen.generate(witgen.Config(folder / "wit", world="chat", out=folder / "chat_bindings", guest=False))
    return folder


def test_the_conversation(first: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    _, done = first
    assert (done.returncode, done.stdout) == (0, CONVERSATION), done.stderr


def test_every_step_is_announced_and_timed(first: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    _, done = first
    for step in ("Generating the bindings", "Building the guest", "Compiling the guest", "Running the conversation"):
        [*_, timed] = [line for line in done.stderr.splitlines() if step in line]
        assert timed.endswith(" s"), timed
    assert done.stderr.index("Building the guest with componentize-py …") < done.stderr.index("Compiling")
    assert done.stderr.splitlines()[-1].startswith("Open witgen-demo/guest.py and witgen-demo/host.py")


def test_the_guest_is_compiled_once(made: Path) -> None:
    """As its host opens it, which puts adapters around it."""
    assert len(list((made.parent / "cache" / "components").glob("*.cwasm"))) == 1


def test_the_second_run_builds_nothing_again(made: Path) -> None:
    def snapshot() -> dict[str, int]:
        files = (path for path in made.rglob("*") if path.is_file() and path.suffix != ".pyc")
        return {str(path.relative_to(made)): path.stat().st_mtime_ns for path in files}

    before = snapshot()
    started = time.monotonic()
    done = demo(made.parent)
    taken = time.monotonic() - started
    assert (done.returncode, done.stdout) == (0, CONVERSATION), done.stderr
    assert snapshot() == before
    assert sum(line.endswith("unchanged") for line in done.stderr.splitlines()) == 3
    assert taken < 10


def test_lines_are_printed_while_the_conversation_goes_on(made: Path) -> None:
    greeted, go_on = threading.Event(), threading.Event()

    def converse(connection: ServerConnection) -> None:
        connection.recv()
        greeted.set()
        go_on.wait(30)
        connection.send("at last")
        connection.recv()
        connection.close(1001)

    with websocket_server(converse) as url:
        command = [sys.executable, "host.py", url]
        with subprocess.Popen(command, cwd=made, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True) as host:
            assert host.stdout is not None
            assert greeted.wait(30)
            assert host.stdout.readline() == "Connected\n"
            go_on.set()
            assert host.stdout.read() == 'Text: at last\nClosed [1001] ""\n' or host.returncode


def test_a_refused_connection_reaches_the_guest_with_its_reason(made: Path) -> None:
    command = [sys.executable, "host.py", f"ws://127.0.0.1:{unused_port()}"]
    done = subprocess.run(command, cwd=made, env=ENVIRONMENT, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (1, "")
    assert "error: cannot connect: [Errno 111] Connection refused" in done.stderr


def test_each_connection_is_closed_exactly_once(made: Path) -> None:
    script = """
        import json, sys
        import host

        made, dropped = [], []

        class Counting(host.Connection):
            def __init__(self, *arguments):
                super().__init__(*arguments)
                made.append(id(self))

            def dropped(self):
                dropped.append(id(self))
                super().dropped()

        imports = host.ChatImports(golem_websocket_client=Counting, wasi_logging_logging=host.Log())
        with host.Chat.open("chat.wasm", imports) as chat:
            chat.run(sys.argv[1])
            chat.run(sys.argv[1])
            inside = len(dropped)
        print(json.dumps([len(made), inside, sorted(dropped) == sorted(made)]))
    """
    from witgen.demo.server import serving as demo_server

    with demo_server() as url:
        *lines, counts = child(made, script, url).splitlines()
    assert "\n".join(lines) + "\n" == CONVERSATION * 2
    assert json.loads(counts) == [2, 2, True]


def test_the_conversation_with_a_megabyte_goes_through_a_adapter(made: Path) -> None:
    script = """
        import json, sys
        import host
        from witgen_runtime.host import adapters_of

        imports = host.ChatImports(golem_websocket_client=host.Connection, wasi_logging_logging=host.Log())
        with host.Chat.open("chat.wasm", imports) as chat:
            chat.run(sys.argv[1])
            print(json.dumps(adapters_of(chat).text))
    """

    def converse(connection: ServerConnection) -> None:
        connection.send(connection.recv())
        assert connection.recv() == bytes([1, 2, 3])
        connection.send(bytes(range(256)) * 4096)
        connection.recv()
        connection.close(1000, "bye")

    with websocket_server(converse) as url:
        *lines, adapted = child(made, script, url).splitlines()
    assert lines == CONVERSATION.replace("3 bytes", "1048576 bytes").splitlines()
    methods = [name.rpartition(".")[2] for name in json.loads(adapted)]
    assert sorted(methods) == ["receive", "receive-with-timeout", "send"]


def test_a_connection_is_ready_while_a_message_is_there_and_only_then(probe: Path) -> None:
    script = """
        import sys, time
        import host

        imports = host.ChatImports(golem_websocket_client=host.Connection, wasi_logging_logging=host.Log())
        with host.Chat.open("probe.wat", imports) as chat:
            silent, talking = (chat.connect(sys.argv[1] + path) for path in ("/silent", "/talk"))
            pollables = [chat.subscribe(silent), chat.subscribe(talking)]
            print(chat.poll(pollables), [chat.ready(p) for p in pollables])
            print(chat.receive(talking), [chat.ready(p) for p in pollables])
            later = chat.subscribe(talking)
            print(chat.poll([pollables[0], later]), chat.receive(talking))
            print("close", chat.poll(pollables), chat.receive(talking), [chat.ready(p) for p in [*pollables, later]])
            for pollable in [*pollables, later]:
                chat.drop_pollable(pollable)
            chat.drop_connection(silent)
            chat.drop_connection(talking)
    """

    def converse(connection: ServerConnection) -> None:
        assert connection.request is not None
        if connection.request.path == "/talk":
            for pause in (0.2, 0.2):
                time.sleep(pause)
                connection.send("hello")
            time.sleep(0.2)
            connection.close()
        else:
            list(connection)

    with websocket_server(converse) as url:
        printed = child(probe, script, url)
    assert printed.splitlines() == [
        "[1] [False, True]",
        "True [False, False]",
        "[1] True",
        "close [1] False [False, True, True]",
    ]


def test_connections_left_open_are_closed_with_the_store(probe: Path) -> None:
    script = """
        import os, sys, threading, time
        import host

        dropped = []

        class Counting(host.Connection):
            def dropped(self):
                dropped.append(self)
                super().dropped()

        def resources():
            # What stays: threads and wasmtime's side of a socket end a moment after ours.
            now, since = None, time.monotonic()
            while time.monotonic() < since + 0.3:
                time.sleep(0.02)
                again = len(os.listdir("/proc/self/fd")), threading.active_count()
                if again != now:
                    now, since = again, time.monotonic()
            return now

        def run():
            imports = host.ChatImports(golem_websocket_client=Counting, wasi_logging_logging=host.Log())
            with host.Chat.open("probe.wat", imports) as chat:
                for _ in range(3):
                    chat.subscribe(chat.connect(sys.argv[1]))

        run()
        before = resources()
        for _ in range(5):
            run()
        print(len(dropped), len(set(dropped)), resources() == before)
    """
    with websocket_server(list) as url:
        assert child(probe, script, url) == "18 18 True\n"


def test_the_files_that_the_user_is_told_to_open_are_typed(made: Path) -> None:
    command = [sys.executable, "-m", "mypy", "--strict", "--follow-untyped-imports", "guest.py", "host.py"]
    done = subprocess.run(command, cwd=made, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout


def test_what_the_user_edited_stays(tmp_path: Path) -> None:
    folder = tmp_path / "witgen-demo"
    layout.lay_out(folder, Record(folder))
    edited, stale = folder / "guest.py", folder / "host.py"
    edited.write_text("# mine\n")
    Record(folder).note("host.py", layout.digest([b"# as an older witgen wrote it\n"]))
    stale.write_bytes(b"# as an older witgen wrote it\n")
    layout.lay_out(folder, Record(folder))
    assert edited.read_text() == "# mine\n"
    assert stale.read_bytes() == (layout.APP / "host.py").read_bytes()


def test_somebody_elses_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "witgen-demo").mkdir()
    (tmp_path / "witgen-demo" / "guest.py").write_text("# mine\n")
    with pytest.raises(DemoError, match="was not made by `witgen demo`"):
        Record(tmp_path / "witgen-demo")
    done = demo(tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "was not made by `witgen demo`" in done.stderr
    assert (tmp_path / "witgen-demo" / "guest.py").read_text() == "# mine\n"


@pytest.mark.long
def test_a_guest_that_cannot_be_built_is_told(made: Path, tmp_path: Path) -> None:
    shutil.copytree(made, tmp_path / "witgen-demo")
    (tmp_path / "witgen-demo" / "guest.py").write_text("import nothing_of_that_name\n")
    done = demo(tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "componentize-py could not build the guest" in done.stderr
    assert "nothing_of_that_name" in done.stderr


def test_missing_packages_are_named_with_the_command_that_installs_them(tmp_path: Path) -> None:
    """An environment that has what witgen needs, and nothing of the demo's."""
    import sysconfig

    library = tmp_path / "library"
    library.mkdir()
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if not entry.name.startswith(("componentize_py", "websockets", "_")) and entry.suffix != ".pth":
            (library / entry.name).symlink_to(entry)
    path = os.pathsep.join([PACKAGE, str(library)])
    command = [sys.executable, "-S", "-m", "witgen", "demo"]
    environment = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    assert "the demo needs componentize-py and websockets" in done.stderr
    assert "pip install 'witgen[demo]'" in done.stderr
    assert not (tmp_path / "witgen-demo").exists()
