"""Streams and futures in guests: their types, what makes them, and a component that passes them."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from witgen import Config, generate
from witgen.build.componentize import Build, build

BIN = Path(sys.executable).parent
TOOL = BIN / "componentize-py"
pytestmark = pytest.mark.skipif(not TOOL.exists(), reason="componentize-py is not installed")

WIT = """\
package test:flows;
interface pipes {
  type chunk = u8;
  bytes: func(body: stream<u8>) -> stream<chunk>;
  numbers: func(given: stream<u32>, names: stream<option<string>>) -> future<string>;
  bare: func(given: stream) -> future<list<tuple<u8, string>>>;
  deep: func(given: option<stream<string>>) -> tuple<u32, future>;
  slow: async func(n: u32) -> result<u32, string>;
  record entry { name: string, sizes: list<s8> }
  variant fault { gone, other(string) }
  rich: func(entries: stream<entry>) -> future<result<entry, fault>>;
}
world flows { import pipes; export pipes; export go: async func(body: stream<u8>) -> future<u32>; }
"""
APP = """\
from flows_bindings.guest import exports, streams, test_flows_pipes as pipes
from flows_bindings.guest.exports import test_flows_pipes
from witgen_runtime.streams import ByteStreamReader, FutureReader, StreamReader
from witgen_runtime.values import Err, Ok
from flows_bindings.types.test_flows_pipes import Entry, Fault, FaultGone


class Pipes(test_flows_pipes.Pipes):
    def bytes(self, body: ByteStreamReader) -> ByteStreamReader:
        return pipes.bytes(body)

    def numbers(self, given: StreamReader[int], names: StreamReader[str | None]) -> FutureReader[str]:
        return pipes.numbers(given, names)

    def bare(self, given: StreamReader[None]) -> FutureReader[list[tuple[int, str]]]:
        return streams.list_tuple2_u8_string_future(lambda: [])[1]

    def deep(self, given: StreamReader[str] | None) -> tuple[int, FutureReader[None]]:
        return 1, streams.unit_future(lambda: None)[1]

    async def slow(self, n: int) -> int:
        return await pipes.slow(n)


    def rich(self, entries: StreamReader[Entry]) -> FutureReader[Ok[Entry] | Err[Fault]]:
        passed = pipes.rich(entries)
        passed.__exit__(None, None, None)
        return streams.result_test_flows_pipes_entry_test_flows_pipes_fault_future(lambda: Err(FaultGone()))[1]


async def go(body: ByteStreamReader) -> FutureReader[int]:
    with body:
        received = await body.read(1024)
    writer, reader = streams.u32_future(lambda: 0)
    assert await writer.write(len(received))
    return reader


exports.serve(__name__, go=go, test_flows_pipes=Pipes())
"""
SAME = """\
from componentize_py_async_support import futures, streams

from witgen_runtime import streams as ours


def check(
    reader: streams.StreamReader[int], writer: streams.StreamWriter[int],
    byte_reader: streams.ByteStreamReader, byte_writer: streams.ByteStreamWriter,
    future_reader: futures.FutureReader[str], future_writer: futures.FutureWriter[str],
) -> tuple[
    ours.StreamReader[int], ours.StreamWriter[int], ours.ByteStreamReader, ours.ByteStreamWriter,
    ours.FutureReader[str], ours.FutureWriter[str],
]:
    return reader, writer, byte_reader, byte_writer, future_reader, future_writer
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the WIT, the application, its bindings, and componentize-py's in raw/."""
    folder = tmp_path_factory.mktemp("flows")
    (folder / "flows.wit").write_text(WIT)
    (folder / "app.py").write_text(APP)
    generate(Config(folder / "flows.wit", out=folder / "flows_bindings", host=False))
    subprocess.run([TOOL, "-d", folder / "flows.wit", "-w", "flows", "bindings", folder / "raw"], check=True)
    return folder


def test_what_makes_streams_is_called_as_componentize_py_calls_it(folder: Path) -> None:
    def functions(path: Path) -> Iterator[str]:
        yield from (node.name for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef))

    made = {
        # The names of modules are ours there: they do not change with the world.
        name.replace("test_flows_pipes_", "pipes_")
        for name in functions(folder / "flows_bindings" / "guest" / "streams.py")
    }
    assert made == set(functions(folder / "raw" / "wit_world" / "__init__.py"))


@pytest.mark.slow
@pytest.mark.parametrize(
    "checker", [["mypy", "--strict"], ["pyright", "--pythonpath", sys.executable]], ids=["mypy", "pyright"]
)
def test_types_without_componentize_py(folder: Path, tmp_path: Path, checker: list[str]) -> None:
    shutil.copytree(folder / "flows_bindings", tmp_path / "flows_bindings")
    shutil.copy(folder / "app.py", tmp_path)
    (tmp_path / "pyrightconfig.json").write_text('{"typeCheckingMode": "strict"}')
    tool, *options = checker
    run = subprocess.run([BIN / tool, *options, "."], cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout


def test_componentize_py_s_own_objects_have_these_types(folder: Path) -> None:
    (folder / "same.py").write_text(SAME)
    environment = {"MYPYPATH": str(folder / "raw"), "PATH": ""}
    command = [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", "same.py"]
    run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert "same.py" not in run.stdout, run.stdout
    assert "Found" in run.stdout or "Success" in run.stdout


def test_outside_a_component_it_says_so(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(folder)
    from flows_bindings.guest import streams  # type: ignore[import-not-found]

    with pytest.raises(RuntimeError, match="exists only inside a component"):
        streams.byte_stream()


@pytest.mark.long
@pytest.mark.slow
def test_a_component_that_passes_them_is_built(folder: Path) -> None:
    component = build(Build(str(folder / "app.py"), folder / "flows.wit", out=folder / "flows.wasm"))
    assert component.size > 1_000_000
