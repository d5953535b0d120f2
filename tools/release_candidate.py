"""Prove a release candidate: build wheel and sdist, install each into an empty environment, run the README from there.

    python tools/release_candidate.py [--out DIST] [--quick]

It needs the package build. Each environment gets the file that would be published, with the extra `demo`, and runs the
README's demonstration and its host against a plugin that is built there. With --quick, only what needs no component.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import time
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def main() -> None:
    """Build, look, install, run; the first failure ends the program with its output."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="keep wheel and sdist in this folder")
    parser.add_argument("--quick", action="store_true", help="build no component")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        dist = options.out or folder / "dist"
        run("build", sys.executable, "-m", "build", "--outdir", dist, ROOT)
        [wheel], [sdist] = dist.glob("*.whl"), dist.glob("*.tar.gz")
        look(wheel, sdist)
        for file in (wheel, sdist):
            prove(file, folder / file.suffix.strip("."), quick=options.quick)
    print("the candidate is good")


def run(title: str, *command: object, cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
    """Run a command and say how long it took; return its output."""
    start = time.monotonic()
    done = subprocess.run([*map(str, command)], cwd=cwd, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{title} failed:\n{done.stdout}{done.stderr}")
    print(f"{title}: {time.monotonic() - start:.0f} s", flush=True)
    return done.stdout


def look(wheel: Path, sdist: Path) -> None:
    """Make sure that both have one version, and what belongs into them."""
    version = re.search(r'^VERSION = "(.*)"$', (ROOT / "witgen_runtime" / "version.py").read_text(), re.MULTILINE)
    if version is None or not wheel.name.startswith(f"witgen-{version[1]}-") or version[1] not in sdist.name:
        sys.exit(f"{wheel.name} and {sdist.name} are not of the version in witgen_runtime/version.py")
    if f"\n## [{version[1]}]" not in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"):
        sys.exit(f"CHANGELOG.md has no heading for {version[1]}")
    names = zipfile.ZipFile(wheel).namelist()
    with tarfile.open(sdist) as archive:
        sources = {name.partition("/")[2] for name in archive.getnames()}
    missing = {"witgen/py.typed", "witgen_runtime/py.typed", "witgen/_data/grammars/wit.lark"} - {*names}
    missing |= {"README.md", "LICENSE", "SECURITY.md", "tests/conftest.py", "docs/index.md"} - sources
    if missing:
        sys.exit(f"missing: {', '.join(sorted(missing))}")
    print(f"{wheel.name}: {wheel.stat().st_size >> 10} KiB; {sdist.name}: {sdist.stat().st_size >> 10} KiB", flush=True)


def prove(file: Path, folder: Path, *, quick: bool) -> None:
    """Install a file into an empty environment, and do there what the README says."""
    folder.mkdir()
    venv.create(folder / "env", with_pip=True)
    scripts = folder / "env" / ("Scripts" if os.name == "nt" else "bin")
    environment = {**os.environ, "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}"}
    environment["WITGEN_CACHE_DIR"] = str(folder / "cache")
    python = scripts / "python"

    def there(title: str, *command: object) -> str:
        return run(f"{file.name}: {title}", *command, cwd=folder, env=environment)

    there("install", python, "-m", "pip", "install", "--quiet", f"{file}[demo]")
    print(there("version", python, "-m", "witgen", "--version").strip(), flush=True)
    tutorial = write(ROOT / "docs" / "tutorials" / "plugins.md", folder)
    there("init", python, "-m", "witgen", "init")
    there("generate", python, "-m", "witgen", "generate")
    if quick:
        return
    there("demo", python, "-m", "witgen", "demo")
    (folder / "plugins").mkdir()
    [build] = (line.split() for line in tutorial if line.startswith("witgen build shout.py"))
    there("plugin", python, "-m", *build)
    expected = write(ROOT / "README.md", folder)["python host.py"]
    if (printed := there("host", python, "host.py")) != expected:
        sys.exit(f"the README's host printed:\n{printed}instead of:\n{expected}")


def write(page: Path, folder: Path) -> dict[str, str]:
    """Write the files of a page; return the output that it shows below commands."""
    shown: dict[str, str] = {}
    for language, text in BLOCK.findall(page.read_text(encoding="utf-8")):
        if language == "python" and (name := re.match(r"# (\w+\.py)\n", text)):
            (folder / name[1]).write_text(text, encoding="utf-8")
        elif language == "wit":
            (folder / "wit").mkdir(exist_ok=True)
            (folder / "wit" / "world.wit").write_text(text, encoding="utf-8")
        elif language == "console":
            parts = (part.partition("\n") for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:])
            shown |= {line: output for line, _, output in parts}
    return shown


if __name__ == "__main__":
    main()
