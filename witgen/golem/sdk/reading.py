"""Reads classes of agents: their names, type hints and documentation."""

from __future__ import annotations

import datetime as dt
import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Union, cast, get_type_hints

from .config import Config, ConfigLeaf, leaves
from .definitions import AgentDefinition, Element, Injected, MethodDefinition, Mode, Parameter, Snapshots
from .errors import RAISES, DomainError, payload_hint
from .hints import NoSchemaError, schema_of
from .http_checks import mount_of, problems_of
from .http_paths import ENDPOINTS
from .injecting import INJECTED
from .modalities import element_of
from .principal import Principal
from .schema import MultimodalSchema, OptionSchema, ResultSchema, Schema, UnstructuredSchema

__all__ = ["NAME", "PROMPT", "DeclarationError", "Declared", "Problem", "place", "read"]

PROMPT: Final = "_witgen_prompt"
"""The attribute of methods with what to ask a person for."""

NAME: Final = "_witgen_name"
"""The attribute of methods of agents of other components with a name that is not the one in Python."""

_RESERVED: Final = {"initialize", "get_definition"}
"""Methods that agents cannot have, because Golem's other SDKs have them."""

_OWN: Final = {"save_snapshot", "load_snapshot"}
"""Methods that the SDK calls."""


class Problem(NamedTuple):
    """Something that is declared in a way that Golem has no form for; without a known place the line is 0."""

    file: str
    line: int
    text: str


class DeclarationError(TypeError):
    """Agents are declared in a way that Golem has no form for; the message lists each problem with its place."""

    @property
    def problems(self) -> list[Problem]:
        """The problems, one by one."""
        found = (re.fullmatch(r"(.*?):(\d+): (.*)", line) for line in str(self).splitlines())
        whole = zip(found, str(self).splitlines(), strict=True)
        return [Problem(each[1], int(each[2]), each[3]) if each else Problem("", 0, line) for each, line in whole]


@dataclass(slots=True)
class Declared:
    """A class as `@agent` has got it, with its options; and its definition, once it is read."""

    python: type[Any]
    name: str
    mode: Mode = "durable"
    snapshot: int | dt.timedelta | bool | None = None
    mount: str | None = None
    auth: bool | None = None
    cors: Sequence[str] = ()
    phantom: bool = False
    webhook: str | None = None
    definition: AgentDefinition | None = None


def read(declared: Declared, problems: list[str]) -> AgentDefinition:
    """Return the definition of a class, and add to `problems` what has no form in Golem."""
    cls = declared.python
    where = f"{place(cls)}: `{cls.__name__}`"
    if "(" in declared.name or not declared.name.strip():
        problems.append(f"{place(cls)}: an agent cannot be called `{declared.name}`")
    if declared.mode not in {"durable", "ephemeral"}:
        problems.append(f"{where}: the mode is `durable` or `ephemeral`, not {declared.mode!r}")
    # A class without a constructor of its own takes nothing.
    init: Any = cls.__init__
    reader = None if init is object.__init__ else _Reader(cls, init, "the constructor", problems)
    constructor, injected = ((), ()) if reader is None else reader.parameters()
    members = {name: each for name, each in _members(cls).items() if not name.startswith("_") and name not in _OWN}
    methods = tuple(_method(cls, name, member, problems) for name, member in members.items())
    made = AgentDefinition(
        name=declared.name,
        description=inspect.getdoc(cls) or f"Constructs the agent {declared.name}",
        python=cls,
        constructor=constructor,
        injected=injected,
        methods=methods,
        mode=declared.mode,
        snapshots=_snapshots(declared, where, problems),
        mount=mount_of(declared, where, problems),
        config=_config([*injected, *(each for method in methods for each in method.injected)], where, problems),
    )
    problems += problems_of(made, where, place)
    problems += _unpaired(cls, where)
    return made


