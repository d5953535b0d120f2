"""Agents that call agents, read their configuration, and wait for promises."""

from __future__ import annotations

import json
import time

import pytest

from tests.golem.agents.machine import Machine
from witgen.golem.worker.errors import WorkerError

pytestmark = pytest.mark.slow


def test_calls(machine: Machine) -> None:
    assert machine.text('Caller("x")', "ask", "ann", "3") == "3"
    assert machine.text('Caller("x")', "ask", "ann", "4") == "7"
    assert machine.text('Caller("x")', "both", "ann", "bob") == "[8, 1]"
    machine.run('Caller("x")', "start", "ann", "2")
    assert machine.text('Counter("ann")', "total") == "10"


def test_a_repeated_call_is_made_once(machine: Machine) -> None:
    for _ in range(2):
        assert machine.text('Caller("x")', "ask", "ann", "3", key="same") == "3"
    assert machine.text('Counter("ann")', "total") == "3"


def test_scheduled_calls(machine: Machine) -> None:
    machine.run('Caller("x")', "later", "ann", "5", "false")
    machine.run('Caller("x")', "later", "ann", "7", "true")
    time.sleep(1.2)
    machine.run('Caller("x")', "types")
    assert machine.text('Counter("ann")', "total") == "5"


def test_calls_that_fail(machine: Machine) -> None:
    assert "RpcErrorProtocolError: `Counter` has no method `nope`" in machine.text('Caller("x")', "wrong", "nope")
    assert "RpcErrorRemoteInternalError: invalid input: not today" in machine.text('Caller("x")', "wrong", "reject")
    with pytest.raises(WorkerError, match="calls itself"):
        machine.run('Caller("y")', "myself")


def test_ids(machine: Machine) -> None:
    assert json.loads(machine.run('Caller("x")', "id_of", 'a "b"', json=True).text) == r'Counter("a \"b\"")'
    assert machine.text('Caller("x")', "types") == '["Counter", "Caller", "Cart", "Once", "Diary"]'


def test_promises(machine: Machine) -> None:
    assert machine.text('Counter("ann")', "promise") == '"done"'


# Configuration


def test_configuration(machine: Machine) -> None:
    given = {"config": ["max_items=5"], "secrets": ["api_key=sk-1"]}
    made = machine.run('Cart("ann")', "limits", json=True, **given).text
    assert json.loads(made) == {"max_items": 5, "nickname": None, "api_key": "sk-1"}
    again = machine.run('Cart("bob")', "limits", json=True, config=["nickname=Bob"]).text
    assert json.loads(again) == {"max_items": 5, "nickname": "Bob", "api_key": "sk-1"}
    called = machine.run('Caller("x")', "limits", "eve", json=True).text
    assert json.loads(called)["max_items"] == 7


def test_configuration_as_texts(machine: Machine) -> None:
    given = {"config": ["max_items=5"], "secrets": ["api_key=sk-1"]}
    assert machine.run('Cart("ann")', "plain_config", json=True, **given).text == '["max_items is 5"]'
    named = machine.run('Cart("bob")', "plain_config", json=True, config=["nickname=Bob"])
    assert named.text == '["max_items is 5", "nickname is Bob"]'


def test_an_agent_keeps_its_configuration(machine: Machine) -> None:
    """What it reads is not recorded, so replay must find it again; secrets are recorded, and may change."""
    machine.run('Cart("ann")', "limits", config=["max_items=5"], secrets=["api_key=old"], key="one")
    machine.run('Cart("ann")', "clear", config=["max_items=6", "nickname=Ann"], secrets=["api_key=new"])
    assert machine.said == ['agent Cart("ann") already exists and keeps the config it was made with']
    names = [each["name"] for each in machine.oplog('Cart("ann")') if "config" in each["name"]]
    assert names == ["golem:agent/host@1.5.0#get-config-value"]
    assert json.loads(machine.run('Cart("ann")', "limits", json=True).text) == {
        "max_items": 5, "nickname": None, "api_key": "new",
    }  # fmt: skip
    assert json.loads(machine.run('Cart("bob")', "limits", json=True).text)["max_items"] == 6


def test_wrong_configuration(machine: Machine) -> None:
    with pytest.raises(WorkerError, match="reads config `max`; they read `max_items` of Cart"):
        machine.run('Cart("ann")', "limits", config=["max=5"])
    with pytest.raises(WorkerError, match=r"--config max_items: .*u32"):
        machine.run('Cart("ann")', "limits", config=["max_items=many"])
    with pytest.raises(WorkerError, match="`api_key` is a secret: pass it with --secret"):
        machine.run('Cart("ann")', "limits", config=["api_key=x"])
    with pytest.raises(WorkerError, match="secret `api_key` has no value: pass --secret api_key=…"):
        machine.run('Cart("ann")', "limits", config=["max_items=5"])
    with pytest.raises(WorkerError, match="config `other` is not declared by `Cart`"):
        machine.run('Cart("bob")', "other")
