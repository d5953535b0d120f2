"""WAVE text and JSON: what is printed is read back, both notations as documented, and what bad input gets."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.golem.wave_types import SHOP, TYPES, values
from witgen.wave import WaveError, from_json, parse, parse_arguments, parse_call, parse_json, render, to_json
from witgen_runtime import abi
from witgen_runtime.values import Err, Ok, Some

CASES = TYPES.flatmap(lambda type_: st.tuples(st.just(type_), values(type_)))
QUIET = {"deadline": None, "suppress_health_check": list(HealthCheck), "database": None, "derandomize": True}


def same(one: Any, other: Any) -> bool:
    """Compare values as they print, which tells 0.0 from -0.0 and finds that nan is nan."""
    return repr(one) == repr(other)


@settings(max_examples=200, **QUIET)  # type: ignore[arg-type]
@given(CASES)
def test_text_comes_back(case: tuple[abi.Type, Any]) -> None:
    type_, value = case
    text = render(value, type_)
    assert same(parse(text, type_), value)
    assert render(parse(text, type_), type_) == text
    assert "\n" not in text


@settings(max_examples=200, **QUIET)  # type: ignore[arg-type]
@given(CASES)
def test_json_comes_back(case: tuple[abi.Type, Any]) -> None:
    type_, value = case
    text = json.dumps(to_json(value, type_), allow_nan=False)
    assert same(from_json(json.loads(text), type_), value)


@settings(max_examples=200, **QUIET)  # type: ignore[arg-type]
@given(CASES, st.data())
def test_damaged_text_is_refused_or_read(case: tuple[abi.Type, Any], data: st.DataObject) -> None:
    """Whatever is left of a text, it stands for a value of the type, or the message says where it does not."""
    type_, value = case
    text = render(value, type_)
    cut, end = sorted((data.draw(st.integers(0, len(text))), data.draw(st.integers(0, len(text)))))
    damaged = text[:cut] + data.draw(st.sampled_from(["", "(", "]", '"', "'", "\\", "none", "-", "\n"])) + text[end:]
    try:
        found = parse(damaged, type_)
    except WaveError as error:
        located = "column" in str(error)
    else:
        located = same(parse(render(found, type_), type_), found)
    assert located


@settings(max_examples=200, **QUIET)  # type: ignore[arg-type]
@given(CASES, TYPES)
def test_json_of_another_type_is_refused_or_read(case: tuple[abi.Type, Any], other: abi.Type) -> None:
    type_, value = case
    try:
        found = from_json(to_json(value, type_), other)
    except WaveError as error:
        located = error.place.startswith("$")
    else:
        located = same(from_json(to_json(found, other), other), found)
    assert located


U8S = abi.List(abi.U8)
MAYBE = abi.Option(abi.U8)
NESTED = abi.Option(MAYBE)


@pytest.mark.parametrize(
    ("text", "type_", "value"),
    [
        (" true // yes\n", abi.BOOL, True),
        ("-9", abi.S8, -9),
        ("6.022e+23", abi.F64, 6.022e23),
        ("123", abi.F32, 123.0),
        ("-inf", abi.F64, -math.inf),
        ("'☃'", abi.CHAR, "☃"),
        (r"'\''", abi.CHAR, "'"),
        ("'\"'", abi.CHAR, '"'),
        (r"'\u{0}'", abi.CHAR, "\0"),
        (r'"abc\t123 \u{1F44B} \\"', abi.STRING, "abc\t123 👋 \\"),
        ('"""\nA single line\n"""', abi.STRING, "A single line"),
        ('"""\n    deeper\n  not\n  """', abi.STRING, "  deeper\nnot"),
        ('"""\r\nends: \\r\r\nbroken: ""\\""\r\n"""', abi.STRING, 'ends: \r\nbroken: """"'),
        ("[1, 2, 3,]", U8S, b"\1\2\3"),
        ("[]", abi.List(abi.STRING), []),
        ('("abc", 123,)', abi.Tuple((abi.STRING, abi.U8)), ("abc", 123)),
        ("123", MAYBE, 123),
        ("some(123)", MAYBE, 123),
        ("none", MAYBE, None),
        ("some(none)", NESTED, Some(None)),
        ("some(some(1))", NESTED, Some(1)),
        ("some(1)", NESTED, Some(1)),
        ("1", abi.Result(abi.U8, None), Ok(1)),
        ("ok(1)", abi.Result(abi.U8, None), Ok(1)),
        ("err", abi.Result(abi.U8, None), Err(None)),
        ("ok", abi.Result(None, abi.STRING), Ok(None)),
        ('err("oops")', abi.Result(None, abi.STRING), Err("oops")),
        ('[("a", 1), ("b", 2)]', abi.Map(abi.STRING, abi.U8), {"a": 1, "b": 2}),
    ],
)
def test_the_notation(text: str, type_: abi.Type, value: object) -> None:
    assert same(parse(text, type_), value)


