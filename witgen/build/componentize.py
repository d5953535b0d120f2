"""Building a component from Python: componentize-py with the right arguments, and its failures in plain words."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from .. import api
from ..base.files import replace
from ..base.resources import GOLEM_WIT
from ..bindings.facts import componentize
from ..bindings.facts.unbuildable import Unbuildable, exports_resources, unbuildable, unquotable
from ..diagnostics.errors import OptionError
from ..diagnostics.model import Diagnostic, Severity
from ..project.discovery import default_wit, find
from ..project.options_table import OPTIONS, Scope
from ..project.pyproject import load
from ..runs import tree_of
from ..wit.model import ir
from ..wit.resolve import select_world
from ..wit.syntax.docs import with_comments
from .freeing import free_dropped
from .inputs import (
    ENTRY,
    Place,
    componentize_version,
    environment,
    is_current,
    keep,
    prepare_entry,
    wit_digest,
)

__all__ = ["Build", "BuildError", "Built", "build", "settings"]

# Started through Python, because the script may not be on PATH. Failures are AssertionErrors whose text is the complete
# message.
_PROGRAM = """\
import sys
from componentize_py import script
try:
    sys.exit(script())
except AssertionError as error:
    sys.exit(str(error))
"""


class BuildError(Exception):
    """A component cannot be built; the message has the reason and the remedy."""


@dataclass(frozen=True, slots=True)
class Build:
    """The options of a build.

    Attributes:
        app: the application: a Python file, or the name of a module below `folder`.
        wit: the folder or file with the WIT.
        world: the world's name; None for the only one.
        out: the component's file; None for the module's name with `.wasm`, in the current folder.
        folder: where modules are found; None for the folder of `app`.
        world_module: the name given to componentize-py's `--world-module`, which the bindings must know too.
        full_names: give componentize-py `--full-names`; the bindings must know it too, as of the next two.
        import_names: the names given to `--import-interface-name`: `ns:pkg/name@version` → name.
        export_names: the same for `--export-interface-name`.
        stub_wasi: leave everything of WASI out of the component that the world does not import.
        features: `@unstable` features to turn on.
        all_features: turn on every `@unstable` feature.
        force: build even if nothing has changed.
        golem: resolve missing packages from the bundled Golem WIT.
    """

    app: str
    wit: str | os.PathLike[str]
    world: str | None = None
    out: str | os.PathLike[str] | None = None
    folder: str | os.PathLike[str] | None = None
    world_module: str = "wit_world"
    full_names: bool = False
    import_names: Mapping[str, str] = field(default_factory=dict[str, str])
    export_names: Mapping[str, str] = field(default_factory=dict[str, str])
    stub_wasi: bool = False
    features: Collection[str] = ()
    all_features: bool = False
    force: bool = False
    golem: bool = False


@dataclass(frozen=True, slots=True)
class Built:
    """A component: where it is, how large, whether it was built now, and warnings about it."""

    path: Path
    size: int
    is_new: bool
    diagnostics: tuple[Diagnostic, ...] = ()


def settings(start: Path, given: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of `Build` that a world's bindings share.

    They come from the only target of pyproject.toml (in `start` or above) with guest wrappers that is about the world,
    if there is one, and `given` wins over it.
    """
    file = find(start)
    targets = [each.config for each in load(file) if each.config.guest] if file is not None else []
    about = [each for each in targets if given.get("world") in {None, each.world}]
    shared = [option.field for option in OPTIONS if option.scope <= Scope.WORLD]
    found = {name: getattr(about[0], name) for name in shared} if len(about) == 1 else {}
    merged = {**found, **given}
    return {"wit": default_wit(start, golem=merged.get("golem", False)), **merged}


