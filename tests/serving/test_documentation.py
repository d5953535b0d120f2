"""The programs of docs/serving.md and examples/serving run."""

from __future__ import annotations

import re
import runpy
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.support.paths import ROOT
from tests.support.servers import behind_uvicorn

pytestmark = pytest.mark.slow

PROGRAMS = re.findall(r"^```python\n(.*?)^```", (ROOT / "docs" / "serving.md").read_text(), re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize(
    ("program", "guest", "path", "begins"),
    [
        (program, *expected)
        for program, expected in zip(
            PROGRAMS,
            [("web", "/", "GET / "), ("web", "/wasm/", "GET / "), ("async_web", "/", "Method_Get /")],
            strict=True,
        )
    ],
)
def test_programs_run(
    program: str,
    guest: str,
    path: str,
    begins: str,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shutil.copy(request.getfixturevalue(guest), tmp_path / "app.wasm")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(program, names)
    with behind_uvicorn(names["app"]) as server, server.client() as client:
        assert client.get(path).text.startswith(begins)


def test_the_example_runs(web: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMPONENT", str(web))
    names = runpy.run_path(str(ROOT / "examples" / "serving" / "site.py"))
    with behind_uvicorn(names["app"]) as server, server.client() as client:
        assert client.get("/").text == f"the component is at http://127.0.0.1:{server.port}/wasm/\n"
        assert client.get("/wasm/a").text.startswith("GET /a ")
        assert client.get("/wasm/a", headers={"host": "evil.example"}).status_code == 400
