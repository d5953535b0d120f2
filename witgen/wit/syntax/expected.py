"""Messages about unexpected tokens."""

from __future__ import annotations

import re
from typing import Any

from lark.parsers.lalr_analysis import Shift

from .errors import WitSyntaxError
from .tokens import Token

__all__ = ["unexpected_token"]

_TYPES = frozenset(
    [
        "U8", "U16", "U32", "U64", "S8", "S16", "S32", "S64", "F32", "F64", "CHAR", "BOOL", "STRING_TYPE",
        "ERROR_CONTEXT", "LIST", "OPTION", "RESULT", "TUPLE", "MAP", "STREAM", "FUTURE", "OWN", "BORROW", "ID",
    ]
)  # fmt: skip
_GENERIC = ("list", "option", "result", "tuple", "map", "stream", "future", "own", "borrow")
"""The types that are followed by others in `<…>`."""
_DEFINITIONS = frozenset(["TYPE", "RECORD", "VARIANT", "ENUM", "FLAGS", "RESOURCE"])
_NAMES = {
    "ID": "a name",
    "INTEGER": "a number",
    "VERSION": "a version",
    "STRING": "a string",
    "STRING_TYPE": "`string`",
    "ERROR_CONTEXT": "`error-context`",
    "UNDERSCORE": "`_`",
    "$END": "the end of the file",
    "SEMICOLON": "`;`",
    "LBRACE": "`{`",
    "RBRACE": "`}`",
    "COLON": "`:`",
    "SLASH": "`/`",
    "LPAR": "`(`",
    "RPAR": "`)`",
    "EQUAL": "`=`",
    "DOT": "`.`",
    "COMMA": "`,`",
    "__ANON_0": "`->`",
    "LESSTHAN": "`<`",
    "MORETHAN": "`>`",
    "AT": "`@`",
}
_OF_ITEMS = (_TYPES - {"ID"}) | {"FUNC", "ASYNC"}
"""What follows the `:` of a field, a parameter or a function."""
_ITEMS = frozenset(["PACKAGE", "INTERFACE", "WORLD"])
_LONGEST_KEYWORD = 20
_NOT_KEYWORDS = frozenset(_NAMES) - {"STRING_TYPE", "ERROR_CONTEXT", "UNDERSCORE"}


def unexpected_token(error: Any, text: str) -> WitSyntaxError:
    """Convert Lark's error to witgen's: `expected …, found …`."""
    token = error.token
    expected = {terminal for terminal in error.expected if _fits(error.state, terminal)}
    at_end = token.type == "$END"
    start = len(text) if at_end else token.start
    end = len(text) if at_end else token.end
    found = "the end of the file" if at_end else _found(token.type, text[start:end])
    message = f"expected {_expectation(expected)}, found {found}"
    help = (
        _not_generic(token.type, text[:start])
        or _missing(expected, token.type, followed=text[end:].lstrip()[:1])
        or _keyword_as_name(expected, token.type, text[start:end])
        or _keyword_before(error.state, token.type)
        or _misspelled(expected, error.state, token.type, text[start:end])
    )
    return WitSyntaxError("W0004", message, start, end, help=help)


def _fits(state: Any, terminal: str) -> bool:
    """Return whether the parser would accept a terminal; its tables also list some that it would refuse later."""
    table = state.parse_conf.states
    stack = list(state.state_stack)
    while (step := table[stack[-1]].get(terminal)) is not None:
        action, target = step
        if action is Shift:
            return True
        size = len(target.expansion)
        del stack[len(stack) - size :]
        stack.append(table[stack[-1]][target.origin.name][1])
        if terminal == "$END" and stack[-1] == state.parse_conf.end_state:
            return True
    return False


def _keyword_before(state: Any, type_: str) -> str | None:
    """Explain a `:` after a keyword: it was meant to be a name."""
    last = state.value_stack[-1] if state.value_stack else None
    if type_ != "COLON" or not isinstance(last, Token) or last.type in _NOT_KEYWORDS:
        return None
    return _escape_help(last.text)


def _misspelled(expected: set[str], state: Any, type_: str, text: str) -> str | None:
    """Return the keyword that was meant: by this word, or by the one before, which was taken for a name."""
    words = [name.lower() for name in expected if name not in _NOT_KEYWORDS]
    before = state.value_stack[-1] if state.value_stack else None
    if isinstance(before, Token) and before.type == "ID" and type_ == "LPAR":
        text, words = before.text, ["func"]
    elif isinstance(before, Token) and before.type == "ID" and expected == {"COLON"}:
        text, words = before.text, [name.lower() for name in _DEFINITIONS]
    elif type_ != "ID":
        return None
    if len(text) > _LONGEST_KEYWORD:
        return None
    from difflib import get_close_matches  # noqa: PLC0415 - only where something is wrong

    close = get_close_matches(text, sorted(words), n=1)
    return f"did you mean `{close[0]}`?" if close else None


def _escape_help(word: str) -> str:
    return f"`{word}` is a keyword: write `%{word}` to use it as a name"


def _found(type_: str, text: str) -> str:
    return f"`{text}`" if type_ in _NOT_KEYWORDS else f"the keyword `{text}`"


def _keyword_as_name(expected: set[str], type_: str, text: str) -> str | None:
    if "ID" in expected and type_ not in _NOT_KEYWORDS and type_ != "UNDERSCORE":
        return _escape_help(text)
    return None


def _not_generic(type_: str, before: str) -> str | None:
    """Explain a `<` after a word that is none of the types with others in `<…>`."""
    word = re.search(r"[\w%-]+(?=\s*\Z)", before[-_LONGEST_KEYWORD:])
    if type_ != "LESSTHAN" or word is None or word[0] in _GENERIC:
        return None
    from difflib import get_close_matches  # noqa: PLC0415 - only where something is wrong

    close = get_close_matches(word[0], _GENERIC, n=1)
    return f"did you mean `{close[0]}<…>`?" if close else f"`{word[0]}` takes no types in `<…>`"


def _missing(expected: set[str], type_: str, followed: str) -> str | None:
    """Return the sign that may have been forgotten, often at the end of the line before."""
    if type_ == "$END" or (type_ in _ITEMS and followed != ":"):
        sign = "RBRACE" if "RBRACE" in expected else ""
    elif expected == {"SEMICOLON"} or (expected & {"SEMICOLON"} and type_ in _DEFINITIONS | {"ID", "RBRACE", "USE"}):
        sign = "SEMICOLON"
    elif expected == {"COLON"} and (type_ in _OF_ITEMS or (type_ == "ID" and followed in {",", "}", ")"})):
        sign = "COLON"
    elif type_ in _NOT_KEYWORDS - {"ID", "RBRACE"}:  # one sign in place of another
        sign = ""
    elif expected == {"LBRACE"}:
        sign = "LBRACE"
    else:
        sign = "COMMA" if "COMMA" in expected and type_ == "ID" else ""
    return f"a {_NAMES[sign]} may be missing before this" if sign else None


def _expectation(expected: set[str]) -> str:
    parts: list[str] = []
    if expected >= _TYPES:
        parts.append("a type")
        expected = expected - _TYPES
    if expected >= _DEFINITIONS:
        parts.append("a type definition")
        expected = expected - _DEFINITIONS
    parts += sorted((_NAMES.get(name, f"`{name.lower()}`") for name in expected), key=_order)
    if len(parts) == 1:
        return parts[0]
    return ", ".join(parts[:-1]) + " or " + parts[-1]


def _order(name: str) -> tuple[bool, str]:
    """Words first, then signs."""
    return name.startswith("`") and not name[1].isalpha(), name
