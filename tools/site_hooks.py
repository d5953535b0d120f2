"""Hooks of MkDocs: pages that are made from other files of the project, and links that lead out of docs/."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
TEXTS = {"CHANGELOG.md": "changelog.md", "CONTRIBUTING.md": "contributing.md", "SECURITY.md": "reporting.md"}
"""Files beside docs/ and the pages that show them."""
EXAMPLES = "examples.md"
LANGUAGES = {".js": "javascript", ".mjs": "javascript", ".json": "json", ".py": "python", ".sh": "sh", ".toml": "toml"}
LINK = re.compile(r"(?<=\]\()(?!https?:|mailto:|#)([^)#\s]+)")
NO_DEFAULT = "<code>Sentinel.UNSET</code>"
"""What mkdocs-click 0.9 shows for an option without a default since click 8.3 keeps a mark there in place of None."""
CODE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that no file of docs/ holds."""
    for source, page in TEXTS.items():
        text = (ROOT / source).read_text(encoding="utf-8")
        files.append(File.generated(config, page, content=_relinked(text, source)))
    files.append(File.generated(config, EXAMPLES, content=examples()))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Lead links to files beside docs/ to the pages that show them; list all errors on the page about errors."""
    del config, files
    source = page.file.src_uri
    if source in {*TEXTS.values(), EXAMPLES}:
        return markdown
    if source == "errors/README.md":
        markdown += "\n" + errors()
    return _relinked(markdown, f"docs/{source}")


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Leave the default of an option empty where it has none."""
    del page, config, files
    return html.replace(NO_DEFAULT, "")


def _relinked(markdown: str, source: str) -> str:
    """Return a text whose links hold in the site; `source` is its path in the project."""
    page = TEXTS.get(source) or source.removeprefix("docs/")

    def replace(link: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(source), link[1]))
        return posixpath.relpath(_place(target), posixpath.dirname(page) or ".")

    parts = re.split(r"(^```.*?^```)", markdown, flags=re.DOTALL | re.MULTILINE)
    return "".join(part if CODE.match(part) else LINK.sub(replace, part) for part in parts)


def _place(target: str) -> str:
    """Return the page for a path in the project."""
    if target.startswith("docs/"):
        return target.removeprefix("docs/")
    if target.startswith("examples"):
        return EXAMPLES
    return {"README.md": "index.md", **TEXTS}.get(target, target)


def examples() -> str:
    """Return the page with the files of all examples."""
    parts = ["# Examples", "", "All files are in the folder `examples/` of the project.", ""]
    for path in sorted((ROOT / "examples").rglob("*")):
        language = LANGUAGES.get(path.suffix) or {".wit": "wit"}.get(path.suffix)
        if language and not {"deps", "node_modules", "__pycache__"} & set(path.parts):
            code = path.read_text(encoding="utf-8").rstrip()
            parts += [f"## {path.relative_to(ROOT / 'examples').as_posix()}", "", f"```{language}", code, "```", ""]
    return "\n".join(parts)


def errors() -> str:
    """Return a table of all errors, with links to their explanations."""
    rows = ["## All errors", "", "| code | |", "|---|---|"]
    for path in sorted((ROOT / "docs" / "errors").glob("W*.md")):
        for heading in re.findall(r"^## (W\d{4}: .*)$", path.read_text(encoding="utf-8"), re.MULTILINE):
            code, _, title = heading.partition(": ")
            anchor = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
            rows.append(f"| [{code}]({path.name}#{anchor}) | {title} |")
    return "\n".join(rows) + "\n"
