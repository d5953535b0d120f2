"""Classes with the names that the option `names` chooses: in every module, in a component, on its host, in fakes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from witgen import Config, WitgenError, generate
from witgen.build.componentize import Build, build

pytestmark = pytest.mark.slow

TOOL = Path(sys.executable).parent / "componentize-py"
WIT = """\
package my:pkg@1.0.0;
interface iface {
  variant lookup-error { missing, denied(string) }
  record key { id: u32 }
  enum color { red }
  resource file {
    constructor(name: string);
    read: func() -> result<string, lookup-error>;
    not-found: func() -> result<_, u32>;
  }
  find: func(k: key) -> result<string, lookup-error>;
  check: func() -> result<_, key>;
}
interface again {
  use iface.{lookup-error, color as warning};
  index: func(n: u32, hue: warning) -> result<u32, string>;
  look: func(id: u32) -> result<string, lookup-error>;
  check: func() -> u32;
}
world keeper { import iface; export again; import tell: func() -> result<_, string>; export run: func() -> string; }
"""
NAMES = {
    "my:pkg/iface.lookup-error": "LookupFailure",
    "my:pkg/iface@1.0.0.key": "Entry",
    "my:pkg/iface.file": "Document",
    "my:pkg/iface.file.not-found": "Gone",
    "my:pkg/again.index": "OutOfRange",
    "my:pkg/again.warning": "Hue",
    "my:pkg/keeper.tell": "Untold",
}
APP = """\
from keeper_bindings.guest import exports, keeper, my_pkg_iface
from keeper_bindings.guest.exports import my_pkg_again
from keeper_bindings.types import keeper as own, my_pkg_again as again, my_pkg_iface as types


class Again(my_pkg_again.Again):
    def index(self, n: int, hue: again.Hue) -> int:
        if n > 3:
            raise again.OutOfRange(f"{n} {hue.name}")
        return n

    def look(self, id: int) -> str:
        try:
            return my_pkg_iface.find(types.Entry(id))
        except types.LookupFailureMissing:
            with my_pkg_iface.Document("a") as document:
                try:
                    document.not_found()
                except types.Gone as error:
                    return f"{document.read()} {error}"
                return "there"

    def check(self) -> int:
        try:
            my_pkg_iface.check()
        except types.EntryError as error:
            return error.value.id
        return 0


def run() -> str:
    try:
        keeper.tell()
    except own.Untold as error:
        return str(error)
    return "told"


exports.serve(__name__, my_pkg_again=Again(), run=run)
"""
HOST = """\
import sys

from keeper_bindings.host import Keeper, KeeperImports, my_pkg_iface
from keeper_bindings.types import keeper as own, my_pkg_again as again, my_pkg_iface as types


class Document(my_pkg_iface.Document):
    def __init__(self, name: str) -> None:
        self.name = name

    def read(self) -> str:
        return self.name

    def not_found(self) -> None:
        raise types.Gone(404)


class Iface(my_pkg_iface.Iface):
    Document = Document

    def find(self, k: types.Entry) -> str:
        if k.id == 1:
            raise types.LookupFailureMissing()
        if k.id == 2:
            raise types.LookupFailureDenied("not you")
        return f"entry {k.id}"

    def check(self) -> None:
        raise types.EntryError(types.Entry(7))


def tell() -> None:
    raise own.Untold("nothing to tell")


with Keeper.open(sys.argv[1], KeeperImports(my_pkg_iface=Iface(), tell=tell)) as world:
    exported = world.my_pkg_again
    print(exported.look(3), exported.look(1), exported.check(), world.run(), sep=", ")
    try:
        exported.look(2)
    except again.LookupFailure as error:
        print(type(error).__name__, error)
    try:
        exported.index(9, again.Hue.RED)
    except again.OutOfRange as error:
        print(repr(error))
"""
TESTED = """\
from keeper_bindings.guest import my_pkg_iface, testing
from keeper_bindings.types import my_pkg_iface as types

with testing.Fakes() as fakes:
    fakes.my_pkg_iface.find.raises(types.LookupFailureDenied("no"))
    fakes.my_pkg_iface.Document.not_found.raises(types.Gone(1))
    try:
        my_pkg_iface.find(types.Entry(1))
    except types.LookupFailure as error:
        print(error)
    try:
        my_pkg_iface.Document("x").not_found()
    except types.Gone as error:
        print(error)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("renamed")
    (folder / "a.wit").write_text(WIT)
    result = generate(Config(folder / "a.wit", out=folder / "keeper_bindings", names=NAMES))
    assert [each.code for each in result.diagnostics] == []
    for name, text in {"app": APP, "host": HOST, "tested": TESTED}.items():
        (folder / f"{name}.py").write_text(text)
    return folder


