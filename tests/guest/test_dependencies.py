"""Applications with several folders, packages and late imports: what is in the component, and what is said if not."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support.guests import importable, once
from witgen.build.requirements import LOCK
from witgen_runtime.host import Trap

WIT = "package test:deps;\nworld runner { export run: func(code: string) -> string; }\n"
APP = """\
from runner_bindings.guest import exports

import shared
import vendored


def run(code: str) -> str:
    return str(eval(code))


def late() -> str:
    import colorsys
    from vendored import late as inner
    return f"{colorsys.rgb_to_hsv(0, 0, 0)} {inner.NAME}"


def slept() -> str:
    import asyncio
    return asyncio.run(asyncio.sleep(0.001, "slept"))


def resource() -> str:
    import importlib.resources
    try:
        return importlib.resources.files("vendored").joinpath("data").read_text()
    except FileNotFoundError:
        return "no data"


def resolved() -> str:
    import socket
    try:
        return str(socket.getaddrinfo("localhost", 80))
    except OSError as error:
        return type(error).__name__


def optional() -> str:
    try:
        import not_there_at_all
    except ImportError:
        return "optional"
    return not_there_at_all.NAME


def missing() -> str:
    import not_there_either
    return not_there_either.NAME


def secure() -> None:
    import ssl


class Gone:
    pass


import logging, random, tempfile, uuid, weakref

# Whoever asks a proxy for its class asks what is gone.
PROXY = weakref.proxy(Gone())

UNSEEDED, SEEDED, RESTORED = random.Random(), random.Random(5), random.Random()
RESTORED.setstate(SEEDED.getstate())
next(tempfile._get_candidate_names()), uuid.getnode()

exports.serve(__name__, run=run)
"""
FILES = {
    "wit/runner.wit": WIT,
    "src/app.py": APP,
    "common/shared.py": "NAME = 'shared'\n",
    "vendor/vendored/__init__.py": "def name():\n    from .late import NAME\n    return NAME\n",
    "vendor/vendored/late.py": "from .deep import NAME\n",
    "vendor/vendored/deep.py": "import fractions\nNAME = str(fractions.Fraction(1, 3))\n",
    "vendor/vendored/never_mentioned.py": "NAME = 'found'\n",
    "vendor/vendored/tests/__init__.py": "",
    "pyproject.toml": """\
[tool.witgen]
wit = "wit"
out = "generated/runner_bindings"

