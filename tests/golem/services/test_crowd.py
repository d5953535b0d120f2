"""Many workers on one machine, each with a WebSocket, while messages flow."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from witgen.build.componentize import Build, build
from witgen.golem.local import Services
from witgen.golem.services.websocket.service import WebSockets
from witgen.golem.worker.executor import Executor

HERE = Path(__file__).parent
WORKERS = 200
SECONDS = 60
PERIOD = 0.5


def resident() -> int:
    """Return this process's memory in MiB."""
    fields = Path("/proc/self/status").read_text().split("VmRSS:")[1].split()
    return int(fields[0]) // 1024


@pytest.mark.long
def test_two_hundred_workers_lose_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    crowd = build(
        Build(str(HERE / "crowd" / "crowd.py"), HERE / "crowd", "crowd", out=tmp_path / "crowd.wasm", golem=True)
    )
    sockets = WebSockets(limit=WORKERS)
    command = [sys.executable, HERE / "ticking.py", str(SECONDS), str(PERIOD)]
    with (
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server,
        Services(tmp_path / "state.d", websockets=sockets) as services,
        Executor(tmp_path / "state", services=services) as executor,
        ThreadPoolExecutor(WORKERS) as pool,
    ):
        assert server.stdout is not None
        assert server.stdin is not None
        url = f"ws://127.0.0.1:{server.stdout.readline().strip()}"
        component = executor.add_component(crowd.path)
        export = executor.program(component.id, component.version).find("serve")

        def work(number: int) -> int:
            worker = executor.find_or_create(component.id, f"worker-{number}")
            response = executor.invoke(worker, export.name, export.request([url]), f"key-{number}")
            return int(export.result(response))

        calls = [pool.submit(work, number) for number in range(WORKERS)]
        while sockets.count < WORKERS:
            assert not [call for call in calls if call.done()]
            time.sleep(0.1)
        before = resident()
        print(WORKERS, file=server.stdin, flush=True)
        counts = [call.result() for call in calls]
        after = resident()
        sent = json.loads(server.stdout.readline())
        executor.settle()
    total = sum(counts)
    with capsys.disabled():
        print(f"\n{WORKERS} workers, {total} messages each way in {SECONDS} s; {before} MiB before, {after} MiB after")
    assert sorted(returned for _, returned in sent) == sorted(counts)
    assert all(there == back for there, back in sent)
    assert after - before < 200, "MiB; a message more must not be memory more"
