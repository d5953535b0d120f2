"""The version of witgen, which is that of the runtime."""

from witgen_runtime.version import VERSION

__all__ = ["VERSION"]
