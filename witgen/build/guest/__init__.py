"""The package that componentize-py componentizes: it imports the application, and records the files that this reads.

It runs in the guest's Python, and only while a component is built. What remains of it is the finder of late imports and
what the first call renews. The record is written to `notes.json`, or `failure.json` if the application cannot be
imported. The settings, `SETTINGS` of the module `settings` that each build adds here:

- `application`: the application's module;
- `site`: the number of the folder of packages;
- `take`: what to take into the component besides what is found (`late_imports.collect`);
- `loop`: the modules that the event loop waits with (`event_loop`);
- `docstrings`: whether code keeps its docstrings (`sources`);
- `agents`: whether the application may declare agents of Golem's SDK, which are exported (`agents`);
- `renew`: whether to renew at the first call what would be frozen (`first_call`).
"""

# ruff: noqa: E402
from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

# Before all others, because it takes part in the compilation of what they import.
from .sources import Sources

_IS_GUEST = not __name__.startswith("witgen.")
_SETTINGS: dict[str, Any] = import_module(f"{__name__}.settings").SETTINGS if _IS_GUEST else {}
_SOURCES = Sources(docstrings=_SETTINGS.get("docstrings", True))
if _IS_GUEST:
    _SOURCES.prepare()

# isort: split
import codecs
import functools
import json
import os
import traceback
from collections.abc import Callable, Iterator, Mapping

from .agents import export_agents, problems_of
from .event_loop import DefaultLoop
from .first_call import FirstCall
from .late_imports import Late, collect
from .scrub import scrub
from .stand_ins import StandIns

_HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_IMPORTLIB = "<frozen importlib._bootstrap_external>"
_LOOKING = ("stat", "lstat", "access", "readlink")

_opened: set[str] = set()
_listed: set[str] = set()
_searched: set[str] = set()
_noting = True


def _note(event: str, arguments: tuple[Any, ...]) -> None:
    """Note the files that are opened, also those that are not there, and the folders that are listed.

    The network is refused: the C library would keep its handle in the snapshot, where it stands for nothing.

    No audit hook can be taken away: once the component is built, this one does nothing.
    """
    if not _noting:
        return
    if event in {"open", "sqlite3.connect"}:
        _add(_opened, arguments[0])
    elif event in {"os.listdir", "os.scandir"}:
        _add(_searched if _is_import() else _listed, "." if arguments[0] is None else arguments[0])
    elif event.startswith("socket.") and event != "socket.gethostname":
        raise OSError(f"there is no network while the component is built ({event})")


def _is_import() -> bool:
    """Return whether Python is searching for modules: then other files that appear in the folder do not matter."""
    try:
        return sys._getframe(2).f_code.co_filename == _IMPORTLIB  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    except ValueError:
        return False


def _add(notes: set[str], path: object) -> None:
    if isinstance(path, int):  # an open file
        return
    try:
        notes.add(os.path.abspath(os.fsdecode(path)))  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    except (OSError, TypeError, ValueError):
        return


