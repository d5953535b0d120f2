"""A class that is called like one of Python's own is announced."""

from __future__ import annotations

from pathlib import Path

from witgen import Config, generate


def test_every_kind_of_class(tmp_path: Path) -> None:
    (tmp_path / "a.wit").write_text("""package a:b;
interface i {
  variant lookup-error { missing, other(string) }
  record warning { x: u8 }
  variant name { error(string), y }
  record key { x: u8 }
  enum fine { a }
  f: func(x: fine) -> result<name, lookup-error>;
  g: func() -> result<warning, key>;
  index: func() -> result<_, string>;
}
interface j { use i.{lookup-error}; h: func() -> result<_, lookup-error>; }
world w { import i; import j; }
""")
    found = [each for each in generate(Config(tmp_path / "a.wit")).diagnostics if each.code == "W0705"]
    assert [each.message.partition("`")[2].partition("`")[0] for each in found] == [
        "lookup-error",
        "warning",
        "name",
        "key",
        "index",
    ]
    assert "called `NameError`" in found[2].message
    assert "called `KeyError`" in found[3].message
    assert found[0].span is not None
    assert found[0].help is not None
    assert "`LookupError as …`" in found[0].help
