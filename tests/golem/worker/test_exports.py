"""Methods of exported resources: called on objects that a worker keeps by what they were made with."""

from __future__ import annotations

import pytest

from tests.golem.worker.conftest import Machine
from witgen.golem.worker.errors import WorkerError
from witgen_runtime.values import Err, Ok

pytestmark = pytest.mark.slow


def test_objects_are_kept_by_their_arguments(machine: Machine) -> None:
    assert machine.call("one", 'purse("ann").put', 3) == Ok(3)
    assert machine.call("one", 'purses.{purse("ann").put}', 4) == Ok(7)
    assert machine.call("one", 'test:worker/purses#purse( "bob" ).put', 1) == Ok(1)
    assert machine.call("one", 'test:worker/purses.{purse("ann").put}', 0) == Err("nothing to put")
    assert machine.call("one", 'purse("a ).b(\\"").owner') == 'a ).b("'
    assert machine.call("one", "purse.count") == 3
    assert machine.call("two", 'purse("ann").put', 1) == Ok(1)


def test_an_object_that_was_dropped_is_made_anew(machine: Machine) -> None:
    machine.call("one", 'purse("ann").put', 3)
    assert machine.call("one", 'purse("ann").drop') is None
    assert machine.call("one", 'purse("ann").drop') is None
    assert machine.call("one", 'purse("ann").put', 4) == Ok(4)
    assert machine.call("one", "purses.purse.count") == 2


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("put", r"it is a method: call it as `test:worker/purses\.\{purse\(…\)\.put\}`"),
        ("steal", "it is a method: `thief` has no constructor"),
        ("purse(1).put", r"`purse\(1\)`: column 7: expected a string"),
        ("purse().put", "the argument `owner` is missing"),
        ('purse("ann").pit', r"exports no function .*purse\(…\)\.put"),
        ("purse.pour", "takes or returns handles"),
        ("meet", "takes or returns handles"),
    ],
)
def test_what_cannot_be_called_is_said(machine: Machine, function: str, message: str) -> None:
    with pytest.raises(WorkerError, match=message):
        machine.call("one", function)
