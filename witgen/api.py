"""witgen as a library: resolve, generate."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from . import write
from .diagnostics import Diagnostic, Severity
from .errors import WitError
from .facts import componentize
from .facts.fingerprint import fingerprint
from .facts.support import Side, obstacle
from .facts.world import WorldFacts
from .model import ir
from .render.guest_module import RawNames
from .render.package import render_package
from .resolve import load, select_world
from .runtime_files import runtime_files
from .version import VERSION
from .write.lockfile import lock_text

__all__ = ["Config", "Result", "generate", "resolve"]


@dataclass(frozen=True, slots=True)
class Config:
    """What to generate.

    Attributes:
        wit: a folder with WIT (and `deps/`), or one WIT file.
        world: the world's name; `ns:pkg/world[@version]` for one of another package; None for the only one.
        out: the output folder; None to write nothing.
        host: whether to write host bindings.
        guest: whether to write guest wrappers.
        features: `@unstable` features to turn on.
        all_features: turn on every `@unstable` feature.
        world_module: the name given to componentize-py's `--world-module`.
        force: overwrite files that a person edited or made.
    """

    wit: str | os.PathLike[str]
    world: str | None = None
    out: str | os.PathLike[str] | None = None
    host: bool = True
    guest: bool = True
    features: Collection[str] = ()
    all_features: bool = False
    world_module: str = "wit_world"
    force: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """What was generated: text by path relative to the output, warnings, and what the disk needed."""

    files: Mapping[str, str]
    diagnostics: tuple[Diagnostic, ...]
    plan: write.Plan | None = None


def resolve(path: str | os.PathLike[str], features: Collection[str] = (), *, all_features: bool = False) -> ir.Resolve:
    """Read and resolve a WIT tree.

    Raises:
        WitError: the tree cannot be used; every problem is listed.
    """
    return load(path, features=features, all_features=all_features)


def generate(config: Config) -> Result:
    """Generate the bindings of one world, and write them where `config.out` says.

    Raises:
        WitError: the WIT cannot be used, or files that are not ours stand in the way; nothing was written then.
        OSError: the output cannot be written.
    """
    resolved = resolve(config.wit, config.features, all_features=config.all_features)
    world = select_world(resolved, config.world)
    facts = WorldFacts(resolved, world)
    runtime = runtime_files(host=config.host, guest=config.guest)
    guest = _raw_names(resolved, world, config.world_module) if config.guest else None
    files = render_package(facts, host=config.host, guest=guest, runtime=runtime)
    diagnostics = tuple(_left_out(facts, host=config.host, guest=config.guest))
    if config.out is None:
        return Result(files, diagnostics)
    folder = Path(config.out)
    lock = lock_text(version=VERSION, world=facts.title, wit=_wit_hash(facts), files=files)
    planned = write.plan(folder, files, lock, force=config.force)
    _refuse_blocked(planned)
    write.apply(planned)
    return Result(files, diagnostics, planned)


def _raw_names(resolved: ir.Resolve, world: ir.WorldId, world_module: str) -> RawNames:
    names = componentize.names(resolved, world, world_module=world_module)
    return RawNames(names.world_module, dict(names.imports), dict(names.exports))


def _wit_hash(facts: WorldFacts) -> str:
    parts = (fingerprint(facts.resolve, scope.owner) for scope in facts.scopes.values())
    return hashlib.sha256("\n".join(sorted(parts)).encode()).hexdigest()


def _left_out(facts: WorldFacts, *, host: bool, guest: bool) -> list[Diagnostic]:
    """Return a warning for every function that one side's runtime cannot carry."""
    sides = [Side.HOST_IMPORT, Side.HOST_EXPORT] * host + [Side.GUEST_IMPORT, Side.GUEST_EXPORT] * guest
    found: list[Diagnostic] = []
    for side in sides:
        exports = side in {Side.HOST_EXPORT, Side.GUEST_EXPORT}
        scopes = [link.scope.functions for link in (facts.exports if exports else facts.imports)]
        for function in (*(f for group in scopes for f in group), *(facts.exported if exports else facts.imported)):
            reason = obstacle(facts.resolve, function.function, side)
            if reason is not None:
                message = f"`{function.function.name}` is left out as a {side.value}: {reason}"
                span = function.function.span
                found.append(Diagnostic("W0501", message, span, severity=Severity.WARNING))
    return found


def _refuse_blocked(planned: write.Plan) -> None:
    reasons = {path: "was edited since witgen wrote it" for path in planned.edited}
    reasons |= dict.fromkeys(planned.foreign, "was not written by witgen")
    remedy = "move it away, or pass --force to overwrite it"
    diagnostics = [
        Diagnostic("W0601", f"`{path}` {reason}", path=str(planned.folder / path), help=remedy)
        for path, reason in sorted(reasons.items())
    ]
    if diagnostics:
        raise WitError(diagnostics)
