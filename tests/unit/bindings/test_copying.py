"""Values and errors of all golden cases can be copied and pickled; what cannot be made twice refuses in words."""

from __future__ import annotations

import copy
import pickle
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.random_types import same, values
from tests.unit.bindings.test_golden import CASES, config, package
from witgen import Config, generate
from witgen.base.frozen import replace
from witgen.diagnostics.errors import WitgenError
from witgen.golem.worker.errors import DivergenceError
from witgen.wave.errors import WaveError
from witgen_runtime import abi, host
from witgen_runtime.guest.raw import OutsideComponentError
from witgen_runtime.guest.resources import DroppedError
from witgen_runtime.testing.fakes import Trap
from witgen_runtime.values import Err, Ok, Some, WitError

WAYS: dict[str, Callable[[Any], Any]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    **{
        f"pickle {protocol}": lambda value, protocol=protocol: pickle.loads(pickle.dumps(value, protocol))
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
    },
}


@pytest.fixture(scope="module")
def bindings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, list[Any]]]:
    """The descriptor modules of every golden case, by case; their support code is the installed one."""
    root = tmp_path_factory.mktemp("copying")
    found: dict[str, list[Any]] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(root)
        for case in CASES:
            name = package(case)
            generate(replace(config(case, root / name), runtime="witgen_runtime"))
            modules = sorted(path.stem for path in (root / name / "_abi").glob("[!_]*.py"))
            found[case] = [import_module(f"{name}._abi.{module}") for module in modules]
        yield found
    packages = set(map(package, CASES))
    for name in [name for name in sys.modules if name.partition(".")[0] in packages]:
        del sys.modules[name]


def _descriptors(modules: list[Any]) -> Iterator[abi.Type]:
    """Yield the types that have classes in `types/`."""
    for module in modules:
        for name in module.__all__:
            value = getattr(module, name)
            if isinstance(value, abi.Record | abi.Variant | abi.Enum | abi.Flags):
                yield value


def _errors(modules: list[Any]) -> Iterator[tuple[type[WitError], abi.Type | None]]:
    """Yield every declared error and its payload; the cases of a variant are among the types already."""
    for module in modules:
        interfaces = [value for value in vars(module).values() if isinstance(value, abi.Interface)]
        for function in (function for interface in interfaces for function in interface.functions):
            declared = function.result.err if isinstance(function.result, abi.Result) else None
            if function.raises is not None and not isinstance(declared, abi.Variant):
                yield function.raises, declared


def _drawn(type_: abi.Type | None) -> st.SearchStrategy[Any]:
    # Handles refuse to be copied themselves: a number stands for each here.
    return values(type_, st.integers())


def _check(value: Any) -> None:
    for way, round_trip in WAYS.items():
        twin = round_trip(value)
        assert type(twin) is type(value), way
        assert same(twin, value), way
        if isinstance(value, WitError):
            assert (str(twin), twin.args, vars(twin)) == (str(value), value.args, vars(value)), way


@pytest.mark.parametrize("case", CASES)
def test_every_value_survives(case: str, bindings: dict[str, list[Any]]) -> None:
    found = list(_descriptors(bindings[case]))
    assert found or case == "stores"
    for type_ in found:

        @given(_drawn(type_))
        @settings(max_examples=10, deadline=None)
        def survives(value: Any) -> None:
            _check(value)

        survives()


@pytest.mark.parametrize("case", CASES)
def test_every_error_survives(case: str, bindings: dict[str, list[Any]]) -> None:
    for cls, payload in _errors(bindings[case]):
        positional, named = [st.builds(cls)] * 2 if payload is None else _built(cls, _drawn(payload))

        @given(positional | named)
        @settings(max_examples=10, deadline=None)
        def survives(error: WitError) -> None:
            _check(error)

        survives()


def _built(cls: type[WitError], value: st.SearchStrategy[Any]) -> list[st.SearchStrategy[WitError]]:
    return [st.builds(cls, value), st.builds(cls, value=value)]


