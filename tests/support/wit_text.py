"""How component text writes types."""

from __future__ import annotations

from collections.abc import Callable

from witgen_runtime import abi


def definition(type_: abi.Type, ref: Callable[[abi.Type], str]) -> str:
    """Return the definition of a type; `ref` returns what stands for a part of it."""
    match type_:
        case abi.Prim():
            return type_.value
        case abi.Record():
            return "(record " + " ".join(f'(field "{f.name}" {ref(f.type)})' for f in type_.fields) + ")"
        case abi.Variant():
            cases = (f'(case "{c.name}" {ref(c.payload) if c.payload else ""})' for c in type_.cases)
            return "(variant " + " ".join(cases) + ")"
        case abi.Enum():
            return "(enum " + " ".join(f'"{c}"' for c in type_.cases) + ")"
        case abi.Flags():
            return "(flags " + " ".join(f'"{c}"' for c in type_.flags) + ")"
        case abi.Tuple():
            return "(tuple " + " ".join(ref(t) for t in type_.types) + ")"
        case abi.Option():
            return f"(option {ref(type_.type)})"
        case abi.List():
            return f"(list {ref(type_.element)})"
        case abi.Map():
            return f"(map {ref(type_.key)} {ref(type_.value)})"
        case abi.Result():
            ok = ref(type_.ok) if type_.ok else ""
            err = f"(error {ref(type_.err)})" if type_.err else ""
            return f"(result {ok} {err})"
        case _:
            raise NotImplementedError(type_)
