"""Two components, those of docs/linking.md: one exports accounts, and the other, of another package, imports them."""

from __future__ import annotations

import importlib
import shutil
import sys
from pathlib import Path
from typing import Any

from tests.support.paths import GOLDEN
from tests.support.wasm_tools import component
from witgen import Config, generate

__all__ = ["FEATURES", "HERE", "component", "host_of", "make"]

HERE = Path(__file__).parent
FEATURES = GOLDEN / "features"


def make(folder: Path) -> None:
    """Put `ledger.wasm`, `shop.wasm` and the bindings of both into a folder."""
    shop = Path(shutil.copytree(HERE / "shop", folder / "shop-wit"))
    (shop / "deps").mkdir(exist_ok=True)
    shutil.copy(HERE / "ledger.wit", shop / "deps")
    for world, wit in (("ledger", HERE / "ledger.wit"), ("shop", shop)):
        generate(Config(wit, world=world, out=folder / f"{world}_bindings", guest=False))
        component(wit, world, HERE / f"{world}.wat", folder / f"{world}.wasm")


def host_of(wit: Path, world: str | None, out: Path) -> Any:
    """Generate bindings, and return their `host`."""
    generate(Config(wit, world=world, out=out, guest=False))
    if str(out.parent) not in sys.path:
        sys.path.insert(0, str(out.parent))
    return importlib.import_module(f"{out.name}.host")
