"""Where things are in the checkout, and what tests use beside it where it is there."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
GOLDEN = ROOT / "golden"
SHARED = ROOT.parent / "shared"
"""Trees and suites of other projects: tests that read them are skipped without them."""
BIN = Path(sys.executable).parent
"""The commands of this environment."""
