"""Packages that are imported from memory; `inspect`, `help` and tracebacks find their source."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from importlib.abc import InspectLoader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from types import CodeType, ModuleType

__all__ = ["install"]


class _Loader(InspectLoader):
    """Loads the modules of one package, from text by path relative to it."""

    def __init__(self, package: str, place: str, files: Mapping[str, str]) -> None:
        self._package = package
        self._place = place
        self._files = files

    def path(self, fullname: str) -> str | None:
        """Return the path of a module below the package; None if there is no such module."""
        below = fullname.removeprefix(self._package).replace(".", "/").lstrip("/")
        paths = (f"{below}/__init__.py".lstrip("/"), f"{below}.py")
        return next((path for path in paths if path in self._files), None)

    def is_package(self, fullname: str) -> bool:
        """Return whether a module is a package."""
        return (self.path(fullname) or "").endswith("__init__.py")

    def get_source(self, fullname: str) -> str | None:
        """Return the text of a module."""
        path = self.path(fullname)
        return None if path is None else self._files[path]

    def get_code(self, fullname: str) -> CodeType | None:
        """Compile a module; its place in tracebacks has the package's own, and the path."""
        source = self.get_source(fullname)
        place = f"{self._place}/{self.path(fullname)}"
        return None if source is None else compile(source, place, "exec", dont_inherit=True)

    def spec(self, fullname: str) -> ModuleSpec | None:
        """Return how to import a module, None where there is none."""
        path = self.path(fullname)
        return None if path is None else spec_from_loader(fullname, self, origin=f"{self._place}/{path}")

    def exec_module(self, module: ModuleType) -> None:
        """Run a module; tools that show source use `__file__`."""
        module.__file__ = module.__spec__.origin if module.__spec__ is not None else None
        super().exec_module(module)


class _Finder(MetaPathFinder):
    """Knows the packages by name."""

    def __init__(self) -> None:
        self.loaders: dict[str, _Loader] = {}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find a module of one of the packages."""
        del path, target
        found = (loader for name, loader in self.loaders.items() if f"{fullname}.".startswith(f"{name}."))
        loader = next(found, None)
        return None if loader is None else loader.spec(fullname)


_finder = _Finder()


def install(package: str, place: str, files: Mapping[str, str], shared: Mapping[str, ModuleType]) -> None:
    """Make `package` importable. It replaces a package of that name, whose objects remain usable.

    Args:
        package: its full name; the package above it exists.
        place: the folder shown in tracebacks. Python caches source by it, so other text needs another place.
        files: the text of its modules, by path.
        shared: modules that exist and that it has too, by their full names in it.
    """
    for name in [name for name in sys.modules if f"{name}.".startswith(f"{package}.")]:
        del sys.modules[name]
    _finder.loaders[package] = _Loader(package, place, files)
    if _finder not in sys.meta_path:
        sys.meta_path.append(_finder)
    sys.modules.update(shared)
