"""Warns where the application reads, while it is imported, what each instance should read for itself."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, TypeAlias

from ..diagnostics.model import Diagnostic
from .application import Module, is_for_checkers, warning

__all__ = ["frozen_reads"]

_SILENT = "# witgen: frozen"
_SHOWN = 60

_ENVIRONMENT = "the environment, which has none of the host's variables then"
_ARGUMENTS = "the arguments, of which there are none then"
_TIME = "the time of the build"
_CLOCK = "a clock that starts again in every instance"
_CHANCE = "a random value, which is then the same in every instance"

_CALLS: dict[str, str] = {
    **dict.fromkeys(("os.getenv", "os.getenvb"), _ENVIRONMENT),
    **dict.fromkeys(("time.time", "time.time_ns", "datetime.datetime.now", "datetime.datetime.utcnow"), _TIME),
    **dict.fromkeys(("datetime.datetime.today", "datetime.date.today"), _TIME),
    **dict.fromkeys(("time.monotonic", "time.monotonic_ns", "time.perf_counter", "time.perf_counter_ns"), _CLOCK),
    **dict.fromkeys(("time.process_time", "time.process_time_ns"), _CLOCK),
    **dict.fromkeys(("os.urandom", "uuid.getnode", "uuid.uuid1", "uuid.uuid4", "uuid.uuid6", "uuid.uuid7"), _CHANCE),
    **{f"secrets.{each}": _CHANCE for each in ("choice", "randbelow", "randbits")},
    **{f"secrets.token_{each}": _CHANCE for each in ("bytes", "hex", "urlsafe")},
}
_WITHOUT_ARGUMENTS: dict[str, str] = dict.fromkeys(("time.localtime", "time.gmtime", "time.ctime"), _TIME)
_RANDOM = {
    *("betavariate", "binomialvariate", "choice", "choices", "expovariate", "gammavariate", "gauss", "getrandbits"),
    *("lognormvariate", "normalvariate", "paretovariate", "randbytes", "randint", "random", "randrange", "sample"),
    *("shuffle", "triangular", "uniform", "vonmisesvariate", "weibullvariate"),
}
_MAPPINGS = {"os.environ": _ENVIRONMENT, "os.environb": _ENVIRONMENT, "sys.argv": _ARGUMENTS}
_READING = {"copy", "get", "items", "keys", "pop", "values"}
_COPYING = {"bool", "dict", "len", "list", "set", "sorted", "tuple"}

_Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef


class _Read(NamedTuple):
    """An expression that reads something; `statement` is what it is a part of."""

    expression: ast.expr
    what: str
    statement: ast.stmt


def frozen_reads(modules: Iterable[Module]) -> list[Diagnostic]:
    """Return a warning for each place where a module, while it is imported, reads what will be frozen.

    A module counts with its top level, its classes, and those of its functions that it calls there by name.
    `# witgen: frozen` on a line of the statement says that this is meant.
    """
    found: list[Diagnostic] = []
    for module in modules:
        lines = module.file.text.splitlines()
        reads = [] if module.is_late else _Reads(module.tree).found
        # The first of each statement is enough.
        for read in {each.statement: each for each in reversed(reads)}.values():
            first, last = read.statement.lineno, read.expression.end_lineno or read.expression.lineno
            if not hasattr(read.statement, "body"):
                last = read.statement.end_lineno or last
            if not any(_SILENT in line for line in lines[first - 1 : last]):
                message = f"`{_shown(read.expression)}`, evaluated while the component is built, reads {read.what}"
                help = f"do this in a function that runs later, or write `{_SILENT}` on this line if it is meant"
                found.append(warning("W0709", message, module.span(read.expression), help))
    return found


def _shown(expression: ast.expr) -> str:
    text = ast.unparse(expression)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


class _Reads:
    """Collects what the import of a module reads."""

    def __init__(self, tree: ast.Module) -> None:
        self.found: list[_Read] = []
        self._functions: dict[str, _Function] = {
            each.name: each for each in tree.body if isinstance(each, ast.FunctionDef)
        }
        self._names = dict(_imported(tree))
        for node in ast.walk(tree):
            if (isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)) or isinstance(node, ast.arg):
                self._names.pop(node.id if isinstance(node, ast.Name) else node.arg, None)
        self._statements(tree.body)
        if any(self._is_seeding(node) for node in ast.walk(tree)):
            self.found = [each for each in self.found if not self._is_random(each.expression)]

    def _statements(self, body: Sequence[ast.stmt]) -> None:
        for statement in body:
            if isinstance(statement, ast.If) and _is_for_others(statement.test):
                self._statements(statement.orelse)
                continue
            for node in _evaluated(statement):
                if isinstance(node, ast.expr):
                    self._expression(node, statement)
                else:
                    self._statements([node])

    def _expression(self, node: ast.expr, statement: ast.stmt) -> None:
        what = self._what(node)
        if what is not None:
            self.found.append(_Read(node, what, statement))
            return
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            called = self._functions.pop(node.func.id, None)  # once is enough
            self._statements(called.body if called is not None and not _is_generator(called) else [])
        for child in _evaluated(node):
            if isinstance(child, ast.expr):
                self._expression(child, statement)

    def _what(self, node: ast.expr) -> str | None:
        """Return what an expression reads."""
        match node:
            case ast.Call(func=func, args=arguments):
                return self._what_is_called(func, arguments)
            case ast.Subscript(value=value, ctx=ast.Load()):
                return _MAPPINGS.get(self._dotted(value))
            case ast.Compare(ops=[ast.In() | ast.NotIn()], comparators=[mapping]):
                return _MAPPINGS.get(self._dotted(mapping))
            case _:
                return None

    def _what_is_called(self, func: ast.expr, arguments: list[ast.expr]) -> str | None:
        name = self._dotted(func)
        owner, _, method = name.rpartition(".")
        if owner in _MAPPINGS and method in _READING:
            return _MAPPINGS[owner]
        if owner == "random" and method in _RANDOM:
            return _CHANCE
        if isinstance(func, ast.Name) and func.id in _COPYING and len(arguments) == 1:
            return _MAPPINGS.get(self._dotted(arguments[0]))
        return _CALLS.get(name) or (None if arguments else _WITHOUT_ARGUMENTS.get(name))

    def _dotted(self, node: ast.expr) -> str:
        """Return the full name of something imported, `os.environ` for example; else nothing."""
        if isinstance(node, ast.Name):
            return self._names.get(node.id, "")
        if isinstance(node, ast.Attribute):
            owner = self._dotted(node.value)
            return f"{owner}.{node.attr}" if owner else ""
        return ""

    def _is_seeding(self, node: ast.AST) -> bool:
        return isinstance(node, ast.Call) and bool(node.args) and self._dotted(node.func) == "random.seed"

    def _is_random(self, node: ast.expr) -> bool:
        return isinstance(node, ast.Call) and self._dotted(node.func).startswith("random.")


def _imported(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield the names that a module gives to what it imports, with the full names of that."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for each in node.names:
                top = each.name.partition(".")[0]
                yield (each.asname, each.name) if each.asname else (top, top)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from ((each.asname or each.name, f"{node.module}.{each.name}") for each in node.names)


def _evaluated(node: ast.AST) -> Iterator[ast.expr | ast.stmt]:
    """Yield the parts of a node that are evaluated with it: of a function, its decorators and defaults."""
    if isinstance(node, _Function | ast.Lambda):
        yield from getattr(node, "decorator_list", ())
        yield from (*node.args.defaults, *filter(None, node.args.kw_defaults))
        return
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr | ast.stmt):
            if not (isinstance(node, ast.AnnAssign) and child is node.annotation):
                yield child
        else:  # handlers of exceptions, cases, `with` items, keywords, comprehensions
            yield from _evaluated(child)


def _is_generator(function: _Function) -> bool:
    return any(isinstance(node, ast.Yield | ast.YieldFrom) for node in ast.walk(function))


def _is_for_others(test: ast.expr) -> bool:
    """Return whether the condition of an `if` is for type checkers, or for a module that runs as a program."""
    return is_for_checkers(test) or (isinstance(test, ast.Compare) and getattr(test.left, "id", "") == "__name__")
