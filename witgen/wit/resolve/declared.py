"""Rules for declarations alone, active or left out: names are unique, and nothing is empty."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ...base.source import SourceFile, Span
from ...diagnostics.model import Label
from ..model.ir import MAX_FLAGS
from ..syntax import ast
from .context import Context
from .cycles import report_cycle
from .order import find_cycle, topological_order
from .scope import Names
from .types import references

__all__ = ["Declarations", "is_own_name", "own_names", "side_name"]


def own_names(item: ast.UseDecl | ast.TypeDecl) -> list[ast.Ident]:
    """Return the names that a `use` or a definition declares."""
    return [used.rename or used.name for used in item.names] if isinstance(item, ast.UseDecl) else [item.name]


def side_name(extern: ast.Extern) -> str:
    """Return `import` or `export`."""
    return "import" if extern.is_import else "export"


def is_own_name(resource: str, function: str) -> bool:
    """Return whether a resource's function has the name of the resource (Explainer.md, "strongly-unique")."""
    return resource.lower() == function.lower()


class Declarations:
    """Checks the declarations of one file."""

    def __init__(self, context: Context, file: SourceFile) -> None:
        self._context = context
        self._file = file

    def check_type(self, decl: ast.TypeDecl) -> None:
        """Check the names and the number of a type's parts."""
        match decl:
            case ast.RecordDecl():
                self.check_distinct((field.name for field in decl.fields), "field")
            case ast.VariantDecl():
                self._not_empty(decl.name, "variant", decl.cases)
                self.check_distinct((case.name for case in decl.cases), "case")
            case ast.EnumDecl():
                self._not_empty(decl.name, "enum", decl.cases)
                self.check_distinct((case.name for case in decl.cases), "case")
            case ast.FlagsDecl():
                self.check_distinct((flag.name for flag in decl.flags), "flag")
                for flag in decl.flags[MAX_FLAGS : MAX_FLAGS + 1]:
                    message = f"flags `{decl.name.name}` has more than {MAX_FLAGS} flags"
                    remedy = "split them into two types: the component model allows no more in one"
                    self._context.error("W0306", message, self._span(flag.name), help=remedy)
            case ast.ResourceDecl():
                self._check_members(decl)
            case ast.AliasDecl():
                pass

    def check_distinct(self, names: Iterable[ast.Ident], what: str) -> None:
        """Check that names differ."""
        known = Names(self._context)
        for name in names:
            known.add(name.name, self._span(name), what)

    def check_parameters(self, function: ast.FunctionType, *, is_method: bool) -> None:
        """Check the names of a function's parameters."""
        names = Names(self._context)
        for parameter in function.parameters:
            span = self._span(parameter.name)
            if is_method and parameter.name.name.lower() == "self":
                self._context.error("W0201", "methods already have a parameter `self`", span)
            names.add(parameter.name.name, span, "parameter")

    def order(self, items: Sequence[ast.UseDecl | ast.TypeDecl]) -> tuple[list[ast.TypeDecl], list[str]]:
        """Order definitions so that each follows those it refers to; report cycles, and return the names in them, too.

        The names of `use`s have their place in the order: a definition that refers to one comes after it.
        """
        nodes: list[tuple[str, ast.TypeDecl | None]] = []
        for item in items:
            if isinstance(item, ast.UseDecl):
                nodes += [(name.name, None) for name in own_names(item)]
            else:
                nodes.append((item.name.name, item))
        index = {name: number for number, (name, _) in reversed(list(enumerate(nodes)))}
        found = [references(decl) if decl is not None else [] for _, decl in nodes]
        needed = [[name for name in names if name.name in index] for names in found]
        edges = [[index[name.name] for name in names] for names in needed]
        order = topological_order(edges)
        broken: list[str] = []
        if len(order) < len(nodes):
            left = set(range(len(nodes))) - set(order)
            walk, start = find_cycle(edges, left)
            steps = [(nodes[node][0], needed[node][edge].name, self._span(needed[node][edge])) for node, edge in walk]
            report_cycle(self._context, "type", steps, start)
            broken = [nodes[number][0] for number in left]
        return [decl for number in order if (decl := nodes[number][1]) is not None], broken

    def report_twice(self, extern: ast.Extern, name: ast.Ident, first: Span) -> None:
        """Report that a world imports or exports an interface more than once."""
        self._context.error(
            "W0501",
            f"interface `{name.name}` is {side_name(extern)}ed more than once",
            self._span(name),
            labels=[Label(first, "first here")],
            help="to have it twice, give it labels: `import label: interface-name;`",
        )

    def _not_empty(self, name: ast.Ident, what: str, cases: Sequence[object]) -> None:
        if not cases:
            self._context.error("W0305", f"{what} `{name.name}` has no cases", self._span(name))

    def _check_members(self, resource: ast.ResourceDecl) -> None:
        names = [function.name for function in resource.functions if isinstance(function, ast.FunctionDecl)]
        self.check_distinct(names, "function")
        for name in names:
            if is_own_name(resource.name.name, name.name):
                self._context.error(
                    "W0201",
                    f"function `{name.name}` has the name of its resource",
                    self._span(name),
                    labels=[Label(self._span(resource.name), "the resource")],
                )
        constructors = [f for f in resource.functions if isinstance(f, ast.ConstructorDecl)]
        for extra in constructors[1:]:
            self._context.error(
                "W0201",
                f"resource `{resource.name.name}` has more than one constructor",
                self._span(extra.name),
                labels=[Label(self._span(constructors[0].name), "the first one")],
            )

    def _span(self, name: ast.Ident) -> Span:
        return Span(self._file, name.start, name.end)
