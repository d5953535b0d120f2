"""Values and types of agents on Golem's main branch: as the SDK writes them, and as the executor reads them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from enum import Flag
from typing import Annotated, Any

import pytest

from tests.golem.sdk import test_cases, test_schemas
from witgen import wave
from witgen.build.place import entry_files
from witgen.golem.agents._bindings.types import golem_core_types as core
from witgen.golem.agents.errors import AgentError
from witgen.golem.agents.http.openapi import _schema
from witgen.golem.agents.id_text import id_text
from witgen.golem.agents.json_form import from_json, to_json
from witgen.golem.agents.main import graphs, trees
from witgen.golem.agents.main._bindings._abi import golem_core_types as host_abi
from witgen.golem.agents.main._bindings.types import golem_core_types as host
from witgen.golem.agents.overview import _declaration
from witgen.golem.agents.schemas import Schema
from witgen.golem.agents.types import to_type
from witgen.golem.fitting import converted
from witgen.golem.sdk import Languages, MimeTypes, Multimodal, UnstructuredBinary, UnstructuredText, hints
from witgen.golem.sdk.core_values import to_wit_type, to_wit_value
from witgen.golem.sdk.hints import schema_of
from witgen.golem.sdk.modalities import check_element, element_of
from witgen.golem.sdk.schema import check
from witgen.golem.sdk_main._bindings._abi import golem_core_types as guest_abi
from witgen.golem.sdk_main._bindings.types import golem_core_types as guest
from witgen.golem.sdk_main.core_values import from_tree, to_tree
from witgen.golem.sdk_main.schema_graphs import to_graph
from witgen.golem.witvalue import from_wit_value
from witgen.golem.witvalue import to_wit_value as to_wit_value_of_host
from witgen_runtime import abi


class Rights(Flag):
    READ = 1
    WRITE = 2


@dataclass
class Person:
    name: str
    born: dt.datetime
    friends: dict[str, Rights]


@dataclass
class Tree:
    name: str
    children: list[Tree]


PERSON = Person("ann", dt.datetime(2026, 1, 2, tzinfo=dt.UTC), {"bob": Rights.READ | Rights.WRITE})
VALUES = [
    *test_schemas.VALUES,
    *((hint, value) for hint, value, _ in test_cases.VALUES),
    (Person, PERSON),
    (list[Person | None], [PERSON, None]),
]
English = Annotated[UnstructuredText, Languages("en")]
Picture = Annotated[UnstructuredBinary, MimeTypes("image/png")]
ELEMENTS: list[tuple[Any, Any]] = [
    (English, UnstructuredText("hi", "en")),
    (English, UnstructuredText(url="https://example.org")),
    (Picture, UnstructuredBinary(b"\1\2", "image/png")),
    (Picture, UnstructuredBinary.at("https://example.org")),
    (Multimodal[English | Picture], Multimodal([UnstructuredText("hi"), UnstructuredBinary(b"\1", "image/png")])),
]


def for_host(name: str, value: Any) -> Any:
    """Return a guest's value as its host has it."""
    return converted(getattr(guest_abi, name), getattr(host_abi, name), value)


def graph_of(schema: Any) -> tuple[graphs.Graph, int]:
    given = for_host("SCHEMA_GRAPH", to_graph(schema))
    return graphs.Graph(given), given.root


def shown(type_: abi.Type | None) -> Any:
    """Return a type without the Python classes that were made for it."""
    match type_:
        case abi.Record():
            return type_.name, [(field.name, shown(field.type)) for field in type_.fields]
        case abi.Variant():
            return [(case.name, shown(case.payload)) for case in type_.cases]
        case abi.Enum():
            return list(type_.cases)
        case abi.Flags():
            return list(type_.flags)
        case abi.Prim() | None:
            return type_
        case _:
            return type(type_).__name__, [shown(each) for each in abi.children(type_)]


@pytest.mark.parametrize(("hint", "value"), VALUES, ids=[str(hint) for hint, _ in VALUES])
def test_values_come_back(hint: Any, value: Any) -> None:
    schema = schema_of(hint)
    assert schema is not None
    found = from_tree(schema, to_tree(schema, check(schema, value)))
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(("hint", "value"), VALUES, ids=[str(hint) for hint, _ in VALUES])
def test_the_host_has_what_golem_1_5_would_have(hint: Any, value: Any) -> None:
    """Types, and values in both directions."""
    schema = schema_of(hint)
    assert schema is not None
    checked = check(schema, value)
    graph, root = graph_of(schema)
    types = [each_of(to_wit_type(schema)), to_type(graph.wit_type(root))]
    assert shown(types[0]) == shown(types[1])
    tree = for_host("SCHEMA_VALUE_TREE", to_tree(schema, checked))
    found = trees.TreeReader(graph, tree).value(root)
    assert [repr(each) for each in found.nodes] == [repr(each) for each in to_wit_value(schema, checked).nodes]
    writer = trees.TreeWriter(graph)
    again = writer.tree(writer.write(root, found))
    assert trees.TreeReader(graph, again).value(root) == found


def each_of(given: Any) -> abi.Type:
    """Return the type of nodes, of the SDK or of the executor."""
    return to_type(eval(repr(given), {**vars(core)}))  # both packages have the same nodes


