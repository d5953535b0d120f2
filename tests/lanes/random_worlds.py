"""Random worlds, and components of them: every exported function passes its call on to the import of the same type.

The component is written as text, the way tools lay components out: types and imports first. One interface declares
types, the others `use` them; one has a resource.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from witgen.runtime import abi, host
from witgen.runtime.host.lanes.descriptors import Translation
from witgen.runtime.host.lanes.layout import flatten, layout_of

from .random_types import Types

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
"""
_OPTIONS = '(memory (core memory $mi "memory")) (realloc (core func $mi "realloc"))'


class Thing(host.Resource):
    """The resource of random worlds."""


TYPES, A, B, OUT = "test:random/types", "test:random/a", "test:random/b", "test:random/out"


class RandomWorld:
    """A random world: descriptors, and the text of its component. Functions of `a` and `b`, named after both."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.types = Types(self.random)
        self.thing = abi.Resource(A, "thing")
        self._shared = [self.types.any() for _ in range(self.random.randint(1, 4))]
        self.functions = {
            name: [self._function(number) for number in range(self.random.randint(1, 3))] for name in (A, B)
        }
        self.hold = self.types.record((abi.Own(self.thing), abi.List(abi.U8), abi.STRING))
        if self.random.random() < 0.5:
            self.functions[A].append(_function("hold", [self.hold], self.hold))
        self.types.named.remove(self.hold)
        self.text = _Text(self).component()
        self.definition = self._definition()

    def _function(self, number: int) -> abi.Function:
        random = self.random
        params = [
            random.choice(self._shared) if random.random() < 0.4 else self.types.any(2)
            for _ in range(random.choice([0, 1, 1, 2, 3, 9]))
        ]
        result = random.choice(params) if params and random.random() < 0.7 else self.types.any(2)
        if random.random() < 0.3:
            params.insert(0, abi.Borrow(self.thing))
        elif random.random() < 0.2:
            params.insert(0, abi.Own(self.thing))
            result = abi.Tuple((params[0], result))
        return _function(f"f{number}", params, result if random.random() < 0.9 else None)

    def exports(self) -> dict[str, list[tuple[str, abi.Function]]]:
        """Return the exported functions by interface, with the function of the import that each passes on to."""
        exported: dict[str, list[tuple[str, abi.Function]]] = {"": [], OUT: []}
        for interface, functions in self.functions.items():
            for index, function in enumerate(functions):
                exported["" if index % 2 else OUT].append((interface, function))
        return exported

    def _definition(self) -> host.Definition:
        imports = [
            host.Import(name[-1], abi.Interface(name, ((self.thing, "Thing"),) if name == A else (), tuple(functions)))
            for name, functions in self.functions.items()
        ]
        exports = [
            abi.Interface(
                name, (), tuple(_function(exported(*each), each[1].params, each[1].result) for each in functions)
            )
            for name, functions in self.exports().items()
            if functions
        ]
        return host.Definition("test:random/random", tuple(imports), tuple(exports))


def exported(interface: str, function: abi.Function) -> str:
    """Return the name of what passes on to a function."""
    return f"{interface[-1]}-{function.name}"


def _function(name: str, params: Sequence[abi.Type | abi.Param], result: abi.Type | None) -> abi.Function:
    listed = [p if isinstance(p, abi.Param) else abi.Param(f"p{i}", f"p{i}", p) for i, p in enumerate(params)]
    return abi.Function(name, name.replace("-", "_"), tuple(listed), result)


class _Text:
    """Writes the component."""

    def __init__(self, world: RandomWorld) -> None:
        self._world = world
        self._flat = Translation().interface
        self._named = {id(type_): f"$n{i}" for i, type_ in enumerate(world.types.named)} | {id(world.hold): "$hold"}

    def ref(self, type_: abi.Type) -> str:
        """Return a type where it is used: the name of a named one."""
        name = self._named.get(id(type_))
        return name or self._definition(type_)

    def _definition(self, type_: abi.Type) -> str:
        match type_:
            case abi.Prim():
                return type_.value
            case abi.Record():
                return "(record " + " ".join(f'(field "{f.name}" {self.ref(f.type)})' for f in type_.fields) + ")"
            case abi.Variant():
                cases = (f'(case "{c.name}" {self.ref(c.payload) if c.payload else ""})' for c in type_.cases)
                return "(variant " + " ".join(cases) + ")"
            case abi.Enum():
                return "(enum " + " ".join(f'"{c}"' for c in type_.cases) + ")"
            case abi.Flags():
                return "(flags " + " ".join(f'"{c}"' for c in type_.flags) + ")"
            case abi.Tuple():
                return "(tuple " + " ".join(self.ref(t) for t in type_.types) + ")"
            case abi.Option():
                return f"(option {self.ref(type_.type)})"
            case abi.List():
                return f"(list {self.ref(type_.element)})"
            case abi.Result():
                ok = self.ref(type_.ok) if type_.ok else ""
                err = f"(error {self.ref(type_.err)})" if type_.err else ""
                return f"(result {ok} {err})"
            case abi.Own():
                return "(own $thing)"
            case abi.Borrow():
                return "(borrow $thing)"
            case _:
                raise NotImplementedError(type_)

    def _signature(self, function: abi.Function) -> str:
        params = " ".join(f'(param "{param.name}" {self.ref(param.type)})' for param in function.params)
        return f"{params} (result {self.ref(function.result)})" if function.result else params

    def component(self) -> str:
        world = self._world
        named = [(f"$n{i}", getattr(t, "name"), t) for i, t in enumerate(world.types.named)]
        declared = " ".join(
            f'(type {n}d {self._definition(t)}) (export "{name}" (type {n} (eq {n}d)))' for n, name, t in named
        )
        aliases = " ".join(f'(alias export $types "{name}" (type {n}))' for n, name, _ in named)
        used = " ".join(
            f'(alias outer 1 {n} (type {n}o)) (export "{name}" (type {n} (eq {n}o)))' for n, name, _ in named
        )
        hold = f'(type $hd {self._definition(world.hold)}) (export "hold-type" (type $hold (eq $hd)))'
        functions = {
            name: " ".join(f'(export "{f.name}" (func {self._signature(f)}))' for f in functions)
            for name, functions in world.functions.items()
        }
        thing = '(alias outer 1 $thing (type $to)) (export "thing" (type $thing (eq $to)))'
        return f"""(component
  (import "{TYPES}" (instance $types {declared})) {aliases}
  (import "{A}" (instance $a {used} (export "thing" (type $thing (sub resource))) {hold} {functions[A]}))
  (alias export $a "thing" (type $thing)) (alias export $a "hold-type" (type $hold))
  (import "{B}" (instance $b {used} {thing} {functions[B]}))
  {_ALLOCATOR} (core func $drop (canon resource.drop $thing))
  {self._code()}
  {self._lifted()})"""

    def _all(self) -> list[tuple[str, abi.Function]]:
        return [each for functions in self._world.exports().values() for each in functions]

    def _code(self) -> str:
        """Return the core module: each function enters, calls the import, drops what it was lent, and returns."""
        lowered, imports, given, code = list[str](), list[str](), list[str](), list[str]()
        for interface, function in self._all():
            name = exported(interface, function)
            shapes = self._flat(abi.Interface("", (), (function,))).functions[0]
            flat = flatten([shape for _, shape in shapes.params])
            params = ["i32"] if len(flat) > 16 else [core.name.lower() for core in flat]
            results = [core.name.lower() for core in layout_of(shapes.result).flat] if shapes.result else []
            in_memory = len(results) > 1
            lowered.append(f'(core func $l-{name} (canon lower (func ${interface[-1]} "{function.name}") {_OPTIONS}))')
            given.append(f'(export "{name}" (func $l-{name}))')
            takes = " ".join([*params, *(["i32"] if in_memory else [])])
            gives = "" if in_memory or not results else f"(result {results[0]})"
            imports.append(f'(import "h" "{name}" (func $i-{name} (param {takes}) {gives}))')
            size, alignment = (
                (layout_of(shapes.result).size, layout_of(shapes.result).alignment) if shapes.result else (0, 1)
            )
            reserve = (
                f"(local.set $r (call $realloc (i32.const 0) (i32.const 0) (i32.const {alignment}) (i32.const {size})))"
            )
            arguments = " ".join(f"(local.get {i})" for i in range(len(params))) + (
                " (local.get $r)" if in_memory else ""
            )
            call = f"(call $i-{name} {arguments})"
            lends = function.params and isinstance(function.params[0].type, abi.Borrow)
            handle = "(i32.load (local.get 0))" if len(flat) > 16 else "(local.get 0)"
            drop = f"(call $drop {handle})" if lends else ""
            returned = "i32" if in_memory else results[0] if results else ""
            code.append(
                f'(func (export "{name}") (param {" ".join(params)}) {f"(result {returned})" if returned else ""} (local $r i32) '
                f"{f'(local $v {returned})' if returned and not in_memory else ''} (call $enter) {reserve if in_memory else ''} "
                + (
                    f"{call} {drop} (local.get $r))"
                    if in_memory
                    else f"(local.set $v {call}) {drop} (local.get $v))"
                    if returned
                    else f"{call} {drop})"
                )
            )
        memory = (
            '(import "m" "memory" (memory 1)) (import "m" "realloc" (func $realloc (param i32 i32 i32 i32) (result i32)))'
            '(import "m" "enter" (func $enter)) (import "h" "drop" (func $drop (param i32)))'
        )
        return (
            f"{' '.join(lowered)} (core module $m {memory} {' '.join(imports)} {' '.join(code)})"
            f'(core instance $i (instantiate $m (with "m" (instance $mi)) (with "h" (instance (export "drop" (func $drop)) {" ".join(given)}))))'
        )

    def _lifted(self) -> str:
        """Return the exports: those of the world itself, and an instance with the others."""
        made, inside = list[str](), list[str]()
        for place, functions in self._world.exports().items():
            for interface, function in functions:
                name = exported(interface, function)
                shapes = self._flat(abi.Interface("", (), (function,))).functions[0]
                flat = layout_of(shapes.result).flat if shapes.result else ()
                leave = "leave" if not flat else f"leave-{flat[0].name.lower()}" if len(flat) == 1 else "leave-i32"
                lift = f'(canon lift (core func $i "{name}") {_OPTIONS} (post-return (core func $mi "{leave}")))'
                made.append(f"(func $e-{name} {self._signature(function)} {lift})")
                if place:
                    inside.append(f'(export "{name}" (func $e-{name}))')
                else:
                    made.append(f'(export "{name}" (func $e-{name}))')
        return f'{" ".join(made)} (instance $out {" ".join(inside)}) (export "{OUT}" (instance $out))'
