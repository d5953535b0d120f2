"""Components that give back what they are given, for any type: as component text made from descriptors.

The parameter is followed by a tuple of so many bytes that the ABI passes both in memory, and the result is the tuple of
both: its layout is that of the parameters, so the core function returns the pointer that it got.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from tests.support.wit_text import definition
from witgen_runtime import abi, host

PAD = abi.Tuple((abi.U8,) * 17)
PADDING = (0,) * 17

HOST = "test:echo/host"


class Text:
    """Writes types as component text. Named types are exported by the imported instance, in order of their use."""

    def __init__(self) -> None:
        self.named: list[tuple[str, str]] = []
        self._done: dict[int, str] = {}

    def ref(self, type_: abi.Type) -> str:
        match type_:
            case abi.Record() | abi.Variant() | abi.Enum() | abi.Flags():
                if id(type_) not in self._done:
                    text = definition(type_, self.ref)
                    self._done[id(type_)] = f"$n{len(self.named)}"
                    self.named.append((f"t{len(self.named)}", text))
                return self._done[id(type_)]
            case _:
                return definition(type_, self.ref)


def signature(text: Text, type_: abi.Type) -> str:
    ref = text.ref(type_)
    pad = text.ref(PAD)
    return f'(param "a" {ref}) (param "pad" {pad}) (result (tuple {ref} {pad}))'


def echo_text(types: dict[str, abi.Type]) -> str:
    """Return a component that exports `NAME` (gives back) and `h-NAME` (asks the host's `NAME`) for every type."""
    text = Text()
    signatures = {name: signature(text, type_) for name, type_ in types.items()}
    declared = "\n".join(
        f'(type $d{i} {body}) (export "{name}" (type $n{i} (eq $d{i})))' for i, (name, body) in enumerate(text.named)
    )
    aliases = "\n".join(f'(alias export $h "{name}" (type $n{i}))' for i, (name, _) in enumerate(text.named))
    imports = "\n".join(f'(export "{name}" (func {sig}))' for name, sig in signatures.items())
    options = "(memory $memory) (realloc $realloc)"
    lowered = "\n".join(f'(core func $l-{name} (canon lower (func $h "{name}") {options}))' for name in types)
    core_imports = "\n".join(f'(import "h" "{name}" (func $i-{name} (param i32 i32)))' for name in types)
    core = "\n".join(
        f'(func (export "{name}") (param i32) (result i32) (local.get 0))'
        f'(func (export "h-{name}") (param i32) (result i32)'
        f" (call $i-{name} (local.get 0) (i32.const 64)) (i32.const 64))"
        for name in types
    )
    given = " ".join(f'(export "{name}" (func $l-{name}))' for name in types)
    reset = "(post-return $reset)"
    exports = "\n".join(
        f'(func (export "{prefix}{name}") {sig} (canon lift (core func $i "{prefix}{name}") {options} {reset}))'
        for name, sig in signatures.items()
        for prefix in ("", "h-")
    )
    return f"""(component
      (import "{HOST}" (instance $h {declared} {imports}))
      {aliases}
      (core module $mm (memory (export "memory") 16)
        (global $p (mut i32) (i32.const 65536))
        (func (export "realloc") (param i32 i32 i32 i32) (result i32) (local $r i32) (local $end i32)
          (local.set $r (i32.and (i32.add (global.get $p) (i32.const 7)) (i32.const -8)))
          (local.set $end (i32.add (local.get $r) (local.get 3)))
          (if (i32.gt_u (local.get $end) (i32.mul (memory.size) (i32.const 65536)))
            (then (drop (memory.grow (i32.add (i32.const 1) (i32.div_u (local.get 3) (i32.const 65536)))))))
          (global.set $p (local.get $end))
          (local.get $r))
        (func (export "reset") (param i32) (global.set $p (i32.const 65536))))
      (core instance $mi (instantiate $mm))
      (alias core export $mi "memory" (core memory $memory))
      (alias core export $mi "realloc" (core func $realloc))
      (alias core export $mi "reset" (core func $reset))
      {lowered}
      (core module $m {core_imports} {core})
      (core instance $i (instantiate $m (with "h" (instance {given}))))
      {exports}
    )"""


def echo_function(name: str, type_: abi.Type, python: str = "echo") -> abi.Function:
    params = (abi.Param("a", "a", type_), abi.Param("pad", "pad", PAD))
    return abi.Function(name, python, params, abi.Tuple((type_, PAD)))


@dataclass
class Echo:
    """An echo component at work: `there` calls the export, `back` calls the export that asks the host."""

    world: host.World
    there: Callable[[Any], Any]
    back: Callable[[Any], Any]
    seen: list[Any]


class _Host:
    def __init__(self) -> None:
        self.seen: list[Any] = []
        self.answer: Callable[[Any], Any] = lambda value: value

    def echo(self, a: Any, pad: Any) -> Any:
        self.seen.append(a)
        return self.answer(a), pad


def echo(
    type_: abi.Type,
    store: host.Store | None = None,
    answer: Callable[[Any], Any] | None = None,
    *,
    adapters: Literal["auto", "bytes", "off"] | None = None,
) -> Echo:
    """Return an echo component for one type."""
    function = echo_function("echo", type_)
    exports = abi.Interface("", (), (echo_function("echo", type_, "there"), echo_function("h-echo", type_, "back")))
    interface = abi.Interface(HOST, (), (function,))

    class EchoWorld(host.World):
        _definition = host.Definition("test:echo/echo", (host.Import("host", interface),), (exports,))

        def _bind(self, instance: host.Instance) -> None:
            self.instance = instance
            self.there, self.back = (instance.function(f) for f in exports.functions)

    class Imports:
        host = _Host()

    Imports.host = _Host()
    if answer is not None:
        Imports.host.answer = answer
    text = echo_text({"echo": type_})
    if store:
        world = EchoWorld._instantiate(store, text, Imports(), adapters=adapters)
    else:
        world = EchoWorld._open(text, Imports(), adapters=adapters)
    return Echo(
        world,
        lambda value: world.there(value, PADDING)[0],
        lambda value: world.back(value, PADDING)[0],
        Imports.host.seen,
    )
