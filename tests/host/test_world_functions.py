"""Functions of the world itself, with handles of an interface that the world imports and exports."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from witgen import Config, generate

WIT = """\
package both:ways;
interface stores { resource store { size: func() -> u32; } }
world ways {
  use stores.{store};
  import stores;
  export stores;
  export size: func(of: borrow<store>) -> u32;
}
"""
COMPONENT = """\
(component
  (import "both:ways/stores" (instance $host
    (export "store" (type $r (sub resource)))
    (export "[method]store.size" (func (param "self" (borrow $r)) (result u32)))))
  (alias export $host "store" (type $r))
  (alias export $host "[method]store.size" (func $size))
  (core func $lowered (canon lower (func $size)))
  (core func $drop (canon resource.drop $r))
  (core module $m
    (import "h" "size" (func $size (param i32) (result i32)))
    (import "h" "drop" (func $drop (param i32)))
    (func (export "size") (param i32) (result i32)
      (call $size (local.get 0))
      (call $drop (local.get 0))))
  (core instance $c (instantiate $m (with "h" (instance
    (export "size" (func $lowered)) (export "drop" (func $drop))))))
  (func $f (param "of" (borrow $r)) (result u32) (canon lift (core func $c "size")))
  (export "size" (func $f))
  (type $own (resource (rep i32)))
  (core module $n (func (export "size") (param i32) (result i32) (i32.const 7)))
  (core instance $d (instantiate $n))
  (func $g (param "self" (borrow $own)) (result u32) (canon lift (core func $d "size")))
  (component $shim
    (import "store" (type $s (sub resource)))
    (import "size" (func $g (param "self" (borrow $s)) (result u32)))
    (export $s2 "store" (type $s))
    (export "[method]store.size" (func $g) (func (param "self" (borrow $s2)) (result u32))))
  (instance $e (instantiate $shim (with "store" (type $own)) (with "size" (func $g))))
  (export "both:ways/stores" (instance $e)))
"""


def test_a_handle_is_of_the_import(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ways.wit").write_text(WIT)
    generate(Config(tmp_path / "ways.wit", out=tmp_path / "ways_bindings", guest=False))
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    from ways_bindings.host import Ways, WaysImports, both_ways_stores  # type: ignore[import-not-found]

    class Store(both_ways_stores.Store):
        def size(self) -> int:
            return 3

    with Ways.open(COMPONENT, WaysImports(both_ways_stores=Store)) as ways:
        assert ways.size(Store()) == 3
        with pytest.raises(TypeError, match="expected Store"):
            ways.size("no store")
