"""Several mistakes in one file: each broken interface or world has its problem, and none has two."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from tests.unit.wit.test_fuzz import TOKEN, seeds
from tests.unit.wit.trees import resolve
from witgen.diagnostics.errors import WitgenError
from witgen.wit.syntax.errors import WitSyntaxError
from witgen.wit.syntax.parser import parse_text
from witgen.wit.syntax.recovery import syntax_errors

SIGNS = [*"{};,()<>:@%x", "->", "interface", "world", "type", "record", "func", "/*", "*/", '"', "package", "fooBar"]


def problems(text: str) -> list[WitSyntaxError]:
    try:
        parse_text(text)
    except WitSyntaxError as error:
        return list(syntax_errors(text, error))
    return []


def test_every_broken_item_is_told(tmp_path: Path) -> None:
    text = """\
package a:b

interface first {
  f: func(a u8);
  g: func(
}

/// Right.
@since(version = 1.0.0)
interface second {
  record r { a: fooBar, }

world third {
  import first;
}

// interface no {
/* interface no { */
interface fourth { type: u8; }
"""
    with pytest.raises(WitgenError) as caught:
        resolve(tmp_path, text)
    spans = [each.span for each in caught.value.diagnostics]
    assert [each and (each.line, each.text) for each in spans] == [
        (3, "interface"),
        (4, "u8"),
        (11, "fooBar"),
        (19, ":"),
    ]


def test_nothing_is_guessed_where_packages_are_nested() -> None:
    text = "package a:b {\ninterface i { f }\n}\npackage c:d {\ninterface j {}\n}\n"
    assert len(problems(text)) == 1


def test_one_mistake_is_one_problem() -> None:
    chance = random.Random(7)
    texts = [text for text in dict.fromkeys(seeds()) if len(re.findall("^(?:interface|world)", text, re.MULTILINE)) > 1]
    texts = [text for text in texts if len(text) < 5000 and not problems(text)]
    found = 0
    for _ in range(600):
        tokens = TOKEN.findall(chance.choice(texts))
        place = chance.choice([index for index, token in enumerate(tokens) if token.strip()])
        tokens[place : place + chance.randrange(2)] = chance.choice([[], [f" {chance.choice(SIGNS)} "]])
        told = problems("".join(tokens))
        assert len(told) <= 1, "".join(tokens)
        found += len(told)
    assert found > 300
