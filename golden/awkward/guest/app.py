"""Exports what it imports, and nodes of its own."""

from collections.abc import Iterable
from typing import Self

from witgen_runtime.values import Err, Ok
from awkward_bindings.guest import (
    awkward_pens,
    exports,
    golden_awkward_files,
    golden_awkward_numbers,
    golden_awkward_shadows,
)
from awkward_bindings.guest.exports.awkward_pots import Pot
from awkward_bindings.guest.exports.golden_awkward_files import File, Files
from awkward_bindings.guest.exports.golden_awkward_numbers import Numbers
from awkward_bindings.guest.exports.golden_awkward_shadows import Shadows
from awkward_bindings.guest.exports.golden_awkward_types import Node, Types
from awkward_bindings.types.awkward_pots import Size
from awkward_bindings.types.golden_awkward_shadows import Enum, Flag, Optional, Some
from awkward_bindings.types.golden_awkward_shadows import Err as Failure


class OwnFile(File):
    def __init__(self, path: str) -> None:
        self._passed_on = golden_awkward_files.File(path)

    def handle(self) -> int:
        return self._passed_on.handle()

    def finalizer(self) -> str:
        return self._passed_on.finalizer()

    @classmethod
    def open(cls, path: str) -> Self:
        made = cls.__new__(cls)
        made._passed_on = golden_awkward_files.File.open(path)
        return made


class OwnFiles(Files):
    File = OwnFile

    def size(self, of: File) -> int:
        assert isinstance(of, OwnFile)
        return golden_awkward_files.size(of._passed_on)

    def keep(self, file: File) -> File:
        return file


class OwnNumbers(Numbers):
    def signed(self, x: list[int]) -> list[int]:
        return golden_awkward_numbers.signed(x)

    def nested(self, x: Iterable[list[int]]) -> list[int] | None:
        return golden_awkward_numbers.nested(x)


class OwnShadows(Shadows):
    def fails(self, how: Failure) -> Optional:
        return golden_awkward_shadows.fails(how)

    def shapes(self, x: Some, y: Flag, z: Enum) -> tuple[Some, Flag, Enum]:
        return golden_awkward_shadows.shapes(x, y, z)

    def inside(self, x: Ok[Optional] | Err[Failure] | None) -> Ok[Optional] | Err[Failure] | None:
        return golden_awkward_shadows.inside(x)


class OwnNode(Node):
    def __init__(self, name: str) -> None:
        self._name = name

    def name(self) -> str:
        return self._name

    def again(self) -> Node:
        return self


class OwnTypes(Types):
    Node = OwnNode

    def pair(self) -> tuple[Node, Node]:
        node = OwnNode("both")
        return node, node


class OwnPot(Pot):
    def __init__(self, size: Size) -> None:
        self._pen = awkward_pens.Pen(size.x)

    def fill(self, n: int) -> int:
        return self._pen.draw(n) + awkward_pens.Pen.best().draw(n)


exports.serve(
    __name__,
    pots=OwnPot,
    golden_awkward_files=OwnFiles(),
    golden_awkward_numbers=OwnNumbers(),
    golden_awkward_shadows=OwnShadows(),
    golden_awkward_types=OwnTypes(),
)