[tool.witgen.build]
paths = ["common"]
take = ["tomllib", "encodings.cp850", "not_taken.*"]
""",
}


def write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def witgen(folder: Path, *arguments: str, **variables: str) -> str:
    """Run the command; return what it says, after its exit code if that is not 0."""
    command = [sys.executable, "-m", "witgen", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env={**os.environ, **variables})
    assert "Traceback" not in done.stderr.partition("componentize-py says")[0]
    said = done.stderr.removeprefix("building app.py …\n")  # which only builds that take a while say
    return f"exit code {done.returncode}: {said}" if done.returncode else said


def _build(folder: Path) -> None:
    write(folder, FILES)
    assert "written" in witgen(folder, "generate")
    (folder / "said.txt").write_text(witgen(folder, "build", "src/app.py", "--path", "vendor"))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = once(tmp_path_factory, "dependencies", _build)
    importable(folder / "generated")
    return folder


@pytest.fixture(scope="module")
def run(project: Path) -> Iterator[Callable[[str], Any]]:
    from runner_bindings.host import Runner  # type: ignore[import-not-found]

    with Runner.open(project / "app.wasm") as world:
        yield world.run


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "result"),
    [
        ("shared.NAME", "shared"),
        ("vendored.name()", "1/3"),
        ("late()", "(0.0, 0.0, 0) 1/3"),
        ("optional()", "optional"),
        ("__import__('time').strptime('2026', '%Y').tm_year", "2026"),
        ("'bücher.example'.encode('idna')", "b'xn--bcher-kva.example'"),
        ("slept()", "slept"),
        ("resource()", "no data"),
        ("uuid.__dict__.update(_node=None) or uuid.getnode() > 0", "True"),
        # `uuid.getnode` has tried to resolve a name while the component was built.
        ("resolved()", "gaierror"),
        ("7 ** 20000 // 3 ** 15000 % 1000", str(7**20000 // 3**15000 % 1000)),
        ("'€'.encode('cp1252')", "b'\\x80'"),
        ("'Ü'.encode('cp850')", "b'\\x9a'"),
        ("__import__('tomllib').loads('a = 1')", "{'a': 1}"),
        ("__import__('importlib').import_module('vendored.never_mentioned').NAME", "found"),
        ("__import__('importlib').util.find_spec('not_there_at_all')", "None"),
        ("__import__('vendored.late').late.__file__", "/1/vendored/late.py"),
    ],
)
def test_what_is_in_a_component(run: Callable[[str], Any], code: str, result: str) -> None:
    assert run(code) == result


@pytest.mark.slow
def test_what_is_not_names_the_remedy(project: Path) -> None:
    from runner_bindings.host import Runner

    with (
        Runner.open(project / "app.wasm") as world,
        pytest.raises(Trap, match=r"No module named 'not_there_either' in this component.*\n?.*--take"),
    ):
        world.run("missing()")

    with (
        Runner.open(project / "app.wasm") as world,
        pytest.raises(Trap, match=r"unknown encoding: ibm437 .*add 'encodings\.cp437' to `take`.*--take"),
    ):
        world.run("'é'.encode('IBM437')")


@pytest.mark.slow
def test_instances_do_not_share_what_was_random_when_the_component_was_built(project: Path) -> None:
    from runner_bindings.host import Runner

    names = "tempfile._get_candidate_names()"
    fresh = ("UNSEEDED.random()", "random.random()", f"next({names})", "uuid.getnode()", "uuid.uuid4()")
    found: list[dict[str, str]] = []
    for _ in range(2):
        with Runner.open(project / "app.wasm") as world:
            found.append({code: world.run(code) for code in fresh})
            seeded = random.Random(5).random()
            assert world.run("SEEDED.random(), RESTORED.random()") == str((seeded, seeded))
            assert world.run("random.seed(5), random.random()") == str((None, seeded))
            assert world.run("0 <= logging.LogRecord('', 0, '', 0, '', (), None).relativeCreated < 3000") == "True"
    assert not [code for code in fresh if found[0][code] == found[1][code]]


@pytest.mark.slow
def test_the_build_warns_of_what_will_be_missing(project: Path) -> None:
    said = (project / "said.txt").read_text()
    assert said.count("warning[W0707]") == 3
    assert "no component has it: for HTTPS, use wasi:http" in said
    assert said.count("warning[W0709]") == said.count("`uuid.getnode()`") == 1
    assert "src/app.py:47:5" in said
    assert "the component has no module `not_there_either`" in said
    assert "the component has no module `not_taken.*`, which `take` names" in said
    for name in ("not_there_either", "not_taken"):
        assert f"there is no module `{name}` where the build looks for them: is it installed" in said
    assert not [each for each in project.rglob("__pycache__") if "generated" not in each.parts]


@pytest.mark.long
@pytest.mark.slow
def test_a_new_module_of_a_package_is_built_in(project: Path) -> None:
    def build() -> str:
        return witgen(project, "build", "src/app.py", "--path", "vendor")

    assert "nothing has changed" in build()
    (project / "vendor" / "vendored" / "never_mentioned.py").write_text("NAME = 'changed'\n")
    assert "built" in build()


def wheel(folder: Path, name: str, text: str) -> Path:
    """Write a wheel with one module."""
    path = folder / f"{name}-1.0-py3-none-any.whl"
    info = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(f"{name}.py", text)
        file.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        file.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        file.writestr(f"{info}/RECORD", f"{name}.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")
    return path


@pytest.mark.long
@pytest.mark.slow
def test_requirements_are_installed_and_pinned(tmp_path: Path) -> None:
    made = wheel(tmp_path, "tiny_helper", "NAME = 'helper'\n")
    write(tmp_path, {
        "wit/runner.wit": WIT,
        "app.py": "import tiny_helper\nfrom runner_bindings.guest import exports\n"
        "exports.serve(__name__, run=lambda code: tiny_helper.NAME)\n",
        "pyproject.toml": "[tool.witgen]\nout = 'runner_bindings'\n[tool.witgen.build]\n"
        f"requirements = [{json.dumps(f'tiny_helper @ {made.as_uri()}')}]\n",
    })  # fmt: skip
    witgen(tmp_path, "generate")
    assert "built" in witgen(tmp_path, "build", "app.py")
    assert f"tiny_helper @ {made.as_uri()}" in (tmp_path / LOCK).read_text().splitlines()
    assert b"helper" in (tmp_path / "app.wasm").read_bytes()
    assert "nothing has changed" in witgen(tmp_path, "build", "app.py")
    made.unlink()
    assert "built" in witgen(tmp_path, "build", "app.py", "--force"), "what was installed is kept"


def test_requirements_that_cannot_be_met(tmp_path: Path) -> None:
    write(tmp_path, {
        "wit/runner.wit": WIT,
        "app.py": "",
        "pyproject.toml": "[tool.witgen.build]\nrequirements = ['tiny @ file:///nowhere/tiny-1.0-py3-none-any.whl']\n",
    })  # fmt: skip
    said = witgen(tmp_path, "build", "app.py")
    assert said.startswith("exit code 2: error: the requirements of [tool.witgen.build] cannot be installed:\n")
    assert not (tmp_path / LOCK).exists()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("paths = 'common'", "`paths` must be a list of strings: folders with modules; this is a string"),
        ("path = ['common']", "unknown key `path` in `[tool.witgen.build]`"),
        ("paths = ['nowhere']", "there is no folder nowhere"),
    ],
)
def test_wrong_settings(tmp_path: Path, text: str, problem: str) -> None:
    write(tmp_path, {"wit/runner.wit": WIT, "app.py": "", "pyproject.toml": f"[tool.witgen.build]\n{text}\n"})
    said = witgen(tmp_path, "build", "app.py")
    assert said.startswith("exit code 2: ")
    assert problem in said


HEAD = "from runner_bindings.guest import exports\n"
TAIL = "exports.serve(__name__, run=lambda code: code)\n"


HIDES = """\
try:
    from . import _core
