"""The exports of a component with agents, for Golem 1.5."""

from __future__ import annotations

import traceback
from typing import Any

from ._bindings.guest import aio, exports, golem_api_host
from ._bindings.guest.exports.golem_agent_guest import Guest
from ._bindings.types import golem_agent_common as common
from ._bindings.types import golem_core_types as core
from .core_values import from_wit_value, to_wit_type, to_wit_value
from .declaring import AgentDefinition, DeclarationError, MethodDefinition, Parameter, definitions
from .schema import Schema, check

__all__ = ["AgentGuest", "agent_type", "serve"]


def serve(module: str) -> None:
    """Export the agents that the program declares from an application's module: pass `__name__`."""
    exports.serve(module, golem_agent_guest=AgentGuest())


def agent_type(definition: AgentDefinition) -> common.AgentType:
    """Return a definition in Golem's form."""
    names = ", ".join(each.name for each in definition.constructor)
    hint = f"Enter the following parameters: {names}" if names else None
    constructor = common.AgentConstructor(None, definition.description, hint, _inputs(definition.constructor))
    return common.AgentType(
        type_name=definition.name,
        description=definition.description,
        source_language="python",
        constructor=constructor,
        methods=[_method(each) for each in definition.methods],
        dependencies=[],
        mode=common.AgentMode[definition.mode.upper()],
        http_mount=None,
        snapshotting=common.SnapshottingDisabled(),
        config=[],
    )


def _method(method: MethodDefinition) -> common.AgentMethod:
    result = [] if method.result is None else [("return-value", _element(method.result))]
    inputs = _inputs(method.parameters)
    return common.AgentMethod(method.name, method.description, [], method.prompt, inputs, core.DataSchemaTuple(result))


def _inputs(parameters: tuple[Parameter, ...]) -> core.DataSchema:
    return core.DataSchemaTuple([(each.name, _element(each.schema)) for each in parameters])


def _element(schema: Schema) -> core.ElementSchema:
    return core.ElementSchemaComponentModel(to_wit_type(schema))


class AgentGuest(Guest):
    """The agent of one instance of a component."""

    def __init__(self) -> None:
        self._definition: AgentDefinition | None = None
        self._agent: Any = None

    def discover_agent_types(self) -> list[common.AgentType]:
        """Return the types of all agents, or the problems of their declarations."""
        try:
            return [agent_type(each) for each in definitions()]
        except DeclarationError as error:
            raise common.AgentErrorInvalidType(str(error)) from None

    def get_definition(self) -> common.AgentType:
        """Return the type of this instance's agent."""
        return agent_type(self._initialised())

    def initialize(self, agent_type: str, input: core.DataValue, principal: common.Principal) -> None:
        """Make the agent."""
        del principal
        if self._definition is not None:
            raise common.AgentErrorInvalidInput(f"this instance already has an agent, a {self._definition.name}")
        definition = next((each for each in definitions() if each.name == agent_type), None)
        if definition is None:
            raise common.AgentErrorInvalidType(agent_type)
        arguments = _arguments(definition.constructor, input)
        try:
            self._agent = definition.python(**arguments)
        except Exception:
            _fail()
            raise
        self._definition = definition

    def invoke(self, method_name: str, input: core.DataValue, principal: common.Principal) -> core.DataValue:
        """Call a method of the agent."""
        del principal
        method = self._initialised().method(method_name)
        if method is None:
            raise common.AgentErrorInvalidMethod(method_name)
        arguments = _arguments(method.parameters, input)
        try:
            value = getattr(self._agent, method_name)(**arguments)
            if method.is_async:
                value = aio.run(value)
            return _result(method, value)
        except Exception:
            _fail()
            raise

    def _initialised(self) -> AgentDefinition:
        if self._definition is None:
            raise common.AgentErrorInvalidInput("this instance has no agent yet")
        return self._definition


def _fail() -> None:
    """End the call in a way that Golem tries again: an agent error, or an exception, would fail the agent for ever."""
    golem_api_host.trap(traceback.format_exc())


def _arguments(parameters: tuple[Parameter, ...], data: core.DataValue) -> dict[str, Any]:
    """Return the arguments of a call, without those that Python fills in."""
    if not isinstance(data, core.DataValueTuple) or len(data.value) != len(parameters):
        raise common.AgentErrorInvalidInput(f"expected {len(parameters)} arguments")
    arguments: dict[str, Any] = {}
    for parameter, element in zip(parameters, data.value, strict=True):
        if not isinstance(element, core.ElementValueComponentModel):
            raise common.AgentErrorInvalidInput(f"{parameter.name}: expected a value of the component model")
        try:
            value = from_wit_value(parameter.schema, element.value)
        except ValueError as error:
            raise common.AgentErrorInvalidInput(f"{parameter.name}: {error}") from None
        if value is not None or not parameter.has_default:
            arguments[parameter.name] = value
    return arguments


def _result(method: MethodDefinition, value: Any) -> core.DataValue:
    found = check(method.result, value, f"the result of {method.name}()")
    if method.result is None:
        return core.DataValueTuple([])
    return core.DataValueTuple([core.ElementValueComponentModel(to_wit_value(method.result, found))])
