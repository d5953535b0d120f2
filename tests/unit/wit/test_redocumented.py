"""Where documentation alone changed, what was resolved before is brought up to date: as if it were resolved anew."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.wit.trees import write
from witgen import WitgenError
from witgen.base.frozen import fields
from witgen.base.source import Span
from witgen.golem import WIT
from witgen.wit.model import ir
from witgen.wit.resolve import load, redocumented
from witgen.wit.syntax.tokens import Token, tokenize

RICH = """\
/// Of the package.
package a:b@1.2.0;
use x:y/j as k;

/// Of i.
@since(version = 1.0.0)
interface i {
  use k.{t, s as u};
  /// Of r.
  record r { /// Of a.
    a: t, b: list<option<u8>>, %enum: tuple<u32, string> }
  variant v { none, some(result<_, r>), }
  enum e { first, /* Of second. */ second }
  flags f { x, y }
  @deprecated(version = 1.2.0)
  @since(version = 1.0.0)
  resource k { constructor(of: borrow<k>); m: func(x: r, y: own<k>) -> result<u64, string>;
    /// Of s.
    s: static func(); }
  type m = map<string, list<u8, 4>>;
  @unstable(feature = later) later: func(); // Of nothing.
  go: async func() -> stream<u8>;
}
/// Of w.
world w {
  import i;
  /// Of the label.
  import l: interface { use i.{r}; f: func(x: r); }
  export run: func() -> u32;
  include v with { z as zz }
  resource z2;
  enum local { one }
}
world v { import z: func(); }
"""
TREE = {"a.wit": RICH, "deps/x.wit": "package x:y;\ninterface j { type t = u64; /// Of s.\n resource s; }\n"}


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("WITGEN_CACHE_DIR", str(folder))
    return folder / "wit"


def tokens(text: str) -> list[Token]:
    """Return the tokens that stand after a blank: where people write comments."""
    found = tokenize(text, redocumented._TERMINALS)
    return [token for token in found if text[max(0, token.start - 1)].isspace() or not token.start]


def with_comments(text: str, starts: list[int]) -> str:
    for number, start in sorted(enumerate(starts), key=lambda item: -item[1]):
        text = f"{text[:start]}\n  /// Said {number}.\n{text[start:]}"
    return text


def spans(value: object) -> Iterator[tuple[str, int, int]]:
    """Yield every place in an IR, in order."""
    if isinstance(value, Span):
        yield value.file.path, value.start, value.end
    elif isinstance(value, tuple | list):
        for item in value:
            yield from spans(item)
    elif isinstance(value, dict):
        yield from spans(list(value.values()))
    else:
        for name in fields(type(value)) or ():
            yield from spans(getattr(value, name))


def resolved(tree: Path, **options: Any) -> ir.Resolve | str:
    try:
        return load(tree, **options)
    except WitgenError as error:
        return str(error)


def same(tree: Path, monkeypatch: pytest.MonkeyPatch, cache: Path, **options: Any) -> bool:
    """Compare with and without the cache; tell whether the WIT had to be resolved for the first."""
    before = len(list(cache.glob("resolve-*")))
    found = resolved(tree, **options)
    grown = len(list(cache.glob("resolve-*"))) - before
    with monkeypatch.context() as patch:
        patch.setenv("WITGEN_CACHE_DIR", "")
        fresh = resolved(tree, **options)
    assert found == fresh
    assert list(spans(found)) == list(spans(fresh))
    return grown > 0 or isinstance(fresh, str)


@pytest.mark.parametrize("options", [{}, {"all_features": True}], ids=["plain", "all-features"])
def test_a_comment_in_every_place(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any]
) -> None:
    tree = write(tmp_path / "tree", TREE)
    load(tree, **options)
    starts = [token.start for token in tokens(RICH)]
    anew = [start for start in starts if _commented(tree, start, cache, monkeypatch, options)]
    assert len(starts) > 120
    # Documentation of packages and of imports and exports has no place of its own to be found by.
    assert [RICH[start:].split(maxsplit=1)[0] for start in anew] == ["package", "import", "import", "export", "import"]


def _commented(tree: Path, start: int, cache: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any]) -> bool:
    write(tree, {"a.wit": with_comments(RICH, [start])})
    anew = same(tree, monkeypatch, cache, **options)
    if anew:  # what was resolved last is what is brought up to date
        write(tree, {"a.wit": RICH})
        for entry in cache.glob("documented-*"):
            entry.unlink()
        for entry in cache.glob("resolve-*"):
            entry.unlink()
        load(tree, **options)
    return anew


@pytest.mark.parametrize("seed", range(4))
def test_comments_all_over_golem(seed: int, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {path.relative_to(WIT).as_posix(): path.read_text() for path in sorted(WIT.rglob("*.wit"))}
    tree = write(tmp_path / "tree", files)
    load(tree)
    chosen = random.Random(seed)
    changed = dict(files)
    for name in chosen.sample(sorted(files), 6):
        starts = [token.start for token in tokens(files[name]) if token.type not in {"PACKAGE", "IMPORT", "EXPORT"}]
        attributes = {match.start for match in tokens(files[name]) if match.type == "@"}
        changed[name] = with_comments(
            files[name], chosen.sample(sorted({*starts} - attributes), min(40, len(starts) // 3))
        )
    write(tree, changed)
    assert not same(tree, monkeypatch, cache)


@pytest.mark.parametrize(
    "edit",
    [
        ("a: t", "a: u8"),
        ("record r {", "record r { c: u8,"),
        ("/// Of r.", "/* Of r. */"),
        ("/// Of r.", ""),
        ("/// Of r.", "/// Of\n  // r, and more.\n"),
        ("/// Of i.", "/// Of i: \u202e."),
        ("/// Of i.", "/* Of i."),
        ("\n", "\r\n"),
    ],
)
def test_other_changes(edit: tuple[str, str], cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree = write(tmp_path / "tree", TREE)
    load(tree)
    write(tree, {"a.wit": RICH.replace(*edit)})
    same(tree, monkeypatch, cache)


def test_damaged_entries(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree = write(tmp_path / "tree", TREE)
    for damaged in ("documented-*", "resolve-*"):
        write(tree, TREE)
        load(tree)
        write(tree, {"a.wit": RICH.replace("Of r", damaged)})
        for entry in cache.glob(damaged):
            entry.write_bytes(entry.read_bytes()[:-9])
        assert same(tree, monkeypatch, cache)
