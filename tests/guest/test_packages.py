"""Well-known packages in components: the table of docs/guest-dependencies.md, and that it says what happens."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.guest.package_programs import GROUPS, REFUSED, WORKING, application
from tests.guest.test_dependencies import HEAD, TAIL, WIT, witgen, write
from tests.support.guests import importable, once
from tests.support.paths import ROOT
from witgen import load

PAGE = (ROOT / "docs" / "guest-dependencies.md").read_text()


def built(folder: Path, app: str, requirements: list[str]) -> str:
    """Generate and build; return what the build says. Skip where pip cannot get the packages."""
    settings = f"out = 'runner_bindings'\n[tool.witgen.build]\nrequirements = {json.dumps(requirements)}\n"
    write(folder, {"wit/runner.wit": WIT, "app.py": app, "pyproject.toml": f"[tool.witgen]\n{settings}"})
    witgen(folder, "generate")
    said = witgen(folder, "build", "app.py")
    if "cannot be installed" in said:
        pytest.skip(f"pip cannot install {', '.join(requirements)}: {said.strip().splitlines()[-1]}")
    return said


def test_the_page_lists_these_packages() -> None:
    rows = {line.split("|")[1].strip(): line for line in PAGE.splitlines() if line.startswith("| ")}
    for program in WORKING.values():
        row = rows.pop(program.requirements[0].replace("==", " "))
        assert f"| yes | {program.remark} |".replace("|  |", "| |") in row
    for requirement, _ in REFUSED.values():
        assert "| no | " in rows.pop(requirement.replace("==", " "))
    assert len(WORKING) + len(REFUSED) > 25


@pytest.mark.long
@pytest.mark.parametrize("group", GROUPS, ids=lambda group: "-".join(sorted(group))[:20])
def test_these_packages_work(tmp_path: Path, group: tuple[str, ...]) -> None:
    programs = {name: WORKING[name] for name in sorted(group)}
    requirements = sorted({each for program in programs.values() for each in program.requirements})
    assert "built" in built(tmp_path, application("runner_bindings", programs), requirements)
    component = load(tmp_path / "app.wasm")
    for name, program in programs.items():
        with component.open() as world:
            assert world.run(name) == program.result, name


@pytest.mark.long
@pytest.mark.parametrize("name", REFUSED)
def test_these_packages_are_refused(tmp_path: Path, name: str) -> None:
    requirement, statement = REFUSED[name]
    said = built(tmp_path, f"{statement}\n{HEAD}{TAIL}", [requirement])
    assert ("inside a component has no `ctypes`" if name == "sympy" else "is compiled for this machine") in said


ASYNC_APP = """\
import asyncio

import anyio
import anyio.to_thread
import httpx
from runner_bindings.guest import exports


def run(code: str) -> str:
    names = {"anyio": anyio, "asyncio": asyncio, "httpx": httpx}
    exec(code, names)
    return repr(names["result"])


exports.serve(__name__, run=run)
"""
ASYNC = {
    "task groups": (
        """
async def main():
    said = []
    async def work(number):
        await anyio.sleep(number / 1000)
        said.append(number)
    async with anyio.create_task_group() as group:
        for number in (3, 1, 2):
            group.start_soon(work, number)
    return said
result = anyio.run(main)
""",
        "[1, 2, 3]",
    ),
    "a task that fails": (
        """
async def main():
    seen = []
    async def slow():
        try:
            await anyio.sleep(9)
        except anyio.get_cancelled_exc_class():
            seen.append("cancelled")
            raise
    async def fail():
        raise KeyError("x")
    try:
        async with anyio.create_task_group() as group:
            group.start_soon(slow)
            await anyio.sleep(0)
            group.start_soon(fail)
    except* KeyError as errors:
        seen.append(errors.exceptions)
    return seen
result = anyio.run(main)
""",
        "['cancelled', (KeyError('x'),)]",
    ),
    "cancel scopes": (
        """
async def main():
    with anyio.move_on_after(0.01) as scope:
        await anyio.sleep(5)
    with anyio.CancelScope() as other:
        other.cancel()
        with anyio.CancelScope(shield=True):
            await anyio.sleep(0.001)
            shielded = True
        await anyio.sleep(5)
    try:
        with anyio.fail_after(0.01):
            await anyio.sleep_forever()
    except TimeoutError:
        return scope.cancelled_caught, other.cancelled_caught, shielded
result = anyio.run(main)
""",
        "(True, True, True)",
    ),
    "memory streams": (
        """
async def main():
    send, receive = anyio.create_memory_object_stream(1)
    got = []
    async def produce():
        async with send:
            for number in range(4):
                await send.send(number)
    async with anyio.create_task_group() as group:
        group.start_soon(produce)
        async with receive:
            async for number in receive:
                got.append(number)
    return got
result = anyio.run(main)
""",
        "[0, 1, 2, 3]",
    ),
    "locks, events and limits": (
        """
async def main():
    lock, event, limit, said = anyio.Lock(), anyio.Event(), anyio.CapacityLimiter(1), []
    async def work(name):
        await event.wait()
        async with lock, limit:
            said.append(name)
            await anyio.sleep(0.001)
            said.append(name)
    async with anyio.create_task_group() as group:
        group.start_soon(work, "a")
        group.start_soon(work, "b")
        event.set()
    return said
result = anyio.run(main)
""",
        "['a', 'a', 'b', 'b']",
    ),
    "httpx in asyncio": (
        """
async def answer(request):
    await asyncio.sleep(0.001)
    if request.url.path == "/2":
        return httpx.Response(302, headers={"location": "/3"})
    return httpx.Response(200, json={"path": request.url.path, "sent": request.content.decode()})
async def main():
    transport = httpx.MockTransport(answer)
    async with httpx.AsyncClient(transport=transport, base_url="https://example", follow_redirects=True) as client:
        answers = await asyncio.gather(*(client.post(f"/{number}", content=b"x") for number in range(3)))
        async with client.stream("GET", "/lines") as response:
            lines = [line async for line in response.aiter_lines()]
    return [each.json()["path"] for each in answers], lines
result = asyncio.run(main())
""",
        """(['/0', '/1', '/3'], ['{"path":"/lines","sent":""}'])""",
    ),
    "httpx without asyncio": (
        """
with httpx.Client(transport=httpx.MockTransport(lambda request: httpx.Response(404))) as client:
    try:
        client.get("https://example/").raise_for_status()
    except httpx.HTTPStatusError as error:
        result = error.response.status_code
""",
        "404",
    ),
}


def _build_async(folder: Path) -> None:
    assert "built" in built(folder, ASYNC_APP, ["anyio==4.16.0", "httpx==0.28.1"])


@pytest.fixture(scope="module")
def asynchronous(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    folder = once(tmp_path_factory, "asynchronous", _build_async)
    importable(folder)
    from runner_bindings.host import Runner

    with Runner.open(folder / "app.wasm") as world:
        yield world


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize("name", ASYNC)
def test_anyio_and_httpx_run_on_the_loop_of_components(asynchronous: Any, name: str) -> None:
    program, result = ASYNC[name]
    assert asynchronous.run(program) == result
