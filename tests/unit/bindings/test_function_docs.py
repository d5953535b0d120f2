"""What the docstrings of functions say: WIT's documentation, WIT's signature, and the errors that WIT declares."""

from __future__ import annotations

import ast
import random
from collections.abc import Iterator
from inspect import cleandoc
from pathlib import Path

import pytest

from tests.unit.bindings.test_docstrings import text
from witgen import Config, generate
from witgen.bindings.render.docs import docstring, summary, wrapped, wrapped_signature

WIT = """
package demo:docs;
interface files {
  /// Why it failed. The rest is for those who read on.
  variant trouble {
    /// No such file: nothing has this
    /// name, e.g. because it was removed. Try another.
    missing(string),
    denied,
    broken(option<tuple<u32, u32>>),
  }
  /// How far it got.
  enum stage { begun, ended }
  enum bare { one, two }
  resource file {
    constructor(name: string);
    /// Read some of it.
    read: func(count: u32) -> result<list<u8>, trouble>;
    remove: static func(name: string) -> result<_, stage>;
  }
  /// Say how it is with very many files, of which each has a name that is very long.
  status: func(of-files-by-name: list<string>, of-files-by-number: list<tuple<u64, u64>>) -> result<string, trouble>;
  guess: func() -> result<_, bare>;
}
interface other {
  use files.{trouble, stage};
  check: func() -> result<_, trouble>;
  how: func() -> result<_, stage>;
}
world docs {
  import files; import other;
  export files;
  export run: func(n: u32) -> result<u32, string>;
  export go: func() -> result;
}
"""

TROUBLE = """\
Raises:
    TroubleMissing: No such file: nothing has this name, e.g. because it was removed.
    TroubleDenied: `denied`.
    TroubleBroken: `broken(option<tuple<u32, u32>>)`."""

READ = f"""\
Read some of it.

`read: func(count: u32) -> result<list<u8>, trouble>`

{TROUBLE}"""

ELSEWHERE = f"""\
`check: func() -> result<_, trouble>`

{TROUBLE}

All derive from `Trouble`, and are in `types.demo_docs_files`."""


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("docs")
    (folder / "a.wit").write_text(WIT)
    return {path: each for path, each in generate(Config(folder / "a.wit")).files.items() if path.endswith(".py")}


def functions(module: str) -> dict[str, str]:
    """Return the docstrings of a module's functions and methods by `Class.name`; fakes are attributes."""
    return dict(_documented(ast.parse(module), ""))


def _documented(tree: ast.AST, place: str) -> Iterator[tuple[str, str]]:
    body = list(ast.iter_child_nodes(tree))
    for node, following in zip(body, [*body[1:], None], strict=False):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield place + node.name, ast.get_docstring(node) or ""
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Attribute):
            said = following.value if isinstance(following, ast.Expr) else None
            yield place + node.target.attr, cleandoc(str(said.value)) if isinstance(said, ast.Constant) else ""
        name = getattr(node, "name", "") if isinstance(node, ast.ClassDef) else ""
        yield from _documented(node, f"{name}." if name else place)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("host/demo_docs_files.py", "File.read"),
        ("host/demo_docs_files.py", "AsyncFile.read"),
        ("host/exports/demo_docs_files.py", "File.read"),
        ("host/exports/demo_docs_files.py", "AsyncFile.read"),
        ("guest/demo_docs_files.py", "File.read"),
        ("guest/exports/demo_docs_files.py", "File.read"),
    ],
)
def test_a_method_has_its_words_its_signature_and_its_errors(modules: dict[str, str], path: str, name: str) -> None:
    assert functions(modules[path])[name] == READ


def test_a_fake_has_its_words_and_its_signature(modules: dict[str, str]) -> None:
    said = functions(modules["guest/testing/demo_docs_files.py"])
    assert said["_File.read"] == READ.partition("\n\nRaises:")[0]
    assert said["_File.constructor"] == "`constructor(name: string)`"


def test_errors_that_are_no_variants(modules: dict[str, str]) -> None:
    files, world = functions(modules["host/demo_docs_files.py"]), functions(modules["host/docs.py"])
    assert files["File.remove"].endswith("Raises:\n    StageError: carries `stage`: How far it got.")
    assert files["Files.guess"].endswith("Raises:\n    BareError: carries `bare`.")
    assert world["Docs.run"].endswith("Raises:\n    RunError: the error of `run`, of type `string`.")
    assert world["Docs.go"].endswith("Raises:\n    GoError: the error of `go`.")


def test_errors_of_another_interface_say_where_they_are(modules: dict[str, str]) -> None:
    said = functions(modules["guest/demo_docs_other.py"])
    assert said["check"] == ELSEWHERE
    assert said["how"].endswith("    StageError: carries `stage`, see `types.demo_docs_files`: How far it got.")


