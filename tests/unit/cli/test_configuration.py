"""pyproject.toml: what it may say, how its mistakes are reported, and that the command line wins."""

from __future__ import annotations

import ast
import os
import random
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from witgen.base.source import SourceFile
from witgen.diagnostics.errors import WitgenError
from witgen.project.pyproject import load
from witgen.project.toml_spans import places

Run = Callable[..., subprocess.CompletedProcess[str]]

TWO = """
[tool.witgen]
features = ["extra"]

[[tool.witgen.target]]
world = "shop"
out = "a"
guest = false

[[tool.witgen.target]]
wit = "wit/shop.wit"
world = "shop"
out = "b"
host = false
names = { "demo:shop/goods" = "wares" }
"""


def test_all_targets_run_from_below(project: Path, witgen: Run) -> None:
    (project / "pyproject.toml").write_text(TWO)
    (project / "src" / "deep").mkdir(parents=True)
    run = witgen("generate", cwd=project / "src" / "deep")
    assert run.returncode == 0, run.stderr
    assert (project / "a" / "host" / "demo_shop_goods.py").is_file()
    assert not (project / "a" / "guest").exists()
    assert (project / "b" / "guest" / "wares.py").is_file()
    assert not (project / "b" / "host").exists()
    assert witgen("check", cwd=project).returncode == 0


