"""The command line: arguments → API → exit code."""

from .main import main

__all__ = ["main"]
