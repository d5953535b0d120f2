"""Trees that are made to break a reader: each gives an error or a result, soon, and never a traceback."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path

import pytest

from tests.unit.wit.trees import error, resolve, write
from witgen.diagnostics.errors import WitgenError
from witgen.diagnostics.formats import render_github, render_json, render_sarif
from witgen.diagnostics.text import render
from witgen.wit.resolve import load

HEADER = "package a:b;\n"


def codes(path: Path) -> list[str]:
    with pytest.raises(WitgenError) as caught:
        load(path)
    return [diagnostic.code for diagnostic in caught.value.diagnostics]


def test_fifo_in_deps(tmp_path: Path) -> None:
    write(tmp_path, {"a.wit": HEADER, "deps/x.wit": "package x:y;"})
    os.mkfifo(tmp_path / "deps" / "pipe.wit")
    assert codes(tmp_path) == ["W0011"]


def test_fifo_that_is_no_wit_is_ignored(tmp_path: Path) -> None:
    write(tmp_path, {"a.wit": HEADER, "deps/x.wit": "package x:y;"})
    os.mkfifo(tmp_path / "deps" / "pipe")
    assert len(load(tmp_path).packages) == 2


def test_fifo_as_the_tree(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.wit")
    assert codes(tmp_path / "pipe.wit") == ["W0011"]


def test_links_in_a_circle(tmp_path: Path) -> None:
    write(tmp_path, {"a.wit": HEADER, "deps/x.wit": "package x:y;"})
    (tmp_path / "deps" / "one.wit").symlink_to("two.wit")
    (tmp_path / "deps" / "two.wit").symlink_to("one.wit")
    assert codes(tmp_path) == ["W0011", "W0011"]


def test_dependency_that_is_the_tree_itself(tmp_path: Path) -> None:
    write(tmp_path, {"a.wit": HEADER, "deps/x.wit": "package x:y;"})
    (tmp_path / "deps" / "self").symlink_to("..", target_is_directory=True)
    assert codes(tmp_path) == ["W0106"]


def test_linked_dependency(tmp_path: Path) -> None:
    write(tmp_path, {"tree/a.wit": HEADER + "world w { import x:y/i; }", "other/x.wit": "package x:y;\ninterface i {}"})
    (tmp_path / "tree" / "deps").mkdir()
    (tmp_path / "tree" / "deps" / "x").symlink_to(tmp_path / "other", target_is_directory=True)
    assert len(load(tmp_path / "tree").packages) == 2


def test_broken_link(tmp_path: Path) -> None:
    write(tmp_path, {"a.wit": HEADER, "deps/x.wit": "package x:y;"})
    (tmp_path / "deps" / "gone").symlink_to("nowhere")
    assert codes(tmp_path) == ["W0010"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root can read everything")
def test_unreadable_file(tmp_path: Path) -> None:
    write(tmp_path, {"a.wit": HEADER, "deps/x.wit": "package x:y;"})
    (tmp_path / "deps" / "x.wit").chmod(0)
    assert codes(tmp_path) == ["W0011"]
    (tmp_path / "deps" / "x.wit").chmod(stat.S_IRUSR)


def test_file_name_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"\xff\n.wit")).write_text("interface {")
    with pytest.raises(WitgenError) as caught:
        load(tmp_path)
    for text in (
        render(caught.value.diagnostics, color=True),
        render_json(caught.value.diagnostics),
        render_github(caught.value.diagnostics),
        render_sarif(caught.value.diagnostics),
    ):
        assert b"W0004" in text.encode("utf-8")
        assert "\xff" not in text


def test_all_unreadable_files_are_listed(tmp_path: Path) -> None:
    write(tmp_path, {"a.wit": b"\xff", "b.wit": b"\xfe", "deps/x/y.wit": b"\x80", "deps/y/z.wit": b"\xc0"})
    assert codes(tmp_path) == ["W0012", "W0012", "W0012", "W0012"]


def test_compiled_code_has_no_types(tmp_path: Path) -> None:
    (tmp_path / "app.cwasm").write_bytes(b"\x7fELF\x02\x01\xff")
    assert codes(tmp_path / "app.cwasm") == ["W0801"]


@pytest.mark.parametrize("name", ["", "\0", "x" * 5000, "nope/nope"])
def test_path_that_cannot_be(name: str, tmp_path: Path) -> None:
    with pytest.raises(WitgenError) as caught:
        load(f"{tmp_path}/{name}" if name else "")
    assert caught.value.code in ("W0010", "W0011")


def test_huge_name(tmp_path: Path) -> None:
    name = "a" * 1_000_000
    found = resolve(tmp_path, f"{HEADER}interface {name} {{}}")
    assert list(found.packages[0].interfaces) == [name]
    assert error(tmp_path, f"{HEADER}interface i {{ f: func(x: {name}); }}").code == "W0204"


def test_huge_number(tmp_path: Path) -> None:
    assert error(tmp_path, f"{HEADER}interface i {{ type t = list<u8, {'9' * 1_000_000}>; }}").code == "W0008"
    assert error(tmp_path, f"package a:b@1.0.{'9' * 1_000_000};").code == "W0007"


@pytest.mark.parametrize("version", ["1.0.0-{}", "1.0.0-rc.{}", "1.0.0+{}"])
def test_huge_number_in_a_pre_release(version: str, tmp_path: Path) -> None:
    numbers = ["9", "10", "9" * 5_000, "1" + "0" * 5_000]
    nested = "\n".join(f"package c:d@{version.format(each)} {{}}" for each in reversed(numbers))
    found = resolve(tmp_path, f"package a:b@{version.format(numbers[-1])};\n{nested}\n")
    ordered = [each.name.version for each in found.packages if each.name.name == "d"]
    assert ordered == [version.format(each) for each in numbers]


@pytest.mark.parametrize(
    "text",
    [
        "interface i { type t = " + "list<" * 100_000 + "u8",
        "interface i { type t = " + "tuple<u8, " * 100_000 + "u8",
        "package x:y { " * 100_000,
        "/*" * 100_000,
        "interface i { " * 100_000,
        "{" * 1_000_000,
        "@since(" * 100_000,
    ],
)
def test_deep_nesting(text: str, tmp_path: Path) -> None:
    start = time.process_time()
    assert error(tmp_path, HEADER + text).code in ("W0002", "W0004", "W0005", "W0104")
    assert time.process_time() - start < 10


def chain(count: int) -> str:
    return "".join(f"type t{n} = t{n - 1};\n" for n in range(1, count))


@pytest.mark.slow
@pytest.mark.parametrize(
    "body",
    [
        "interface i {\ntype t0 = u8;\n" + chain(20_000) + "f: func() -> t19999; }",
        "interface i {\nresource t0;\n" + chain(20_000) + "f: func() -> t19999; }",
        "interface i {\n" + "".join(f"record t{n} {{ a: t{n + 1} }}\n" for n in range(5000)) + "type t5000 = u8; }",
        "interface i0 { type t = u8; }\n"
        + "".join(f"interface i{n} {{ use i{n - 1}.{{t}}; }}\n" for n in range(1, 3000))
        + "world w { export i2999; }\nworld v { import i2999; }",
        "".join(f"world w{n} {{ include w{n + 1}; }}\n" for n in range(3000)) + "world w3000 { import f: func(); }",
    ],
    ids=["aliases", "resource aliases", "records", "interfaces", "includes"],
)
def test_long_chains_resolve(body: str, tmp_path: Path) -> None:
    start = time.process_time()
    resolve(tmp_path, HEADER + body)
    assert time.process_time() - start < 20


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("interface i {\n" + "".join(f"type t{n} = t{(n + 1) % 5000};\n" for n in range(5000)) + "}", "W0206"),
        ("".join(f"interface i{n} {{ use i{(n + 1) % 3000}.{{t}}; }}\n" for n in range(3000)), "W0206"),
        ("".join(f"world w{n} {{ include w{(n + 1) % 3000}; }}\n" for n in range(3000)), "W0206"),
        (
            "".join(f"package p:p{n} {{ interface i {{ use p:p{(n + 1) % 2000}/i.{{t}}; }} }}\n" for n in range(2000)),
            "W0108",
        ),
    ],
    ids=["types", "interfaces", "worlds", "packages"],
)
def test_long_cycles_are_errors(body: str, code: str, tmp_path: Path) -> None:
    start = time.process_time()
    assert error(tmp_path, HEADER + body).code == code
    assert time.process_time() - start < 20


def test_many_unknown_names(tmp_path: Path) -> None:
    body = "".join(f"type a{n} = u8;\nfn{n}: func(x: b{n});\n" for n in range(3000))
    start = time.process_time()
    assert len(error(tmp_path, f"{HEADER}interface i {{\n{body}}}").diagnostics) == 3000
    assert time.process_time() - start < 20
