"""Updates a resolved tree in which only documentation has changed since.

Comments only determine the documentation of items, and the places of everything. So the tokens of a changed file are
compared with its previous ones: the bounds of tokens show how places have moved, the comments between them which
documentation has changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...base.source import SourceFile
from ...cache import store
from ..model import ir
from ..syntax.docs import documentation
from ..syntax.errors import WitSyntaxError
from ..syntax.tokens import Token, tokenize
from . import frozen

__all__ = ["keep", "recall"]

# Between the parts of an entry; no WIT has it.
_SEPARATOR = "\0"

_NAMED = ("interface", "world", "record", "variant", "enum", "flags", "resource", "type")
_OTHERS = ("package", "import", "export", "use", "include", "constructor", "own", "borrow", "with", "_")
_TERMINALS = {
    **{word: word.upper() for word in (*_NAMED, *_OTHERS)},
    **{sign: sign for sign in ("->", *"{}();:,<>=./@")},
}
_BEFORE_ITEMS = {"", ";", "{", "}", ","}


def keep(name: str, resolved: str, files: Sequence[SourceFile]) -> None:
    """Note in entry `name` that entry `resolved` was made from these files."""
    store.store(name, _SEPARATOR.join((resolved, *(file.text for file in files))).encode())


def recall(name: str, files: Sequence[SourceFile]) -> ir.Resolve | None:
    """Return the result for `files`, if the entry `name` has them from before their documentation changed."""
    entry = store.load(name)
    if entry is None:
        return None
    try:
        resolved, *texts = entry.decode().split(_SEPARATOR)
    except ValueError:
        return None
    kept = store.load(resolved)
    if kept is None or len(texts) != len(files):
        return None
    edits: dict[SourceFile, frozen.Edit] = {}
    for file, text in zip(files, texts, strict=True):
        if file.text != text:
            edit = _edit(text, file.text)
            if edit is None:
                return None
            edits[file] = edit
    return frozen.thaw(kept, files, edits)


def _edit(old: str, new: str) -> frozen.Edit | None:
    """Return the changes; None if more than documentation has changed, or that of an anonymous item."""
    try:
        before, after = (list(tokenize(text, _TERMINALS)) for text in (old, new))
    except WitSyntaxError:
        return None
    if [(token.type, token.text) for token in before] != [(token.type, token.text) for token in after]:
        return None
    docs: dict[int, str | None] = {}
    for index in _items(after):
        text = _docs(new, after[index])
        if text != _docs(old, before[index]):
            name = _name(after, index)
            if name is None:
                return None
            docs[name.start] = text
    pairs = list(zip(before, after, strict=True))
    return frozen.Edit({b.start: a.start for b, a in pairs}, {b.end: a.end for b, a in pairs}, docs)


def _docs(text: str, token: Token) -> str | None:
    return documentation(text, token.lead, token.start) if token.start - token.lead > 1 else None


def _items(tokens: Sequence[Token]) -> Iterator[int]:
    """Yield where items begin that may be documented: in a file, or in braces but those of a `use` or `with`."""
    open_braces: list[bool] = []
    holds_items, previous = True, ""
    for index, token in enumerate(tokens):
        if holds_items and previous in _BEFORE_ITEMS and token.type not in {"}", "USE", "INCLUDE"}:
            yield index
        if token.type in {"{", "(", "<"}:
            open_braces.append(holds_items)
            holds_items = token.type == "{" and previous not in {".", "WITH"}
        elif token.type in {"}", ")", ">"} and open_braces:
            holds_items = open_braces.pop()
        previous = token.type


def _name(tokens: Sequence[Token], index: int) -> Token | None:
    """Return the token that the item at `index` is called by; None where its documentation is found in another way."""
    while tokens[index].type == "@":
        while tokens[index].type != ")":
            index += 1
        index += 1
    kind = tokens[index].type
    if kind in {"ID", "CONSTRUCTOR"}:
        return tokens[index]
    return tokens[index + 1] if kind.lower() in _NAMED else None
