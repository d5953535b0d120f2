"""The steps between the sources and a component that is ready to run."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from .. import api
from ..base import resources
from ..build.componentize import Build, BuildError, build
from .errors import DemoError

__all__ = ["Step", "require_extras", "steps"]

PACKAGE: Final = Path(__file__).parent.parent
"""The generator: when it changes, its output may change."""


@dataclass(frozen=True)
class Step:
    """One step. While `state` (its inputs and outputs) is unchanged, it need not run again."""

    name: str
    action: Callable[[], object]
    state: Callable[[], Iterable[str | Path]]


def require_extras() -> None:
    """Refuse to start without the packages that only the demo needs."""
    missing: list[str] = []
    for package in ("componentize-py", "websockets"):
        try:
            version(package)
        except PackageNotFoundError:
            missing.append(package)
    if missing:
        raise DemoError(f"the demo needs {' and '.join(missing)}: python -m pip install 'witgen[demo]'")


def steps(folder: Path) -> list[Step]:
    """Return the steps that make `chat.wasm` in `folder`, in order."""
    wit, bindings, guest, wasm = (folder / name for name in ("wit", "chat_bindings", "guest.py", "chat.wasm"))
    generator: list[str | Path] = [PACKAGE, version("black"), *map(resources.read_data, _data_files())]
    return [
        Step(
            "Generating the bindings",
            lambda: api.generate(api.Config(wit, world="chat", out=bindings)),
            lambda: [*generator, wit, bindings],
        ),
        Step(
            "Building the guest with componentize-py",
            lambda: _componentize(folder),
            lambda: [version("componentize-py"), wit, bindings, guest, wasm],
        ),
        Step(
            "Compiling the guest with wasmtime",
            lambda: _compile(folder),
            lambda: [version("wasmtime"), bindings, wasm],
        ),
    ]


def _data_files() -> list[str]:
    return [f"{folder}/{name}" for folder in ("grammars", "templates") for name in resources.list_data(folder)]


def _compile(folder: Path) -> None:
    """Compile the component as the host opens it, with its adapters; a separate process imports the bindings."""
    program = "from chat_bindings.host import Chat; Chat.prepare('chat.wasm')"
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise DemoError(f"wasmtime could not compile the guest:\n{done.stderr}")


def _componentize(folder: Path) -> None:
    try:
        build(Build(str(folder / "guest.py"), folder / "wit", world="chat", out=folder / "chat.wasm", force=True))
    except BuildError as error:
        raise DemoError(f"componentize-py could not build the guest:\n{error}") from None
