"""`witgen golem client`: typed clients for agents in other languages."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.golem.clients.awkward import AWKWARD
from tests.golem.cluster.conftest import Command
from tests.support.paths import ROOT
from witgen.bindings.render.layout import by_black
from witgen.golem.agents.clients.module import client_module
from witgen.golem.agents.definitions import AgentTypes
from witgen.golem.agents.rest_json import agent_type_json
from witgen.golem.agents.rest_types import agent_types_of_json
from witgen.golem.sdk import agent, call, client, definitions, trigger
from witgen.golem.sdk.agent_types import agent_type
from witgen.golem.sdk.declaring import definition_of
from witgen.golem.sdk.testing import Agents
from witgen_runtime.values import Err, Ok, Some

GOLDEN = Path(__file__).parent / "golden" / "clients.py"

AUTHOR = """\
from clients import Cart, CartPayError, Colour, Item, OddAgent, Rights, Shape, ShapeCircle
from witgen.golem.sdk import agent, call, client, trigger


@agent
class Customer:
    def __init__(self, name: str) -> None:
        self.name = name

    def buy(self, what: str, price: float) -> str:
        cart = client(Cart).with_config(limits={"max": 3})(self.name)
        number: int = cart.add(Item(what, price))
        shape: Shape = cart.paint(Colour.RED, ShapeCircle(1.5), Rights.READ | Rights.WRITE, "x")
        trigger(cart.clear)
        try:
            return f"{number} {shape} {cart.pay()}"
        except CartPayError as error:
            return error.value.name

    async def total(self) -> float:
        return await call(client(Cart)(self.name).total, None)

    def names(self) -> list[str]:
        return [each.items[0][0] for each in client(OddAgent)("x").list(["a"], {mistake})]
"""


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The golden, imported."""
    spec = importlib.util.spec_from_file_location("clients", GOLDEN)
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "clients", found)
    spec.loader.exec_module(found)
    return found


def test_the_golden(request: pytest.FixtureRequest) -> None:
    made = client_module(AgentTypes(AWKWARD), "awkward.wasm")
    if request.config.getoption("--update-golden"):
        GOLDEN.write_text(made, encoding="utf-8")
    assert made == GOLDEN.read_text(encoding="utf-8"), "run this test with --update-golden"
    assert by_black(made) == made
    assert client_module(agent_types_of_json([agent_type_json(each) for each in AWKWARD]), "awkward.wasm") == made


# Types


def shape(nodes: Any, at: int = 0) -> Any:
    """Return a type without the names of records, fields, enums and flags, which the wire does not have."""
    node = nodes[at].type
    kind = type(node).__name__
    value = getattr(node, "value", None)
    match kind.removeprefix("WitTypeNode").removesuffix("Type"):
        case "Record":
            return kind, [shape(nodes, each) for _, each in value]
        case "Variant":
            return kind, [(name, None if each is None else shape(nodes, each)) for name, each in value]
        case "Enum" | "Flags":
            return kind, len(value)
        case "Tuple":
            return kind, [shape(nodes, each) for each in value]
        case "Result":
            return kind, [None if each is None else shape(nodes, each) for each in value]
        case "List" | "Option":
            return kind, shape(nodes, value)
        case _:
            return kind


def element(name: str, given: Any) -> Any:
    kind = type(given).__name__
    return kind, shape(given.value.nodes) if kind.endswith("ComponentModel") else repr(given.value)


def elements(schema: Any) -> Any:
    multimodal = type(schema).__name__.endswith("Multimodal")
    return [(name if multimodal else "", element(name, each)) for name, each in schema.value]


@pytest.mark.parametrize("declared", AWKWARD, ids=lambda each: each.type_name)
def test_clients_have_the_types_of_the_agents(declared: Any, module: ModuleType) -> None:
    classes = [each for each in vars(module).values() if isinstance(each, type) and each.__module__ == "clients"]
    [python] = [each for each in classes if _name_of(each) == declared.type_name]
    made = agent_type(definition_of(python))
    assert elements(made.constructor.input_schema) == elements(declared.constructor.input_schema)
    assert [each.name for each in made.methods] == [each.name for each in declared.methods]
    for mine, theirs in zip(made.methods, declared.methods, strict=True):
        assert elements(mine.input_schema) == elements(theirs.input_schema), theirs.name
        assert elements(mine.output_schema) == elements(theirs.output_schema), theirs.name
        assert mine.description == theirs.description
    local = [each for each in declared.config if each.source.name == "LOCAL"]
    assert [(each.path, shape(each.value_type.nodes)) for each in made.config] == [
        (each.path, shape(each.value_type.nodes)) for each in local
    ]
    assert made.mode.name == declared.mode.name


def _name_of(python: type[Any]) -> str | None:
    try:
        return definition_of(python).name
    except TypeError:
        return None


def test_they_are_not_agents_of_the_program(module: ModuleType) -> None:
    assert [each for each in definitions() if each.python.__module__ == module.__name__] == []


# Calls


@dataclass
class Pen:
    name: str
    price: float


