"""Calls componentize-py."""

from __future__ import annotations

import subprocess
import sys

from .errors import BuildError
from .place import Place, componentize_version

__all__ = ["run"]

# Started through Python, because the script may not be on PATH. Failures are AssertionErrors whose text is the complete
# message.
_PROGRAM = """\
import sys
from componentize_py import script
try:
    sys.exit(script())
except AssertionError as error:
    sys.exit(str(error))
"""


def run(arguments: list[str], place: Place) -> str | None:
    """Run componentize-py; return what it says if it fails, None if it does not."""
    if componentize_version() is None:
        raise BuildError("building needs componentize-py: python -m pip install 'witgen[guest]'")
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", _PROGRAM, *arguments],
        env={**place.environment(), "RUST_BACKTRACE": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    return f"{done.stdout}{done.stderr}".strip() if done.returncode else None
