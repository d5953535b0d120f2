"""Worlds to generate from: every golden case, and Golem's WIT of two times where it is beside the checkout."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from tests.support.paths import GOLDEN, SHARED
from witgen import Config, generate

__all__ = ["CASES", "GOLEM", "options"]

_SHARED = SHARED / "wit"
GOLEM = {
    name: {"wit": str(_SHARED / name), "world": world}
    for name, world in (("golem-2026-07", "golem"), ("golem-wit-2025-08", "golem:api/golem-host"))
    if (_SHARED / name).is_dir()
}
CASES = [*sorted(path.parent.name for path in GOLDEN.glob("*/witgen.toml")), *GOLEM]


def options(case: str, scratch: Path) -> dict[str, Any]:
    """Return the fields of `Config` but for `out`; what the case reuses is generated in `scratch`."""
    if case in GOLEM:
        return dict(GOLEM[case])
    found = tomllib.loads((GOLDEN / case / "witgen.toml").read_text()) | {"wit": str(GOLDEN / case / "wit")}
    if "reuse" in found:
        found["reuse"] = [f"{name}={_generated(name, scratch)}" for name in found["reuse"]]
    return found


def _generated(package: str, scratch: Path) -> Path:
    case = package.removesuffix("_bindings").replace("_", "-")
    generate(Config(**options(case, scratch), out=scratch / package))
    return scratch / package