def _noted(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that records the path that it is called with; Python does not audit these calls."""

    @functools.wraps(function)
    def noted(path: Any, *arguments: Any, **options: Any) -> Any:
        if _noting:
            _add(_opened, path)
        return function(path, *arguments, **options)

    return noted


def _swap(pairs: list[tuple[Callable[..., Any], Callable[..., Any]]]) -> None:
    """Replace some functions of `os`, also in its sets of their capabilities."""
    for old, new in pairs:
        setattr(os, old.__name__, new)
        for able in (os.supports_dir_fd, os.supports_fd, os.supports_follow_symlinks, os.supports_effective_ids):
            if old in able:
                able.add(new)
                able.remove(old)


def _imported(name: str) -> Any:
    """Import the application; everything that this reads is noted."""
    global _noting  # noqa: PLW0603 - the hook is a function, and stays
    originals = [getattr(os, name) for name in _LOOKING if hasattr(os, name)]
    pairs = [(each, _noted(each)) for each in originals]
    _searched.update(sys.path_importer_cache)
    sys.addaudithook(_note)
    _swap(pairs)
    try:
        __import__(name)
    finally:
        _noting = False
        _swap([(new, old) for old, new in pairs])
    return sys.modules[name]


def _site_packages(number: int) -> list[str] | None:
    """Return the names in the folder that componentize-py puts after the application's."""
    try:
        return sorted(os.listdir(f"/{number}"))
    except OSError:
        return None


def _application(name: str, stand_ins: StandIns, *, agents: bool) -> Any:
    """Import the application; record why an import failed."""
    try:
        application = _imported(name)
        if agents:
            export_agents(name)
    except BaseException as error:
        if agents and (problems := problems_of(error)):
            _write("failure.json", {"declarations": problems})
            raise
        stand_ins.hide_from(error)
        if isinstance(error, ImportError):
            _write("failure.json", _described(error))
        raise
    return application


def _run() -> Any:
    settings = _SETTINGS
    before = sys.dont_write_bytecode, sys.pycache_prefix
    # From source: code that was compiled elsewhere may be of another source, and none is left in the user's folders.
    sys.dont_write_bytecode, sys.pycache_prefix = True, os.path.join(_HERE, "none")
    loop = DefaultLoop(settings["loop"])
    loop.prepare()
    first_call = FirstCall()
    first_call.prepare()
    stand_ins = StandIns(settings["site"])
    stand_ins.prepare()
    application = _application(settings["application"], stand_ins, agents=settings["agents"])
    available = {*sys.modules, *sys.builtin_module_names}
    late = collect(settings["take"])
    collected = late.names
    loop.finish(wanted="asyncio" in late.mentioned)
    stand_ins.finish(late.mentioned)
    late.forget(sys.modules)
    _SOURCES.finish()
    sys.dont_write_bytecode, sys.pycache_prefix = before
    modules = [*_loaded(_SOURCES.sizes), *late.modules()]
    packages = {str(place) for module in list(sys.modules.values()) for place in getattr(module, "__path__", ())}
    notes = {
        # Some were imported before the hook was installed: a sitecustomize, for example.
        "opened": sorted({*_opened, *(file for _, file, _, _ in modules if file)}),
        "listed": sorted(_listed),
        "searched": sorted(_searched | packages),
        "site": _site_packages(settings["site"]),
        "available": sorted({*available, *collected}),
        "modules": modules,
    }
    _write("notes.json", notes)
    _leave(late)
    if settings["renew"]:
        first_call.finish()
    return application


def _loaded(sizes: Mapping[str, int]) -> Iterator[tuple[str, str | None, int | None, bool]]:
    """Yield name, file and size of each module that is loaded, the entry's aside; False, as they are not late."""
    for name, module in sorted(sys.modules.items()):
        if name.partition(".")[0] != __name__:
            file = getattr(module, "__file__", None)
            file = file if isinstance(file, str) else None
            yield name, file, sizes.get(file or ""), False


def _described(error: ImportError) -> dict[str, Any]:
    """Return what is missing, and the places of the import, the outermost first."""
    frames = traceback.extract_tb(error.__traceback__)
    places = [(frame.filename, frame.lineno, frame.line) for frame in frames if not frame.filename.startswith("<")]
    return {"name": error.name, "message": str(error), "places": places}


def _write(name: str, content: object) -> None:
    with open(os.path.join(_HERE, name), "w", encoding="utf-8") as file:
        json.dump(content, file)


def _leave(late: Late) -> None:
    """Remove this package, but for the finder, and what else would stay in the snapshot for nothing."""
    if _HERE in sys.path:
        sys.path.remove(_HERE)
    for name in [each for each in sys.modules if each.startswith(f"{__name__}.")]:
        del sys.modules[name]
    for notes in (_opened, _listed, _searched):
        notes.clear()
    sys.meta_path.append(late)
    codecs.register(late.find_codec)
    scrub()


if _IS_GUEST:
    sys.modules[__name__] = _run()