def build(config: Build) -> Built:
    """Build the component that `config` describes, unless it is there and nothing it is made of has changed.

    Raises:
        BuildError: componentize-py is missing, or refuses.
        WitgenError: the WIT cannot be used.
        OSError: the component cannot be written.
    """
    folder, module = _place(config)
    if problems := [*componentize.problems(config.world_module, config.import_names, config.export_names)]:
        raise OptionError(problems)
    out = Path(config.out) if config.out is not None else Path(f"{module.rpartition('.')[2]}.wasm")
    read = wit_digest(tree_of(config.wit, golem=config.golem))
    resolved = api.resolve(config.wit, config.features, all_features=config.all_features, golem=config.golem)
    world = resolved.worlds[select_world(resolved, config.world)]
    given = _world_arguments(config, resolved, world)
    stubs = ["--stub-wasi"] if config.stub_wasi else []
    place = Place(folder, out, (*given, *stubs, module, read))
    place.check()
    if not config.force and is_current(place):
        return Built(out, out.stat().st_size, is_new=False)
    out.parent.mkdir(parents=True, exist_ok=True)
    place.stamp.unlink(missing_ok=True)
    unquoted = list(unquotable(resolved, world))
    # Paths are text if possible.
    escaped = any(each.span is not None for each in unquoted)
    stumbles = [*unbuildable(resolved, world), *(each for each in unquoted if each.span is None)]
    with _prepared(Path(config.wit), _borrowed(resolved), escaped=escaped) as wit:
        finish = _with_freed_resources if exports_resources(resolved, world) else _as_it_is
        warnings = _componentize(place, module, ["-d", str(wit), *given], stubs, stumbles, finish)
    return Built(out, out.stat().st_size, is_new=True, diagnostics=warnings)


_Warnings: TypeAlias = tuple[Diagnostic, ...]
_Finish: TypeAlias = Callable[[bytes], tuple[bytes, _Warnings]]


def _as_it_is(component: bytes) -> tuple[bytes, _Warnings]:
    return component, ()


def _with_freed_resources(component: bytes) -> tuple[bytes, _Warnings]:
    """Return the component with a destructor for exported resources, or as it is, with a warning."""
    freed = free_dropped(component)
    if freed is not None:
        return freed, ()
    message = (
        "objects of exported resources stay in memory when hosts drop their handles: witgen does not know how"
        f" componentize-py {componentize_version()} keeps them"
    )
    remedy = "build with componentize-py 0.25, or give the resources a method that releases what they hold"
    return component, (Diagnostic("W0706", message, help=remedy, severity=Severity.WARNING),)


def _componentize(
    place: Place,
    module: str,
    given: list[str],
    stubs: list[str],
    stumbles: Sequence[Unbuildable],
    finish: _Finish,
) -> _Warnings:
    """Make the component with the entry module that records its inputs; return what to warn of."""
    with tempfile.TemporaryDirectory(prefix="witgen-") as scratch:
        entry, made = Path(scratch, "entry"), Path(scratch, "made.wasm")
        prepare_entry(entry, module)
        started = time.time_ns()
        # The application's folder comes first, so that its files are where they would be without the entry.
        paths = ["-p", str(place.folder), "-p", str(entry)]
        _run([*given, "componentize", ENTRY, *paths, "-o", str(made), *stubs], stumbles)
        # In one step: a build that fails, or another one at the same time, leaves no half of a component.
        content, warnings = finish(made.read_bytes())
        replace(os.path.realpath(place.out), content)
        keep(place, content, entry, started)
    return warnings


def _place(config: Build) -> tuple[Path, str]:
    """Return the folder where modules are found, and the application's module."""
    path = Path(config.app)
    if path.suffix == ".py":
        if not path.is_file():
            raise BuildError(f"{path} is not a regular file" if path.exists() else f"{path} does not exist")
        folder = Path(config.folder) if config.folder is not None else path.parent
        if not path.resolve().is_relative_to(folder.resolve()):
            raise BuildError(f"{path} is not below {folder}")
        module = ".".join(path.resolve().relative_to(folder.resolve()).with_suffix("").parts)
    else:
        folder, module = Path(config.folder or "."), config.app
    if module == config.world_module:
        raise BuildError(f"the module `{module}` has the name of componentize-py's own module: rename it")
    top = module.partition(".")[0]
    if top in sys.stdlib_module_names:
        raise BuildError(
            f"the module `{top}` has the name of a module of the standard library, which takes precedence in a "
            "component: rename it"
        )
    return folder, module


def _borrowed(resolved: ir.Resolve) -> list[Path]:
    """Return the folders and files of witgen's own WIT that packages were taken from."""
    spans = [*(each.span for each in resolved.interfaces), *(each.span for each in resolved.worlds)]
    files = {Path(span.file.path) for span in spans if span is not None}
    ours = {file for file in files if file.is_relative_to(GOLEM_WIT)}
    return sorted({file if file.parent == GOLEM_WIT else file.parent for file in ours})