def place(item: Any) -> str:
    """Return the file and line of a class or function, as far as Python knows them."""
    code = getattr(item, "__code__", None)
    if code is not None:
        return f"{code.co_filename}:{code.co_firstlineno}"
    try:
        return f"{inspect.getsourcefile(item)}:{inspect.getsourcelines(item)[1]}"
    except (OSError, TypeError):
        return cast("str", item.__module__)


def _members(cls: type[Any]) -> Mapping[str, Callable[..., Any]]:
    """Return the methods of a class and its bases, those of bases first."""
    found: dict[str, Callable[..., Any]] = {}
    for base in reversed(cls.__mro__[:-1]):
        found |= {name: member for name, member in vars(base).items() if inspect.isfunction(member)}
    return found


def _unpaired(cls: type[Any], where: str) -> list[str]:
    present = [name for name in ("save_snapshot", "load_snapshot") if hasattr(cls, name)]
    return [] if len(present) != 1 else [f"{where} has {present[0]}, but snapshots need both save_ and load_snapshot"]


def _snapshots(declared: Declared, where: str, problems: list[str]) -> Snapshots | None:
    given = declared.snapshot
    if given is None or given is False or given == 0:
        return None
    if given is True:
        return Snapshots(None)
    if isinstance(given, dt.timedelta) and given > dt.timedelta():
        return Snapshots(given)
    if isinstance(given, int) and 0 < given < 1 << 16:
        return Snapshots(given)
    problems.append(f"{where}: snapshot is a number of calls up to 65535, a timedelta or True, not {given!r}")
    return None


def _config(injected: Sequence[Injected], where: str, problems: list[str]) -> tuple[ConfigLeaf, ...]:
    """Return what all the configuration of an agent declares."""
    found: dict[tuple[str, ...], ConfigLeaf] = {}
    for cls in dict.fromkeys(each.config for each in injected if each.config is not None):
        try:
            own = {leaf.path: leaf for leaf in leaves(cls)}
        except (NoSchemaError, NameError) as error:
            problems.append(f"{place(cls)}: {error}")
            continue
        both = [path for path in own if path in found and _type(found[path]) != _type(own[path])]
        problems += [f"{where}: the configuration `{'.'.join(path)}` has two types" for path in both]
        found |= own
    return tuple(found.values())


def _type(leaf: ConfigLeaf) -> object:
    return leaf.source, leaf.schema


def _method(cls: type[Any], name: str, function: Callable[..., Any], problems: list[str]) -> MethodDefinition:
    reader = _Reader(cls, function, f"`{name}`", problems)
    if name in _RESERVED:
        problems.append(f"{place(function)}: `{cls.__name__}.{name}`: a method cannot have this name")
    parameters, injected = reader.parameters()
    errors: tuple[type[DomainError[Any]], ...] = getattr(function, RAISES, ())
    result = reader.result()
    if errors and isinstance(result, (ResultSchema, UnstructuredSchema, MultimodalSchema)):
        problems.append(f"{place(function)}: `{cls.__name__}`: `{name}` raises errors, so it cannot return this result")
    return MethodDefinition(
        name=getattr(function, NAME, name),
        attribute=name,
        description=inspect.getdoc(function) or "",
        prompt=getattr(function, PROMPT, None),
        parameters=parameters,
        injected=injected,
        result=result,
        errors=errors,
        error=reader.error(errors) if errors else None,
        is_async=inspect.iscoroutinefunction(function),
        endpoints=getattr(function, ENDPOINTS, ()),
        function=function,
    )


