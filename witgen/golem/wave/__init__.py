"""WAVE, the text form of component values, and their JSON form: typed by descriptors, both ways.

The text form is that of wasm-tools (crates/wasm-wave/README.md); maps, which it does not have, are lists of pairs. The
JSON form is what a reader expects: records are objects, lists and tuples arrays, flags arrays of names, enums strings,
variants `{"case": payload}` (`"case"` where there is none), results `{"ok": …}` or `{"err": …}`, options the value or
null (`{"some": …}` inside another option), maps with string keys objects, other maps arrays of pairs, `nan`, `inf` and
`-inf` strings.
"""

from __future__ import annotations

from .errors import WaveError
from .json_form import from_json, parse_json, to_json
from .parsing import parse, parse_arguments, parse_call
from .printing import render

__all__ = ["WaveError", "from_json", "parse", "parse_arguments", "parse_call", "parse_json", "render", "to_json"]
