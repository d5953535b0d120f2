"""The modules of Python's standard library that no component has."""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = ["Absent", "absent"]


class Absent(NamedTuple):
    """A public module that cannot be imported, and what to do instead: an infinitive, without a capital."""

    public: str
    remedy: str


_ABSENT: Final = {
    name: Absent(*each)
    for name, each in {
        "_bz2": ("bz2", "compress with zlib, which is there"),
        "_ctypes": ("ctypes", "nothing can be loaded into a component: use a package of pure Python"),
        "_curses": ("curses", "a component has no terminal"),
        "_dbm": ("dbm.ndbm", "sqlite3 and wasi:keyvalue are there"),
        "_gdbm": ("dbm.gnu", "sqlite3 and wasi:keyvalue are there"),
        "_lzma": ("lzma", "compress with zlib, which is there"),
        "_multiprocessing": ("multiprocessing", "a component is one process with one thread"),
        "_posixshmem": ("multiprocessing.shared_memory", "a component is one process with one thread"),
        "_posixsubprocess": ("subprocess", "a component cannot start programs: let its host do so"),
        "_ssl": ("ssl", "for HTTPS, use wasi:http, whose host does TLS"),
        "_tkinter": ("tkinter", "a component has no windows"),
        "fcntl": ("fcntl", "files of a component cannot be locked"),
        "grp": ("grp", "a component has no users and groups"),
        "mmap": ("mmap", "read the file instead"),
        "pwd": ("pwd", "a component has no users and groups"),
        "readline": ("readline", "a component has no terminal"),
        "resource": ("resource", "a component's host sets its limits"),
        "syslog": ("syslog", "use logging or wasi:logging"),
        "termios": ("termios", "a component has no terminal"),
    }.items()
}
"""Modules that componentize-py's CPython 3.14 lacks: the public module that needs each, and what to do instead."""

_IMPORTABLE: Final = frozenset({"multiprocessing", "subprocess"})
"""Public modules that import what is missing only when they use it."""

_PUBLIC: Final = {each.public: each for each in _ABSENT.values() if each.public not in _IMPORTABLE}


def absent(module: str) -> Absent | None:
    """Return what is missing where this module is imported, public or not; None if the module may be there."""
    return _ABSENT.get(module) or _PUBLIC.get(module) or _PUBLIC.get(module.partition(".")[0])
