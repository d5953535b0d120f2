"""Calls of the guest in files/, which runs the Python that it is given."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.golem.worker.conftest import Machine
from witgen.golem.worker.managing import Reader

__all__ = ["place", "run"]


def run(machine: Machine, code: str, worker: str = "ann", **more: Any) -> Any:
    """Run code in a worker; return what it assigned to `result`."""
    return json.loads(machine.call(worker, "run", code, **more))


def place(machine: Machine, worker: str = "ann") -> Path:
    """Return the folder of a worker on this machine."""
    with Reader(machine.state) as reader:
        return reader.folder / "files" / str(reader.find(worker).number)
