"""Time whole runs of witgen beside componentize-py's and jco's own generators, on the same tree and world.

    python benchmarks/generate.py [TREE WORLD] [--jco PATH/TO/jco.js]

Every figure is the median of five runs of a process of its own, taken in turns. Nothing is shared with the user's
cache. Without --jco (the script in `@bytecodealliance/jco`, run with node directly), jco is left out.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
GOLEM = ROOT.parent / "shared" / "wit" / "golem-2026-07"
TURNS = 5
OTHER = """\
package bench:other;

interface shelf {
  record label { text: string }
  resource item {
    constructor(label: label);
    read: func() -> result<string, string>;
  }
}

world other {
  import shelf;
  export shelf;
}
"""

Step = Callable[[], None]


class Bench:
    """The scratch folder, and the commands that run in it."""

    def __init__(self, root: Path, tree: Path, world: str, jco: Path | None) -> None:
        self.root = root
        self.tree = Path(shutil.copytree(tree, root / "wit"))
        self.world = world
        self.jco = jco
        self.runs = 0
        self.environment = {**os.environ, "PYTHONPATH": str(ROOT), "WITGEN_CACHE_DIR": str(root / "cache")}
        self.script = root / "witgen"
        self.script.write_text(f"#!{sys.executable}\nfrom witgen.cli import main\nmain()\n")
        self.script.chmod(0o755)

    def run(self, *command: object) -> float:
        """Run a command and return its seconds."""
        started = time.perf_counter()
        subprocess.run(list(map(str, command)), check=True, capture_output=True, cwd=self.root, env=self.environment)
        return time.perf_counter() - started

    def witgen(self, command: str, tree: Path, world: str, out: str) -> float:
        """Run the console script."""
        return self.run(self.script, command, tree, "--world", world, "--out", out)

    def componentize_py(self) -> float:
        """Let componentize-py write its bindings."""
        shutil.rmtree(self.root / "componentize", ignore_errors=True)
        tool = Path(sys.executable).parent / "componentize-py"
        return self.run(tool, "-d", self.tree, "-w", self.world, "bindings", "componentize")

    def jco_types(self) -> float:
        """Let jco write its types."""
        shutil.rmtree(self.root / "jco", ignore_errors=True)
        return self.run("node", self.jco, "types", self.tree, "-n", self.world, "-o", "jco")

    def unchanged(self, command: str) -> float:
        """Run where nothing changed since the last run."""
        return self.witgen(command, self.tree, self.world, "out")

    def documentation(self) -> float:
        """Run after the documentation of one interface changed."""
        path = next(path for path in sorted(self.tree.rglob("*.wit")) if "interface " in path.read_text())
        self.runs += 1
        path.write_text(path.read_text().replace("interface ", f"/// Changed {self.runs} times.\ninterface ", 1))
        return self.witgen("generate", self.tree, self.world, "out")

    def from_nothing(self, *, cache: bool) -> float:
        """Run without output; with `cache`, what was kept of other WIT (the parser's tables, templates) is there."""
        shutil.rmtree(self.root / "out", ignore_errors=True)
        shutil.rmtree(self.root / "cache", ignore_errors=True)
        if cache:
            shutil.copytree(self.root / "kept", self.root / "cache")
        return self.witgen("generate", self.tree, self.world, "out")

    def keep(self) -> None:
        """Make the cache that a user has who generates from other WIT."""
        (self.root / "other.wit").write_text(OTHER)
        self.witgen("generate", self.root / "other.wit", "other", "other")
        shutil.move(self.root / "cache", self.root / "kept")

    def interfaces(self, count: int) -> float:
        """Run from nothing on so many interfaces, all like the WebSocket's."""
        folder = self.root / f"many-{count}"
        if not folder.exists():
            folder.mkdir()
            text = (ROOT / "witgen/golem/wit/workers/deps/golem-websocket/websocket.wit").read_text()
            body = text[text.index("interface client") : text.rindex("}") + 1].replace("use wasi:io", "// use wasi:io")
            body = body.replace("subscribe: func() -> pollable", "subscribe: func() -> u32")
            parts = [body.replace("interface client", f"interface client-n{number}") for number in range(count)]
            imports = "".join(f"  import client-n{number};\n" for number in range(count))
            world = f"world many {{\n{imports}}}\n"
            (folder / "many.wit").write_text("\n".join(["package bench:many;", *parts, world]))
        shutil.rmtree(self.root / "many", ignore_errors=True)
        shutil.rmtree(self.root / "cache", ignore_errors=True)
        shutil.copytree(self.root / "kept", self.root / "cache")
        return self.witgen("generate", folder, "many", "many")


def medians(cases: dict[str, Callable[[], float]]) -> dict[str, float]:
    """Run the cases in turns and return the median of each."""
    times: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(TURNS):
        for name, case in cases.items():
            times[name].append(case())
    return {name: statistics.median(found) for name, found in times.items()}


def measured(bench: Bench) -> dict[str, float]:
    """Return the medians of everything."""
    bench.keep()
    cases: dict[str, Callable[[], float]] = {"componentize-py bindings": bench.componentize_py}
    if bench.jco is not None:
        cases["jco types"] = bench.jco_types
    cases["everything from nothing, empty cache"] = lambda: bench.from_nothing(cache=False)
    cases["everything from nothing"] = lambda: bench.from_nothing(cache=True)
    cases["one interface's documentation changed"] = bench.documentation
    cases["nothing changed: check"] = lambda: bench.unchanged("check")
    cases["nothing changed: generate"] = lambda: bench.unchanged("generate")
    cases["20 interfaces"] = lambda: bench.interfaces(20)
    cases["200 interfaces"] = lambda: bench.interfaces(200)
    return medians(cases)


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tree", type=Path, nargs="?", default=GOLEM)
    parser.add_argument("world", nargs="?", default="golem")
    parser.add_argument("--jco", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="witgen-bench-") as folder:
        jco = arguments.jco.resolve() if arguments.jco else None
        found = measured(Bench(Path(folder), arguments.tree, arguments.world, jco))
    componentize, jco_types, few = found["componentize-py bindings"], found.get("jco types"), found["20 interfaces"]
    print(f"{'':40}{'ms':>8}{'x componentize-py':>20}{'x jco':>8}")
    for name, seconds in found.items():
        beside_jco = f"{seconds / jco_types:8.2f}" if jco_types else ""
        print(f"{name:40}{seconds * 1000:8.0f}{seconds / componentize:20.2f}{beside_jco}")
    print(f"ten times the interfaces: {found['200 interfaces'] / few:.1f} times the time")


if __name__ == "__main__":
    main()
