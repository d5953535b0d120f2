"""An agent in Python calls those of another component by the clients that are generated for them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.golem.agents.machine import built

pytestmark = pytest.mark.long

CUSTOMER = """\
from clients import Colour, Counter, CounterDeclaredError, Item
from witgen.golem.sdk import agent, call, client


@agent
class Customer:
    def __init__(self, name: str) -> None:
        self.name = name

    async def add(self, n: int) -> int:
        return await call(client(Counter)(self.name).add, n)

    def describe(self) -> list[str]:
        counter = client(Counter)(self.name)
        said = counter.echo(Item("pen", 1.5, 2), Colour.DARK_BLUE, None, [1])
        try:
            counter.declared(False)
        except CounterDeclaredError as error:
            said.append(error.value)
        return [*said, counter.who().principal]
"""


def test_two_components(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> None:
    theirs = str(built(tmp_path_factory))
    (tmp_path / "customer.py").write_text(CUSTOMER)

    def witgen(*words: str) -> str:
        done = subprocess.run([sys.executable, "-m", "witgen", *words], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    witgen("golem", "client", theirs, "--agent", "Counter", "-o", "clients.py")
    witgen("build", "customer.py", "--golem", "1.5")

    def run(*words: str) -> str:
        return witgen("run", "customer.wasm", 'Customer("ann")', *words, "--component", theirs)

    assert [run("add", "3"), run("add", "4")] == ["3\n", "7\n"]
    described = run("describe")
    assert '{\\"name\\": \\"pen\\", \\"price\\": 1.5, \\"quantity\\": 2}' in described
    assert described.endswith(', "dark_blue", "None", "[1]", "no", "Customer(\\"ann\\")"]\n')
    assert witgen("golem", "types", "customer.wasm").startswith("Customer(name: string)\n")
