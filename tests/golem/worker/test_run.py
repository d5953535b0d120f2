"""`witgen run` and `witgen workers` as a user types them."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sqlite3
import time
from typing import Any

import pytest
from wasmtime import wat2wasm

from tests.golem.worker.conftest import ADD, Folder
from witgen.golem import Executor, Services
from witgen.golem._bindings.types.wasi_logging_logging import Level
from witgen.golem.services.logging import Logging
from witgen.golem.worker.errors import StateError
from witgen.golem.worker.managing import Reader
from witgen.golem.worker.oplog.codec import Encoded
from witgen_runtime.host import LinkError


def test_a_result_on_stdout_and_the_status_on_stderr(folder: Folder) -> None:
    code, out, err = folder.run("run", "calc.wasm", "add", "20", "-41", "--worker", "ann")
    assert (code, out) == (0, "-21\n")
    assert err == "worker `ann`: idle, version 0, 3 oplog entries\n"
    assert (folder.path / ".witgen" / "state.db").exists()


TELL = """
(component
  (import "wasi:logging/logging" (instance $logging
    (type $level (enum "trace" "debug" "info" "warn" "error" "critical"))
    (export "level" (type $named (eq $level)))
    (export "log" (func (param "level" $named) (param "context" string) (param "message" string)))))
  (core module $text (memory (export "memory") 1) (data (i32.const 0) "shopsold"))
  (core instance $text (instantiate $text))
  (alias core export $text "memory" (core memory $memory))
  (alias export $logging "log" (func $log))
  (core func $lowered (canon lower (func $log) (memory $memory)))
  (core module $code
    (import "" "log" (func $log (param i32 i32 i32 i32 i32)))
    (func (export "tell") (call $log (i32.const 2) (i32.const 0) (i32.const 4) (i32.const 4) (i32.const 4))))
  (core instance $code (instantiate $code (with "" (instance (export "log" (func $lowered))))))
  (func (export "tell") (canon lift (core func $code "tell"))))
