"""The world that a name means."""

from __future__ import annotations

from ...diagnostics.errors import WitgenError
from ...diagnostics.model import Diagnostic
from ..model.ir import Package, PackageName, Resolve, WorldId
from .suggest import did_you_mean

__all__ = ["select_world"]


def select_world(resolve: Resolve, name: str | None) -> WorldId:
    """Return the world called `name`: a world of the main package, or `ns:package/world@version`.

    The version can be left out where it is clear. None means the main package's only world. Raises `WitgenError`.
    """
    main = resolve.packages[resolve.main]
    if name is None:
        return _only_world(resolve, main)
    if "/" not in name:
        return _world(resolve, main, name)
    package, _, rest = name.partition("/")
    world, at, version = rest.partition("@")
    return _world(resolve, _package(resolve, package, version if at else None, name), world)


def _only_world(resolve: Resolve, main: Package) -> WorldId:
    if len(main.worlds) == 1:
        return next(iter(main.worlds.values()))
    if not main.worlds:
        raise _error("W0602", f"package `{main.name}` has no world", _others(resolve, main))
    raise _error("W0602", f"package `{main.name}` has several worlds: name one", _listing(main))


def _world(resolve: Resolve, package: Package, name: str) -> WorldId:
    found = package.worlds.get(name)
    if found is not None:
        return found
    raise _error(
        "W0601",
        f"package `{package.name}` has no world `{name}`",
        did_you_mean(name, package.worlds),
        _listing(package) if package.worlds else _others(resolve, package),
    )


def _package(resolve: Resolve, name: str, version: str | None, spelled: str) -> Package:
    known = [package for package in resolve.packages if f"{package.name.namespace}:{package.name.name}" == name]
    exact = [package for package in known if package.name.version == version]
    found = exact or (known if version is None else [])
    if len(found) == 1:
        return found[0]
    versions = ", ".join(f"`{package.name}`" for package in known)
    if found:
        raise _error("W0602", f"`{spelled}` could be in several packages: add a version", f"there are {versions}")
    if known:
        raise _error("W0601", f"there is no package for `{spelled}`", f"there is {versions}")
    names = [f"{package.name.namespace}:{package.name.name}" for package in resolve.packages]
    raise _error("W0601", f"there is no package `{name}`", did_you_mean(name, names), _others(resolve, None))


def _listing(package: Package) -> str:
    return "its worlds are " + ", ".join(f"`{world}`" for world in package.worlds)


def _others(resolve: Resolve, but: Package | None) -> str | None:
    """List the worlds of all packages, as they can be named."""
    packages = [package for package in resolve.packages if package is not but]
    names = [_path(package.name, world) for package in packages for world in package.worlds]
    return "there are " + ", ".join(f"`{name}`" for name in names) if names else None


def _path(package: PackageName, world: str) -> str:
    version = f"@{package.version}" if package.version is not None else ""
    return f"{package.namespace}:{package.name}/{world}{version}"


def _error(code: str, message: str, help: str | None, note: str | None = None) -> WitgenError:
    return WitgenError([Diagnostic(code, message, help=help, note=note)])
