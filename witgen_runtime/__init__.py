"""The runtime that generated bindings import. `host` needs wasmtime; everything else needs Python alone.

`Ok`, `Err` and `Some` are WIT values without a counterpart in Python; every error that WIT declares is a `WitError`.
"""

from __future__ import annotations

from .values import Err, Ok, Resource, Some, Value, WitError
from .version import VERSION

__all__ = ["Err", "Ok", "Resource", "Some", "Value", "WitError", "__version__"]

__version__ = VERSION
