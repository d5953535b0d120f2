"""Makes the runtime's event loop the default of asyncio."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType

__all__ = ["DefaultLoop"]

_ASYNCIO = "asyncio"


class DefaultLoop:
    """A finder that installs the loop right after the import of asyncio, so that modules can use it while imported.

    An application without asyncio does not get it.

    Args:
        modules: the names of componentize-py's modules that the loop waits with (`witgen_runtime.guest.event_loop`).
    """

    def __init__(self, modules: Mapping[str, str]) -> None:
        self._modules = modules

    def prepare(self) -> None:
        """Install the loop, now or with asyncio."""
        if _ASYNCIO in sys.modules:
            self._install()
        else:
            sys.meta_path.insert(0, self)

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """Return the spec of asyncio, with a loader that installs the loop."""
        del path, target
        if name != _ASYNCIO:
            return None
        sys.meta_path.remove(self)
        spec = find_spec(name)
        if spec is not None and spec.loader is not None:
            spec.loader = _Then(spec.loader, self._install)
        return spec

    def _install(self) -> None:
        # By name: what functions of the entry mention in import statements would be in every component.
        import_module("witgen_runtime.guest.event_loop").install(**self._modules)

    def finish(self, *, wanted: bool) -> None:
        """Import what the loop needs at run time; with `wanted`, asyncio too, which some function imports late."""
        if wanted:
            import_module(_ASYNCIO)
        if self in sys.meta_path:
            sys.meta_path.remove(self)
        else:
            for module in self._modules.values():
                import_module(module)


class _Then(Loader):
    """Loads a module with another loader, and takes a step after that."""

    def __init__(self, loader: Loader, step: Callable[[], None]) -> None:
        self._loader = loader
        self._step = step

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Leave it to the loader."""
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """Run the module's code, and take the step."""
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        self._step()
