"""The files of a worker in snapshots, reverts, updates and forks."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.golem.worker.conftest import Machine
from tests.golem.worker.file_calls import place, run
from witgen.golem.worker.errors import StateError
from witgen.golem.worker.managing import Manager, Reader

pytestmark = [pytest.mark.slow, pytest.mark.long]


def test_revert_brings_files_back(files: Machine) -> None:
    run(files, "open('/a', 'w').write('1')")
    run(files, "os.remove('/a'); open('/b', 'w').write('2')")
    with Manager(files.state) as manager:
        manager.revert(manager.find("ann"), calls=1)
    assert run(files, "result = [os.listdir('/'), open('/a').read()]") == [["a"], "1"]


def _next_version(machine: Machine, tmp_path: Path) -> Machine:
    """Return the same machine with another version of the component: a custom section more."""
    other = tmp_path / "next" / "files.wasm"
    other.parent.mkdir()
    other.write_bytes(machine.component.read_bytes() + b"\0\3\1xy")
    later = Machine(machine.state, other)
    later.count = machine.count
    return later


def _update(machine: Machine, mode: str) -> None:
    with machine.executor() as executor:
        component = executor.add_component(machine.component)
        worker = executor.find(component.id, "ann")
        assert worker is not None
        worker.update(component.version, mode)


_LOOK = "result = [[each, os.lstat('/' + each).st_mtime_ns] for each in sorted(os.listdir('/')) if each != 'saved']"


def test_a_snapshot_takes_the_files_along(files: Machine, tmp_path: Path) -> None:
    run(files, "open('/a', 'w').write('1'); os.link('/a', '/hard'); os.symlink('a', '/soft'); os.mkdir('/box')")
    run(files, "open('/box/deep', 'w').write('2')")
    before = run(files, _LOOK)
    later = _next_version(files, tmp_path)
    _update(later, "snapshot-based")
    # What `save` writes is there, too, and `load` finds all.
    found = [["state", ["a", "box", "hard", "saved", "soft"]], "by save", "2"]
    assert run(later, "result = [loaded, open('/saved').read(), open('/box/deep').read()]") == found
    assert run(later, _LOOK) == before
    run(later, "open('/soft', 'a').write('3')")
    assert run(later, "result = open('/hard').read()") == "13"
    with Manager(files.state) as manager:
        manager.prune()
    assert run(later, "result = open('/hard').read()") == "13"
    assert len(list((place(files) / "snapshots").iterdir())) == 1


def test_a_revert_before_a_snapshot_finds_the_files_of_then(files: Machine, tmp_path: Path) -> None:
    run(files, "open('/a', 'w').write('1')")
    position = _position(files)
    later = _next_version(files, tmp_path)
    _update(later, "snapshot-based")
    run(later, "open('/b', 'w').write('2')")
    with Manager(files.state) as manager:
        manager.revert(manager.find("ann"), position=position)
        manager.prune()
    assert run(later, "result = os.listdir('/')") == ["a"]
    assert list((place(files) / "snapshots").iterdir()) == []


def _position(machine: Machine) -> int:
    with Reader(machine.state) as reader:
        return reader.state.last_position(reader.find("ann").number)


def test_damaged_files_of_a_snapshot_are_one_error(files: Machine, tmp_path: Path) -> None:
    run(files, "open('/a', 'w').write('1')")
    later = _next_version(files, tmp_path)
    _update(later, "snapshot-based")
    [archive] = (place(files) / "snapshots").iterdir()
    kept = archive.read_bytes()
    archive.write_bytes(kept[:-1])
    with pytest.raises(StateError, match=r"\.tar is gone or damaged"):
        run(later, "result = 1")
    archive.write_bytes(kept)
    assert run(later, "result = open('/a').read()") == "1"


def test_a_fork_of_a_worker_that_began_with_a_snapshot_has_its_files(files: Machine, tmp_path: Path) -> None:
    run(files, "open('/a', 'w').write('1')")
    later = _next_version(files, tmp_path)
    _update(later, "snapshot-based")
    run(later, "open('/a', 'a').write('2')")
    with later.executor() as executor:
        component = executor.add_component(later.component)
        worker = executor.find(component.id, "ann")
        assert worker is not None
        executor.fork(worker.record, "bob", executor.state.last_position(worker.number))
        executor.settle()
    assert run(later, "result = open('/a').read()", "bob") == "12"
