"""Writes {path: text} to disk: only changes, atomically, and only over files that witgen wrote."""

from .apply import apply
from .contents import Output
from .folder_lock import exclusive
from .lockfile import Contents, Shared, lock_text
from .plan import Drift, Plan, plan

__all__ = ["Contents", "Drift", "Output", "Plan", "Shared", "apply", "exclusive", "lock_text", "plan"]
