"""`@agent` and its like, and the agents that a program declares.

A declaration is read when it is first needed, not when the class is made: type hints may name classes that follow it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeVar, overload

from .config import ConfigLeaf
from .definitions import AgentDefinition, Mode
from .http_checks import shapes
from .reading import PROMPT, DeclarationError, Declared, place, read

__all__ = [
    "DeclarationError",
    "agent",
    "declare_remote",
    "declared",
    "definition_of",
    "definitions",
    "latest",
    "prompt",
]

_Class = TypeVar("_Class", bound="type[Any]")
_Method = TypeVar("_Method", bound="Callable[..., Any]")

_declared: list[Declared] = []
"""All agents of the program, in the order of their declarations."""

_remote: list[tuple[Declared, Callable[[], tuple[ConfigLeaf, ...]]]] = []
"""Agents of other components, each with what returns its configuration."""


@overload
def agent(cls: _Class, /) -> _Class: ...
@overload
def agent(
    *,
    name: str | None = None,
    mode: Mode = "durable",
    snapshot: int | dt.timedelta | bool | None = None,
    mount: str | None = None,
    auth: bool | None = None,
    cors: Sequence[str] = (),
    phantom: bool = False,
    webhook: str | None = None,
) -> Callable[[_Class], _Class]: ...
def agent(cls: Any = None, /, **options: Any) -> Any:
    """Declare a class of agents.

        @agent(mount="/carts/{user}", snapshot=10)
        class Cart:
            def __init__(self, user: str) -> None: ...
            def add(self, item: Item) -> U32: ...

    The constructor's parameters are an agent's identity. Public methods with complete type hints are its methods,
    whether they are `async def` or not; docstrings become descriptions. The class stays what it is.

    Args:
        cls: the class.
        name: the name of the type; by default that of the class.
        mode: `durable`, or `ephemeral` for agents that live for one call.
        snapshot: when Golem asks for the agents' state: after so many calls, each time so much time has passed, or with
            True as the server is set up. By default never.
        mount: the start of the agents' paths over HTTP, whose variables are the constructor's parameters.
        auth: whether callers over HTTP have to sign in.
        cors: origins whose pages may call over HTTP, or `*`.
        phantom: whether each request over HTTP gets an agent to itself.
        webhook: the end of the addresses of the agents' webhooks; by default the name of the type.
        options: all of these.
    """
    name = options.pop("name", None)

    def declare(python: type[Any]) -> type[Any]:
        _declared.append(Declared(python, name or python.__name__, **options))
        return python

    return declare if cls is None else declare(cls)


def declare_remote(python: type[Any], name: str, mode: Mode, config: Callable[[], tuple[ConfigLeaf, ...]]) -> None:
    """Declare agents of another component: they can be called, and are none of this program."""
    _remote.append((Declared(python, name, mode), config))


def prompt(text: str) -> Callable[[_Method], _Method]:
    """Say what to ask a person for to call a method."""

    def mark(method: _Method) -> _Method:
        setattr(method, PROMPT, text)
        return method

    return mark


def declared() -> bool:
    """Return whether the program declares agents."""
    return bool(_declared)


def definitions(module: str | None = None) -> list[AgentDefinition]:
    """Return the declared agents.

    Args:
        module: only those of this module.

    Raises:
        DeclarationError: some are declared in a way that has no form in Golem; every problem is listed.
    """
    problems: list[str] = []
    chosen = [each for each in _declared if module is None or each.python.__module__ == module]
    found = [_definition(each, problems) for each in chosen]
    for index, each in enumerate(found):
        problems += _clashes(each, found[:index])
    if problems:
        raise DeclarationError("\n".join(dict.fromkeys(problems)))
    return found


def latest(name: str) -> AgentDefinition | None:
    """Return the agent of that name that was declared last; None if there is none.

    Raises:
        DeclarationError: it is declared in a way that has no form in Golem.
    """
    found = next((each.python for each in reversed(_declared) if each.name == name), None)
    return None if found is None else definition_of(found)


def definition_of(python: Any) -> AgentDefinition:
    """Return the declaration of a class.

    Raises:
        TypeError: the class is not declared with `@agent`.
        DeclarationError: it is declared in a way that has no form in Golem.
    """
    # The newest: a module that runs again declares its agents again.
    found = next((each for each in reversed(_declared) if each.python is python), None)
    if found is None:
        for declaration, config in reversed(_remote):
            if declaration.python is python:
                return _remote_definition(declaration, config)
        raise TypeError(f"{getattr(python, '__name__', python)} is no agent: declare the class with @agent")
    problems: list[str] = []
    definition = _definition(found, problems)
    if problems:
        raise DeclarationError("\n".join(problems))
    return definition


def _remote_definition(declaration: Declared, config: Callable[[], tuple[ConfigLeaf, ...]]) -> AgentDefinition:
    if declaration.definition is None:
        problems: list[str] = []
        made = read(declaration, problems)
        if problems:
            raise DeclarationError("\n".join(problems))
        declaration.definition = replace(made, config=config())
    return declaration.definition


def _definition(declaration: Declared, problems: list[str]) -> AgentDefinition:
    if declaration.definition is None:
        before = len(problems)
        made = read(declaration, problems)
        if len(problems) > before:
            return made
        declaration.definition = made
    return declaration.definition


def _clashes(each: AgentDefinition, earlier: Sequence[AgentDefinition]) -> list[str]:
    """Return what an agent has that another one has as well."""
    where = place(each.python)
    problems: list[str] = []
    for other in earlier:
        if other.name == each.name:
            problems.append(f"{where}: there is another agent called `{each.name}`")
        elif _kebab(other.name) == _kebab(each.name):
            problems.append(f"{where}: the names `{other.name}` and `{each.name}` are the same to Golem's paths")
        common = [shape for shape in shapes(each) if shape in shapes(other)]
        problems += [f"{where}: `{other.name}` has the endpoint {shape}, too" for shape in common]
    return problems


def _kebab(name: str) -> str:
    parts: list[str] = []
    for char in name:
        if char.isupper() and parts and parts[-1] != "-":
            parts.append("-")
        parts.append("-" if char == "_" else char.lower())
    return "".join(parts)
