"""A world as one page of HTML: the picture, and below it what each interface has. Nothing is loaded from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from html import escape

from ..model import ir
from ..outline import Entry, entries
from .graph import WORLD, graph
from .svg import world_svg

__all__ = ["world_page"]

_STYLE = """
:root { color-scheme: light dark }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 72rem; padding: 1rem }
figure { margin: 1rem 0; overflow-x: auto }
code { font: 14px ui-monospace, Menlo, Consolas, monospace }
section { border-top: 1px solid #8a93a5; margin-top: 2rem }
section:target h2, li:target > code { background: #ffe9a8; color: #1b2330 }
ul { list-style: none; padding-left: 1.5rem }
p { margin: .2rem 0 .8rem; max-width: 48rem; white-space: pre-wrap }
nav a { margin-right: 1rem }
input { font: inherit; padding: .3rem .6rem; width: 20rem }
"""
# Hides what does not contain the words; without JavaScript, everything is shown.
_SCRIPT = """
const field = document.querySelector('input');
field.hidden = false;
field.addEventListener('input', () => {
  const word = field.value.toLowerCase();
  for (const part of document.querySelectorAll('section > ul > li'))
    part.hidden = !part.textContent.toLowerCase().includes(word);
});
"""
_WORD = re.compile(r"(?<![\w%/:.-])[A-Za-z][A-Za-z0-9-]*(?![\w-])(?!: )")
"""A name in WIT's text that is not that of a parameter, a field or a function."""
_USE = re.compile(r"use (.+)\.\{([^ }]+)(?: as \S+)?\}")
_TYPES = frozenset({"record", "variant", "enum", "flags", "resource", "type"})


def world_page(resolve: ir.Resolve, id: ir.WorldId) -> str:
    """Return a page with the picture of a world, and all types and functions, linked with each other."""
    world = resolve.worlds[id]
    title = _full(str(resolve.packages[world.package].name), world.name)
    [entry] = entries(resolve, world=title)
    sections = "\n".join(_sections(resolve, id, entry))
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{escape(title)}</title>
<style>{_STYLE}</style>
</head>
<body>
<h1>world {escape(title)}</h1>
{_paragraph(entry.docs)}
<figure>
{world_svg(resolve, id, links=True)}</figure>
<input type="search" placeholder="Find a type or a function" aria-label="Find" hidden>
{sections}
<script>{_SCRIPT}</script>
</body>
</html>
"""


def _full(package: str, name: str) -> str:
    """Return `ns:package/name@version`."""
    before, at, version = package.partition("@")
    return f"{before}/{name}{at}{version}"


def _sections(resolve: ir.Resolve, id: ir.WorldId, world: Entry) -> Iterator[str]:
    """Yield the world's own section, and one for each interface with a name."""
    nodes = graph(resolve, id).nodes
    interfaces = {
        _full(package.name, each.name): each
        for package in entries(resolve)
        for each in package.children
        if each.kind == "interface"
    }
    shown = {key: interfaces[key] for key in sorted(nodes) if key in interfaces}
    yield _section(WORLD, "The world", world, {name: name for name in shown})
    for key, entry in shown.items():
        yield _section(key, f"interface {key}", entry, {})


def _section(key: str, title: str, entry: Entry, links: Mapping[str, str]) -> str:
    scope = {**links, **_scope(key, entry.children)}
    listed = _listed(key, entry.children, scope)
    docs = "" if key == WORLD else _paragraph(entry.docs)
    return f'<section id="{escape(key)}">\n<h2>{escape(title)}</h2>\n{docs}\n{listed}</section>'


def _scope(key: str, children: Iterable[Entry]) -> dict[str, str]:
    """Return the anchors of the types that have a name in an interface."""
    scope: dict[str, str] = {}
    for child in children:
        if child.kind in _TYPES:
            scope[child.name] = f"{key}.{child.name}"
        elif used := _USE.fullmatch(child.text):
            scope[child.name] = f"{used[1]}.{used[2]}"
    return scope


def _listed(key: str, children: Iterable[Entry], scope: Mapping[str, str]) -> str:
    items: list[str] = []
    for child in children:
        anchor = f' id="{escape(f"{key}.{child.name}")}"' if child.kind in {*_TYPES, "use"} else ""
        inner = _listed(key, child.children, {**scope, **_scope(key, child.children)}) if child.children else ""
        reason = f" (left out: {escape(child.left_out)})" if child.left_out is not None else ""
        items.append(f"<li{anchor}><code>{_linked(child, scope)}</code>{reason}{_paragraph(child.docs)}{inner}</li>")
    return "<ul>\n" + "\n".join(items) + "\n</ul>\n"


def _linked(entry: Entry, scope: Mapping[str, str]) -> str:
    """Return the text of an entry, with links from the names of types; an interface that a world has leads to it."""
    if entry.name in scope and entry.kind in {"import", "export"}:
        before, name, after = entry.text.partition(entry.name)
        return f"{escape(before)}{_link(name, scope[entry.name])}{escape(after)}"
    if used := _USE.fullmatch(entry.text):
        return _link(entry.text, f"{used[1]}.{used[2]}")
    start = entry.text.find(entry.name) + len(entry.name) if entry.kind in _TYPES else 0
    parts, end = [escape(entry.text[:start])], start
    for word in _WORD.finditer(entry.text, start):
        if word[0] in scope:
            parts += [escape(entry.text[end : word.start()]), _link(word[0], scope[word[0]])]
            end = word.end()
    return "".join([*parts, escape(entry.text[end:])])


def _link(text: str, anchor: str) -> str:
    return f'<a href="#{escape(anchor)}">{escape(text)}</a>'


def _paragraph(docs: str | None) -> str:
    return f"<p>{escape(docs.strip())}</p>" if docs else ""
