"""Unstructured text and bytes, and parameters that mix kinds of values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import pytest

from witgen.golem.sdk import (
    Languages,
    MimeTypes,
    Multimodal,
    NoSchemaError,
    UnstructuredBinary,
    UnstructuredText,
    agent,
)
from witgen.golem.sdk._bindings.types import golem_core_types as core
from witgen.golem.sdk.agent_types import agent_type
from witgen.golem.sdk.declaring import definition_of
from witgen.golem.sdk.hints import schema_of
from witgen.golem.sdk.modalities import element_of
from witgen.golem.sdk.testing import Agents

English = Annotated[UnstructuredText, Languages("en", "de")]
Picture = Annotated[UnstructuredBinary, MimeTypes("image/png")]


@dataclass
class Note:
    text: str


@agent
class Reader:
    def translate(self, text: English, language: str) -> UnstructuredText:
        return UnstructuredText(text.data.upper() or f"at {text.url}", language)

    def copy(self, picture: Picture) -> UnstructuredBinary:
        return UnstructuredBinary(picture.data * 2, picture.mime_type)

    def mix(self, parts: Multimodal[UnstructuredText | Picture | Note]) -> Multimodal[Note | UnstructuredText]:
        text, picture, note = parts
        assert isinstance(text, UnstructuredText)
        assert isinstance(picture, UnstructuredBinary)
        assert isinstance(note, Note)
        return Multimodal([Note(text.data), UnstructuredText(f"{len(picture.data)} {note.text}")])


def test_values_arrive(witgen_agents: Agents) -> None:
    reader = witgen_agents.get(Reader)
    assert reader.translate(UnstructuredText("hi", "en"), "fr") == UnstructuredText("HI", "fr")
    assert reader.translate(UnstructuredText.at("https://x/y"), "fr").data == "at https://x/y"
    assert reader.copy(UnstructuredBinary(b"\x01", "image/png")) == UnstructuredBinary(b"\x01\x01", "image/png")
    mixed = reader.mix(Multimodal([UnstructuredText("a"), UnstructuredBinary(b"12", "image/png"), Note("b")]))
    assert list(mixed) == [Note("a"), UnstructuredText("2 b")]


def test_restrictions(witgen_agents: Agents) -> None:
    reader = witgen_agents.get(Reader)
    assert reader.translate(UnstructuredText("hi"), "fr").data == "HI"  # a missing language is always allowed
    with pytest.raises(ValueError, match="text: expected en or de, got fr"):
        reader.translate(UnstructuredText("salut", "fr"), "en")
    with pytest.raises(ValueError, match="picture: expected image/png, got text/plain"):
        reader.copy(UnstructuredBinary(b"", "text/plain"))
    with pytest.raises(ValueError, match="expected one value each of UnstructuredText, UnstructuredBinary, Note"):
        reader.mix(Multimodal([UnstructuredText("a"), UnstructuredText("b"), Note("c")]))


def test_schemas() -> None:
    translate, copy, mix = agent_type(definition_of(Reader)).methods
    english = core.TextDescriptor([core.TextType("en"), core.TextType("de")])
    assert isinstance(translate.input_schema, core.DataSchemaTuple)
    assert translate.input_schema.value[0] == ("text", core.ElementSchemaUnstructuredText(english))
    assert translate.output_schema == core.DataSchemaTuple(
        [("return_value", core.ElementSchemaUnstructuredText(core.TextDescriptor(None)))]
    )
    png = core.BinaryDescriptor([core.BinaryType("image/png")])
    assert copy.input_schema == core.DataSchemaTuple([("picture", core.ElementSchemaUnstructuredBinary(png))])
    assert isinstance(mix.input_schema, core.DataSchemaMultimodal)
    assert [name for name, _ in mix.input_schema.value] == ["Text", "Binary", "Note"]


REFUSED: list[tuple[Any, str]] = [
    (list[UnstructuredText], "can only be a whole parameter"),
    (UnstructuredBinary | None, "can only be a whole parameter"),
    (Multimodal[UnstructuredText | English], "two kinds with the same name"),
    (Multimodal, "write its kinds"),
]


@pytest.mark.parametrize(("hint", "message"), REFUSED)
def test_what_is_refused(hint: Any, message: str) -> None:
    with pytest.raises(NoSchemaError, match=message):
        element_of(hint)
    assert schema_of(str) is not None
