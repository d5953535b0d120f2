"""What is no component, or says what WIT cannot: a clear answer, its code, and where in the file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.binary.wasm_bytes import (
    U8,
    component,
    exports,
    func,
    imported_func,
    imported_instance,
    imports,
    index,
    instance,
    name,
    section,
    type_declaration,
    types,
    u32,
    vector,
)
from witgen.diagnostics.errors import WitgenError
from witgen.wit.binary import decode, decode_component, decode_package, kind

COMPONENTS = Path(__file__).parent / "components"
PACKAGE = (COMPONENTS / "package.wat").read_bytes()
COMPONENT = (COMPONENTS / "component.wat").read_bytes()
F = imports(imported_func("f", 0))


def refusal(decode: Callable[[bytes, str], object], data: bytes) -> WitgenError:
    with pytest.raises(WitgenError) as caught:
        decode(data, "some/app.wasm")
    assert caught.value.file == "some/app.wasm"
    return caught.value


@pytest.mark.parametrize(
    ("data", "code", "message"),
    [
        (b"", "W0801", "this is not WebAssembly: it does not start with `\\0asm`"),
        (b"MZ\x90\x00\x03", "W0801", "this is not WebAssembly: it does not start with `\\0asm`"),
        (b"\x7fELF\x02\x01", "W0801", "this is compiled code, which does not have the types of its component"),
        (b"\0asm\x0d", "W0804", "the file ends in its first eight bytes (at byte 0x5)"),
        (b"\0asm\x01\0\0\0", "W0802", "this is a core module, not a component"),
        (b"\0asm\x0c\0\x01\0", "W0803", "a component in draft 0xc of the format; this reader knows 0xd (at byte 0x4)"),
        (b"\0asm\x0d\0\x02\0", "W0803", "unknown WebAssembly version 0d000200 (at byte 0x4)"),
        (component(b"\x07"), "W0804", "unexpected end (at byte 0x9)"),
        (component(b"\x07\x80\x01"), "W0804", "a section reaches past the end (at byte 0x9)"),
        (component(section(7, u32(1000))), "W0804", "a count is larger than the bytes that follow (at byte 0xa)"),
        (component(section(7, b"\xff" * 4 + b"\x7f")), "W0804", "a number does not fit 32 bits (at byte 0xa)"),
        (component(section(7, b"\xff" * 6)), "W0804", "a number is longer than 32 bits (at byte 0xa)"),
        (component(section(7, u32(0) + b"\0")), "W0804", "a section does not fill its size (at byte 0xb)"),
        (component(types(b"\x6d" + vector([b"\x01\xff"]))), "W0804", "a string is not UTF-8 (at byte 0xd)"),
        (component(types(b"\x70\x40")), "W0804", "unknown type opcode (at byte 0xc)"),
        (component(types(b"\x50")), "W0806", "unknown type opcode 0x50 (at byte 0xb)"),
        (component(section(13, b"")), "W0806", "unknown section 13 (at byte 0x8)"),
        (component(section(8, vector([b"\x7f"]))), "W0806", "unknown canonical built-in 0x7f (at byte 0xb)"),
        (component(types(b"\x70\x05")), "W0805", "there is no type 5 (at byte 0xb)"),
        (component(types(b"\x70\0")), "W0805", "there is no type 0 (at byte 0xb)"),
        (component(types(func()), imports(*[imported_func("f", 0)] * 2)), "W0805", "`f` is declared twice"),
        (component(types(U8), F), "W0805", "type 0 is not that of a function"),
        (component(types(func()), imports(imported_func("import os", 0))), "W0806", "`import os` is not a func"),
        (component(types(func(("x y", U8))), F), "W0805", "'x y' is not a name for a parameter"),
        (component(types(func(("a", U8), ("A", U8))), F), "W0805", "`A` is declared twice"),
        (component(types(func()), imports(imported_func("[method]r.f", 0))), "W0805", "belongs to no resource"),
        (component(types(instance()), imports(imported_instance("a:b/c@1", 0))), "W0806", "'a:b/c@1' is not the name"),
        (component(types(instance()), imports(imported_instance("a:b:c/d", 0))), "W0806", "'a:b:c/d' is not the name"),
        (component(types(b"\x41\0"), imports(b"\0\x01c\x04\0")), "W0806", "a component, `c`, which WIT cannot express"),
        (component(imports(b"\0\x01m\0\x11\0")), "W0806", "imports a core module, `m`, which WIT cannot express"),
        (component(types(b"\x3f\x7f\0"), exports(b"\0\x01r\x03\0\0")), "W0806", "exports the resource `r` outside"),
        (component(types(b"\x72" + vector([name("a") + U8]), func(("x", index(0)))), imports(imported_func("f", 1))),
         "W0806", "uses a type that has no name in its scope"),
        (b"(component (import \"f\" (func\n (params u8))))", "W0810", "expected `)`"),
        (b"(component" * 100_000, "W0810", "item nesting too deep"),
        (b"(component ;; \xff\n)", "W0810", "component text must be UTF-8"),
    ],
)  # fmt: skip
def test_refused(data: bytes, code: str, message: str) -> None:
    error = refusal(decode, data)
    assert (error.code, message in str(error)) == (code, True), str(error)


def test_core_module_is_told_apart_and_explained() -> None:
    module = b"\0asm\x01\0\0\0"
    assert kind(module).value == "core-module"
    assert "wasm-tools component new" in (refusal(decode_component, module).diagnostics[0].help or "")


def test_a_package_is_no_component_and_a_component_no_package() -> None:
    assert str(refusal(decode_component, PACKAGE)) == "this is a WIT package in binary form, not a component"
    assert str(refusal(decode_package, COMPONENT)) == "this is a component, not a WIT package"


def test_world_that_cannot_be_called_so() -> None:
    with pytest.raises(WitgenError, match="'my world' is not a name for a world"):
        decode_component(COMPONENT, "some/app.wasm", "my world")


def test_component_text_is_pointed_into() -> None:
    error = refusal(decode, b'(component\n  (import "f" (funk)))')
    assert (error.line, error.column) == (2, 16)


def test_interface_that_is_imported_and_exported_differently() -> None:
    text = b"""(component
      (import "a:b/c" (instance (type $r (record (field "x" u8))) (export "r" (type (eq $r)))))
      (type $r (record (field "x" u16)))
      (instance $i (export "r" (type $r)))
      (export "a:b/c" (instance $i)))"""
    assert "`r` of `a:b/c` is imported and exported with different types" in str(refusal(decode, text))


def test_packages_that_depend_on_each_other() -> None:
    first = instance(type_declaration(U8), b"\x04\0\x01t\x03\0\0")
    uses = b"\x02\x03\x02\x01"
    data = component(
        types(first),
        imports(imported_instance("a:a/i", 0)),
        section(6, vector([b"\x03\0\0\x01t"])),
        types(instance(uses + u32(1), b"\x04\0\x01t\x03\0\0")),
        imports(imported_instance("b:b/i", 2)),
        section(6, vector([b"\x03\0\x01\x01t"])),
        types(instance(uses + u32(3), b"\x04\0\x01t\x03\0\0")),
        imports(imported_instance("a:a/j", 4)),
    )
    assert "packages depend on each other in a cycle: `a:a` → `b:b` → `a:a`" in str(refusal(decode, data))


@pytest.mark.parametrize(
    ("json", "message"),
    [
        (b"\x02{}", "has the unknown version 2"),
        (b"", "has the unknown version None"),
        (b"\x01{", "is not JSON"),
        (b"\x01" + b"[" * 100_000, "is not JSON"),
        (b"\x01[]", "something other than an object where an object belongs"),
        (b'\x01{"docs":3}', "something other than text where text belongs"),
        (b'\x01{"docs":"\\ud800"}', "something other than text where text belongs"),
        (b'\x01{"interfaces":{"money":{"stability":{"stable":{"since":"1"}}}}}', "a stability that WIT"),
        (b'\x01{"interfaces":{"money":{"stability":{"unstable":{"feature":"a b"}}}}}', "a stability that WIT"),
    ],
)  # fmt: skip
def test_damaged_documentation(json: bytes, message: str) -> None:
    money = b"\x41" + vector([type_declaration(instance()), b"\x04\0" + name("a:b/money") + b"\x05\0"])
    package = component(
        types(money), exports(b"\0" + name("money") + b"\x03\0\0"), section(0, name("package-docs") + json)
    )
    error = refusal(decode_package, package)
    assert (error.code, message in str(error)) == ("W0811", True), str(error)
