"""Pytest fixtures for guests: `witgen_fakes` stands in for the guest's imports, `witgen_guest` is the guest.

The same tests run on plain CPython, or against a built component with `--witgen-component app.wasm`.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from ..built import outdated
from .examples import can_refresh, refreshing

__all__ = ["pytest_addoption", "pytest_runtest_call", "pytest_terminal_summary", "witgen_fakes", "witgen_guest"]


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
        pytest.fail(f"{request.fixturename} needs the setting `witgen_bindings`: the generated package", pytrace=False)
    with _naming("witgen_bindings", bindings, "it is the package that `witgen generate` wrote"):
        return import_module(f"{bindings}.guest.testing")


@contextmanager
def _naming(setting: str, value: str, remedy: str) -> Generator[None]:
    """Fail, without a traceback, if a module that a setting names is not there; what modules raise stays as it is."""
    wanted = value if setting == "witgen_application" else f"{value}.guest.testing"
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name is None or not f"{wanted}.".startswith(f"{error.name}."):
            raise
        where = "; `pythonpath` in the settings of pytest has the folders where modules are found"
        message = f"{setting} = {value}: there is no module `{error.name}`: {remedy}{where}"
        raise pytest.fail.Exception(message, pytrace=False) from None


@pytest.fixture
def witgen_fakes(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Install fakes of the guest's imports: the `Fakes` of the bindings' `guest.testing`."""
    yield from _testing(request).installed()


@pytest.fixture
def witgen_guest(request: pytest.FixtureRequest, witgen_fakes: Any) -> Iterator[Any]:
    """Open the guest: the `Guest` of the bindings' `guest.testing`, with the exports of the world."""
    application = _application(request.config)
    if not Path(application).is_file() and (application.endswith(".wasm") or application == _component(request.config)):
        pytest.fail(f"{application} is not a file: build the component first, with `witgen build`", pytrace=False)
    with ExitStack() as stack:
        with _naming("witgen_application", application, "it is the guest's module, `app` by default"):
            opened = stack.enter_context(_testing(request).opened(application, witgen_fakes))
        yield opened


def _application(config: pytest.Config) -> str:
    return _component(config) or str(config.getini("witgen_application"))


def _component(config: pytest.Config) -> str:
    return str(config.getoption("--witgen-component") or "")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Tell if the component that was tested is not the one that its sources make now."""
    component = Path(_component(config) or ".")
    if component.is_file() and (message := outdated(component)) is not None:
        terminalreporter.write_line(message, yellow=True)


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Give each example of a property-based test a new guest and new fakes."""
    test = getattr(item, "obj", None)
    if isinstance(item, pytest.Function) and hasattr(test, "hypothesis") and can_refresh(item, __name__):
        with refreshing(item, _application(item.config)):
            yield
    else:
        yield
