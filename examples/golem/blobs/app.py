"""Blobs as files."""

from io import TextIOWrapper

from agent.guest import exports
from agent.guest.blobs import Container


def save(name: str, lines: list[str]) -> None:
    with Container("notes", create=True) as notes, notes.open(name, "wb") as note:
        note.writelines(f"{line}\n".encode() for line in lines)


def first_line(name: str) -> str | None:
    with Container("notes", create=True) as notes:
        try:
            with TextIOWrapper(notes.open(name)) as note:
                return note.readline().rstrip("\n")
        except FileNotFoundError:
            return None


def names() -> list[str]:
    with Container("notes", create=True) as notes:
        return sorted(notes)


exports.serve(__name__, save=save, first_line=first_line, names=names)
