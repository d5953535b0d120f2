"""Files that `witgen compile` writes: who may have written one, what they say about themselves, and what opens them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import wasmtime
from click.testing import CliRunner

import witgen
from tests.host.test_components import Numbers, text
from witgen.cli.main import cli
from witgen.diagnostics.errors import WitgenError
from witgen.loading.compiling import compile_file
from witgen_runtime import host
from witgen_runtime.host.compiled_component import read_compiled

END = b"witgen-compiled\n"


@pytest.fixture
def component(tmp_path: Path) -> Path:
    path = tmp_path / "number.wasm"
    path.write_bytes(wasmtime.wat2wasm(text(7)))
    return path


@pytest.fixture
def compiled(component: Path) -> Path:
    """Return a compiled component whose original is gone."""
    out = component.with_suffix(".cwasm")
    compile_file(component, out)
    component.unlink()
    return out


def number(source: host.ComponentSource, **options: object) -> int:
    with Numbers._open_by_options(source, None, options) as world:  # type: ignore[arg-type]
        found: int = world.number()
    return found


def changed(path: Path, change: Callable[[dict[str, object]], None]) -> None:
    """Change what a file says about itself."""
    content = path.read_bytes()
    size = int.from_bytes(content[-len(END) - 8 : -len(END)], "little")
    code, note = content[: -len(END) - 8 - size], json.loads(content[-len(END) - 8 - size : -len(END) - 8])
    change(note)
    written = json.dumps(note).encode()
    path.write_bytes(code + written + len(written).to_bytes(8, "little") + END)


def test_it_is_opened_without_the_component(compiled: Path) -> None:
    assert number(compiled) == 7
    assert number(str(compiled), deadline=10, memory=1 << 20) == 7
    prepared = Numbers._prepare(compiled, {})
    for _ in range(3):
        with prepared.open(None) as world:
            assert world.number() == 7


def test_a_limit_that_is_part_of_the_code(component: Path, compiled: Path) -> None:
    with pytest.raises(host.ComponentError, match=r"number\.cwasm was compiled without fuel.*witgen compile --fuel"):
        number(compiled, fuel=1000)
    component.write_bytes(wasmtime.wat2wasm(text(7)))
    compile_file(component, compiled, fuel=True)
    assert number(compiled, fuel=100_000) == 7
    assert number(compiled) == 7
    with pytest.raises(host.FuelError):
        number(compiled, fuel=0)


@pytest.mark.skipif(sys.platform == "win32", reason="rights are kept elsewhere there")
def test_a_file_that_others_may_have_written_is_not_loaded(compiled: Path) -> None:
    for mode in (0o664, 0o646, 0o777):
        compiled.chmod(mode)
        with pytest.raises(host.ComponentError, match=r"can do anything in this process, and can be written by others"):
            number(compiled)
    compiled.chmod(0o644)
    assert number(compiled) == 7
    if os.geteuid() == 0:
        os.chown(compiled, 12345, -1)
        with pytest.raises(host.ComponentError, match="belongs to another user"):
            number(compiled)


def test_a_damaged_file(compiled: Path) -> None:
    content = compiled.read_bytes()
    for place in (5, 1000, len(content) // 2, len(content) - 40):
        damaged = bytearray(content)
        damaged[place] ^= 0xFF
        compiled.write_bytes(damaged)
        with pytest.raises(host.ComponentError, match=r"damaged: compile it again|compiled by witgen|compiled for was"):
            number(compiled)
    for size in (4, 100, len(content) - 1):
        compiled.write_bytes(content[:size])
        with pytest.raises(host.ComponentError, match=r"was not written by `witgen compile`, or is cut off|is damaged"):
            number(compiled)
    compiled.write_bytes(content)
    assert number(compiled) == 7


def test_files_of_other_versions(compiled: Path) -> None:
    content = compiled.read_bytes()
    for name, value, message in (
        ("wasmtime", "1.2.3", r"was compiled for wasmtime 1\.2\.3, and this is .*`witgen compile`"),
        ("adapters", "another", "was compiled by witgen .*, and this is another one"),
        ("settings", {}, "wasmtime does not take .*number"),
        ("settings", {"turbo": True}, "is damaged"),
        ("size", 10, "is damaged"),
        ("size", "10", "is damaged"),
        ("refusal", ["x"], "is damaged"),
    ):
        changed(compiled, lambda note, name=name, value=value: note.update({name: value}))  # type: ignore[misc]
        with pytest.raises(host.ComponentError, match=message):
            number(compiled)
        compiled.write_bytes(content)
    assert read_compiled(compiled)[2].composed is False


def test_code_that_is_not_in_a_file_of_its_own(compiled: Path, tmp_path: Path) -> None:
    with pytest.raises(host.ComponentError, match="only taken from a file: pass the path of one"):
        number(compiled.read_bytes())
    with host.Store() as store, pytest.raises(host.ComponentError, match="compiled for another engine than this store"):
        Numbers._instantiate(store, compiled, None)
    with pytest.raises(WitgenError, match="compiled code, which does not have the types of its component"):
        witgen.load(compiled)
    raw = tmp_path / "raw.cwasm"
    raw.write_bytes(bytes(wasmtime.component.Component(wasmtime.Engine(), text(1)).serialize()))
    with pytest.raises(host.ComponentError, match="was not written by `witgen compile`"):
        number(raw)


def test_the_command_says_what_takes_long(component: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("witgen.cli.output._MOMENT", 0)
    done = CliRunner().invoke(cli, ["compile", str(component)])
    first, second, third = done.stderr.splitlines()
    assert first == f"compiling {component} …"
    assert re.fullmatch(rf"compiling {re.escape(str(component))}: done in \d+\.\d s", second)
    assert third.endswith("number.cwasm: 0.0 MiB")


def test_the_command(component: Path) -> None:
    done = CliRunner().invoke(cli, ["compile", str(component)])
    assert (done.exit_code, done.stdout) == (0, "")
    out = component.with_suffix(".cwasm")
    assert "number.cwasm: 0.0 MiB" in done.stderr
    assert number(out) == 7
    assert out.stat().st_mode & 0o022 == 0
    assert CliRunner().invoke(cli, ["compile", str(component), "-o", str(out), "--fuel"]).exit_code == 0
    assert number(out, fuel=100_000) == 7
    mine = component.with_name("notes.txt")
    mine.write_text("mine")
    command = [sys.executable, "-m", "witgen", "compile", str(component), "-o", str(mine)]
    failed = subprocess.run(command, capture_output=True, text=True)
    assert (failed.returncode, mine.read_text()) == (2, "mine")
    assert "notes.txt exists, and is no compiled component: it is not replaced" in failed.stderr
    assert sorted(each.name for each in component.parent.iterdir()) == ["notes.txt", "number.cwasm", "number.wasm"]
