"""From {path: text} to disk: only what changed, atomically, and only over files that are ours."""

from .apply import apply
from .contents import Output
from .folder_lock import exclusive
from .lockfile import Contents, Shared, lock_text
from .plan import Drift, Plan, plan

__all__ = ["Contents", "Drift", "Output", "Plan", "Shared", "apply", "exclusive", "lock_text", "plan"]
