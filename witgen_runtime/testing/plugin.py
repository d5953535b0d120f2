"""Pytest fixtures for guests: `witgen_fakes` stands in for the guest's imports, `witgen_guest` is the guest.

The same tests run on plain CPython, or against a built component with `--witgen-component app.wasm`.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest

from .examples import can_refresh, refreshing

__all__ = ["pytest_addoption", "pytest_runtest_call", "witgen_fakes", "witgen_guest"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the command-line option and the ini settings."""
    group = parser.getgroup("witgen", "guests of WebAssembly components")
    group.addoption(
        "--witgen-component", metavar="PATH", help="test this component on wasmtime, not the guest's module"
    )
    parser.addini(
        "witgen_bindings",
        "the package that `witgen generate` wrote, for the fixtures `witgen_fakes` and `witgen_guest`",
    )
    parser.addini("witgen_application", "the guest's module, for the fixture `witgen_guest`", default="app")


def _testing(request: pytest.FixtureRequest) -> Any:
    bindings = str(request.config.getini("witgen_bindings"))
    if not bindings:
        raise pytest.UsageError(f"{request.fixturename} needs the setting `witgen_bindings`: the generated package")
    return import_module(f"{bindings}.guest.testing")


@pytest.fixture
def witgen_fakes(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Install fakes of the guest's imports: the `Fakes` of the bindings' `guest.testing`."""
    yield from _testing(request).installed()


@pytest.fixture
def witgen_guest(request: pytest.FixtureRequest, witgen_fakes: Any) -> Iterator[Any]:
    """Open the guest: the `Guest` of the bindings' `guest.testing`, with the exports of the world."""
    with _testing(request).opened(_application(request.config), witgen_fakes) as opened:
        yield opened


def _application(config: pytest.Config) -> str:
    return str(config.getoption("--witgen-component") or config.getini("witgen_application"))


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Give each example of a property-based test a new guest and new fakes."""
    test = getattr(item, "obj", None)
    if isinstance(item, pytest.Function) and hasattr(test, "hypothesis") and can_refresh(item, __name__):
        with refreshing(item, _application(item.config)):
            yield
    else:
        yield
