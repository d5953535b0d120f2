"""Diagnostics for programs: JSON, GitHub's workflow commands, SARIF."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TypeAlias
from urllib.parse import quote

from ..base.source import Span
from .model import Diagnostic, Severity

__all__ = ["render_github", "render_json", "render_sarif"]

_Json: TypeAlias = "bool | int | str | list[_Json] | dict[str, _Json] | None"

_SARIF_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def render_json(diagnostics: Sequence[Diagnostic]) -> str:
    """Return a JSON array with one object per diagnostic; places count lines and columns from 1, ends are exclusive."""
    return json.dumps([_as_json(diagnostic) for diagnostic in diagnostics], indent=2) + "\n"


def _as_json(diagnostic: Diagnostic) -> _Json:
    labels: list[_Json] = [{"message": label.message, **_place(label.span)} for label in diagnostic.labels]
    place = _place(diagnostic.span) if diagnostic.span is not None else {"file": diagnostic.path}
    return {
        "severity": diagnostic.severity.value,
        "code": diagnostic.code,
        "message": diagnostic.message,
        **place,
        "labels": labels,
        "help": diagnostic.help,
        "note": diagnostic.note,
    }


def _place(span: Span) -> dict[str, _Json]:
    end_line, end_column = span.file.position(span.end)
    return {
        "file": span.file.path,
        "line": span.line,
        "column": span.column,
        "end_line": end_line,
        "end_column": end_column,
    }


def render_github(diagnostics: Sequence[Diagnostic]) -> str:
    """Return workflow commands, which GitHub shows as annotations of the changed lines."""
    return "".join(_command(diagnostic) + "\n" for diagnostic in diagnostics)


def _command(diagnostic: Diagnostic) -> str:
    properties: dict[str, object] = {}
    if diagnostic.span is not None:
        span = diagnostic.span
        end_line, end_column = span.file.position(span.end)
        properties = {"file": span.file.path, "line": span.line, "col": span.column, "endLine": end_line}
        if end_line == span.line:
            properties["endColumn"] = end_column
    elif diagnostic.path is not None:
        properties = {"file": diagnostic.path}
    properties["title"] = diagnostic.code
    kind = "error" if diagnostic.severity is Severity.ERROR else "warning"
    listed = ",".join(f"{key}={_escape_property(str(value))}" for key, value in properties.items())
    return f"::{kind} {listed}::{_escape_data(_full_message(diagnostic))}"


def _full_message(diagnostic: Diagnostic) -> str:
    parts = [diagnostic.message]
    parts += [f"{word}: {text}" for word, text in (("note", diagnostic.note), ("help", diagnostic.help)) if text]
    return "\n".join(parts)


def _escape_data(text: str) -> str:
    # A file name can hold bytes that are not valid text.
    text = text.encode("utf-8", "backslashreplace").decode()
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    return _escape_data(text).replace(":", "%3A").replace(",", "%2C")


def render_sarif(diagnostics: Sequence[Diagnostic]) -> str:
    """Return a SARIF 2.1.0 log with one run."""
    codes = sorted({diagnostic.code for diagnostic in diagnostics})
    rules: list[_Json] = [{"id": code} for code in codes]
    driver: dict[str, _Json] = {"name": "witgen", "rules": rules}
    run: dict[str, _Json] = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(diagnostic, codes) for diagnostic in diagnostics],
    }
    log: dict[str, _Json] = {"$schema": _SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2) + "\n"


def _result(diagnostic: Diagnostic, codes: Sequence[str]) -> _Json:
    locations: list[_Json] = []
    if diagnostic.span is not None:
        locations.append({"physicalLocation": _physical(diagnostic.span)})
    elif diagnostic.path is not None:
        locations.append({"physicalLocation": {"artifactLocation": {"uri": _uri(diagnostic.path)}}})
    result: dict[str, _Json] = {
        "ruleId": diagnostic.code,
        "ruleIndex": codes.index(diagnostic.code),
        "level": diagnostic.severity.value,
        "message": {"text": _full_message(diagnostic)},
        "locations": locations,
    }
    if diagnostic.labels:
        result["relatedLocations"] = [
            {"id": number, "physicalLocation": _physical(label.span), "message": {"text": label.message}}
            for number, label in enumerate(diagnostic.labels)
        ]
    return result


def _physical(span: Span) -> _Json:
    end_line, end_column = span.file.position(span.end)
    region: dict[str, _Json] = {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": end_line,
        "endColumn": end_column,
    }
    return {"artifactLocation": {"uri": _uri(span.file.path)}, "region": region}


def _uri(path: str) -> str:
    return quote(path.replace("\\", "/").encode("utf-8", "surrogateescape"), safe="/:.-_~")
