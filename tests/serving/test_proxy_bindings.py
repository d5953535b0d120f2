"""The bindings that `witgen.proxy` ships are what witgen generates."""

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

SERVICE = Config(
    ROOT / "witgen" / "proxy" / "service.wit",
    golem="main",
    guest=False,
    runtime="witgen_runtime",
    out=ROOT / "witgen" / "proxy" / "_service",
)


@pytest.mark.parametrize("bindings", [BINDINGS, SERVICE], ids=["proxy", "service"])
def test_bindings_are_up_to_date(bindings: Config, request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--update-golden"):
        generate(bindings)
    plan = check(bindings).plan
    assert plan is not None
    assert not plan.drift, "run this test with --update-golden"
