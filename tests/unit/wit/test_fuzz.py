"""No text makes a traceback, a hang or a crash: mutants of known WIT, and text from nowhere.

The long run (`-m long`) tries 200,000 mutants, or as many as WITGEN_FUZZ_COUNT says.
"""

from __future__ import annotations

import os
import random
import re
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.paths import ROOT
from tests.unit.wit.rule_cases import cases
from witgen.base.source import SourceFile
from witgen.diagnostics.errors import WitgenError
from witgen.diagnostics.formats import render_github, render_json, render_sarif
from witgen.diagnostics.text import render
from witgen.wit.model.wit_json import to_wit_json
from witgen.wit.resolve.run import run
from witgen.wit.tree import Folder, Tree

pytestmark = pytest.mark.slow

FIXTURES = ROOT.parent / "shared" / "fixtures"
TOKEN = re.compile(r"//[^\n]*|/\*.*?\*/|%?[\w-]+|->|\s+|.", re.DOTALL)
SECONDS = 10
CHARACTERS = "\x00\r\n\t \"'\\/*%@<>(){}[];:,.=-_aZ09\u00e9\u202e\u2028\ufeff\U0001f600"


def seeds() -> list[str]:
    texts = [text for case in cases() for _, text in case.files]
    folders = [ROOT / "golden", ROOT / "witgen" / "golem" / "wit", FIXTURES]
    paths = sorted(path for folder in folders for path in folder.rglob("*.wit") if path.is_file())
    return texts + [path.read_bytes().decode("utf-8", "replace") for path in paths]


@contextmanager
def time_limit(text: str) -> Iterator[None]:
    def expired(_signal: int, _frame: FrameType | None) -> None:
        msg = f"took more than {SECONDS} s: {text!r}"
        raise AssertionError(msg)

    previous = signal.signal(signal.SIGALRM, expired)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, previous)


def survive(*texts: str) -> None:
    """Resolve a folder of these files; anything but a result or a `WitgenError` that can be shown fails the test."""
    files = tuple(SourceFile(f"{number}.wit", text) for number, text in enumerate(texts))
    tree = Tree(".", Folder(".", files), (), None)
    with time_limit("\n----\n".join(texts)):
        try:
            to_wit_json(run(tree, ("active",), all_features=False))
        except WitgenError as error:
            for diagnostic in error.diagnostics:
                assert diagnostic.code.startswith("W0")
            for show in (render_json, render_github, render_sarif):
                show(error.diagnostics).encode()
            render(error.diagnostics, color=True).encode()
        except RecursionError:
            pytest.fail(f"recursion: {texts!r}")


class Mutator:
    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.seeds = [TOKEN.findall(text) for text in seeds()]
        self.tokens = sorted({token for tokens in self.seeds for token in tokens if token.strip()})
        self.steps: list[Callable[[list[str]], None]] = [
            self.delete, self.insert, self.replace, self.swap, self.splice, self.repeat, self.character, self.cut,
        ]  # fmt: skip

    def mutant(self) -> str:
        tokens = list(self.random.choice(self.seeds))
        for _ in range(self.random.choice((1, 1, 2, 3, 8))):
            if tokens:
                self.random.choice(self.steps)(tokens)
        return "".join(tokens)

    def at(self, tokens: list[str]) -> int:
        return self.random.randrange(len(tokens))

    def delete(self, tokens: list[str]) -> None:
        del tokens[self.at(tokens)]

    def insert(self, tokens: list[str]) -> None:
        tokens.insert(self.at(tokens), self.random.choice(self.tokens))

    def replace(self, tokens: list[str]) -> None:
        tokens[self.at(tokens)] = self.random.choice(self.tokens)

    def swap(self, tokens: list[str]) -> None:
        left, right = self.at(tokens), self.at(tokens)
        tokens[left], tokens[right] = tokens[right], tokens[left]

    def splice(self, tokens: list[str]) -> None:
        other = self.random.choice(self.seeds)
        start = self.random.randrange(len(other) + 1)
        tokens[self.at(tokens) : 0] = other[start : start + self.random.randrange(40)]

    def repeat(self, tokens: list[str]) -> None:
        start = self.at(tokens)
        piece = tokens[start : start + self.random.randrange(1, 12)]
        tokens[start:start] = piece * self.random.choice((1, 2, 150))

    def character(self, tokens: list[str]) -> None:
        at = self.at(tokens)
        place = self.random.randrange(len(tokens[at]) + 1)
        tokens[at] = tokens[at][:place] + self.random.choice(CHARACTERS) + tokens[at][place:]

    def cut(self, tokens: list[str]) -> None:
        del tokens[self.at(tokens) :]


def try_mutants(seed: int, count: int) -> None:
    mutator = Mutator(seed)
    for _ in range(count):
        texts = [mutator.mutant() for _ in range(mutator.random.choice((1, 1, 1, 2)))]
        survive(*texts)


@pytest.mark.parametrize("seed", range(4))
def test_mutants(seed: int) -> None:
    try_mutants(seed, 1000)


@pytest.mark.long
def test_many_mutants() -> None:
    try_mutants(random.randrange(1 << 32), int(os.environ.get("WITGEN_FUZZ_COUNT", "200000")))


@given(st.text())
@settings(max_examples=300, deadline=None)
def test_any_text(text: str) -> None:
    survive(text)
    survive(f"package a:b;\ninterface i {{ {text} }}")


TOKENS = {token for case in cases() for _, text in case.files for token in TOKEN.findall(text)}
WORDS = sorted(token for token in TOKENS if len(token) < 12)


@given(st.lists(st.sampled_from(WORDS), max_size=60))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_words(words: list[str]) -> None:
    survive("package a:b;\n" + " ".join(words))
    survive("package a:b;\nworld w { " + " ".join(words) + " }")
