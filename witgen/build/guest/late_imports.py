"""Modules that code in a component imports late: inside functions, or because of what happens at run time.

A component has no files to import from. While it is built, the code of these modules is collected, and a finder keeps
it in the snapshot.
"""

from __future__ import annotations

import contextlib
import encodings
import encodings.aliases
import gc
import marshal
import opcode
import pkgutil
import sys
import zlib
from collections.abc import Iterable, Iterator, Sequence
from importlib.abc import InspectLoader
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import resolve_name
from types import CodeType, FunctionType, ModuleType
from typing import Any

__all__ = ["STANDARD_LIBRARY", "Late", "collect"]

STANDARD_LIBRARY = "stdlib"
"""Takes the whole standard library."""

_USUAL = (
    "_pylong",  # large integers, from C
    "_strptime",  # time.strptime, from C
    "encodings.ascii",
    "encodings.cp1252",
    "encodings.idna",
    "encodings.iso8859_15",
    "encodings.latin_1",
    "encodings.punycode",  # by encodings.idna
    "encodings.utf_16",
    "encodings.utf_16_be",
    "encodings.utf_16_le",
    "encodings.utf_32",
    "encodings.utf_8_sig",
    "numbers",  # by _decimal, from C
)
"""Modules of the standard library that no import statement names."""

# Parts of the standard library that are useless in a component: it has no threads, processes, terminal or windows, and
# what stands in for extension modules that it has, or needs some that it lacks.
_USELESS = frozenset(
    {
        *("_pydatetime", "_pydecimal", "_pyio", "argparse", "bz2", "compression.zstd", "lzma"),
        *("concurrent.futures.interpreter", "concurrent.futures.process", "concurrent.interpreters"),
        "importlib.readers",
        *("asyncio.unix_events", "asyncio.windows_events", "asyncio.windows_utils", "ctypes", "multiprocessing"),
        *("_pyrepl", "cmd", "code", "codeop", "curses", "rlcompleter", "tkinter", "turtle", "turtledemo", "webbrowser"),
        *("antigravity", "bdb", "doctest", "ensurepip", "idlelib", "lib2to3", "pdb", "profile", "pstats", "pydoc"),
        *("pydoc_data", "test", "this", "unittest", "venv"),
    }
)

_RUNTIME = "witgen_runtime"
_COMPANIONS = {"importlib.resources": ("importlib.readers", "importlib.resources._adapters")}
"""What a module needs that functions import, its own or those of loaders of packages."""

_CO_OPTIMIZED = 1  # `inspect.CO_OPTIMIZED`; `inspect` would be in every component
_IMPORT_NAME = opcode.opmap["IMPORT_NAME"]
_EXTENDED_ARG = opcode.opmap["EXTENDED_ARG"]
_LOAD_CONST = opcode.opmap["LOAD_CONST"]
_LOAD_SMALL_INT = opcode.opmap.get("LOAD_SMALL_INT", -1)


class Late:
    """Finds modules whose code was collected; the last finder of `sys.meta_path`."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[bytes, str | None, list[str] | None]] = {}
        self.mentioned: set[str] = set()
        """What `take` names, and what code in folders of the user's imports late, the guests' runtime aside."""
        self._encodings = {f"encodings.{each.name}" for each in pkgutil.iter_modules(encodings.__path__)}

    @property
    def names(self) -> list[str]:
        """The modules."""
        return sorted(self._kept)

    def modules(self) -> Iterator[tuple[str, str | None, int, bool]]:
        """Yield name, file and size in bytes of each module; True, as they are late."""
        for name, (code, origin, _) in sorted(self._kept.items()):
            yield name, origin, len(code), True

    def keep(self, spec: ModuleSpec, code: CodeType) -> None:
        """Keep the code of a module."""
        places = None if spec.submodule_search_locations is None else [*spec.submodule_search_locations]
        self._kept[spec.name] = (zlib.compress(marshal.dumps(code), 6), spec.origin, places)

    def forget(self, names: Iterable[str]) -> None:
        """Remove the code of modules."""
        for name in names:
            self._kept.pop(name, None)

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """Return the spec of a collected module; for another one, say what can be done.

        Raises:
            ModuleNotFoundError: an import statement asks for a module that was not collected.
        """
        del path, target
        kept = self._kept.get(name)
        if kept is not None:
            _, origin, places = kept
            spec = ModuleSpec(name, self, origin=origin, is_package=places is not None)  # type: ignore[arg-type]
            spec.submodule_search_locations = places
            spec.has_location = origin is not None
            return spec
        # `find_spec` of importlib only asks whether there is one.
        if sys._getframe(2).f_code.co_name == "_find_and_load_unlocked":  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
            raise ModuleNotFoundError(
                f"No module named {name!r} in this component, which holds what was imported while it was built:"
                f" import it at the top of a module, or add it to `take` of [tool.witgen.build] (witgen build --take)",
                name=name,
            )
        return None

    def find_codec(self, name: str) -> None:
        """Say, as the last one that is asked for an encoding, how to get it: Python hides why a codec is not found.

        Raises:
            LookupError: it is one of Python's that was not collected.
        """
        module = f"encodings.{encodings.aliases.aliases.get(name, name)}"
        if module in self._encodings and module not in self._kept:
            raise LookupError(
                f"unknown encoding: {name} is not in this component: add {module!r} to `take` of [tool.witgen.build]"
                " (witgen build --take)"
            )

    def create_module(self, spec: ModuleSpec) -> None:
        """Leave it to Python."""

    def exec_module(self, module: ModuleType) -> None:
        """Run the module's code."""
        code, _, _ = self._kept[module.__name__]
        exec(marshal.loads(zlib.decompress(code)), module.__dict__)  # noqa: S102, S302 - our own snapshot


