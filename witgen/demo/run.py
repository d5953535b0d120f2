"""The demo from its beginning to its end."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TextIO

from .build import require_extras, steps
from .errors import DemoError
from .layout import lay_out
from .progress import Progress
from .record import Record, digest

__all__ = ["run"]


def run(folder: Path, *, out: TextIO, err: TextIO) -> None:
    """Run the demo in `folder`: the conversation goes to `out` as it happens, everything else to `err`.

    Raises:
        DemoError: something is missing, or a step failed.
        WitgenError: the WIT in the folder was edited and is no longer valid.
    """
    require_extras()
    from .server import serving  # noqa: PLC0415 - needs one of the packages that may be missing

    record = Record(folder)
    lay_out(folder, record)
    progress = Progress(err)
    for step in steps(folder):
        if record.same(step.name, digest(step.state())):
            progress.skip(step.name)
            continue
        with progress.step(step.name):
            step.action()
        record.note(step.name, digest(step.state()))
    with serving() as url, progress.timed("Running the conversation"):
        _talk(folder, url, out)
    progress.summary()
    print(f"Open {folder}/guest.py and {folder}/host.py: they use the bindings in chat_bindings/.", file=err)


def _talk(folder: Path, url: str, out: TextIO) -> None:
    """Run the host, as a user would, and pass its output on."""
    # The server is on this machine; a proxy between the two would not find it.
    environment = {**os.environ, "no_proxy": "127.0.0.1", "NO_PROXY": "127.0.0.1"}
    command = [sys.executable, "host.py", url]
    with subprocess.Popen(  # noqa: S603 - our own interpreter, a file that we or the user wrote, our own URL
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True
    ) as host:
        for line in host.stdout or ():
            out.write(line)
            out.flush()
    if host.returncode:
        raise DemoError(f"{folder / 'host.py'} ended with exit code {host.returncode}")
