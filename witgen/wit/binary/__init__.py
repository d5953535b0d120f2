"""Binary WIT packages and the worlds of components: wasm → IR, beside the text front end.

`is_binary` decides by content which front end a file belongs to. `decode_package` reads a WIT package as registries
deliver it, `decode_component` the world of a runnable component. All problems are `WitgenError`s.
"""

from __future__ import annotations

from .decode import Kind, decode, decode_component, decode_package, is_binary, kind

__all__ = ["Kind", "decode", "decode_component", "decode_package", "is_binary", "kind"]
