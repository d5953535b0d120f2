"""Runs guests that pass addresses where nothing is, values that there are not, and blocks that are none.

A child process does, because a mistake could end it: it prints what became of each case.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Callable
from copy import copy
from functools import partial
from typing import Any

from witgen_runtime import abi, host
from witgen_runtime.host.linking import preparation

COLOR = abi.Enum("color", enum.Enum("Color", ["RED", "GREEN", "BLUE"]), ("red", "green", "blue"))
SIGNS = abi.Flags("signs", enum.Flag("Signs", ["A", "B", "C"]), ("a", "b", "c"))
TYPES: dict[str, abi.Type] = {
    "u8": abi.U8, "u32": abi.U32, "char": abi.CHAR, "bool": abi.BOOL, "color": COLOR, "signs": SIGNS,
    "string": abi.STRING, "option": abi.Option(abi.BOOL),
}  # fmt: skip
END = 2 << 16
"""The size of the guest's memory."""
SURROGATES, LAST_CHAR, NO_CHAR, NO_COLOR, BOOLS, STRINGS, OPTIONS_AT, SIGNS_AT = 64, 72, 80, 88, 96, 112, 144, 148

_REALLOC = """(func $realloc (export "realloc") (param i32 i32 i32 i32) (result i32)
    (if (i32.eq (global.get $mode) (i32.const 1)) (then (return (i32.const 0xfffffff0))))
    (if (i32.eq (global.get $mode) (i32.const 2)) (then (unreachable)))
    (if (i32.eq (global.get $mode) (i32.const 3)) (then (call $ping)))
    (if (i32.eq (global.get $mode) (i32.const 4)) (then (return (i32.const 1025))))
    (i32.const 1024))"""
OPTIONS = "(memory $memory) (realloc $realloc)"


def _functions(name: str) -> tuple[abi.Function, ...]:
    address, count = (abi.Param(name, name, abi.U32) for name in ("address", "count"))
    type_ = abi.List(TYPES[name])
    return (
        abi.Function(f"take-{name}", f"take_{name}", (abi.Param("data", "data", type_),), abi.U32),
        abi.Function(f"make-{name}", f"make_{name}", (address, count), type_),
        abi.Function(f"pass-{name}", f"pass_{name}", (address, count), abi.U32),
        abi.Function(f"put-{name}", f"put_{name}", (abi.Param("data", "data", type_),), abi.U32),
        abi.Function(f"give-{name}", f"give_{name}", (), type_),
        abi.Function(f"get-{name}", f"get_{name}", (), abi.U32),
    )


FUNCTIONS = {name: _functions(name) for name in TYPES}
PING = abi.Function("ping", "ping", ())
MODE = abi.Function("mode", "mode", (abi.Param("mode", "mode", abi.U32),))
IMPORTED = abi.Interface(
    "test:hostile/host", (), (PING, *(each for made in FUNCTIONS.values() for each in (made[0], made[4])))
)
EXPORTED = abi.Interface("", (), (MODE, *(made[index] for made in FUNCTIONS.values() for index in (1, 2, 3, 5))))


class Hostile(host.World):
    """The guest's world."""

    _definition = host.Definition("test:hostile/hostile", (host.Import("host", IMPORTED),), (EXPORTED,))

    def _bind(self, instance: host.Instance) -> None:
        self.instance = instance
        self.calls = {each.name: instance.function(each) for each in EXPORTED.functions}


