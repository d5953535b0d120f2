"""The files of a new project with an agent."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["new_project"]

_AGENTS = '''"""Agents of {name}."""

from __future__ import annotations

from witgen.golem.sdk import U32, agent, serve


@agent
class Counter:
    """Counts, under a name."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.count = 0

    def add(self, n: U32) -> U32:
        """Add to the count and return it."""
        self.count += n
        return self.count

    def total(self) -> U32:
        """Return the count."""
        return self.count


serve(__name__)
'''

_README = """# {name}

```console
$ witgen build agents.py --golem 1.5
$ witgen golem types agents.wasm
$ witgen run agents.wasm 'Counter("ann")' add 5
$ witgen run agents.wasm 'Counter("ann")' total
$ witgen golem manifest --app {name} > golem.yaml
```

`witgen run` keeps the agents in `.witgen/`. The manifest is for Golem's own command line: `golem deploy --yes`.
"""

_IGNORED = """.witgen/
golem-temp/
*.wasm
"""


def new_project(name: str) -> Mapping[str, str]:
    """Return the files of a project by path."""
    return {
        "agents.py": _AGENTS.format(name=name),
        "README.md": _README.format(name=name),
        ".gitignore": _IGNORED,
    }
