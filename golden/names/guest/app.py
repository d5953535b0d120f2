"""Exports words by passing them on, under names that mean something in Python."""

import builtins

from names_bindings.guest import exports, golden_names_words
from names_bindings.guest.exports.golden_names_words import Resource, Words
from names_bindings.types.names import ExportError


class OwnResource(Resource):
    def __init__(self, itself: int, cls_: str) -> None:
        self._passed_on = golden_names_words.Resource(itself, cls_)

    def list(self) -> builtins.list[str]:
        return self._passed_on.list()

    def str(self, cls_: str) -> str:
        return self._passed_on.str(cls_)

    def dropped(self, reason: builtins.str) -> bool:
        return self._passed_on.dropped(reason)

    def handle(self) -> int:
        return self._passed_on.handle()

    @classmethod
    def import_(cls, class_: int) -> Resource:
        return cls(class_, "imported")


class OwnWords(Words):
    Resource = OwnResource

    def list(self, list: builtins.list[int]) -> builtins.list[int]:
        return golden_names_words.list(list)

    def print(self, str: str, module: int) -> str:
        return golden_names_words.print(str, module)

    def lambda_(self, self_: int, class_: bool) -> tuple[int, bool]:
        return golden_names_words.lambda_(self_, class_)

    def ttl_ms(self, http_get: int) -> int:
        return golden_names_words.ttl_ms(http_get)


def export() -> None:
    raise ExportError("no export")


exports.serve(__name__, evaluate=str.upper, export=export, golden_names_words=OwnWords())
