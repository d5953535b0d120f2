"""Types that are made of one another many times over cost no more than their text."""

from __future__ import annotations

import ast
import time
from pathlib import Path

import pytest

from witgen import Config, WitgenError, generate

DEPTH = 60
KINDS = {
    "records": "record a0 { x: u8 }|record a{next} {{ x: a{last}, y: a{last} }}",
    "variants": "variant a0 { x(u8), y }|variant a{next} {{ x(a{last}), y(list<a{last}>), z(option<a{last}>) }}",
    "numbers": "type a0 = u8;|type a{next} = tuple<a{last}, a{last}>;",
    "bytes": "type a0 = list<u8>;|type a{next} = tuple<a{last}, a{last}>;",
    "handles": "resource r; type a0 = option<r>;|type a{next} = tuple<a{last}, a{last}>;",
    "results": "type a0 = result<u8, string>;|type a{next} = result<a{last}, a{last}>;",
}


def wit(kind: str, depth: int) -> str:
    first, _, template = KINDS[kind].partition("|")
    lines = (template.format(next=number, last=number - 1) for number in range(1, depth))
    uses = f"f: func(x: a{depth - 1}); g: func() -> a{depth - 1};"
    if kind != "handles":
        uses += f" s: func(x: stream<a{depth - 1}>);"
    body = "\n  ".join((first, *lines, uses))
    return f"package a:b;\ninterface i {{\n  {body}\n}}\nworld w {{ import i; export i; }}\n"


@pytest.mark.parametrize("kind", KINDS)
def test_doubling(kind: str, tmp_path: Path) -> None:
    (tmp_path / "a.wit").write_text(wit(kind, DEPTH))
    start = time.process_time()
    files = generate(Config(tmp_path / "a.wit", runtime="witgen_runtime")).files
    assert sum(map(len, files.values())) < 2_000_000
    assert time.process_time() - start < 30
    for name, text in files.items():
        if name.endswith(".py"):
            ast.parse(text)


CHAINS = {
    "aliases": "type a0 = u8;|type a{next} = a{last};",
    "records": "record a0 {{ x: u8 }}|record a{next} {{ x: a{last} }}",
    "lists": "type a0 = u8;|type a{next} = list<a{last}>;",
}


@pytest.mark.parametrize("kind", CHAINS)
def test_deeply_nested_through_names(kind: str, tmp_path: Path) -> None:
    """Deep types work; deeper ones are refused with their place, before anything runs out of stack."""
    first, _, template = CHAINS[kind].partition("|")

    def write(depth: int) -> Config:
        lines = (template.format(next=number, last=number - 1) for number in range(1, depth))
        body = "\n  ".join((first.format(), *lines, f"f: func(x: a{depth - 1});"))
        text = f"package a:b;\ninterface i {{\n  {body}\n}}\nworld w {{ import i; export i; }}\n"
        (tmp_path / "a.wit").write_text(text)
        return Config(tmp_path / "a.wit", runtime="witgen_runtime")

    assert generate(write(100)).files
    for depth in (250, 3000):
        with pytest.raises(WitgenError, match="in more than 200 levels") as raised:
            generate(write(depth))
        assert (raised.value.code, raised.value.file) == ("W0005", str(tmp_path / "a.wit"))
        assert raised.value.line is not None
        assert 200 < raised.value.line < 210
