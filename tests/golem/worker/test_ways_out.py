"""Which code a worker runs, what happens to damaged state, and the commands that lead out of any state."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest
from wasmtime import wat2wasm

from tests.golem.worker.conftest import ADD, Folder
from witgen.golem.worker.command import Run, run
from witgen.golem.worker.errors import StateError, WorkerError
from witgen.golem.worker.managing import Reader

pytestmark = pytest.mark.slow

MULTIPLY = ADD.replace("i32.add", "i32.mul")


def _add(folder: Folder, worker: str, *more: str, file: str = "calc.wasm") -> tuple[int, str, str]:
    return folder.run("run", file, "add", "3", "4", "--worker", worker, *more)


def _change(folder: Folder, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(folder.path / ".witgen" / "state.db")) as connection, connection:
        connection.execute(statement, values)


def test_a_new_worker_runs_the_file_that_was_named(folder: Folder) -> None:
    (folder.path / "other.wasm").write_bytes(wat2wasm(MULTIPLY))
    assert _add(folder, "one", file="app=calc.wasm")[1] == "7\n"
    assert _add(folder, "two", file="app=other.wasm")[1] == "12\n"
    assert _add(folder, "three", file="app=calc.wasm")[:2] == (0, "7\n")
    listed = json.loads(folder.run("workers", "--json")[1])
    assert [(each["worker"], each["version"]) for each in listed] == [("one", 0), ("two", 1), ("three", 0)]


def test_an_update_that_cannot_be_done_calls_nothing(folder: Folder) -> None:
    _add(folder, "w")
    (folder.path / "calc.wasm").write_bytes(wat2wasm(MULTIPLY))
    for mode, reason in (("automatic", "made now: add returns 12"), ("snapshot-based", "golem:api/save-snapshot")):
        code, out, err = _add(folder, "w", "--update", mode)
        assert (code, out) == (2, "")
        assert "cannot be updated to version 1 and stays at version 0; nothing was called" in err
        assert reason in err
    assert _calls(folder, "w") == 1


def _calls(folder: Folder, worker: str) -> int:
    entries = [json.loads(line) for line in folder.run("workers", "oplog", worker, "--json")[1].splitlines()]
    return sum(entry["kind"] == "exported-function-invoked" for entry in entries)


@pytest.mark.parametrize(
    ("damage", "values"),
    [
        ("UPDATE workers SET env = 'x'", ()),
        ("UPDATE workers SET args = 17", ()),
        ("UPDATE workers SET status = 'dreaming'", ()),
        ("UPDATE workers SET env = ?", ("[" * 100_000,)),
        ("UPDATE oplog SET request = '[1' WHERE kind = 'exported-function-invoked'", ()),
        ("UPDATE oplog SET request = '[true, \"a\"]' WHERE kind = 'exported-function-invoked'", ()),
        ("UPDATE oplog SET request_data = 5 WHERE kind = 'exported-function-invoked'", ()),
        ("UPDATE oplog SET response = ?", (b"\xff\xfe",)),
        ("UPDATE oplog SET at = 'noon'", ()),
        ("UPDATE components SET size = 'large'", ()),
    ],
)  # fmt: skip
def test_damaged_values_are_one_error_and_fail_no_worker(
    folder: Folder, damage: str, values: tuple[object, ...]
) -> None:
    state = folder.path / ".witgen" / "state.db"
    wanted = Run(
        component=str(folder.path / "calc.wasm"), function="add", arguments=["3", "4"], worker="w", state=state
    )
    assert run(wanted).text == "7"
    kept = state.read_bytes()
    _change(folder, damage, *values)
    with pytest.raises(WorkerError, match="damaged"):
        run(wanted)
    state.write_bytes(kept)
    assert run(wanted).text == "7"


def test_damaged_values_on_the_command_line(folder: Folder) -> None:
    _add(folder, "w")
    _change(folder, "UPDATE workers SET env = 'x'")
    for command in (["run", "calc.wasm", "add", "3", "4", "--worker", "w"], ["workers"], ["workers", "show", "w"]):
        code, out, err = folder.run(*command)
        assert (code, out) == (2, "")
        assert "damaged" in err
        assert err.count("\n") == 1


@pytest.mark.parametrize(
    "damage", ["component = 'no id'", "name = cast(x'ff' AS TEXT)", "created = 'noon'", "args = '{'"]
)
def test_damaged_values_in_a_list(folder: Folder, damage: str) -> None:
    state = folder.path / "state.db"
    run(Run(component=str(folder.path / "calc.wasm"), function="add", arguments=["3", "4"], worker="w", state=state))
    with closing(sqlite3.connect(state)) as connection, connection:
        connection.execute(f"UPDATE workers SET {damage}")
    with Reader(state) as reader, pytest.raises(StateError, match="damaged"):
        reader.records.workers()


def test_a_kept_component_that_has_changed_is_not_run(folder: Folder) -> None:
    _add(folder, "w")
    (folder.path / "calc.wasm").write_bytes(wat2wasm(MULTIPLY))
    [kept] = (folder.path / ".witgen" / "state.db.d" / "components").iterdir()
    kept.write_bytes(wat2wasm(MULTIPLY))
    code, out, err = _add(folder, "w")
    assert (code, out) == (2, "")
    assert "is damaged: it is not the component that was stored there" in err


def test_a_call_that_does_not_end_can_be_given_up(folder: Folder) -> None:
    _add(folder, "w")
    code, _, err = folder.run("run", "calc.wasm", "spin", "--worker", "w", "--deadline", "0.5")
    assert code == 2
    assert "`witgen workers abandon w` abandons it" in err
    code, _, err = _add(folder, "w", "--deadline", "0.5")
    assert code == 2
    assert "worker `w` first resumes `spin`, a call that began at 20" in err
    shown = json.loads(folder.run("workers", "show", "w", "--json")[1])
    assert (shown["status"], shown["call"]["function"]) == ("interrupted", "spin")
    assert shown["ways"] == ["witgen workers abandon w", "witgen workers delete w"]
    assert folder.run("workers", "abandon", "w")[0] == 0
    assert folder.run("workers", "abandon", "w")[0] == 2
    code, out, err = _add(folder, "w")
    assert (code, out) == (0, "7\n")
    assert "spin" not in err


def test_a_failed_worker_tries_again_or_gives_the_call_up(folder: Folder) -> None:
    folder.run("run", "calc.wasm", "fail", "--worker", "w")
    code, _, err = _add(folder, "w")
    assert code == 2
    for way in ("retry", "abandon", "delete"):
        assert f"`witgen workers {way} w`" in err
    assert folder.run("workers", "retry", "w")[0] == 0
    code, _, err = _add(folder, "w")
    assert (code, "first resumes `fail`" in err) == (2, True)
    assert folder.run("workers", "abandon", "w")[0] == 0
    assert folder.run("workers", "retry", "w")[0] == 2
    assert _add(folder, "w")[:2] == (0, "7\n")


def test_another_process_ends_a_call(folder: Folder) -> None:
    process = folder.start("run", "calc.wasm", "spin", "--worker", "w")
    try:
        while folder.run("workers", "interrupt", "w")[0] != 0:
            assert process.poll() is None
        _, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 2
    assert "witgen: interrupted" in err
    assert "worker `w`: interrupted" in err
    assert folder.run("workers", "delete", "w")[0] == 0
    assert _add(folder, "w")[:2] == (0, "7\n")


def test_the_process_that_holds_a_state_file_is_named(folder: Folder) -> None:
    """It is listed as running while it runs, and as interrupted once it was killed."""
    process = folder.start("run", "calc.wasm", "spin", "--worker", "w")
    try:
        while '"running"' not in folder.run("workers", "--json")[1]:
            assert process.poll() is None
        for command in (["run", "calc.wasm", "add", "3", "4"], ["workers", "delete", "w"]):
            code, out, err = folder.run(*command)
            assert (code, out) == (2, "")
            assert f"the state file is locked by process {process.pid} (`witgen run`), which runs its workers" in err
            assert "name another state file with --state FILE" in err
    finally:
        process.kill()
        process.communicate()
    assert folder.run("workers")[1].split()[:2] == ["calc/w", "interrupted"]
    shown = folder.run("workers", "show", "w")[1]
    assert "status: interrupted\n" in shown
    assert "next: no process runs this call; the worker's next call resumes `spin` first\n" in shown
    assert folder.run("workers", "abandon", "w")[0] == 0
    assert _add(folder, "w")[:2] == (0, "7\n")


def test_revert_delete_and_prune(folder: Folder) -> None:
    for _ in range(3):
        _add(folder, "w")
    assert folder.run("workers", "revert", "w", "--calls", "2")[0] == 0
    assert _calls(folder, "w") == 1
    assert folder.run("workers", "revert", "w")[0] == 2
    for position in ("0", "-1", "99"):
        assert folder.run("workers", "revert", "w", "--", position)[0] == 2
    folder.run("run", "calc.wasm", "add", "1", "2")
    folder.run("run", "calc.wasm", "fail", "--worker", "f")
    code, _, err = folder.run("workers", "prune", "--failed")
    assert (code, err) == (0, "removed 2 workers, 12 oplog entries, 0 files of bodies (0 bytes)\n")
    assert [each["worker"] for each in json.loads(folder.run("workers", "--json")[1])] == ["w"]
    assert _add(folder, "w")[:2] == (0, "7\n")
    assert folder.run("workers", "delete", "nobody")[0] == 2
    assert folder.run("workers", "delete", "calc/w")[0] == 0
    assert folder.run("workers")[:2] == (0, "")


@pytest.mark.skipif(os.name != "posix", reason="links and modes as Unix has them")
def test_a_state_file_is_locked_under_all_of_its_names(folder: Folder) -> None:
    _add(folder, "w")
    state, link = folder.path / ".witgen" / "state.db", folder.path / "link.db"
    link.symlink_to(state)
    process = folder.start("run", "calc.wasm", "spin", "--worker", "w")
    try:
        while json.loads(folder.run("workers", "show", "w", "--json")[1])["status"] != "running":
            assert process.poll() is None
        code, _, err = _add(folder, "w", "--state", str(link))
        assert (code, "the state file is locked" in err) == (2, True)
        hard = folder.path / "hard.db"
        os.link(state, hard)
        code, _, err = _add(folder, "w", "--state", str(hard))
        assert (code, f"use it as {state.resolve()}" in err) == (2, True)
    finally:
        process.terminate()
        process.communicate()
    folder.run("workers", "abandon", "w")
    assert _add(folder, "w", "--state", str(link))[:2] == (0, "7\n")
    assert not (folder.path / "link.db.d").exists()


@pytest.mark.skipif(os.name != "posix", reason="links and modes as Unix has them")
def test_nobody_else_can_read_state(folder: Folder) -> None:
    _add(folder, "w")
    place = folder.path / ".witgen"
    for path in (place, *place.iterdir(), *(place / "state.db.d").iterdir()):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_state_file_that_is_a_pipe(folder: Folder) -> None:
    os.mkfifo(folder.path / "pipe.db")
    for command in (["run", "calc.wasm", "add", "1", "2"], ["workers"]):
        code, out, err = folder.run(*command, "--state", "pipe.db")
        assert (code, out) == (2, "")
        assert "pipe.db" in err
    with pytest.raises(StateError, match="this is not a file"):
        Reader(folder.path / "pipe.db")


SERVICES_OF_ANOTHER_VERSION = """
(component
  (import "wasi:http/types@0.3.0" (instance (export "fields" (type (sub resource)))))
  (core module $m (func (export "hello") (result i32) (i32.const 1)))
  (core instance $i (instantiate $m))
  (func (export "hello") (result u32) (canon lift (core func $i "hello"))))
