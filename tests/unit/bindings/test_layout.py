"""The layout of generated code is black's, without black."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import black
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.support.golden_trees import CASES, options
from witgen import Config, generate
from witgen.bindings.render.layout import formatted


@pytest.mark.parametrize(
    "case", [pytest.param(case, marks=[pytest.mark.slow] if case == "golem-2026-07" else []) for case in CASES]
)
def test_black_changes_nothing(case: str, tmp_path: Path) -> None:
    for path, text in generate(Config(**options(case, tmp_path))).files.items():
        # A copy of the runtime keeps the layout of its source.
        if path.endswith(".py") and not path.startswith("runtime/"):
            assert black.format_str(text, mode=black.Mode()) == text, path


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize("case", sorted({*CASES} - {"names"}))
def test_black_is_not_even_loaded(case: str, tmp_path: Path) -> None:
    """Where no method is called like one of the runtime's own: a comment says so then, and only black splits those."""
    config = json.dumps(options(case, tmp_path))
    program = "import json, sys; from witgen import *; generate(Config(**json.loads(sys.argv[1])));"
    command = [sys.executable, "-c", f"{program} print('black' in sys.modules)", config]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert run.stdout == "False\n"


# Statements of the shapes that templates write, of any width: names long and short, any number of parts.
names = st.integers(1, 40).map(lambda length: ("name_" * 8)[:length].rstrip("_"))
dotted = st.one_of(names, st.tuples(names, names).map(".".join))
strings = names.map(lambda name: f'"{name}"')


def call(arguments: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    keyword = st.tuples(names, arguments).map("=".join)
    listed = st.tuples(st.lists(arguments, min_size=1, max_size=5), st.lists(keyword, max_size=3))
    return st.tuples(dotted, listed).map(lambda parts: f"{parts[0]}({', '.join((*parts[1][0], *parts[1][1]))})")


def display(items: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    several = st.lists(items, min_size=2, max_size=6).map(lambda parts: f"({', '.join(parts)})")
    return st.one_of(st.just("()"), items.map(lambda part: f"({part},)"), several)


def mapping(items: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(st.tuples(strings, items).map(": ".join), max_size=5).map(lambda parts: f"{{{', '.join(parts)}}}")


values = st.recursive(
    st.one_of(dotted, strings), lambda inner: st.one_of(call(inner), display(inner), mapping(strings)), max_leaves=12
)
types = st.recursive(
    dotted,
    lambda inner: st.one_of(
        st.tuples(names, st.lists(inner, min_size=1, max_size=3)).map(
            lambda parts: f"{parts[0]}[{', '.join(parts[1])}]"
        ),
        st.lists(inner, min_size=2, max_size=3).map(" | ".join),
    ),
    max_leaves=8,
)
parameters = st.lists(
    st.one_of(
        st.tuples(names, types).map(": ".join), st.tuples(names, types).map(lambda parts: f"{': '.join(parts)} = None")
    ),
    max_size=5,
    unique_by=lambda parameter: parameter.partition(":")[0],
)

SHAPES = ("def", "async def", "class", "from", "call", "return", "=", "super", "annotated", "awaited", "union", "field")


@st.composite
def statements(draw: st.DrawFn) -> str:
    shape = draw(st.sampled_from(SHAPES))
    name = draw(names)
    match shape:
        case "def" | "async def":
            listed = ["self", *draw(parameters)] if draw(st.booleans()) else draw(parameters)
            body = draw(st.sampled_from(["\n    pass", " ...", " ...  # a comment that nobody splits"]))
            return f"{shape} {name}({', '.join(listed)}) -> {draw(types)}:{body}"
        case "class":
            bases = [
                *draw(st.lists(dotted, min_size=1, max_size=3)),
                *draw(st.lists(dotted.map("wit={}".format), max_size=1)),
            ]
            return f"class {name}({', '.join(bases)}):\n    pass"
        case "from":
            return f"from .{name} import {', '.join(draw(st.lists(names, min_size=1, max_size=6)))}"
        case "call" | "return":
            return f"{'return ' if shape == 'return' else ''}{draw(call(values))}"
        case "=":
            return f"{name} = {draw(st.one_of(call(values), strings, mapping(values)))}"
        case "super":
            return f"super().{draw(call(values))}"
        case "annotated":
            return f"self.{name}: {draw(types)} = {draw(call(dotted))}"
        case "awaited":
            return f"{name}: {draw(types)} = await {draw(call(dotted))}"
        case "union":
            return f"{name}: TypeAlias = {draw(types)}"
        case _:
            return f"{name}: {draw(types)}{draw(st.sampled_from(['', ' = None']))}"


@pytest.mark.slow
@example("self.n: name_name_name_name_name_name_n[n] = name_name_name_name_name_name_n(n, " + "name_" * 7 + "na)", 3)
@given(statements(), st.integers(0, 3))
@settings(max_examples=300, deadline=None)
def test_statements_of_any_width(statement: str, depth: int) -> None:
    """Also where black itself has to be asked, because the shape is not one that the layout knows."""
    opens = [f"{'    ' * level}class {'ABC'[level]}:" for level in range(depth)]
    body = [" " * 4 * depth + line for line in statement.split("\n")]
    source = "\n".join(["from __future__ import annotations", *opens, *body, ""])
    # Blank lines are the templates' business.
    ours, theirs = formatted(source), black.format_str(source, mode=black.Mode())
    assert [line for line in ours.split("\n") if line] == [line for line in theirs.split("\n") if line]


def test_a_class_without_bases_of_any_name() -> None:
    source = f"class {'Name' * 30}:\n    pass\n"
    assert formatted(source) == black.format_str(source, mode=black.Mode())
