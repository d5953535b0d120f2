"""`wasi:random` in Python, so that a worker's random values can be recorded."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from .._bindings.host.wasi_random_insecure import Insecure
from .._bindings.host.wasi_random_insecure_seed import InsecureSeed
from .._bindings.host.wasi_random_random import Random

__all__ = ["implementations"]


class _Random(Random):
    def get_random_bytes(self, len: int) -> bytes:
        return secrets.token_bytes(len)

    def get_random_u64(self) -> int:
        return secrets.randbits(64)


class _Insecure(Insecure):
    def get_insecure_random_bytes(self, len: int) -> bytes:
        return secrets.token_bytes(len)

    def get_insecure_random_u64(self) -> int:
        return secrets.randbits(64)


class _Seed(InsecureSeed):
    def insecure_seed(self) -> tuple[int, int]:
        return secrets.randbits(64), secrets.randbits(64)


def implementations() -> Mapping[str, object]:
    """Return the implementations of the imports, by field of the bindings' `ServicesImports`."""
    return {
        "wasi_random_random": _Random(), "wasi_random_insecure": _Insecure(), "wasi_random_insecure_seed": _Seed(),
    }  # fmt: skip
