"""The text of WIT files: line ends, marks, characters, comments."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.wit.trees import error, interface, resolve
from witgen.wit.syntax.docs import with_comments


def docs(text: str, folder: Path) -> str | None:
    found = interface(resolve(folder, f"package a:b;\n{text}\ninterface i {{}}\n"), "i").docs
    return found.contents if found is not None else None


def test_byte_order_mark_is_eaten(tmp_path: Path) -> None:
    assert error(tmp_path, "\ufeffpackage ab;\ninterface i {}\n").column == 11


def test_byte_order_mark_elsewhere_is_a_character(tmp_path: Path) -> None:
    found = error(tmp_path, "package a:b;\n\ufeffinterface i {}\n")
    assert (found.code, found.line, found.column) == ("W0001", 2, 1)


def test_crlf_and_tabs(tmp_path: Path) -> None:
    found = resolve(tmp_path, "package a:b;\r\n\r\n/// one\r\n///  two\r\ninterface i {\r\n\tf:\r\nfunc();\r\n}\r\n")
    assert interface(found, "i").docs.contents == "one\n two"  # type: ignore[union-attr]
    assert list(interface(found, "i").functions) == ["f"]


def test_position_in_a_file_with_crlf(tmp_path: Path) -> None:
    found = error(tmp_path, "package a:b;\r\ninterface i {\r\n\tf: func(x: nope);\r\n}\r\n")
    assert (found.line, found.column) == (3, 13)


@pytest.mark.parametrize("char", ["\x00", "\x0c", "\x1b", "\x7f", "\x85", "\u202e", "\u2066", "\u0149", "\u17b4"])
def test_forbidden_even_in_comments(char: str, tmp_path: Path) -> None:
    found = error(tmp_path, f"package a:b;\n// {char}\n")
    assert (found.code, found.line, found.column) == ("W0001", 2, 4)


def test_lone_carriage_return_only_in_comments(tmp_path: Path) -> None:
    assert interface(resolve(tmp_path, "package a:b;\ninterface i { // a\rb\n}"), "i")
    assert error(tmp_path, "package a:b;\rinterface i {}").code == "W0001"


EARLY = ["package a:b", "package a:b;\ninterface i {", "package a:b;\ninterface i { type t = u8"]


@pytest.mark.parametrize("text", EARLY)
def test_file_that_stops_early(text: str, tmp_path: Path) -> None:
    found = error(tmp_path, text)
    assert found.code == "W0004"
    assert "the end of the file" in found.diagnostics[0].message


def test_file_that_ends_in_a_comment(tmp_path: Path) -> None:
    assert interface(resolve(tmp_path, "package a:b;\ninterface i {} // no line end"), "i")


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        ("/// one", "one"),
        ("//  plain", "plain"),
        ("/** block */", "block"),
        ("/* plain block */", "* plain block */"),
        ("///   a\n///\n///     b", "a\n\n  b"),
        ("/** a\n   * b\r\n     c  \n */", "a\n   * b\n     c"),
        ("/* outer /* inner */ */", "* outer /* inner */ */"),
        ("/***/", ""),
        ("//", ""),
        ("/// a\n\n/// b", "a\nb"),
    ],
)
def test_documentation(comment: str, expected: str, tmp_path: Path) -> None:
    assert docs(comment, tmp_path) == expected


def test_comment_before_a_brace_documents_nothing(tmp_path: Path) -> None:
    found = resolve(tmp_path, "package a:b;\ninterface i /* not here */ {\n f: func(); // nor here\n}")
    assert interface(found, "i").docs is None
    assert interface(found, "i").functions["f"].docs is None


def test_comments_can_be_changed_and_nothing_else() -> None:
    text = 'a // one "\r\n"// no" /* two // /* " */ */ b /** three */\n@x("\\"/*") /*/ */ "/*" // end'
    changed = with_comments(text, lambda comment: f"[{comment}]")
    expected = 'a [// one "\r]\n"// no" [/* two // /* " */ */] b [/** three */]\n@x("\\"/*") [/*/ */] "/*" [// end]'
    assert changed == expected
