"""Components of random worlds as text, the way tools lay components out: types and imports first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from tests.adapters.random_drops import Drops
from tests.support.wit_text import definition
from witgen_runtime import abi
from witgen_runtime.host.adapters.compose.descriptors import Translation
from witgen_runtime.host.adapters.wasm.layout import flatten, layout_of

TYPES, A, B, OUT = "test:random/types", "test:random/a@0.1.0", "test:random/a@0.2.0", "test:random/out"
LABELS = {A: "a", B: "b", "": "root"}
"""Short names of the imports: two versions of one interface, and the world's own functions."""

Exports: TypeAlias = Mapping[str, Sequence[tuple[str, abi.Function]]]
"""Exported functions by interface: the interface and function that each passes on to."""

_ALLOCATOR = """
  (core module $mm (memory (export "memory") 2)
    (global $p (mut i32) (i32.const 1024)) (global $d (mut i32) (i32.const 0))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (local $r i32) (local $end i32)
      (if (local.get 0) (then unreachable))
      (local.set $r (i32.and (i32.add (global.get $p) (i32.sub (local.get 2) (i32.const 1)))
        (i32.sub (i32.const 0) (local.get 2))))
      (local.set $end (i32.add (local.get $r) (local.get 3)))
      (if (i32.gt_u (local.get $end) (i32.shl (memory.size) (i32.const 16)))
        (then (drop (memory.grow (i32.add (i32.const 1) (i32.shr_u (local.get 3) (i32.const 16)))))))
      (global.set $p (local.get $end)) (local.get $r))
    (func (export "enter") (global.set $d (i32.add (global.get $d) (i32.const 1))))
    (func $leave (export "leave") (global.set $d (i32.sub (global.get $d) (i32.const 1)))
      (if (i32.eqz (global.get $d)) (then (global.set $p (i32.const 1024)))))
    (func (export "leave-i32") (param i32) (call $leave)) (func (export "leave-i64") (param i64) (call $leave))
    (func (export "leave-f32") (param f32) (call $leave)) (func (export "leave-f64") (param f64) (call $leave)))
  (core instance $mi (instantiate $mm))
  (alias core export $mi "memory" (core memory $memory))
  (alias core export $mi "realloc" (core func $realloc))
  (alias core export $mi "leave" (core func $leave))
  (alias core export $mi "leave-i32" (core func $leave-i32))
  (alias core export $mi "leave-i64" (core func $leave-i64))
  (alias core export $mi "leave-f32" (core func $leave-f32))
  (alias core export $mi "leave-f64" (core func $leave-f64))
"""
_OPTIONS = "(memory $memory) (realloc $realloc)"


def exported(interface: str, function: abi.Function) -> str:
    """Return the name of what passes on to a function."""
    return f"{LABELS[interface]}-{function.python}"


def component_text(
    named: Sequence[Any], hold: abi.Record, imported: Mapping[str, Sequence[abi.Function]], exports: Exports
) -> str:
    """Return a component with these named types that imports `imported` and exports what passes on to it."""
    return _Text(named, hold).component(imported, exports)


class _Pass:
    """A function that passes a call on: its core code enters, calls the import, drops what it was lent, and returns."""

    def __init__(self, interface: str, function: abi.Function) -> None:
        self.interface, self.function = interface, function
        self.name = exported(interface, function)
        shapes = Translation().interface(abi.Interface("", (), (function,))).functions[0]
        flat = flatten([shape for _, shape in shapes.params])
        spilled = len(flat) > 16
        self.params = ["i32"] if spilled else [core.name.lower() for core in flat]
        self._drops = Drops([shape for _, shape in shapes.params], spilled=spilled)
        layout = layout_of(shapes.result) if shapes.result else None
        results = [core.name.lower() for core in layout.flat] if layout else []
        self.reserved = (layout.alignment, layout.size) if layout and len(results) > 1 else None
        self.returned = "i32" if self.reserved else "".join(results)

    def imported(self) -> str:
        """Return the import of the core module."""
        takes = " ".join([*self.params, *(["i32"] if self.reserved else [])])
        gives = f"(result {self.returned})" if self.returned and not self.reserved else ""
        return f'(import "h" "{self.name}" (func $i-{self.name} (param {takes}) {gives}))'

    def code(self) -> str:
        """Return the core function."""
        arguments = " ".join(f"(local.get {index})" for index in range(len(self.params)))
        result = f"(result {self.returned})" if self.returned else ""
        head = f'(func (export "{self.name}") (param {" ".join(self.params)}) {result}'
        if self.reserved:
            alignment, size = self.reserved
            room = f"(call $realloc (i32.const 0) (i32.const 0) (i32.const {alignment}) (i32.const {size}))"
            call = f"(local.set $r {room}) (call $i-{self.name} {arguments} (local.get $r))"
        else:
            call = f"(call $i-{self.name} {arguments})"
            call = f"(local.set $r {call})" if self.returned else call
        local, value = (f"(local $r {self.returned})", "(local.get $r)") if self.returned else ("", "")
        more = " ".join(f"(local {name} i32)" for name in self._drops.locals)
        return f"{head} {local} {more} (call $enter) {call} {self._drops.code} {value})"

    @property
    def called(self) -> str:
        """The component's function that is called."""
        if not self.interface:
            return f"(func ${self.function.name})"
        return f'(func ${LABELS[self.interface]} "{self.function.name}")'

    @property
    def leave(self) -> str:
        """The name of what ends the call."""
        return f"leave-{self.returned}" if self.returned else "leave"