@dataclass(eq=False)
class Refused(WitError):  # noqa: N818  (named as WIT would)
    value: str


class Ours(Refused):
    """An application's, with a constructor of its own."""

    def __init__(self, place: str, *, line: int) -> None:
        super().__init__(f"{place}:{line}")
        self.place = place


def _trap() -> host.Trap:
    return host.Trap("error while executing at wasm backtrace:\n  0: f\n\nCaused by:\n  wasm trap: Caused by: x\n  y")


ERRORS = (
    Ours("here", line=3), Refused("no"), _trap(), host.Trap("short"), host.GuestExit(3), host.GuestExit(0),
    host.DeadlineError("late"), host.HandleLimitError("full"), host.StoreDeadError("dead"), host.LinkError("a\nb"),
    DroppedError("gone"), OutsideComponentError("outside"), Trap("fake"),
)  # fmt: skip


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("way", WAYS)
def test_errors_of_the_runtime_survive(error: BaseException, way: str) -> None:
    """With what was added to them; what caused them stays behind, as with all exceptions of Python."""
    made = copy.copy(error)
    made.add_note("seen twice")
    made.__dict__["attempt"] = 2
    made.__cause__ = OSError("why")
    twin = WAYS[way](made)
    assert type(twin) is type(error)
    assert (str(twin), repr(twin), twin.args, vars(twin)) == (str(error), repr(error), error.args, vars(made))
    assert twin.__notes__ == ["seen twice"]
    assert (twin.__cause__, twin.__traceback__) == (None, None)


def test_a_trap_and_an_exit_keep_what_they_say() -> None:
    trap, gone = (pickle.loads(pickle.dumps(error)) for error in (_trap(), host.GuestExit(3)))
    assert trap.backtrace.startswith("error while executing")
    assert (gone.code, str(gone)) == (3, "the guest exited with code 3")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("value", [Some(None), Ok[int](7), Err[Any]({"a": [1]}), Some(Ok([Err(None)]))], ids=repr)
def test_options_and_results_survive(value: Any, way: str) -> None:
    twin = WAYS[way](value)
    assert (type(twin), twin) == (type(value), value)
    if way != "copy" and isinstance(value.value, (list, dict)):
        assert twin.value is not value.value


def _fail(kind: int) -> None:
    raise ERRORS[kind]


def test_errors_come_out_of_another_process() -> None:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        for index, error in enumerate(ERRORS):
            raised = pool.submit(_fail, index).exception(timeout=60)
            assert (type(raised), str(raised), vars(raised)) == (type(error), str(error), vars(error))


def test_an_error_without_a_payload_says_what_it_is() -> None:
    assert (str(WitError()), str(Refused("no"))) == ("WitError", "no")


def _generate(wit: str) -> None:
    generate(Config(Path(wit), out=Path(wit).parent / "out"))


def test_errors_of_the_generator_come_out_of_another_process(tmp_path: Path) -> None:
    """One that cannot be read there breaks the pool, and everything else in it."""
    (tmp_path / "a.wit").write_text("package a:b;\nworld w { import nope; }\n")
    with pytest.raises(WitgenError) as here:
        _generate(str(tmp_path / "a.wit"))
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        raised = pool.submit(_generate, str(tmp_path / "a.wit")).exception(timeout=60)
    assert type(raised) is WitgenError
    for twin in (raised, *(way(here.value) for way in WAYS.values())):
        assert (str(twin), vars(twin)) == (str(here.value), vars(here.value))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("error", [WaveError("wrong", "column 7", "x"), DivergenceError(3, "a()", "b()")], ids=repr)
def test_errors_of_workers_and_values_survive(error: Exception, way: str) -> None:
    twin = WAYS[way](error)
    assert (type(twin), str(twin), vars(twin)) == (type(error), str(error), vars(error))