def text() -> str:
    """Return the guest."""
    written = {"color": "$color", "signs": "$signs", "option": "(option bool)"}
    lists = {name: f"(list {written.get(name, name)})" for name in TYPES}
    imported = " ".join(
        f'(export "take-{name}" (func (param "data" {type_}) (result u32)))'
        f' (export "give-{name}" (func (result {type_})))'
        for name, type_ in lists.items()
    )
    named = """(type $c (enum "red" "green" "blue")) (export "color" (type $color (eq $c)))
      (type $s (flags "a" "b" "c")) (export "signs" (type $signs (eq $s)))"""
    lowered = " ".join(
        f'(core func $take-{name} (canon lower (func $h "take-{name}") {OPTIONS}))'
        f' (core func $give-{name} (canon lower (func $h "give-{name}") {OPTIONS}))'
        for name in TYPES
    )
    given = " ".join(f'(export "{way}-{name}" (func ${way}-{name}))' for name in TYPES for way in ("take", "give"))
    code = " ".join(
        f"""(import "h" "take-{name}" (func $take-{name} (param i32 i32) (result i32)))
        (import "h" "give-{name}" (func $give-{name} (param i32)))"""
        for name in TYPES
    ) + " ".join(
        f"""(func (export "pass-{name}") (param i32 i32) (result i32)
          (call $take-{name} (local.get 0) (local.get 1)))
        (func (export "put-{name}") (param i32 i32) (result i32) (local.get 1))
        (func (export "get-{name}") (result i32) (call $give-{name} (i32.const 16)) (i32.load (i32.const 20)))"""
        for name in TYPES
    )
    lifted = " ".join(
        f"""(func (export "make-{name}") (param "address" u32) (param "count" u32) (result {type_})
          (canon lift (core func $m "make") {OPTIONS}))
        (func (export "pass-{name}") (param "address" u32) (param "count" u32) (result u32)
          (canon lift (core func $i "pass-{name}")))
        (func (export "put-{name}") (param "data" {type_}) (result u32)
          (canon lift (core func $i "put-{name}") {OPTIONS}))
        (func (export "get-{name}") (result u32) (canon lift (core func $i "get-{name}")))"""
        for name, type_ in lists.items()
    )
    return f"""(component
  (import "test:hostile/host" (instance $h {named} (export "ping" (func)) {imported}))
  (alias export $h "color" (type $color)) (alias export $h "signs" (type $signs))
  (core module $first) (core func $ping (canon lower (func $h "ping")))
  (core module $mm (import "h" "ping" (func $ping)) (memory (export "memory") 2) (global $mode (mut i32) (i32.const 0))
    (data (i32.const {SURROGATES}) "\\00\\d8\\00\\00") (data (i32.const {LAST_CHAR}) "\\ff\\ff\\10\\00")
    (data (i32.const {NO_CHAR}) "\\00\\00\\11\\00") (data (i32.const {NO_COLOR}) "\\02\\03")
    (data (i32.const {BOOLS}) "\\00\\01\\02\\ff")
    (data (i32.const {STRINGS}) "\\88\\00\\00\\00\\03\\00\\00\\00\\8b\\00\\00\\00\\02\\00\\00\\00")
    (data (i32.const {STRINGS + 16}) "\\f0\\ff\\ff\\ff\\04\\00\\00\\00abc\\ff\\fe")
    (data (i32.const {OPTIONS_AT}) "\\01\\02\\02\\00") (data (i32.const {SIGNS_AT}) "\\07\\ff")
    {_REALLOC}
    (func (export "mode") (param i32) (global.set $mode (local.get 0)))
    (func (export "make") (param i32 i32) (result i32)
      (i32.store (i32.const 16) (local.get 0)) (i32.store (i32.const 20) (local.get 1)) (i32.const 16)))
  (core instance $m (instantiate $mm (with "h" (instance (export "ping" (func $ping))))))
  (alias core export $m "memory" (core memory $memory)) (alias core export $m "realloc" (core func $realloc))
  {lowered}
  (core module $im (import "m" "memory" (memory 1)) {code})
  (core instance $i (instantiate $im (with "m" (instance $m)) (with "h" (instance {given}))))
  (func (export "mode") (param "mode" u32) (canon lift (core func $m "mode")))
  {lifted})"""


class _Host:
    def __init__(self, seen: list[Any]) -> None:
        self.ping: Callable[[], None] = lambda: seen.append("ping")
        for name in TYPES:
            setattr(self, f"take_{name}", lambda data: seen.append(data) or len(data))
            setattr(self, f"give_{name}", partial(copy, VALUES[name]))


