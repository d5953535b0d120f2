"""Errors of the host runtime. The errors that WIT declares are not among them."""

from __future__ import annotations

from collections.abc import Sequence

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
    "OutputLimitError",
    "StoreDeadError",
    "ThreadError",
    "Trap",
    "listed",
]


class CacheWarning(RuntimeWarning):
    """Compiled components are not cached between runs, because other users may write to the cache folder."""


class HostError(Restorable, RuntimeError):
    """Base of every error of the host runtime."""

    stderr: str = ""
    """The last lines that the guest wrote to stderr before it failed. They are in the error's notes, too."""


class EngineError(HostError):
    """The engine's configuration is incompatible with these bindings."""


class ComponentError(HostError):
    """The file or bytes are not a component, or wasmtime cannot compile them.

    `feature` names the part of WebAssembly that the component needs and its engine lacks; empty for other causes.
    """

    def __init__(self, text: str, feature: str = "") -> None:
        super().__init__(text)
        self.feature = feature


class LinkError(HostError):
    """The component, its world and the given implementations do not match."""


def listed(head: str, problems: Sequence[str]) -> str:
    """Return a message with several problems, whose first line has the first of them, and their number."""
    number = f" ({len(problems)})" if len(problems) > 1 else ""
    return f"{head}{number}: " + "\n  ".join(problems)


class ThreadError(HostError):
    """A thread or greenlet used a store that another one is using, or that belongs to asyncio."""


class OutputLimitError(HostError):
    """A guest wrote more to stdout or stderr than is kept."""


class StoreDeadError(HostError):
    """A store was used after it was closed or after a call in it failed; `__cause__` is the first failure."""


class Trap(HostError):  # noqa: N818  (WebAssembly's word)
    """The guest trapped. The store is dead.

    The message gives the reason, with the exception or the panic that the guest wrote to stderr when it gave up;
    `backtrace` is wasmtime's backtrace.
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
    """A component needs more memory than its store allows. If that happens in a call, the store is dead."""


class HandleLimitError(HostError):
    """A store holds as many resource handles as wasmtime allows: 100,000, since wasmtime 50.

    If an argument of a call from Python needs one more, the call is not made, and handles to be given away stay valid.
    If a host function's result or the guest needs one, the call fails and the store is dead.
    """
