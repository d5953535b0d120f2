"""Names the WebAssembly feature that a component needs and its engine lacks, and how to enable it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import wasmtime

from .ffi import SUPPORTED, VERSION

__all__ = ["ASYNC", "Feature", "explain", "missing_feature"]


@dataclass(frozen=True, slots=True)
class Feature:
    """A part of WebAssembly; `setting` is the attribute of `wasmtime.Config` that switches it on."""

    name: str
    setting: str = ""


ASYNC: Final = Feature("the async part of the component model")
_THREADS: Final = Feature("threads", "wasm_threads")
_GC: Final = Feature("garbage collection", "wasm_gc")
_EXCEPTIONS: Final = Feature("exceptions", "wasm_exceptions")
_MEMORY64: Final = Feature("64-bit memories", "wasm_memory64")
_MULTI_MEMORY: Final = Feature("multiple memories in a module", "wasm_multi_memory")

# wasmparser's terms, in the order of matching: longer names come before those they contain.
_KNOWN: Final[tuple[tuple[str, Feature], ...]] = (
    ("component model async stackful", Feature("stackful async functions of the component model")),
    ("component model more async builtins", Feature("additional async built-ins of the component model")),
    ("component model async", ASYNC),
    ("component model error-context", Feature("`error-context` of the component model")),
    ("component model threading", Feature("threads of the component model")),
    ("component model fixed-length lists", Feature("fixed-length lists of the component model")),
    ("component model map", Feature("maps of the component model", "wasm_component_model_map")),
    ("cm-implements", Feature("imports with `implements`", "wasm_component_model_implements")),
    ("cm64", Feature("components with 64-bit memories")),
    ("cm-gc", Feature("garbage-collected values in the component model")),
    ("component model `value`s", Feature("values as imports and exports of components")),
    ("shared-everything-threads", Feature("the shared-everything-threads proposal")),
    ("legacy_exceptions", Feature("legacy exceptions")),
    ("legacy exceptions", Feature("legacy exceptions")),
    ("exception", _EXCEPTIONS),
    ("stack switching", Feature("stack switching", "wasm_stack_switching")),
    ("custom page sizes", Feature("memories with custom page sizes", "wasm_custom_page_sizes")),
    ("wide arithmetic", Feature("wide arithmetic", "wasm_wide_arithmetic")),
    ("relaxed SIMD", Feature("relaxed SIMD", "wasm_relaxed_simd")),
    ("SIMD", Feature("SIMD", "wasm_simd")),
    ("tail calls", Feature("tail calls", "wasm_tail_call")),
    ("function references", Feature("typed function references", "wasm_function_references")),
    ("reference types", Feature("reference types", "wasm_reference_types")),
    ("multiple memories", _MULTI_MEMORY),
    ("multi-memory", _MULTI_MEMORY),
    ("memory64", _MEMORY64),
    ("64-bit memor", _MEMORY64),
    ("threads", _THREADS),
    ("gc", _GC),
)

_LACKS: Final = re.compile(
    r"requires? (?:the|`)|feature required for|is not enabled|proposal not enabled|must be enabled|is not active"
    r"|is disabled|not supported without the|^multiple memories|to be enabled"
)
"""Wasmparser's message for a disabled feature."""

_NAMED: Final = re.compile(
    r"the `?([\w -]+?)`? (?:feature|proposal)|`([\w -]+)` proposal|(\w+) feature required|^([\w -]+) support is not"
)


def missing_feature(text: str) -> Feature | None:
    """Return the feature that an engine lacks according to wasmtime's message; None if it reports something else."""
    for line in _messages(text):
        if not _LACKS.search(line):
            continue
        for words, feature in _KNOWN:
            if re.search(rf"(?<![\w-]){re.escape(words)}", line):
                return feature
        named = _NAMED.search(line)
        if named is not None:
            return Feature(next(filter(None, named.groups())))
    return None


def _messages(text: str) -> Iterator[str]:
    for line in text.splitlines():
        yield re.sub(r"^\s*(?:\d+: )?(?:Invalid input WebAssembly code at offset \d+: )?", "", line)


def explain(text: str, feature: Feature) -> str:
    """Return a message with the feature, how to enable it, and wasmtime's message."""
    said = next(line for line in _messages(text) if _LACKS.search(line))
    needs = f"the component needs {feature.name}, which its engine does not have"
    return f"{needs}: {_remedy(feature)}\n  wasmtime: {said.strip()}"


def _remedy(feature: Feature) -> str:
    if feature is ASYNC:
        return (
            "`open` chooses an engine that does; for `instantiate`, make the store with Store(concurrent=True), and an"
            " engine of your own for it with make_engine(config, Settings(concurrent=True))"
        )
    if feature.setting and hasattr(wasmtime.Config, feature.setting):
        return (
            f"set `{feature.setting} = True` in a wasmtime.Config, and use `instantiate` with"
            " Store(make_engine(config))"
        )
    newest = SUPPORTED.stop - 1
    later = f", or install wasmtime {newest}" if int(VERSION.partition(".")[0]) < newest else ""
    return f"wasmtime-py {VERSION} has no setting for it; build the component without it{later}"
