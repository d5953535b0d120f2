"""Which functions of Golem's packages a guest has called, out of those that WIT declares, and why some cannot be."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from witgen.golem import WIT
from witgen.wit.resolve import resolve_tree
from witgen.wit.tree import read_tree

__all__ = ["REASONS", "declared", "reason", "report"]

REASONS: Mapping[str, str] = {
    r"golem:api/oplog-processor#": "a plugin of the platform exports it; workers neither call nor export it",
    r"golem:durability/durability#read-": "only in a replay",
    r"golem:durability/durability#.*lazy-initialized-pollable": "workers have none, and say so",
    r"golem:rdbms/": "only a cluster has databases",
    r"wasi:http/incoming-handler#": "exported by web servers; wasmtime-py cannot make the request that it takes",
    r"wasi:http/types#\[method\]incoming-request\.": "comes with a call of the incoming handler alone",
    r"wasi:http/types#\[static\]response-outparam\.": "comes with a call of the incoming handler alone",
    r"wasi:keyvalue/handle-watch#": "not in Golem's world",
    r"wasi:sockets/(tcp|udp)#": "wasmtime-py (48 and newer) has no setting that allows sockets: none can be made",
    r"wasi:sockets/ip-name-lookup#\[method\]": "wasmtime-py (48 and newer) has no setting that allows name look-ups",
}
"""Why functions cannot be called, by a pattern of their names."""


def declared(wit: Path = WIT) -> dict[str, set[str]]:
    """Return the functions of every package of a tree, as `interface#function` without versions."""
    resolve = resolve_tree(read_tree(wit), (), all_features=False)
    found: dict[str, set[str]] = {}
    for interface in resolve.interfaces:
        package = resolve.packages[interface.package].name
        name = f"{package.namespace}:{package.name}"
        functions = {f"{name}/{interface.name}#{function}" for function in interface.functions}
        found.setdefault(name, set()).update(functions)
    return {name: functions for name, functions in sorted(found.items()) if functions}


def reason(function: str) -> str:
    """Return why a function cannot be called; nothing where it can."""
    return next((text for pattern, text in REASONS.items() if re.match(pattern, function)), "")


def report(called: Mapping[str, set[str]]) -> str:
    """Return a table: package, functions called, functions declared, and what is missing, with the reason."""
    lines: list[str] = []
    for package, functions in declared().items():
        missing = sorted(functions - called.get(package, set()))
        lines.append(f"{package:<16} {len(functions) - len(missing):>3} of {len(functions):>3}")
        grouped: dict[str, list[str]] = {}
        for function in missing:
            grouped.setdefault(reason(function) or "MISSING", []).append(function.removeprefix(f"{package}/"))
        for why, names in grouped.items():
            lines.append(f"    {', '.join(names)}: {why}" if len(names) < 4 else f"    {len(names)} functions: {why}")
    return "\n".join(lines)
