"""Building a component from Python: componentize-py with the right arguments, and its failures in plain words."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias, cast

from .. import api
from ..base.files import replace
from ..base.resources import golem_wit
from ..bindings.facts import componentize
from ..bindings.facts.unbuildable import Unbuildable, exports_resources, unbuildable, unquotable
from ..bindings.facts.wasi import ASYNC_CLOCK, MONOTONIC_CLOCK, POLL, wasi_interface
from ..config import Config
from ..diagnostics.errors import OptionError, WitgenError
from ..diagnostics.model import Diagnostic
from ..project.discovery import default_wit, find
from ..project.installed import searched, wit_folders
from ..project.options_table import OPTIONS, Scope
from ..project.pyproject import load, load_build
from ..runs import tree_of
from ..wit.model import ir
from ..wit.resolve import resolve_tree, select_world
from ..wit.tree import with_library
from . import application
from .agents import agents_by_default, agents_release, declarations, refuse_without_release
from .errors import BuildError
from .failures import explain
from .finishing import finished
from .frozen_reads import frozen_reads
from .inputs import is_current, keep, recorded, recorded_modules, wit_digest
from .installed_wit import differences
from .invocation import run
from .late import import_warnings
from .modules_inside import ModuleInside, RecordedModule, modules_inside
from .place import ENTRY, Place, prepare_entry
from .requirements import installed
from .story import readable
from .unfilled import unfilled
from .wit_copy import borrowed, packages_brought, prepared, without

__all__ = ["Build", "BuildError", "Built", "build", "settings"]


@dataclass(frozen=True, slots=True)
class Build:
    """The options of a build.

    Attributes:
        app: the application: a Python file, or the name of a module in one of `paths`.
        wit: the folder or file with the WIT.
        world: the world's name; None for the only one.
        out: the component's file; None for the module's name with `.wasm`, in the current folder.
        paths: folders where modules are found, in this order. A file that is below none of them has its own folder
            before them.
        world_module: the name given to componentize-py's `--world-module`, which the bindings must know too.
        full_names: give componentize-py `--full-names`; the bindings must know it too, as of the next two.
        import_names: the names given to `--import-interface-name`: `ns:pkg/name@version` → name.
        export_names: the same for `--export-interface-name`.
        stub_wasi: leave everything of WASI out of the component that the world does not import.
        features: `@unstable` features to turn on.
        all_features: turn on every `@unstable` feature.
        force: build even if nothing has changed.
        golem: resolve missing packages from the bundled WIT of a release of Golem, or with True of `workers`.
        take: what the component gets besides what is found: modules, `package.*`, or `stdlib`.
        strip_names: leave out the names of functions of WebAssembly, which only traces of traps show.
        strip_docstrings: leave out the docstrings of Python; `assert` statements stay.
        requirements: packages to install for the component, as pip takes them; without any, it gets those of the active
            environment.
        project: the folder where versions of the requirements are kept; None for the current one.
    """

    app: str
    wit: str | os.PathLike[str]
    world: str | None = None
    out: str | os.PathLike[str] | None = None
    paths: Sequence[str | os.PathLike[str]] = ()
    world_module: str = "wit_world"
    full_names: bool = False
    import_names: Mapping[str, str] = field(default_factory=dict[str, str])
    export_names: Mapping[str, str] = field(default_factory=dict[str, str])
    stub_wasi: bool = False
    features: Collection[str] = ()
    all_features: bool = False
    force: bool = False
    golem: str | bool = False
    take: Sequence[str] = ()
    strip_names: bool = False
    strip_docstrings: bool = False
    requirements: Sequence[str] = ()
    project: str | os.PathLike[str] | None = None


@dataclass(frozen=True, slots=True)
class Built:
    """A component: where it is, how large, whether it was built now, and warnings about it.

    `modules` are those in it; none where the application kept the build from recording them.
    """

    path: Path
    size: int
    is_new: bool
    diagnostics: tuple[Diagnostic, ...] = ()
    modules: tuple[ModuleInside, ...] = ()


def settings(start: Path, given: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of `Build` that pyproject.toml (in `start` or above) has, with those given on top.

    `[tool.witgen.build]` counts for every build. The only target with guest wrappers that is about the world, if there
    is one, says what a world's bindings share with the build, and where they are.
    """
    file = find(start)
    about: list[Config] = []
    found: dict[str, Any] = {}
    if file is not None:
        targets = [each.config for each in load(file) if each.config.guest]
        about = [each for each in targets if given.get("world") in {None, each.world}]
        found = {**load_build(file), "project": file.parent}
    paths = [*given.get("paths", ()), *found.get("paths", ())]
    if len(about) == 1:
        found |= {option.field: getattr(about[0], option.field) for option in OPTIONS if option.scope <= Scope.WORLD}
        bindings = Path(about[0].out or "").parent
        paths += [bindings] if bindings.is_dir() else []  # else importing them fails, and says so
    take = [*found.get("take", ()), *given.get("take", ())]
    merged: dict[str, Any] = {**found, **given, "paths": paths, "take": take}
    merged = {**agents_by_default(start, merged), **merged}
    return {"wit": default_wit(start, golem=merged.get("golem", False)), **merged}


