"""From resolved WIT to everything that an output folder shall hold."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

from .bindings.facts import componentize
from .bindings.facts.choices import choices
from .bindings.facts.inherited import inherited, other_names
from .bindings.facts.nesting import refuse_deep_types
from .bindings.facts.provided import without_provided, without_skipped
from .bindings.facts.support import Side, obstacle
from .bindings.facts.world import ScopeFacts, WorldFacts
from .bindings.render.class_names import clashes, hiding
from .bindings.render.guest_module import RawNames
from .bindings.render.package import Module, package_data, package_modules
from .bindings.reuse import RUNTIME, Packages, Planned, refuse_conflicts, refuse_names, reused
from .bindings.runtime_copy import runtime_files
from .cache import outputs
from .cache.outputs import Rendered
from .config import Config
from .diagnostics.errors import OptionError
from .diagnostics.model import Diagnostic, Severity
from .golem.plugins import PLUGINS as GOLEM
from .output import Contents, Output, Shared, lock_text
from .result import Produced
from .version import VERSION
from .wasi.plugins import PLUGINS as WASI
from .wit.model import ir
from .wit.resolve import component_in, resolve_component, resolve_tree, select_world
from .wit.tree import SingleFile, Tree

__all__ = ["produce", "skeleton"]

PLUGINS = (*GOLEM, *WASI)
"""What adds modules to guest bindings."""


def produce(config: Config, tree: Tree, planned: Planned | None = None) -> Produced:
    """Generate the bindings that `config` asks for from the WIT in `tree`; `planned` may be reused as if it were there.

    Raises:
        WitgenError: the WIT cannot be used.
    """
    if problems := list(componentize.problems(config.world_module, config.import_names, config.export_names)):
        raise OptionError(problems)
    component = component_in(tree)
    resolved, world = _resolved(config, tree, component)
    refuse_deep_types(resolved)
    names = [plugin.name for plugin in PLUGINS]
    chosen = choices(resolved, world, config.names, config.wasmtime, names, config.numbers)
    complete = resolved
    if component is not None and not config.all_imports:
        resolved = without_provided(resolved, world, chosen)
    # componentize-py names its modules after the whole world, skipped or not.
    whole = resolved
    if config.skip:
        resolved = without_skipped(resolved, world, config.skip, complete)
    # A component contains its guest, so no guest bindings are needed.
    wants_guest = config.guest and (component is None or not config.host)
    if wants_guest and not chosen.numbers.are_lists:
        message = "guests get lists: `numbers` is for bindings of a host alone"
        remedy = "set `guest = false`, and give the guest a target of its own"
        raise OptionError([(("numbers",), Diagnostic("W0919", message, help=remedy))])
    planned = planned or Planned()
    packages = reused(config, planned, host=config.host, guest=wants_guest)
    refuse_names(packages, other_names(resolved, chosen, packages.interfaces))
    facts = WorldFacts(resolved, world, inherited(resolved, world, chosen, packages.interfaces, packages.runtime))
    if problems := list(clashes(facts)):
        raise OptionError(problems)
    guest = _raw_names(whole, world, config) if wants_guest else None
    modules = package_modules(facts, host=config.host, guest=guest, adapters=config.adapters, plugins=PLUGINS)
    if packages.found:
        modules = _shared(facts, modules, packages)
    runtime = (
        runtime_files(host=config.host, guest=wants_guest, testing=wants_guest) if packages.runtime is None else {}
    )
    output = _output(facts, modules, package_data(runtime), outputs.modules_name_of(config, tree, planned))
    lock = lock_text(_contents(facts, packages), world=facts.title, wit=_wit_hash(facts), digests=output.digests)
    found = _unbuildable(facts) if wants_guest else ()
    return Produced(output, lock, (*_left_out(facts, host=config.host, guest=wants_guest), *found, *hiding(facts)))


def _resolved(config: Config, tree: Tree, component: SingleFile | None) -> tuple[ir.Resolve, ir.WorldId]:
    """Return the WIT of `tree`, or of the component that it is, with the world that `config` chooses."""
    if component is None:
        resolved = resolve_tree(tree, config.features, all_features=config.all_features)
        return resolved, select_world(resolved, config.world)
    resolved = resolve_component(component, config.world)
    return resolved, select_world(resolved, None)


def skeleton(resolved: ir.Resolve, world: ir.WorldId, package: str) -> str:
    """Return an application that implements the exports of a world, to be filled in.

    Args:
        resolved: the WIT.
        world: the world.
        package: the import name of its bindings, made with default options.
    """
    from .bindings.render.guest_skeleton import render_guest_skeleton  # noqa: PLC0415 - no other run needs it

    chosen = choices(resolved, world, {}, None, [plugin.name for plugin in PLUGINS])
    facts = WorldFacts(resolved, world, inherited(resolved, world, chosen, {}, RUNTIME))
    return render_guest_skeleton(facts, package, RUNTIME)


def _shared(facts: WorldFacts, modules: Iterable[Module], packages: Packages) -> Iterator[Module]:
    """Return the modules of a world, which import the definitions that a reused package has."""
    from .bindings.render.sharing import Sharing  # noqa: PLC0415 - most outputs reuse nothing

    sharing = Sharing(facts, modules, packages.found)
    prints = {scope.title: facts.fingerprint(owner) for owner, scope in facts.scopes.items()}
    refuse_conflicts(packages, sharing.conflicts(), prints)
    return sharing.modules()


def _output(facts: WorldFacts, modules: Iterable[Module], data: dict[str, str], name: str) -> Output:
    """Render the modules that no earlier run, kept as `name`, has rendered from the same documentation."""
    kept = outputs.recall_modules(name)
    found = {module.path: (facts.fingerprint(module.owner), module) for module in modules}
    files: dict[str, str | None] = dict(data)
    digests: dict[str, str] = {}
    for path, (stamp, module) in found.items():
        known = kept.get(path)
        if known is None or known.stamp != stamp:
            text = module.text()
            files |= {} if text is None else {path: text}
        elif known.digest:
            files[path] = None
            digests[path] = known.digest
    output = Output(files, digests, lambda path: found[path][1].text() or "")
    stamps = {path: stamp for path, (stamp, _) in found.items()}
    outputs.keep_modules(name, {path: Rendered(stamp, output.digests.get(path, "")) for path, stamp in stamps.items()})
    return output


def _contents(facts: WorldFacts, packages: Packages) -> Contents:
    """Return the description of the output for packages that reuse it."""
    interfaces = {
        scope.title: Shared(
            scope.module,
            facts.fingerprint(scope.owner),
            tuple(facts.wit_name(each) for each in scope.types.values() if each.id in facts.errors),
            tuple(facts.wit_name(each) for each in facts.marked_resources(scope)),
            _chosen(facts, scope),
        )
        for owner, scope in facts.scopes.items()
        if owner.interface is not None
    }
    return Contents(VERSION, interfaces, packages.runtime, tuple(package.name for package in packages.found))


def _chosen(facts: WorldFacts, scope: ScopeFacts) -> dict[str, str]:
    """Return the classes of an interface that have chosen names: by type, or by function where it is an error's."""
    types, errors, _ = facts.renames
    chosen = {facts.wit_name(each): types[each.id] for each in scope.types.values() if each.id in types}
    chosen |= {function: name for (owner, function), name in errors.items() if owner == scope.owner}
    return dict(sorted(chosen.items()))


