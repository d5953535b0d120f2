"""Property-based tests of guests with Hypothesis: every example gets a new guest and new fakes.

Hypothesis runs a test function for one example after another with the same fixtures, and says so (its health check for
function-scoped fixtures). A guest that an example has ended could not run the next one, nor a smaller one that fails.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta
from functools import wraps
from importlib import import_module
from inspect import signature
from typing import Any

import pytest

__all__ = ["FAKES", "GUEST", "GuestEndedError", "can_refresh", "refreshing"]

FAKES, GUEST = "witgen_fakes", "witgen_guest"
"""The fixtures."""
_DEADLINE = timedelta(milliseconds=200)
"""The default."""


class GuestEndedError(RuntimeError):
    """An example has ended the guest. Hypothesis makes examples smaller only for exceptions, which a trap is not."""


def can_refresh(item: pytest.Function, plugin: str) -> bool:
    """Return whether a test uses the fixtures of a module, and uses no other fixture that has them as well."""
    found = _fixtures(item)
    ours = {name for name, fixture in found.items() if name in {FAKES, GUEST} and fixture.func.__module__ == plugin}
    others = (fixture for name, fixture in found.items() if name not in ours)
    return FAKES in ours and not any(ours.intersection(fixture.argnames) for fixture in others)


def _fixtures(item: pytest.Function) -> dict[str, Any]:
    info = item._fixtureinfo  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - as Hypothesis does
    return {name: definitions[-1] for name, definitions in info.name2fixturedefs.items()}


@contextmanager
def refreshing(item: pytest.Function, application: str) -> Generator[None]:
    """Let examples of a test of Hypothesis begin with new fakes and, if it uses one, a new guest."""
    handle: Any = item.obj.hypothesis
    fakes: Any = item.funcargs[FAKES]
    test = handle.inner_test
    testing = import_module(type(fakes).__module__)

    @wraps(test)
    def example(*arguments: Any, **named: Any) -> Any:
        __tracebackhide__ = True
        # The fixture's are installed; only one may be.
        fakes.__exit__(None, None, None)
        try:
            with testing.Fakes() as fresh, _guest(testing, application, fresh, wanted=GUEST in named) as guest:
                given = {FAKES: fresh, GUEST: guest}
                return test(*arguments, **{name: given.get(name, value) for name, value in named.items()})
        except (testing.Trap, testing.GuestExit) as error:
            if isinstance(error, Exception):
                raise
            raise GuestEndedError(f"the guest has ended: {error}") from error
        finally:
            fakes.__enter__()

    handle.inner_test = example
    _adjust_settings(item)
    try:
        yield
    finally:
        handle.inner_test = test


@contextmanager
def _guest(testing: Any, application: str, fakes: Any, *, wanted: bool) -> Generator[Any]:
    if not wanted:
        yield None
        return
    with testing.opened(application, fakes) as guest:
        yield guest


def _adjust_settings(item: pytest.Function) -> None:
    """Lift Hypothesis' default deadline, as opening a guest takes time, and allow for the fixtures of this module."""
    from hypothesis import HealthCheck, settings  # noqa: PLC0415 - the test has imported it

    test: Any = getattr(item.obj, "__func__", item.obj)
    used: Any = getattr(test, "_hypothesis_internal_use_settings", settings.default)
    found = _fixtures(item)
    others = (found[name] for name in signature(test).parameters if name in found.keys() - {FAKES, GUEST})
    checks = set(used.suppress_health_check)
    if not any(fixture.scope == "function" for fixture in others):
        checks.add(HealthCheck.function_scoped_fixture)
    deadline = None if used.deadline == _DEADLINE else used.deadline
    # As Hypothesis' own plugin does for parametrized tests: there is no other way to change a test's settings.
    test._hypothesis_internal_use_settings = settings(  # noqa: SLF001
        parent=used, deadline=deadline, suppress_health_check=checks
    )
