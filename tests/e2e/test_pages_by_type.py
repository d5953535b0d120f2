"""Pages whose programs need servers, clusters or components of the reader's: they fit the bindings that they are about.

The programs of other pages run. These are checked by mypy, against bindings that are generated from the pages' own WIT.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.pages import blocks, programs
from tests.support.paths import DOCS
from witgen import Config, generate
from witgen.golem import wit_of

# What the pages show in parts.
WIT = """\
package demo:chat;
{files}
interface reports {{
  use wasi:io/streams@0.2.3.{{input-stream}};
  open: func(name: string) -> input-stream;
}}
world chat {{
  import files;
  import reports;
  import golem:websocket/client@1.5.0;
  export plot: func(points: list<f64>);
}}
"""

# What the prose around a program says, by page: names that the reader has already.
GIVEN = {
    "adapters.md": """\
from chat_bindings.host import Chat, ChatImports
imports: ChatImports
chat: Chat
""",
    "golem.md": """\
from witgen import golem
token: str
""",
    "streams.md": """\
from chat_bindings.host import Chat, ChatImports
from witgen_runtime.host import Store
imports: ChatImports
""",
    "workers.md": "",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the bindings that the pages import."""
    folder = tmp_path_factory.mktemp("pages")
    [files] = [text for language, text, _ in blocks(DOCS / "streams.md") if language == "wit"]
    (folder / "chat.wit").write_text(WIT.format(files=files))
    generate(Config(folder / "chat.wit", world="chat", golem="1.5", out=folder / "chat_bindings"))
    generate(Config(wit_of("1.5"), golem="1.5", world="witgen:golem/agent", out=folder / "agent_bindings"))
    return folder


def test_programs_fit_their_bindings(folder: Path) -> None:
    names = []
    for page, given in GIVEN.items():
        for number, program in enumerate(programs(DOCS / page)):
            name = f"{Path(page).stem}_{number}.py"
            (folder / name).write_text(f"{given}\n{program}")
            names.append(name)
    assert len(names) > len(GIVEN)
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", *names]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_reading_wit(folder: Path) -> None:
    [program] = programs(DOCS / "reading-wit.md")
    (folder / "wit").mkdir()
    (folder / "wit" / "a.wit").write_text("package demo:tree;\n\nworld tree {\n  export run: func();\n}\n")
    command = [sys.executable, "-c", f"{program}\nprint([world['name'] for world in document['worlds']])"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "['tree']\n"), done.stderr

    (folder / "wit" / "b.wit").write_text("interface broken { x: func() -> y; }\n")
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stdout.startswith("W0204 type `y` does not exist ")
    assert done.stderr.startswith("wit/b.wit:1:33: ")
