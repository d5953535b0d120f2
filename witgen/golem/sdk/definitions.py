"""What is read of the classes of agents, in a form that no release of Golem determines."""

from __future__ import annotations

import datetime as dt
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from .config import ConfigLeaf
from .errors import DomainError
from .http_paths import Endpoint, Mount
from .schema import MultimodalSchema, Schema, UnstructuredSchema

__all__ = [
    "AgentDefinition",
    "Element",
    "Injected",
    "MethodDefinition",
    "Mode",
    "Parameter",
    "Snapshots",
]

Mode: TypeAlias = Literal["durable", "ephemeral"]

Element: TypeAlias = Schema | UnstructuredSchema | MultimodalSchema
"""What a whole parameter or result may be."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a constructor or method that callers fill in.

    Attributes:
        name: its name.
        schema: the values that it takes. That of a parameter with a default is an option, as schemas have no defaults.
        has_default: whether Python fills it in where a caller passes none.
    """

    name: str
    schema: Element
    has_default: bool


@dataclass(frozen=True, slots=True)
class Injected:
    """A parameter that the SDK fills in, with whoever calls or with configuration.

    Attributes:
        name: its name.
        config: the class of configuration; None for the principal.
    """

    name: str
    config: type[Any] | None


@dataclass(frozen=True, slots=True)
class MethodDefinition:
    """A method that callers of an agent see.

    Attributes:
        name: its name.
        attribute: the name that it has in Python.
        description: its documentation.
        prompt: what to ask a person for to call it; None for nothing.
        parameters: the parameters that callers fill in, without `self`.
        injected: the parameters that the SDK fills in.
        result: the schema of its result; None if it returns nothing. With errors it is that of what it returns
            otherwise.
        errors: the errors that it may raise, which are results to its callers.
        error: the schema of the errors' values; None if they have none.
        is_async: whether it is `async def`.
        endpoints: the HTTP requests that call it.
        function: the function.
    """

    name: str
    attribute: str
    description: str
    prompt: str | None
    parameters: tuple[Parameter, ...]
    injected: tuple[Injected, ...]
    result: Element | None
    errors: tuple[type[DomainError[Any]], ...]
    error: Schema | None
    is_async: bool
    endpoints: tuple[Endpoint, ...]
    function: Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Snapshots:
    """When Golem asks an agent for its state: after so many calls, from time to time, or as the server is set up."""

    every: int | dt.timedelta | None


@dataclass(frozen=True, slots=True)
class AgentDefinition:
    """A class of agents.

    Attributes:
        name: the name of the type.
        description: the class's documentation.
        python: the class.
        constructor: the parameters of its constructor that callers fill in; their values are an agent's identity.
        injected: the constructor's other parameters.
        methods: its methods.
        mode: how long its agents live.
        snapshots: when Golem asks for the agents' state; None for never.
        mount: where its agents are found over HTTP; None for nowhere.
        config: the configuration that its agents read.
    """

    name: str
    description: str
    python: type[Any]
    constructor: tuple[Parameter, ...]
    injected: tuple[Injected, ...]
    methods: tuple[MethodDefinition, ...]
    mode: Mode
    snapshots: Snapshots | None
    mount: Mount | None
    config: tuple[ConfigLeaf, ...]

    @property
    def constructor_description(self) -> str:
        """The documentation of the constructor, or else of the class."""
        own = vars(self.python).get("__init__")
        return (inspect.getdoc(own) if own is not None else None) or self.description

    @property
    def constructor_prompt(self) -> str | None:
        """What to ask a person for to make an agent; None for nothing."""
        names = ", ".join(each.name for each in self.constructor)
        return f"Enter the following parameters: {names}" if names else None

    def method(self, name: str) -> MethodDefinition | None:
        """Return a method by name; None if there is none."""
        return next((each for each in self.methods if each.name == name), None)

    def attribute(self, name: str) -> MethodDefinition | None:
        """Return a method by the name that it has in Python; None if there is none."""
        return next((each for each in self.methods if each.attribute == name), None)