def run(folder: Path, *command: object) -> str:
    done = subprocess.run([sys.executable, *map(str, command)], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_types(folder: Path) -> None:
    command = ("-m", "mypy", "--strict", "--config-file=", "--no-error-summary")
    assert run(folder, *command, "keeper_bindings", "app.py", "host.py", "tested.py") == ""


def test_no_module_has_the_old_names(folder: Path) -> None:
    """Neither code nor documentation, but for what WIT itself says."""
    text = "".join(path.read_text() for path in (folder / "keeper_bindings").rglob("*.py"))
    for name in ("LookupError", "KeyError", "Key(", "FileNotFound", "IndexError", "Warning", "TellError", " File"):
        assert name not in text


@pytest.mark.long
@pytest.mark.skipif(not TOOL.exists(), reason="componentize-py is not installed")
def test_a_component_and_its_host(folder: Path) -> None:
    build(Build(str(folder / "app.py"), folder / "a.wit", out=folder / "app.wasm"))
    assert run(folder, "host.py", "app.wasm").splitlines() == [
        "entry 3, a Gone(404), 7, nothing to tell",
        "LookupFailureDenied not you",
        "OutOfRange(value='9 RED')",
    ]


def test_fakes(folder: Path) -> None:
    assert run(folder, "tested.py").splitlines() == ["no", "Gone(1)"]


def test_whoever_reuses_the_package_has_its_names(folder: Path) -> None:
    (folder / "b.wit").write_text(WIT.replace("keeper", "%other"))
    # Names of a world's own types are its own affair.
    generate(Config(folder / "b.wit", out=folder / "other_bindings", reuse=["keeper_bindings"]))
    script = (
        "import keeper_bindings.types.my_pkg_iface as a, other_bindings.types.my_pkg_iface as b\n"
        "assert a.LookupFailure is b.LookupFailure and a.Gone is b.Gone\n"
    )
    run(folder, "-c", script)


def test_another_name_than_in_a_reused_package(folder: Path) -> None:
    names = {"my:pkg/iface.lookup-error": "Otherwise"}
    with pytest.raises(WitgenError) as caught:
        generate(Config(folder / "a.wit", out=folder / "wrong_bindings", reuse=["keeper_bindings"], names=names))
    assert caught.value.diagnostics[0].code == "W0917"
    assert str(caught.value) == (
        "the class of `my:pkg/iface.lookup-error` is called `LookupFailure` in `keeper_bindings`, which is reused"
    )


def test_python_s_own_names_are_warned_of_with_the_line_that_helps(tmp_path: Path) -> None:
    (tmp_path / "a.wit").write_text(WIT)
    names: dict[str, str] = {}
    found = generate(Config(tmp_path / "a.wit")).diagnostics
    assert {each.code for each in found} == {"W0705"}
    for each in found:
        key, name = (each.help or "").split("`")[1].split(" = ")
        names[key.strip('"')] = name.strip('"')
    assert names == {
        "my:pkg/iface@1.0.0.lookup-error": "LookupFailure",
        "my:pkg/iface@1.0.0.key": "KeyValue",
        "my:pkg/iface@1.0.0.file.not-found": "FileNotFoundFailure",
        "my:pkg/again@1.0.0.warning": "WarningValue",
        "my:pkg/again@1.0.0.index": "IndexFailure",
    }
    assert not generate(Config(tmp_path / "a.wit", names=names)).diagnostics


@pytest.mark.parametrize(
    ("key", "name", "code", "message"),
    [
        ("my:pkg/iface.lookup-eror", "A", "W0911", "`my:pkg/iface` has no type `lookup-eror`"),
        ("my:pkg/iface.find", "A", "W0911", "`my:pkg/iface` has no type `find`"),
        ("my:pkg/none.key", "A", "W0911", "the world has no type `my:pkg/none.key`"),
        ("my:pkg/iface@2.0.0.key", "A", "W0911", "the world has no type `my:pkg/iface@2.0.0.key`"),
        ("my:pkg/iface.key", "lower", "W0912", "`lower` cannot be the name of a class"),
        ("my:pkg/iface.key", "None", "W0912", "`None` cannot be the name of a class"),
        ("my:pkg/iface.key", "A b", "W0912", "`A b` cannot be the name of a class"),
        ("my:pkg/iface.key", "_A", "W0912", "`_A` cannot be the name of a class"),
        ("my:pkg/iface.key", "A\n", "W0912", "`A\n` cannot be the name of a class"),
        ("my:pkg/iface.key", "", "W0912", "`` cannot be the name of a class"),
        ("my:pkg/iface.key", "Color", "W0912", "type `key` and of type `color`"),
        ("my:pkg/iface.key", "LookupErrorMissing", "W0912", "type `lookup-error` and of type `key`"),
        ("my:pkg/iface.key", "FileNotFound", "W0912", "type `key` and of the error of `[method]file.not-found`"),
        ("my:pkg/iface.key", "Iface", "W0912", "type `key` and of the interface itself"),
        ("my:pkg/iface.key", "AsyncFile", "W0912", "type `key` and of the async type `file`"),
        ("my:pkg/iface.lookup-error", "Warning", "W0912", "`lookup-error` and of type `warning` in `my:pkg/again"),
        ("my:pkg/again.index", "Warning", "W0912", "type `warning` and of the error of `index`"),
        ("my:pkg/keeper.nothing", "A", "W0911", "`my:pkg/keeper` has no type `nothing`"),
    ],
)
def test_names_that_cannot_be(key: str, name: str, code: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "a.wit").write_text(WIT)
    with pytest.raises(WitgenError) as caught:
        generate(Config(tmp_path / "a.wit", names={key: name}))
    assert [each.code for each in caught.value.diagnostics] == [code]
    assert message in str(caught.value)


def test_one_name_for_two_and_one_type_twice(tmp_path: Path) -> None:
    (tmp_path / "a.wit").write_text(WIT)
    for keys, message in {
        ("my:pkg/iface.key", "my:pkg/iface.color"): "`A` would be the class of type `key` and of type `color`",
        ("my:pkg/iface.key", "my:pkg/iface@1.0.0.key"): "`my:pkg/iface.key` and `my:pkg/iface@1.0.0.key` are the same",
    }.items():
        with pytest.raises(WitgenError) as caught:
            generate(Config(tmp_path / "a.wit", names=dict.fromkeys(keys, "A")))
        assert message in str(caught.value)
