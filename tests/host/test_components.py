"""Loading components: every kind of source, the cache on disk, and engines."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import wasmtime
from wasmtime.component import Component

from tests.host.things import TEXT, Counted, Imports, Things, World
from witgen_runtime import abi, host
from witgen_runtime.host import component as components
from witgen_runtime.host.errors import CacheWarning

NUMBER = abi.Function("number", "number", (), abi.U32)


def text(number: int) -> str:
    return f"""(component
      (core module $m (func (export "f") (result i32) (i32.const {number})))
      (core instance $i (instantiate $m))
      (func (export "number") (result u32) (canon lift (core func $i "f"))))"""


class Numbers(host.World):
    _definition = host.Definition("test:numbers/numbers", (), (abi.Interface("", (), (NUMBER,)),))

    def _bind(self, instance: host.Instance) -> None:
        self.number = instance.function(NUMBER)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WITGEN_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache" / "components"


def run(source: host.ComponentSource) -> int:
    """Run a component as a process does that has not loaded it before: with an engine that nobody else has."""
    engine = None if isinstance(source, Component) else host.make_engine()
    with host.Store(engine) as store:
        number: int = Numbers._instantiate(store, source, None).number()
        return number


def test_every_kind_of_source(tmp_path: Path, cache: Path) -> None:
    binary = bytes(wasmtime.wat2wasm(text(7)))
    (tmp_path / "number.wasm").write_bytes(binary)
    (tmp_path / "number.wat").write_text("\n " + text(7))
    with host.Store() as store:
        compiled = Component(store.engine, binary)
    for source in (
        binary, bytearray(binary), memoryview(binary), text(7), "\n" + text(7), compiled,
        tmp_path / "number.wasm", str(tmp_path / "number.wasm"), tmp_path / "number.wat",
    ):  # fmt: skip
        assert run(source) == 7


@pytest.mark.parametrize("source", [b"", b"\xff\xfe", b"not wasm", b"\0asm\1\0\0\0", "(component (nonsense))"])
def test_what_is_not_a_component(source: host.ComponentSource, cache: Path) -> None:
    with pytest.raises(host.ComponentError):
        run(source)
    assert not cache.exists()


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "it is empty"),
        (b"\0asm\1\0\0\0", "it is a core module"),
        (b"\xff", "neither a component nor component text"),
        (b"import os\n", "neither a component nor component text"),
    ],
)
def test_a_file_that_is_not_a_component_is_named(content: bytes, problem: str, tmp_path: Path, cache: Path) -> None:
    path = tmp_path / "odd.wasm"
    path.write_bytes(content)
    for source in (path, str(path)):
        with pytest.raises(host.ComponentError, match=rf"odd\.wasm: .*{problem}"):
            run(source)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        run(tmp_path / "missing.wasm")


def test_a_cached_component_is_not_compiled_again(cache: Path) -> None:
    assert run(text(1)) == 1
    [entry] = cache.iterdir()
    os.utime(entry, (time.time() - 1000,) * 2)
    before = entry.stat().st_mtime
    assert run(text(1)) == 1
    assert list(cache.iterdir()) == [entry]
    assert entry.stat().st_mtime > before
    assert run(text(2)) == 2
    assert len(list(cache.iterdir())) == 2


@pytest.mark.parametrize("damage", [b"", b"garbage", None])
def test_a_damaged_entry_is_compiled_again(cache: Path, damage: bytes | None) -> None:
    assert run(text(3)) == 3
    [entry] = cache.iterdir()
    content = bytearray(entry.read_bytes())
    content[len(content) // 2] ^= 0xFF
    entry.write_bytes(content if damage is None else damage)
    assert run(text(3)) == 3
    [repaired] = cache.iterdir()
    assert repaired.stat().st_size > 1000


def test_an_entry_of_another_engine_is_not_used(cache: Path) -> None:
    config = wasmtime.Config()
    config.consume_fuel = True
    other = host.make_engine(config)
    assert run(text(4)) == 4
    with host.Store(other) as store:
        store.raw.set_fuel(1000)
        assert Numbers._instantiate(store, text(4), None).number() == 4
    assert run(text(4)) == 4


def test_stores_share_a_component_that_is_in_use(cache: Path) -> None:
    with host.Store() as store:
        first = components.load(store.engine, text(9))
        [entry] = cache.iterdir()
        entry.unlink()
        assert components.load(store.engine, text(9)) is first
        assert not list(cache.iterdir())


def test_threads_that_load_a_component_at_once_share_it(cache: Path) -> None:
    with host.Store() as store, ThreadPoolExecutor(8) as pool:
        content = text(11).replace("(core module $m", "(core module $m " + "(func nop)" * 5_000)
        loaded = list(pool.map(lambda _: components.load(store.engine, content), range(8)))
    assert len({id(component) for component in loaded}) == 1
    assert len(list(cache.iterdir())) == 1


def test_old_entries_are_removed(cache: Path) -> None:
    run(text(5))
    [old] = cache.iterdir()
    os.utime(old, (time.time() - 100 * 24 * 3600,) * 2)
    run(text(6))
    assert old not in cache.iterdir()


def test_no_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WITGEN_CACHE_DIR", "")
    assert components.cache_folder() is None
    assert run(text(8)) == 8
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("WITGEN_CACHE_DIR", str(blocked))
    assert run(text(8)) == 8


@pytest.mark.skipif(sys.platform == "win32", reason="rights are kept elsewhere there")
def test_code_that_others_may_have_written_is_not_run(cache: Path) -> None:
    """A folder, or an entry, that others may write to counts for nothing."""
    assert run(text(21)) == 21
    [entry] = cache.iterdir()
    entry.chmod(0o666)
    before = entry.stat().st_ino
    assert run(text(21)) == 21
    assert entry.stat().st_ino != before
    assert entry.stat().st_mode & 0o022 == 0
    cache.chmod(0o770)
    with pytest.warns(CacheWarning, match="others may write to"):
        assert run(text(22)) == 22
    assert list(cache.iterdir()) == [entry]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no FIFOs on Windows")
def test_fifos_are_not_waited_for(cache: Path, tmp_path: Path) -> None:
    assert run(text(23)) == 23
    [entry] = cache.iterdir()
    entry.unlink()
    os.mkfifo(entry)
    assert run(text(23)) == 23
    os.mkfifo(tmp_path / "app.wasm")
    with pytest.raises(host.ComponentError, match="is not a regular file"):
        run(str(tmp_path / "app.wasm"))


def test_the_platforms_cache_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("WITGEN_CACHE_DIR")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert components.cache_folder() == tmp_path / "witgen" / "components"


def _plain_engine_works() -> bool:
    return int(wasmtime_major()) != 50


def wasmtime_major() -> str:
    from importlib.metadata import version

    return version("wasmtime").split(".")[0]


@pytest.mark.skipif(_plain_engine_works(), reason="only wasmtime 50.0.1 traps on two borrows with its default settings")
def test_an_engine_with_the_wrong_setting_is_refused_with_the_setting() -> None:
    for _ in range(2):
        with pytest.raises(host.EngineError, match=r"concurrent tasks is off.*make_engine\(config\)"):
            host.Store(wasmtime.Engine())


def test_an_engine_of_the_users_with_the_right_setting() -> None:
    config = wasmtime.Config()
    config.wasm_threads = False
    with host.Store(host.make_engine(config)) as store:
        world = World._instantiate(store, TEXT, Imports(Things(Counted)))
        assert world.numbers(Counted(1), Counted(2)) == 3


def test_an_unsupported_wasmtime_is_refused_at_import() -> None:
    script = """
        import importlib.metadata
        real = importlib.metadata.version
        importlib.metadata.version = lambda name: "99.0.0" if name == "wasmtime" else real(name)
        try:
            import witgen_runtime.host
        except ImportError as error:
            print(error)
    """
    printed = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=True
    )
    assert printed.stdout.strip() == "wasmtime 99.0.0 is not supported by these bindings: they are tested with 46 to 50"
