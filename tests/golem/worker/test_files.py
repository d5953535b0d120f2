"""The files of workers: a `/` of their own, made again by replay."""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.golem.guests import built
from tests.golem.worker.conftest import Machine
from tests.golem.worker.file_calls import place, run
from witgen.golem.worker.errors import StateError, WorkerError
from witgen.golem.worker.managing import Manager, Reader
from witgen_runtime.host import Trap

pytestmark = pytest.mark.slow

_CHANCE = random.Random(5)


@pytest.fixture(scope="session")
def waiter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the same component with an async function."""
    pytest.importorskip("componentize_py", reason="needs componentize-py")
    app = tmp_path_factory.mktemp("waiting") / "app"
    shutil.copytree(Path(__file__).parent / "files", app)
    _replace(app / "app.py", ("def run(", "async def run("))
    _replace(app / "wit" / "world.wit", ("run: func", "run: async func"), ("world files", "world waiting"))
    return built(app, "waiting", tmp_path_factory)


def _replace(path: Path, *changes: tuple[str, str]) -> None:
    text = path.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text)


def test_a_file_is_there_in_the_next_run_and_for_its_worker_only(files: Machine) -> None:
    run(files, "with open('/notes.txt', 'a') as file: print('one', file=file)")
    run(files, "with open('notes.txt', 'a') as file: print('two', file=file)")
    assert run(files, "result = open('/notes.txt').read()") == "one\ntwo\n"
    assert run(files, "result = os.listdir('/')", "bob") == []


def test_all_that_can_be_done_with_files(files: Machine) -> None:
    code = """
os.makedirs('/box/inner')
for name in ('one', 'two', 'three'):
    with open(f'/box/{name}', 'w') as file:
        file.write(name)
os.rename('/box/one', '/box/inner/first')
os.link('/box/two', '/box/second')
os.symlink('two', '/box/soft')
os.remove('/box/three')
with open('/box/second', 'r+b') as file:
    file.seek(1)
    file.write(b'W')
    file.truncate(2)
"""
    look = """
walked = [[place, sorted(folders), sorted(names)] for place, folders, names in sorted(os.walk('/'))]
result = [walked, open('/box/soft').read(), os.stat('/box/two').st_nlink]
"""
    found = [
        [
            ["/", ["box"], []],
            ["/box", ["inner"], ["second", "soft", "two"]],
            ["/box/inner", [], ["first"]],
        ],
        "tW",
        2,
    ]
    assert run(files, f"{code}\n{look}") == found
    assert run(files, look) == found
    assert run(files, "shutil.rmtree('/box'); result = os.listdir('/')") == []


@pytest.mark.parametrize("mode", ["stat", "lstat"])
def test_times_and_numbers_of_files_are_the_same_ever_after(files: Machine, mode: str) -> None:
    run(files, "open('/old', 'w').write('x'); os.mkdir('/box'); os.symlink('old', '/soft')")
    look = f"result = [[os.{mode}(each)[:], os.{mode}(each).st_mtime_ns] for each in ('/', '/old', '/box', '/soft')]"
    first = run(files, look)
    time.sleep(1.1)
    assert run(files, look) == first
    # The time is that of the call that wrote, not of the one that looked, nor of replay.
    before = run(files, "result = time.time_ns()")
    time.sleep(1.1)
    assert run(files, "open('/new', 'w').write('y'); result = os.stat('/new').st_mtime_ns") - before > 1e9
    assert first[1][1] < before
    assert run(files, look)[1:] == first[1:]


def test_a_file_that_nobody_looked_at_has_the_time_when_it_was_written(files: Machine) -> None:
    run(files, "open('/silent', 'w').write('x'); print('written')")
    time.sleep(1.1)
    now = run(files, "result = time.time_ns()")
    assert now - run(files, "result = os.stat('/silent').st_mtime_ns") > 1e9


def test_a_file_that_was_changed_has_another_time_and_one_that_was_set_keeps_it(files: Machine) -> None:
    first, second, third = run(
        files,
        """
file = open('/a', 'w')
file.write('1'); file.flush()
result = [os.stat('/a').st_mtime_ns]
time.sleep(1.5)
time.time()
file.write('2'); file.flush()
result.append(os.stat('/a').st_mtime_ns)
os.utime('/a', ns=(10**18, 10**18 + 5000))
result.append(os.stat('/a').st_mtime_ns)
""",
    )
    assert second - first > 1e9
    assert third == 10**18 + 5000
    assert run(files, "result = os.stat('/a').st_mtime_ns") == third


def test_nothing_leads_out_of_the_folder(files: Machine, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("of this machine")
    tries = [
        "open('/../secret').read()",
        "open('../../../../secret').read()",
        f"open('{tmp_path}/secret').read()",
        f"os.symlink('{tmp_path}', '/out') or open('/out/secret').read()",
        "os.symlink('../../../..', '/up') or os.listdir('/up')",
        "os.symlink('../../../../secret', '/far') or open('/far', 'w')",
        "os.listdir('/..')",
        "os.mkdir('/../made')",
        "open('/a', 'w') and os.rename('/a', '/../../a')",
        "os.link('/../../../../secret', '/linked')",
        "os.remove('/../../../../secret')",
    ]
    code = f"""
