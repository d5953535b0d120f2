"""Requirements of an application: options of pip cannot be passed off as packages."""

from __future__ import annotations

from pathlib import Path

import pytest

from witgen.build.errors import BuildError
from witgen.build.requirements import LOCK, installed

HEAD = "# The packages of [tool.witgen.build], pinned by witgen build. Delete this file to resolve them anew.\n# for: "


@pytest.mark.parametrize(
    "line",
    [
        "--index-url=http://localhost/",
        "-r other.txt",
        "tiny==1.0\0",
        "tiny==--pre",
        "tiny",
        "tiny @ -e",
        "\udc80".encode("utf-8", "surrogatepass"),
    ],
)
def test_a_damaged_lock_is_refused(tmp_path: Path, line: str | bytes) -> None:
    content = line if isinstance(line, bytes) else line.encode()
    (tmp_path / LOCK).write_bytes(f"{HEAD}tiny>=1\n".encode() + content + b"\n")
    with pytest.raises(BuildError, match=f"{LOCK} is damaged: delete it"):
        installed(["tiny>=1"], tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == [LOCK]


@pytest.mark.parametrize("wrong", ["--pre", " -e .", "tiny\0", "tiny\nother"])
def test_requirements_are_no_options(tmp_path: Path, wrong: str) -> None:
    with pytest.raises(BuildError, match="is not a requirement"):
        installed([wrong], tmp_path)
    assert not [*tmp_path.iterdir()]
