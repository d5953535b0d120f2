"""The modules that plugins add to `guest/`: their sources, with imports and classes named as in the output."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping

from ...wit.model.text import function_text
from ..facts.names import module_name
from ..facts.support import Side, obstacle
from ..facts.types import FunctionFacts
from ..facts.world import Link, ScopeFacts, WorldFacts
from ..plugins import Functions, GuestPlugin, GuestSource, ServeForm
from .env import render_template
from .imports import Imports
from .layout import by_black
from .module import module_view

__all__ = ["render_guest_plugin", "serve_form"]


def render_guest_plugin(facts: WorldFacts, plugin: GuestPlugin) -> str | None:
    """Return the text of the plugin's module, None where the world lacks functions that it needs."""
    source = _source(facts, plugin)
    if source is None:
        return None
    imported = _by_interface(facts.imports)
    missing = {each for each in source.optional if not _fits(facts, imported, {each: source.optional[each]})}
    scopes = {
        module_name(re.split("[:/]", interface)): None if interface in missing else imported[interface]
        for interface in (*source.needs, *source.optional)
    }
    return _Source(facts, source.text, scopes).rendered()


def serve_form(facts: WorldFacts, plugins: Iterable[GuestPlugin], scope: ScopeFacts) -> tuple[str, ServeForm] | None:
    """Return the plugin's module and its form for an exported interface; None if no plugin has one."""
    interface = scope.instance.partition("@")[0]
    for plugin in plugins:
        if plugin.serve is not None and plugin.serve.interface == interface and _source(facts, plugin) is not None:
            return plugin.name, plugin.serve
    return None


def _source(facts: WorldFacts, plugin: GuestPlugin) -> GuestSource | None:
    """Return the plugin's source that suits a world, if there is one."""
    form = plugin.serve
    if form is not None and not _fits(facts, _by_interface(facts.exports), {form.interface: form.functions}):
        return None
    imported = _by_interface(facts.imports)
    return next((source for source in plugin.sources if _fits(facts, imported, source.needs)), None)


def _by_interface(links: Iterable[Link]) -> dict[str, ScopeFacts]:
    """Return scopes by the names of their interfaces, without versions: of several, the oldest release's.

    What plugins use of WASI is that of 0.2; a world may have 0.3 beside it.
    """
    found = sorted((link.scope for link in links if not link.label), key=lambda scope: scope.instance, reverse=True)
    return {scope.instance.partition("@")[0]: scope for scope in found}


def _fits(facts: WorldFacts, scopes: Mapping[str, ScopeFacts], functions: Functions) -> bool:
    """Return whether interfaces have all of the functions."""
    return all(
        interface in scopes and set(wanted) <= {_text(facts, each) for each in scopes[interface].functions}
        for interface, wanted in functions.items()
    )


def _text(facts: WorldFacts, function: FunctionFacts) -> str:
    """Return a function as `Functions` spells it; nothing where componentize-py cannot carry it."""
    if obstacle(facts.resolve, function.function, Side.GUEST_IMPORT) is not None:
        return ""
    resource, dot, _ = function.function.plain_name.rpartition(".")
    return f"{resource}{dot}{function_text(facts.resolve, function.function)}"


_RUNTIME = "witgen_runtime"


class _Source:
    """A source for one world. `scopes` are its interfaces by their default modules; None for one that is missing."""

    def __init__(self, facts: WorldFacts, text: str, scopes: Mapping[str, ScopeFacts | None]) -> None:
        self._facts = facts
        self._text = text
        self._scopes = scopes
        self._tree = ast.parse(text)
        self._exported: list[str] = []
        # Local names of modules: of those that the output has, and of those that it lacks.
        self._modules: dict[str, ScopeFacts] = {}
        self._missing: set[str] = set()
        self._head_end = 0
        self._imports = Imports()
        self._read_head()

    def rendered(self) -> str:
        """Return the module of the output."""
        doc = ast.get_docstring(self._tree) or ""
        module = module_view(self._facts, self._facts.own, doc=doc, imports=self._imports, exported=self._exported)
        body = self._body()
        renamed = self._renamed(body)
        text = render_template("guest_plugin.py.jinja", module=module, body=renamed)
        return text if renamed == body else by_black(text)

    def _read_head(self) -> None:
        """Read the docstring, the imports and `__all__`."""
        for statement in self._tree.body:
            match statement:
                case ast.Expr(ast.Constant(str())) | ast.ImportFrom(module="__future__"):
                    pass
                case ast.Import(names):
                    for each in names:
                        self._imports.module("", each.name, each.asname or each.name)
                case ast.ImportFrom(str() as module, names, level):
                    for each in names:
                        self._import(module, each.name, each.asname or each.name, relative=bool(level))
                case ast.Assign([ast.Name("__all__")], value):
                    self._exported = ast.literal_eval(value)
                case _:
                    return
            self._head_end = statement.end_lineno or 0

    def _import(self, module: str, name: str, local: str, *, relative: bool) -> None:
        place, last = "..types" if "types" in module.split(".") else ".", module.rpartition(".")[2]
        if module.partition(".")[0] == _RUNTIME:
            self._imports.module(f".._runtime{module.removeprefix(_RUNTIME)}", name, local)
        elif not relative:
            self._imports.name(module, name, local)
        elif (scope := self._scopes.get(last)) is not None:
            chosen = self._facts.chosen_names(scope).get(name, name)
            self._imports.name(f"{place.rstrip('.')}.{scope.module}", chosen, local)
        elif (scope := self._scopes[name]) is not None:
            self._imports.module(place, scope.module, local)
            self._modules[local] = scope
        else:
            self._missing.add(local)

    def _body(self) -> str:
        """Return everything below the head but what uses missing interfaces."""
        lines = self._text.split("\n")
        for first, end in reversed([*self._unusable()]):
            start = next(index for index in range(first, 0, -1) if lines[index - 1])
            del lines[start:end]
        return "\n".join(lines[self._head_end :]).rstrip("\n")

    def _unusable(self) -> Iterator[tuple[int, int]]:
        """Yield the lines of functions that use a missing interface: the index of the first, and of the one after."""
        if not self._missing:
            return
        for node in ast.walk(self._tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                names = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
                if names & self._missing:
                    first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
                    yield first - 1, node.end_lineno or first

    def _renamed(self, body: str) -> str:
        """Return the body with the names that the user has chosen for classes, in its docstrings, too."""
        classes = {local: self._facts.chosen_names(scope) for local, scope in self._modules.items()}
        documented = {default: chosen for names in classes.values() for default, chosen in names.items()}
        body = re.sub(r"\b(\w+)\.(\w+)", lambda m: f"{m[1]}.{classes.get(m[1], {}).get(m[2], m[2])}", body)
        return re.sub(r"(?m)(^ +|`)(\w+)(?=: |`)", lambda m: f"{m[1]}{documented.get(m[2], m[2])}", body)