VALUES: dict[str, Any] = {
    "u8": b"abc", "u32": [1, 2], "char": ["a", "\U0010ffff"], "bool": [True, False], "color": list(COLOR.python),
    "signs": [SIGNS.python(0), SIGNS.python(7)], "string": ["é", "", "xyz"], "option": [None, True, False],
}  # fmt: skip


def _bad_lists(name: str) -> dict[str, tuple[int, int]]:
    """Return address and count of lists that are none."""
    size = {"u32": 4, "char": 4, "string": 8, "option": 2}.get(name, 1)
    found = {
        "outside": (END, 1), "at the end": (END - size, 2), "far": (0xFFFF_FFF0, 64), "long": (0, END + 1),
        "empty outside": (0xFFFF_FFF0, 0), "most": (size, 0xFFFF_FFFF),
    }  # fmt: skip
    if size >= 4:
        found |= {"wraps": (64, (1 << 32) // size + 1), "odd": (66, 1)}
    if name == "string":
        found |= {"not UTF-8": (STRINGS, 2), "text outside": (STRINGS, 3)}
    if name == "option":
        found |= {"no case": (OPTIONS_AT, 2)}
    if name == "char":
        found |= {"surrogate": (SURROGATES, 1), "no character": (LAST_CHAR, 3)}
    if name == "color":
        found |= {"no color": (NO_COLOR, 2)}
    return found


def _outcome(work: Callable[[Hostile, list[Any]], object], *, inside: bool, adapters: Any) -> str:
    """Return what becomes of work with a new guest, and that its store cannot be used after a failure."""
    seen = list[Any]()
    imports = type("Imports", (), {"host": _Host(seen)})()
    preparation.request = partial(_REQUEST, inside=inside)  # type: ignore[assignment]
    with Hostile._open(text(), imports, adapters=adapters) as world:
        assert bool(host.adapters_of(world).inside) == (inside and adapters == "bytes")
        try:
            return f"{work(world, seen)} {seen}"
        except Exception as error:  # noqa: BLE001  (its class is compared)
            try:
                world.calls["mode"](0)
            except host.StoreDeadError:
                return type(error).__name__
            return f"{type(error).__name__}, and the store is usable"


_REQUEST = preparation.request


def _set_mode(world: Hostile, mode: int, name: str, *arguments: object) -> object:
    world.calls["mode"](mode)
    return world.calls[name](*arguments)


def cases() -> dict[str, Callable[[Hostile, list[Any]], object]]:
    """Return what is done, by what it is."""
    found: dict[str, Callable[[Hostile, list[Any]], object]] = {}
    for name in TYPES:
        for what, place in _bad_lists(name).items():
            for way in ("pass", "make"):
                found[f"{way} {name} {what}"] = lambda world, _, call=f"{way}-{name}", place=place: world.calls[call](
                    *place
                )
        for mode, what in enumerate(("good", "nonsense", "trap", "calls", "odd")):
            found[f"put {name} {what}"] = lambda world, _, mode=mode, name=name: _set_mode(
                world, mode, f"put-{name}", VALUES[name]
            )
            found[f"get {name} {what}"] = lambda world, _, mode=mode, name=name: _set_mode(world, mode, f"get-{name}")
    found["make bool"] = lambda world, _: world.calls["make-bool"](BOOLS, 4)
    found["pass bool"] = lambda world, _: world.calls["pass-bool"](BOOLS, 4)
    for way in ("make", "pass"):
        found[f"{way} strings"] = lambda world, _, call=f"{way}-string": world.calls[call](STRINGS, 1)
        found[f"{way} options"] = lambda world, _, call=f"{way}-option": world.calls[call](OPTIONS_AT, 1)
        found[f"{way} signs"] = lambda world, _, call=f"{way}-signs": world.calls[call](SIGNS_AT, 2)
    found["make char"] = lambda world, _: world.calls["make-char"](LAST_CHAR, 1)
    return found


if __name__ == "__main__":
    ways = {"plain": (False, "off"), "outside": (False, "bytes"), "inside": (True, "bytes")}
    for case, work in cases().items():
        outcomes = {way: _outcome(work, inside=i, adapters=a) for way, (i, a) in ways.items()}
        print(json.dumps([case, outcomes]), flush=True)
