"""`witgen demo`: a conversation over a WebSocket, from WIT to a running component.

The demo works in a folder of the user: the guest, the host and the WIT as their authors write them, and the files
generated from these. Everything there can be edited and run again by hand.
"""

from __future__ import annotations

from .errors import DemoError
from .run import run

__all__ = ["DemoError", "run"]
