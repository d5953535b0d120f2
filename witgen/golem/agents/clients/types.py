"""The types of agents' values as Python classes and annotations."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ....bindings.facts.names import Namespace
from ....bindings.render.imports import Imports
from ..errors import AgentTypeError
from .naming import attribute_name, case_name, class_name, quoted, titled

__all__ = ["REMOTE", "SDK", "Json", "TypeClass", "Types"]

SDK: Final = "witgen.golem.sdk"
REMOTE: Final = "witgen.golem.sdk.remote"
VALUES: Final = "witgen_runtime.values"

_BUILTIN: Final = {"Bool": "bool", "Str": "str", "S64": "int", "F64": "float"}
_NUMBERS: Final = {each: each for each in ("U8", "U16", "U32", "U64", "S8", "S16", "S32", "F32")} | {"Chr": "Char"}
_KNOWN: Final = {
    "chrono.DateTime timestamp: Str": ("datetime", "datetime"),
    "chrono.NaiveDate date: Str": ("datetime", "date"),
    ".Duration secs: U64, nanos: U32": ("datetime", "timedelta"),
    "uuid.Uuid value: Str": ("uuid", "UUID"),
}
"""Records of libraries that Golem's SDK for Rust maps, and what they are in Python."""

Json = Mapping[str, Any]
"""A type in the JSON of Golem's REST API."""


@dataclass(slots=True)
class TypeClass:
    """A class for a type.

    Attributes:
        kind: `record`, `enum`, `flags`, `variant` or `case`.
        name: the name of the class, or of the union of cases.
        members: what stands in it, line by line; the classes of a union.
        label: the name of a case.
    """

    kind: str
    name: str
    members: list[str] = field(default_factory=list[str])
    label: str = ""


class Types:
    """Classes for all types that agents mention.

    First all types are noted, in the order in which they are to be defined, with the place where each is mentioned;
    then `define` makes the classes.
    """

    def __init__(self, taken: Namespace) -> None:
        self._taken = taken
        self._noted: dict[str, tuple[str, Json]] = {}
        self._cases: dict[tuple[str, int], str] = {}
        self._kinds: dict[str, str] = {}

    # Names

    def note(self, type_: Json, place: str) -> None:
        """Note a type, and those inside of it; `place` names what has no name.

        Raises:
            AgentTypeError: it has no form in agents in Python.
        """
        for name, inner in _inner(type_):
            self.note(inner, place + titled(name))
        key = _key(type_)
        if key in self._noted or _known(type_) is not None:
            return
        match type_["type"]:
            case "Tuple" if not type_["items"]:
                raise AgentTypeError(f"{place}: an empty tuple, which has no form in agents in Python")
            case "Record" | "Enum" | "Flags":
                self._noted[key] = (self._name(type_, place), type_)
            case "Variant":
                name = self._name(type_, place)
                self._noted[key] = (name, type_)
                for at, each in enumerate(type_["cases"]):
                    self._cases[key, at] = self._taken.take(class_name(name + titled(each["name"])))
            case _:
                pass

    def _name(self, type_: Json, place: str) -> str:
        return self._taken.take(class_name(type_.get("name") or place))

    def note_kind(self, schema: Json, name: str, place: str) -> None:
        """Note a kind of multimodal data, which has a class for itself unless its values have one already."""
        if schema["type"] == "ComponentModel":
            self.note(schema["elementType"], place + titled(name))
        key = _kind_key(schema, name)
        if key not in self._kinds and not self._has_class(schema, name):
            self._kinds[key] = self._taken.take(class_name(place + titled(name)))

    def _has_class(self, schema: Json, name: str) -> bool:
        if schema["type"] != "ComponentModel":
            return name == {"UnstructuredText": "Text", "UnstructuredBinary": "Binary"}[schema["type"]]
        found = self._noted.get(_key(schema["elementType"]))
        return found is not None and found[1]["type"] == "Record" and found[0] == name

    @property
    def members(self) -> set[str]:
        """The names of fields, which hide other names in their classes."""
        fields = [each["name"] for _, type_ in self._noted.values() for each in type_.get("fields", [])]
        return {attribute_name(each) for each in fields} | {"value"}

    # Annotations

    def annotation(self, type_: Json, imports: Imports) -> str:
        """Return the annotation for a type, which was noted."""
        known = _known(type_)
        if known is not None:
            return imports.name(*known)
        inner: Callable[[Json], str] = lambda each: self.annotation(each, imports)  # noqa: E731 - for short lines
        kind = type_["type"]
        match kind:
            case "List" if type_["inner"]["type"] == "U8":
                return imports.builtin("bytes")
            case "List":
                return f"{imports.builtin('list')}[{inner(type_['inner'])}]"
            case "Tuple":
                return f"{imports.builtin('tuple')}[{', '.join(map(inner, type_['items']))}]"
            case "Option":
                some = inner(type_["inner"])
                is_nested = type_["inner"]["type"] == "Option"
                return f"{imports.name(VALUES, 'Some')}[{some}] | None" if is_nested else f"{some} | None"
            case "Result":
                sides = ["None" if type_.get(each) is None else inner(type_[each]) for each in ("ok", "err")]
                return f"{imports.name(SDK, 'Ok')}[{sides[0]}] | {imports.name(SDK, 'Err')}[{sides[1]}]"
            case _ if kind in _BUILTIN:
                return imports.builtin(_BUILTIN[kind])
            case _ if kind in _NUMBERS:
                return imports.name(SDK, _NUMBERS[kind])
            case _:
                return self._noted[_key(type_)][0]

    def element(self, schema: Json, imports: Imports) -> str:
        """Return the annotation for a whole parameter or result."""
        match schema["type"]:
            case "ComponentModel":
                return self.annotation(schema["elementType"], imports)
            case "UnstructuredText":
                return _restricted("UnstructuredText", "Languages", "languageCode", schema, imports)
            case _:
                return _restricted("UnstructuredBinary", "MimeTypes", "mimeType", schema, imports)

    def multimodal(self, elements: list[Json], imports: Imports) -> str:
        """Return the annotation for multimodal data."""
        kinds = [
            self._kinds.get(_kind_key(each["schema"], each["name"])) or self.element(each["schema"], imports)
            for each in elements
        ]
        return f"{imports.name(SDK, 'Multimodal')}[{' | '.join(kinds)}]"

    # Classes

    def define(self, imports: Imports) -> Iterator[TypeClass]:
        """Yield the classes, each after those that it mentions."""
        for key, (name, type_) in self._noted.items():
            match type_["type"]:
                case "Record":
                    taken = Namespace([*(each for each, _ in self._noted.values()), *_CLASS])
                    fields = [(taken.take(attribute_name(each["name"])), each["typ"]) for each in type_["fields"]]
                    lines = [f"{attribute}: {self.annotation(each, imports)}" for attribute, each in fields]
                    yield TypeClass("record", name, lines)
                case "Enum":
                    taken = Namespace(_ENUM)
                    cases = [(taken.take(case_name(each)), each) for each in type_["cases"]]
                    yield TypeClass("enum", name, [f"{member} = {quoted(each)}" for member, each in cases])
                case "Flags":
                    taken = Namespace(_ENUM)
                    members = [taken.take(case_name(each)) for each in type_["names"]]
                    yield TypeClass("flags", name, [f"{each} = {1 << at}" for at, each in enumerate(members)])
                case _:
                    yield from self._variant(key, name, type_, imports)

    def _variant(self, key: str, name: str, type_: Json, imports: Imports) -> Iterator[TypeClass]:
        names: list[str] = []
        for at, each in enumerate(type_["cases"]):
            names.append(self._cases[key, at])
            payload = each.get("typ")
            lines = [] if payload is None else [f"value: {self.annotation(payload, imports)}"]
            yield TypeClass("case", names[-1], lines, quoted(each["name"]))
        yield TypeClass("variant", name, names)

    def define_kinds(self, imports: Imports) -> Iterator[TypeClass]:
        """Yield the classes of the kinds of multimodal data."""
        for key, name in self._kinds.items():
            label, schema = json.loads(key)
            yield TypeClass("case", name, [f"value: {self.element(schema, imports)}"], quoted(label))


