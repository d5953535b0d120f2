"""Starts threads."""

from __future__ import annotations

import threading

__all__ = ["start"]


def start(thread: threading.Thread) -> None:
    """Start a thread.

    What a signal's handler raises when the thread already runs is raised as it is: `Thread.start` takes it for a
    failure, undoes what the thread has undone, and raises a `KeyError` instead (CPython up to 3.14).
    """
    try:
        thread.start()
    except KeyError as error:
        raise (error.__context__ or error) from None
