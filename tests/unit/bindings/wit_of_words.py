"""WIT whose names are those of Python, of WIT and of generated code itself."""

from __future__ import annotations

import ast
import builtins
import keyword
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.support.paths import GOLDEN

__all__ = ["WIT_KEYWORDS", "WORLDS", "everything", "frequent", "identifiers", "kebab", "relay", "word_tree"]

WIT_KEYWORDS = [
    "as",
    "async",
    "bool",
    "borrow",
    "char",
    "constructor",
    "enum",
    "export",
    "f32",
    "f64",
    "flags",
    "from",
    "func",
    "future",
    "import",
    "include",
    "interface",
    "list",
    "map",
    "option",
    "own",
    "package",
    "record",
    "resource",
    "result",
    "s16",
    "s32",
    "s64",
    "s8",
    "static",
    "stream",
    "string",
    "tuple",
    "type",
    "u16",
    "u32",
    "u64",
    "u8",
    "use",
    "variant",
    "with",
    "world",
    "error-context",
]
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+")
_KEBAB = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


def kebab(name: str) -> str | None:
    """Return a Python name as WIT spells it, None where WIT has no such name."""
    spelt = "-".join(_WORDS.findall(name)).lower()
    return spelt if _KEBAB.fullmatch(spelt) else None


def identifiers(paths: Iterable[Path]) -> Iterator[str]:
    """Yield every identifier of the modules at `paths`, names of modules and parameters among them."""
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text())):
            for field in ("id", "attr", "arg", "name", "asname", "module"):
                value = getattr(node, field, None)
                if isinstance(value, str):
                    yield from value.split(".")


def _distinct(words: Iterable[str]) -> list[str]:
    """Return the words in order, one of those that differ in hyphens alone: components refuse the others."""
    return sorted({word.replace("-", ""): word for word in sorted(words)}.values())


def frequent() -> list[str]:
    """Return the words that are not those of one world alone: of generated modules in general, of Python and of WIT."""
    counts: Counter[str] = Counter()
    for case in GOLDEN.iterdir():
        counts.update(
            {word for name in identifiers(case.glob("expected/**/*.py")) if (word := kebab(name)) is not None}
        )
    known = (*(name for name in dir(builtins) if name.islower() or name == "LookupError"), *keyword.kwlist)
    found = {word for word, count in counts.items() if count > 2}
    return _distinct(found | {word for name in known if (word := kebab(name)) is not None} | set(WIT_KEYWORDS))


def everything() -> list[str]:
    """Return all words that could mean something else: each as it is, and WIT's own spelling of it."""
    written = identifiers(GOLDEN.glob("*/expected/**/*.py"))
    found = (*written, *dir(builtins), *keyword.kwlist, *keyword.softkwlist)
    return _distinct({word for name in found if (word := kebab(name)) is not None} | set(WIT_KEYWORDS))


def _parts(*parts: str) -> str:
    """Join the parts of a list, of those that have one name the first."""
    return ", ".join({part.partition(":")[0].strip("% "): part for part in reversed(parts)}.values())


def _calls(words: list[str]) -> str:
    """Return an interface and a world of functions from number to number, which component text can pass on."""
    lines = "\n".join(f"    %{word}: func(%{word}: u32) -> u32;" for word in words)
    both = "\n".join(f"  {side} %{word}: func(%{word}: u32) -> u32;" for word in words for side in ("import", "export"))
    head = f"package words:calls;\ninterface calls {{\n{lines}\n}}\n"
    return f"{head}world all-calls {{\n  import calls;\n  export calls;\n{both}\n}}\n"


def relay(words: list[str]) -> str:
    """Return a component of world `all-calls` that exports what it imports."""
    sides = [("", word) for word in words] + [("words:calls/calls", word) for word in words]
    types = {word: f'(param "{word}" u32) (result u32)' for word in words}
    listed = " ".join(f'(export "{word}" (func {types[word]}))' for word in words)
    lines = [f'(import "words:calls/calls" (instance $given {listed}))']
    lines += [f'(import "{word}" (func $own{index} {types[word]}))' for index, word in enumerate(words)]
    for index, (interface, word) in enumerate(sides):
        lowered = f'(func $given "{word}")' if interface else f"(func $own{index})"
        lines.append(f"(core func $lowered{index} (canon lower {lowered}))")
    needed = " ".join(f'(import "" "{index}" (func (param i32) (result i32)))' for index in range(len(sides)))
    offered = " ".join(f'(export "{index}" (func {index}))' for index in range(len(sides)))
    passed = " ".join(f'(export "{index}" (func $lowered{index}))' for index in range(len(sides)))
    lines += [
        f"(core module $code {needed} {offered})",
        f'(core instance $run (instantiate $code (with "" (instance {passed}))))',
    ]
    for index, (_, word) in enumerate(sides):
        lines.append(f'(func $lifted{index} {types[word]} (canon lift (core func $run "{index}")))')
    lines += [f'(export "{word}" (func $lifted{index}))' for index, word in enumerate(words)]
    inside = " ".join(f'(export "{word}" (func $lifted{index}))' for index, (name, word) in enumerate(sides) if name)
    lines += [f"(instance $taken {inside})", '(export "words:calls/calls" (instance $taken))']
    return "(component\n" + "\n".join(lines) + "\n)"


