"""Spans for tracing: what an agent does, when, and on whose behalf."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from ._bindings.guest import golem_api_context as context
from ._bindings.guest.golem_api_context import Span
from ._bindings.types.golem_api_context import Attribute, AttributeValueString

__all__ = ["Span", "forward_to_http", "span", "trace_headers", "trace_id"]


@contextmanager
def span(name: str, **attributes: str) -> Generator[Span]:
    """Give a piece of work a span, inside the current one.

    with span("charge", card="visa") as charging:
        charging.set_attribute("amount", "10")
    """
    made = context.start_span(name)
    try:
        if attributes:
            made.set_attributes([Attribute(key, AttributeValueString(value)) for key, value in attributes.items()])
        yield made
    finally:
        made.finish()
        made.drop()


def trace_id() -> str:
    """Return the id of the trace that this call belongs to: 32 hexadecimal digits."""
    with context.current_context() as current:
        return current.trace_id()


def trace_headers() -> dict[str, str]:
    """Return the headers that carry the current span over HTTP, by the rules of W3C Trace Context."""
    with context.current_context() as current:
        return dict(current.trace_context_headers())


@contextmanager
def forward_to_http(*, forward: bool) -> Generator[None]:
    """Say, for a block, whether HTTP requests carry the trace along in their headers."""
    before = context.allow_forwarding_trace_context_headers(forward)
    try:
        yield
    finally:
        context.allow_forwarding_trace_context_headers(before)
