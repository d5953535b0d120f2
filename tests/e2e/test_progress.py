"""What a person sees of a slow step, on a terminal and in a log."""

from __future__ import annotations

import io
import re
import time

import pytest

from witgen.demo.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_log_has_a_line_at_each_end_of_a_step() -> None:
    err = io.StringIO()
    with Progress(err).step("Building"):
        assert err.getvalue() == "Building …\n"
    assert err.getvalue() == "Building …\nBuilding: done\n"


def test_a_terminal_shows_the_seconds_while_they_pass() -> None:
    err = Terminal()
    with Progress(err).step("Building"):
        time.sleep(0.35)
        assert re.fullmatch(r"(\rBuilding … 0\.\d s)+", err.getvalue())
    assert err.getvalue().endswith(" s\n")


def test_the_summary_has_every_step() -> None:
    err = io.StringIO()
    progress = Progress(err)
    progress.skip("Generating")
    with progress.timed("Running"):
        pass
    progress.summary()
    assert [line.split() for line in err.getvalue().splitlines()] == [
        ["Generating", "unchanged"],
        ["Running", "0.00", "s"],
    ]


def test_a_step_that_fails_is_not_called_done() -> None:
    err = io.StringIO()
    with pytest.raises(ValueError, match="no"), Progress(err).step("Building"):
        raise ValueError("no")
    assert "done" not in err.getvalue()
