"""`--skip` and `skip`: imports of a world that get no bindings."""

from __future__ import annotations

from pathlib import Path

from tests.support.projects import Run

CLOCK = """(component
  (import "wasi:io/poll@0.2.0" (instance $poll (export "pollable" (type (sub resource)))))
  (alias export $poll "pollable" (type $pollable))
  (import "wasi:clocks/monotonic-clock@0.2.0" (instance
    (alias outer 1 $pollable (type $outer))
    (export "pollable" (type $own (eq $outer)))
    (export "subscribe-duration" (func (param "when" u64) (result (own $own)))))))
"""


def test_skip(project: Path, witgen: Run) -> None:
    """An import that is skipped leaves no trace; one whose types are needed cannot be, nor one that is not there."""
    path = project / "pyproject.toml"
    path.write_text(path.read_text() + 'skip = ["demo:shop/log"]\n')
    assert witgen("generate").returncode == 0
    out = project / "shop_bindings"
    assert [each.relative_to(out).as_posix() for each in out.rglob("*shop_log*")] == []
    assert "demo_shop_goods" in (out / "host" / "shop.py").read_text()
    text = (project / "wit" / "shop.wit").read_text()
    uses = text.replace("interface log {", "interface log {\n  use goods.{item};").replace("line: string", "line: item")
    (project / "wit" / "shop.wit").write_text(uses)
    refused = witgen("generate", "--skip", "demo:shop/goods", "--skip", "demo:shop/lag")
    assert refused.returncode == 2
    assert "`demo:shop/goods@1.0.0` cannot be left out: `demo:shop/log@1.0.0` uses its types" in refused.stderr
    assert "did you mean `demo:shop/log" in refused.stderr
    assert witgen("generate", "--skip", "demo:shop/goods", "--skip", "demo:shop/log").returncode == 0


def test_skip_what_wasmtime_provides(tmp_path: Path, witgen: Run) -> None:
    """Bindings of a component have no such import anyway, with types that others mention or without."""
    (tmp_path / "clock.wat").write_text(CLOCK)
    skips = [
        argument for name in ("wasi:io/poll@0.2.0", "wasi:io/poll", "wasi:clocks") for argument in ("--skip", name)
    ]
    assert witgen("generate", "clock.wat", "--out", "a", "--host", *skips[:4]).returncode == 0
    refused = witgen("generate", "clock.wat", "--out", "a", "--host", *skips)
    assert refused.returncode == 2
    assert "the world has no interface `wasi:clocks`" in refused.stderr
