"""The component that is served, built once per run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.serving.guests import build_web
from tests.support.guests import once


@pytest.fixture(scope="session")
def web(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the path of the guest that answers HTTP requests."""
    return once(tmp_path_factory, "web", build_web) / "web.wasm"
