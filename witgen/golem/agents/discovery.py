"""Which agents a component has: it is asked, in an instance that sees nothing of this machine."""

from __future__ import annotations

from typing import Any, Final

from witgen_runtime import abi
from witgen_runtime.host import HostError, Http, LinkError, Wasi, World
from witgen_runtime.host.linking.instance import Instance
from witgen_runtime.host.linking.instantiation import Setup, open_component
from witgen_runtime.host.open_options import Chosen
from witgen_runtime.host.signatures import structure
from witgen_runtime.host.store.limits import Limits
from witgen_runtime.host.world import definition_of

from ... import wave
from ...loading.implementations import complete, implementations
from ..fitting import converted, converts
from ..witvalue import from_wit_value
from ._bindings._abi import golem_agent_guest as guest
from ._bindings.types import golem_agent_common as common
from ._bindings.types import golem_core_types as core
from .definitions import AgentTypes
from .errors import AgentError
from .main._bindings._abi import golem_agent_guest as main_guest
from .main.declarations import MainAgentType, error_15
from .types import to_type

__all__ = ["agent_error_text", "agents_of", "exports_agents", "guest_of", "release_of"]

_PATH: Final = "golem:agent/guest"
_DISCOVER: Final = guest.DISCOVER_AGENT_TYPES.name
_DESCRIBE: Final = guest.GET_DEFINITION.name
_GUESTS: Final = {"1.5": guest.INTERFACE, "main": main_guest.INTERFACE}
"""What components with agents export, by release of Golem."""

_DEADLINE: Final = 60.0
"""Seconds that a component has to describe its agents."""

_MEMORY: Final = 1 << 30

_SETUP: Final = Setup(streams=True, bounds_waits=False)
"""As for workers, so that both use the same compiled code."""


def guest_of(world: type[World]) -> abi.Interface | None:
    """Return the interface that components with agents export; None if a component has none that run here."""
    return next((each for each in _exported(world) if release_of(each) is not None), None)


def exports_agents(world: type[World]) -> bool:
    """Return whether a component has agents, maybe of a release of Golem that does not run here."""
    return bool(_exported(world))


def release_of(interface: abi.Interface) -> str | None:
    """Return the release of Golem that declares an interface as a component exports it, if its agents run here."""
    return next((release for release, known in _GUESTS.items() if _is_like(interface, known)), None)


def _exported(world: type[World]) -> list[abi.Interface]:
    return [each for each in definition_of(world).exports if each.name.partition("@")[0] == _PATH]


def _is_like(interface: abi.Interface, known: abi.Interface) -> bool:
    """Return whether an interface is as a release declares it."""
    theirs = {function.name: function for function in interface.functions}
    for ours in known.functions:
        their = theirs.get(ours.name)
        if their is None or their.is_async is not ours.is_async:
            return False
        if ours.name == _DISCOVER:
            if not converts(their.result, ours.result):
                return False
        elif ours.name != _DESCRIBE and _shape(their) != _shape(ours):
            return False
    return True


def _shape(function: abi.Function) -> list[str]:
    return [*(structure(param.type) for param in function.params), structure(function.result)]


def agents_of(world: type[World], content: bytes) -> AgentTypes:
    """Return the agent types of a component that has agents.

    Args:
        world: the class of its world.
        content: its bytes.

    Raises:
        AgentError: it does not say what it has: it fails, or it finds a mistake in its declarations.
    """
    definition = definition_of(world)
    interface = guest_of(world)
    theirs = next(each for each in interface.functions if each.name == _DISCOVER) if interface else None
    if interface is None or theirs is None:
        if exports_agents(world):
            raise AgentError("the component has agents of another release of Golem: build it with --golem 1.5 or main")
        raise AgentError("the component has no agents: it does not export golem:agent/guest")
    imports = implementations(definition, None, {})
    complete(definition, imports)

    def ask(instance: Instance) -> Any:
        try:
            return instance.function(theirs, interface.name)()
        except Exception as error:
            if theirs.raises is None or not isinstance(error, theirs.raises):
                raise
            raise AgentError(f"the component's agents are not in order: {_error_text(theirs, error)}") from None
        finally:
            instance.store.close()

    wasi = Wasi(env={"RUST_BACKTRACE": "1"}, stdout=None, stderr=None)
    options = Chosen(wasi, Limits(deadline=_DEADLINE, memory=_MEMORY), None, Http(allow=()))
    try:
        found = open_component(definition, content, imports, options, _SETUP, ask)
    except LinkError:
        raise
    except (HostError, NotImplementedError) as error:
        raise AgentError(f"the component does not say which agents it has: {error}") from error
    ours = _discovery(interface)
    types = converted(_ok(theirs), _ok(ours), found)
    return AgentTypes(types if ours is guest.DISCOVER_AGENT_TYPES else map(MainAgentType, types))


def _discovery(interface: abi.Interface) -> abi.Function:
    """Return the function that describes all agents, as the release of an interface declares it."""
    return main_guest.DISCOVER_AGENT_TYPES if release_of(interface) == "main" else guest.DISCOVER_AGENT_TYPES


def _ok(function: abi.Function) -> abi.Type | None:
    return function.result.ok if isinstance(function.result, abi.Result) else None


def _err(function: abi.Function) -> abi.Type | None:
    return function.result.err if isinstance(function.result, abi.Result) else None


def _error_text(theirs: abi.Function, error: Exception) -> str:
    ours = guest.DISCOVER_AGENT_TYPES
    if converts(_err(theirs), _err(ours)):
        return agent_error_text(converted(_err(theirs), _err(ours), error))
    given = converted(_err(theirs), _err(main_guest.DISCOVER_AGENT_TYPES), error)
    return agent_error_text(error_15(given))


def agent_error_text(error: common.AgentError) -> str:
    """Return the text of an error that an agent ended a call with."""
    match error:
        case common.AgentErrorInvalidInput(text):
            return f"invalid input: {text}"
        case common.AgentErrorInvalidMethod(text):
            return f"there is no method {text}"
        case common.AgentErrorInvalidType(text):
            return f"there is no agent type {text}"
        case common.AgentErrorInvalidAgentId(text):
            return f"this is not an agent id: {text}"
        case common.AgentErrorCustomError(value):
            return _shown(value)
        case _:
            return str(error)


def _shown(value: Any) -> str:
    try:
        type_ = to_type(value.typ)
        found = from_wit_value(core, type_, value.value)
    except ValueError as error:
        return f"an error that cannot be read: {error}"
    return found if type_ is abi.STRING else wave.render(found, type_)
