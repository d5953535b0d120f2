"""The services' bindings are what witgen generates, and the services are written against them like any user's code."""

from __future__ import annotations

import pytest

from tests.support.paths import ROOT
from witgen import Config, check, generate

GOLEM = ROOT / "witgen" / "golem"
BINDINGS = Config(
    GOLEM / "services.wit",
    golem=True,
    guest=False,
    runtime="witgen_runtime",
    # All that wasmtime has but `wasi:http`, which a service implements, too.
    wasmtime=("wasi:cli", "wasi:clocks", "wasi:filesystem", "wasi:io", "wasi:random", "wasi:sockets"),
    out=GOLEM / "_bindings",
)


def test_bindings_are_up_to_date(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--update-golden"):
        generate(BINDINGS)
    plan = check(BINDINGS).plan
    assert plan is not None
    assert not plan.drift, "run this test with --update-golden"


def test_services_use_nothing_but_what_the_bindings_offer() -> None:
    inner = [path.name for path in (GOLEM / "services").rglob("*.py") if "._abi" in path.read_text()]
    assert inner == []