result = []
for each in {tries!r}:
    try:
        result.append(repr(eval(each)))
    except OSError:
        result.append('refused')
"""
    assert run(files, code) == ["refused"] * len(tries)
    assert (tmp_path / "secret").read_text() == "of this machine"


def test_folders_of_the_user_stay_as_they_are(files: Machine, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / "theirs").write_text("x")
    modified = (shared / "theirs").stat().st_mtime_ns
    code = """
open('/mine', 'w').write('m')
result = [os.stat('/shared/theirs').st_mtime_ns, os.listdir('/shared')]
try:
    os.rename('/mine', '/shared/mine')
except OSError as error:
    result.append(error.strerror)
shutil.copy('/mine', '/shared/copy')
"""
    folders = (("/shared", str(shared)),)
    assert run(files, code, folders=folders) == [modified, ["theirs"], "Cross-device link"]
    assert (shared / "theirs").stat().st_mtime_ns == modified
    assert (shared / "copy").read_text() == "m"


def test_a_folder_in_place_of_the_workers_own(files: Machine, tmp_path: Path) -> None:
    (tmp_path / "given").mkdir()
    (tmp_path / "given" / "file").write_text("x")
    assert run(files, "result = os.listdir('/')", folders=(("/", str(tmp_path / "given")),)) == ["file"]


def test_a_listing_is_the_same_in_replay(files: Machine) -> None:
    """The order is what it was, also where the file system has another one now."""
    run(files, "for name in 'fcabed': open('/' + name, 'w').close()\nkept = os.listdir('/')")
    with sqlite3.connect(files.state) as connection:
        rows = connection.execute("SELECT position, response FROM oplog WHERE name LIKE '%read-directory-entry'")
        places, entries = zip(*sorted(rows), strict=True)
        assert len(entries) == 7
        for place, entry in zip(places, [*reversed(entries[:6]), entries[6]], strict=True):
            connection.execute("UPDATE oplog SET response = ? WHERE position = ?", (entry, place))
    connection.close()
    names = [json.loads(entry)["ok"][0][1] for entry in reversed(entries[:6])]
    assert run(files, "result = kept") == names


def _command(machine: Machine, code: str) -> list[str]:
    command = [sys.executable, "-m", "witgen", "run", str(machine.component), "run", json.dumps(code)]
    return [*command, "--worker", "ann", "--state", str(machine.state), "--key", "it", "--json", "-q"]


@pytest.mark.long
def test_kills_in_the_middle_of_a_call_leave_files_and_oplog_in_step(files: Machine) -> None:
    run(files, "open('/log', 'w').write('begin\\n')")
    code = """
for number in range(300):
    with open('/log', 'a') as file:
        file.write(f'{number} {time.time_ns()}\\n')
    os.rename('/log', '/moved'); os.rename('/moved', '/log')
    result = [os.stat('/log').st_size, os.stat('/log').st_mtime_ns]
    time.sleep(0.005)
"""
    killed = 0
    while True:
        with subprocess.Popen(_command(files, code), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            try:
                out, errors = process.communicate(timeout=_CHANCE.uniform(1.5, 3) if killed < 4 else None)
                break
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
                killed += 1
    assert process.returncode == 0, errors.decode()
    assert killed > 0
    first, *lines = run(files, "result = open('/log').read().splitlines()")
    assert (first, [int(line.split()[0]) for line in lines]) == ("begin", list(range(300)))
    assert json.loads(json.loads(out)) == run(files, "result = [os.stat('/log').st_size, os.stat('/log').st_mtime_ns]")
    # The folder is no other when it is made again from the oplog alone.
    (place(files) / "root" / "log").unlink()
    (place(files) / "root" / "stray").touch()
    assert run(files, "result = [os.listdir('/'), len(open('/log').read().splitlines())]") == [["log"], 301]


def test_a_call_that_is_tried_again_finds_no_files_of_the_attempt_before(files: Machine) -> None:
    with pytest.raises(Trap):
        run(files, "with open('/tried', 'a') as file: file.write('x')\nos.abort()")
    assert len(files.said) == 2
    assert (place(files) / "root" / "tried").read_text() == "x"
    with Manager(files.state) as manager:
        manager.abandon(manager.find("ann"))
    assert not (place(files) / "root").exists()
    assert run(files, "result = os.listdir('/')") == []


def test_the_limit_of_disk(files: Machine) -> None:
    code = "with open('/big', 'wb') as file:\n    for _ in range(40): file.write(bytes(50_000))"
    with pytest.raises(StateError, match=r"files of worker `ann` take \d+ bytes, and the limit is 1000000; .*--disk"):
        run(files, code, disk=1_000_000)
    # The call goes on where there is more.
    assert run(files, "result = os.stat('/big').st_size", disk=10_000_000) == 2_000_000


@pytest.mark.parametrize(
    "code",
    [
        "open('/big', 'wb').truncate(5_000_000)",
        "for number in range(1000): open(f'/{number}', 'w').close()",
        "for number in range(1000): os.mkdir(f'/{number}')",
        "for number in range(1000): os.symlink('x', f'/{number}')",
        "open('/0', 'w')\nfor number in range(1000): os.link('/0', f'/{number + 1}')",
        pytest.param(
            """
