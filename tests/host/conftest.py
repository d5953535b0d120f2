"""The guest that has pollables."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.host.pollable_guest import Guest


@pytest.fixture
def guest() -> Iterator[Guest]:
    with Guest.start() as guest:
        yield guest
