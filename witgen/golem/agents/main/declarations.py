"""Agent types of Golem's main branch as those of Golem 1.5, with what converts the values of their calls."""

from __future__ import annotations

from typing import Any, Final

from witgen_runtime import abi

from ...fitting import converted
from .._bindings._abi import golem_agent_common as abi_15
from .._bindings.types import golem_agent_common as common
from .._bindings.types import golem_core_types as core
from ..errors import AgentError
from ._bindings._abi import golem_agent_common as abi_main
from ._bindings.types import golem_agent_common as main_common
from ._bindings.types import golem_core_types as main
from .graphs import Graph
from .trees import TreeReader, TreeWriter

__all__ = ["MainAgentType", "error_15", "graph_value", "principal_to_main", "typed_value"]

_RESULT: Final = "return_value"
"""The name of a result, which means nothing."""


class MainAgentType:
    """An agent type of the main branch.

    Attributes:
        declared: the type as Golem 1.5 would have it.
        original: the type as its component describes it.

    Raises:
        AgentTypeError: it has types that have no form here.
    """

    def __init__(self, original: main_common.AgentType) -> None:
        self.original = original
        self._graph = Graph(original.schema)
        self._methods = {each.name: each for each in original.methods}
        self.declared = self._declared()

    def arguments(self, method: str | None, data: core.DataValue) -> main.SchemaValueTree:
        """Return the arguments of a call of a method, or of the constructor."""
        writer = TreeWriter(self._graph)
        return writer.tree(writer.record([index for _, index in self._parameters(method)], data))

    def data(self, method: str | None, tree: main.SchemaValueTree) -> core.DataValue:
        """Return the arguments of a call of a method, or of the constructor, in the form of Golem 1.5.

        Raises:
            AgentError: they do not fit; or there is no such method.
        """
        return TreeReader(self._graph, tree).record(self._parameters(method))

    def result(self, method: str, data: core.DataValue) -> main.SchemaValueTree | None:
        """Return the result of a call."""
        index = self._returned(method)
        if index is None:
            return None
        writer = TreeWriter(self._graph)
        [root] = writer.elements([index], data)
        return writer.tree(root)

    def returned(self, method: str, tree: main.SchemaValueTree | None) -> core.DataValue:
        """Return the result of a call in the form of Golem 1.5.

        Raises:
            AgentError: it does not fit.
        """
        index = self._returned(method)
        if (index is None) is not (tree is None):
            raise AgentError(f"`{method}` returned what it does not declare")
        if index is None or tree is None:
            return core.DataValueTuple([])
        return TreeReader(self._graph, tree).elements([index], [tree.root])

    def _parameters(self, method: str | None) -> list[tuple[str, int]]:
        """Return names and types of the parameters that callers fill in."""
        schema = self.original.constructor.input_schema if method is None else self._method(method).input_schema
        source = main_common.FieldSourceUserSupplied
        return [(each.name, each.schema) for each in schema.value if isinstance(each.source, source)]

    def _returned(self, method: str) -> int | None:
        schema = self._method(method).output_schema
        return schema.value if isinstance(schema, main_common.OutputSchemaSingle) else None

    def _method(self, name: str) -> main_common.AgentMethod:
        if name not in self._methods:
            raise AgentError(f"`{self.original.type_name}` has no method `{name}`")
        return self._methods[name]

    def _declared(self) -> common.AgentType:
        original = self.original
        constructor = original.constructor
        return common.AgentType(
            original.type_name,
            original.description,
            original.source_language,
            common.AgentConstructor(
                constructor.name, constructor.description, constructor.prompt_hint, self._input(None)
            ),
            [self._method_15(each) for each in original.methods],
            [],
            common.AgentMode[original.mode.name],
            _to_15(abi.Option(abi_main.HTTP_MOUNT_DETAILS), abi.Option(abi_15.HTTP_MOUNT_DETAILS), original.http_mount),
            _to_15(abi_main.SNAPSHOTTING, abi_15.SNAPSHOTTING, original.snapshotting),
            [
                common.AgentConfigDeclaration(
                    common.AgentConfigSource[each.source.name],
                    list(each.path),
                    # Configuration cannot contain itself.
                    core.WitType(self._graph.wit_type(each.value_type).nodes),
                )
                for each in original.config
            ],
        )

    def _input(self, method: str | None) -> core.DataSchema:
        return self._graph.elements(self._parameters(method))

    def _method_15(self, method: main_common.AgentMethod) -> common.AgentMethod:
        index = self._returned(method.name)
        output = self._graph.elements([] if index is None else [(_RESULT, index)])
        endpoints = abi.List(abi_main.HTTP_ENDPOINT_DETAILS), abi.List(abi_15.HTTP_ENDPOINT_DETAILS)
        return common.AgentMethod(
            method.name,
            method.description,
            _to_15(*endpoints, method.http_endpoint),
            method.prompt_hint,
            self._input(method.name),
            output,
        )


def _to_15(ours: abi.Type, theirs: abi.Type, value: Any) -> Any:
    return converted(ours, theirs, value)


def principal_to_main(principal: common.Principal) -> main_common.Principal:
    """Return a principal in the form of the main branch."""
    made: main_common.Principal = converted(abi_15.PRINCIPAL, abi_main.PRINCIPAL, principal)
    return made


def error_15(error: main_common.AgentError) -> common.AgentError:
    """Return an error that an agent ended a call with in the form of Golem 1.5."""
    match error:
        case main_common.AgentErrorInvalidInput(text):
            return common.AgentErrorInvalidInput(text)
        case main_common.AgentErrorInvalidMethod(text):
            return common.AgentErrorInvalidMethod(text)
        case main_common.AgentErrorInvalidType(text):
            return common.AgentErrorInvalidType(text)
        case main_common.AgentErrorInvalidAgentId(text):
            return common.AgentErrorInvalidAgentId(text)
        case main_common.AgentErrorCustomError(value):
            return common.AgentErrorCustomError(typed_value(value))
        case _:
            return common.AgentErrorInvalidInput(str(error))


def typed_value(given: main.TypedSchemaValue) -> core.ValueAndType:
    """Return a value with its type in the form of Golem 1.5.

    Raises:
        AgentError: the value does not fit the type, or that has no form here.
    """
    graph = Graph(given.graph)
    root = given.graph.root
    return core.ValueAndType(TreeReader(graph, given.value).value(root), graph.wit_type(root))


def graph_value(graph: main.SchemaGraph, value: core.WitValue) -> main.SchemaValueTree:
    """Return a value of Golem 1.5 as a value of the root of a graph."""
    writer = TreeWriter(Graph(graph))
    return writer.tree(writer.write(graph.root, value))
