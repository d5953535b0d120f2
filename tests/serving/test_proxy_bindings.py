"""The bindings of `wasi:http/proxy` are what witgen generates."""

from __future__ import annotations

import pytest

from tests.support.paths import ROOT
from witgen import Config, check, generate
from witgen.golem import WIT

BINDINGS = Config(
    WIT,
    world="wasi:http/proxy@0.2.3",
    guest=False,
    runtime="witgen_runtime",
    out=ROOT / "witgen" / "proxy" / "_bindings",
)


def test_bindings_are_up_to_date(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--update-golden"):
        generate(BINDINGS)
    plan = check(BINDINGS).plan
    assert plan is not None
    assert not plan.drift, "run this test with --update-golden"
