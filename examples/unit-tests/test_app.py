"""Tests of the guest: on plain CPython, and with `--witgen-component app.wasm` of what componentize-py built."""

from __future__ import annotations

import pytest
from greeter_bindings.guest import testing
from greeter_bindings.guest.testing import Fakes, Guest
from greeter_bindings.types.demo_greeter_chat import ErrorFull, ErrorNoRoom
from greeter_bindings.types.greeter import GreetError


def test_everybody_is_greeted(witgen_guest: Guest, witgen_fakes: Fakes) -> None:
    chat = witgen_fakes.demo_greeter_chat
    chat.Seat.hear.returns("Ann: hi", "Bob: hello", None)

    assert witgen_guest.greet("lobby") == 2

    assert chat.join.calls == [("lobby",)]
    [seat] = chat.Seat
    assert chat.Seat.say.calls == [(seat, "Hello, Ann!"), (seat, "Hello, Bob!")]
    assert seat.dropped


def test_a_declared_error_is_handled(witgen_guest: Guest, witgen_fakes: Fakes) -> None:
    chat = witgen_fakes.demo_greeter_chat
    chat.Seat.hear.returns("Ann: hi", "Bob: hello", None)
    chat.Seat.say.raises(ErrorFull())
    assert witgen_guest.greet("lobby") == 1
    assert [call.name for call in testing.calls(witgen_fakes)] == [
        "join",
        "Seat.hear",
        "Seat.say",
        "Seat.hear",
        "Seat.say",
        "Seat.hear",
    ]


def test_an_error_becomes_the_guests_own(witgen_guest: Guest, witgen_fakes: Fakes) -> None:
    witgen_fakes.demo_greeter_chat.join.raises(ErrorNoRoom("cellar"))
    with pytest.raises(GreetError, match="no room called cellar"):
        witgen_guest.greet("cellar")


def test_a_fake_that_remembers(witgen_guest: Guest, witgen_fakes: Fakes) -> None:
    chat = witgen_fakes.demo_greeter_chat
    said: list[str] = ["Ann: hi"]
    chat.Seat.hear.answers(lambda _: said.pop() if said else None)
    assert witgen_guest.greet("lobby") == 1


def test_a_seat_of_the_hosts(witgen_guest: Guest, witgen_fakes: Fakes) -> None:
    chat = witgen_fakes.demo_greeter_chat
    seat = chat.Seat()
    witgen_guest.leave(seat)
    assert chat.Seat.say.calls == [(seat, "Goodbye!")]
    assert seat.dropped


def test_a_bug_ends_the_component(witgen_guest: Guest, witgen_fakes: Fakes) -> None:
    witgen_fakes.demo_greeter_chat.Seat.hear.returns("(somebody coughs)")
    with pytest.raises(testing.Trap):
        witgen_guest.greet("lobby")
    with pytest.raises(RuntimeError):
        witgen_guest.greet("lobby")


def test_what_the_host_refuses(witgen_guest: Guest) -> None:
    with pytest.raises(TypeError, match=r"greet\(room=…\): expected str, got int"):
        witgen_guest.greet(7)  # type: ignore[arg-type]
