"""Keeps compiled components of the tests out of the user's cache; the guest that has pollables."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .pollable_guest import Guest


@pytest.fixture(scope="session", autouse=True)
def _cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WITGEN_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture
def guest() -> Iterator[Guest]:
    with Guest.start() as guest:
        yield guest
