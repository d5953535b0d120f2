"""Components that do nothing but pass on: each export calls the import of the same name with what it was given.

Values in memory need no conversion, because the import finds them where the export got them. Handles of resources that
the component exports itself stand for handles of the imported ones; that is done for parameters and results which are
handles, not for those inside other values.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.support.wasm_tools import WASM_TOOLS, component
from witgen_runtime import abi

_SIGNATURE = r"\(func \(;(\d+);\) \(type \d+\)((?: \([^)]*\))*)"
_IMPORT = re.compile(rf'^  \(import "([^"]+)" "([^"]+)" {_SIGNATURE}\)\)$', re.MULTILINE)
_EXPORT = re.compile(r'^  \(export "([^"]+)" \(func (\d+)\)\)$', re.MULTILINE)
_FUNC = re.compile(f"^  {_SIGNATURE}", re.MULTILINE)

_RESULTS = 64
"""Where the results of imports are stored, with room for 4 KiB."""

_MEMORY = """
  (memory (export "memory") 2)
  (global $free (mut i32) (i32.const 4224))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (local $start i32)
    (local.set $start (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
    (global.set $free (i32.add (local.get $start) (local.get 3)))
    (if (i32.gt_u (global.get $free) (i32.mul (memory.size) (i32.const 65536)))
      (then (drop (memory.grow (i32.add (i32.const 1) (i32.shr_u (local.get 3) (i32.const 16)))))))
    (local.get $start))
  (func $reset (global.set $free (i32.const 4224)))"""


@dataclass(frozen=True)
class _Core:
    """A function of a core module."""

    index: int
    params: tuple[str, ...]
    results: tuple[str, ...]

    @classmethod
    def parse(cls, index: str, signature: str) -> _Core:
        kinds = {kind: tuple(types.split()) for kind, types in re.findall(r"\((param|result) ([^)]*)\)", signature)}
        return cls(int(index), kinds.get("param", ()), kinds.get("result", ()))


def forwarder(wit: Path, exports: Mapping[str, abi.Interface], out: Path) -> None:
    """Make a component of a package's world; `exports` are its interfaces by name, its own functions under ""."""
    command = [str(WASM_TOOLS), "component", "embed", "--dummy-names", "legacy", "-t", str(wit)]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    core = out.with_suffix(".wat")
    core.write_text(_Module(text, exports).text())
    component(wit, None, core, out)


class _Module:
    def __init__(self, dummy: str, exports: Mapping[str, abi.Interface]) -> None:
        self._types = [line for line in dummy.splitlines() if line.startswith("  (type")]
        found = list(_IMPORT.finditer(dummy))
        self._lines = [match[0] for match in found]
        self._imports = {(match[1], match[2]): _Core.parse(match[3], match[4]) for match in found}
        functions = {match[1]: _Core.parse(match[1], match[2]) for match in _FUNC.finditer(dummy)}
        self._exports = {match[1]: functions[match[2]] for match in _EXPORT.finditer(dummy)}
        self._known = exports

    def text(self) -> str:
        return "\n".join(("(module", *self._types, *self._lines, _MEMORY, *self._functions(), ")"))

    def _functions(self) -> Iterator[str]:
        for name, function in self._exports.items():
            if name in {"cabi_realloc", "_initialize"}:
                continue
            params = "".join(f" (param {each})" for each in function.params)
            results = "".join(f" (result {each})" for each in function.results)
            body = "\n    ".join(self._body(name, function))
            yield f'  (func (export "{name}"){params}{results}\n    {body})'

    def _body(self, name: str, function: _Core) -> Iterator[str]:
        if name.startswith("cabi_post_"):
            yield "(call $reset)"
            return
        interface, _, item = name.rpartition("#")
        if item.startswith("[dtor]"):
            dropped = self._imports[interface, "[resource-drop]" + item.removeprefix("[dtor]")]
            yield f"(call {dropped.index} (local.get 0))"
            return
        target = self._imports.get((interface or "$root", item))
        described = next((each for each in self._known[interface].functions if each.name == item), None)
        if target is None or described is None:
            yield "unreachable"
            return
        yield from self._call(interface, function, target, described)

    def _call(self, interface: str, function: _Core, target: _Core, described: abi.Function) -> Iterator[str]:
        arguments = {index: f"(local.get {index})" for index in range(len(function.params))}
        handles = dict(_handles(described)) if _flat_params(described) == len(function.params) else {}
        for index, type_ in handles.items():
            if isinstance(type_, abi.Own) and self._is_own(interface, type_.resource):
                arguments[index] = f"(call {self._of(interface, 'rep', type_.resource)} {arguments[index]})"
        stored = len(target.params) > len(function.params)
        listed = [*arguments.values(), *([f"(i32.const {_RESULTS})"] if stored else [])]
        call = f"(call {target.index} {' '.join(listed)})"
        result = described.result
        if isinstance(result, abi.Own) and self._is_own(interface, result.resource):
            call = f"(call {self._of(interface, 'new', result.resource)} {call})"
        yield call
        ok = result.ok if isinstance(result, abi.Result) else None
        if isinstance(ok, abi.Own) and self._is_own(interface, ok.resource):
            new, payload = self._of(interface, "new", ok.resource), f"(i32.const {_RESULTS + 4})"
            is_ok = f"(i32.eqz (i32.load8_u (i32.const {_RESULTS})))"
            yield f"(if {is_ok} (then (i32.store {payload} (call {new} (i32.load {payload})))))"
        for index, type_ in handles.items():
            if isinstance(type_, abi.Borrow) and not self._is_own(interface, type_.resource):
                drop = self._imports[type_.resource.interface, f"[resource-drop]{type_.resource.name}"]
                yield f"(call {drop.index} (local.get {index}))"
        if stored and function.results:
            yield f"(i32.const {_RESULTS})"

    def _is_own(self, interface: str, resource: abi.Resource) -> bool:
        return ("[export]" + interface, "[resource-new]" + resource.name) in self._imports

    def _of(self, interface: str, verb: str, resource: abi.Resource) -> int:
        return self._imports["[export]" + interface, f"[resource-{verb}]{resource.name}"].index


def _handles(function: abi.Function) -> Iterator[tuple[int, abi.Own | abi.Borrow]]:
    position = 0
    for param in function.params:
        if isinstance(param.type, (abi.Own, abi.Borrow)):
            yield position, param.type
        position += _flat(param.type)


def _flat_params(function: abi.Function) -> int:
    return sum(_flat(param.type) for param in function.params)


def _flat(type_: abi.Type | None) -> int:
    """Return how many core values stand for a type (CanonicalABI.md, "Flattening")."""
    match type_:
        case None:
            return 0
        case abi.Record():
            return sum(_flat(field.type) for field in type_.fields)
        case abi.Tuple():
            return sum(map(_flat, type_.types))
        case abi.Variant():
            return 1 + max(_flat(case.payload) for case in type_.cases)
        case abi.Option():
            return 1 + _flat(type_.type)
        case abi.Result():
            return 1 + max(_flat(type_.ok), _flat(type_.err))
        case abi.List() | abi.Map() | abi.STRING:
            return 2
        case _:
            return 1
