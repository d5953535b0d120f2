"""A resource that one exported interface has and another uses, both with bytes: each has a helper."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any

import pytest

from tests.adapters.test_composing import BYTES, MEMORY, OPTIONS
from witgen_runtime import abi, host

BOX = abi.Resource("test:adapters/boxes", "box")
_LIST = "(list u8)"
_MAKE, _GET, _PEEK, _PASS, _WRAP = (
    f'(param "data" {_LIST}) (result (own $box))',
    f'(param "self" (borrow $box)) (result {_LIST})',
    f'(param "box" (borrow $box)) (result {_LIST})',
    f'(param "box" (own $box)) (param "data" {_LIST}) (result (own $box))',
    f'(param "box" (own $box)) (param "data" {_LIST}) (result $held)',
)
_HELD = f'(type $record (record (field "box" (own $box)) (field "data" {_LIST})))'
_NAMED_HELD = """(type $named-record (record (field "box" (own $named)) (field "data" (list u8))))
  (export $named-held "held" (type $named-record))"""


def _shim(*functions: tuple[str, str, str], types: tuple[str, str] = ("", "")) -> str:
    """Return a component that gives functions their names, and types theirs, as wit-component does."""
    imports = "".join(f'(import "{key}" (func ${key} {type_}))' for key, _, type_ in functions)
    exports = "".join(
        f'(export "{name}" (func ${key}) (func {type_.replace("$box", "$named").replace("$held", "$named-held")}))'
        for key, name, type_ in functions
    )
    resource, export = '(import "box" (type $box (sub resource)))', '(export $named "box" (type $box))'
    return f"{resource} {types[0]} {imports} {export} {types[1]} {exports}"


TEXT = f"""(component {MEMORY}
  (type $box (resource (rep i32)))
  (core func $new (canon resource.new $box))
  (core module $m
    (import "" "memory" (memory 1)) (import "" "new" (func $new (param i32) (result i32)))
    (import "" "realloc" (func $realloc (param i32 i32 i32 i32) (result i32)))
    ;; What stands for a box is the address of the place where address and size of its bytes are.
    (func (export "make") (param i32 i32) (result i32) (local $r i32)
      (local.set $r (call $realloc (i32.const 0) (i32.const 0) (i32.const 4) (i32.const 16)))
      (local.set $r (i32.and (i32.add (local.get $r) (i32.const 3)) (i32.const -4)))
      (i32.store (local.get $r) (local.get 0)) (i32.store offset=4 (local.get $r) (local.get 1))
      (call $new (local.get $r)))
    (func (export "get") (param i32) (result i32) (local.get 0))
    (func (export "pass") (param i32 i32 i32) (result i32) (local.get 0))
    (func (export "peek") (param i32) (result i32) (local.get 0))
    (func (export "wrap") (param i32 i32 i32) (result i32)
      (i32.store (i32.const 32) (local.get 0)) (i32.store (i32.const 36) (local.get 1))
      (i32.store (i32.const 40) (local.get 2)) (i32.const 32)))
  (core instance $i (instantiate $m (with "" (instance
    (export "memory" (memory $memory)) (export "new" (func $new)) (export "realloc" (func $realloc))))))
  (func $make {_MAKE} (canon lift (core func $i "make") {OPTIONS}))
  (func $get {_GET} (canon lift (core func $i "get") {OPTIONS}))
  (func $peek {_PEEK} (canon lift (core func $i "peek") {OPTIONS}))
  {_HELD} (func $wrap {_WRAP.replace("$held", "$record")} (canon lift (core func $i "wrap") {OPTIONS}))
  (func $pass {_PASS} (canon lift (core func $i "pass") {OPTIONS}))
  (component $boxes {_shim(("make", "[constructor]box", _MAKE), ("get", "[method]box.get", _GET))})
  (instance $boxes (instantiate $boxes
    (with "box" (type $box)) (with "make" (func $make)) (with "get" (func $get))))
  (export $exported "test:adapters/boxes" (instance $boxes))
  (alias export $exported "box" (type $used))
  (component $users {
    _shim(
        ("pass", "pass", _PASS),
        ("peek", "peek", _PEEK),
        ("wrap", "wrap", _WRAP),
        types=(_HELD + '(import "held" (type $held (eq $record)))', _NAMED_HELD),
    )
})
  (instance $users (instantiate $users
    (with "box" (type $used)) (with "pass" (func $pass)) (with "peek" (func $peek)) (with "wrap" (func $wrap))
    (with "held" (type $record))))
  (export "test:adapters/users" (instance $users)))"""

_DATA, _OWN, _BORROW = abi.Param("data", "data", BYTES), abi.Own(BOX), abi.Borrow(BOX)
BOXES = abi.Interface(
    BOX.interface,
    ((BOX, "Box"),),
    (
        abi.Function("[constructor]box", "box", (_DATA,), _OWN, resource=BOX),
        abi.Function("[method]box.get", "get", (abi.Param("self", "self", _BORROW),), BYTES, resource=BOX),
    ),
)


@dataclass(slots=True)
class Held:
    """The record."""

    box: Box
    data: bytes


HELD = abi.Record("held", Held, (abi.Field("box", "box", _OWN), abi.Field("data", "data", BYTES)))
USERS = abi.Interface(
    "test:adapters/users",
    (),
    (
        abi.Function("pass", "pass_", (abi.Param("box", "box", _OWN), _DATA), _OWN),
        abi.Function("peek", "peek", (abi.Param("box", "box", _BORROW),), BYTES),
        abi.Function("wrap", "wrap", (abi.Param("box", "box", _OWN), _DATA), HELD),
    ),
)


class Box(host.GuestResource):
    """The resource."""

    def __init__(self, data: bytes) -> None: ...

    @abstractmethod
    def get(self) -> bytes: ...


class Boxes(host.World):
    """The component's world."""

    _definition = host.Definition("test:adapters/boxes", (), (BOXES, USERS))

    def _bind(self, instance: host.Instance) -> None:
        self.Box: Any = instance.resource(Box, BOX, BOXES)
        self.pass_, self.peek, self.wrap = (instance.function(each, USERS.name) for each in USERS.functions)


@pytest.mark.parametrize("adapters", ["bytes", "off"])
@pytest.mark.usefixtures("inside")
def test_interfaces_that_share_an_exported_resource(adapters: host.Adapters) -> None:
    data = bytes(range(256)) * 3
    with Boxes._open(TEXT, None, adapters=adapters) as world:
        assert len(host.adapters_of(world).text) == (5 if adapters == "bytes" else 0)
        box = world.Box(data)
        assert box.get() == world.peek(box) == data
        passed = world.pass_(box, b"\xff")
        assert isinstance(passed, world.Box)
        assert passed.get() == data
        with pytest.raises(ValueError, match="this Box was already given away"):
            box.get()
        held = world.wrap(passed, data)
        assert held.box.get() == held.data == data
        host.drop(held.box)