kept = []
for number in range(30):
    kept.append(open('/big', 'wb')); kept[-1].write(bytes(100_000)); kept[-1].flush(); os.remove('/big')""",
            marks=pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="only Linux tells of removed files"),
        ),
    ],
    ids=["truncate", "files", "folders", "symlinks", "links", "removed-open"],
)
def test_no_way_round_the_limit_of_disk(files: Machine, code: str) -> None:
    with pytest.raises(StateError, match="--disk"):
        run(files, code, disk=1_000_000)


def test_what_was_removed_counts_no_more(files: Machine) -> None:
    code = "for _ in range(20):\n    open('/big', 'wb').write(bytes(200_000))\n    os.remove('/big')"
    run(files, code, disk=1_000_000)


def test_folders_too_deep_to_have_names(files: Machine) -> None:
    code = """
here = os.open('/', os.O_RDONLY)
for _ in range(1500):
    os.mkdir('nested', dir_fd=here)
    here = os.open('nested', os.O_RDONLY, dir_fd=here)
"""
    code = code.replace("    here = os.open(", "    above, here = here, os.open(") + "    os.close(above)\n"
    with pytest.raises(StateError, match="files of worker `ann` cannot be kept"):
        run(files, code)
    own = place(files)
    with Manager(files.state) as manager:
        manager.delete(manager.find("ann"))
    assert not own.exists()


def test_nobody_else_can_look_into_the_files(files: Machine) -> None:
    run(files, "open('/a', 'w').write('1')")
    own = place(files)
    for path in (own.parent, own, own / "root"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700


def test_a_deleted_worker_leaves_no_files_and_prune_finds_those_that_were_left(files: Machine) -> None:
    run(files, "open('/a', 'w').write('1')")
    own = place(files)
    (own.parent / "77" / "root").mkdir(parents=True)
    (own.parent / "77" / "root" / "left").touch()
    with Manager(files.state) as manager:
        manager.prune()
        assert sorted(os.listdir(own.parent)) == [own.name]
        manager.delete(manager.find("ann"))
    assert os.listdir(own.parent) == []
    assert run(files, "result = os.listdir('/')") == []


def test_a_file_opened_in_one_call_is_written_in_the_next(files: Machine) -> None:
    run(files, "kept = open('/log', 'w'); kept.write('one'); kept.flush()")
    first = run(files, "result = os.stat('/log').st_mtime_ns")
    time.sleep(1.1)
    run(files, "kept.write('two'); kept.flush()")
    assert run(files, "result = open('/log').read()") == "onetwo"
    assert run(files, "result = os.stat('/log').st_mtime_ns") - first > 1e9


def test_show_tells_how_much_the_files_take(files: Machine) -> None:
    run(files, "open('/a', 'w').write('12345')")
    with Reader(files.state) as reader:
        assert reader.shown(reader.find("ann"))["file-bytes"] == 5
    with pytest.raises(WorkerError, match="no worker `bob`"), Reader(files.state) as reader:
        reader.find("bob")


@pytest.mark.long
def test_files_in_worlds_with_async_functions(tmp_path: Path, waiter: Path) -> None:
    machine = Machine(tmp_path / "state.db", waiter)
    run(machine, "open('/a', 'w').write('x' * 10); os.mkdir('/box')")
    run(machine, "open('/a', 'a').write('y')")
    look = "result = [os.stat('/a').st_size, os.stat('/a').st_mtime_ns, sorted(os.listdir('/'))]"
    first = run(machine, look)
    time.sleep(1.1)
    assert run(machine, look) == first
    assert (first[0], first[2]) == (11, ["a", "box"])
    assert run(machine, "result = os.listdir('/')", "bob") == []
    code = "while True:\n    with open('/big', 'ab') as file: file.write(bytes(10_000))"
    with pytest.raises(StateError, match="--disk"):
        run(machine, code, disk=1_000_000)
