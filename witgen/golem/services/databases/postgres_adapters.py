"""psycopg's adapters for parameters and results that are texts: Golem has its own forms of values."""

from __future__ import annotations

from functools import cache
from typing import Any

from psycopg.abc import Buffer, PyFormat
from psycopg.adapt import AdaptersMap, Dumper, Loader

from .postgres_write import Param

__all__ = ["adapters"]


class _ParamDumper(Dumper):
    oid = 0

    def dump(self, obj: Param) -> Buffer | None:
        return obj.text

    def get_key(self, obj: Param, format: PyFormat) -> Any:
        del format
        return (self.cls, obj.oid)

    def upgrade(self, obj: Param, format: PyFormat) -> Dumper:
        del format
        made = _ParamDumper(self.cls)
        made.oid = obj.oid
        return made


class _TextLoader(Loader):
    def load(self, data: Buffer) -> str:
        return bytes(data).decode()


@cache
def adapters() -> AdaptersMap:
    """Return the adapters of all connections."""
    made = AdaptersMap()
    made.register_dumper(Param, _ParamDumper)
    made.register_loader(0, _TextLoader)
    return made