def collect(take: Sequence[str]) -> Late:
    """Collect what the loaded modules may import later, what that imports, and what `take` names.

    Args:
        take: names of modules, `package.*` for all of a package, `stdlib` for all of the standard library.
    """
    collector = _Collector()
    for pattern in take:
        collector.add(_named(pattern), asked=True, is_users=True)
    for name in {each.partition(".")[0] for each in list(sys.modules)}:
        if _is_application(name):
            collector.add(_below(name), asked=True)
    collector.add(_USUAL, asked=True)
    for name, others in _COMPANIONS.items():
        collector.add(others if name in sys.modules else (), asked=True)
    # `isinstance` would ask proxies, such as those of `weakref`, for the class of what they stand for.
    for function in [each for each in gc.get_objects() if type(each) is FunctionType]:
        package = function.__globals__.get("__package__") or ""
        if isinstance(package, str):
            asked = not _is_standard(function.__globals__.get("__name__") or "")
            if not asked and _is_script(function.__name__):
                continue
            names = [*_imported(function.__code__, package, functions=True)]
            collector.add(names, asked=asked, is_users=_is_users(function.__code__.co_filename))
    return collector.finish()


class _Collector:
    """Collects modules, and all that these import."""

    def __init__(self) -> None:
        self._late = Late()
        self._seen: set[str] = set()
        self._queue: list[tuple[str, bool]] = []

    def add(self, names: Iterable[str], *, asked: bool, is_users: bool = False) -> None:
        """Add names; with `is_users`, the user mentions them. Those that are not asked for may be useless."""
        for name in names:
            if is_users:
                self._late.mentioned.add(name)
            parts = name.split(".")
            for size in range(1, len(parts) + 1):
                part = ".".join(parts[:size])
                if part and part not in self._seen and part not in sys.modules:
                    self._queue.append((part, asked))

    def finish(self) -> Late:
        """Return what was found."""
        while self._queue:
            name, asked = self._queue.pop()
            if name in self._seen or name in sys.builtin_module_names or (not asked and _is_useless(name)):
                continue
            self._seen.add(name)
            spec = _found(name)
            code = _code(spec)
            if spec is None or code is None:
                continue
            self._late.keep(spec, code)
            self.add(_COMPANIONS.get(name, ()), asked=True)
            package = name if spec.submodule_search_locations is not None else name.rpartition(".")[0]
            # Functions of the standard library may import anything; what its modules import themselves is needed.
            standard = _is_standard(name)
            names = _imported(code, package, functions=not standard)
            self.add(names, asked=not standard, is_users=_is_users(spec.origin))
        return self._late


def _is_users(path: str | None) -> bool:
    """Return whether a file is in a folder of the user's, which are `/0`, `/1` and so on, and not of the runtime."""
    return path is not None and path.lstrip("/")[:1].isdigit() and "/witgen_runtime/" not in path


def _is_standard(name: str) -> bool:
    return name.partition(".")[0] in sys.stdlib_module_names


def _is_useless(name: str) -> bool:
    parts = name.split(".")
    return any(".".join(parts[:size]) in _USELESS for size in (1, 2, 3))


