"""The parse cache: a second run is the same as the first, whatever happens to the cache between them."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.paths import ROOT
from tests.unit.wit.trees import interface, write
from witgen.wit.model.ir import Resolve
from witgen.wit.resolve import load

TREE = {
    "a.wit": "/// docs\npackage a:b@1.0.0;\ninterface i {\n  use x:y/j.{t};\n  record r { a: t, b: list<option<u8>> }\n"
    "  resource k { constructor(); m: func(x: r) -> result<k, string>; }\n  @unstable(feature = f) later: func();\n}\n"
    "world w { import i; export run: func(); include x:y/v; }\n",
    "deps/x.wit": "package x:y;\ninterface j { type t = u64; }\nworld v { import z: interface { f: func(); } }\n",
}


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("WITGEN_CACHE_DIR", str(folder))
    return folder


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return write(tmp_path / "tree", TREE)


def entries(cache: Path) -> list[Path]:
    return sorted((cache / "wit").glob("resolve-*"))


def spans(resolve: Resolve) -> list[tuple[str, int, int] | None]:
    items = [*resolve.types, *resolve.interfaces, *resolve.worlds, *resolve.gated]
    return [(i.span.file.path, i.span.line, i.span.column) if i.span is not None else None for i in items]


def test_cached_equals_fresh(cache: Path, tree: Path) -> None:
    fresh = load(tree)
    (entry,) = entries(cache)
    before = entry.stat().st_mtime_ns
    cached = load(tree)
    assert cached == fresh
    assert spans(cached) == spans(fresh)
    assert any(spans(cached))
    assert entry.stat().st_mtime_ns == before


def test_cached_spans_have_todays_paths(cache: Path, tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load(tree)
    monkeypatch.chdir(tree.parent)
    assert {span[0] for span in spans(load("tree")) if span is not None} == {"tree/a.wit", "tree/deps/x.wit"}
    assert len(entries(cache)) == 1


def test_content_and_features_make_the_key(cache: Path, tree: Path) -> None:
    load(tree)
    assert "later" not in interface(load(tree), "i").functions
    assert "later" in interface(load(tree, features=["f"]), "i").functions
    assert "later" in interface(load(tree, all_features=True), "i").functions
    write(tree, {"deps/x.wit": TREE["deps/x.wit"].replace("u64", "u32")})
    load(tree)
    assert len(entries(cache)) == 4


@pytest.mark.parametrize("damage", [b"", b"x", b"\0" * 5000])
def test_damaged_entry_is_made_again(damage: bytes, cache: Path, tree: Path) -> None:
    fresh = load(tree)
    (entry,) = entries(cache)
    whole = entry.read_bytes()
    entry.write_bytes(damage)
    assert load(tree) == fresh
    assert entry.read_bytes() == whole


def test_cut_entry_is_made_again(cache: Path, tree: Path) -> None:
    fresh = load(tree)
    (entry,) = entries(cache)
    whole = entry.read_bytes()
    for size in range(0, len(whole), 97):
        entry.write_bytes(whole[:size])
        assert load(tree) == fresh


def test_deleted_cache_is_made_again(cache: Path, tree: Path) -> None:
    fresh = load(tree)
    for entry in (cache / "wit").iterdir():
        entry.unlink()
    (cache / "wit").rmdir()
    assert load(tree) == fresh
    assert len(entries(cache)) == 1


def test_cache_that_cannot_be_written(cache: Path, tree: Path) -> None:
    cache.write_text("a file where the folder should be")
    assert load(tree) == load(tree)
    assert cache.is_file()


def test_no_cache(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WITGEN_CACHE_DIR", "")
    monkeypatch.chdir(tmp_path)
    assert load(tree) == load(tree)
    assert [path.name for path in tmp_path.iterdir()] == ["tree"]


def test_platform_folder(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WITGEN_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    load(tree)
    if sys.platform == "linux":
        assert entries(tmp_path / "home" / "witgen")


def test_parallel_runs(cache: Path, tree: Path) -> None:
    script = (
        "import sys; from witgen.wit.resolve import load; from witgen.wit.model.wit_json import to_wit_json\n"
        "import hashlib, json\n"
        "for _ in range(5): text = json.dumps(to_wit_json(load(sys.argv[1])))\n"
        "print(hashlib.sha256(text.encode()).hexdigest())"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    runs = [
        subprocess.Popen([sys.executable, "-c", script, tree], stdout=subprocess.PIPE, env=environment, text=True)
        for _ in range(8)
    ]
    outputs = {run.communicate(timeout=60)[0] for run in runs}
    assert [run.returncode for run in runs] == [0] * 8
    assert len(outputs) == 1
    assert not list((cache / "wit").glob("*.tmp"))


def test_cached_run_does_not_load_the_parser(cache: Path, tree: Path) -> None:
    load(tree)
    script = "import sys; from witgen.wit.resolve import load; load(sys.argv[1]); print('lark' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", script, str(tree)]
    done = subprocess.run(command, capture_output=True, env=environment, text=True, check=True)
    assert done.stdout.strip() == "False"
    assert len(entries(cache)) == 1


def test_threads(cache: Path, tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fresh = load(tree)
    monkeypatch.setenv("WITGEN_CACHE_DIR", "")
    with ThreadPoolExecutor(8) as pool:
        assert all(resolved == fresh for resolved in pool.map(load, [tree] * 24))
    assert len(entries(cache)) == 1
