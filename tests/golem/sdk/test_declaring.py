"""Agents are plain classes: what is read of them, and what is refused, with its place."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from typing import Any

from witgen.golem.sdk import U32, agent, definitions, prompt
from witgen.golem.sdk.schema import ListSchema, OptionSchema, Primitive


@agent
class ExampleAgent:
    """Greets a chat server and prints what it hears."""

    async def run(self, url: str) -> list[str]:
        """Talk to a server."""
        return [url]


class _Base:
    def inherited(self) -> bool:
        return True


@agent(name="Counter", mode="ephemeral")
class _Counting(_Base):
    def __init__(self, name: str, start: U32 = 7, note: str | None = None) -> None:
        self.name, self.count, self.note = name, start, note

    @prompt("How many?")
    def add(self, n: U32) -> U32:
        self.count += n
        return self.count

    def forget(self) -> None:
        self.count = 0

    def _private(self, anything: Any) -> Any:
        return anything


def by_name() -> dict[str, Any]:
    return {each.name: each for each in definitions(__name__)}


def test_a_class_is_read() -> None:
    found = by_name()["ExampleAgent"]
    assert (found.description, found.mode) == ("Greets a chat server and prints what it hears.", "durable")
    assert found.constructor == ()
    [run] = found.methods
    assert (run.name, run.description, run.is_async) == ("run", "Talk to a server.", True)
    assert [(each.name, each.schema) for each in run.parameters] == [("url", Primitive("string"))]
    assert run.result == ListSchema(Primitive("string"))


def test_identity_defaults_and_prompts() -> None:
    """A default makes an option of a parameter, as schemas have no defaults; bases and privacy count as in Python."""
    found = by_name()["Counter"]
    assert found.mode == "ephemeral"
    assert [(each.name, each.schema, each.has_default) for each in found.constructor] == [
        ("name", Primitive("string"), False),
        ("start", OptionSchema(Primitive("u32")), True),
        ("note", OptionSchema(Primitive("string")), True),
    ]
    assert [each.name for each in found.methods] == ["inherited", "add", "forget"]
    assert found.method("add").prompt == "How many?"
    assert found.method("forget").result is None
    assert found.method("_private") is None


def test_the_class_stays_what_it_is() -> None:
    counter = _Counting("ann", 1)
    assert (counter.add(2), counter.inherited()) == (3, True)


PROBLEMS = """
from typing import Any
from witgen.golem.sdk import agent, definitions

@agent
class Odd:
    def __init__(self, what): ...
    def returns(self): ...
    def anything(self, x: Any) -> int: ...
    def several(self, *numbers: int) -> None: ...
    def unknown(self, x: "Missing") -> None: ...
    def initialize(self) -> None: ...

@agent(name="Odd")
class Second: ...

@agent(name="a(b")
class Named: ...

@agent
class MyCart: ...

@agent
class my_cart: ...

definitions()
"""


def test_every_problem_is_told_with_its_place(tmp_path: Any) -> None:
    file = tmp_path / "odd.py"
    file.write_text(PROBLEMS)
    run = subprocess.run([sys.executable, str(file)], capture_output=True, text=True, check=False)
    for line, text in {
        7: "`Odd`: the constructor has no type hint for `what`",
        8: "`Odd`: `returns` does not say what it returns",
        9: "`Odd`: `anything`, `x`: Any has no schema",
        10: "`Odd`: `several` takes any number of arguments (`*numbers: int`)",
        11: "`Odd`: `unknown` has a type hint that Python cannot read: name 'Missing' is not defined",
        12: "`Odd.initialize`: a method cannot have this name",
        14: "there is another agent called `Odd`",
        17: "an agent cannot be called `a(b`",
        23: "the names `MyCart` and `my_cart` are the same to Golem's paths",
    }.items():
        assert f"{file}:{line}: {text}" in run.stderr
    assert "DeclarationError" in run.stderr


def test_types_may_follow_the_agent() -> None:
    @agent(name="Early")
    class Early:
        def give(self) -> Later:
            return Later(1)

    [found] = [each for each in definitions(__name__) if each.python is Early]
    assert found.methods[0].result is not None


@dataclass
class Later:
    n: int


def test_definitions_can_be_asked_for_again() -> None:
    assert definitions(__name__) == definitions(__name__)


def test_importing_needs_nothing_of_the_generator() -> None:
    """It runs inside components, which have neither the generator's libraries nor a runtime of WebAssembly."""
    heavy = ["jinja2", "lark", "black", "click", "wasmtime", "witgen.pipeline", "witgen.api", "witgen.bindings"]
    program = f"import sys, witgen.golem.sdk; print([each for each in {heavy} if each in sys.modules])"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert run.stdout.strip() == "[]", run.stderr