def _is_script(function: str) -> bool:
    """Return whether a function runs or tests its module as a program, as `_main` and `_test_generator` do."""
    return function.lstrip("_").partition("_")[0] in {"main", "test"}


def _is_application(name: str) -> bool:
    """Return whether a top-level package comes from a folder of the user's, which are `/0`, `/1` and so on.

    The runtime does not count: some of its modules bring asyncio, and those that are needed are mentioned.
    """
    module = sys.modules.get(name)
    if name in {"__main__", _RUNTIME} or _is_standard(name) or not hasattr(module, "__path__"):
        return False
    places: Any = getattr(module, "__path__", ())
    return any(str(place).lstrip("/")[:1].isdigit() for place in places)


def _named(pattern: str) -> Iterator[str]:
    if pattern == STANDARD_LIBRARY:
        for name in sorted(sys.stdlib_module_names):
            if not _is_useless(name):
                yield from _below(name)
    elif pattern.endswith(".*"):
        yield from _below(pattern.removesuffix(".*"))
    else:
        yield pattern


def _below(name: str) -> Iterator[str]:
    """Yield a module and all modules below it, but for tests and scripts."""
    yield name
    module = sys.modules.get(name)
    spec = None if module is not None else _found(name)
    places = getattr(module, "__path__", None) if module is not None else spec and spec.submodule_search_locations
    for info in pkgutil.iter_modules(list(places or ())):
        if info.name not in {"__main__", "test", "tests"}:
            yield from _below(f"{name}.{info.name}")


def _found(name: str) -> ModuleSpec | None:
    parent = name.rpartition(".")[0]
    places: Sequence[str] | None = None
    if parent:
        module = sys.modules.get(parent)
        found = getattr(module, "__path__", None) if module is not None else None
        if found is None:
            above = _found(parent)
            found = above.submodule_search_locations if above is not None else None
        if found is None:
            return None
        places = [*found]
    with contextlib.suppress(Exception):  # packages may bring finders of their own
        return PathFinder.find_spec(name, places)
    return None


def _code(spec: ModuleSpec | None) -> CodeType | None:
    loader = spec.loader if spec is not None else None
    if spec is None or not isinstance(loader, InspectLoader):
        return None
    try:
        found: CodeType | None = loader.get_code(spec.name)
    except (ImportError, OSError, SyntaxError, ValueError, RecursionError):
        return None
    return found


def _imported(code: CodeType, package: str, *, functions: bool) -> Iterator[str]:
    """Yield the names of modules that import statements of some code mention; with `functions`, those in its functions.

    Code of classes is always part of it: it runs with the module.
    """
    for name, level, attributes in _statements(code):
        if level:
            try:
                base = resolve_name("." * level + name, package)
            except ImportError:
                continue
        else:
            base = name
        yield base
        yield from (f"{base}.{each}" for each in attributes if each != "*")
    for constant in code.co_consts:
        if isinstance(constant, CodeType) and (functions or not constant.co_flags & _CO_OPTIMIZED):
            yield from _imported(constant, package, functions=functions)


def _statements(code: CodeType) -> Iterator[tuple[str, int, tuple[str, ...]]]:
    """Yield name, level and `from` list of each IMPORT_NAME; constants are loaded directly before it."""
    content = code.co_code
    position = content.find(_IMPORT_NAME)
    while position >= 0:
        if position % 2 == 0:
            argument, before = _argument(content, position)
            listed, before = _loaded(code, content, before)
            level, _ = _loaded(code, content, before)
            if isinstance(level, int):
                yield code.co_names[argument], level, listed if isinstance(listed, tuple) else ()
        position = content.find(_IMPORT_NAME, position + 1)


def _argument(content: bytes, position: int) -> tuple[int, int]:
    """Return the argument of an instruction, and where the instruction before it is."""
    argument, shift, position = content[position + 1], 8, position - 2
    while position >= 0 and content[position] == _EXTENDED_ARG:
        argument |= content[position + 1] << shift
        shift, position = shift + 8, position - 2
    return argument, position


def _loaded(code: CodeType, content: bytes, position: int) -> tuple[Any, int]:
    """Return the constant that an instruction loads, and where the instruction before it is."""
    if position < 0:
        return None, position
    operation = content[position]
    argument, before = _argument(content, position)
    if operation == _LOAD_CONST:
        return code.co_consts[argument], before
    return (argument if operation == _LOAD_SMALL_INT else None), before
