"""The component behind the files of workers: it calls wasmtime's own `wasi:filesystem` for Python.

Python passes the guest's handles to it, which are wasmtime's, so no name leads out of the folders that wasmtime has
opened. All functions have the same form and are generated from their types.
"""

from __future__ import annotations

from typing import Final

from witgen_runtime import abi
from witgen_runtime.host.wasi.internal_component import MEMORY

from .filesystem_types import FUNCTIONS, GET_DIRECTORIES, NEXT_ENTRY

__all__ = ["COMPONENT", "export_name"]


def export_name(function: abi.Function) -> str:
    """Return the name of a function in the component."""
    return function.python.replace("_", "-")


def _type(type_: abi.Type | None) -> str:
    """Return a type as component text; types with names are referred to by name."""
    match type_:
        case abi.Own() | abi.Borrow():
            return f"({type(type_).__name__.lower()} ${type_.resource.name})"
        case abi.Prim():
            return type_.value
        case abi.List():
            return f"(list {_type(type_.element)})"
        case abi.Option():
            return f"(option {_type(type_.type)})"
        case abi.Tuple():
            return f"(tuple {' '.join(map(_type, type_.types))})"
        case abi.Result():
            ok = "" if type_.ok is None else f" {_type(type_.ok)}"
            return f"(result{ok} (error {_type(type_.err)}))"
        case abi.Record() | abi.Variant() | abi.Enum() | abi.Flags():
            return f"${type_.name}"
        case _:
            raise TypeError(f"no text for {type_}")


def _definition(type_: abi.Type) -> str:
    match type_:
        case abi.Record():
            return "(record " + " ".join(f'(field "{each.name}" {_type(each.type)})' for each in type_.fields) + ")"
        case abi.Variant():
            cases = (f'"{each.name}" {_type(each.payload) if each.payload else ""}' for each in type_.cases)
            return "(variant " + " ".join(f"(case {each})" for each in cases) + ")"
        case abi.Enum():
            return "(enum " + " ".join(f'"{each}"' for each in type_.cases) + ")"
        case abi.Flags():
            return "(flags " + " ".join(f'"{each}"' for each in type_.flags) + ")"
        case _:
            raise TypeError(f"{type_} has no definition of its own")


def _named(type_: abi.Type | None, found: dict[str, abi.Type]) -> None:
    """Collect the types with names, each after the types that it uses."""
    match type_:
        case abi.Record():
            for field in type_.fields:
                _named(field.type, found)
        case abi.Variant():
            for case in type_.cases:
                _named(case.payload, found)
        case abi.Result():
            _named(type_.ok, found)
            _named(type_.err, found)
        case abi.Option():
            _named(type_.type, found)
        case _:
            pass
    if isinstance(type_, (abi.Record, abi.Variant, abi.Enum, abi.Flags)):
        found[type_.name] = type_


def _signature(function: abi.Function) -> str:
    params = " ".join(f'(param "{each.name}" {_type(each.type)})' for each in function.params)
    return f"{params} (result {_type(function.result)})"


def _flat(type_: abi.Type | None) -> list[str]:
    """Return the flattened core types of a parameter (CanonicalABI.md, "Flattening")."""
    match type_:
        case None:
            return []
        case abi.List() | abi.STRING:
            return ["i32", "i32"]
        case abi.U64:
            return ["i64"]
        case abi.Record():
            return [core for field in type_.fields for core in _flat(field.type)]
        case abi.Variant():
            # At most one case of these variants has a payload.
            return ["i32", *(core for case in type_.cases for core in _flat(case.payload))]
        case _:
            return ["i32"]


def _core(function: abi.Function) -> tuple[str, str]:
    """Return the import and the export of the core module: the export calls, then drops the lent handles."""
    flat = [core for param in function.params for core in _flat(param.type)]
    place, drops = 0, ""
    for param in function.params:
        if isinstance(param.type, abi.Borrow):
            drops += f"(call $drop-{param.type.resource.name} (local.get {place})) "
        place += len(_flat(param.type))
    params = f"(param {' '.join(flat)})" if flat else ""
    given = " ".join(f"(local.get {index})" for index in range(len(flat)))
    name = export_name(function)
    return (
        f'(import "" "{name}" (func ${name} (param {" ".join([*flat, "i32"])})))',
        f'''(func (export "{name}") {params} (result i32)
      (call ${name} {given} (i32.const 0)) (call $forget) {drops}(i32.const 0))''',
    )