def test_names_of_wit() -> None:
    order = parse('{tags: {new, sale}, %name: "tea", state: %ok, price: %err(3)}', SHOP.order)
    assert order == SHOP.Order("tea", SHOP.Tags(3), SHOP.State.OK, SHOP.PriceErr(3), None)
    assert render(order, SHOP.order) == '{name: "tea", tags: {new, sale}, state: %ok, price: %err(3)}'
    assert to_json(order, SHOP.order) == {
        "name": "tea", "tags": ["new", "sale"], "state": "ok", "price": {"err": 3}, "note": None,
    }  # fmt: skip


ENTRY = abi.Tuple((abi.STRING, MAYBE))


@pytest.mark.parametrize(
    ("text", "type_", "message"),
    [
        ("300", abi.U8, "column 1: expected u8 (0 to 255), got 300"),
        (" 1.5", abi.U8, "column 2: expected u8 (0 to 255), got `1.5`; integers are decimal"),
        ("9" * 5000, abi.U64, "got 9999999999999999999999999999999999999999…"),
        ("1e400", abi.F64, "which is too large; infinity is `inf`"),
        ("1e39", abi.F32, "which is too large"),
        (
            "hello",
            abi.STRING,
            'column 1: expected a string, got `hello`; write strings in double quotes: "text", in a shell',
        ),
        ('"open', abi.STRING, 'column 1: the string is never closed; add `"`'),
        (r'"a\q"', abi.STRING, r"column 3: unknown escape \q; escapes are"),
        (r'"\u{d800}"', abi.STRING, r"\u{d800} is not a Unicode scalar value"),
        ("'ab'", abi.CHAR, "column 1: single quotes hold exactly one character"),
        ("yes", abi.BOOL, "column 1: expected true or false, got `yes`"),
        ("[1, 2", U8S, "column 1: `[` is never closed; add `]` at the end"),
        ("[", U8S, "column 1: `[` is never closed; add `]` at the end"),
        ("[1,,2]", U8S, "column 4: expected u8 (0 to 255), got `,`"),
        ("0x10", abi.U8, "got `0x10`; integers are decimal"),
        ("[1 2]", U8S, "column 4: expected `,` or `]`, got `2`"),
        ("[1, -2]", U8S, "column 5: expected u8 (0 to 255), got -2"),
        ("1, 2", U8S, "column 1: expected a list, got `1`; write lists in brackets: [1, 2]"),
        ("[1] x", U8S, "column 5: expected the end, got `x`"),
        ('("a")', ENTRY, "column 1: expected a tuple of 2, got 1"),
        ('("a", 1, 2)', ENTRY, "column 10: expected a tuple of 2, but there is one more"),
        ("", abi.U8, "column 1: expected u8 (0 to 255), got the end of the text"),
        ("1", NESTED, "expected `some(…)` or `none`, got `1`"),
        ("some", MAYBE, "column 5: expected the payload: `some(…)` with u8"),
        ("maybe", abi.Result(None, None), "expected `ok` or `err`, got `maybe`"),
        ("ok(1)", abi.Result(None, None), "`ok` has no payload here; write `ok` alone"),
        ("ok", SHOP.state, "`ok` is a keyword of WAVE, not a case of `state`; write `%ok`"),
        ("not-fund", SHOP.state, "`not-fund` is not a case of `state`; did you mean `not-found`?"),
        ("free(1)", SHOP.price, "case `free` has no payload; write `free` alone"),
        ("{old}", SHOP.tags, "column 2: `old` is not a flag; there is `new`, `sale`"),
        ('{name: "x"}', SHOP.order, "column 1: field `tags` is missing: expected flags `tags`"),
        ('{name: "x", name: "y"}', SHOP.order, "column 13: field `name` appears twice"),
        ('{nam: "x"}', SHOP.order, "column 2: `nam` is not a field; did you mean `name`?"),
        ('{\n  name "x"}', SHOP.order, "line 2, column 8: expected `:` and the value of `name`"),
        ("[(1, 2), (1, 3)]", abi.Map(abi.U8, abi.U8), "column 10: this key appears twice"),
        ("<pollable>", abi.Own(abi.Resource("x:y/z", "pollable")), "a handle of resource `pollable` cannot be written"),
    ],
)
def test_what_bad_text_gets(text: str, type_: abi.Type, message: str) -> None:
    with pytest.raises(WaveError) as caught:
        parse(text, type_)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("value", "type_", "message"),
    [
        (300, abi.U8, "$: expected u8 (0 to 255), got 300"),
        ("1", abi.U8, "$: expected u8 (0 to 255), got a string"),
        (True, abi.U8, "$: expected u8 (0 to 255), got a boolean"),
        ("ab", abi.CHAR, "$: expected one character, got 2"),
        ("\ud800", abi.STRING, "$: expected Unicode scalar values, got a lone surrogate"),
        (10**400, abi.F64, '$: expected a number (f64), got one that is too large; infinity is "inf"'),
        ([1, None], U8S, "$[1]: expected u8 (0 to 255), got null"),
        ({"some": 1, "x": 2}, NESTED, '$: expected an option, as null or {"some": …}, got an object'),
        ({"nam": 1}, SHOP.order, "$: `nam` is not a field of `order`; did you mean `name`?"),
        ({"name": "x"}, SHOP.order, "$: field `tags` is missing: expected flags `tags`"),
        ({"err": 300}, SHOP.price, "$.err: expected u8 (0 to 255), got 300"),
        ("err", SHOP.price, 'case `err` has a payload: {"err": …} with u8'),
        (["new", 1], SHOP.tags, "$[1]: expected flags `tags`, as a name, got a number"),
        ({"ok": 1}, abi.Result(None, None), "$.ok: `ok` has no payload here; write null"),
        ([[1, 2], [1, 3]], abi.Map(abi.U8, abi.U8), "$[1]: this key appears twice"),
    ],
)
def test_what_bad_json_gets(value: Any, type_: abi.Type, message: str) -> None:
    with pytest.raises(WaveError) as caught:
        from_json(value, type_)
    assert message in str(caught.value)


