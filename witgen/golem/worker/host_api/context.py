"""`golem:api/context` for one worker. Its spans stay on this machine."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Self

from ..._bindings.host.golem_api_context import Context, InvocationContext, Span
from ..._bindings.types.golem_api_context import (
    Attribute,
    AttributeChain,
    AttributeValue,
    AttributeValueString,
    Datetime,
)
from ...agents.main._bindings.types.wasi_clocks_system_clock import Instant
from ...services.clocks import from_nanoseconds

if TYPE_CHECKING:
    from ..roles import LoadedWorker

__all__ = ["implementations"]


@dataclass(eq=False, slots=True)
class _Node:
    """Span, or the root above all spans."""

    id: str
    parent: _Node | None
    started: int
    """Nanoseconds since 1970."""
    attributes: dict[str, str] = field(default_factory=dict[str, str])
    is_finished: bool = False


class _Tree:
    """The spans of one worker, and the current one."""

    def __init__(self, session: LoadedWorker) -> None:
        self.session = session
        self.trace = self._digest("trace")[:32]
        self.root = self.current = _Node(self._digest("span 0")[:16], None, 0)
        self.forwards = True
        self._count = 0

    def _digest(self, what: str) -> str:
        # The same whenever the worker is loaded.
        record = self.session.record
        return hashlib.sha256(f"{record.component}/{record.name}/{what}".encode()).hexdigest()

    def begin(self, started: int) -> _Node:
        self._count += 1
        self.current = _Node(self._digest(f"span {self._count}")[:16], self.current, started)
        return self.current

    def end(self, node: _Node) -> None:
        """End a span and all spans inside it."""
        node.is_finished = True
        while self.current.is_finished and self.current.parent is not None:
            self.current = self.current.parent


class _Span(Span):
    tree: ClassVar[_Tree]

    def __init__(self, name: str, started: int) -> None:
        self._name = name
        self._node = self.tree.begin(started)
        self._node.attributes["name"] = name

    def _save(self) -> bytes:
        return json.dumps([self._name, self._node.started]).encode()

    @classmethod
    def _restore(cls, state: bytes) -> Self:
        return cls(*json.loads(state))

    def started_at(self) -> Datetime:
        return from_nanoseconds(self._node.started)

    def main_started_at(self) -> Instant:
        """Return the time as Golem's main branch has it."""
        return Instant(*divmod(self._node.started, 1_000_000_000))

    def set_attribute(self, name: str, value: AttributeValue) -> None:
        self._node.attributes[name] = value.value

    def set_attributes(self, attributes: list[Attribute]) -> None:
        for each in attributes:
            self.set_attribute(each.key, each.value)

    def finish(self) -> None:
        self.tree.end(self._node)

    def dropped(self) -> None:
        self.tree.end(self._node)


class _InvocationContext(InvocationContext):
    tree: ClassVar[_Tree]

    def __init__(self, node: _Node) -> None:
        self._node = node
        # Later spans and attributes do not change this snapshot.
        self._chain: list[dict[str, str]] = []
        place: _Node | None = node
        while place is not None:
            self._chain.append(dict(place.attributes))
            place = place.parent

    def trace_id(self) -> str:
        return self.tree.trace

    def span_id(self) -> str:
        return self._node.id

    def parent(self) -> InvocationContext | None:
        return None if self._node.parent is None else type(self)(self._node.parent)

    def get_attribute(self, key: str, inherited: bool) -> AttributeValue | None:  # noqa: FBT001 - WIT's
        found = [each[key] for each in self._places(inherited=inherited) if key in each]
        return AttributeValueString(found[0]) if found else None

    def get_attributes(self, inherited: bool) -> list[Attribute]:  # noqa: FBT001 - WIT's
        merged: dict[str, str] = {}
        for each in reversed(self._places(inherited=inherited)):
            merged |= each
        return [Attribute(key, AttributeValueString(value)) for key, value in merged.items()]

    def get_attribute_chain(self, key: str) -> list[AttributeValue]:
        return [AttributeValueString(each[key]) for each in self._chain if key in each]

    def get_attribute_chains(self) -> list[AttributeChain]:
        keys = dict.fromkeys(key for each in self._chain for key in each)
        return [AttributeChain(key, self.get_attribute_chain(key)) for key in keys]

    def trace_context_headers(self) -> list[tuple[str, str]]:
        return [("traceparent", f"00-{self.tree.trace}-{self._node.id}-01"), ("tracestate", "")]

    def _places(self, *, inherited: bool) -> list[dict[str, str]]:
        return self._chain if inherited else self._chain[:1]


class _Context(Context):
    def __init__(self, session: LoadedWorker) -> None:
        self._tree = _Tree(session)
        self._span: type[_Span] = type("Span", (_Span,), {"tree": self._tree})
        self._place: type[_InvocationContext] = type("InvocationContext", (_InvocationContext,), {"tree": self._tree})
        self.Span: type[Span] = self._span
        self.InvocationContext: type[InvocationContext] = self._place

    def start_span(self, name: str) -> Span:
        return self._span(name, time.time_ns())

    def current_context(self) -> InvocationContext:
        return self._place(self._tree.current)

    def allow_forwarding_trace_context_headers(self, allow: bool) -> bool:  # noqa: FBT001 - WIT's
        before, self._tree.forwards = self._tree.forwards, allow
        return before


def implementations(session: LoadedWorker) -> dict[str, Any]:
    """Return the implementations of the imports, by field of the bindings' `ServicesImports`."""
    return {"golem_api_context": _Context(session)}
