"""Parameters and results on Golem's main branch: schemas of an agent's graph, and trees of values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from witgen.golem.sdk.definitions import MethodDefinition, Parameter
from witgen.golem.sdk.modalities import check_element
from witgen.golem.sdk.outcomes import outcome, outcome_of

from ._bindings.types import golem_agent_common as common
from ._bindings.types import golem_core_types as core
from .core_values import TreeReader, TreeWriter, from_tree, to_tree
from .schema_graphs import NOTHING, GraphWriter

__all__ = ["arguments_of", "input_schema", "output_schema", "read_arguments", "read_result", "write_result"]


def input_schema(parameters: Sequence[Parameter], graph: GraphWriter) -> common.InputSchema:
    """Return the schema of the parameters that callers fill in; their types are written to the graph."""
    source = common.FieldSourceUserSupplied()
    return common.InputSchemaParameters(
        [common.NamedField(each.name, source, graph.write(each.schema), NOTHING) for each in parameters]
    )


def output_schema(method: MethodDefinition, graph: GraphWriter) -> common.OutputSchema:
    """Return the schema of what a method returns; its type is written to the graph."""
    declared = outcome_of(method)
    return common.OutputSchemaUnit() if declared is None else common.OutputSchemaSingle(graph.write(declared))


def arguments_of(parameters: Sequence[Parameter], given: Mapping[str, Any]) -> core.SchemaValueTree:
    """Return the arguments of a call as Golem takes them: a record; what is missing in `given` has a default.

    Raises:
        ValueError: an argument is not of its parameter's type.
    """
    values = [check_element(each.schema, given.get(each.name), each.name) for each in parameters]
    writer = TreeWriter()
    written = [writer.write(each.schema, own) for each, own in zip(parameters, values, strict=True)]
    return writer.tree(writer.append(core.SchemaValueNodeRecordValue(written)))


def read_arguments(parameters: Sequence[Parameter], data: core.SchemaValueTree) -> dict[str, Any]:
    """Return the arguments of a call, without those that Python fills in.

    Raises:
        ValueError: they do not fit the parameters.
    """
    nodes = data.value_nodes
    root = nodes[data.root] if 0 <= data.root < len(nodes) else None
    if not isinstance(root, core.SchemaValueNodeRecordValue) or len(root.value) != len(parameters):
        raise ValueError(f"expected {len(parameters)} argument{'s' * (len(parameters) != 1)}")
    reader = TreeReader(nodes)
    found: dict[str, Any] = {}
    for parameter, index in zip(parameters, root.value, strict=True):
        try:
            value = reader.read(parameter.schema, index)
        except ValueError as error:
            raise ValueError(f"{parameter.name}: {error}") from None
        if value is not None or not parameter.has_default:
            found[parameter.name] = value
    return found


def write_result(method: MethodDefinition, value: Any) -> core.SchemaValueTree | None:
    """Return what a method has returned as Golem takes it; `Ok` or `Err` if it declares errors.

    Raises:
        ValueError: the value is not of the declared type.
    """
    declared = outcome_of(method)
    found = check_element(declared, value, f"the result of {method.name}()")
    return None if declared is None else to_tree(declared, found)


def read_result(method: MethodDefinition, data: core.SchemaValueTree | None) -> Any:
    """Return what a call of a method has returned, or raise the declared error that it ended with.

    Raises:
        ValueError: the data does not fit the method's result.
    """
    declared = outcome_of(method)
    if (declared is None) is not (data is None):
        raise ValueError(f"expected {int(declared is not None)} results of {method.name}()")
    return None if declared is None or data is None else outcome(method, from_tree(declared, data))
