"""Problems of binaries as diagnostics; a place in a binary is a byte offset."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ...diagnostics.errors import WitgenError
from ...diagnostics.model import Diagnostic

__all__ = ["Code", "Input", "Limits"]


class Code:
    """The diagnostic codes of binaries; docs/errors/W08.md explains each."""

    NOT_WASM = "W0801"
    CORE_MODULE = "W0802"
    VERSION = "W0803"
    DAMAGED = "W0804"
    INVALID = "W0805"
    UNSUPPORTED = "W0806"
    LIMIT = "W0807"
    WIT_PACKAGE = "W0808"
    COMPONENT = "W0809"
    TEXT = "W0810"
    DOCS = "W0811"


# How much a binary may make of itself. Real ones stay far below: the whole Golem tree has some 20,000 declarations.
MAX_ITEMS = 1_000_000
MAX_EXPANSION = 2_000_000
FREE_STEPS = 50_000
STEPS_PER_ITEM = 4


@dataclass
class Limits:
    """Counts the cost of decoding one input, so that a small file cannot take unbounded time or memory."""

    refuse: Callable[[str], WitgenError]
    items: int = 0
    steps: int = 0
    expansion: int = 0

    def item(self, count: int) -> None:
        """Account for `count` entries that are about to be read."""
        self.items += count
        if self.items > MAX_ITEMS:
            raise self.refuse(f"more than {MAX_ITEMS:,} declarations")

    def step(self) -> None:
        """Count one evaluated declaration: a nested component or a type counts as often as it is used."""
        self.steps += 1
        if self.steps > FREE_STEPS + STEPS_PER_ITEM * self.items:
            raise self.refuse("types or components that multiply without bound when they are used")

    def expand(self, size: int) -> None:
        """Account for a type that reads as `size` nested types when it is written out."""
        self.expansion += size
        if self.expansion > MAX_EXPANSION:
            raise self.refuse("types that multiply without bound when they are written out")


@dataclass
class Input:
    """The bytes to decode, their path for diagnostics, and the cost of decoding so far."""

    data: bytes
    path: str
    limits: Limits = field(init=False)

    def __post_init__(self) -> None:
        self.limits = Limits(lambda what: self.problem(Code.LIMIT, f"this file declares {what}"))

    def problem(self, code: str, message: str, at: int | None = None, help: str | None = None) -> WitgenError:
        """Return an error about this input, naming the byte offset `at` where there is one."""
        place = "" if at is None else f" (at byte {at:#x})"
        return WitgenError([Diagnostic(code, message + place, path=self.path, help=help)])

    def damaged(self, message: str, at: int) -> WitgenError:
        """Bytes that are not a valid component encoding: truncated, overwritten, or of another format."""
        return self.problem(Code.DAMAGED, message, at, "the file is truncated or corrupt; build or download it again")

    def invalid(self, message: str, at: int | None = None) -> WitgenError:
        """A well-formed encoding of something that the component model forbids."""
        return self.problem(
            Code.INVALID,
            message,
            at,
            "`wasm-tools validate` explains what is wrong with it",
        )

    def unsupported(self, message: str, at: int | None = None, help: str | None = None) -> WitgenError:
        """A feature of the component model that WIT cannot express, or that is newer than this reader."""
        return self.problem(Code.UNSUPPORTED, message, at, help)