def test_long_signatures_are_wrapped(modules: dict[str, str]) -> None:
    said = functions(modules["host/demo_docs_files.py"])["Files.status"]
    signature = (
        "\n\n`status: func(of-files-by-name: list<string>, of-files-by-number: list<tuple<u64, u64>>)"
        "\n-> result<string, trouble>`\n\n"
    )
    assert signature in said
    for path, module in modules.items():
        if not path.startswith("_runtime/"):
            assert max(map(len, module.split("\n"))) <= 120, path


def test_classes_for_asyncio_say_what_they_are(modules: dict[str, str]) -> None:
    said = {
        f"{path.removesuffix('.py')}:{node.name}": (ast.get_docstring(node) or "").partition("\n")[0]
        for path, module in modules.items()
        if path.startswith("host/")
        for node in ast.parse(module).body
        if isinstance(node, ast.ClassDef) and node.name.startswith("Async")
    }
    on_a_thread = "every function is a coroutine, and the component runs on a separate thread."
    assert said == {
        "host/demo_docs_files:AsyncFile": "`File` for asyncio, to implement with coroutines.",
        "host/demo_docs_files:AsyncFiles": "`Files` for asyncio, to implement with coroutines.",
        "host/demo_docs_other:AsyncOther": "`Other` for asyncio, to implement with coroutines.",
        "host/docs:AsyncDocs": f"`Docs` for asyncio: {on_a_thread}",
        "host/docs:AsyncDocsImports": (
            "`DocsImports` for the asyncio API: each implementation with plain methods or with coroutines."
        ),
        "host/exports/demo_docs_files:AsyncFile": "`File` for asyncio: every method is a coroutine.",
        "host/exports/demo_docs_files:AsyncFiles": "`Files` for asyncio: every function is a coroutine.",
    }


def test_guests_bind_by_descriptors(modules: dict[str, str]) -> None:
    bound = modules["guest/demo_docs_files.py"]
    assert "_file_read: Callable[..., bytes] = _bind(_abi.FILE_READ)" in bound
    assert "self._function(_abi.FILE_READ)" in modules["guest/testing/demo_docs_files.py"].replace("\n", " ")


def test_lines_of_signatures_end_after_parameters() -> None:
    """Where one parameter alone is too long, lines end inside it."""
    octets, words, many = (
        f"tuple<{', '.join([kind] * count)}>" for kind, count in (("u8", 20), ("u16", 15), ("u8", 60))
    )
    lines = wrapped_signature(f"f: async func(a: {octets}, b: {words}, c: u8) -> u8").split("\n")
    assert lines == [f"`f: async func(a: {octets},", f"b: {words}, c: u8) -> u8`"]
    written = wrapped_signature(f"f: func(a: {many})")
    assert written.replace("\n", " ") == f"`f: func(a: {many})`"
    assert max(map(len, written.split("\n"))) <= 106


@pytest.mark.parametrize(
    ("said", "first"),
    [
        ("One. Two.", "One."),
        ("One\ntwo\n\nthree.", "One two"),
        ("Is it? Yes.", "Is it?"),
        ("See wasi:io/poll@0.2.3, e.g. for this. More.", "See wasi:io/poll@0.2.3, e.g. for this."),
        ('It says "no." Then it ends.', 'It says "no."'),
        ("\n  \n", ""),
        ("one. two", "one. two"),
    ],
)
def test_first_sentences(said: str, first: str) -> None:
    assert summary(said) == first


def test_random_texts_in_the_list_of_errors() -> None:
    chance = random.Random(3)
    for _ in range(500):
        written = text(chance)
        first = summary(written)
        code = (
            f"class C:\n    {docstring('Raises:' + chr(10) + wrapped(f'Error: {first}', indent=4), 4)}\n\n    x = 1\n"
        )
        found = ast.parse(code).body[0]
        assert isinstance(found, ast.ClassDef)
        assert len(found.body) == 2, written
        assert (ast.get_docstring(found) or "").split() == ["Raises:", "Error:", *first.split()], written


def test_random_texts_in_wit(tmp_path: Path) -> None:
    """In every module of the output, wherever the documentation of a case or of a function comes up."""
    chance = random.Random(4)
    for number in range(12):
        doc = "".join(f"/// {line}\n" for line in "".join(text(chance) for _ in range(3)).split("\n"))
        doc = "".join(char if char.isprintable() or char in "\n\t" else "~" for char in doc)
        wit = (
            f"package a:b;\ninterface i {{ variant e {{\n{doc}a,\n{doc}b(string), c }}\n{doc}enum f {{ a }}\n"
            f"{doc}g: func() -> result<_, e>;\n{doc}h: func() -> result<_, f>; }}\nworld w {{ import i; export i; }}\n"
        )
        (tmp_path / "a.wit").write_text(wit)
        for name, module in generate(Config(tmp_path / "a.wit", world="w")).files.items():
            if name.endswith(".py") and not name.startswith("_runtime/"):
                ast.parse(module, f"{number}/{name}")