def build(config: Build) -> Built:
    """Build the component that `config` describes, unless it is there and nothing it is made of has changed.

    Raises:
        BuildError: componentize-py is missing, or refuses.
        WitgenError: the WIT cannot be used, or Golem has no form for an agent.
        OSError: the component cannot be written.
    """
    folders, module = _modules(config)
    refuse_without_release(Path(config.app), Path(config.wit), golem=config.golem)
    if problems := [*componentize.problems(config.world_module, config.import_names, config.export_names)]:
        raise OptionError(problems)
    out = Path(config.out) if config.out is not None else Path(f"{module.rpartition('.')[2]}.wasm")
    if out.is_dir():
        raise BuildError(f"{out} is a folder: --out must be the component's file, such as {out / f'{module}.wasm'}")
    read = wit_digest(tree_of(config.wit, golem=config.golem))
    packages = installed(config.requirements, Path(config.project or ".")) if config.requirements else None
    wit = _Wit(config, [*folders, *searched(packages)])
    world = wit.world
    given = _world_arguments(config, wit.resolved, world)
    stubs = ["--stub-wasi"] if config.stub_wasi else []
    left_out = [name for name in ("strip_names", "strip_docstrings") if getattr(config, name)]
    arguments = (*given, *stubs, *left_out, module, read, *config.take)
    place = Place(folders, out, arguments, packages, agents_release(wit.resolved, world))
    place.check()
    if not config.force and is_current(place):
        return Built(out, out.stat().st_size, is_new=False, modules=modules_inside(place, recorded_modules(place)))
    out.parent.mkdir(parents=True, exist_ok=True)
    place.stamp.unlink(missing_ok=True)
    escaped, stumbles = _stumbles(wit.resolved, world)
    frees = exports_resources(wit.resolved, world)
    finish = partial(finished, frees_resources=frees, strips_names=config.strip_names)
    brought = packages_brought(wit.folders)
    differing = tuple(wit.differences(brought))
    with prepared(Path(config.wit), borrowed(wit.resolved), brought, escaped=escaped) as copy:
        options = given if copy is None else ("-d", str(copy), *given)
        loop = _waiting_modules(config, wit.resolved, wit.world_id)
        told = {"application": module, "take": config.take, "loop": loop, "docstrings": not config.strip_docstrings}
        call = _Call(told, tuple(options), tuple(stubs), tuple(stumbles))
        warnings, modules = _componentize(place, call, finish)
    size = out.stat().st_size
    return Built(out, size, is_new=True, diagnostics=(*differing, *warnings), modules=modules_inside(place, modules))


class _Wit:
    """The WIT of a build, whose guest has the packages in `places`."""

    def __init__(self, config: Build, places: Sequence[Path]) -> None:
        self._config = config
        self._places = places
        self.resolved = api.resolve(
            config.wit,
            config.features,
            all_features=config.all_features,
            golem=config.golem,
            installed=lambda: self.folders,
        )
        self.world_id = select_world(self.resolved, config.world)
        self.world = self.resolved.worlds[self.world_id]

    @cached_property
    def folders(self) -> list[Path]:
        """The folders of WIT that packages bring; looking for them takes time."""
        return wit_folders(self._places)

    def differences(self, brought: Collection[ir.PackageName]) -> Iterator[Diagnostic]:
        """Yield what the bindings have in another form than installed packages, which bring some of the WIT."""
        own = tree_of(self._config.wit, golem=False)
        reduced = without(own, brought)
        if reduced != own:
            tree = with_library(reduced, *map(os.fspath, self.folders))
            tree = with_library(tree, os.fspath(golem_wit(self._config.golem))) if self._config.golem else tree
            built = resolve_tree(tree, self._config.features, all_features=self._config.all_features)
            yield from differences(self.resolved, built, self.world)


_SCREEN = 24
"""Lines of a terminal."""
_Warnings: TypeAlias = tuple[Diagnostic, ...]
_Finish: TypeAlias = Callable[[bytes], tuple[bytes, _Warnings]]


class _Call(NamedTuple):
    """A call of componentize-py.

    Attributes:
        settings: the settings of the entry (`witgen.build.guest`), but for those of the place and WASI.
        world: the options about the world.
        stubs: the options about WASI.
        stumbles: what in the world componentize-py cannot build.
    """

    settings: Mapping[str, object]
    world: tuple[str, ...]
    stubs: tuple[str, ...]
    stumbles: tuple[Unbuildable, ...]


