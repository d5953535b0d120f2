"""What generated bindings stand on; `host` needs wasmtime, everything else Python alone.

`Ok`, `Err` and `Some` are values that WIT has and Python has not; every error that WIT declares is a `WitError`.
"""

from __future__ import annotations

from .values import Err, Ok, Resource, Some, Value, WitError
from .version import VERSION

__all__ = ["Err", "Ok", "Resource", "Some", "Value", "WitError", "__version__"]

__version__ = VERSION
