"""A component that imports a resource (`thing`), exports one (`box`), and moves both around; with its bindings."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from types import ModuleType
from typing import Any, ClassVar, Self, cast

from witgen_runtime import abi, host
from witgen_runtime.host.capi.ffi import VERSION
from witgen_runtime.values import WitError

NAME = "test:things/things@1.0.0"

TEXT = """(component
  (import "test:things/things@1.0.0" (instance $h
    (export "thing" (type $thing (sub resource)))
    (export "[constructor]thing" (func (param "n" u32) (result (own $thing))))
    (export "[static]thing.find" (func (param "n" u32) (result (result (own $thing) (error string)))))
    (export "[method]thing.number" (func (param "self" (borrow $thing)) (result u32)))
    (export "sum" (func (param "a" (borrow $thing)) (param "b" (borrow $thing)) (result u32)))
    (export "take" (func (param "x" (own $thing))))
    (export "pass" (func (param "x" (list (own $thing))) (result (list (own $thing)))))))
  (alias export $h "thing" (type $thing))
  (core module $mm (memory (export "memory") 2) (global $p (mut i32) (i32.const 1024))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (local $r i32)
      (local.set $r (i32.and (i32.add (global.get $p) (i32.const 7)) (i32.const -8)))
      (global.set $p (i32.add (local.get $r) (local.get 3)))
      (if (i32.gt_u (global.get $p) (i32.const 100000)) (then (global.set $p (i32.const 1024)))) (local.get $r))
    (global $drops (mut i32) (i32.const 0))
    (func (export "dtor") (param i32) (global.set $drops (i32.add (global.get $drops) (local.get 0))))
    (func (export "drops") (result i32) (global.get $drops)))
  (core instance $mi (instantiate $mm))
  (alias core export $mi "memory" (core memory $memory))
  (alias core export $mi "realloc" (core func $realloc))
  (alias core export $mi "dtor" (core func $dtor))
  (type $box' (resource (rep i32) (dtor $DTOR)))
  (core func $new (canon resource.new $box')) (core func $rep (canon resource.rep $box'))
  (core func $drop-box (canon resource.drop $box'))
  (core func $drop (canon resource.drop $thing))
  (core func $make (canon lower (func $h "[constructor]thing")))
  (core func $find (canon lower (func $h "[static]thing.find") (memory $memory)
    (realloc $realloc)))
  (core func $number (canon lower (func $h "[method]thing.number")))
  (core func $sum (canon lower (func $h "sum")))
  (core func $take (canon lower (func $h "take")))
  (core func $pass (canon lower (func $h "pass") (memory $memory)
    (realloc $realloc)))
  (core module $m
    (import "" "new" (func $new (param i32) (result i32))) (import "" "rep" (func $rep (param i32) (result i32)))
    (import "" "drop-box" (func $drop-box (param i32))) (import "" "drop" (func $drop (param i32)))
    (import "" "make" (func $make (param i32) (result i32))) (import "" "find" (func $find (param i32 i32)))
    (import "" "number" (func $number (param i32) (result i32)))
    (import "" "sum" (func $sum (param i32 i32) (result i32)))
    (import "" "take" (func $take (param i32))) (import "" "pass" (func $pass (param i32 i32 i32)))
    (import "" "memory" (memory 2))
    (func (export "same") (param i32) (result i32) (local.get 0))
    (func (export "new") (param i32) (result i32) (call $new (local.get 0)))
    (func (export "rep") (param i32) (result i32) (local.get 0))
    (func (export "open") (param i32) (result i32) (local $x i32)
      (local.set $x (call $rep (local.get 0))) (call $drop-box (local.get 0)) (local.get $x))
    (func (export "make") (param i32) (result i32) (call $make (local.get 0)))
    (func (export "find") (param i32) (result i32) (call $find (local.get 0) (i32.const 16)) (i32.const 16))
    (func (export "numbers") (param i32 i32) (result i32) (local $x i32)
      (local.set $x (call $sum (local.get 0) (local.get 1)))
      (call $drop (local.get 0)) (call $drop (local.get 1)) (local.get $x))
    (func (export "number") (param i32) (result i32) (local $x i32)
      (local.set $x (call $number (local.get 0))) (call $drop (local.get 0)) (local.get $x))
    (func (export "cycle") (param i32) (result i32) (local $h i32) (local $x i32)
      (local.set $h (call $make (local.get 0))) (local.set $x (call $number (local.get $h)))
      (call $drop (local.get $h)) (local.get $x))
    (func (export "cycles") (param i32) (loop $l
      (if (local.get 0) (then (call $drop (call $make (local.get 0)))
        (local.set 0 (i32.sub (local.get 0) (i32.const 1))) (br $l)))))
    (func (export "give") (param i32) (call $take (call $make (local.get 0))))
    (func (export "keep") (param i32))
    (func (export "drop") (param i32) (call $drop (local.get 0)))
    (func (export "pass") (param i32 i32) (result i32)
      (call $pass (local.get 0) (local.get 1) (i32.const 16)) (i32.const 16))
    (func (export "boxes") (param i32 i32) (result i32)
      (i32.store (i32.const 16) (local.get 0)) (i32.store (i32.const 20) (local.get 1)) (i32.const 16))
    (func (export "trap") unreachable))
  (core instance $i (instantiate $m (with "" (instance
    (export "new" (func $new)) (export "rep" (func $rep)) (export "drop-box" (func $drop-box))
    (export "drop" (func $drop)) (export "make" (func $make)) (export "find" (func $find))
    (export "number" (func $number)) (export "sum" (func $sum))
    (export "take" (func $take)) (export "pass" (func $pass)) (export "memory" (memory $mi "memory"))))))
  (func $c-new (param "n" u32) (result (own $box')) (canon lift (core func $i "new")))
  (func $c-get (param "self" (borrow $box')) (result u32) (canon lift (core func $i "rep")))
  (func $c-open (param "x" (own $box')) (result u32) (canon lift (core func $i "open")))
  (func $c-boxes (param "x" (list (own $box'))) (result (list (own $box'))) (canon lift (core func $i "boxes")
    (memory $memory) (realloc $realloc)))
  (component $shim
    (import "box" (type $b (sub resource)))
    (import "new" (func $new (param "n" u32) (result (own $b))))
    (import "get" (func $get (param "self" (borrow $b)) (result u32)))
    (import "open" (func $open (param "x" (own $b)) (result u32)))
    (import "boxes" (func $boxes (param "x" (list (own $b))) (result (list (own $b)))))
    (export $e "box" (type $b))
    (export "[constructor]box" (func $new) (func (param "n" u32) (result (own $e))))
    (export "[method]box.get" (func $get) (func (param "self" (borrow $e)) (result u32)))
    (export "[static]box.open" (func $open) (func (param "x" (own $e)) (result u32)))
    (export "boxes" (func $boxes) (func (param "x" (list (own $e))) (result (list (own $e))))))
  (instance $api (instantiate $shim (with "box" (type $box')) (with "new" (func $c-new)) (with "get" (func $c-get))
    (with "open" (func $c-open)) (with "boxes" (func $c-boxes))))
  (export "test:things/api@1.0.0" (instance $api))
  (func (export "same") (param "x" (own $thing)) (result (own $thing)) (canon lift (core func $i "same")))
  (func (export "make") (param "n" u32) (result (own $thing)) (canon lift (core func $i "make")))
  (func (export "find") (param "n" u32) (result (result (own $thing) (error string)))
    (canon lift (core func $i "find") (memory $memory)))
  (func (export "numbers") (param "a" (borrow $thing)) (param "b" (borrow $thing)) (result u32)
    (canon lift (core func $i "numbers")))
  (func (export "number") (param "x" (borrow $thing)) (result u32) (canon lift (core func $i "number")))
  (func (export "cycle") (param "n" u32) (result u32) (canon lift (core func $i "cycle")))
  (func (export "cycles") (param "n" u32) (canon lift (core func $i "cycles")))
  (func (export "give") (param "n" u32) (canon lift (core func $i "give")))
  (func (export "keep") (param "x" (own $thing)) (canon lift (core func $i "keep")))
  (func (export "drop") (param "x" (own $thing)) (canon lift (core func $i "drop")))
  (func (export "pass") (param "x" (list (own $thing))) (result (list (own $thing)))
    (canon lift (core func $i "pass") (memory $memory) (realloc $realloc)))
  (func (export "drops") (result u32) (canon lift (core func $mi "drops")))
  (func (export "trap") (canon lift (core func $i "trap")))
)""".replace("$DTOR", "(func $dtor)" if int(VERSION.partition(".")[0]) < 48 else "$dtor")
"""Component text has changed in one place that no other form avoids."""


@dataclass(eq=False)
class FindError(WitError):
    value: str


THING = abi.Resource(NAME, "thing")
BOX = abi.Resource("test:things/api@1.0.0", "box")
_OWN, _BORROW = abi.Own(THING), abi.Borrow(THING)


def _function(
    name: str, result: abi.Type | None = None, /, *, raises: Any = None, of: Any = None, **params: abi.Type
) -> abi.Function:
    python = name.rsplit(".", maxsplit=1)[-1].rsplit("]", maxsplit=1)[-1]
    listed = tuple(abi.Param(param.rstrip("_"), param.rstrip("_"), type_) for param, type_ in params.items())
    return abi.Function(name, python, listed, result, raises, of)


FIND = abi.Result(_OWN, abi.STRING)
IMPORT = abi.Interface(
    NAME,
    ((THING, "Thing"),),
    (
        _function("[constructor]thing", _OWN, of=THING, n=abi.U32),
        _function("[static]thing.find", FIND, raises=FindError, of=THING, n=abi.U32),
        _function("[method]thing.number", abi.U32, of=THING, self_=_BORROW),
        _function("sum", abi.U32, a=_BORROW, b=_BORROW),
        _function("take", x=_OWN),
        _function("pass", abi.List(_OWN), x=abi.List(_OWN)),
    ),
)
EXPORTS = abi.Interface(
    "",
    (),
    (
        _function("same", _OWN, x=_OWN),
        _function("make", _OWN, n=abi.U32),
        _function("find", FIND, raises=FindError, n=abi.U32),
        _function("numbers", abi.U32, a=_BORROW, b=_BORROW),
        _function("number", abi.U32, x=_BORROW),
        _function("cycle", abi.U32, n=abi.U32),
        _function("cycles", n=abi.U32),
        _function("give", n=abi.U32),
        _function("keep", x=_OWN),
        _function("drop", x=_OWN),
        _function("pass", abi.List(_OWN), x=abi.List(_OWN)),
        _function("drops", abi.U32),
        _function("trap"),
    ),
)
API = abi.Interface(
    "test:things/api@1.0.0",
    ((BOX, "Box"),),
    (
        _function("[constructor]box", abi.Own(BOX), of=BOX, n=abi.U32),
        _function("[method]box.get", abi.U32, of=BOX, self_=abi.Borrow(BOX)),
        _function("[static]box.open", abi.U32, of=BOX, x=abi.Own(BOX)),
        _function("boxes", abi.List(abi.Own(BOX)), x=abi.List(abi.Own(BOX))),
    ),
)


class Thing(host.Resource):
    """What generated code has: the abstract base."""

    @abstractmethod
    def __init__(self, n: int) -> None: ...

    @classmethod
    @abstractmethod
    def find(cls, n: int) -> Self: ...

    @abstractmethod
    def number(self) -> int: ...


class Box(host.GuestResource):
    """A box."""

    @abstractmethod
    def __init__(self, n: int) -> None:
        """Make a box."""

    @abstractmethod
    def get(self) -> int:
        """Return what is in it."""

    @staticmethod
    @abstractmethod
    def open(x: Box) -> int: ...


module = ModuleType("bases")
module.Thing = Thing  # type: ignore[attr-defined]


class Counted(Thing):
    """The user's: remembers how often each number was dropped."""

    drops: ClassVar[list[int]] = []
    failing = False

    def __init__(self, n: int) -> None:
        if n == 666:
            raise RuntimeError("no such number")
        self.n = n

    @classmethod
    def find(cls, n: int) -> Self:
        if n > 99:
            raise FindError(f"{n} is too much")
        return cls(n)

    def number(self) -> int:
        return self.n

    def dropped(self) -> None:
        type(self).drops.append(self.n)
        if self.failing:
            raise RuntimeError("dropped failed")


class Things:
    """The user's implementation of the interface."""

    def __init__(self, thing: type[Counted]) -> None:
        self.Thing = thing
        self.taken: list[Counted] = []

    def sum(self, a: Counted, b: Counted) -> int:
        return a.n + b.n

    def take(self, x: Counted) -> None:
        self.taken.append(x)

    def pass_(self, x: list[Counted]) -> list[Counted]:
        return x[::-1]


setattr(Things, "pass", Things.pass_)


@dataclass
class Imports:
    things: Things


class World(host.World):
    _definition = host.Definition("test:things/world", (host.Import("things", IMPORT, module),), (EXPORTS, API))

    def _bind(self, instance: host.Instance) -> None:
        self.Box = cast("type[Box]", instance.resource(Box, BOX, API))
        self.boxes = instance.function(API.functions[3], API.name)
        for function in EXPORTS.functions:
            setattr(self, function.python, instance.function(function))

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)


def start(store: host.Store | None = None) -> tuple[Any, type[Counted], Things]:
    """Return a running world, the class of its things and the implementation."""

    class Mine(Counted):
        drops: ClassVar[list[int]] = []

    things = Things(Mine)
    world = World._instantiate(store, TEXT, Imports(things)) if store else World._open(TEXT, Imports(things))
    return world, Mine, things