def _componentize(place: Place, call: _Call, finish: _Finish) -> tuple[_Warnings, Sequence[RecordedModule]]:
    """Make the component with the entry that records its inputs; return what to warn of, and the modules inside."""
    with tempfile.TemporaryDirectory(prefix="witgen-") as scratch:
        entry, made = Path(scratch, "entry"), Path(scratch, "made.wasm")
        # Without WASI there is nothing to seed generators with.
        prepare_entry(entry, place, {**call.settings, "renew": not call.stubs})
        started = time.time_ns()
        # The application's folders come first, so that its files are where they would be without the entry.
        paths = [part for folder in (*place.folders, entry) for part in ("-p", str(folder))]
        story = run([*call.world, "componentize", ENTRY, *paths, "-o", str(made), *call.stubs], place)
        if story is not None and (problems := declarations(place, entry)):
            raise WitgenError(problems)
        if story is not None:
            advice = explain(story, place, entry, call.stumbles)
            raised = readable(story, place)
            failed = "componentize-py failed" if raised is None else "the application cannot be imported"
            told = raised or story
            if advice and told.count("\n") > _SCREEN:  # the advice would be out of sight
                raise BuildError(f"{failed}:\n{told}\n\n{advice}")
            said = f"{advice}\n\ncomponentize-py says" if advice else failed
            raise BuildError(f"{said}:\n{told}")
        # In one step: a build that fails, or another one at the same time, leaves no half of a component.
        content, warnings = finish(made.read_bytes())
        replace(os.path.realpath(place.out), content)
        notes = recorded(entry)
        if notes is None:  # the application got in its way
            return warnings, ()
        keep(place, content, notes, started)
        sources = [*application.modules(place, notes)]
        take = cast("Sequence[str]", call.settings["take"])
        warnings += (*import_warnings(place, sources, notes, take), *frozen_reads(sources))
        return (*warnings, *unfilled(sources, str(call.settings["application"]))), notes["modules"]


def _stumbles(resolved: ir.Resolve, world: ir.World) -> tuple[bool, list[Unbuildable]]:
    """Return whether documentation has to be escaped for componentize-py, and what it cannot build in any case."""
    unquoted = list(unquotable(resolved, world))
    # A place is text if the documentation can be changed.
    escaped = any(each.span is not None for each in unquoted)
    return escaped, [*unbuildable(resolved, world), *(each for each in unquoted if each.span is None)]


def _modules(config: Build) -> tuple[tuple[Path, ...], str]:
    """Return the folders where modules are found, and the application's module."""
    path, folders = Path(config.app), [Path(each) for each in config.paths]
    if path.suffix in {".wasm", ".wit", ".toml"}:
        raise BuildError(f"{path} is no application: give the Python file, such as {path.with_suffix('.py')}")
    if path.suffix == ".py":
        if not path.is_file():
            raise BuildError(f"{path} is not a regular file" if path.exists() else f"{path} does not exist")
        around = next((each for each in folders if path.resolve().is_relative_to(each.resolve())), None)
        if around is None:
            around = path.parent
            folders.insert(0, around)
        module = ".".join(path.resolve().relative_to(around.resolve()).with_suffix("").parts)
    else:
        folders, module = folders or [Path()], config.app
    if module == config.world_module:
        raise BuildError(f"the module `{module}` has the name of componentize-py's own module: rename it")
    top = module.partition(".")[0]
    if top in sys.stdlib_module_names:
        raise BuildError(
            f"the module `{top}` has the name of a module of the standard library, which takes precedence in a "
            "component: rename it"
        )
    absent = [str(each) for each in folders if not each.is_dir()]
    if absent:
        raise BuildError(f"there is no folder {', '.join(absent)}: it was given as a path of modules")
    once = {each.resolve(): each for each in reversed(folders)}
    return tuple(each for each in folders if each is once[each.resolve()]), module


def _waiting_modules(config: Build, resolved: ir.Resolve, world: ir.WorldId) -> dict[str, str]:
    """Return componentize-py's modules that the guest's event loop waits with, if the world imports them."""
    names = componentize.names(
        resolved,
        world,
        world_module=config.world_module,
        full_names=config.full_names,
        import_names=config.import_names,
        export_names=config.export_names,
    )
    modules = {wasi_interface(each): f"{names.world_module}.imports.{name}" for each, name in names.imports.items()}
    wanted = {"poll": POLL, "clock": MONOTONIC_CLOCK}
    waiting = {key: modules[interface] for key, interface in wanted.items() if interface in modules}
    async_clock = next((name for each, name in names.imports.items() if each.startswith(ASYNC_CLOCK)), None)
    if async_clock is not None:
        waiting["async_clock"] = f"{names.world_module}.imports.{async_clock}"
    return waiting


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
