"""Exports what it imports: every call goes through the component and out again."""

from collections.abc import Callable
from typing import Any

from values_bindings.guest import exports, golden_values_functions, values
from values_bindings.guest.exports.golden_values_functions import Functions


def relay(name: str) -> Callable[..., Any]:
    imported = getattr(golden_values_functions, name)

    def method(self: Functions, *arguments: Any) -> Any:
        return imported(*arguments)

    return method


Relay = type("Relay", (Functions,), {name: relay(name) for name in Functions.__abstractmethods__})

exports.serve(__name__, twice=values.double, golden_values_functions=Relay())
