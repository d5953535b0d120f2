"""The relay guest, built once per test run with its bindings on the import path, and a server for it to talk to."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.adapters.relay import build_relay, serving
from tests.support.guests import importable, once
from witgen_runtime.host.linking import preparation


@pytest.fixture(scope="session")
def relay(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the path of the guest; `relay_bindings` can be imported."""
    return importable(once(tmp_path_factory, "relay", build_relay)) / "relay.wasm"


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """Return the URL of a WebSocket server."""
    with serving() as url:
        yield url


@pytest.fixture(params=[True, False], ids=["inside", "outside"])
def inside(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Let components have their adapter inside, or outside as those have that cannot."""
    monkeypatch.setattr(preparation, "request", partial(preparation.request, inside=request.param))
    return bool(request.param)
