"""Imports an application for one test: as in a component, every test begins with the state that its import leaves."""

from __future__ import annotations

import sys
import sysconfig
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder, SourceLoader
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

__all__ = ["imported"]

_RUNTIME = __name__.removesuffix(".testing.fresh")

_opened: set[str] = set()
"""The applications that some test has opened."""


@contextmanager
def imported(application: str) -> Generator[None]:
    """Import an application; from the second time on, run its modules again.

    Its modules are those that it imports and that are neither installed packages, nor of the standard library, nor
    generated. They stay the same objects, whose attributes are new. Modules that it imports later are forgotten at the
    end.
    """
    before = {name for name in sys.modules if name != application}
    if application in _opened and application in sys.modules:
        _import_again(application)
    else:
        import_module(application)
    _opened.add(application)
    present = {*before, *sys.modules}
    try:
        yield
    finally:
        for name, module in list(sys.modules.items()):
            if name not in present and _is_own(module):
                del sys.modules[name]


def _import_again(application: str) -> None:
    finder = _Again({name: module for name, module in list(sys.modules.items()) if _is_own(module)})
    for name in finder.modules:
        del sys.modules[name]
    sys.meta_path.insert(0, finder)
    try:
        import_module(application)
    finally:
        sys.meta_path.remove(finder)
        # Tests and what only they import.
        for name, module in finder.modules.items():
            sys.modules.setdefault(name, module)


class _Again(MetaPathFinder, Loader):
    """Runs modules again; `modules` are those that nothing has asked for."""

    def __init__(self, modules: dict[str, ModuleType]) -> None:
        self.modules = modules
        self._running: dict[str, tuple[ModuleType, ModuleSpec]] = {}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return a spec that leads to the module that there was."""
        del path, target
        module = self.modules.pop(fullname, None)
        if module is None or module.__spec__ is None:
            return None
        old = module.__spec__
        self._running[fullname] = module, old
        spec = ModuleSpec(fullname, self, origin=old.origin, is_package=old.submodule_search_locations is not None)
        spec.submodule_search_locations, spec.has_location = old.submodule_search_locations, old.has_location
        return spec

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return the module that there was, emptied."""
        module, _ = self._running[spec.name]
        module.__dict__.clear()
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Run its code."""
        _, spec = self._running.pop(module.__name__)
        module.__spec__, module.__loader__ = spec, spec.loader
        if spec.loader is not None:
            spec.loader.exec_module(module)


def _is_own(module: ModuleType) -> bool:
    """Return whether a module may be an application's."""
    # Not by `getattr`, which may import something where a module is lazy.
    spec = getattr(module, "__dict__", {}).get("__spec__")
    if not isinstance(spec, ModuleSpec) or not spec.origin or not isinstance(spec.loader, SourceLoader):
        return False
    if module.__name__.partition(".")[0] in sys.stdlib_module_names or module.__name__.startswith(f"{_RUNTIME}."):
        return False
    depth = module.__name__.count(".") + (spec.submodule_search_locations is not None)
    folders = Path(spec.origin).parents[: depth + 1]
    return module.__name__ != _RUNTIME and not any(map(_is_installed_or_generated, folders))


@cache
def _is_installed_or_generated(folder: Path) -> bool:
    """Return whether a folder is one of installed packages, or of generated bindings."""
    paths = sysconfig.get_paths()
    if any(folder.is_relative_to(paths[name]) for name in ("stdlib", "platstdlib", "purelib", "platlib")):
        return True
    if {"site-packages", "dist-packages"}.intersection(folder.parts) or (folder / "witgen.lock").exists():
        return True
    return next(folder.glob("*.dist-info"), None) is not None