"""


@pytest.mark.slow
def test_services_are_chosen_by_version(folder: Folder) -> None:
    (folder.path / "later.wasm").write_bytes(wat2wasm(SERVICES_OF_ANOTHER_VERSION))
    code, _, err = folder.run("run", "later.wasm", "hello")
    assert code == 2
    assert "wasi:http/types@0.3.0" in err
    # A mistake leaves no worker behind.
    assert folder.run("workers")[:2] == (0, "")


@pytest.mark.slow
def test_only_the_result_is_on_stdout(folder: Folder, component: Path) -> None:
    def count(*more: str) -> tuple[str, str]:
        code, out, err = folder.run("run", str(component), "count", "--worker", "w", "-q", *more)
        assert code == 0, err
        return out, err

    assert count() == ("1\n", "counted 1\n")
    assert count("--json") == ("2\n", "counted 2\n")
    assert count("--guest-stdout", "stdout") == ("counted 3\n3\n", "")
    assert count("--guest-stdout", "none") == ("4\n", "")


@pytest.mark.slow
def test_an_oplog_has_a_limit_and_goes_on_behind_it(folder: Folder) -> None:
    made = 0
    while (answer := _add(folder, "w", "--disk", "600"))[0] == 0:
        made += 1
    assert answer[:2] == (2, "")
    assert "and the limit is 600; `witgen run --disk` sets the limit" in answer[2]
    assert made >= 1
    assert _calls(folder, "w") == made
    assert _add(folder, "w")[:2] == (0, "7\n")


def test_limits_are_numbers_or_none(folder: Folder) -> None:
    assert _add(folder, "w", "--deadline", "none", "--memory", "none", "--disk", "none")[:2] == (0, "7\n")
    for limit in ("nan", "inf", "-1", "0", "much"):
        assert _add(folder, "w", "--deadline", limit)[0] == 2


@pytest.mark.slow
def test_pruning_with_snapshots(folder: Folder) -> None:
    assert folder.run("workers", "prune", "--snapshot")[0] == 2
    _add(folder, "w")
    code, out, err = folder.run("workers", "prune", "--snapshot")
    # Its component makes none.
    assert (code, out) == (0, "")
    assert err.splitlines()[0] == "took snapshots of 0 workers"
    assert _add(folder, "w")[:2] == (0, "7\n")
