"""Time reading WIT: whole processes, as a build step starts them.

    python benchmarks/frontend.py TREE WORLD [--jco FOLDER]

Against `componentize-py bindings` and, with the folder of an npm installation that has it, `jco types` on the tree.
Each command runs once to warm the disk and five times for the median, in turns. Times are CPU times of the process and
its children, user and system. `jco types` works with an installation in which the copies of `preview2-shim` that are
nested in `jco` and `jco-transpile` are removed.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TURNS = 5
RESOLVE = "import sys; from witgen.wit.resolve import load; load(sys.argv[1])"
SMALL, LARGE = 100, 1_000


@dataclass(frozen=True, slots=True)
class Command:
    """What to time: a command and its environment."""

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str]


def cpu_seconds(command: Command) -> tuple[float, float]:
    """Run once; return CPU and wall-clock seconds."""
    before, start = _children(), time.perf_counter()
    environment = {**os.environ, **command.environment}
    subprocess.run(command.arguments, env=environment, check=True, stdout=subprocess.DEVNULL)
    wall = time.perf_counter() - start
    return _children() - before, wall


def _children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def medians(commands: Sequence[Command]) -> dict[str, tuple[float, float]]:
    """Return the median CPU and wall-clock seconds of each command, run in turns."""
    for command in commands:
        cpu_seconds(command)
    runs = [[cpu_seconds(command) for command in commands] for _ in range(TURNS)]
    return {
        command.name: (
            statistics.median(run[index][0] for run in runs),
            statistics.median(run[index][1] for run in runs),
        )
        for index, command in enumerate(commands)
    }


def witgen(name: str, tree: Path, cache: str) -> Command:
    """Read a tree with witgen; `cache` is its cache folder, empty for none."""
    environment = {"PYTHONPATH": str(ROOT), "WITGEN_CACHE_DIR": cache}
    return Command(name, [sys.executable, "-c", RESOLVE, str(tree)], environment)


def peers(tree: Path, world: str, jco: Path | None, scratch: Path) -> list[Command]:
    """Return the other tools that are there."""
    commands: list[Command] = []
    componentize = shutil.which(
        "componentize-py", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    )
    if componentize is not None:
        script = 'rm -rf "$4" && exec "$1" -d "$2" -w "$3" bindings "$4"'
        out = str(scratch / "componentize")
        arguments = ["sh", "-c", script, "sh", componentize, str(tree), world, out]
        commands.append(Command("componentize-py bindings", arguments, {}))
    if jco is not None and (node := shutil.which("node")) is not None:
        main = jco / "node_modules" / "@bytecodealliance" / "jco" / "dist" / "jco.js"
        arguments = [node, str(main), "types", str(tree), "-n", world, "-o", str(scratch / "jco")]
        commands.append(Command("jco types", arguments, {}))
    return commands


def interfaces(count: int, folder: Path) -> Path:
    """Write a tree with `count` interfaces that use one another."""
    parts = ["package made:up@1.0.0;\n"]
    for number in range(count):
        use = f"  use item-{number - 1}.{{entry as previous}};\n" if number % 10 else "  type previous = u64;\n"
        parts.append(
            f"\n/// Interface number {number}.\ninterface item-{number} {{\n{use}"
            "  /// What there is.\n  record entry { id: u64, name: string, before: option<previous> }\n"
            "  variant problem { missing(string), refused, other(list<u8>) }\n"
            "  resource store {\n    constructor(name: string);\n    get: func(id: u64) -> result<entry, problem>;\n"
            "    put: func(entry: entry) -> result<_, problem>;\n  }\n"
            "  find: func(store: borrow<store>, names: list<string>) -> result<list<entry>, problem>;\n}\n"
        )
    folder.mkdir()
    (folder / "made.wit").write_text("".join(parts))
    return folder


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tree", type=Path)
    parser.add_argument("world")
    parser.add_argument("--jco", type=Path, help="a folder with node_modules/@bytecodealliance/jco")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        small, large = interfaces(SMALL, scratch / "small"), interfaces(LARGE, scratch / "large")
        cold = witgen("witgen, from nothing", options.tree, "")
        cached = witgen("witgen, cached", options.tree, str(scratch / "cache"))
        python = Command("python -c pass", [sys.executable, "-c", "pass"], {})
        empty = witgen("witgen, 1 interface", interfaces(1, scratch / "one"), "")
        grown = [witgen(f"witgen, {SMALL} interfaces", small, ""), witgen(f"witgen, {LARGE:,} interfaces", large, "")]
        commands = [cold, cached, *peers(options.tree, options.world, options.jco, scratch), python, empty, *grown]
        times = medians(commands)
    print(f"{'medians of ' + str(TURNS):<28}{'CPU ms':>8}{'wall ms':>9}")
    for title, (cpu, wall) in times.items():
        print(f"{title:<28}{cpu * 1000:>8.0f}{wall * 1000:>9.0f}")
    ratio = times[grown[1].name][0] / times[grown[0].name][0]
    start = times[empty.name][0]
    net = (times[grown[1].name][0] - start) / (times[grown[0].name][0] - start)
    print(f"10 times the interfaces take {ratio:.1f} times the time, {net:.1f} times without what every run takes")


if __name__ == "__main__":
    main()
