"""WAVE, the text form of component values, and their JSON form, read and written by type descriptors.

The text form is that of wasm-tools (crates/wasm-wave/README.md), with maps, which WAVE lacks, as lists of pairs. The
JSON form is the obvious one: records are objects, lists and tuples arrays, flags arrays of names, enums strings,
variants `{"case": payload}` (`"case"` without a payload), results `{"ok": …}` or `{"err": …}`, options the value or
null (`{"some": …}` inside another option), maps with string keys objects, other maps arrays of pairs, `nan`, `inf` and
`-inf` strings.
"""

from __future__ import annotations

from .errors import WaveError
from .json_form import Json, from_json, parse_json, to_json
from .parsing import parse, parse_arguments, parse_call
from .printing import render

__all__ = [
    "Json",
    "WaveError",
    "from_json",
    "parse",
    "parse_arguments",
    "parse_call",
    "parse_json",
    "render",
    "to_json",
]