PARAMS = [
    abi.Param("name", "name", abi.STRING),
    abi.Param("size", "size", MAYBE),
    abi.Param("tags", "tags", abi.Option(SHOP.tags)),
]


def test_calls() -> None:
    assert parse_call(' api.greet ( "x", 1, )', lambda _: PARAMS) == ("api.greet", ["x", 1, None])
    assert parse_call("stop()", lambda _: []) == ("stop", [])
    assert parse_arguments(['"x"', "none", "{new}"], PARAMS) == ["x", None, SHOP.Tags.NEW]
    with pytest.raises(WaveError, match="the argument `name` is missing: expected a string"):
        parse_call("greet()", lambda _: PARAMS)
    with pytest.raises(WaveError, match=r"column 8: too many arguments \(1\): the function takes \(\)"):
        parse_call("greet( 1)", lambda _: [])
    with pytest.raises(WaveError, match="a call is written"):
        parse_call("greet", lambda _: PARAMS)
    with pytest.raises(WaveError, match="argument `size`: column 1: expected u8"):
        parse_arguments(['"x"', "many"], PARAMS)
    with pytest.raises(WaveError, match="argument `name`: missing: expected a string"):
        parse_arguments([], PARAMS)


def test_arguments_in_json() -> None:
    assert parse_arguments(['"x"', "1", '["new"]'], PARAMS, parse_json) == ["x", 1, SHOP.Tags.NEW]
    for text, message in [
        ("{", "argument `name`: line 1, column 2: this is not JSON: "),
        ("3", "argument `name`: $: expected a string, got a number"),
        ("9" * 5000, "argument `name`: $: this cannot be read: "),
        ("[" * 100_000, "argument `name`: $: this cannot be read: "),
    ]:
        with pytest.raises(WaveError) as caught:
            parse_arguments([text], PARAMS, parse_json)
        assert str(caught.value).startswith(message)


def test_values_of_another_type_are_not_rendered() -> None:
    with pytest.raises(TypeError, match=r"value: \[1\]: expected int, got str"):
        render([1, "x"], abi.List(abi.U32))
    with pytest.raises(ValueError, match="expected u8, got 300"):
        to_json(300, abi.U8)


def test_handles_are_shown_only() -> None:
    pollable = abi.Own(abi.Resource("wasi:io/poll@0.2.3", "pollable"))
    assert render([object()], abi.List(pollable)) == "[<pollable>]"
    assert to_json(object(), pollable) == "<pollable>"
