"""Commands that do not exist."""

from __future__ import annotations

import pytest

from tests.support.projects import Run


@pytest.mark.parametrize(("name", "hint"), [("bild", " Did you mean 'build'?"), ("zzz", "")])
def test_what_was_meant(name: str, hint: str, witgen: Run) -> None:
    refused = witgen(name)
    assert refused.returncode == 2
    assert refused.stderr.splitlines()[-1] == f"error: No such command '{name}'.{hint}"
