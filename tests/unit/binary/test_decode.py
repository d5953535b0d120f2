"""Binary packages and components decode to what the same WIT as text resolves to."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.binary.wasm_bytes import component, func, imports, instance, name, type_declaration, types, u32
from tests.unit.binary.wit_outline import of_ir, sort_functions
from witgen.diagnostics.errors import WitgenError
from witgen.wit.binary import Kind, decode, decode_component, decode_package, is_binary, kind
from witgen.wit.resolve import load

COMPONENTS = Path(__file__).parent / "components"
CASES = sorted(path.stem for path in COMPONENTS.glob("*.wat"))


@pytest.mark.parametrize("case", CASES)
def test_equals_the_text(case: str) -> None:
    binary = (COMPONENTS / f"{case}.wat").read_bytes()
    decoded = sort_functions(of_ir(decode(binary, f"{case}.wat")))
    text = sort_functions(of_ir(load(str(COMPONENTS / f"{case}.wit"), all_features=True)))
    assert decoded == text


@pytest.mark.parametrize(
    ("case", "expected"),
    [("package", Kind.WIT_PACKAGE), ("package-v1", Kind.WIT_PACKAGE), ("component", Kind.COMPONENT)],
)
def test_kind(case: str, expected: Kind) -> None:
    assert kind((COMPONENTS / f"{case}.wat").read_bytes()) is expected


def test_main_package_is_last_and_named() -> None:
    resolve = decode_package((COMPONENTS / "package.wat").read_bytes(), "package.wat")
    assert [str(package.name) for package in resolve.packages] == ["basket:audit", "shop:orders@1.2.0"]
    assert resolve.main == 1


def test_world_takes_the_name_that_the_caller_gives() -> None:
    resolve = decode_component((COMPONENTS / "component.wat").read_bytes(), "component.wat", "studio")
    assert list(resolve.packages[resolve.main].worlds) == ["studio"]


def test_world_may_take_a_full_name() -> None:
    resolve = decode_component((COMPONENTS / "component.wat").read_bytes(), "component.wat", "art:kit/mixer@0.3.1")
    (package,) = resolve.packages
    assert (str(package.name), list(package.interfaces), list(package.worlds)) == (
        "art:kit@0.3.1",
        ["palette", "studio"],
        ["mixer"],
    )


def test_interface_that_is_imported_in_part_takes_the_order_of_the_whole() -> None:
    """Tools import only what a component uses; the export of the same interface shows its real order."""
    part = (
        '(type $p (instance (type $e (enum "a")) (export "late" (type (eq $e)))))(import "a:b/c" (instance (type $p)))'
    )
    early, late = '(type $f (flags "x"))', '(type $e (enum "a"))'
    whole = f"""(component $c {early} {late} (export "early" (type $f)) (export "late" (type $e)))
                (instance $i (instantiate $c)) (export "a:b/c" (instance $i))"""
    resolve = decode_component(f"(component {part} {whole})".encode(), "x.wat")
    assert list(resolve.interfaces[0].types) == ["early", "late"]


def test_types_that_are_exported_beside_an_interface_are_the_interface_s() -> None:
    text = """(component
      (type $r (resource (rep i32)))
      (type $point (record (field "x" u32)))
      (core module $m (func (export "f") (param i32) (result i32) unreachable))
      (core instance $m (instantiate $m))
      (export $r' "r" (type $r))
      (export $point' "point" (type $point))
      (type $own (own $r'))
      (func $f (param "p" $point') (result $own) (canon lift (core func $m "f")))
      (instance $i (export "r" (type $r')) (export "point" (type $point')) (export "f" (func $f)))
      (export "a:b/c" (instance $i)))"""
    outline = of_ir(decode_component(text.encode(), "x.wat"))
    interface = outline["a:b"]["interfaces"]["c"]
    assert interface["types"]["r"]["kind"] == "resource"
    assert interface["functions"]["f"]["params"] == [["p", "&a:b/c#point"]]
    assert interface["functions"]["f"]["result"]["kind"] == {"own": "&a:b/c#r"}
    assert [item["key"] for item in outline["root:component"]["worlds"]["root"]["imports"]] == ["r", "point"]


def test_attributes_of_names() -> None:
    """Labels of interfaces, versions cut to their compatible part, external ids."""
    write = b"\x04\x02" + name("write") + b"\x01\x02" + name("log_write") + b"\x01" + u32(0)
    binary = component(
        types(instance(type_declaration(func(("line", b"\x73"))), write), func()),
        imports(
            b"\x02" + name("kit:log/log@0.4") + b"\x01\x01" + name(".7") + b"\x05" + u32(0),
            b"\x02" + name("audit") + b"\x01\0" + name("kit:log/log@0.4.7") + b"\x05" + u32(0),
            b"\x02" + name("tick") + b"\x01\x02" + name("tick!") + b"\x01" + u32(1),
        ),
    )
    text = load(str(COMPONENTS / "names.wit"))
    assert of_ir(decode_component(binary, "names.wasm")) == of_ir(text)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"\0asm\x0d\0\x01\0", True),
        (b"\0asm\x01\0\0\0", True),
        (b"(component)", True),
        (b" ;; a comment\n(; another (; nested ;) ;)\n( component $c)", True),
        (b"\xef\xbb\xbf(component)", True),
        (b"package a:b;", False),
        (b"// (component)\npackage a:b;", False),
        (b"", False),
        (b"(;" * 1000, False),
        (b"(;" + b"a" * 100_000, False),
    ],
)
def test_told_by_content(data: bytes, expected: bool) -> None:
    assert is_binary(data) is expected


def test_canonical_options_of_garbage_collected_code() -> None:
    """`gc` says how a function is called, and nothing of its type (Binary.md, `canonopt`)."""
    code = '(core module $m (func (export "run") (result i32) (i32.const 7)))(core instance $i (instantiate $m))'
    text = '(component {}(func (export "run") (result u32) (canon lift (core func $i "run"){})))'
    plain, collected = (decode_component(text.format(code, option).encode(), "a.wat") for option in ("", " gc"))
    assert collected == plain


def test_flags_have_bits_for_32() -> None:
    def text(count: int) -> bytes:
        labels = " ".join(f'"f{number}"' for number in range(count))
        return (
            f'(component (import "a:b/c" (instance (type $t (flags {labels})) (export "t" (type (eq $t))))))'.encode()
        )

    assert len(decode_component(text(32), "a.wat").types) == 1
    with pytest.raises(WitgenError):
        decode_component(text(33), "a.wat")
