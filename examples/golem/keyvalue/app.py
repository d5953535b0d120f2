"""A bucket as a dictionary."""

from agent.guest import exports
from agent.guest.keyvalue import Bucket


def sign(name: str, greeting: str) -> int:
    """Write into the guest book, and return the number of the visit."""
    with Bucket("guest-book") as book, Bucket("counters") as counters:
        book[name] = greeting.encode()
        return counters.increment("visits")


def guests() -> list[tuple[str, str]]:
    with Bucket("guest-book") as book:
        return sorted((name, greeting.decode()) for name, greeting in book.items())


exports.serve(__name__, sign=sign, guests=guests)
