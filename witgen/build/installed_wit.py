"""The WIT that Python packages bring, as a project's guests get these packages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..bindings.facts.fingerprint import fingerprint
from ..diagnostics.errors import WitgenError
from ..diagnostics.model import Diagnostic, Severity
from ..project.discovery import FILE_NAME, find
from ..project.installed import searched, wit_folders
from ..project.pyproject import load_build
from ..wit.model import ir
from .errors import BuildError
from .requirements import installed

__all__ = ["differences", "wit_for_guests"]


def wit_for_guests(start: Path) -> list[Path]:
    """Return the folders of WIT that packages of the guests of a project bring.

    These are the packages below its `paths`, and its `requirements`, which are installed if they are not, or without
    any those of the active environment.

    Args:
        start: a folder of the project.

    Raises:
        WitgenError: the configuration is invalid, or the requirements cannot be installed.
    """
    file = find(start)
    options: Mapping[str, Any] = load_build(file) if file is not None else {}
    environment = None
    if file is not None and options.get("requirements"):
        try:
            environment = installed(options["requirements"], file.parent)
        except BuildError as error:
            raise WitgenError([Diagnostic("W0942", str(error), path=FILE_NAME)]) from error
    return wit_folders([*map(Path, options.get("paths", ())), *searched(environment)])


def differences(bound: ir.Resolve, built: ir.Resolve, world: ir.World) -> Iterator[Diagnostic]:
    """Yield a warning for each package of WIT that bindings have in another form than the component.

    Args:
        bound: the WIT of the project, which bindings are made of.
        built: the same with the packages that installed ones bring.
        world: the world in `bound`.
    """
    there = _interfaces(built)
    packages: dict[str, None] = {}
    for item in (*world.imports.values(), *world.exports.values()):
        if isinstance(item, ir.InterfaceItem):
            counterpart = there.get(bound.interface_name(item.id) or "")
            if counterpart is not None and _hash(bound, item.id) != _hash(built, counterpart):
                packages[str(bound.packages[bound.interfaces[item.id].package].name)] = None
    for package in packages:
        message = f"`{package}` in this WIT differs from that of an installed package, which is what the component gets"
        remedy = "remove it from deps/, and generate the bindings again: they are then made of the installed one"
        yield Diagnostic("W0710", message, help=remedy, severity=Severity.WARNING)


def _interfaces(resolved: ir.Resolve) -> Mapping[str, ir.InterfaceId]:
    ids = map(ir.InterfaceId, range(len(resolved.interfaces)))
    return {name: id for id in ids if (name := resolved.interface_name(id))}


def _hash(resolved: ir.Resolve, id: ir.InterfaceId) -> str:
    return fingerprint(resolved, ir.TypeOwner(interface=id))