@contextmanager
def _prepared(wit: Path, borrowed: Sequence[Path], *, escaped: bool) -> Generator[Path, None, None]:
    """Yield `wit` in a form that componentize-py accepts: `wit` itself, or a folder with a copy.

    The copy's deps/ has the packages from elsewhere, as componentize-py reads only one place. With `escaped`,
    documentation is written so that it means the same in a Python string.
    """
    if wit.resolve() == GOLEM_WIT.resolve() or not (borrowed or escaped):
        yield wit
        return
    with tempfile.TemporaryDirectory(prefix="witgen-") as scratch:
        copy = Path(scratch) / "wit"
        if wit.is_dir():
            shutil.copytree(wit, copy, ignore=_special)
        else:
            copy.mkdir()
            shutil.copy(wit, copy)
        for number, source in enumerate(borrowed):
            target = copy / "deps" / f"witgen-{number}"
            shutil.copytree(source if source.is_dir() else source.parent, target, ignore=shutil.ignore_patterns("deps"))
        for file in copy.rglob("*.wit") if escaped else ():
            if file.is_file():
                # Some may not be WIT at all: only deps/ is read.
                text = file.read_bytes().decode(errors="surrogateescape")
                file.write_bytes(with_comments(text, _escaped).encode(errors="surrogateescape"))
        yield copy


def _special(folder: str, names: list[str]) -> list[str]:
    """Return those names that no copy can be made of: FIFOs and their like, and links to nowhere."""
    return [
        name for name in names if not os.path.isdir(path := os.path.join(folder, name)) and not os.path.isfile(path)
    ]


def _escaped(comment: str) -> str:
    """Return a comment escaped for triple quotes."""
    return comment.replace("\\", "\\\\").replace('"""', r"\"\"\"")


def _world_arguments(config: Build, resolved: ir.Resolve, world: ir.World) -> list[str]:
    """Return componentize-py's options about the world."""
    package = resolved.packages[world.package].name
    at = f"@{package.version}" if package.version else ""
    # Escaped, as any of the names may be a keyword of WIT.
    arguments = ["-w", f"%{package.namespace}:%{package.name}/%{world.name}{at}"]
    arguments += ["--world-module", config.world_module]
    arguments += ["--full-names"] if config.full_names else []
    for side, given in (("import", config.import_names), ("export", config.export_names)):
        arguments += [part for pair in given.items() for part in (f"--{side}-interface-name", "=".join(pair))]
    if config.all_features:
        return [*arguments, "--all-features"]
    return [*arguments, *(part for feature in config.features for part in ("--features", feature))]


def _run(arguments: list[str], stumbles: Sequence[Unbuildable]) -> None:
    if componentize_version() is None:
        raise BuildError("building needs componentize-py: python -m pip install 'witgen[guest]'")
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", _PROGRAM, *arguments],
        env={**environment(), "RUST_BACKTRACE": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        story = f"{done.stdout}{done.stderr}".strip()
        known = "\n".join(f"componentize-py cannot build this: {each.message}; {each.remedy}" for each in stumbles)
        advice = known or _advice(story)
        raise BuildError(
            f"{advice}\n\ncomponentize-py says:\n{story}" if advice else f"componentize-py failed:\n{story}"
        )


# Known messages of componentize-py or the application, and their meanings.
_KNOWN = (
    (
        r"has no attribute '(?P<name>[A-Z]\w*)'",
        "the application installs nothing called {name}: call `exports.serve(__name__, …)` at its end",
    ),
    (
        r"(?P<name>\S+) does not export (?P<what>`.+`)",
        "{name} must implement {what}, which the world exports",
    ),
    (
        r"(?P<name>\S+) is not among the modules that componentize-py made",
        "{name} does not exist under this name: generate the bindings again, with the same options for names",
    ),
    (
        r"No module named '(?P<name>[^']+)'",
        "`import {name}` finds nothing: modules are searched for next to the application, or below --path",
    ),
    (
        r"re-adding package|attempting to re-add package `?(?P<name>[^`\s]+)",
        "an installed package ships WIT that is also in this WIT: build in an environment without that package",
    ),
    (
        r"fixed[- ](?:size|length)|FixedSizeList|FixedLengthList|not yet implemented|map types",
        "componentize-py cannot build a world with maps, fixed-length lists or error-contexts: take them out",
    ),
)


def _advice(story: str) -> str | None:
    """Return the meaning of a known failure; None if it is unknown."""
    for pattern, advice in _KNOWN:
        found = re.search(pattern, story)
        if found:
            return advice.format_map(found.groupdict())
    return None
