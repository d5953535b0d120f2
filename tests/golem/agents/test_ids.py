"""Agent ids come back as they were, and text that is none is refused with one message."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from uuid import UUID

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.support.random_types import types, values
from witgen.golem.agents._bindings.types import golem_core_types as core
from witgen.golem.agents.errors import AgentIdError
from witgen.golem.agents.ids import MAX_BYTES, agent_id, parse_agent_id
from witgen.golem.agents.schemas import Binary, Parameter, Schema, Text
from witgen.golem.agents.types import to_type, to_wit_type
from witgen_runtime import abi
from witgen_runtime.values import Err, Ok

PHANTOM = UUID("a09f61a8-677a-40ea-9ebe-437a0df51749")
TYPES = types(lambda _: [])


def schema(*elements: Any, multimodal: bool = False) -> Schema:
    return Schema(tuple(Parameter(f"p{at}", each) for at, each in enumerate(elements)), multimodal)


def found(wanted: Schema) -> Callable[[str], Schema]:
    return lambda _: wanted


def read(text: str, *elements: Any) -> Any:
    return list(parse_agent_id(f"A({text})", found(schema(*elements))).parameters)


def wit(type_: abi.Type) -> abi.Type:
    """The type as a component declares it, with classes made for it."""
    return to_type(to_wit_type(type_))


COLOURS = wit(abi.Enum("colour", None, ("red", "green", "blue")))  # type: ignore[arg-type]
MODES = wit(abi.Flags("modes", None, ("r", "w", "x")))  # type: ignore[arg-type]
POINT = wit(abi.Record("point", type, (abi.Field("a", "a", abi.U8), abi.Field("b", "b", abi.STRING))))
CHOICE = wit(abi.Variant("choice", (abi.Case("a", type), abi.Case("b", type, abi.STRING))))
OUTCOME = abi.Result(None, abi.STRING)

assert isinstance(COLOURS, abi.Enum)
assert isinstance(MODES, abi.Flags)
assert isinstance(POINT, abi.Record)
assert isinstance(CHOICE, abi.Variant)

FORMS = [
    (abi.STRING, 'hello\n"world"\t\\', r'"hello\n\"world\"\t\\"'),
    (abi.STRING, "\x01\x85é", '"\\u0001\\u0085é"'),
    (abi.CHAR, "\n", r'c"\n"'),
    (abi.BOOL, True, "true"),
    (abi.F64, 42.0, "42.0"),
    (abi.F64, 1e21, "1000000000000000000000.0"),
    (abi.F64, 1e-7, "0.0000001"),
    (abi.F32, 0.10000000149011612, "0.1"),
    (abi.S8, -5, "-5"),
    (abi.Option(abi.U8), None, "n"),
    (abi.Option(abi.U8), 7, "s(7)"),
    (abi.List(abi.U16), [1, 2], "[1,2]"),
    (abi.List(abi.U8), b"\x01\x02", "[1,2]"),
    (POINT, POINT.python(1, "hi"), '(1,"hi")'),
    (CHOICE, CHOICE.cases[0].python(), "v0"),
    (CHOICE, CHOICE.cases[1].python("hello"), 'v1("hello")'),
    (COLOURS, list(COLOURS.python)[2], "v2"),
    (MODES, MODES.python(5), "f(0,2)"),
    (OUTCOME, Err("bad"), 'err("bad")'),
    (OUTCOME, Ok(None), "ok"),
    (abi.Tuple(()), (), "()"),
    (Text(None), core.TextReferenceInline(core.TextSource("hallo", core.TextType("de"))), '@t[de]"hallo"'),
    (Text(None), core.TextReferenceInline(core.TextSource("hi", None)), '@t"hi"'),
    (Text(None), core.TextReferenceUrl("https://example.com/"), '@tu"https://example.com/"'),
    (
        Binary(None),
        core.BinaryReferenceInline(core.BinarySource(b"{}", core.BinaryType("application/json"))),
        '@b[application/json]"e30="',
    ),
    (Binary(None), core.BinaryReferenceUrl("https://x/y.png"), '@bu"https://x/y.png"'),
]


@pytest.mark.parametrize(("element", "value", "text"), FORMS, ids=[text for _, _, text in FORMS])
def test_forms(element: Any, value: Any, text: str) -> None:
    made = agent_id("A", schema(element), [value], PHANTOM)
    assert made.text == f"A({text})[{PHANTOM}]"
    again = parse_agent_id(made.text, found(schema(element)))
    assert (list(again.parameters), again.phantom, again.text) == ([value], PHANTOM, made.text)


@settings(deadline=None, max_examples=60)
@given(st.lists(TYPES, max_size=3), st.data())
def test_round_trips(given_types: list[abi.Type], data: st.DataObject) -> None:
    wanted = schema(*map(wit, given_types))
    given_values = [data.draw(values(each.element)) for each in wanted.parameters]  # type: ignore[arg-type]
    try:
        made = agent_id("Some_Agent", wanted, given_values)
    except AgentIdError:
        assume(False)  # too long, too deep, or infinite
    again = parse_agent_id(made.text, found(wanted))
    assert again.text == made.text
    assert not any(isinstance(each, float) and math.isnan(each) for each in again.parameters)


@settings(deadline=None, max_examples=100)
@given(st.text(alphabet='A()[]",\\u0129senvfktb@.-+eE \n{}x', max_size=60), st.lists(TYPES, max_size=2))
def test_hostile_text(text: str, given_types: list[abi.Type]) -> None:
    """Whatever is written is an id, or one clear error."""
    wanted = schema(*map(wit, given_types))
    for given_text in (text, f"A({text})"):
        with suppress(AgentIdError):
            made = parse_agent_id(given_text, found(wanted))
            assert parse_agent_id(made.text, found(wanted)).text == made.text


def test_space_does_not_count() -> None:
    wanted = schema(abi.STRING, abi.U32)
    read_back = parse_agent_id(f' Counter( "c 1" ,\t7 )[{str(PHANTOM).upper()}]\n', found(wanted))
    assert read_back.text == f'Counter("c 1",7)[{PHANTOM}]'


def test_options_at_the_end_may_be_left_out() -> None:
    option = abi.Option(abi.U8)
    assert read("1", abi.U8, option, option) == [1, None, None]
    assert read("(1),s((2,n))", abi.Tuple((abi.U8, option)), abi.Option(abi.Tuple((abi.U8, option)))) == [
        (1, None),
        (2, None),
    ]
    with pytest.raises(AgentIdError, match="expected `s"):
        read("", option)


def test_multimodal_data() -> None:
    wanted = schema(abi.U32, Text(None), multimodal=True)
    hello = core.TextReferenceInline(core.TextSource("hello", None))
    made = agent_id("M", wanted, [("p0", 42), ("p1", hello), ("p1", hello)])
    assert made.text == 'M(0(42),1(@t"hello"),1(@t"hello"))'
    assert parse_agent_id(made.text, found(wanted)).parameters == [("p0", 42), ("p1", hello), ("p1", hello)]
    with pytest.raises(AgentIdError, match="the number of a modality, less than 2, got `2"):
        parse_agent_id("M(2(1))", found(wanted))


REFUSED = [
    ("01", abi.U8, "expected an integer"),
    ("-0", abi.S8, "expected an integer"),
    ("300", abi.U8, r"expected an integer \(u8\), got `300`"),
    ("9" * 5000, abi.U64, r"expected an integer \(u64\), got `9"),
    ("42", abi.F64, "a number with a point"),
    ("1.0e999", abi.F64, "a finite f64"),
    ("1.0e39", abi.F32, "a finite f32"),
    ("f(2,1)", MODES, "a flag above 2: they rise"),
    ("f(3)", MODES, "less than 3"),
    ("v3", COLOURS, "the number of a case, less than 3, got `v3`|got `3`"),
    ("red", COLOURS, "expected `v`, got `red`"),
    ("ok", abi.Result(abi.U8, None), r"expected `\(`"),
    ("42extra", abi.U8, "the end, got `extra`"),
    ('"open', abi.STRING, "a string in double quotes"),
    (r'"\x"', abi.STRING, "JSON's escapes"),
    (r'"\ud800"', abi.STRING, "JSON's escapes"),
    ('c"ab"', abi.CHAR, "a character"),
    ('@b[x]"?"', Binary(None), "base64 in quotes"),
    ("1,2", abi.U8, r"too many parameters: it takes \(p0\)"),
    ("", abi.U8, r"expected an integer \(u8\), got its end \(position 1\)"),
]


@pytest.mark.parametrize(("text", "element", "message"), REFUSED, ids=[text[:20] for text, _, _ in REFUSED])
def test_what_is_no_value(text: str, element: Any, message: str) -> None:
    with pytest.raises(AgentIdError, match=message):
        read(text, element)


@pytest.mark.parametrize("text", ["", "A", "A(", "(1)", "A)(", "A(1)x", "A(1)[]", "A(1\n)", "A(1)[nonsense]"])
def test_what_is_no_id(text: str) -> None:
    with pytest.raises(AgentIdError, match=r"write Type\(parameters\)|is not a UUID"):
        parse_agent_id(text, found(schema(abi.U8)))


def test_limits() -> None:
    with pytest.raises(AgentIdError, match="at most 512 bytes"):
        read(f'"{"x" * MAX_BYTES}"', abi.STRING)
    with pytest.raises(AgentIdError, match="at most 512 bytes"):
        read('"' + "x" * 100_000, abi.STRING)
    deep: abi.Type = abi.U8
    for _ in range(40):
        deep = abi.List(deep)
    with pytest.raises(AgentIdError, match="nested less than 32 deep"):
        read("[" * 40 + "]" * 40, deep)
    for value in (math.nan, math.inf):
        with pytest.raises(AgentIdError, match="has no form"):
            agent_id("A", schema(abi.F64), [value])
    assert agent_id("A", schema(abi.F64), [-0.0]).text == "A(0.0)"