_TEMPLATE: Final = """\
(component
  (import "wasi:clocks/wall-clock@0.2.0" (instance $clock
    (type $datetime-type {datetime}) (export "datetime" (type $datetime (eq $datetime-type)))))
  (alias export $clock "datetime" (type $datetime))
  (import "wasi:filesystem/types@0.2.0" (instance $types
    (alias outer 1 $datetime (type $outer-datetime)) (export "datetime" (type $datetime (eq $outer-datetime)))
    (export "descriptor" (type $descriptor (sub resource)))
    (export "directory-entry-stream" (type $directory-entry-stream (sub resource)))
    {types}
    {methods}))
  (alias export $types "descriptor" (type $descriptor))
  (alias export $types "directory-entry-stream" (type $directory-entry-stream))
  {aliases}
  (import "wasi:filesystem/preopens@0.2.0" (instance $preopens
    (alias outer 1 $descriptor (type $outer-descriptor))
    (export "descriptor" (type $descriptor (eq $outer-descriptor)))
    {preopens}))
{memory}
  {lowered}
  (core func $drop-descriptor (canon resource.drop $descriptor))
  (core func $drop-directory-entry-stream (canon resource.drop $directory-entry-stream))
  (core module $main-module
    (import "" "forget" (func $forget))
    (import "" "drop-descriptor" (func $drop-descriptor (param i32)))
    (import "" "drop-directory-entry-stream" (func $drop-directory-entry-stream (param i32)))
    {imports}
    {exports})
  (core instance $main (instantiate $main-module (with "" (instance
    (export "forget" (func $memory "forget"))
    (export "drop-descriptor" (func $drop-descriptor))
    (export "drop-directory-entry-stream" (func $drop-directory-entry-stream))
    {handed}))))
  {lifted})
"""


def _declared(function: abi.Function) -> str:
    return f'(export "{function.name}" (func {_signature(function)}))'


def _lowered(instance: str, function: abi.Function) -> str:
    name = export_name(function)
    return (
        f'(alias export {instance} "{function.name}" (func ${name}))\n'
        f"  (core func ${name} (canon lower (func ${name}) (memory $mem) (realloc $realloc)))"
    )


def _lifted(function: abi.Function) -> str:
    name = export_name(function)
    return (
        f'(func (export "{name}") {_signature(function)}\n'
        f'    (canon lift (core func $main "{name}") (memory $mem) (realloc $realloc)))'
    )


def _made() -> str:
    methods = [*FUNCTIONS.values(), NEXT_ENTRY]
    functions = [*methods, GET_DIRECTORIES]
    found: dict[str, abi.Type] = {}
    for function in functions:
        for type_ in (*(param.type for param in function.params), function.result):
            _named(type_, found)
    datetime = _definition(found.pop("datetime"))
    types = (
        f'(type ${name}-type {_definition(each)}) (export "{name}" (type ${name} (eq ${name}-type)))'
        for name, each in found.items()
    )
    return _TEMPLATE.format(
        datetime=datetime,
        types="\n    ".join(types),
        methods="\n    ".join(map(_declared, methods)),
        aliases="\n  ".join(f'(alias export $types "{name}" (type ${name}))' for name in found),
        preopens=_declared(GET_DIRECTORIES),
        memory=MEMORY,
        lowered="\n  ".join([*(_lowered("$types", each) for each in methods), _lowered("$preopens", GET_DIRECTORIES)]),
        imports="\n    ".join(_core(each)[0] for each in functions),
        exports="\n    ".join(_core(each)[1] for each in functions),
        handed=" ".join(f'(export "{export_name(each)}" (func ${export_name(each)}))' for each in functions),
        lifted="\n  ".join(map(_lifted, functions)),
    )


COMPONENT: Final = _made()