@pytest.mark.parametrize("key", ["names", "import-names", "export-names"])
def test_tables_of_names_are_merged(key: str, tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    shared, own = '{ "a:b/x" = "all", "a:b/y" = "all" }', '{ "a:b/y" = "own" }'
    path.write_text(f'[tool.witgen]\n{key} = {shared}\n[[tool.witgen.target]]\nout = "a"\n{key} = {own}\n')
    (target,) = load(path)
    assert getattr(target.config, key.replace("-", "_")) == {"a:b/x": "all", "a:b/y": "own"}


def test_the_command_line_wins(project: Path, witgen: Run) -> None:
    (project / "pyproject.toml").write_text(TWO)
    assert witgen("generate", "--guest", "--out", "a").returncode == 0
    assert (project / "a" / "guest").is_dir()
    assert not (project / "a" / "host").exists()
    assert not (project / "b").exists()


def test_a_folder_that_is_no_target_takes_nothing_from_the_file(project: Path, witgen: Run) -> None:
    (project / "pyproject.toml").write_text(TWO)
    assert witgen("generate", "wit", "-o", "c").returncode == 0
    assert (project / "c" / "host").is_dir()
    assert (project / "c" / "guest").is_dir()


def test_the_world_chooses_among_targets(project: Path, witgen: Run) -> None:
    (project / "pyproject.toml").write_text(TWO)
    run = witgen("generate", "--world", "stop")
    assert run.returncode == 2
    assert "no target in pyproject.toml is for world `stop`" in run.stderr
    assert "`shop`" in run.stderr


def test_nothing_to_go_by(tmp_path: Path, witgen: Run) -> None:
    run = witgen("generate")
    assert run.returncode == 2
    assert "witgen init" in run.stderr


MISTAKES = {
    "unknown key": ('[tool.witgen]\nwrld = "x"\nout = "o"\n', "W0902", (2, 1), "did you mean `world`?"),
    "unknown key of a target": (
        '[tool.witgen]\n[[tool.witgen.target]]\nout = "a"\n[[tool.witgen.target]]\nout = "b"\nall_features = true\n',
        "W0902",
        (6, 1),
        "did you mean `all-features`?",
    ),
    "wrong type": ('[tool.witgen]\nout = "o"\nfeatures = "a"\n', "W0903", (3, 12), None),
    "wrong element": ('[tool.witgen]\nout = "o"\nwasmtime = [\n  "wasi:io",\n  3,\n]\n', "W0903", (3, 12), None),
    "dotted": ('tool.witgen.out = "o"\ntool.witgen.host = 1\n', "W0903", (2, 20), None),
    "inline": ('tool = { witgen = { out = "o", gest = true } }\n', "W0902", (1, 32), "did you mean `guest`?"),
    "no out": ('[tool.witgen]\nworld = "x"\n', "W0904", (1, 2), 'add `out = "…"`: the output folder'),
    "two of one": (
        '[[tool.witgen.target]]\nout = "a"\n\n[[tool.witgen.target]]\nout = "./a"\n',
        "W0906",
        (5, 1),
        None,
    ),
    "nothing left": ('[tool.witgen]\nout = "o"\nhost = false\nguest = false\n', "W0905", (1, 2), None),
    "no table": ("[tool]\nwitgen = 1\n", "W0903", (2, 10), None),
    "no TOML": ('[tool.witgen]\nout = "o\n', "W0901", (2, 9), None),
    "no TOML at the end": ('[tool.witgen]\nout = """o\n', "W0901", (3, 1), None),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_has_its_place(case: str, tmp_path: Path) -> None:
    text, code, place, remedy = MISTAKES[case]
    path = tmp_path / "pyproject.toml"
    path.write_text(text)
    with pytest.raises(WitgenError) as caught:
        load(path)
    error = caught.value
    assert (error.code, error.line, error.column) == (code, *place)
    assert error.diagnostics[0].help == remedy
    assert len(error.diagnostics) == 1


def test_all_mistakes_are_reported(tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_text('[tool.witgen]\nguest = "no"\nwold = "x"\n')
    with pytest.raises(WitgenError) as caught:
        load(path)
    assert [problem.code for problem in caught.value.diagnostics] == ["W0904", "W0903", "W0902"]


def test_a_name_that_does_not_fit_has_its_place(project: Path, witgen: Run) -> None:
    path = project / "pyproject.toml"
    path.write_text(path.read_text() + '[tool.witgen.names]\n"demo:shop/good" = "wares"\n"demo:shop/log" = "class"\n')
    run = witgen("generate")
    assert run.returncode == 2
    assert "pyproject.toml:5:1" in run.stderr
    assert "did you mean `demo:shop/goods`?" in run.stderr
    assert "pyproject.toml:6:1" in run.stderr
    assert not (project / "shop_bindings").exists()


def test_what_wasmtime_provides_can_be_narrowed(tmp_path: Path, witgen: Run) -> None:
    (tmp_path / "wit" / "deps").mkdir(parents=True)
    (tmp_path / "wit" / "w.wit").write_text(
        "package a:b;\nworld w {\n  import wasi:random/random@0.2.3;\n  import wasi:clocks/now@0.2.3;\n}\n"
    )
    deps = tmp_path / "wit" / "deps"
    (deps / "r.wit").write_text("package wasi:random@0.2.3;\ninterface random { get: func() -> u64; }\n")
    (deps / "c.wit").write_text("package wasi:clocks@0.2.3;\ninterface now { get: func() -> u64; }\n")
    settings = '[tool.witgen]\nout = "o"\nguest = false\nwasmtime = [{}]\n'
    (tmp_path / "pyproject.toml").write_text(settings.format('"wasi:clocks/now"'))
    assert witgen("generate").returncode == 0
    module = ast.parse((tmp_path / "o" / "host" / "w.py").read_text())
    fields = {
        field.target.id: ast.unparse(field.annotation).split(" | ")
        for field in ast.walk(module)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
    }
    assert "None" not in fields["wasi_random_random"]  # has to be given
    assert fields["wasi_clocks_now"][-1] == "None"
    (tmp_path / "pyproject.toml").write_text(settings.format('"wasi:io", "wasi:blob"'))
    run = witgen("generate")
    assert run.returncode == 2
    assert "pyproject.toml:4:24" in run.stderr


EVERYTHING = (
    r"""
# a comment = "no key"
"quoted key" = "a # b"
multi = '''
[not.a.table]
x = 1
'''
basic = "\"]\\"
three = 'a' # b
dates = [1979-05-27T07:32:00Z, 1979-05-27 07:32:00]
numbers = [ 1_000, # one, two
  -0.5e+3, inf, ]
a.b . "c.d" = { x = [ { y = 1 }, {} ], z = "}" }
[ t . "u" ]
k = ""
[[t.list]]
k = 1
[t.list.sub]
k = "x"
[[t.list]]
[[t.list.inner]]
k = true
"""
    'end = """a "" b""""" # done'
)


def test_places_of_everything_that_toml_has() -> None:
    found = places(SourceFile("x.toml", EVERYTHING))

    def walk(value: object, path: tuple[str | int, ...]) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                walk(inner, (*path, key))
        elif isinstance(value, list):
            for index, inner in enumerate(value):
                walk(inner, (*path, index))
        if path:
            assert path in found, path
            if not isinstance(value, dict | list):
                span = found[path].value
                assert tomllib.loads(f"v = {span.text}")["v"] == value, path

    walk(tomllib.loads(EVERYTHING), ())


def test_init_writes_what_generate_takes(project: Path, tmp_path: Path, witgen: Run) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"')
    run = witgen("init", "--gitattributes")
    assert run.returncode == 0, run.stderr
    assert tomllib.loads((tmp_path / "pyproject.toml").read_text()) == {
        "project": {"name": "x"},
        "tool": {"witgen": {"wit": "wit", "world": "shop", "out": "src/shop_bindings"}},
    }
    line = "src/shop_bindings/** linguist-generated text eol=lf\n"
    assert (tmp_path / ".gitattributes").read_text() == line
    assert witgen("generate").returncode == 0
    assert witgen("check").returncode == 0
    (tmp_path / ".gitattributes").unlink()
    for said in (f".gitattributes: {line}", f".gitattributes has `{line.strip()}`\n"):
        run = witgen("init", "--gitattributes")
        assert (run.returncode, run.stderr) == (0, said)
        assert (tmp_path / ".gitattributes").read_text() == line
    again = witgen("init")
    assert again.returncode == 2
    assert "already" in again.stderr


def test_init_names_the_worlds_it_cannot_choose_from(tmp_path: Path, witgen: Run) -> None:
    (tmp_path / "w.wit").write_text("package a:b;\nworld one {}\nworld two {}\n")
    run = witgen("init")
    assert run.returncode == 2
    assert "one" in run.stderr
    assert "two" in run.stderr
    assert not (tmp_path / "pyproject.toml").exists()
    assert witgen("init", "--world", "two").returncode == 0
    assert witgen("generate").returncode == 0


def test_golem_without_wit(tmp_path: Path, witgen: Run) -> None:
    """What comes with witgen is enough to begin."""
    run = witgen("init", "--golem")
    assert run.returncode == 0, run.stderr
    assert (tmp_path / "pyproject.toml").read_text() == (
        '[tool.witgen]\nworld = "agent"\nout = "agent_bindings"\ngolem = "1.5"\n'
    )
    assert witgen("generate").returncode == 0
    assert (tmp_path / "agent_bindings" / "host" / "agent.py").is_file()


def test_golem_for_what_is_missing(tmp_path: Path, witgen: Run) -> None:
    (tmp_path / "wit").mkdir()
    (tmp_path / "wit" / "a.wit").write_text("package a:b;\nworld w { import golem:websocket/client@1.5.0; }\n")
    told_by = {"resolve": "websocket-connection", "inspect": "import golem:websocket/client@1.5.0"}
    for command, told in told_by.items():
        assert witgen(command).returncode == 2
        assert told in witgen(command, "--golem").stdout
    assert witgen("init").returncode == 2
    run = witgen("init", "--golem")
    assert run.returncode == 0, run.stderr
    assert tomllib.loads((tmp_path / "pyproject.toml").read_text())["tool"]["witgen"] == {
        "wit": "wit",
        "world": "w",
        "out": "w_bindings",
        "golem": "1.5",
    }
    for command, told in told_by.items():
        assert told in witgen(command).stdout


def test_golem_releases(tmp_path: Path, witgen: Run) -> None:
    """The release may follow the option, and so may the WIT; each release has its own packages."""
    (tmp_path / "a.wit").write_text("package a:b;\nworld w { import golem:agent/host@1.5.0; }\n")
    for arguments in (["a.wit", "--golem", "1.5"], ["--golem=1.5", "a.wit"], ["--golem", "1.5", "--", "a.wit"]):
        assert "import golem:agent/host@1.5.0" in witgen("inspect", *arguments).stdout, arguments
    missing = witgen("inspect", "a.wit").stderr
    assert 'it comes with witgen: pass --golem 1.5, or write `golem = "1.5"` in [tool.witgen]' in missing
    older = witgen("inspect", "--golem", "a.wit").stderr
    assert "pass --golem 1.5" in older
    newer = witgen("inspect", "--golem", "main", "a.wit").stderr
    assert "there is `golem:agent@2.0.0`: versions must match exactly; it comes with witgen: pass --golem 1.5" in newer
    assert "'1.5', 'main', 'workers'" in witgen("inspect", "--golem=1.4", "a.wit").stderr


def test_a_release_in_pyproject(tmp_path: Path, witgen: Run) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.witgen]\nout = "bindings"\ngolem = "1.4"\n')
    refused = witgen("generate")
    assert refused.returncode == 2
    assert '`golem` must be true, false, "1.5", "main" or "workers"; this is "1.4"' in refused.stderr
    (tmp_path / "pyproject.toml").write_text('[tool.witgen]\nout = "bindings"\ngolem = "1.5"\nworld = "agents"\n')
    assert witgen("generate").returncode == 0
    assert (tmp_path / "bindings" / "guest" / "exports" / "golem_agent_guest.py").is_file()


ODD = {
    "NUL in a path": ('out = "a\\u0000b"', "contains a NUL character"),
    "NUL in a list": ('out = "a"\nfeatures = ["\\u0000"]', "contains a NUL character"),
    "NUL in a table": ('out = "a"\nnames = { "\\u0000" = "a" }', "contains a NUL character"),
    "too deep": (f'out = "a"\nx = {"[" * 100_000}', "nested too deeply"),
    "deep": (f'out = "a"\nx = {"[" * 300}{"]" * 300}', "unknown key `x`"),
    "a long number": (f'out = "a"\nx = {"1" * 5_000}', "4300 digits"),
}


@pytest.mark.parametrize("case", ODD)
def test_what_nobody_writes_is_one_error(case: str, tmp_path: Path, witgen: Run) -> None:
    text, message = ODD[case]
    (tmp_path / "pyproject.toml").write_text(f"[tool.witgen]\n{text}\n")
    run = witgen("generate")
    assert run.returncode == 2, run.stderr
    assert message in run.stderr
    assert run.stderr.count("error[") == 1


@pytest.mark.parametrize("seed", range(4))
def test_a_damaged_file_is_read_or_refused(seed: int, tmp_path: Path) -> None:
    """Bytes change, go, or come twice: the file still says something, or its problems are listed."""
    randomly = random.Random(seed)
    whole = (EVERYTHING + TWO).encode()
    file = tmp_path / "pyproject.toml"
    outcomes = set[str]()
    for _ in range(250):
        content = bytearray(whole)
        for _ in range(randomly.randrange(1, 4)):
            at, length = randomly.randrange(len(content)), randomly.randrange(1, 30)
            match randomly.randrange(3):
                case 0:
                    content[at] ^= 1 << randomly.randrange(8)
                case 1:
                    del content[at : at + length]
                case _:
                    content[at:at] = content[at : at + length]
        file.write_bytes(content)
        try:
            load(file)
        except WitgenError as error:
            assert all(each.message for each in error.diagnostics)  # noqa: PT017 - some are no errors
            outcomes.add(error.code)
        else:
            outcomes.add("read")
    assert {"read", "W0901"} <= outcomes


@pytest.mark.skipif(sys.platform == "win32", reason="there are no FIFOs")
def test_init_mentions_attributes_of_git_where_git_is_used(project: Path, tmp_path: Path, witgen: Run) -> None:
    for git in (False, True):
        (project / "pyproject.toml").unlink()
        if git:
            (tmp_path / ".git").mkdir()
        run = witgen("init")
        assert run.returncode == 0, run.stderr
        assert ("shop_bindings/** linguist-generated text eol=lf" in run.stderr) is git


@pytest.mark.parametrize("name", ["pyproject.toml", ".gitattributes"])
@pytest.mark.parametrize("damage", ["FIFO", "not UTF-8"])
def test_init_refuses_what_it_cannot_add_to(name: str, damage: str, project: Path, witgen: Run) -> None:
    (project / "pyproject.toml").unlink()
    if damage == "FIFO":
        os.mkfifo(project / name)
    else:
        (project / name).write_bytes(b"# \xff")
    run = witgen("init", "--gitattributes")
    assert run.returncode == 2
    assert name in run.stderr
    assert {"FIFO": "not a regular file"}.get(damage, damage) in run.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="there are no FIFOs")
@pytest.mark.parametrize("command", ["generate", "check", "resolve", "inspect", "build app.py"])
def test_a_fifo_instead_of_the_file(command: str, project: Path, witgen: Run) -> None:
    (project / "pyproject.toml").unlink()
    os.mkfifo(project / "pyproject.toml")
    run = witgen(*command.split())
    assert run.returncode == 2
    assert "is not a regular file" in run.stderr
