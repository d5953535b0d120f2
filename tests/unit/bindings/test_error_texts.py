"""`str` of an exception says what it is, whatever its payload; `repr` is that of its class and payload."""

from __future__ import annotations

from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest

from witgen import Config, generate

SHAPES = {
    "record-error": "record { code: u32, message: string }",
    "variant-error": "variant { bare, text(string), number(u32), message(reason), pair(tuple<u32, string>) }",
    "enum-error": "enum { not-found, denied }",
    "flags-error": "flags { read, write }",
}
UNNAMED = {
    "text": "string",
    "number": "u32",
    "real": "f64",
    "truth": "bool",
    "letter": "char",
    "pair": "tuple<u32, string>",
    "many": "list<string>",
    "octets": "list<u8>",
    "maybe": "option<string>",
    "twice": "option<option<u32>>",
    "either": "result<u32, string>",
    "alias": "note",
}


def wit() -> str:
    types = [f"{kind.partition(' ')[0]} {name} {kind.partition(' ')[2]}" for name, kind in SHAPES.items()]
    functions = [f"f-{name}: func() -> result<_, {name}>;" for name in SHAPES]
    functions += [f"{name}: func() -> result<_, {kind}>;" for name, kind in UNNAMED.items()]
    inside = "\n".join(["record reason { message: string }", "type note = string;", *types, *functions])
    used = ", ".join(f"{name} as other-{name}" for name in SHAPES)
    again = "\n".join(f"f-{name}: func() -> result<_, other-{name}>;" for name in SHAPES)
    return (
        f"package s:t;\ninterface i {{\n{inside}\nnothing: func() -> result;\n}}\n"
        f"interface j {{ use i.{{{used}}};\n{again}\n}}\nworld w {{ import i; import j; }}\n"
    )


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("texts")
    (folder / "a.wit").write_text(wit())
    generate(Config(folder / "a.wit", out=folder / "texts_bindings", guest=False))
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        yield SimpleNamespace(**{name: import_module(f"texts_bindings.types.s_t_{name}") for name in "ij"})


def test_named(modules: Any) -> None:
    i = modules.i
    texts = {
        i.RecordErrorException(i.RecordError(3, "no such key")): "RecordError(code=3, message='no such key')",
        i.VariantErrorBare(): "VariantErrorBare",
        i.VariantErrorText("no such key"): "no such key",
        i.VariantErrorText(" "): "VariantErrorText",
        i.VariantErrorNumber(0): "VariantErrorNumber(0)",
        i.VariantErrorMessage(i.Reason("gone")): "Reason(message='gone')",
        i.VariantErrorPair((1, "a")): "VariantErrorPair((1, 'a'))",
        i.EnumErrorException(i.EnumError.NOT_FOUND): "EnumError.NOT_FOUND",
        i.FlagsErrorException(i.FlagsError.READ | i.FlagsError.WRITE): "FlagsError.READ|WRITE",
        i.FlagsErrorException(i.FlagsError(0)): "FlagsError(0)",
    }
    assert [str(error) for error in texts] == list(texts.values())


def test_unnamed(modules: Any) -> None:
    i = modules.i
    values: Any = import_module("witgen_runtime.values")
    texts = {
        i.TextError("no such key"): "no such key",
        i.TextError(""): "TextError",
        i.NumberError(0): "NumberError(0)",
        i.RealError(0.5): "RealError(0.5)",
        i.TruthError(False): "TruthError(False)",
        i.LetterError("x"): "x",
        i.PairError((1, "a")): "PairError((1, 'a'))",
        i.ManyError([]): "ManyError([])",
        i.OctetsError(b"ab"): "OctetsError(b'ab')",
        i.MaybeError(None): "MaybeError",
        i.MaybeError("why"): "why",
        i.TwiceError(values.Some(None)): "TwiceError(Some(value=None))",
        i.EitherError(values.Err("x")): "EitherError(Err(value='x'))",
        i.NothingError(): "NothingError",
    }
    assert [str(error) for error in texts] == list(texts.values())
    assert str(i.NoteError("noted") if hasattr(i, "NoteError") else i.AliasError("noted")) == "noted"


def test_brought_in_by_use(modules: Any) -> None:
    i, j = modules.i, modules.j
    assert str(j.OtherRecordErrorException(j.OtherRecordError(1, "m"))) == "RecordError(code=1, message='m')"
    assert str(j.OtherEnumErrorException(j.OtherEnumError.DENIED)) == "EnumError.DENIED"
    assert j.OtherVariantError is i.VariantError


def test_repr_is_that_of_a_dataclass(modules: Any) -> None:
    i = modules.i
    assert repr(i.NumberError(3)) == "NumberError(value=3)"
    assert repr(i.VariantErrorText("x")) == "VariantErrorText(value='x')"
