"""Parameters that the SDK fills in."""

from __future__ import annotations

from typing import Any, Final

__all__ = ["INJECTED", "injected"]


class _Injected:
    """Stands in for a value until an agent runs."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):  # what Python itself looks for: copy, pickle, inspect
            raise AttributeError(name)
        raise RuntimeError(
            f"`.{name}` of a parameter with the default `injected()`: the SDK fills it in where the agent runs; pass a"
            " value where you call the class yourself, or use the fixture `witgen_agents`"
        )

    def __repr__(self) -> str:
        return "injected()"


INJECTED: Final = _Injected()


def injected() -> Any:
    """Mark a parameter, as its default, that no caller passes: the SDK fills it in.

        def checkout(self, principal: Principal = injected()) -> Receipt: ...

    Its type is `Principal`, or a class of configuration that derives from `Config`.
    """
    return INJECTED
