"""An application whose event loops end at any moment, and run in two threads at once: a program for `test_loops`."""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
import threading
import time
from random import Random
from typing import Any

from tests.serving.tiny import answering
from witgen.proxy import Proxy

SCOPE = {
    "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http", "path": "/",
    "raw_path": b"/", "query_string": b"", "root_path": "", "headers": [(b"host", b"x")], "server": ("127.0.0.1", 80),
}  # fmt: skip


async def request(app: Any) -> int:
    """Return the status of a response."""
    sent = list[dict[str, Any]]()
    body = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> dict[str, Any]:
        return body.pop() if body else await asyncio.Event().wait()  # type: ignore[return-value]

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app(SCOPE, receive, send)
    return int(sent[0]["status"])


async def _some(app: Any, random: Random, bad: list[object]) -> None:
    """Run requests, and closing, some of which are cancelled; leave some of them running."""
    works = (request, request, request, request, lambda app: app.close(), lambda app: app.replace(answering(418)))
    tasks = list[asyncio.Task[Any]]()
    for _ in range(random.randint(1, 12)):
        tasks.append(asyncio.create_task(random.choice(works)(app)))
        if random.random() < 0.5:
            await asyncio.sleep(random.random() * 0.006)
        if random.random() < 0.3:
            random.choice(tasks).cancel()
    if random.random() < 0.6:
        done, pending = await asyncio.wait(tasks, timeout=30)
        bad += pending
        bad += (
            each for each in done if not each.cancelled() and (each.exception() or each.result() not in (None, 418))
        )


def _abandoned(app: Any, random: Random, bad: list[object]) -> None:
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda *_: None)
    try:
        if random.random() < 0.5:
            loop.call_later(random.random() * 0.02, loop.stop)
            loop.create_task(_some(app, random, []))  # noqa: RUF006  (nobody waits for it)
            loop.run_forever()
        else:
            loop.run_until_complete(_some(app, random, bad))
    finally:
        loop.close()


def main(seconds: float) -> None:
    """Run loops in two threads for some seconds; fail where a request is not answered afterwards."""
    sys.unraisablehook = lambda _: None  # coroutines that nobody awaited, and tasks of loops that were closed
    logging.disable()
    random, bad = Random(2), list[object]()
    end, rounds = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        if rounds % 10 == 0:
            options = {"requests": random.choice([1, 3]), "ahead": random.choice([0, 3]), "deadline": 5.0}
            app = Proxy.asgi(answering(418), instances=random.choice([1, 2, 8]), **options)
        rounds += 1
        threads = [threading.Thread(target=_abandoned, args=(app, Random(random.random()), bad)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not bad, bad
        if rounds % 3 == 0:
            assert asyncio.run(asyncio.wait_for(request(app), 30)) == 418
        if random.random() < 0.1:
            gc.collect()


if __name__ == "__main__":
    main(float(sys.argv[1]))
