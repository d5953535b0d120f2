"""Python packages that bring WIT: it is found where a project's lacks it, and given to componentize-py only once."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import witgen
from tests.support.projects import Run
from witgen.build.componentize import Build, build
from witgen.build.place import Place
from witgen.diagnostics.errors import WitgenError
from witgen.project.installed import wit_folders

pytestmark = pytest.mark.slow

SDK = """\
package sdk:lib@1.0.0;
interface api { hi: func() -> string; }
world sdk { import api; }
"""
WORDS = "package sdk:words;\ninterface words { record word { text: string } }\n"
WIT = """\
package app:shop;
world shop {
  include sdk:lib/sdk@1.0.0;
  use sdk:words/words.{word};
  export go: func() -> word;
}
"""
APP = """\
import mysdk
from shop_bindings.guest import exports
from shop_bindings.types.sdk_words_words import Word


def go() -> Word:
    return Word(mysdk.greet())


exports.serve(__name__, go=go)
"""
MODULE = "from wit_world.imports import api\n\n\ndef greet():\n    return 'the SDK says ' + api.hi()\n"


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def site(environment: Path) -> Path:
    return environment / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of an application, in an environment that has an SDK."""
    write(tmp_path, {"app.py": APP, "wit/shop.wit": WIT})
    sdk = {"componentize-py.toml": 'wit_directory = "wit"\n', "__init__.py": MODULE}
    write(site(tmp_path / "env") / "mysdk", {**sdk, "wit/lib.wit": SDK, "wit/deps/words/words.wit": WORDS})
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path / "env"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.long
def test_it_is_found_and_built(folder: Path, witgen: Run) -> None:
    """One of the packages is in the project's deps/ as well; the component has each once."""
    write(folder, {"wit/deps/lib/lib.wit": SDK})
    assert witgen("generate", "--out", "shop_bindings").returncode == 0
    assert witgen("check", "--out", "shop_bindings").returncode == 0
    run = witgen("build", "app.py", "--stub-wasi")
    assert run.returncode == 0, run.stderr
    assert "warning" not in run.stderr
    assert "nothing has changed" in witgen("build", "app.py", "--stub-wasi").stderr
    write(site(folder / "env") / "mysdk", {"wit/lib.wit": SDK + "// more\n"})
    with _loaded(folder / "app.wasm") as guest:
        assert guest.go().text == "the SDK says hello"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("witgen.build.componentize._componentize", _refuse)
        with pytest.raises(ZeroDivisionError):
            build(Build("app.py", "wit", stub_wasi=True))


def _refuse(*_: object) -> None:
    raise ZeroDivisionError


class _Api:
    def hi(self) -> str:
        return "hello"


def _loaded(path: Path) -> witgen.LoadedWorld:
    return witgen.load(path).open({"sdk:lib/api@1.0.0": _Api()})


COMMANDS = ["resolve", "inspect", "generate --out other_bindings", "init"]


@pytest.mark.parametrize("command", COMMANDS)
def test_all_commands_find_it(command: str, folder: Path, witgen: Run) -> None:
    run = witgen(*command.split())
    assert run.returncode == 0, run.stderr
    elsewhere = witgen(*command.split(), VIRTUAL_ENV=str(folder / "other"))
    assert elsewhere.returncode == 2
    if command != "init":
        assert "package `sdk:lib@1.0.0` is not found" in elsewhere.stderr


def test_requirements_are_where_it_is_looked_for(folder: Path, witgen: Run) -> None:
    """With requirements, guests have these packages and not those of the active environment; and those of `paths`."""
    shutil.copytree(site(folder / "env") / "mysdk", folder / "other" / "mysdk")
    table = '[tool.witgen]\nout = "shop_bindings"\n[tool.witgen.build]\n'
    write(folder, {"pyproject.toml": f'{table}requirements = ["attrs @ file:///nowhere/attrs-1-py3-none-any.whl"]\n'})
    run = witgen("generate")
    assert run.returncode == 2
    assert "W0942" in run.stderr
    write(folder, {"pyproject.toml": f'{table}paths = ["other"]\n'})
    run = witgen("generate", VIRTUAL_ENV=str(folder / "none"))
    assert run.returncode == 0, run.stderr


def test_another_content_is_warned_of(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The component has the installed package's WIT, so bindings of other WIT may not fit it."""
    write(folder, {"wit/deps/lib/lib.wit": SDK.replace("hi: func()", "hi: func(loud: bool)")})
    monkeypatch.setattr("witgen.build.componentize._componentize", _nothing)
    (warning,) = build(Build("app.py", "wit")).diagnostics
    assert warning.code == "W0710"
    assert "`sdk:lib@1.0.0` in this WIT differs" in warning.message


def _nothing(place: Place, *_: object) -> tuple[tuple[()], tuple[()]]:
    place.out.write_bytes(b"")
    return (), ()


def test_what_componentize_py_reads(tmp_path: Path) -> None:
    """Packages at any depth, each once; what names no folder is not one of them."""
    write(
        tmp_path,
        {
            "one/componentize-py.toml": 'wit_directory = "wit"\n',
            "one/wit/a.wit": "package a:a;\n",
            "deep/er/two/componentize-py.toml": 'wit_directory = "more/wit"\nbindings = "x"\n',
            "deep/er/two/more/wit/b.wit": "package a:b;\n",
            "plain/componentize-py.toml": 'bindings = "x"\n',
            "gone/componentize-py.toml": 'wit_directory = "wit"\n',
            "broken/componentize-py.toml": "wit_directory = \n",
            "odd/componentize-py.toml": "wit_directory = 5\n",
        },
    )
    found = wit_folders([tmp_path, tmp_path / "one", tmp_path / "not-there"])
    assert found == [tmp_path / "deep/er/two/more/wit", tmp_path / "one/wit"]


@pytest.mark.parametrize("change", ["syntax", "encoding"])
def test_damaged_wit_of_a_package(change: str, folder: Path, witgen: Run) -> None:
    damage: dict[str, Callable[[Path], object]] = {
        "syntax": lambda path: path.write_text("package sdk:lib@1.0.0;\ninterface {"),
        "encoding": lambda path: path.write_bytes(b"package \xff"),
    }
    damage[change](site(folder / "env") / "mysdk" / "wit" / "lib.wit")
    run = witgen("generate", "--out", "shop_bindings")
    assert run.returncode == 2
    assert "mysdk/wit/lib.wit" in run.stderr
    with pytest.raises(WitgenError):
        build(Build("app.py", "wit"))
