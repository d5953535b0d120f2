"""What can go wrong with a component, other than the errors that its WIT declares."""

from __future__ import annotations

from ..values import Restorable

__all__ = [
    "CacheWarning",
    "ComponentError",
    "DeadlineError",
    "EngineError",
    "FuelError",
    "GuestExit",
    "HandleLimitError",
    "HostError",
    "LinkError",
    "MemoryLimitError",
    "StoreDeadError",
    "ThreadError",
    "Trap",
]


class CacheWarning(RuntimeWarning):
    """Compiled components are not kept between runs, because others may write where they would be."""


class HostError(Restorable, RuntimeError):
    """Base of every error of the host runtime."""

    stderr: str = ""
    """Where a guest failed: the last lines that it wrote to stderr. They are in the error's notes, too."""


class EngineError(HostError):
    """An engine whose settings do not do for the bindings."""


class ComponentError(HostError):
    """Something that is not a component, or that wasmtime cannot compile.

    `feature` names the part of WebAssembly that the component needs and its engine lacks; empty for other causes.
    """

    def __init__(self, text: str, feature: str = "") -> None:
        super().__init__(text)
        self.feature = feature


class LinkError(HostError):
    """A component, its world and the given implementations do not go together."""


class ThreadError(HostError):
    """A store was used by a thread or a greenlet that may not: another one is inside, or it is asyncio's."""


class StoreDeadError(HostError):
    """A store was used after it was closed or after a call in it failed; `__cause__` is the first failure."""


class Trap(HostError):  # noqa: N818  (WebAssembly's word)
    """The guest trapped. The store is dead.

    The message says why; `backtrace` is wasmtime's account of where.
    """

    def __init__(self, text: str) -> None:
        backtrace, separator, cause = text.partition("Caused by:")
        lines = (line.strip() for line in (cause if separator else text).strip().splitlines())
        super().__init__("\n".join(lines))
        self.backtrace = backtrace.rstrip() if separator else ""


class GuestExit(HostError):  # noqa: N818  (not an error where the code is 0)
    """The guest called `exit`; `code` is its exit code. The store is dead."""

    def __init__(self, code: int) -> None:
        super().__init__(f"the guest exited with code {code}")
        self.code = code


class DeadlineError(HostError):
    """A call took longer than its store allows. The store is dead."""


class FuelError(HostError):
    """The guest has used up the store's fuel. The store is dead."""


class MemoryLimitError(HostError):
    """A component needs more memory than its store allows: to begin with, or in a call, which ends the store."""


class HandleLimitError(HostError):
    """A store holds as many handles of resources as wasmtime allows: 100,000, since wasmtime 50.

    Where an argument of a call from Python needs one more, the call is not made, and what was to be given away stays
    where it is. Where a host function's result or the guest does, the call fails and the store is dead.
    """