class _Reader:
    """Reads the type hints of one function, and reports what has no schema."""

    def __init__(self, cls: type[Any], function: Callable[..., Any], title: str, problems: list[str]) -> None:
        self._title = f"{place(function)}: `{cls.__name__}`: {title}"
        self._problems = problems
        self._signature = inspect.Signature()
        self._hints: Mapping[str, Any] = {}
        self._is_read = False
        try:
            # Since Python 3.14, either may be the first to read the hints.
            self._signature = inspect.signature(function)
            self._hints = get_type_hints(function, include_extras=True)
            self._is_read = True
        except NameError as error:
            self._report(f"has a type hint that Python cannot read: {error}")

    def parameters(self) -> tuple[tuple[Parameter, ...], tuple[Injected, ...]]:
        """Return the parameters without `self`: those that callers fill in, and those that the SDK does."""
        _, *rest = self._signature.parameters.values() if self._is_read else [None]
        found = [self._parameter(each) for each in rest if each is not None]
        given = tuple(each for each in found if isinstance(each, Parameter))
        if len(given) > 1 and any(isinstance(each.schema, MultimodalSchema) for each in given):
            self._report("takes a Multimodal, which has to be the only parameter")
        return given, tuple(each for each in found if isinstance(each, Injected))

    def result(self) -> Element | None:
        """Return the schema of the result."""
        if "return" not in self._hints:
            if self._is_read:
                self._report("does not say what it returns: add `-> …`")
            return None
        return self._schema("the result", self._hints["return"])

    def error(self, errors: Sequence[type[DomainError[Any]]]) -> Schema | None:
        """Return the schema of the values of declared errors."""
        hints: list[Any] = []
        for each in errors:
            hint = payload_hint(each)
            if hint is NotImplemented:
                self._report(f"raises {each.__name__}, which does not say the type of its value: DomainError[…]")
                return None
            hints.append(hint)
        try:
            return schema_of(Union[tuple(hints)])  # noqa: UP007 - of a number of types that is not known here
        except (NoSchemaError, NameError) as error:
            self._report(f"raises {', '.join(each.__name__ for each in errors)}: {error}")
            return None

    def _parameter(self, given: inspect.Parameter) -> Parameter | Injected | None:
        if given.kind in {given.VAR_POSITIONAL, given.VAR_KEYWORD}:
            self._report(f"takes any number of arguments (`{given}`), which has no schema")
            return None
        if given.kind is given.POSITIONAL_ONLY:
            self._report(f"takes `{given.name}` by position only: leave out the /")
            return None
        if given.name not in self._hints:
            self._report(f"has no type hint for `{given.name}`")
            return None
        hint = self._hints[given.name]
        if isinstance(hint, type) and issubclass(hint, (Principal, Config)):
            return self._injected(given, hint)
        if given.default is INJECTED:
            self._report(f"`{given.name}`: only Principal and classes of configuration (Config) are injected")
            return None
        schema = self._schema(f"`{given.name}`", hint)
        if schema is None:
            return None
        has_default = given.default is not given.empty
        if has_default and isinstance(schema, (UnstructuredSchema, MultimodalSchema)):
            self._report(f"`{given.name}` cannot have a default")
        elif has_default and not isinstance(schema, (OptionSchema, UnstructuredSchema, MultimodalSchema)):
            schema = OptionSchema(schema)
        return Parameter(given.name, schema, has_default)

    def _injected(self, given: inspect.Parameter, hint: type[Any]) -> Injected | None:
        if given.default is not INJECTED:
            self._report(f"`{given.name}`: callers do not pass it: add `= injected()`")
        if issubclass(hint, Principal):
            if hint is not Principal:
                self._report(f"`{given.name}`: whoever calls is a Principal, of any kind: write `Principal`")
            return Injected(given.name, None)
        return Injected(given.name, hint)

    def _schema(self, part: str, hint: Any) -> Element | None:
        try:
            schema = element_of(hint)
        except NoSchemaError as error:
            self._report(f"{part}: {error}")
            return None
        except NameError as error:
            self._report(f"{part}: {error}")
            return None
        if schema is None and part != "the result":
            self._report(f"{part}: None has no schema")
        return schema

    def _report(self, text: str) -> None:
        self._problems.append(f"{self._title} {text}" if not text.startswith("`") else f"{self._title}, {text}")
