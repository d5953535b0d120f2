"""The agent types of a component: constructors, methods and configuration, with the schemas of their values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property

from witgen_runtime import abi

from ._bindings.types import golem_agent_common as common
from .describing import described_call, described_result
from .errors import AgentError, AgentTypeError
from .ids import AgentId, parse_agent_id, type_name_of
from .main.declarations import MainAgentType
from .schemas import Schema
from .types import to_type

__all__ = ["AgentDefinition", "AgentMethod", "AgentTypes", "ConfigEntry"]


@dataclass(frozen=True, slots=True, eq=False)
class AgentMethod:
    """A method: what it takes and returns, and its declaration."""

    name: str
    takes: Schema
    returns: Schema
    declared: common.AgentMethod

    @property
    def signature(self) -> str:
        """The method as text."""
        result = described_result(self.returns)
        return described_call(self.name, self.takes) + (f" -> {result}" if result else "")


@dataclass(frozen=True, slots=True, eq=False)
class ConfigEntry:
    """A value that an agent reads from its configuration, or a secret of its environment."""

    path: tuple[str, ...]
    is_secret: bool
    type: abi.Type

    @property
    def name(self) -> str:
        """The path with dots."""
        return ".".join(self.path)

    @property
    def is_needed(self) -> bool:
        """Return whether an agent cannot do without it."""
        return not isinstance(self.type, abi.Option)


class AgentDefinition:
    """An agent type.

    Attributes:
        declared: the type as its component describes it, in the form of Golem 1.5.
        main: converts the values of calls, if it is a type of Golem's main branch.
    """

    def __init__(self, given: common.AgentType | MainAgentType) -> None:
        self.main = given if isinstance(given, MainAgentType) else None
        self.declared = declared = given.declared if isinstance(given, MainAgentType) else given
        self.name = declared.type_name
        if not self.name or "(" in self.name:
            raise AgentTypeError(f"`{self.name:.60}` cannot be the name of an agent type")
        self.constructor = Schema.of(declared.constructor.input_schema)

    @property
    def is_ephemeral(self) -> bool:
        """Return whether each call has an agent of its own."""
        return self.declared.mode is common.AgentMode.EPHEMERAL

    @cached_property
    def methods(self) -> Sequence[AgentMethod]:
        """The methods, in the order of their declaration."""
        return [
            AgentMethod(each.name, Schema.of(each.input_schema), Schema.of(each.output_schema), each)
            for each in self.declared.methods
        ]

    @cached_property
    def config(self) -> Sequence[ConfigEntry]:
        """What its agents read from the configuration and from secrets."""
        secret = common.AgentConfigSource.SECRET
        return [
            ConfigEntry(tuple(each.path), each.source is secret, to_type(each.value_type))
            for each in self.declared.config
        ]

    @property
    def signature(self) -> str:
        """The constructor as text."""
        return described_call(self.name, self.constructor)

    def method(self, name: str) -> AgentMethod:
        """Return the method with a name.

        Raises:
            AgentError: there is none; the message lists all methods.
        """
        found = next((each for each in self.methods if each.name == name), None)
        if found is None:
            listed = "\n".join(f"  {each.signature}" for each in self.methods)
            raise AgentError(
                f"`{self.name}` has no method `{name}`{_meant(name, [each.name for each in self.methods])}"
                + (f"; it has\n{listed}" if listed else "; it has none")
            )
        return found


class AgentTypes:
    """All agent types of a component.

    Raises:
        AgentTypeError: two have the same name, or one makes no sense.
    """

    def __init__(self, declared: Iterable[common.AgentType | MainAgentType]) -> None:
        self._by_name: dict[str, AgentDefinition] = {}
        for each in map(AgentDefinition, declared):
            if each.name in self._by_name:
                raise AgentTypeError(f"the component has two agent types `{each.name}`")
            self._by_name[each.name] = each

    def __iter__(self) -> Iterator[AgentDefinition]:
        """Yield the types in the order of their declaration."""
        return iter(self._by_name.values())

    def __contains__(self, name: object) -> bool:
        """Return whether there is a type with a name."""
        return name in self._by_name

    def find(self, name: str) -> AgentDefinition:
        """Return the type with a name.

        Raises:
            AgentError: there is none; the message lists all types.
        """
        found = self._by_name.get(name)
        if found is None:
            raise AgentError(f"there is no agent type `{name}`{_meant(name, [*self._by_name])}; {self.listed}")
        return found

    @property
    def listed(self) -> str:
        """The types as text, for messages."""
        lines = "\n".join(f"  {each.signature}" for each in self)
        return f"the component has\n{lines}" if lines else "the component has none"

    def parse(self, text: str) -> AgentId:
        """Return the agent that an id names.

        Raises:
            AgentError: it is not the id of an agent of these types.
        """
        return parse_agent_id(text, lambda name: self.find(name).constructor)

    def of(self, text: str) -> AgentDefinition:
        """Return the type of an agent by the agent's id."""
        return self.find(type_name_of(text))


def _meant(name: str, known: Sequence[str]) -> str:
    close = get_close_matches(name, known, n=1)
    return f" (did you mean `{close[0]}`?)" if close else ""
