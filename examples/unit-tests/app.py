"""A guest that greets everybody in a room."""

from __future__ import annotations

from greeter_bindings.guest import demo_greeter_chat as chat
from greeter_bindings.guest import exports
from greeter_bindings.types.demo_greeter_chat import ErrorFull, ErrorNoRoom
from greeter_bindings.types.greeter import GreetError


def greet(room: str) -> int:
    try:
        seat = chat.join(room)
    except ErrorNoRoom as error:
        raise GreetError(f"no room called {error.value}") from error
    with seat:
        greeted = 0
        while (text := seat.hear()) is not None:
            name, _ = text.split(": ")
            try:
                seat.say(f"Hello, {name}!")
            except ErrorFull:
                continue
            greeted += 1
    return greeted


def leave(seat: chat.Seat) -> None:
    with seat:
        seat.say("Goodbye!")


exports.serve(__name__, greet=greet, leave=leave)
