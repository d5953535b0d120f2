"""The cache holds what is as good as code: it is used only where nobody else can have written it."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import warnings
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import pytest

from tests.unit.wit.trees import write
from witgen import Config, generate
from witgen.cache.store import CacheWarning

TREE = {"a.wit": "package a:b@1.0.0;\n/// docs\ninterface i { f: func() -> u32; }\nworld w { import i; }\n"}

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="rights are kept elsewhere there")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("WITGEN_CACHE_DIR", str(folder))
    return folder


def output(tmp_path: Path) -> Mapping[str, str]:
    return dict(generate(Config(write(tmp_path / "tree", TREE), guest=False, runtime="witgen_runtime")).files)


def poison(cache: Path) -> None:
    """Keep what would be recalled from being right, as somebody who may write here could."""
    for entry in (cache / "wit").glob("output-*"):
        content = entry.read_bytes()[32:].replace(b"host/w.py", b"host/evil.py")
        entry.write_bytes(sha256(content).digest() + content)


def modes(cache: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mode & 0o777 for path in (cache, *cache.rglob("*"))}


@pytest.mark.parametrize("umask", [0o002, 0o000])
def test_what_is_made_is_the_users_alone(umask: int, cache: Path, tmp_path: Path) -> None:
    before = os.umask(umask)
    try:
        output(tmp_path)
    finally:
        os.umask(before)
    assert modes(cache)
    assert not {name: mode for name, mode in modes(cache).items() if mode & 0o022}


@pytest.mark.parametrize(("place", "mode"), [("wit", 0o770), ("wit", 0o707), ("", 0o777)])
def test_a_folder_that_others_may_write_to(place: str, mode: int, cache: Path, tmp_path: Path) -> None:
    fresh = output(tmp_path)
    poison(cache)
    (cache / place).chmod(mode)
    with pytest.warns(CacheWarning, match="others may write"):
        assert output(tmp_path) == fresh


def test_a_sticky_folder_above_is_as_good(cache: Path, tmp_path: Path) -> None:
    output(tmp_path)
    cache.chmod(0o1777)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        output(tmp_path)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize("place", ["wit", "", "wit/*"])
def test_what_belongs_to_others(place: str, cache: Path, tmp_path: Path) -> None:
    fresh = output(tmp_path)
    poison(cache)
    for path in cache.glob(place) if place else [cache]:
        os.chown(path, 65534, 65534)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert output(tmp_path) == fresh
    # An entry of somebody else is made again; a folder is not ours to mend.
    assert {each.category for each in caught} == (set() if place == "wit/*" else {CacheWarning})


def test_an_entry_that_others_may_write_to(cache: Path, tmp_path: Path) -> None:
    fresh = output(tmp_path)
    poison(cache)
    for entry in (cache / "wit").iterdir():
        entry.chmod(0o666)
    assert output(tmp_path) == fresh
    assert not {name: mode for name, mode in modes(cache).items() if name.startswith("output-") and mode & 0o022}


@pytest.mark.parametrize("kind", ["fifo", "link", "folder"])
def test_entries_that_are_no_files(kind: str, cache: Path, tmp_path: Path) -> None:
    fresh = output(tmp_path)
    for entry in list((cache / "wit").iterdir()):
        if kind == "link":
            entry.rename(tmp_path / entry.name)
            entry.symlink_to(tmp_path / entry.name)
        else:
            entry.unlink()
            os.mkfifo(entry) if kind == "fifo" else entry.mkdir()
    options = "sys.argv[1], guest=False, runtime='witgen_runtime'"
    command = f"from witgen import *; import sys; print(dict(generate(Config({options})).files))"
    done = subprocess.run(
        [sys.executable, "-c", command, str(tmp_path / "tree")], capture_output=True, text=True, timeout=60
    )
    assert done.stdout == f"{fresh}\n", done.stderr


def test_any_damaged_entry_costs_only_time(cache: Path, tmp_path: Path) -> None:
    """Bytes change in every kind of entry, also so that the checksum is right: the output is what it was."""
    fresh = output(tmp_path)
    entries = {path: path.read_bytes() for path in sorted((cache / "wit").iterdir())}
    assert {path.name.partition("-")[0] for path in entries} >= {"output", "modules", "resolve"}
    randomly = random.Random(3)
    for _ in range(200):
        path, content = randomly.choice([item for item in entries.items() if "template" not in item[0].name])
        at = randomly.randrange(32, len(content))
        broken = content[32:at] + bytes([content[at] ^ 1 << randomly.randrange(8)]) + content[at + 1 :]
        path.write_bytes(content[:32] + broken)
        assert output(tmp_path) == fresh
    for path in entries:
        for content in (b"", b"\0", b"\xff" * 100, b"[" * 50_000, b"a b\n", b"\0\0[[1]]"):
            if "template" not in path.name:
                path.write_bytes(sha256(content).digest() + content)
                assert output(tmp_path) == fresh


def test_the_command_says_so_and_goes_on(cache: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "witgen", "generate", str(write(tmp_path / "tree", TREE)), "-o", "out", "-w", "w"]
    for expected in ("", "warning[W0941]"):
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        assert expected in done.stderr
        assert expected or "W0941" not in done.stderr
        (cache / "wit").chmod(0o777)
