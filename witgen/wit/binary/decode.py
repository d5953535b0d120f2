"""The entry points: the kind of a file, and the IR of its content."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from ..model import ir
from .assemble import Assembler
from .component import COMPILED, MAGIC, PREAMBLE, Layer, layer_of, read_component
from .docs import SECTION, add_documentation
from .entities import Scope
from .evaluate import Evaluator
from .package import Encoding, assemble_package, encoding_of
from .problem import Code, Input
from .reader import Reader
from .text import is_component_text, to_binary
from .world import DEFAULT_WORLD, assemble_world

__all__ = ["Kind", "decode", "decode_component", "decode_package", "is_binary", "kind"]


class Kind(enum.Enum):
    """The content of a binary (or component text)."""

    WIT_PACKAGE = "wit-package"
    COMPONENT = "component"
    CORE_MODULE = "core-module"


def is_binary(data: bytes) -> bool:
    """Return, by content, whether a file is WebAssembly, binary, text or compiled, and not WIT text."""
    return data.startswith((MAGIC, COMPILED)) or is_component_text(data)


def kind(data: bytes, path: str = "<bytes>") -> Kind:
    """Return the kind of a file's content; raises `WitgenError` for anything damaged or not WebAssembly."""
    input = _input(data, path)
    if layer_of(input) is Layer.MODULE:
        return Kind.CORE_MODULE
    return _open(input).kind


def decode_package(data: bytes, path: str) -> ir.Resolve:
    """Decode a WIT package; `main` is it, and packages that it uses are there as far as it uses them."""
    opened = _open(_input(data, path))
    if opened.encoding is None:
        raise opened.input.problem(
            Code.COMPONENT,
            "this is a component, not a WIT package",
            help="folders of WIT hold packages; bindings for a component are generated from the component itself",
        )
    return opened.package(opened.encoding)


def decode_component(data: bytes, path: str, world: str = DEFAULT_WORLD) -> ir.Resolve:
    """Decode a component's imports and exports.

    A component does not record its world's name: `world` is that name, in `root:component`, or a full name
    (`ns:package/world@1.0.0`).
    """
    opened = _open(_input(data, path))
    if opened.encoding is not None:
        raise opened.input.problem(
            Code.WIT_PACKAGE,
            "this is a WIT package in binary form, not a component",
            help="put it into the deps/ folder of your WIT, or name one of its worlds",
        )
    return opened.component(world)


def decode(data: bytes, path: str) -> ir.Resolve:
    """Decode a WIT package or a component, whichever it is."""
    opened = _open(_input(data, path))
    return opened.component(DEFAULT_WORLD) if opened.encoding is None else opened.package(opened.encoding)


def _input(data: bytes, path: str) -> Input:
    input = Input(data, path)
    return Input(to_binary(input), path) if is_component_text(data) else input


@dataclass
class _Opened:
    """A component whose declarations have been evaluated."""

    input: Input
    evaluator: Evaluator
    scope: Scope
    documentation: list[Reader]
    encoding: Encoding | None

    @property
    def kind(self) -> Kind:
        return Kind.COMPONENT if self.encoding is None else Kind.WIT_PACKAGE

    def package(self, encoding: Encoding) -> ir.Resolve:
        return self._finish(*assemble_package(self.input, self.evaluator, self.scope, encoding))

    def component(self, world: str) -> ir.Resolve:
        return self._finish(*assemble_world(self.input, self.scope, world))

    def _finish(self, assembler: Assembler, name: ir.PackageName) -> ir.Resolve:
        draft = assembler.draft
        main = draft.packages[name]
        for section in self.documentation:
            add_documentation(self.input, draft, main, section)
        return draft.finish(main, self.input)


def _open(input: Input) -> _Opened:
    if layer_of(input) is Layer.MODULE:
        raise input.problem(
            Code.CORE_MODULE,
            "this is a core module, not a component",
            help="`wasm-tools component new` turns it into a component, if it was built with bindings for WIT",
        )
    sections = read_component(Reader(input, PREAMBLE), SECTION)
    evaluator = Evaluator(input)
    scope = evaluator.component(sections.declarations)
    return _Opened(input, evaluator, scope, sections.custom, encoding_of(scope))
