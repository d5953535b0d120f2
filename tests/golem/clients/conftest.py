from __future__ import annotations

from tests.golem.cluster.conftest import command

__all__ = ["command"]
