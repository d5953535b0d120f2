"""Methods of agents, called from a command line; a fresh process has the same agents."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.golem.agents.machine import Machine
from witgen.golem.worker.errors import TrappedError, WorkerError
from witgen_runtime.host import Trap

pytestmark = pytest.mark.slow


def test_an_agent_goes_on(machine: Machine) -> None:
    assert machine.text('Counter("ann")', "add", "3") == "3"
    assert machine.text(' Counter( "ann" )', "add", "4") == "7"
    assert machine.text('Counter("bob")', "total") == "0"
    assert machine.names == ['Counter("ann")', 'Counter("bob")']
    kinds = [(each["kind"], each["name"]) for each in machine.oplog('Counter("ann")')]
    # While it is made, Python asks for random numbers and the time in place of those of the build.
    kinds = [each for each in kinds if each[0] != "imported-function-invoked"]
    assert kinds[:3] == [
        ("create", ""),
        ("exported-function-invoked", "golem:agent/guest@1.5.0.{initialize}"),
        ("exported-function-completed", "golem:agent/guest@1.5.0.{initialize}"),
    ]


def test_words(machine: Machine) -> None:
    """WAVE, JSON, and text without quotes."""
    pen = '{name: "pen", price: 1.5, quantity: 2}'
    expected = ['{"name": "pen", "price": 1.5, "quantity": 2}', "red", "None", "[]"]
    assert json.loads(machine.run('Counter("ann")', "echo", pen, "red", "none", "[]", json=True).text) == expected
    given = machine.run('Counter("ann")', "echo", expected[0], "dark_blue", "a note", "[1, 2]", json=True).text
    assert json.loads(given) == [expected[0], "dark_blue", "'a note'", "[1, 2]"]
    assert machine.text('Counter("ann")', "say", "hello") == '@t"hello"'
    assert machine.text('Counter("ann")', "say", '@t[de]"hallo"') == '@t[de]"hallo"'
    assert machine.run('Counter("ann")', "declared", "true").text == "1"
    refused = machine.run('Counter("ann")', "declared", "false")
    assert (refused.text, refused.is_error) == ('err("no")', True)


@pytest.mark.long
def test_oplogs_can_be_read(machine: Machine) -> None:
    machine.text('Counter("ann")', "declared", "true")
    machine.text('Counter("ann")', "patient")
    machine.text('Counter("ann")', "twice")
    shown: list[str] = json.loads(machine.run('Counter("bob")', "history", 'Counter("ann")', '""', json=True).text)
    kinds = [each.partition("(")[0].removeprefix("PublicOplogEntry") for each in shown]
    own = [each for each in kinds if each != "HostCall"]
    assert own == [
        *("Create", "AgentInvocationStarted", "AgentInvocationFinished"),
        *("AgentInvocationStarted", "AgentInvocationFinished"),
        *("AgentInvocationStarted", "SetRetryPolicy", "AgentInvocationFinished"),
        *("AgentInvocationStarted", "BeginAtomicRegion", "EndAtomicRegion", "AgentInvocationFinished"),
    ]
    first, declared, *_ = (shown[at] for at, kind in enumerate(kinds) if kind == "AgentInvocationStarted")
    assert "constructor_parameters=TypedDataValue" in first
    assert "WitNodePrimString(value='ann')" in first
    assert "method_name='declared'" in declared
    assert any("generate-idempotency-key" in each and "WitTypeNodeRecordType" in each for each in shown)
    found = json.loads(machine.run('Counter("bob")', "history", 'Counter("ann")', "declared", json=True).text)
    assert [each.partition("(")[0] for each in found] == ["PublicOplogEntryAgentInvocationStarted"]
    own = json.loads(machine.run('Counter("bob")', "history", 'Counter("bob")', '""', json=True).text)
    assert len(own) > 5, "its own, too, whose reads are recorded in it"


@pytest.mark.parametrize(
    ("agent", "words", "message"),
    [
        (
            'Count("ann")',
            ["add", "1"],
            r"no agent type `Count` \(did you mean `Counter`\?\); the component has\n",
        ),
        ("Counter", ["add", "1"], r"write an agent as Type\(parameters\), not `Counter`; Counter\(name: string\)"),
        ("Counter(1)", ["add", "1"], r"agent id Counter\(…\): expected a string in double quotes, got `1`"),
        ('Counter("a",2)', ["add"], r"too many parameters: it takes \(name\)"),
        ('Counter("ann")', ["ad", "1"], r"no method `ad` \(did you mean `add`\?\); it has\n  add\(n: u32\) -> u32"),
        ('Counter("ann")', [], r"pass a method of Counter\(\"ann\"\) after it; it has\n  add"),
        ('Counter("ann")', ["add"], r"add\(n: u32\): argument `n` is missing: expected u32"),
        ('Counter("ann")', ["add", "1", "2"], r"add\(n: u32\) takes 1 argument, got 2"),
        ('Counter("ann")', ["add", "-1"], r"argument `n`: .*u32 \(0 to 4294967295\)"),
        ('Counter("ann")', ["echo", "x", "green", "none", "[]"], "argument `item`: .*expected record `Item`"),
        (
            'Counter("ann")',
            ["echo", '{"name": "pen", "price": 1.5}', "red", "none", "[]"],
            r"argument `item`: \$: `quantity` is missing: expected u32 .*; a component does not tell the defaults",
        ),
        ('Cart("ann")', ["clear"], "cannot be made without its config: pass --config max_items=…"),
    ],
)
def test_what_cannot_be_called(machine: Machine, agent: str, words: list[str], message: str) -> None:
    with pytest.raises(WorkerError, match=message):
        machine.run(agent, *words)
    assert machine.names == []


def test_the_command(agents_component: Path, tmp_path: Path) -> None:
    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "witgen", *words]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    made = run("run", str(agents_component), 'Counter("ann")', "add", "2")
    assert (made.returncode, made.stdout) == (0, "2\n"), made.stderr
    wrong = run("run", str(agents_component), 'Counter("ann")', "nope")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert wrong.stderr.startswith("error: `Counter` has no method `nope`; it has\n  add(n: u32) -> u32\n")
    listed = run("workers")
    assert listed.stdout.startswith('agents/Counter("ann")  idle')
    shown = run("golem", "types", str(agents_component))
    assert "Counter(name: string)  (a snapshot after every 3 calls)\n  Counts.\n  add(n: u32) -> u32\n" in shown.stdout
    assert "PUT /carts/{user}/picture" in shown.stdout
    assert "config max_items: u32" in shown.stdout
    types = json.loads(run("golem", "types", str(agents_component), "--json").stdout)
    assert [each["typeName"] for each in types] == ["Counter", "Caller", "Cart", "Once", "Diary"]


def test_who_is_called(machine: Machine) -> None:
    me = machine.run('Counter("ann")', "who", json=True).text
    assert json.loads(me) == {"agent": 'Counter("ann")', "type": "Counter", "principal": "GolemUser"}
    me = machine.run('Caller("x")', "introduce", "ann", json=True).text
    assert json.loads(me)["principal"] == 'Caller("x")'


def test_ephemeral_agents(machine: Machine) -> None:
    assert [machine.text('Once("a")', "next") for _ in range(2)] == ["1", "1"]
    first, second = machine.names
    assert first != second
    assert first.startswith('Once("a")[')


# Failures


def test_an_agent_error_fails_the_agent(machine: Machine) -> None:
    machine.run('Counter("ann")', "add", "1")
    with pytest.raises(WorkerError, match="invalid input: not today"):
        machine.run('Counter("ann")', "reject")
    with pytest.raises(WorkerError, match=r"has failed and takes no more calls: .*not today"):
        machine.run('Counter("ann")', "total")
    assert machine.said == []


def test_an_agent_that_refuses_to_be(machine: Machine) -> None:
    for _ in range(2):
        with pytest.raises(WorkerError, match="nobody wants this agent"):
            machine.run('Counter("unwanted")', "total")


def test_traps_are_tried_again(machine: Machine) -> None:
    with pytest.raises(WorkerError, match="TrappedError: on purpose") as caught:
        machine.run('Counter("ann")', "trap")
    assert isinstance(caught.value.__cause__ or TrappedError(""), Exception)
    assert [line.partition("; ")[2].partition(" in ")[0] for line in machine.said] == [
        "attempt 2", "attempt 3", "attempt 4"
    ]  # fmt: skip


def test_instructions_that_fail_are_not_tried_again(machine: Machine) -> None:
    with pytest.raises((WorkerError, Trap), match="unreachable"):
        machine.run('Counter("ann")', "crash")
    assert machine.said == []


def test_a_policy_of_the_agent(machine: Machine) -> None:
    machine.run('Counter("ann")', "patient")
    with pytest.raises(WorkerError, match="on purpose"):
        machine.run('Counter("ann")', "trap")
    assert len(machine.said) == 1


def test_a_policy_with_a_limit_of_time(machine: Machine) -> None:
    machine.run('Counter("ann")', "hurried")
    with pytest.raises(WorkerError, match="on purpose"):
        machine.run('Counter("ann")', "trap")
    assert 1 <= len(machine.said) <= 3


def test_what_only_a_cluster_has(machine: Machine) -> None:
    with pytest.raises(WorkerError, match="golem:rdbms/ignite2"):
        machine.run('Counter("ann")', "database")


def test_keys(machine: Machine) -> None:
    first = machine.text('Counter("ann")', "key", key="one")
    assert machine.text('Counter("ann")', "key", key="one") == first
    assert machine.said == [_earlier("one", "with the same arguments")]
    assert machine.text('Counter("ann")', "key", key="two") != first
    assert machine.text('Counter("ann")', "add", "3", key="two") != "3"
    assert machine.said[1:] == [_earlier("two", "of `key`")]
    assert machine.text('Counter("ann")', "add", "3", key="three") == "3"
    assert machine.text('Counter("ann")', "add", "4", key="three") == "3"
    assert machine.said[2:] == [_earlier("three", "with other arguments")]


def _earlier(key: str, how: str) -> str:
    return (
        f'worker `Counter("ann")`: this is the result of an earlier call with --key {key}, {how}; another key makes '
        "another call"
    )


def killed(machine: Machine, agent: str, *words: str) -> None:
    """Call a method in a process, and kill that in the middle of the call."""
    machine.killed(lambda: machine.is_called(agent), agent, *words)


def test_killed_in_the_middle(machine: Machine) -> None:
    """The next process resumes the call, and what it has scheduled happens once."""
    machine.run('Counter("ann")', "add", "5")
    killed(machine, 'Caller("x")', "later", "ann", "2", "false")
    machine.run('Caller("x")', "types")
    time.sleep(1.2)
    machine.run('Caller("x")', "types")
    assert machine.text('Counter("ann")', "total") == "7"


def test_the_same_command_goes_on_with_its_call(machine: Machine) -> None:
    """Who repeats a command that was killed means the interrupted call, and not another one like it."""
    machine.run('Counter("eve")', "total")  # the state file is there
    killed(machine, 'Counter("ann")', "add_slowly", "5")
    assert machine.text('Counter("ann")', "add_slowly", "5") == "5"
    assert machine.said == [
        'agent Counter("ann") goes on with this call, which was interrupted; another --key makes another call'
    ]
    assert machine.text('Counter("ann")', "add_slowly", "5") == "10"
    killed(machine, 'Counter("bob")', "add_slowly", "5")
    assert machine.text('Counter("bob")', "add", "1") == "6"
    assert machine.said[-1].startswith('worker `Counter("bob")` first resumes `add_slowly`, a call that began at ')


# Snapshots and forks


def test_snapshots(machine: Machine) -> None:
    for at in range(1, 5):
        assert machine.text('Counter("ann")', "add", "1") == str(at)
    kinds = [each["name"] for each in machine.oplog('Counter("ann")') if each["kind"] == "successful-update"]
    assert kinds == ["snapshot-based"]
    assert machine.said == []
    assert machine.text('Counter("ann")', "total") == "4"


def test_periodic_snapshots(machine: Machine) -> None:
    """A nanosecond has always passed: there is one once the agent is made, and one after each call."""
    for at in range(1, 3):
        assert machine.text('Diary("ann")', "add", "1") == str(at)
    kinds = [each["name"] for each in machine.oplog('Diary("ann")') if each["kind"] == "successful-update"]
    assert kinds == ["snapshot-based"] * 3
    assert machine.said == []


@pytest.mark.long
@pytest.mark.parametrize("mode", ["automatic", "snapshot-based"])
def test_updates(machine: Machine, mode: str, tmp_path: Path) -> None:
    """To a version that differs by a section without meaning; `load` counts on from what `save` has returned."""
    machine.text('Counter("ann")', "add", "3")
    changed = tmp_path / machine.component.name
    changed.write_bytes(machine.component.read_bytes() + b"\0\2\1x")
    machine.component = changed
    assert machine.text('Counter("ann")', "total") == "3"
    assert '`Counter("ann")` stays at version 0' in machine.said.pop()
    assert machine.text('Counter("ann")', "add", "4", update=mode) == "7"
    assert machine.text('Counter("ann")', "total") == "7"
    first = next(each for each in machine.oplog('Counter("ann")') if each["kind"] == "successful-update")
    assert first["name"] == ("snapshot-based" if mode == "snapshot-based" else "")
    assert machine.text('Counter("bob")', "total") == "0"


def test_a_fork(machine: Machine) -> None:
    machine.run('Counter("ann")', "add", "1")
    assert machine.text('Counter("ann")', "fork") == '"original"'
    [phantom] = [each for each in machine.names if each.endswith("]")]
    assert machine.text(phantom, "total") == "1000"
    assert machine.text('Counter("ann")', "total") == "1"
