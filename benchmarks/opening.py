"""Time opening a component: from a path, prepared, in each API, and with wasmtime alone.

    python benchmarks/opening.py COMPONENT [ROUNDS]

COMPONENT answers HTTP requests and imports at most WASI; build one as `tests/serving/guest/app.py` shows. Everything
takes turns in one process. What is timed is opening and closing; the component is compiled and cached before.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from collections.abc import Callable

import wasmtime
from wasmtime.component import Linker

from witgen.proxy import AsyncProxy, Proxy, ProxyImports
from witgen_runtime.host import Limits
from witgen_runtime.host.linking.preparation import prepare
from witgen_runtime.host.world import definition_of

IMPORTS = ProxyImports()


def alone(path: str) -> Callable[[], None]:
    """Return what wasmtime-py does without bindings: a store, WASI, an instance, one of its exports."""
    ready = prepare(definition_of(Proxy), path, Limits())
    linker = Linker(ready.engine)
    linker.add_wasip2()
    linker.add_wasi_http()

    def run() -> None:
        store = wasmtime.Store(ready.engine)
        store.set_wasi(wasmtime.WasiConfig())
        store.set_wasi_http()
        linker.instantiate(store, ready.component).get_func(store, "run")
        store.close()

    return run


def rows(path: str) -> dict[str, Callable[[], object]]:
    """Return what is timed, by name."""
    prepared, bounded = Proxy.prepare(path, http=True), Proxy.prepare(path, http=True, memory=1 << 28)
    asynchronous = AsyncProxy.prepare(path, http=True)
    loop = asyncio.new_event_loop()

    async def open_async() -> None:
        async with asynchronous.open(IMPORTS):
            pass

    return {
        "wasmtime alone": alone(path),
        "prepared": lambda: prepared.open(IMPORTS).close(),
        "from a path": lambda: Proxy.open(path, IMPORTS, http=True).close(),
        "prepared, asyncio": lambda: loop.run_until_complete(open_async()),
        "prepared, with memory=": lambda: bounded.open(IMPORTS).close(),
    }


def main() -> None:
    """Time all rows in turns."""
    path, rounds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 200
    jobs = rows(path)
    times: dict[str, list[float]] = {name: [] for name in jobs}
    for turn in range(rounds + 3):
        for name, job in jobs.items():
            begun = time.perf_counter()
            job()
            if turn >= 3:
                times[name].append((time.perf_counter() - begun) * 1e3)
    print(f"{'':24}{'median ms':>12}{'least ms':>12}{'/ wasmtime':>12}")
    base = statistics.median(times["wasmtime alone"])
    for name, found in times.items():
        middle = statistics.median(found)
        print(f"{name:24}{middle:12.2f}{min(found):12.2f}{middle / base:12.2f}")


if __name__ == "__main__":
    main()
