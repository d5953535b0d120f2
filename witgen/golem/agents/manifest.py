"""`golem.yaml` for agents: the manifest that Golem's own command line builds and deploys from."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from .definitions import AgentDefinition, AgentTypes
from .describing import described_element
from .json_form import Json

__all__ = ["Manifest", "manifest", "needs_user"]

_VERSION: Final = "1.5.0"
_FOLDER: Final = "golem-temp/agents"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a manifest says beside what the agents declare.

    Attributes:
        app: the application's name.
        source: the Python file that `witgen build` makes the component of.
        component: the component's name, without the application's.
        config: known configuration, as JSON by agent type and path.
    """

    app: str
    source: str
    component: str
    config: Mapping[str, Mapping[str, str]]


def manifest(types: AgentTypes, given: Manifest) -> str:
    """Return the manifest of a component's agents."""
    return "\n".join(_lines(types, given)) + "\n"


def _lines(types: AgentTypes, given: Manifest) -> Iterator[str]:
    raw, made = (f"{_FOLDER}/{given.component}{suffix}.wasm" for suffix in (".raw", ""))
    yield f"manifestVersion: {_VERSION}"
    yield f"app: {_scalar(given.app)}"
    yield "componentTemplates:"
    yield "  python:"
    yield "    build:"
    yield f"      - command: {_scalar(f'witgen build {given.source} --golem 1.5 -o {raw}')}"
    yield f"        mkdirs: [{_scalar(_FOLDER)}]"
    yield f"        sources: [{_scalar(given.source)}]"
    yield f"        targets: [{_scalar(raw)}]"
    yield f"    componentWasm: {_scalar(raw)}"
    yield f"    outputWasm: {_scalar(made)}"
    yield "components:"
    yield f'  {_scalar(f"{given.app}:{given.component}")}: {{ dir: ".", templates: python }}'
    yield from _agents(types, given.config)
    yield "environments:"
    yield "  local: { server: local }"
    yield from _http(types, given.app)
    yield from _secrets(types)


def _agents(types: AgentTypes, config: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    declared = [each for each in types if any(not entry.is_secret for entry in each.config)]
    if declared:
        yield "agents:"
    for definition in declared:
        yield f"  {_scalar(definition.name)}:"
        yield "    config:"
        yield from _config(definition, config.get(definition.name, {}))


def _config(definition: AgentDefinition, known: Mapping[str, str]) -> Iterator[str]:
    tree: dict[str, Any] = {}
    for entry in definition.config:
        if not entry.is_secret:
            *above, last = entry.path
            place = tree
            for part in above:
                place = place.setdefault(part, {})
            kind = described_element(entry.type)
            if entry.name in known:
                place[last] = (json.dumps(json.loads(known[entry.name])), kind)
            else:
                place[last] = ("", f"{kind}, {'needed' if entry.is_needed else 'optional'}")
    yield from _tree(tree, "      ")


def _tree(tree: Mapping[str, Any], indent: str) -> Iterator[str]:
    for name, each in tree.items():
        if isinstance(each, dict):
            yield f"{indent}{_scalar(name)}:"
            yield from _tree(cast("Mapping[str, Any]", each), f"{indent}  ")
        else:
            value, remark = each
            # A value that is not known is left to the author: a key without one would be null.
            yield f"{indent}{'' if value else '# '}{_scalar(name)}: {value}".rstrip() + f"  # {remark}"


def _http(types: AgentTypes, app: str) -> Iterator[str]:
    mounted = [each for each in types if each.declared.http_mount is not None]
    if not mounted:
        return
    yield "httpApi:"
    yield "  deployments:"
    yield "    local:"
    yield f"      - domain: {_scalar(f'{app}.localhost:9006')}"
    yield "        agents:"
    for each in mounted:
        header = " testSessionHeaderName: X-Session " if needs_user(each) else ""
        yield f"          {_scalar(each.name)}: {{{header}}}"


def needs_user(definition: AgentDefinition) -> bool:
    """Return whether some request to an agent type has to say who makes it."""
    mount = definition.declared.http_mount
    details = [endpoint.auth_details for each in definition.methods for endpoint in each.declared.http_endpoint]
    details.append(None if mount is None else mount.auth_details)
    return any(each is not None and each.required for each in details)


def _secrets(types: AgentTypes) -> Iterator[str]:
    entries = {each.name: each for type_ in types for each in type_.config if each.is_secret}
    if entries:
        yield "# Secrets are set in each environment, or here, where they are visible:"
        yield "# secretDefaults:"
        yield "#   local:"
    for entry in entries.values():
        yield f"#     {_scalar(entry.name)}: …  # {described_element(entry.type)}"


def _scalar(text: Json | Iterable[str]) -> str:
    """Return a text as YAML: plain where it has only letters and the like, else quoted as in JSON."""
    plain = isinstance(text, str) and text.replace("-", "").replace("_", "").replace("/", "").replace(".", "").isalnum()
    return str(text) if plain and not str(text)[:1].isdigit() and str(text) not in _WORDS else json.dumps(text)


_WORDS: Final = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