def _code(passes: Sequence[_Pass]) -> str:
    """Return the core module and its instance."""
    lowered = " ".join(f"(core func $l-{each.name} (canon lower {each.called} {_OPTIONS}))" for each in passes)
    given = " ".join(f'(export "{each.name}" (func $l-{each.name}))' for each in passes)
    memory = """(import "m" "memory" (memory 1)) (import "m" "enter" (func $enter))
        (import "m" "realloc" (func $realloc (param i32 i32 i32 i32) (result i32)))
        (import "h" "drop" (func $drop (param i32)))"""
    code = " ".join([*(each.imported() for each in passes), *(each.code() for each in passes)])
    return f"""{lowered} (core module $m {memory} {code})
        (core instance $i (instantiate $m (with "m" (instance $mi))
          (with "h" (instance (export "drop" (func $drop)) {given}))))"""


class _Text:
    """Writes the component."""

    def __init__(self, named: Sequence[Any], hold: abi.Record) -> None:
        self._declared, self._hold = named, hold
        self._named = {id(type_): f"$n{i}" for i, type_ in enumerate(named)} | {id(hold): "$hold"}

    def ref(self, type_: abi.Type) -> str:
        """Return a type where it is used: the name of a named one."""
        name = self._named.get(id(type_))
        return name or self._definition(type_)

    def _definition(self, type_: abi.Type) -> str:
        match type_:
            case abi.Own():
                return "(own $thing)"
            case abi.Borrow():
                return "(borrow $thing)"
            case _:
                return definition(type_, self.ref)

    def _signature(self, function: abi.Function) -> str:
        params = " ".join(f'(param "{param.name}" {self.ref(param.type)})' for param in function.params)
        kind = "async " if function.is_async else ""
        return f"{kind}{params} (result {self.ref(function.result)})" if function.result else f"{kind}{params}"

    def component(self, imported: Mapping[str, Sequence[abi.Function]], exports: Exports) -> str:
        """Return the component."""
        passes = [_Pass(*each) for functions in exports.values() for each in functions]
        named = [(f"$n{i}", t.name, t) for i, t in enumerate(self._declared)]
        declared = " ".join(
            f'(type {n}d {self._definition(t)}) (export "{name}" (type {n} (eq {n}d)))' for n, name, t in named
        )
        aliases = " ".join(f'(alias export $types "{name}" (type {n}))' for n, name, _ in named)
        used = " ".join(
            f'(alias outer 1 {n} (type {n}o)) (export "{name}" (type {n} (eq {n}o)))' for n, name, _ in named
        )
        hold = f'(type $hd {self._definition(self._hold)}) (export "hold-type" (type $hold (eq $hd)))'
        functions = {
            name: " ".join(f'(export "{f.name}" (func {self._signature(f)}))' for f in functions)
            for name, functions in imported.items()
        }
        root = " ".join(f'(import "{f.name}" (func ${f.name} {self._signature(f)}))' for f in imported[""])
        thing = '(alias outer 1 $thing (type $to)) (export "thing" (type $thing (eq $to)))'
        return f"""(component
  (import "{TYPES}" (instance $types {declared})) {aliases}
  (import "{A}" (instance $a {used} (export "thing" (type $thing (sub resource))) {hold} {functions[A]}))
  (alias export $a "thing" (type $thing)) (alias export $a "hold-type" (type $hold))
  (import "{B}" (instance $b {used} {thing} {functions[B]}))
  {root} {_ALLOCATOR} (core func $drop (canon resource.drop $thing))
  {_code(passes)}
  {self._lifted(passes, exports)})"""

    def _lifted(self, passes: Sequence[_Pass], exports: Exports) -> str:
        """Return the exports: those of the world itself, and an instance with the others."""
        lifted = " ".join(
            f"(func $e-{each.name} {self._signature(each.function)}"
            f' (canon lift (core func $i "{each.name}") {_OPTIONS} (post-return ${each.leave})))'
            for each in passes
        )
        made = {
            place: " ".join(f'(export "{exported(*each)}" (func $e-{exported(*each)}))' for each in functions)
            for place, functions in exports.items()
        }
        (name,) = filter(None, exports)
        return f'{lifted} {made[""]} (instance $out {made[name]}) (export "{name}" (instance $out))'