"""


def test_what_a_component_logs(folder: Folder) -> None:
    (folder.path / "tell.wasm").write_bytes(wat2wasm(TELL))
    code, _, err = folder.run("run", "tell.wasm", "tell", "--worker", "ann", "-v")
    assert code == 0, err
    assert "INFO golem.shop: sold\n" in err
    assert "sold" not in folder.run("run", "tell.wasm", "tell", "--worker", "ann")[2]


class Mute(Logging):
    """Implements logging as nobody can call it."""

    def log(self, level: Level, message: str) -> None:  # type: ignore[override]
        raise NotImplementedError


def test_implementations_that_do_not_fit_are_listed_as_by_services(folder: Folder) -> None:
    """A worker does not find out at its first call."""
    path = folder.path / "tell.wasm"
    path.write_bytes(wat2wasm(TELL))
    mute = Mute()
    with Services(folder.path / "services") as services, pytest.MonkeyPatch.context() as patch:
        patch.setattr(services, "logging", mute)
        with pytest.raises(LinkError) as expected:
            services.open(path)
        with Executor(folder.path / "state.db", services=services) as executor:
            component = executor.add_component(path)
            made = executor.find_or_create(component.id, "ann")
            with pytest.raises(LinkError) as caught:
                executor.invoke(made, "tell", executor.program(component.id, 0).find("tell").request([]), "key")
    assert str(caught.value) == str(expected.value)
    assert "wasi:logging/logging#log: it is called with (level, context, message)" in str(caught.value)


# Prints a line to stderr, and traps.
WARN = """
(component
  (import "wasi:io/error@0.2.0" (instance $e (export "error" (type (sub resource)))))
  (alias export $e "error" (type $error))
  (import "wasi:io/streams@0.2.0" (instance $s
    (export "output-stream" (type $o (sub resource)))
    (alias outer 1 $error (type $err'))
    (export "error" (type $err (eq $err')))
    (type $se' (variant (case "last-operation-failed" (own $err)) (case "closed")))
    (export "stream-error" (type $se (eq $se')))
    (export "[method]output-stream.blocking-write-and-flush"
      (func (param "self" (borrow $o)) (param "contents" (list u8)) (result (result (error $se)))))))
  (alias export $s "output-stream" (type $out))
  (import "wasi:cli/stderr@0.2.0" (instance $si (alias outer 1 $out (type $o'))
    (export "output-stream" (type $o (eq $o'))) (export "get-stderr" (func (result (own $o))))))
  (core module $mem (memory (export "memory") 1) (data (i32.const 0) "a warning\\0a"))
  (core instance $mem (instantiate $mem))
  (alias core export $mem "memory" (core memory $memory))
  (core func $get (canon lower (func $si "get-stderr")))
  (core func $print (canon lower (func $s "[method]output-stream.blocking-write-and-flush")
    (memory $memory)))
  (core module $m
    (import "" "get" (func $get (result i32))) (import "" "print" (func $print (param i32 i32 i32 i32)))
    (func (export "warn") (call $print (call $get) (i32.const 0) (i32.const 10) (i32.const 64)) unreachable))
  (core instance $i (instantiate $m (with "" (instance (export "get" (func $get)) (export "print" (func $print))))))
  (func (export "warn") (canon lift (core func $i "warn"))))
"""


def test_a_failure_shows_once_what_the_component_wrote_to_stderr(folder: Folder) -> None:
    (folder.path / "warn.wasm").write_bytes(wat2wasm(WARN))
    code, _, err = folder.run("run", "warn.wasm", "warn", "--worker", "ann")
    assert code == 2
    assert err.count("a warning\n") == 1
    assert "Trap: wasm trap" in err
    code, _, err = folder.run("run", "warn.wasm", "warn", "--worker", "ann")
    assert (code, err.count("a warning")) == (2, 0)


def test_json(folder: Folder) -> None:
    assert folder.run("run", "calc.wasm", "add", "1", "2", "--json", "-q") == (0, "3\n", "")
    code, _, err = folder.run("run", "calc.wasm", "add", "1", '"2"', "--json")
    assert code == 2
    assert "add: func(left: s32, right: s32) -> s32" in err


def test_a_declared_error_is_exit_code_1(folder: Folder) -> None:
    assert folder.run("run", "calc.wasm", "refuse", "false", "-q") == (0, "ok\n", "")
    assert folder.run("run", "calc.wasm", "refuse", "true", "-q") == (1, "err\n", "")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["calc.wasm", "ad", "1", "2"], "the component exports no function `ad`; did you mean `add`?"),
        (["calc.wasm", "add", "1"], "argument `right`: missing"),
        (["calc.wasm", "add", "1", "x"], "argument `right`: column 1: expected s32"),
        (["calc.wasm", "add", "1", "2", "3"], "argument"),
        (["calc.wasm", "add", "1", "2147483648"], "expected s32"),
        (["nothing.wasm", "add"], "`nothing.wasm` does not exist"),
        (["words.wasm", "add"], "this is not WebAssembly"),
        (["cut.wasm", "add"], "truncated or corrupt"),
        (["calc.wasm", "add", "1", "2", "--env", "novalue"], "--env novalue: expected NAME=VALUE"),
        (["calc.wasm", "add", "1", "2", "--dir", "nowhere"], "--dir nowhere: there is no folder nowhere"),
        (["calc.wasm", "add", "1", "2", "--deadline", "nan"], "deadline: expected seconds"),
        (["calc.wasm", "add", "1", "2", "--deadline", "inf"], "deadline: expected seconds"),
        (["calc.wasm", "add", "1", "2", "--deadline", "-1"], "--deadline"),
        (["calc.wasm", "add", "1", "2", "--memory", str(1 << 63)], "memory: expected a whole number of bytes"),
        (["calc.wasm", "--wroker", "w", "add"], "No such option"),
        (["calc.wasm", "add", "1", "2", "--state", "words.wasm"], "the state file is damaged, or is not a state file"),
        (["calc.wasm", "add", "1", "2", "--state", "other.db"], "this database is not a state file"),
    ],
)  # fmt: skip
def test_mistakes(folder: Folder, arguments: list[str], message: str) -> None:
    (folder.path / "words.wasm").write_text("words " * 1000)
    (folder.path / "cut.wasm").write_bytes((folder.path / "calc.wasm").read_bytes()[:60])
    other = sqlite3.connect(folder.path / "other.db")
    other.execute("CREATE TABLE workers (name TEXT)")
    other.commit()
    other.close()
    code, out, err = folder.run("run", *arguments)
    assert (code, out) == (2, "")
    assert message in err


def test_a_component_that_is_not_there(folder: Folder) -> None:
    for command in (["gone.wasm", "add"], ["calc.wasm", "add", "1", "2", "--component", "other=gone.wasm"]):
        code, out, err = folder.run("run", *command)
        assert (code, out) == (2, "")
        assert "`gone.wasm` does not exist" in err
    assert not (folder.path / ".witgen").exists()


def test_a_trap_is_tried_again_and_then_reported(folder: Folder) -> None:
    code, out, err = folder.run("run", "calc.wasm", "fail", "--worker", "w")
    assert (code, out) == (2, "")
    assert "attempt 3 of 3" in err
    assert "wasm `unreachable` instruction executed" in err
    assert "worker `w`: failed, 2 retries" in err
    code, _, err = folder.run("run", "calc.wasm", "add", "1", "2", "--worker", "w")
    assert code == 2
    assert "worker `w` has failed and takes no more calls: Trap" in err


@pytest.mark.slow
def test_workers_lists_what_there_is(folder: Folder) -> None:
    assert folder.run("workers")[0] == 2
    folder.run("run", "calc.wasm", "add", "1", "2", "--worker", "one", "--env", "COLOUR=blue")
    folder.run("run", "other=calc.wasm", "add", "1", "2", "--worker", "two")
    code, out, _ = folder.run("workers")
    assert code == 0
    assert [line.split()[:2] for line in out.splitlines()] == [["calc/one", "idle"], ["other/two", "idle"]]
    assert len({line.index("version") for line in out.splitlines()}) == 1
    _, out, _ = folder.run("workers", "--json")
    assert json.loads(out)[0]["env"] == {"COLOUR": "blue"}


@pytest.mark.slow
def test_a_new_version_and_an_update(folder: Folder) -> None:
    folder.run("run", "calc.wasm", "add", "1", "2", "--worker", "w")
    (folder.path / "calc.wasm").write_bytes(wat2wasm(ADD.replace("i32.add", "i32.mul")))
    code, out, err = folder.run("run", "calc.wasm", "add", "3", "4", "--worker", "w")
    assert (code, out) == (0, "7\n")
    assert "stays at version 0 of `calc`; this file is version 1" in err
    # 1 + 2 was 3 and would be 2 now.
    code, out, err = folder.run("run", "calc.wasm", "add", "3", "4", "--worker", "w", "--update", "automatic")
    assert (code, out) == (2, "")
    assert "cannot be updated to version 1 and stays at version 0; nothing was called" in err
    assert "recorded: add returns 3" in err
    assert "made now: add returns 2" in err
    assert folder.run("run", "calc.wasm", "add", "3", "4", "--worker", "new", "-q")[1] == "12\n"


def test_a_function_of_another_version(folder: Folder) -> None:
    folder.run("run", "calc.wasm", "add", "1", "2", "--worker", "w")
    (folder.path / "calc.wasm").write_bytes(wat2wasm(ADD.replace('(export "add")', '(export "sum")')))
    code, out, err = folder.run("run", "calc.wasm", "sum", "1", "2", "--worker", "w")
    assert (code, out) == (2, "")
    assert "stays at version 0 of `calc`; this file is version 1 (update it with --update automatic or" in err
    assert folder.run("run", "calc.wasm", "add", "1", "2", "--worker", "w")[:2] == (0, "3\n")


def test_arguments_of_other_types(folder: Folder) -> None:
    other: Any = None
    with pytest.raises(TypeError, match=r"^path: expected Path, got NoneType$"):
        Executor(other)
    with Executor(folder.path / "state.db") as executor:
        with pytest.raises(TypeError, match=r"^path: expected Path, got NoneType$"):
            executor.add_component(other)
        component = executor.add_component(folder.path / "calc.wasm")
        with pytest.raises(TypeError, match=r"^name: expected str, got NoneType$"):
            executor.create(component.id, other)
        with pytest.raises(TypeError, match=r"^key: expected str, got NoneType$"):
            executor.invoke(executor.create(component.id, "w"), "add", Encoded("[1, 2]"), other)


def test_a_key_of_an_earlier_call(folder: Folder) -> None:
    """The answer is that of the earlier call; stderr says so."""
    for words, how in (
        (["add", "1", "2"], ""),
        (["add", "1", "2"], "with the same arguments"),
        (["add", "3", "4"], "with other arguments"),
        (["refuse", "true"], "of `add`"),
    ):
        code, out, err = folder.run("run", "calc.wasm", *words, "--worker", "w", "--key", "k")
        assert (code, out) == (0, "3\n")
        assert ("worker `w`: this is the result of an earlier call with --key k" in err) is bool(how)
        assert how in err
    quiet = folder.run("run", "-q", "calc.wasm", "add", "5", "6", "--worker", "w", "--key", "k")[2]
    assert quiet.startswith("worker `w`: this is the result of an earlier call with --key k, with other arguments")


@pytest.mark.slow
def test_a_locked_state_file(folder: Folder) -> None:
    folder.run("run", "calc.wasm", "add", "1", "2")
    other = sqlite3.connect(folder.path / ".witgen" / "state.db")
    other.execute("BEGIN IMMEDIATE")
    code, _, err = folder.run("run", "calc.wasm", "add", "1", "2")
    assert code == 2
    assert "the state file is locked" in err
    other.close()
    assert folder.run("run", "calc.wasm", "add", "1", "2")[0] == 0


@pytest.mark.slow
def test_a_state_file_of_another_release(folder: Folder) -> None:
    folder.run("run", "calc.wasm", "add", "1", "2")
    with contextlib.closing(sqlite3.connect(folder.path / ".witgen" / "state.db")) as other:
        other.execute("PRAGMA user_version = 1")
    for command in (["workers"], ["run", "calc.wasm", "add", "1", "2"]):
        code, out, err = folder.run(*command)
        assert (code, out) == (2, "")
        assert "written by another release of witgen" in err
        assert "continue with that release, or name another file with --state" in err


@pytest.mark.skipif(os.name != "posix", reason="limits the size of files as Unix does")
def test_a_full_disk(folder: Folder) -> None:
    from tests.golem.services.full_disk import full_disk

    state, made = folder.path / "state.db", 0
    with Executor(state) as executor:
        component = executor.add_component(folder.path / "calc.wasm")
        worker = executor.create(component.id, "one")
        export = executor.program(component.id, 0).find("add")

        def call() -> None:
            nonlocal made
            while made < 100_000:
                executor.invoke(worker, export.name, export.request([made, 1]), str(made))
                made += 1

        with full_disk(1 << 19), pytest.raises(StateError, match="the state file cannot grow"):
            call()
    with full_disk(0), Reader(state) as reader:
        [found] = reader.records.workers()
    assert found.name == "one"
    assert made > 10
    # What was written is there, and it goes on where there is room.
    with Executor(state) as executor:
        [record] = executor.records.workers()
        begun = [
            entry for entry in executor.state.entries(record.number) if entry.kind == "exported-function-completed"
        ]
        assert len(begun) in {made, made + 1}
        response = executor.invoke(executor.worker(record), "add", export.request([5, 6]), "later")
        assert export.result(response) == 11


@pytest.mark.slow
def test_arguments_are_those_of_the_workers_version(folder: Folder) -> None:
    folder.run("run", "calc.wasm", "add", "1", "2", "--worker", "w")
    floats = ADD.replace("s32", "f64").replace(
        "(param i32 i32) (result i32) (i32.add", "(param f64 f64) (result f64) (f64.add"
    )
    (folder.path / "calc.wasm").write_bytes(wat2wasm(floats))
    code, _, err = folder.run("run", "calc.wasm", "add", "1.5", "2", "--worker", "w")
    assert code == 2
    assert "add: func(left: s32, right: s32) -> s32" in err
    code, out, err = folder.run("run", "calc.wasm", "add", "3", "4", "--worker", "w")
    assert (code, out) == (0, "7\n"), err
    code, _, err = folder.run("run", "calc.wasm", "add", "1.5", "2", "--worker", "w", "--update", "automatic")
    assert code == 2
    assert "cannot be updated to version 1" in err
    assert folder.run("run", "calc.wasm", "add", "3", "4", "--worker", "w")[:2] == (0, "7\n")


@pytest.mark.slow
def test_watch_runs_again(folder: Folder) -> None:
    pytest.importorskip("watchfiles", reason="needs watchfiles")
    process = folder.start("run", "calc.wasm", "add", "3", "4", "--watch", "-q")
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "7\n"
        changed = folder.path / "new.wasm"
        changed.write_bytes(wat2wasm(ADD.replace("i32.add", "i32.mul")))
        time.sleep(0.3)
        shutil.move(changed, folder.path / "calc.wasm")
        assert process.stdout.readline() == "12\n"
    finally:
        process.terminate()
        process.communicate()