except ImportError:
    raise ImportError("broken") from None
"""
TRIES = "try:\n    import ssl\nfinally:\n    pass\n"
SITE = f".venv/lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"
COMPILED = "the package `fast` has a part that is compiled for this machine"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"app.py": "import ssl\n"}, ["inside a component has no `ssl`: `import ssl` in app.py, line 1", "wasi:http"]),
        pytest.param(
            {"app.py": "import net\n", "net.py": "\nimport mmap\n"},
            ["no `mmap`: `import mmap` in net.py, line 2"],
            marks=pytest.mark.long,
        ),
        pytest.param(
            {
                "app.py": "import fast\n",
                "fast/__init__.py": "from fast import _s\n",
                "fast/_s.cpython-311.so": "\x7fELF",
            },
            [f"{COMPILED} (fast/_s.cpython-311.so)"],
            marks=pytest.mark.long,
        ),
        pytest.param(
            {"app.py": "import fast.core\n", "fast/__init__.py": "", "fast/core.abi3.so": "\x7fELF"},
            [f"{COMPILED} (fast/core.abi3.so)", "app.py, line 1"],
            marks=pytest.mark.long,
        ),
        pytest.param(
            {"app.py": "import fast\n", "fast/__init__.py": HIDES, "fast/_core.cpython-311.so": "\x7fELF"},
            [f"{COMPILED} (fast/_core.cpython-311.so)"],
            marks=pytest.mark.long,
        ),
        pytest.param(
            {"app.py": "import fast\n", f"{SITE}/fast/__init__.py": HIDES, f"{SITE}/fast/_core.so": "\x7fELF"},
            [f"{COMPILED} (fast/_core.so)"],
            marks=pytest.mark.long,
        ),
        pytest.param(
            {"app.py": "import net\n", f"{SITE}/net.py": TRIES},
            ["inside a component has no `ssl`", "net.py, line 2"],
            marks=pytest.mark.long,
        ),
        ({"app.py": "import os\n"}, ["the application installs nothing called", "exports.serve"]),
    ],
)
def test_what_cannot_work_is_said(tmp_path: Path, files: dict[str, str], told: list[str]) -> None:
    write(tmp_path, {"wit/runner.wit": WIT, **files})
    environment = {"VIRTUAL_ENV": str(tmp_path / ".venv")} if any(SITE in each for each in files) else {}
    said = witgen(tmp_path, "build", "app.py", **environment)
    assert said.startswith("exit code 2: error: ")
    for each in told:
        assert each in said


@pytest.mark.long
@pytest.mark.slow
def test_what_the_application_raises_is_shown_as_it_is(tmp_path: Path) -> None:
    """An AttributeError of its own is not what componentize-py raises when nothing was installed."""
    write(tmp_path, {"wit/runner.wit": WIT, "app.py": "import raising\n", "raising.py": "import os\nos.Missing\n"})
    command = [sys.executable, "-m", "witgen", "build", "app.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2
    first, *lines = done.stderr.removeprefix("building app.py …\n").splitlines()
    assert first == "error: the application cannot be imported:"
    assert lines[0] == "Traceback (most recent call last):"
    assert [line for line in lines if line.startswith("  File")] == [
        '  File "app.py", line 1, in <module>',
        '  File "raising.py", line 2, in <module>',
    ]
    assert lines[-1].startswith("AttributeError: ")


@pytest.mark.long
@pytest.mark.slow
def test_a_module_that_python_s_own_hides(tmp_path: Path) -> None:
    write(tmp_path, {"wit/runner.wit": WIT, "code.py": "NAME = 1\n", "app.py": f"{HEAD}import code\n{TAIL}"})
    witgen(tmp_path, "generate", "-o", "runner_bindings")
    said = witgen(tmp_path, "build", "app.py")
    assert "warning[W0708]: `code` is the module of the standard library, not code.py" in said
    assert "app.py:2:1" in said
