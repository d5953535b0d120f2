"""What is kept from earlier runs changes how long a run takes, never what it writes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.golden_trees import CASES, options
from tests.support.paths import ROOT
from witgen import Config, generate

# Where a comment documents something: before the first word of a declaration on a line of its own.
DECLARATION = re.compile(
    r"^([ \t]*)(?=(?:interface|world|record|variant|enum|flags|resource|type|[a-z-]+:) ?)", re.MULTILINE
)


def documented(text: str) -> Iterator[str]:
    """Yield the text with one more comment at each of some places."""
    places = list(DECLARATION.finditer(text))
    for match in places[:: max(1, len(places) // 4)]:
        yield f'{text[: match.start()]}{match[1]}/// Said\n{match[1]}/// anew: \\ """.\n{text[match.start() :]}'


LARGE = ("golem-2026-07", "golem-wit-2025-08", "websocket-reused")


@pytest.mark.parametrize(
    "case", [pytest.param(each, marks=pytest.mark.long if each in LARGE else ()) for each in CASES]
)
def test_documentation_changes(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = options(case, tmp_path / "reused")
    tree = Path(given["wit"])
    files = {path.relative_to(tree): path.read_text() for path in sorted(tree.rglob("*.wit"))}
    for name, text in files.items():
        (tmp_path / "wit" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "wit" / name).write_text(text)
    config = Config(**given | {"wit": tmp_path / "wit", "features": ["x"]})

    def output(cache: str) -> dict[str, str]:
        monkeypatch.setenv("WITGEN_CACHE_DIR", cache)
        return dict(generate(config).files)

    first = output(str(tmp_path / "cache"))
    changed = 0
    for name in list(files)[:: max(1, len(files) // 8)]:
        for text in list(documented(files[name]))[:3]:
            (tmp_path / "wit" / name).write_text(text)
            again = output(str(tmp_path / "cache"))
            assert again == output("")
            changed += again != first
        (tmp_path / "wit" / name).write_text(files[name])
    assert changed


def test_a_comment_in_a_string_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two texts that differ after `//` in a string are two."""
    monkeypatch.setenv("WITGEN_CACHE_DIR", str(tmp_path / "cache"))
    wit = tmp_path / "a.wit"
    text = 'package a:b; // "\nworld w {{ @external-id("https://a\\"//") export {}: func(); }} // "\n'
    wit.write_text(text.format("one"))
    first = generate(Config(wit)).files
    wit.write_text(text.format("two"))
    second = generate(Config(wit)).files
    assert "def one" in first["host/w.py"]
    assert "def two" in second["host/w.py"]


def test_a_damaged_cache_costs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WITGEN_CACHE_DIR", str(tmp_path / "cache"))
    config = Config(**options("websocket", tmp_path))
    files = dict(generate(config).files)
    for path in (tmp_path / "cache").rglob("*"):
        if path.is_file():
            path.write_bytes(path.read_bytes()[:-1])
    assert dict(generate(config).files) == files


@pytest.mark.parametrize("command", ["check", "generate"])
def test_a_run_without_changes_loads_no_generator(command: str, project: Path) -> None:
    environment = {**os.environ, "WITGEN_CACHE_DIR": str(project / "cache"), "GITHUB_ACTIONS": ""}
    start = [sys.executable, "-X", "importtime", "-m", "witgen"]

    def loaded(name: str) -> set[str]:
        run = subprocess.run([*start, name], cwd=project, env=environment, capture_output=True, text=True, check=True)
        return {line.rpartition("|")[2].strip() for line in run.stderr.splitlines() if line.startswith("import time:")}

    heavy = {"lark", "jinja2", "black", "witgen.wit.model.ir", "witgen.bindings.render.env"}
    assert loaded("generate") & heavy
    assert not loaded(command) & heavy


# The large parts of Golem's that generating needs not.
_LEFT_OUT = shutil.ignore_patterns("__pycache__", "_bindings", "services", "worker", ".*")


@pytest.mark.slow
def test_another_witgen_recalls_nothing(tmp_path: Path) -> None:
    """Whichever file of the runtime is changed, copies have it."""
    for name in ("witgen", "witgen_runtime", "grammars", "templates"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=_LEFT_OUT)
    (tmp_path / "a.wit").write_text("package a:b;\nworld w { export f: func(); }\n")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "WITGEN_CACHE_DIR": str(tmp_path / "cache")}

    def generated() -> dict[Path, str]:
        command = [sys.executable, "-m", "witgen", "generate", "a.wit", "--out", "out", "--runtime", "copy"]
        subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True)
        return {path: path.read_text() for path in (tmp_path / "out" / "runtime").rglob("*.py")}

    generated()
    folders = {path.parent for path in (tmp_path / "witgen_runtime").rglob("*.py")}
    for folder in sorted(folders):
        changed = max(folder.glob("*.py"))
        changed.write_text(changed.read_text() + "# changed\n")
        copy = tmp_path / "out" / "runtime" / changed.relative_to(tmp_path / "witgen_runtime")
        assert generated()[copy].endswith("# changed\n")


def test_another_witgen_of_the_same_size_and_time_recalls_nothing(tmp_path: Path) -> None:
    """Installers may give all files the same time."""
    for name in ("witgen", "witgen_runtime", "grammars", "templates"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=_LEFT_OUT)
    (tmp_path / "a.wit").write_text("package a:b;\nworld w { export f: func(); }\n")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "WITGEN_CACHE_DIR": str(tmp_path / "cache")}

    def generated() -> str:
        command = [sys.executable, "-m", "witgen", "generate", "a.wit", "--out", "out", "--host"]
        subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True)
        return (tmp_path / "out" / "host" / "w.py").read_text()

    (template,) = (tmp_path / "templates").glob("_module.py.jinja")
    first, status = generated(), template.stat()
    template.write_text(template.read_text().replace("# Source:", "# Origin:"))
    os.utime(template, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert template.stat().st_size == status.st_size
    assert generated() != first
