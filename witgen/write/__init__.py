"""From {path: text} to disk: only what changed, atomically, and only over files that are ours."""

from .apply import apply
from .plan import Plan, plan

__all__ = ["Plan", "apply", "plan"]
