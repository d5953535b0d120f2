"""Support for testing guests: fakes of a guest's imports, and its exports called as a host calls them.

`plugin` has the pytest fixtures, which all generated bindings share.
"""

from __future__ import annotations

from ..guest.outside import answer_imports
from .fakes import Call, GuestExit, Trap, calls
from .http import FakeHttp, HttpRequest, HttpResponse
from .objects import Object, Pollable
from .wrappers import answer

__all__ = ["Call", "FakeHttp", "GuestExit", "HttpRequest", "HttpResponse", "Object", "Pollable", "Trap", "calls"]

answer_imports(answer)
