"""A component that is prepared once for many stores, and again where a store's limits are part of the code."""

from __future__ import annotations

from wasmtime.component import Component

from ..adapters.options import Adapters
from ..component import ComponentSource
from ..content import Content, is_path
from ..errors import ComponentError
from ..store.bounded_waits import may_end
from ..store.limits import Limits
from .definition import Definition
from .preparation import Prepared, prepare

__all__ = ["Variants"]


class Variants:
    """The forms of one component: fuel, interruption and bounded memories are compiled into the code.

    Args:
        definition: the world.
        source: the component. A file is read now; where it changes, what was prepared stays what it was.
        limits: those to prepare for.
        adapters: which adapters to prepare for.

    Raises:
        ComponentError: it is not a component, or wasmtime cannot compile it.
        LinkError: it does not fit the world, or cannot have the adapters that were asked for.
    """

    def __init__(
        self, definition: Definition, source: ComponentSource, limits: Limits, adapters: Adapters | None
    ) -> None:
        self._definition = definition
        self._source = source
        self._digest = "" if isinstance(source, Component) else Content(source).digest
        self._known: dict[object, Prepared] = {}
        self.ready(limits, adapters)

    def ready(self, limits: Limits, adapters: Adapters | None) -> Prepared:
        """Return the form for some limits, which is compiled at the first request for it.

        Raises:
            ComponentError: the file has changed since it was prepared, so that another form cannot be made of it.
        """
        known = self.known(limits, adapters)
        if known is None:
            known = self._known.setdefault(self._key(limits, adapters), self._made(limits, adapters))
        return known

    def known(self, limits: Limits, adapters: Adapters | None) -> Prepared | None:
        """Return the form for some limits if it exists."""
        return self._known.get(self._key(limits, adapters))

    def _key(self, limits: Limits, adapters: Adapters | None) -> object:
        return limits.settings(concurrent=self._definition.concurrent), str(adapters), may_end(limits)

    def _made(self, limits: Limits, adapters: Adapters | None) -> Prepared:
        source = self._source
        made = prepare(self._definition, source, limits, adapters)
        if not isinstance(source, Component) and is_path(source) and Content(source).digest != self._digest:
            raise ComponentError(
                f"{source} has changed since it was prepared, and these limits need other code: prepare it again"
            )
        if made.wanted is not None:
            made.wanted.insist()
        made.check()
        return made
