"""pyproject.toml: the dependency groups, and the extra that CI installs, name the same packages."""

from __future__ import annotations

import tomllib
from typing import Any

from tests.support.paths import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def group(name: str) -> list[str]:
    """Return the requirements of a dependency group, those of included groups too (PEP 735)."""
    found: list[str] = []
    entry: str | dict[str, Any]
    for entry in PROJECT["dependency-groups"][name]:
        found += [entry] if isinstance(entry, str) else group(entry["include-group"])
    return found


def test_the_extra_test_is_the_group_dev() -> None:
    assert sorted(PROJECT["project"]["optional-dependencies"]["test"]) == sorted(group("dev"))
