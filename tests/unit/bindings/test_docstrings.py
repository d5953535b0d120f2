"""Documentation of WIT is a docstring that parses, whatever it says, and that says the same."""

from __future__ import annotations

import ast
import random
import textwrap
from pathlib import Path

import black
import pytest

from witgen import Config, generate
from witgen.bindings.render.docs import docstring, wrapped

ALPHABET = [
    '"',
    "'",
    "\\",
    '"""',
    "'''",
    "\n",
    " ",
    "\t",
    "{",
    "}",
    "#",
    "%",
    "a",
    "N",
    "x41",
    "u0041",
    "0",
    "é",
    "\u2028",
    "\x1f",
]


def text(chance: random.Random) -> str:
    return "".join(chance.choices(ALPHABET, k=chance.randrange(1, 12)))


def check(written: str, indent: int) -> None:
    pad = " " * indent
    code = f"class C:\n{pad}{docstring(written, indent)}\n\n{pad}after = 1\n"
    found = ast.parse(code).body[0]
    assert isinstance(found, ast.ClassDef)
    assert len(found.body) == 2, written
    visible = "".join(char if char.isprintable() or char in "\n\t" else repr(char)[1:-1] for char in written)
    said = ast.get_docstring(found)
    assert said is not None
    # Blanks are the layout's; everything else is as it was written.
    assert said.split() == visible.split(), written


@pytest.mark.parametrize(
    ("count", "seed"), [pytest.param(500, 1), pytest.param(60_000, 2, marks=pytest.mark.long)], ids=["some", "many"]
)
def test_random_texts(count: int, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(count):
        check(text(chance), 4)


@pytest.mark.parametrize("start", ["", '"', '\\"', '"""', "\\"])
@pytest.mark.parametrize("end", ['\\"', '"', '\\\\"', '"""', '\\"""', "\\", "\\\\"])
def test_ends(start: str, end: str) -> None:
    check(f"{start}said{end}", 4)
    written = docstring(f"{start}said{end}")
    assert black.format_str(f"{written}\n", mode=black.Mode()) == f"{written}\n"


@pytest.mark.parametrize("indent", [0, 4])
def test_lines_of_a_paragraph(indent: int) -> None:
    """They are the standard library's, however long the text is and wherever it has blanks."""
    chance = random.Random(3)
    for _ in range(2000):
        said = "".join(chance.choices(("word", " ", "é", "long" * 20), (3, 3, 1, 1), k=chance.randrange(60)))
        later = " " * (indent + 4) if indent else ""
        lines = textwrap.wrap(
            said,
            112,
            initial_indent=" " * indent,
            subsequent_indent=later,
            break_long_words=False,
            break_on_hyphens=False,
        )
        assert wrapped(said, indent=indent).split("\n") == (lines or [""]), said


def test_in_wit(tmp_path: Path) -> None:
    """In every module of the output."""
    doc = '/// ends with \\"\n'
    inside = f"{doc}record r {{\n{doc}x: u8 }}\n{doc}f: func(x: r);"
    wit = f"package a:b;\n{doc}interface i {{\n{inside}\n}}\n{doc}world w {{ import i; export i; }}\n"
    (tmp_path / "a.wit").write_text(wit)
    for name, module in generate(Config(tmp_path / "a.wit")).files.items():
        if name.endswith(".py"):
            ast.parse(module, name)
