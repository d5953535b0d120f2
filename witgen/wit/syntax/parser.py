"""The parser: Lark's LALR(1) tables over our tokens."""

from __future__ import annotations

import io
import pickle
from collections.abc import Iterator
from functools import cache, lru_cache
from threading import Lock
from typing import Any, cast

from lark import Lark, UnexpectedToken
from lark import __version__ as lark_version
from lark.common import LexerConf
from lark.lexer import Lexer, PatternStr

from ...base.resources import read_data
from ...cache import store as cache_store
from . import ast
from .builder import AstBuilder
from .expected import unexpected_token
from .tokens import tokenize

__all__ = ["parse_text"]

# The specification reserves this word, but no rule uses it any more.
_RESERVED = {"from": "FROM"}


# The builder knows one text at a time.
_LOCK = Lock()


class _TokenLexer(Lexer):
    """Hands Lark the tokens of a text; its keywords and punctuation are the grammar's terminals."""

    def __init__(self, lexer_conf: LexerConf) -> None:
        self._terminals = _RESERVED | {
            terminal.pattern.value: terminal.name
            for terminal in lexer_conf.terminals
            if isinstance(terminal.pattern, PatternStr)
        }

    def lex(self, lexer_state: Any, parser_state: Any = None) -> Iterator[Any]:  # noqa: ARG002 - the signature is Lark's
        """Return the tokens; Lark calls lexers of this kind with the text alone."""
        return tokenize(lexer_state, self._terminals)


@cache
def _parser() -> tuple[Any, AstBuilder]:
    """Return Lark's parser and the tree builder; the parser's tables are cached."""
    grammar = read_data("grammars/wit.lark")
    name = cache_store.key("grammar", [grammar.encode(), lark_version.encode()])
    lark = _load(name)
    if lark is None:
        lark = _build(grammar)
        buffer = io.BytesIO()
        lark.save(buffer)
        cache_store.store(name, buffer.getvalue())
    return lark, lark.options.transformer


def _load(name: str) -> Any:
    kept = cache_store.load(name)
    if kept is None:
        return None
    try:
        return cast("Any", Lark).load(io.BytesIO(kept))
    except (AttributeError, EOFError, ImportError, IndexError, KeyError, TypeError, ValueError, pickle.UnpicklingError):
        return None


def _build(grammar: str) -> Any:
    return cast("Any", Lark)(
        grammar,
        parser="lalr",
        lexer=_TokenLexer,
        transformer=AstBuilder(),
        maybe_placeholders=True,
    )


@lru_cache(maxsize=256)
def parse_text(text: str) -> ast.File:
    """Parse the text of one file, or raise `WitSyntaxError` with the first problem.

    Trees are immutable and independent of the file, so that a process that watches files parses only saved ones.
    """
    with _LOCK:
        lark, builder = _parser()
        builder.text = text
        try:
            tree: Any = lark.parse(text)
        except UnexpectedToken as error:
            raise unexpected_token(error, text) from None
    if not isinstance(tree, ast.File):
        raise TypeError(f"the parser returned {type(tree).__name__}")
    return tree
