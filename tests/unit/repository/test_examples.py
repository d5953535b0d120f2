"""Each example of examples/ has a README with a command, and the code of a page is the code of its example."""

from __future__ import annotations

import re

import pytest

from tests.support.pages import blocks
from tests.support.paths import ROOT

EXAMPLES = ROOT / "examples"
NAMES = sorted(path.name for path in EXAMPLES.iterdir() if path.is_dir())


@pytest.mark.parametrize("name", NAMES)
def test_each_says_how_it_runs(name: str) -> None:
    assert f"({name}/README.md)" in (EXAMPLES / "README.md").read_text()
    readme = EXAMPLES / name / "README.md"
    assert any(language == "console" for language, _, _ in blocks(readme)) or "run.sh" in readme.read_text()


@pytest.mark.parametrize(
    ("name", "file", "page", "kind"),
    [
        ("fastapi", "app.py", "how-to/fastapi-plugins.md", "python"),
        ("fastapi", "shout.py", "tutorials/plugins.md", "python"),
        ("fastapi", "wit/plugin.wit", "tutorials/plugins.md", "wit"),
        ("numpy", "show.py", "how-to/numpy.md", "python"),
        ("numpy", "invert.py", "how-to/numpy.md", "python"),
        ("numpy", "wit/filter.wit", "how-to/numpy.md", "wit"),
    ],
)
def test_a_page_has_the_same_code(name: str, file: str, page: str, kind: str) -> None:
    """But for the example's docstring and the page's name of the file."""
    example = (EXAMPLES / name / file).read_text()
    code = re.sub(r'\A""".*?"""\n\n', "", example)
    shown = [text for language, text, _ in blocks(ROOT / "docs" / page) if language == kind]
    assert code in {text.removeprefix(f"# {file}\n") for text in shown}
