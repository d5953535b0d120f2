"""What is not a component gets an answer on every way in: `generate`, `inspect`, `resolve`, `witgen.load`."""

from __future__ import annotations

import random
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
import wasmtime

import witgen
from tests.support.components import ADDER as TEXT
from tests.support.components import CASES, World, run, world_of
from witgen.wit.outline import outline
from witgen_runtime.host import HostError

ADDER = bytes(wasmtime.wat2wasm(TEXT.read_text()))
SIZE = 200_000_000


def command(arguments: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "witgen", *arguments], cwd=folder, capture_output=True, text=True, timeout=120
    )


def every_way_in(folder: Path, file: str) -> list[subprocess.CompletedProcess[str]]:
    return [
        command(["generate", file, "--out", "bindings"], folder),
        command(["inspect", file], folder),
        command(["resolve", file, "--json"], folder),
    ]


@pytest.mark.parametrize(
    ("data", "code", "said"),
    [
        (b"\0asm\1\0\0\0", "W0802", "this is a core module, not a component\n --> x.wasm\n  = help: `wasm-tools"),
        (ADDER[: len(ADDER) // 2], "W0804", "truncated or corrupt"),
        (ADDER[:9] + b"\xff" * 8 + ADDER[17:], "W0804", "truncated or corrupt"),
        (b"", "W0801", "this is not WebAssembly"),
        (b"package a:b;", "W0801", "this is not WebAssembly"),
        (b"PK\3\4" + bytes(100), "W0801", "this is not WebAssembly"),
        (b"\0asm\x0c\0\1\0", "W0803", "rebuild it with current tools"),
    ],
    ids=["core-module", "truncated", "overwritten", "empty", "wit-text", "archive", "draft"],
)
def test_the_answer(data: bytes, code: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "x.wasm").write_bytes(data)
    for done in every_way_in(tmp_path, "x.wasm"):
        assert (done.returncode, done.stdout) == (2, ""), done.args
        assert f"error[{code}]" in done.stderr
        assert said in done.stderr
    with pytest.raises(witgen.WitgenError) as caught:
        witgen.load(tmp_path / "x.wasm")
    assert caught.value.code == code


def test_a_wit_package_is_not_loaded(wasm_tools: Path, tmp_path: Path) -> None:
    """It has WIT to generate from, but nothing that runs."""
    run(wasm_tools, "component", "wit", world_of("names").wit, "--wasm", "-o", tmp_path / "x.wasm")
    with pytest.raises(witgen.WitgenError, match="this is a WIT package in binary form, not a component"):
        witgen.load(tmp_path / "x.wasm")
    assert [done.returncode for done in every_way_in(tmp_path, "x.wasm")] == [0, 0, 0]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["component", "zeros", "text"])
def test_a_file_of_200_mb(kind: str, tmp_path: Path) -> None:
    """Whether it is a component, nothing, or endless text: an answer within the memory that the file itself takes."""
    path = tmp_path / ("x.wit" if kind == "text" else "x.wasm")
    with path.open("wb") as file:
        if kind == "component":
            # A custom section of 200 MB: a number of five bytes, and the name `x`.
            size = SIZE + 2
            length = bytes([*(size >> shift & 0x7F | 0x80 for shift in (0, 7, 14, 21)), size >> 28])
            file.write(ADDER + b"\0" + length + b"\1x")
        elif kind == "text":
            file.write(b"a" * SIZE)
        file.truncate(file.tell() + (SIZE if kind != "text" else 0))
    script = """
        import resource, subprocess, sys
        done = subprocess.run([sys.executable, "-m", "witgen", "inspect", sys.argv[1]], capture_output=True, text=True)
        print(done.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1000)
        print(done.stdout + done.stderr)
    """
    from textwrap import dedent

    done = subprocess.run(
        [sys.executable, "-c", dedent(script), path], capture_output=True, text=True, timeout=60, check=True
    )
    code, megabytes = map(int, done.stdout.splitlines()[0].split())
    assert megabytes < 500
    expected = {"component": (0, "docs:adder/add"), "zeros": (2, "W0801"), "text": (2, "W0011")}[kind]
    assert code == expected[0]
    assert expected[1] in done.stdout


def mutants(data: bytes, count: int, seed: int) -> list[bytes]:
    """Flipped bits, cut ends, and pieces put elsewhere."""
    chance = random.Random(seed)
    made: list[bytes] = []
    for _ in range(count):
        changed = bytearray(data)
        kind = chance.randrange(3)
        if kind == 0:
            for _ in range(chance.randint(1, 4)):
                changed[chance.randrange(8, len(changed))] ^= 1 << chance.randrange(8)
        elif kind == 1:
            del changed[chance.randrange(8, len(changed)) :]
        else:
            start, size, place = (chance.randrange(8, len(changed)) for _ in range(3))
            changed[place:place] = data[start : start + size % 64]
        made.append(bytes(changed))
    return made


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_mutants(case: str, dummy: Callable[[World], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Damaged components are refused or give bindings that compile; nothing else happens."""
    monkeypatch.setenv("WITGEN_CACHE_DIR", "")
    path = tmp_path / "x.wasm"
    given = 0
    tracemalloc.start()
    for data in mutants(dummy(world_of(case)).read_bytes(), 40, seed=7):
        path.write_bytes(data)
        try:
            outline(witgen.resolve(path))
            files = witgen.generate(witgen.Config(path)).files
        except witgen.WitgenError:
            continue
        given += 1
        for name, text in files.items():
            if name.endswith(".py"):
                compile(text, name, "exec")
    assert given < 40
    assert tracemalloc.get_traced_memory()[1] < 200_000_000
    tracemalloc.stop()


def test_mutants_are_loaded_or_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WITGEN_CACHE_DIR", "")
    loaded = 0
    for data in mutants(ADDER, 150, seed=11):
        try:
            witgen.load(data, world="mutant")
        except (witgen.WitgenError, HostError):
            continue
        loaded += 1
    assert 0 < loaded < 150


@pytest.mark.parametrize(
    "form", ["record a{} {{ x: {before}, y: {before} }}", "variant a{} {{ x({before}), y({before}) }}"]
)
def test_types_that_multiply_without_bound(form: str, tmp_path: Path) -> None:
    """WIT can have types that no component can have. Bindings for them open no component, and say why."""
    types = "\n".join(form.format(number, before=f"a{number - 1}" if number else "u8") for number in range(40))
    wit = f"package q:z;\ninterface i {{\n{types}\nf: func(x: a39) -> a39; }}\nworld w {{ import i; }}\n"
    (tmp_path / "a.wit").write_text(wit)
    witgen.generate(witgen.Config(tmp_path / "a.wit", out=tmp_path / "w_bindings", guest=False))
    program = (
        "from w_bindings.host import W, WImports, q_z_i\n"
        "class I(q_z_i.I):\n    def f(self, x): return x\n"
        "W.open(b'(component)', WImports(q_z_i=I()))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert "is larger than components can have: the types in it multiply" in done.stderr.splitlines()[-1]