@pytest.mark.parametrize(("hint", "value"), ELEMENTS, ids=[str(value) for _, value in ELEMENTS])
def test_text_bytes_and_several_kinds(hint: Any, value: Any) -> None:
    schema = element_of(hint)
    assert schema is not None
    checked = check_element(schema, value)
    assert from_tree(schema, to_tree(schema, checked)) == value
    graph, root = graph_of(schema)
    declared = Schema.of(graph.elements([("given", root)]))
    assert declared.is_multimodal is (len(declared.parameters) > 1)
    tree = for_host("SCHEMA_VALUE_TREE", to_tree(schema, checked))
    data = trees.TreeReader(graph, tree).elements([root], [tree.root])
    assert declared.to_data(declared.from_data(data)) == data
    writer = trees.TreeWriter(graph)
    [again] = writer.elements([root], data)
    assert trees.TreeReader(graph, writer.tree(again)).elements([root], [again]) == data


def test_restrictions_hold() -> None:
    schema = element_of(English)
    assert schema is not None
    with pytest.raises(ValueError, match="language: expected en, got fr"):
        from_tree(schema, to_tree(schema, UnstructuredText("salut", "fr")))


def test_types_with_a_name_are_written_once() -> None:
    schema = schema_of(tuple[Person, Person | None])
    assert schema is not None
    graph = to_graph(schema)
    assert [(each.id, each.name) for each in graph.defs] == [("Person", "Person"), ("Rights", "Rights")]


def test_times_are_times() -> None:
    schema = schema_of(dt.datetime)
    assert schema is not None
    assert isinstance(to_graph(schema).type_nodes[0].body, guest.SchemaTypeBodyDatetimeType)
    found = to_tree(schema, dt.datetime(1970, 1, 1, 0, 0, 5, tzinfo=dt.UTC)).value_nodes
    assert found == [guest.SchemaValueNodeDatetimeValue(guest.Datetime(5, 0))]


def test_types_that_contain_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TypeError, match=r"Tree contains itself, which Golem 1\.5 has no schema for"):
        schema_of(Tree)
    monkeypatch.setattr(hints, "HAS_RECURSIVE_TYPES", True)
    schema = schema_of(Tree)
    assert schema is not None
    value = Tree("root", [Tree("leaf", [])])
    assert from_tree(schema, to_tree(schema, check(schema, value))) == value
    graph = to_graph(schema)
    assert [each.id for each in graph.defs] == ["Tree"]


def test_the_host_has_types_that_contain_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are read, written and described in all forms."""
    monkeypatch.setattr(hints, "HAS_RECURSIVE_TYPES", True)
    schema = schema_of(Tree)
    assert schema is not None
    graph, root = graph_of(schema)
    type_ = to_type(graph.wit_type(root))
    assert _declaration(type_) == "record Tree {name: string, children: list<Tree>}"
    value = Tree("root", [Tree("leaf", []), Tree("twig", [Tree("bud", [])])])
    tree = for_host("SCHEMA_VALUE_TREE", to_tree(schema, check(schema, value)))
    found = trees.TreeReader(graph, tree).value(root)
    plain = from_wit_value(core, type_, found)
    assert to_json(type_, from_json(type_, to_json(type_, plain))) == {
        "name": "root",
        "children": [
            {"name": "leaf", "children": []},
            {"name": "twig", "children": [{"name": "bud", "children": []}]},
        ],
    }
    assert wave.render(plain, type_).startswith('{name: "root", children: [{name: "leaf", children: []}')
    assert id_text(type_, plain) == '("root",[("leaf",[]),("twig",[("bud",[])])])'
    writer = trees.TreeWriter(graph)
    again = writer.tree(writer.write(root, to_wit_value_of_host(core, type_, plain)))
    assert trees.TreeReader(graph, again).value(root) == found
    assert _schema(type_) == {
        "type": "object",
        "properties": {"name": {"type": "string"}, "children": {"type": "array", "items": {}}},
        "required": ["name", "children"],
    }


DAMAGED: list[Callable[[], host.SchemaValueTree]] = [
    lambda: host.SchemaValueTree([], 0),
    lambda: host.SchemaValueTree([host.SchemaValueNodeListValue([0])], 0),
    lambda: host.SchemaValueTree([host.SchemaValueNodeListValue([5])], 0),
    lambda: host.SchemaValueTree([host.SchemaValueNodeStringValue("a")], 0),
]


@pytest.mark.parametrize("tree", DAMAGED)
def test_damaged_values_are_refused(tree: Callable[[], host.SchemaValueTree]) -> None:
    schema = schema_of(list[int])
    assert schema is not None
    graph, root = graph_of(schema)
    with pytest.raises(AgentError, match="does not fit its type"):
        trees.TreeReader(graph, tree()).value(root)
    with pytest.raises(ValueError, match=r"which is not a part of it|expected"):
        from_tree(schema, converted(host_abi.SCHEMA_VALUE_TREE, guest_abi.SCHEMA_VALUE_TREE, tree()))


def test_the_parts_of_the_main_branch_replace_those_of_golem_1_5() -> None:
    main, released = entry_files(agents="main"), entry_files(agents="1.5")
    folder = "witgen/golem/sdk/"
    assert {name for name in released if name.startswith(folder) and "_bindings" not in name} <= {*main}
    assert b"main branch" in main[f"{folder}serving.py"]
    assert main[f"{folder}reading.py"] == released[f"{folder}reading.py"]
    assert not any("sdk_main/" in name for name in main)
