"""Whatever other languages call their agents, the module can be imported and has the same types."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.golem.agents.declared import agent_type, method
from tests.golem.clients.test_clients import _name_of, elements
from witgen.golem.agents._bindings.types import golem_core_types as core
from witgen.golem.agents.clients.module import client_module
from witgen.golem.agents.definitions import AgentTypes
from witgen.golem.agents.types import to_type
from witgen.golem.sdk.agent_types import agent_type as made_of
from witgen.golem.sdk.declaring import definition_of
from witgen_runtime import abi

NAMES = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8),
    st.sampled_from(
        [
            "str",
            "list",
            "class",
            "self",
            "cls",
            "None",
            "_",
            "__init__",
            "__class__",
            "Case",
            "Enum",
            "Some",
            "U32",
            "remote_agent",
            "named",
            "raises",
            "dataclass",
            "TypeAlias",
            "mro",
            "name",
            "value",
            "NotImplementedError",
            "_builtins",
            "builtins",
            "annotations",
            "Item",
            "item",
            "ITEM",
            "it-em",
            "ﬁ",
            "fi",
            '"',
            "\\",
            '"""',
            "\n",
            "case_name",
            "Annotated",
            "x" * 100,
            "9",
            "print",
            "__slots__",
            "__annotations__",
            "data class",
        ]
    ),
)
DISTINCT = st.lists(NAMES, min_size=1, max_size=4, unique=True)


@st.composite
def types(draw: st.DrawFn) -> abi.Type:
    names = draw(DISTINCT)
    plain = st.sampled_from(
        [abi.STRING, abi.U32, abi.S64, abi.CHAR, abi.List(abi.U8), abi.Option(abi.Option(abi.BOOL))]
    )
    name = draw(NAMES)
    match draw(st.integers(0, 4)):
        case 0:
            return abi.Record(name, type, tuple(abi.Field(each, each, draw(plain)) for each in names))
        case 1:
            return abi.Enum(name, type, tuple(names))
        case 2:
            return abi.Flags(name, type, tuple(names))
        case 3:
            return abi.Variant(name, tuple(abi.Case(each, type, draw(st.none() | plain)) for each in names))
        case _:
            return abi.Result(abi.List(draw(plain)), abi.Tuple((draw(plain), draw(plain))))


@st.composite
def agents(draw: st.DrawFn) -> Any:
    methods = [
        method(name, {each: draw(types()) for each in draw(DISTINCT)}, draw(st.none() | types()))
        for name in draw(DISTINCT)
    ]
    name = draw(NAMES.filter(lambda text: "(" not in text and text.strip()))
    return agent_type(name, *methods, takes={each: draw(types()) for each in draw(DISTINCT)})


@pytest.mark.slow
@settings(deadline=None, max_examples=20)
@given(st.lists(agents(), min_size=1, max_size=2))
def test_any_names(declared: list[Any]) -> None:
    assume(len({each.type_name for each in declared}) == len(declared))
    text = client_module(AgentTypes(declared), "any.wasm")
    module = ModuleType("hostile_clients")
    sys.modules["hostile_clients"] = module
    try:
        exec(compile(text, "hostile_clients.py", "exec"), vars(module))
        for each in declared:
            classes = [found for found in vars(module).values() if isinstance(found, type)]
            [python] = {found for found in classes if _name_of(found) == each.type_name}
            made = made_of(definition_of(python))
            assert elements(made.constructor.input_schema) == elements(each.constructor.input_schema)
            assert [found.name for found in made.methods] == [found.name for found in each.methods]
            for mine, theirs in zip(made.methods, each.methods, strict=True):
                assert elements(mine.input_schema) == elements(theirs.input_schema)
                assert elements(mine.output_schema) == elements(theirs.output_schema)
    finally:
        del sys.modules["hostile_clients"]


@pytest.mark.parametrize("names", [("ﬀ",), ("ﬀ", "ff"), ("ª", "a"), ("\uff43lass",)])
def test_names_that_python_reads_as_others(names: tuple[str, ...]) -> None:
    """Python reads identifiers in their NFKC form."""
    nodes = [
        core.NamedWitTypeNode("R", None, core.WitTypeNodeRecordType([(name, 1) for name in names])),
        core.NamedWitTypeNode(None, None, core.WitTypeNodePrimU8Type()),
    ]
    record = to_type(core.WitType(nodes))
    assert isinstance(record, abi.Record)
    assert [field.name for field in record.fields] == list(names)
    made = record.python(*range(len(names)))
    assert [getattr(made, field.attribute) for field in record.fields] == list(range(len(names)))
