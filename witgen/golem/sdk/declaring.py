"""`@agent` and its like, and the agents that a program declares.

A declaration is read when it is first needed, not when the class is made: type hints may name classes that follow it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias, TypeVar, cast, get_type_hints, overload

from .hints import NoSchemaError, schema_of
from .schema import OptionSchema, Schema

__all__ = ["AgentDefinition", "DeclarationError", "MethodDefinition", "Parameter", "agent", "definitions", "prompt"]

_Class = TypeVar("_Class", bound="type[Any]")
_Method = TypeVar("_Method", bound="Callable[..., Any]")

Mode: TypeAlias = Literal["durable", "ephemeral"]

_RESERVED: Final = {"initialize", "get_definition"}
"""Methods that agents cannot have, because Golem's other SDKs have them."""

_PROMPT: Final = "_witgen_prompt"


class DeclarationError(TypeError):
    """Agents are declared in a way that Golem has no form for; the message lists each problem with its place."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a constructor or method.

    Attributes:
        name: its name.
        schema: the values that it takes. That of a parameter with a default is an option, as schemas have no defaults.
        has_default: whether Python fills it in where a caller passes none.
    """

    name: str
    schema: Schema
    has_default: bool


@dataclass(frozen=True, slots=True)
class MethodDefinition:
    """A method that callers of an agent see.

    Attributes:
        name: its name.
        description: its documentation.
        prompt: what to ask a person for to call it; None for nothing.
        parameters: the parameters, without `self`.
        result: the schema of its result; None if it returns nothing.
        is_async: whether it is `async def`.
    """

    name: str
    description: str
    prompt: str | None
    parameters: tuple[Parameter, ...]
    result: Schema | None
    is_async: bool


@dataclass(frozen=True, slots=True)
class AgentDefinition:
    """A class of agents.

    Attributes:
        name: the name of the type.
        description: the class's documentation.
        python: the class.
        constructor: the parameters of its constructor, whose values are an agent's identity.
        methods: its methods.
        mode: how long its agents live.
    """

    name: str
    description: str
    python: type[Any]
    constructor: tuple[Parameter, ...]
    methods: tuple[MethodDefinition, ...]
    mode: Mode

    def method(self, name: str) -> MethodDefinition | None:
        """Return a method by name; None if there is none."""
        return next((each for each in self.methods if each.name == name), None)


@dataclass(slots=True)
class _Declared:
    python: type[Any]
    name: str
    mode: Mode
    definition: AgentDefinition | None = field(default=None)


_declared: list[_Declared] = []
"""All agents of the program, in the order of their declarations."""


@overload
def agent(cls: _Class, /) -> _Class: ...
@overload
def agent(*, name: str | None = None, mode: Mode = "durable") -> Callable[[_Class], _Class]: ...
def agent(cls: Any = None, /, *, name: str | None = None, mode: Mode = "durable") -> Any:
    """Declare a class of agents.

        @agent
        class Counter:
            def __init__(self, name: str) -> None: ...
            def add(self, n: U32) -> U32: ...

    The constructor's parameters are an agent's identity. Public methods with complete type hints are its methods,
    whether they are `async def` or not; docstrings become descriptions. The class stays what it is.

    Args:
        cls: the class.
        name: the name of the type; by default that of the class.
        mode: `durable`, or `ephemeral` for agents that live for one call.
    """

    def declare(python: type[Any]) -> type[Any]:
        _declared.append(_Declared(python, name or python.__name__, mode))
        return python

    return declare if cls is None else declare(cls)


def prompt(text: str) -> Callable[[_Method], _Method]:
    """Say what to ask a person for to call a method."""

    def mark(method: _Method) -> _Method:
        setattr(method, _PROMPT, text)
        return method

    return mark


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
    names = [each.name for each in chosen]
    twice = (each for each in chosen if names.count(each.name) > 1)
    problems += [f"{_place(each.python)}: there is another agent called `{each.name}`" for each in twice]
    if problems:
        raise DeclarationError("\n".join(dict.fromkeys(problems)))
    return found


def _definition(declared: _Declared, problems: list[str]) -> AgentDefinition:
    if declared.definition is None:
        before = len(problems)
        made = _read(declared, problems)
        if len(problems) > before:
            return made
        declared.definition = made
    return declared.definition


