"""The requests of one store that Python sends, on the event loop of a thread."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import socket
import threading
from typing import Final

import h11

from ....starting import start
from ...pollable_channel import OPEN_TIMEOUT
from ..error_code import error
from .relay import Relay, Side

__all__ = ["Relays"]

_GRACE: Final = 5.0
"""Seconds that requests have to end when the store is closed."""


class Relays:
    """Accepts wasmtime's connections, and answers them by what servers answer. The thread starts with the first."""

    def __init__(self) -> None:
        self._waiting: dict[bytes, Relay] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._authority = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._loop = asyncio.new_event_loop()
        self._ended = asyncio.Event()
        self._process = os.getpid()
        self._thread = threading.Thread(target=self._run, name="witgen-http", daemon=True)
        start(self._thread)

    def expect(self, relay: Relay) -> tuple[str, str]:
        """Wait for a request that a relay is to answer; return the authority and the path to which it has to go.

        Any program on this machine can connect. The path is a secret that identifies the request.

        Raises:
            ErrorCode: this process was forked, and its threads are not there.
        """
        if os.getpid() != self._process:
            raise error("internal-error", "this store was opened before os.fork(): it cannot send HTTP requests")
        path = f"/{secrets.token_urlsafe(16)}"
        self._waiting[path.encode()] = relay
        return self._authority, path

    def forget(self, path: str) -> None:
        """Do not wait for a request any more."""
        self._waiting.pop(path.encode(), None)

    def close(self) -> None:
        """End all requests."""
        if os.getpid() != self._process:
            return
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._ended.set)
        if threading.current_thread() is not self._thread:  # as it is where the garbage collector closes a store there
            self._thread.join(_GRACE)

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._loop.close()

    async def _serve(self) -> None:
        async with await asyncio.start_server(self._admit, sock=self._listener):
            await self._ended.wait()
            left = asyncio.all_tasks() - {asyncio.current_task()}
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)
        await asyncio.sleep(0)  # in which aborted connections close

    def _admit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._answer(Side((reader, writer), h11.SERVER)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, near: Side) -> None:
        """Have the right relay answer, and turn strangers away."""
        try:
            relay, request = None, None
            with contextlib.suppress(OSError, h11.RemoteProtocolError):
                async with asyncio.timeout(OPEN_TIMEOUT):
                    request = await near.receive()
            if isinstance(request, h11.Request):
                relay = self._waiting.pop(request.target, None)
                if relay is not None:
                    await relay.run(near, request)
        finally:
            near.abort()
