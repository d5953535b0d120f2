"""Record docs/pictures/kill.svg: an agent is killed in the middle of a call, and the next process goes on.

    python tools/record_session.py [COMPONENT]

The commands are run, and the picture has what they print. The agent is that of docs/tutorials/agent.md; it is built
unless COMPONENT is it already, which must be called shop.wasm.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from html import escape
from pathlib import Path

ROOT = Path(__file__).parents[1]
OUT = ROOT / "docs" / "pictures" / "kill.svg"
ADD = [
    """witgen run -q shop.wasm 'Cart("ann")' add '{name: "pen", price: 1.5, quantity: 2}'""",
    """witgen run -q shop.wasm 'Cart("ann")' add '{name: "ink", price: 4.25, quantity: 1}'""",
]
PACK = """witgen run -q shop.wasm 'Cart("ann")' pack 6"""
STOP = "packing 3 of 6"

STYLE = """
.back { fill: #1b2130 } .bar { fill: #2a3245 } .dot { fill: #6b7690 }
text { font: 14px ui-monospace, Menlo, Consolas, monospace; fill: #dfe5f1; white-space: pre }
.prompt { fill: #86d69b } .note { fill: #93a0bd; font-style: italic } .command { fill: #ffffff; font-weight: 600 }
"""


def main() -> None:
    """Run the session and write the picture."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if len(sys.argv) > 1:
            shutil.copy(sys.argv[1], folder / "shop.wasm")
        else:
            build(folder)
        OUT.write_text(svg(session(folder)), encoding="utf-8")


def build(folder: Path) -> None:
    """Build the agent of the tutorial."""
    page = (ROOT / "docs" / "tutorials" / "agent.md").read_text(encoding="utf-8")
    program = re.search(r"^```python\n# shop\.py\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    if program is None:
        sys.exit("docs/tutorials/agent.md has no shop.py")
    (folder / "shop.py").write_text(program[1], encoding="utf-8")
    subprocess.run(arguments("witgen build -q shop.py --golem 1.5"), cwd=folder, check=True)


def arguments(line: str) -> list[str]:
    """Return a command line of `witgen` for this Python."""
    return [sys.executable, "-m", "witgen", *shlex.split(line)[1:]]


def start(line: str, folder: Path) -> subprocess.Popen[str]:
    """Start a command; what it prints comes in the order in which a terminal shows it."""
    return subprocess.Popen(
        arguments(line), cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, bufsize=1
    )


def session(folder: Path) -> list[str]:
    """Return the lines of the terminal."""
    lines: list[str] = []
    for add in ADD:
        lines += [f"$ {add}", *start(add, folder).communicate()[0].splitlines()]
    lines.append(f"$ {PACK} &")
    process = start(PACK, folder)
    for line in process.stdout or ():
        lines.append(line.rstrip("\n"))
        if line.startswith(STOP):
            break
    time.sleep(0.3)  # until the oplog knows that the line was printed, which would be printed again
    os.kill(process.pid, 9)
    process.communicate()
    lines += [f"$ kill -9 {process.pid}", "# the process is gone; its oplog is on the disk", f"$ {PACK}"]
    lines += start(PACK, folder).communicate()[0].splitlines()
    return lines


def svg(lines: list[str]) -> str:
    """Return a terminal with these lines."""
    height = 22 * len(lines) + 66
    rows = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 840 {height}" width="840" height="{height}" role="img">',
        "<title>A terminal: an agent is killed and continues</title>",
        f"<style>{STYLE}</style>",
        f'<rect class="back" width="840" height="{height}" rx="10"/>',
        '<rect class="bar" width="840" height="30" rx="10"/>',
        *(f'<circle class="dot" cx="{x}" cy="15" r="5"/>' for x in (20, 38, 56)),
    ]
    for number, line in enumerate(lines):
        if line.startswith("$ "):
            text = f'<tspan class="prompt">$</tspan> <tspan class="command">{escape(line[2:])}</tspan>'
        else:
            text = f'<tspan class="note">{escape(line)}</tspan>' if line.startswith("#") else escape(line)
        rows.append(f'<text x="20" y="{58 + 22 * number}">{text}</text>')
    return "\n".join([*rows, "</svg>", ""])


if __name__ == "__main__":
    main()
