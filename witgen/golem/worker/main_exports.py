"""Calls of agents of Golem's main branch, with requests and responses as Golem 1.5 has them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, cast

from witgen_runtime import abi
from witgen_runtime.values import Err, Ok

from ..agents._bindings._abi import golem_agent_guest as guest
from ..agents.definitions import AgentTypes
from ..agents.errors import AgentError
from ..agents.ids import type_name_of
from ..agents.main._bindings._abi import golem_agent_guest as main_guest
from ..agents.main.declarations import MainAgentType, error_15, principal_to_main
from ..fitting import converted
from .durable.calls import request_type
from .errors import WorkerError
from .exports import Export, Hold, Lend
from .oplog.codec import Encoded, decode, encode, no_handle

__all__ = ["main_export"]

_CALLS: Final = {
    guest.INITIALIZE.name: (guest.INITIALIZE, main_guest.INITIALIZE),
    guest.INVOKE.name: (guest.INVOKE, main_guest.INVOKE),
}
"""The functions that an executor calls: of Golem 1.5, and of the main branch."""


def main_export(interface: abi.Interface, name: str, types: Callable[[], AgentTypes]) -> Export | None:
    """Return a function of `golem:agent/guest` by its full name; None if it is none that agents are called with.

    Args:
        interface: the interface as the component exports it.
        name: the name, maybe without a version.
        types: returns the agent types of the component.
    """
    place, _, rest = name.partition(".{")
    if place not in {interface.name, interface.name.partition("@")[0]} or rest.removesuffix("}") not in _CALLS:
        return None
    function = next(each for each in interface.functions if each.name == rest.removesuffix("}"))
    return _MainExport(interface.name, function, types=types)


@dataclass(frozen=True, slots=True)
class _MainExport(Export):
    types: Callable[[], AgentTypes] | None = None
    agent: str = ""

    @property
    def _known(self) -> abi.Function:
        return _CALLS[self.function.name][0]

    @property
    def params(self) -> abi.Tuple:
        return request_type(self._known)

    def of(self, agent: str) -> Export:
        return replace(self, agent=agent)

    def arguments(self, request: Encoded, lend: Lend = no_handle) -> list[Any]:
        del lend
        return list(decode(self.params, request, no_handle))

    def check(self, request: Encoded) -> None:
        self.arguments(request)

    def call(self, function: Any, arguments: Sequence[object], hold: Hold = no_handle) -> Encoded:
        del hold
        name, data, principal = cast("tuple[str, Any, Any]", tuple(arguments))
        is_method = self._known is guest.INVOKE
        try:
            agent = self._agent_type()
            tree = agent.arguments(name if is_method else None, data)
        except AgentError as error:
            raise WorkerError(f"this call does not fit the worker's version of the component: {error}") from None
        outcome = self._outcome(function, [name, tree, principal_to_main(principal)])
        if is_method and isinstance(outcome, Ok):
            try:
                outcome = Ok(agent.returned(name, outcome.value))
            except AgentError as error:
                raise WorkerError(f"`{name}` returned what it does not declare: {error}") from None
        return encode(self._known.result, outcome, no_handle)

    def result(self, response: Encoded) -> Any:
        return decode(self._known.result, response, no_handle)

    def _agent_type(self) -> MainAgentType:
        found = self.types().find(type_name_of(self.agent)).main if self.types is not None else None
        if found is None:
            raise AgentError("it has no such agent type")
        return found

    def _outcome(self, function: Any, arguments: Sequence[object]) -> Ok[Any] | Err[Any]:
        """Call the component's function with values of the main branch, and return what it answers, or its error."""
        ours, theirs = _CALLS[self.function.name][1], self.function
        pairs = zip(ours.params, theirs.params, arguments, strict=True)
        given = [converted(our.type, their.type, each) for our, their, each in pairs]
        our, their = cast("abi.Result", ours.result), cast("abi.Result", theirs.result)
        try:
            value = function(*given)
        except Exception as error:
            if theirs.raises is None or not isinstance(error, theirs.raises):
                raise
            return Err(error_15(converted(their.err, our.err, error)))
        return Ok(converted(their.ok, our.ok, value))
