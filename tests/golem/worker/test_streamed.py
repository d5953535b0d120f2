"""Workers with the stores that Golem has had since it went over to WASI 0.3: streams and async functions."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.golem.guests import streamed
from tests.golem.worker.conftest import Machine
from witgen.golem.services.blobstore.store import OutgoingValue
from witgen_runtime.host import ByteStreamReader

pytestmark = [pytest.mark.slow, pytest.mark.long]


@pytest.fixture(scope="session")
def component(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("componentize_py", reason="needs componentize-py")
    return streamed(tmp_path_factory)


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("keys_and_values", ["70001", "True", "[b'2', None, b'1']", "[5, True]", "(False, ['long', 'y'])"]),
        (
            "blobs",
            ["a box 11 box box", "5 b'hello'", "b'blob'", "['a', 'b', 'd']", "(False, True)", "[]", "False"],
        ),
        ("large", [str(5 << 20), "True", "True"]),
        ("cached", ["b'kept'", "[True, False, None]", "b'provided'"]),
        ("together", ["[None, None]", "[False, False]", "[b'done', b'done']"]),
    ],
)
def test_what_was_stored_is_not_stored_again(machine: Machine, what: str, said: list[str]) -> None:
    """The second call replays the first one; it would find other things in the stores, and leave the oplog."""
    assert machine.call("one", "run", what, "") == said
    shutil.rmtree(machine.state.with_name("state.db.d") / "blobs", ignore_errors=True)
    assert machine.call("one", "run", "called", "")


def test_what_a_call_has_left_in_a_stream_arrives_with_its_end(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No later call has to make the guest run for it: this is as in worlds."""
    take, written = OutgoingValue.take_body, list[OutgoingValue]()

    def noted(value: OutgoingValue, data: ByteStreamReader) -> None:
        written.append(value)
        take(value, data)

    monkeypatch.setattr(OutgoingValue, "take_body", noted)
    with machine.executor() as executor:
        component = executor.add_component(machine.component)
        made = executor.find_or_create(component.id, "one")
        export = executor.program(component.id, made.record.version).find("run")
        executor.invoke(made, export.name, export.request(["hand_over", ""]), "a key")
        [value] = written
        assert value.written.read() == b"handed over"
