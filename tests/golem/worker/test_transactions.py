"""Which transactions of databases are done again, by the entries of an oplog."""

from __future__ import annotations

from witgen.golem.worker.oplog.codec import NOTHING, Encoded
from witgen.golem.worker.oplog.entries import (
    BEGIN_TRANSACTION,
    COMMIT_TRANSACTION,
    COMPLETED,
    DROP_TRANSACTION,
    IMPORTED,
    PRE_COMMIT,
    ROLL_BACK_TRANSACTION,
    Entry,
    earliest_open,
    open_transactions,
)

DONE = Encoded('{"ok":null}')


def begun(position: int, number: int) -> Entry:
    return Entry(BEGIN_TRANSACTION, "begin", Encoded("[[1]]"), Encoded(f'{{"ok":[{number}]}}'), position=position)


def ended(position: int, number: int, kind: str = COMMIT_TRANSACTION, response: Encoded | None = DONE) -> Entry:
    return Entry(kind, "end", Encoded(f"[[{number}]]"), response, position=position)


def test_one_without_an_end_is_open() -> None:
    entries = [begun(3, 7), Entry(IMPORTED, "execute", Encoded("[[7]]"), DONE, position=4)]
    assert open_transactions(entries) == {3: None}
    assert earliest_open(entries) == 3


def test_each_end_closes_its_own() -> None:
    both = [begun(3, 7), begun(4, 8)]
    assert list(open_transactions([*both, ended(5, 8)])) == [3]
    assert list(open_transactions([*both, ended(5, 7, ROLL_BACK_TRANSACTION)])) == [4]
    dropped = Entry(DROP_TRANSACTION, request=Encoded("[4]"), response=NOTHING, position=5)
    assert list(open_transactions([*both, dropped])) == [3]


def test_a_commit_that_is_refused_is_an_end() -> None:
    refused = Encoded('{"err":["query-execution-failure","no"]}')
    assert open_transactions([begun(3, 7), ended(4, 7, response=refused)]) == {}


def test_a_beginning_that_failed_is_none() -> None:
    failed = Entry(BEGIN_TRANSACTION, "begin", Encoded("[[1]]"), Encoded('{"err":["other","no"]}'), position=3)
    assert open_transactions([failed]) == {}


def test_what_was_written_before_a_commit_without_an_answer() -> None:
    before = Entry(PRE_COMMIT, request=Encoded('[3,"postgres","url","9"]'), response=NOTHING, position=5)
    assert open_transactions([begun(3, 7), ended(4, 7, response=None), before]) == {3: before}


def test_nothing_is_open_after_the_call() -> None:
    assert open_transactions([begun(3, 7), Entry(COMPLETED, "f", response=NOTHING, position=4)]) == {}
