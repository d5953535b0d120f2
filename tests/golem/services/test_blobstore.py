"""`wasi:blobstore` as a component meets it, and the folder behind it."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from tests.golem.services.full_disk import full_disk
from tests.golem.services.probing import Guest, Start
from witgen.golem.local import Services
from witgen.golem.services.blobstore.folder import BlobFolder
from witgen.golem.services.blobstore.store import BlobStore
from witgen.golem.services.errors import ServiceError

pytestmark = pytest.mark.slow

HELPERS = """
types = wasi_blobstore_types
Id = types.ObjectId

def value(content):
    made = types.OutgoingValue.new_outgoing_value()
    stream = made.outgoing_value_write_body()
    for start in range(0, len(content), 4096):
        stream.blocking_write_and_flush(content[start:start + 4096])
    stream.__exit__(None, None, None)
    return made

def put(box, name, content):
    box.write_data(name, value(content))

def get(box, name, start=0, end=2**64 - 1):
    return box.get_data(name, start, end).incoming_value_consume_sync()

def names(box):
    return sorted(box.list_objects().read_stream_object_names(10_000)[0])

def failure(call, *arguments):
    try:
        call(*arguments)
    except Err as error:
        return error.value

box = blobstore.get_container("box") if blobstore.container_exists("box") else blobstore.create_container("box")
"""


def blobs(services: Services) -> Path:
    return services.folder / "blobs"


def test_containers_come_and_go(guest: Guest) -> None:
    before = time.time() - 1  # the kernel's clock for files is up to a tick behind the one that Python reads
    [info, *rest] = guest("""
        out.append((box.info().name, box.info().created_at))
        out.append(box.name())
        out.append(failure(blobstore.create_container, "box"))
        put(box, "a", b"1")
        out.append(get(blobstore.get_container("box"), "a"))
        blobstore.delete_container("box")
        out.append(blobstore.container_exists("box"))
        out.extend(failure(call, "box") for call in (blobstore.get_container, blobstore.delete_container))
        out.append([failure(call) for call in (box.info, box.list_objects, box.clear)])
        out.append([failure(call, "a") for call in (box.has_object, box.delete_object, box.object_info)])
        out.append(box.name())
    """)
    gone = "there is no container 'box'"
    assert info[0] == "box"
    assert int(before) <= info[1] <= time.time()
    assert rest == ["box", "the container 'box' already exists", b"1", False, gone, gone, [gone] * 3, [gone] * 3, "box"]


def test_objects_and_their_parts(guest: Guest) -> None:
    assert guest("""
        put(box, "abc", b"abcdef")
        put(box, "abc", b"ABCDEF")
        put(box, "empty", b"")
        out.append(get(box, "abc"))
        out.append([get(box, "abc", *part) for part in ((0, 0), (1, 3), (5, 5), (4, 99), (6, 6))])
        out.append([failure(box.get_data, "abc", *part) for part in ((3, 2), (7, 9))])
        out.append((get(box, "empty"), box.get_data("abc", 2, 4).size()))
        found = box.object_info("abc")
        out.append((found.name, found.container, found.size, found.created_at > 1_700_000_000))
        out.append((box.has_object("abc"), box.has_object("ABC"), failure(box.get_data, "ABC", 0, 1)))
    """) == [
        b"ABCDEF",
        [b"A", b"BCD", b"F", b"EF", b""],
        ["bytes 3 to 2 are not a valid range", "'abc' has 6 bytes, so it has no byte 7"],
        (b"", 3),
        ("abc", "box", 6, True),
        (True, False, "there is no object 'ABC' in the container 'box'"),
    ]


def test_removing(guest: Guest) -> None:
    assert guest("""
        for name in "abcdef":
            put(box, name, b"")
        box.delete_object("a")
        box.delete_object("a")
        box.delete_objects(["b", "x", "c"])
        out.append(names(box))
        box.clear()
        out.append((names(box), blobstore.container_exists("box")))
    """) == [["d", "e", "f"], ([], True)]


def test_listing_piece_by_piece(guest: Guest) -> None:
    [pieces, skipped, rest] = guest("""
        for number in range(10):
            put(box, str(number), b"")
        listed = box.list_objects()
        out.append([listed.read_stream_object_names(4) for _ in range(4)])
        listed = box.list_objects()
        out.append([listed.skip_stream_object_names(6) for _ in range(3)])
        out.append(listed.read_stream_object_names(2**64 - 1))
    """)
    assert sorted(name for piece, _ in pieces for name in piece) == [str(number) for number in range(10)]
    assert [(len(piece), is_end) for piece, is_end in pieces] == [(4, False), (4, False), (2, True), (0, True)]
    assert skipped == [(6, False), (4, True), (0, True)]
    assert rest == ([], True)


def test_copies_and_moves(guest: Guest) -> None:
    assert guest("""
        other = blobstore.create_container("other")
        put(box, "a", b"content")
        put(other, "b", b"old")
        blobstore.copy_object(Id("box", "a"), Id("other", "b"))
        blobstore.copy_object(Id("box", "a"), Id("box", "copy"))
        blobstore.move_object(Id("box", "a"), Id("box", "moved"))
        blobstore.move_object(Id("box", "copy"), Id("other", "c"))
        blobstore.move_object(Id("box", "moved"), Id("box", "moved"))
        out.append((names(box), names(other), get(other, "b"), get(other, "c"), get(box, "moved")))
        for call in (blobstore.copy_object, blobstore.move_object):
            out.append(failure(call, Id("box", "nothing"), Id("box", "x")))
            out.append(failure(call, Id("box", "moved"), Id("nowhere", "x")))
        out.append(names(box))
    """) == [
        (["moved"], ["b", "c"], b"content", b"content", b"content"),
        *["there is no object 'nothing' in the container 'box'", "there is no container 'nowhere'"] * 2,
        ["moved"],
    ]


def test_large_objects_through_streams(guest: Guest) -> None:
    assert guest("""
        import zlib
        content = bytes(range(256)) * (1 << 16)
        put(box, "large", content)
        stream, size, sum = box.get_data("large", 0, 2**64 - 1).incoming_value_consume_async(), 0, 0
        try:
            while True:
                piece = stream.blocking_read(1 << 18)
                size, sum = size + len(piece), zlib.crc32(piece, sum)
        except Err as error:
            out.append((size, sum == zlib.crc32(content), type(error.value).__name__))
        part = box.get_data("large", 1000, 1999).incoming_value_consume_async()
        out.append(part.blocking_read(1 << 16) == content[1000:2000])
    """) == [(16 << 20, True, "StreamError_Closed"), True]


def test_what_was_opened_stays_as_it_was(guest: Guest) -> None:
    assert guest("""
        put(box, "a", b"first")
        opened = [box.get_data("a", 0, 99) for _ in range(3)]
        put(box, "a", b"second")
        out.append(opened[0].incoming_value_consume_sync())
        box.delete_object("a")
        out.append(opened[1].incoming_value_consume_async().blocking_read(99))
        blobstore.delete_container("box")
        out.append(opened[2].incoming_value_consume_sync())
        out.append(failure(opened[2].incoming_value_consume_sync))
    """) == [b"first", b"first", b"first", "the content of this value was already taken"]


def test_a_stream_can_be_had_once(guest: Guest) -> None:
    assert guest("""
        made = types.OutgoingValue.new_outgoing_value()
        box.write_data("none", made)
        stream = made.outgoing_value_write_body()
        out.append(failure(made.outgoing_value_write_body))
        stream.blocking_write_and_flush(b"later")
        box.write_data("some", made)
        box.write_data("more", made)
        out.append([get(box, name) for name in ("none", "some", "more")])
    """) == [None, [b"", b"later", b"later"]]


NAMES = [
    "..", ".", "/", "//", "../../outside", "/etc/passwd", "a/../../b", "..\\..\\b", "C:\\x", "\0", "a\0b", "\n",
    " ", "~", "a", "A", "é", "e\u0301", "É", "con", "nul.txt", ".hidden", ".created", ".unfinished", "x.", "a+",
    "%2e%2e", "%", "🐍" * 50, "a/b/c", "a/b", "d" * 300, "d" * 200, "d" * 199 + "/", "x" * 1023,
]  # fmt: skip


def test_any_name_is_a_name_and_stays_inside(guest: Guest, services: Services) -> None:
    assert guest(
        """
        for place in everything:
            made = blobstore.create_container("c" + place)
            put(made, place, place.encode())
            put(box, place, place.encode())
        out.append(names(box) == sorted(everything))
        out.append([get(box, each) == each.encode() for each in everything] == [True] * len(everything))
        out.append(all(names(blobstore.get_container("c" + each)) == [each] for each in everything))
        for each in everything:
            box.delete_object(each)
            blobstore.delete_container("c" + each)
        out.append(names(box))
        """,
        everything=NAMES,
    ) == [True, True, True, []]
    root = blobs(services)
    assert sorted(each.name for each in root.iterdir()) == [".unfinished", "box"]
    assert [each.name for each in (root / "box").iterdir()] == [".created"]
    assert [each.name for each in services.folder.parent.iterdir()] == [services.folder.name]


def test_files_have_names_that_every_system_keeps_apart(guest: Guest, services: Services) -> None:
    guest("for each in everything: put(box, each, b'')", everything=NAMES)
    paths = [path.relative_to(blobs(services)).as_posix() for path in blobs(services).rglob("*") if path.is_file()]
    assert len({path.lower() for path in paths}) == len(NAMES) + 1
    assert all(part.isascii() and len(part) <= 255 for path in paths for part in path.split("/"))


def test_names_that_are_not_possible(guest: Guest) -> None:
    assert guest("""
        for name in ("", "x" * 1025):
            said = failure(blobstore.create_container, name)
            out.append((said == failure(put, box, name, b"") == failure(get, box, name), said))
    """) == [(True, "a name cannot be empty"), (True, "a name of 1025 bytes is too long: the limit is 1024")]


def test_a_container_that_cannot_be_made_leaves_nothing(guest: Guest, services: Services) -> None:
    assert guest("out.append(failure(blobstore.create_container, ''))") == ["a name cannot be empty"]
    assert list((blobs(services) / ".unfinished").iterdir()) == []


def test_symbolic_links_lead_nowhere(guest: Guest, services: Services, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("secret")
    (blobs(services) / "linked").symlink_to(outside)
    (blobs(services) / "box" / "secret").symlink_to(outside / "secret")
    for folder in (blobs(services), blobs(services) / "box"):
        (folder / ("d" * 200 + "+")).symlink_to(outside)
    assert guest("""
        out.append([blobstore.container_exists("linked"), failure(blobstore.get_container, "linked")])
        out.append([box.has_object("secret"), failure(get, box, "secret")])
        out.append(names(box))
        out.append(failure(put, box, "d" * 201, b"escaped"))
        out.append(failure(blobstore.create_container, "d" * 201))
        box.delete_object("d" * 200 + "secret")
        put(box, "secret", b"replaced")
    """) == [
        [False, "there is no container 'linked'"],
        [False, "there is no object 'secret' in the container 'box'"],
        [],
        *[f"'{'d' * 201}' is not in the folder of the blob store"] * 2,
    ]
    assert {path.name: path.read_text() for path in outside.iterdir()} == {"secret": "secret"}


def test_many_writers_of_one_object(start: Start) -> None:
    guests = [start() for _ in range(3)]
    write = """
        for _ in range(30):
            put(box, name, letter * 5000)
            out.append(len(set(get(box, name))) == 1)
            put(box, long, letter)
            out.append(set(names(box)) <= {name, long})
            box.delete_object(long)
    """
    with ThreadPoolExecutor(3) as pool:
        answers = pool.map(
            lambda each, letter: each(write, letter=letter, name="n", long="n" * 500), guests, (b"a", b"b", b"c")
        )
        assert all(all(each) for each in answers)


def test_a_full_disk_is_an_error_and_nothing_is_half_written(guest: Guest, services: Services) -> None:
    guest("put(box, 'a', b'before')")
    with full_disk():
        [stream_error] = guest("""
            made = types.OutgoingValue.new_outgoing_value()
            stream = made.outgoing_value_write_body()
            try:
                for _ in range(500):
                    stream.blocking_write_and_flush(bytes(4096))
            except Err as error:
                out.append(type(error.value).__name__)
            stream.__exit__(None, None, None)
        """)
        with full_disk(1000):
            [failed] = guest("out.append(failure(box.write_data, 'a', made))")
    assert stream_error == "StreamError_LastOperationFailed"
    assert "File too large" in failed
    assert guest("out.append((names(box), get(box, 'a')))") == [(["a"], b"before")]
    assert list((blobs(services) / ".unfinished").iterdir()) == []


def test_the_limit_counts_what_is_there(tmp_path: Path) -> None:
    """Objects that were replaced or removed free their space, also those of an earlier process."""
    folder = BlobFolder(tmp_path / "blobs", limit=1000)
    folder.create("box")
    for _ in range(5):
        folder.write("box", "kept", BytesIO(b"k" * 400))
    folder.write("box", "more", BytesIO(b"m" * 600))
    again = BlobFolder(tmp_path / "blobs", limit=1000)
    for store in (folder, again):
        with pytest.raises(OSError, match="the blob store would take 1001 bytes, and the limit is 1000"):
            store.write("box", "last", BytesIO(b"l"))
    again.remove("box", ["more"])
    for store in (folder, again):
        store.write("box", "last", BytesIO(b"l" * 100))
    assert sorted(folder.objects("box")) == ["kept", "last"]


def test_writing_takes_no_longer_when_there_are_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, scanned, scandir = BlobFolder(tmp_path / "blobs", limit=1 << 30), [0], os.scandir
    folder.create("box")

    def counting(*arguments: Any) -> Any:
        scanned[-1] += 1
        return scandir(*arguments)

    monkeypatch.setattr(os, "scandir", counting)
    folder.write("box", "first", BytesIO(b"1"))
    scanned.append(0)
    for number in range(50):
        folder.write("box", f"{number}", BytesIO(b"more"))
    assert scanned[-1] == 0


def test_what_a_killed_process_left_goes_after_a_day(tmp_path: Path) -> None:
    BlobStore(tmp_path)
    old, new = tmp_path / ".unfinished" / "old", tmp_path / ".unfinished" / "new"
    for path in (old, new):
        path.touch()
    os.utime(old, (time.time() - 100_000,) * 2)
    BlobStore(tmp_path)
    assert [path.name for path in (tmp_path / ".unfinished").iterdir()] == ["new"]


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ServiceError, match="cannot be used as a blob store"):
        BlobStore(tmp_path / "file" / "blobs")
