"""The components that are served, built once per run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.serving.guests import build_async_web, build_web
from tests.support.guests import once


@pytest.fixture(scope="session")
def web(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the path of the guest that answers HTTP requests."""
    return once(tmp_path_factory, "web", build_web) / "web.wasm"


@pytest.fixture(scope="session")
def async_web(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the path of the guest that answers with the async handler of `wasi:http` 0.3."""
    return once(tmp_path_factory, "async-web", build_async_web) / "web.wasm"