_CLASS: Final = ("mro",)
"""Attributes that every class has: a dataclass would take them for the defaults of its fields."""

_ENUM: Final = ("mro", "MRO")
"""Names that no member of an enum can have."""


def _key(type_: Json) -> str:
    return json.dumps(type_, sort_keys=True)


def _kind_key(schema: Json, name: str) -> str:
    return json.dumps([name, schema], sort_keys=True)


def _inner(type_: Json) -> Iterator[tuple[str, Json]]:
    """Yield the types that a type mentions, with the name of the part that has each."""
    named: list[Json] = [*type_.get("fields", []), *(type_["cases"] if type_["type"] == "Variant" else [])]
    for each in named:
        if each.get("typ") is not None:
            yield each["name"], each["typ"]
    for at, each in enumerate(type_.get("items", [])):
        yield str(at), each
    for name in ("inner", "ok", "err"):
        if type_.get(name) is not None:
            yield "" if name == "inner" else name, type_[name]


def _known(type_: Json) -> tuple[str, str] | None:
    if type_["type"] != "Record":
        return None
    fields = [f"{each['name']}: {each['typ']['type']}" for each in type_["fields"]]
    # A Duration has no owner; what the others are called is no reason to take them for those of a library.
    owner = "" if type_.get("name") == "Duration" else type_.get("owner")
    return _KNOWN.get(f"{owner}.{type_.get('name')} {', '.join(fields)}")


def _restricted(name: str, note: str, member: str, schema: Json, imports: Imports) -> str:
    plain = imports.name(SDK, name)
    if schema.get("restrictions") is None:
        return plain
    allowed = ", ".join(quoted(each[member]) for each in schema["restrictions"])
    return f"{imports.name('typing', 'Annotated')}[{plain}, {imports.name(SDK, note)}({allowed})]"
