"""Arguments that are not UTF-8 end in one error, or are the paths that they name: never in a traceback."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import click
import pytest

from witgen.cli.main import cli, main

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such file names")

BYTES = [b"x\xffy", b"a\xff=b\xff", b"\xed\xa0\x80"]
WIT = "package a:b;\ninterface i { f: func(); }\nworld w { import i; export f: func(x: string); }\n"


def commands(command: click.Command, *names: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Yield every command and subcommand with its names."""
    inner = command.list_commands(click.Context(command)) if isinstance(command, click.Group) else []
    for name in inner:
        found = command.get_command(click.Context(command), name) if isinstance(command, click.Group) else None
        if found is not None:
            yield from commands(found, *names, name)
    if names:
        yield names, command


TEXTS = [
    [*names, *(["x"] * (names[0] == "build")), option.opts[-1]]
    for names, command in commands(cli)
    for option in command.params
    if isinstance(option, click.Option) and not option.is_flag and not isinstance(option.type, click.Path)
]
ARGUMENTS = [
    pytest.param([*names], sum(isinstance(each, click.Argument) for each in command.params), id=" ".join(names))
    for names, command in commands(cli)
    if any(isinstance(each, click.Argument) for each in command.params) and names != ("watch",)
]


class Said(NamedTuple):
    code: int
    out: str
    err: str


def run(monkeypatch: pytest.MonkeyPatch, folder: Path, arguments: Sequence[bytes | str]) -> Said:
    """Run the command line, with standard streams as Python has them: stderr takes everything."""
    out, err = io.BytesIO(), io.BytesIO()
    with monkeypatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(sys, "argv", ["witgen", *map(os.fsdecode, arguments)])
        patch.setattr(sys, "stdout", io.TextIOWrapper(out, "utf-8", write_through=True))
        patch.setattr(sys, "stderr", io.TextIOWrapper(err, "utf-8", "backslashreplace", write_through=True))
        with pytest.raises(SystemExit) as caught:
            main()
        said = Said(int(caught.value.code or 0), os.fsdecode(out.getvalue()), err.getvalue().decode())
    assert "Traceback" not in said.err
    return said


@pytest.mark.parametrize(
    ("arguments", "given"),
    [
        pytest.param(arguments, BYTES[number % len(BYTES)], id=" ".join(arguments))
        for number, arguments in enumerate(TEXTS)
    ],
)
def test_an_option_that_is_text(
    arguments: list[str], given: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    *names, option = arguments
    # A release of Golem may be left out, so any other word after the option is not its value.
    words = [option.encode() + b"=" + given] if option == "--golem" else [option, given]
    said = run(monkeypatch, tmp_path, [*names, *words])
    assert said.code == 2
    assert f"{option}'" in said.err


@pytest.mark.parametrize(("names", "count"), ARGUMENTS)
def test_arguments(names: list[str], count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = ["--out", "o"] if names[0] in {"generate", "check"} else []
    assert run(monkeypatch, tmp_path, [*names, *out, *[b"\xff"] * count]).code == 2


@pytest.mark.parametrize("format", ["text", "json", "sarif", "github"])
def test_paths_are_what_they_are(format: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / os.fsdecode(b"w\xff") / os.fsdecode(b"f\xff.wit")
    file.parent.mkdir()
    file.write_text(WIT)

    def code(*arguments: bytes | str) -> int:
        return run(monkeypatch, tmp_path, arguments).code

    options = (b"w\xff", "--out", b"o\xff", "--format", format)
    assert code("generate", *options) == 0
    diff = () if format in {"json", "sarif"} else ("--diff",)
    assert code("check", *diff, *options) == 0
    (tmp_path / os.fsdecode(b"o\xff") / "types" / "__init__.py").unlink()
    said = run(monkeypatch, tmp_path, ["check", *diff, *options])
    assert said.code == 1
    if format == "text":
        assert "o\udcff/types/__init__.py" in said.out
    assert (code("inspect", b"w\xff/f\xff.wit"), code("resolve", b"w\xff/f\xff.wit")) == (0, 0)
    said = run(monkeypatch, tmp_path, ["generate", b"no\xff", *options[1:]])
    assert said.code == 2
    if format in {"json", "sarif"}:
        json.loads(said.out)


@pytest.mark.parametrize("arguments", [[b"w\xff"], ["wit", "--out", b"o\xff"]], ids=["wit", "out"])
def test_toml_cannot_name_them(arguments: list[bytes | str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (b"w\xff", b"wit"):
        (tmp_path / os.fsdecode(name)).mkdir()
        (tmp_path / os.fsdecode(name) / "a.wit").write_text(WIT)
    said = run(monkeypatch, tmp_path, ["init", *arguments])
    assert said.code == 2
    assert "is not UTF-8" in said.err
    assert not (tmp_path / "pyproject.toml").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["workers"], "there is no state file", id="workers"),
        pytest.param(["workers", "show", "w"], "there is no state file", id="show"),
        pytest.param(["run", "c.wasm", "f"], "the path of a state file must be UTF-8", id="run"),
    ],
)
def test_state_files_cannot_be_called_so(
    arguments: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "c.wasm").write_bytes(b"")
    said = run(monkeypatch, tmp_path, [*arguments, "--state", b"s\xff.db"])
    assert said.code == 2
    assert message in said.err
    assert [path.name for path in tmp_path.iterdir()] == ["c.wasm"]


def test_watching_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("watchfiles")
    (tmp_path / os.fsdecode(b"w\xff")).mkdir()
    said = run(monkeypatch, tmp_path, ["watch", b"w\xff", "--out", "o"])
    assert said.code == 2
    assert "cannot be watched: its path is not UTF-8" in said.err