def _functions(words: list[str]) -> str:
    """Return an interface and a world of functions; each has a parameter of its own name."""
    params = {word: _parts(f"%{word}: list<u8>", "self: string") for word in words}
    lines = "\n".join(f"    %{word}: func({params[word]}) -> u32;" for word in words)
    both = "\n".join(
        f"  {side} %{word}: func({params[word]}) -> u32;" for word in words for side in ("import", "export")
    )
    return f"""package words:functions;
interface calls {{
{lines}
}}
world all-functions {{
  import calls;
  export calls;
{both}
}}
"""


def _types(words: list[str]) -> str:
    """Return interfaces of types of every kind, each with a part of its own name, brought into others and used."""
    fields = (f"%{word}: option<list<u8>>" for word in words)
    others = ("int: list<u32>", "bytes: tuple<u8, string>", "z: bool")
    bodies = {
        "records": [
            f"record %{word} {{ {_parts(field, *others)} }}" for word, field in zip(words, fields, strict=True)
        ],
        "variants": [f"variant %{word} {{ {_parts(f'%{word}', 'other')} }}" for word in words],
        "enums": [f"enum %{word} {{ {_parts(f'%{word}', 'other')} }}" for word in words],
        "flagged": [f"flags %{word} {{ {_parts(f'%{word}', 'other')} }}" for word in words],
        "aliases": [f"type %{word} = tuple<u8, string, list<u8>, list<u32>>;" for word in words],
    }
    uses = ", ".join(f"%{word}" for word in words)
    tries = "\n".join(f"  try{index}: func() -> result<u8, %{word}>;" for index, word in enumerate(words))
    declared = "".join("interface {} {{\n  {}\n}}\n".format(kind, "\n  ".join(body)) for kind, body in bodies.items())
    failing = "".join(f"interface failing-{kind} {{\n  use {kind}.{{{uses}}};\n{tries}\n}}\n" for kind in bodies)
    items = "\n".join(f"  {side} failing-{kind};" for kind in bodies for side in ("import", "export"))
    return f"package words:typed;\n{declared}{failing}world all-types {{\n{items}\n}}\n"


def _resources(words: list[str]) -> str:
    """Return resources with members of their own name, and a world that has them on each side."""
    usable = [word for word in words if word != "self"]
    listed = "\n".join(
        f"""    resource %{word} {{
      constructor(%{word}: list<u8>);
      try-{word}: func(%{word}: list<u8>) -> result<u32, string>;
      make-{word}: static func(int: u32) -> %{word};
      find-{word}: static func(x: option<u32>) -> option<%{word}>;
    }}"""
        for word in usable
    )
    members = "\n".join(f"      %{word}: func(%{word}: list<u8>) -> u32;" for word in usable)
    statics = "\n".join(f"      %{word}: static func(%{word}: list<u8>) -> the-one;" for word in usable)
    return f"""package words:resources;
interface kinds {{
{listed}
}}
interface things {{
    resource the-one {{
      constructor(x: u8);
      last-one: func() -> list<u32>;
{members}
    }}
}}
interface makers {{
    resource the-one {{
      constructor(x: u8);
{statics}
    }}
    resource other {{ constructor(); get: func() -> list<the-one>; }}
    f: func(x: the-one) -> other;
}}
world all-resources {{
  import kinds; export kinds;
  import things; export things;
  import makers; export makers;
}}
"""


def _places(words: list[str]) -> str:
    """Return a package and an interface of every name, and a world that imports and exports them, by labels too."""
    packages = "\n".join(
        f"package %{word}:%{word} {{ interface %{word} {{ %{word}: func() -> u8; }} }}" for word in words
    )
    items = "\n".join(f"  import %{word}:%{word}/%{word};\n  export %{word}:%{word}/%{word};" for word in words)
    labelled = "\n".join(
        f"  {side} %{word}: interface {{ resource %{word} {{ run-{word}: func(); }} }}"
        for word in words
        for side in ("import", "export")
    )
    head = f"package words:places;\nworld all-places {{\n{items}\n}}\nworld labelled {{\n{labelled}\n}}\n"
    return f"{head}{packages}\n"


_TREES = {"calls": _calls, "functions": _functions, "types": _types, "resources": _resources, "places": _places}
WORLDS = {kind: ("all-places", "labelled") if kind == "places" else (f"all-{kind}",) for kind in _TREES}


def word_tree(kind: str, words: list[str]) -> str:
    """Return WIT in which everything of one kind has one of `words` for its name."""
    return _TREES[kind](words)