def _raw_names(resolved: ir.Resolve, world: ir.WorldId, config: Config) -> RawNames:
    names = componentize.names(
        resolved,
        world,
        world_module=config.world_module,
        full_names=config.full_names,
        import_names=config.import_names,
        export_names=config.export_names,
    )
    return RawNames(names.world_module, dict(names.imports), dict(names.exports))


def _wit_hash(facts: WorldFacts) -> str:
    parts = (facts.fingerprint(scope.owner) for scope in facts.scopes.values())
    return hashlib.sha256("\n".join(sorted(parts)).encode()).hexdigest()


def _left_out(facts: WorldFacts, *, host: bool, guest: bool) -> Iterator[Diagnostic]:
    """Yield a warning for every function that one side's runtime cannot carry."""
    hosts, guests = [Side.HOST_IMPORT, Side.HOST_EXPORT], [Side.GUEST_IMPORT, Side.GUEST_EXPORT]
    for side in hosts * host + guests * guest:
        exports = side in {Side.HOST_EXPORT, Side.GUEST_EXPORT}
        scopes = [link.scope.functions for link in (facts.exports if exports else facts.imports)]
        for function in (*(f for group in scopes for f in group), *(facts.exported if exports else facts.imported)):
            reason = obstacle(facts.resolve, function.function, side)
            if reason is not None:
                message = f"`{function.function.name}` is left out as a {side.value}: {reason}"
                yield Diagnostic("W0701", message, function.function.span, severity=Severity.WARNING)


def _unbuildable(facts: WorldFacts) -> Iterator[Diagnostic]:
    """Yield a warning for everything that keeps componentize-py from building a guest."""
    from .bindings.facts.unbuildable import unbuildable, unquotable  # noqa: PLC0415 - only where there are guests

    for each in (*unbuildable(facts.resolve, facts.world), *unquotable(facts.resolve, facts.world)):
        message = f"componentize-py cannot build a guest of this world: {each.message}"
        yield Diagnostic("W0703", message, each.span, help=each.remedy, severity=Severity.WARNING)
