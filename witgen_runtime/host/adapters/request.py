"""The adapters that the user of a world requests, and the outcome."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, get_args

import wasmtime

from ... import abi
from .. import signatures
from ..direct_lists import ListForm
from ..errors import LinkError
from .compose.composer import Choice, Composition, compose
from .options import Adapters
from .reflected import full_name, whole
from .refusal import Refusal
from .source_digest import source_digest

if TYPE_CHECKING:
    from ..linking.definition import Definition

__all__ = ["Request", "binary", "request"]

_log = logging.getLogger(__name__)


class Request:
    """Composes components of a world.

    `lists` is the form of lists in them; `refusal` is why the last one was not composed. `types` has the signatures of
    the world's functions, by `full_name`: those of a component that is composed are the same.
    """

    def __init__(
        self, definition: Definition, wanted: Adapters, lists: ListForm, *, numbers: bool, inside: bool
    ) -> None:
        self._definition = definition
        self._wanted = wanted
        self._numbers = numbers
        self._inside = inside
        self.lists: ListForm = lists
        self.refusal: Refusal | None = None
        self.types = _types(definition)
        texts = [
            source_digest().encode(),
            wanted.encode(),
            self.lists.encode(),
            b"numbers" if numbers else b"",
            b"inside" if inside else b"",
            *(f"{item.name} {item.native}".encode() for item in definition.imports),
            *(f"export {interface.name}".encode() for interface in definition.exports),
            *(f"{name} {types}".encode() for name, types in self.types.items()),
        ]
        self.key = hashlib.sha256(b"\0".join(texts)).hexdigest()[:20]

    def compose(self, content: bytes) -> bytes | None:
        """Return a component with its adapters; None where it has none, and where it cannot have them but need not."""
        return next(self.forms(content, lambda each: iter((each,))), None)

    def forms(self, content: bytes, made_of: Callable[[bytes], Iterator[bytes]]) -> Iterator[bytes]:
        """Yield the forms in which a component can have adapters, the best first.

        `made_of` yields a component with and without adapters that bound its waits. Those stand between it and adapters
        outside of it, and around it if it has one inside.
        """
        first = self._composed(content, inside=self._inside)
        is_inside = first is not None and first.inside
        if first is not None and first.content is not None and is_inside:
            yield from made_of(first.content)
        for form in made_of(content):
            composition = first if form is content and not is_inside else self._composed(form, inside=False)
            if composition is not None and composition.content is not None:
                yield composition.content

    def _composed(self, content: bytes, *, inside: bool) -> Composition | None:
        self.refusal = None
        definition = self._definition
        choice = Choice(
            definition.serves, self._implemented, definition.exports, self.lists, self._numbers, inside
        )  # fmt: skip
        try:
            composition = compose(content if content.startswith(b"\0asm") else binary(content), choice)
        except Refusal as refusal:
            self.refused(refusal)
            return None
        for item, rule in composition.left_out.items():
            _log.info("%s: bytes without an adapter: %s: %s", self._definition.name, item or "the world itself", rule)
            if self._wanted == "bytes":
                self.refused(Refusal(item, rule))
                return None
        return composition

    def _implemented(self, name: str) -> abi.Interface | None:
        """Return the bindings' descriptor of an import that Python implements, by the component's name."""
        item = self._definition.imported(name)
        return item.interface if item is not None and not item.native else None

    def insist(self) -> None:
        """Raise if the last component cannot have adapters and the user wants no other."""
        if self.refusal is not None and self._wanted == "bytes":
            raise LinkError(f"the component cannot have adapters: {self.refusal}")

    def refused(self, refusal: Refusal) -> None:
        """Record that a component cannot have adapters."""
        self.refusal = refusal
        _log.info("%s: no adapters: %s", self._definition.name, refusal)


def binary(content: bytes) -> bytes:
    """Return the binary of component text; raise `Refusal` if it is not valid text."""
    try:
        return bytes(wasmtime.wat2wasm(content.decode()))
    except (UnicodeDecodeError, wasmtime.WasmtimeError):
        raise Refusal("", "neither a component nor component text") from None


def request(
    definition: Definition,
    wanted: Adapters,
    *,
    concurrent: bool | None = None,
    direct: Callable[[], bool] = bool,
    inside: bool = True,
) -> Request | None:
    """Return the composer of a world's components; None if no function of the world needs an adapter.

    `concurrent` is whether their engine supports concurrent tasks; by default, it does if the world needs that.
    `direct` returns whether the host finds the memories of adapters; if not, bytes travel as text.
    `inside` is whether a component may have its adapter inside.
    """
    if wanted not in get_args(Adapters):
        raise ValueError(f'adapters: expected "auto", "bytes" or "off", got {wanted!r}')
    concurrent = definition.concurrent if concurrent is None else concurrent
    functions = [function for interface in _interfaces(definition) for function in interface.functions]
    imported = [function for item in definition.imports for function in item.interface.functions if not item.native]
    lists: ListForm = "plain"
    if wanted != "off":
        lists = "direct" if any(_changes(each, "direct") for each in functions) and direct() else "text"
    passes = any(signatures.passes_ends(function) for function in (*functions, *imported))
    # Such an engine traps where a call lends two handles, which are numbers then (`lending.py`).
    lends = concurrent and any("borrow" in signatures.expected(function) for function in imported)
    changes = any(_changes(each, lists) for each in functions)
    if changes or passes or lends or any(function.is_async for function in imported):
        return Request(definition, wanted, lists, numbers=concurrent, inside=inside)
    return None


def _changes(function: abi.Function, lists: ListForm) -> bool:
    """Return whether a function has lists that have another form."""
    return signatures.expected(function) != signatures.expected(function, lists=lists)


def _interfaces(definition: Definition) -> Sequence[abi.Interface]:
    return (*(item.interface for item in definition.imports if not item.native), *definition.exports)


def _types(definition: Definition) -> Mapping[str, tuple[str, ...]]:
    """Return the signatures of a world's functions; several where it has several versions of an interface."""
    found: dict[str, list[str]] = {}
    imports = [("import", item.name, item.interface) for item in definition.imports if not item.native]
    exports = [("export", interface.name, interface) for interface in definition.exports]
    for kind, known, interface in (*imports, *exports):
        for function in interface.functions:
            name = full_name(kind, known, function.name)
            found.setdefault(name, []).append(whole(function))
    return {name: tuple(texts) for name, texts in found.items()}