def _read(declared: _Declared, problems: list[str]) -> AgentDefinition:
    cls = declared.python
    if "(" in declared.name or not declared.name.strip():
        problems.append(f"{_place(cls)}: an agent cannot be called `{declared.name}`")
    # A class without a constructor of its own takes nothing.
    init: Any = cls.__init__
    constructor = () if init is object.__init__ else _Reader(cls, init, "the constructor", problems).parameters()
    methods = tuple(
        _method(cls, name, member, problems) for name, member in _members(cls).items() if not name.startswith("_")
    )
    description = inspect.getdoc(cls) or f"Constructs the agent {declared.name}"
    return AgentDefinition(declared.name, description, cls, constructor, methods, declared.mode)


def _members(cls: type[Any]) -> Mapping[str, Callable[..., Any]]:
    """Return the methods of a class and its bases, those of bases first."""
    found: dict[str, Callable[..., Any]] = {}
    for base in reversed(cls.__mro__[:-1]):
        found |= {name: member for name, member in vars(base).items() if inspect.isfunction(member)}
    return found


def _method(cls: type[Any], name: str, function: Callable[..., Any], problems: list[str]) -> MethodDefinition:
    reader = _Reader(cls, function, f"`{name}`", problems)
    if name in _RESERVED:
        problems.append(f"{_place(function)}: `{cls.__name__}.{name}`: a method cannot have this name")
    return MethodDefinition(
        name,
        inspect.getdoc(function) or "",
        getattr(function, _PROMPT, None),
        reader.parameters(),
        reader.result(),
        inspect.iscoroutinefunction(function),
    )


class _Reader:
    """Reads the type hints of one function, and reports what has no schema."""

    def __init__(self, cls: type[Any], function: Callable[..., Any], title: str, problems: list[str]) -> None:
        self._title = f"{_place(function)}: `{cls.__name__}`: {title}"
        self._problems = problems
        self._signature = inspect.signature(function)
        self._hints: Mapping[str, Any] = {}
        self._is_read = False
        try:
            self._hints = get_type_hints(function, include_extras=True)
            self._is_read = True
        except NameError as error:
            self._report(f"has a type hint that Python cannot read: {error}")

    def parameters(self) -> tuple[Parameter, ...]:
        """Return the parameters without `self`."""
        _, *rest = self._signature.parameters.values()
        found = [self._parameter(each) for each in rest] if self._is_read else []
        return tuple(each for each in found if each is not None)

    def result(self) -> Schema | None:
        """Return the schema of the result."""
        if "return" not in self._hints:
            if self._is_read:
                self._report("does not say what it returns: add `-> …`")
            return None
        return self._schema("the result", self._hints["return"])

    def _parameter(self, given: inspect.Parameter) -> Parameter | None:
        if given.kind in {given.VAR_POSITIONAL, given.VAR_KEYWORD}:
            self._report(f"takes any number of arguments (`{given}`), which has no schema")
            return None
        if given.name not in self._hints:
            self._report(f"has no type hint for `{given.name}`")
            return None
        schema = self._schema(f"`{given.name}`", self._hints[given.name])
        if schema is None:
            return None
        has_default = given.default is not given.empty
        if has_default and not isinstance(schema, OptionSchema):
            schema = OptionSchema(schema)
        return Parameter(given.name, schema, has_default)

    def _schema(self, part: str, hint: Any) -> Schema | None:
        try:
            schema = schema_of(hint)
        except NoSchemaError as error:
            self._report(f"{part}: {error}")
            return None
        if schema is None and part != "the result":
            self._report(f"{part}: None has no schema")
        return schema

    def _report(self, text: str) -> None:
        self._problems.append(f"{self._title} {text}" if not text.startswith("`") else f"{self._title}, {text}")


def _place(item: Any) -> str:
    """Return the file and line of a class or function, as far as Python knows them."""
    code = getattr(item, "__code__", None)
    if code is not None:
        return f"{code.co_filename}:{code.co_firstlineno}"
    try:
        return f"{inspect.getsourcefile(item)}:{inspect.getsourcelines(item)[1]}"
    except (OSError, TypeError):
        return cast("str", item.__module__)
