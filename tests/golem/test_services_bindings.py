"""The bindings of the services and of the SDK are what witgen generates, and are used like in any user's code."""

from __future__ import annotations

import pytest

from tests.support.paths import ROOT
from witgen import Config, check, generate
from witgen.golem import sdk

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

AGENTS = Config(
    GOLEM / "agents" / "services.wit",
    golem="1.5",
    guest=False,
    runtime="witgen_runtime",
    reuse=["witgen.golem._bindings"],
    wasmtime=BINDINGS.wasmtime,
    out=GOLEM / "agents" / "_bindings",
)

SDK = Config(sdk.WIT, golem="1.5", host=False, runtime="witgen_runtime", out=sdk.WIT.with_name("_bindings"))

MAIN = Config(
    GOLEM / "agents" / "main" / "services.wit",
    golem="main",
    guest=False,
    runtime="witgen_runtime",
    reuse=["witgen.golem._bindings"],
    wasmtime=BINDINGS.wasmtime,
    out=GOLEM / "agents" / "main" / "_bindings",
)

SDK_MAIN = Config(
    GOLEM / "sdk_main" / "agents.wit",
    golem="main",
    host=False,
    runtime="witgen_runtime",
    out=GOLEM / "sdk_main" / "_bindings",
)

ALL = {"services": BINDINGS, "agents": AGENTS, "sdk": SDK, "agents-main": MAIN, "sdk-main": SDK_MAIN}


@pytest.mark.parametrize("bindings", ALL.values(), ids=ALL)
def test_bindings_are_up_to_date(bindings: Config, request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--update-golden"):
        generate(bindings)
    plan = check(bindings).plan
    assert plan is not None
    assert not plan.drift, "run this test with --update-golden"


def test_services_use_nothing_but_what_the_bindings_offer() -> None:
    inner = [path.name for path in (GOLEM / "services").rglob("*.py") if "._abi" in path.read_text()]
    assert inner == []