@agent(name="Cart")
class TheirCart:
    """What the other component has, as far as Python can say it."""

    def __init__(self, user: str) -> None:
        self.count = 0

    def total(self, currency: str | None) -> float:
        return 0.5 if currency is None else 1.5

    def pay(self) -> Ok[str] | Err[Pen]:
        self.count += 1
        return Ok("paid") if self.count == 1 else Err(Pen("pen", 2.0))

    def clear(self) -> None:
        pass


def their_cart() -> Any:
    return client(sys.modules["clients"].Cart)("ann")


@agent
class Customer:
    async def ask(self) -> list[str]:
        cart = their_cart()
        said = [str(cart.total()), str(await call(cart.total, "usd")), cart.pay()]
        trigger(cart.clear)
        return said

    def refuse(self) -> str:
        try:
            their_cart().pay()
        except sys.modules["clients"].CartPayError as error:
            return str(error.value)
        return ""

    def wrong(self) -> list[str]:
        said: list[str] = []
        for attempt in (lambda: their_cart().add("pen"), lambda: their_cart().sum()):
            try:
                attempt()
            except (AttributeError, ValueError) as error:
                said.append(str(error))
        return said


async def test_calls(module: ModuleType, witgen_agents: Agents) -> None:
    customer = witgen_agents.get(Customer)
    assert await customer.ask() == ["0.5", "1.5", "paid"]
    assert witgen_agents.calls(TheirCart, "ann") == [("total", None), ("total", "usd"), ("pay",), ("clear",)]
    assert customer.refuse() == "Item(name='pen', price=2.0)"
    assert customer.wrong() == [
        "item: expected Item, got 'pen'", "`Cart` has no method `sum` that other agents can call"
    ]  # fmt: skip


def test_values(module: ModuleType) -> None:
    assert module.ShapeCircle(1.5).case_name == "circle"
    assert module.Rights(3) == module.Rights.READ | module.Rights.WRITE
    assert [each.value for each in module.Colour_] == ["dark-blue", "darkBlue", "mro", "1", "class", 'say "hi"']
    assert module.OddAgentRaisesLambda(b"x", Some(None)).value == Some(None)


# What authors see


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "clients.py").write_text(GOLDEN.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "customer.py").write_text(AUTHOR.replace("{mistake}", "List([])").replace("Colour, ", "Colour, List, "))
    (tmp_path / "pyrightconfig.json").write_text(f'{{"typeCheckingMode": "strict", "extraPaths": ["{ROOT}"]}}')
    return tmp_path


def checked(folder: Path, *command: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *command, "clients.py", "customer.py"], cwd=folder, capture_output=True, text=True,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "HOME": str(folder)},
    )  # fmt: skip
    return "" if done.returncode == 0 else done.stdout + done.stderr


CHECKERS = [
    pytest.param(("mypy", "--strict"), marks=pytest.mark.long),
    pytest.param(("pyright", "--pythonpath", sys.executable), marks=pytest.mark.slow),
]


@pytest.mark.parametrize("checker", CHECKERS, ids=lambda each: each[0])
def test_type_checkers_are_content(project: Path, checker: tuple[str, ...]) -> None:
    assert checked(project, *checker) == ""
    wrong = AUTHOR.replace("{mistake}", "3").replace("Item(what, price)", "what")
    (project / "customer.py").write_text(wrong)
    said = checked(project, *checker)
    assert said.count("[arg-type]") + said.count("(reportArgumentType)") == 2, said


# The command


def test_the_command(command: Command, tmp_path: Path) -> None:
    types = str(tmp_path / "types.json")
    printed = command("client", types)
    assert printed.code == 0
    assert printed.out.startswith("# Code generated by witgen. DO NOT EDIT.\n# Source: types.json\n")
    out = tmp_path / "shop_clients.py"
    for _ in range(2):
        said = command("client", types, "-o", str(out))
        assert (said.code, said.err) == (0, f"{out}: Cart, Once, Eye\n")
        assert out.read_text() == printed.out
    assert "class Cart" not in command("client", types, "--agent", "Eye").out


def test_files_of_others_are_not_replaced(command: Command, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("mine")
    said = command("client", str(tmp_path / "types.json"), "-o", str(tmp_path / "mine.py"))
    assert said.code == 2
    assert "mine.py was not written by witgen, which does not replace it; choose another file" in said.err
    assert (tmp_path / "mine.py").read_text() == "mine"


def test_what_has_no_client(command: Command, tmp_path: Path) -> None:
    types = tmp_path / "types.json"
    said = command("client", str(types), "--agent", "Cat")
    assert (said.code, said.out) == (2, "")
    assert "there is no agent type `Cat` (did you mean `Cart`?)" in said.err
    found = json.loads(types.read_text())
    found[0]["constructor"]["inputSchema"]["elements"][0]["schema"]["elementType"] = {"type": "Tuple", "items": []}
    types.write_text(json.dumps(found))
    said = command("client", str(types))
    assert said.code == 2
    assert "types.json: CartUser: an empty tuple, which has no form in agents in Python" in said.err
