"""From {path: text} to disk: only what changed, atomically, and only over files that are ours."""

from .apply import apply
from .exclusive import exclusive
from .lockfile import Contents, Shared, lock_text
from .output import Output
from .plan import Drift, Plan, plan

__all__ = ["Contents", "Drift", "Output", "Plan", "Shared", "apply", "exclusive", "lock_text", "plan"]
