"""Why a component cannot be composed with adapters."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

__all__ = ["Refusal", "naming"]


class Refusal(Exception):  # noqa: N818  (an answer, not a failure: the plain path runs the component)
    """A component, or one item of its WIT, cannot have adapters.

    `item` is the WIT item (`ns:pkg/iface@1.0.0#f`), or empty for the component as a whole; `rule` is the requirement of
    adapters that it does not meet.
    """

    def __init__(self, item: str, rule: str) -> None:
        super().__init__(f"{item}: {rule}" if item else rule)
        self.item = item
        self.rule = rule


@contextmanager
def naming(item: str) -> Generator[None, None, None]:
    """Name the WIT item that is at hand in refusals that name none."""
    try:
        yield
    except Refusal as refusal:
        raise Refusal(refusal.item or item, refusal.rule) from None
