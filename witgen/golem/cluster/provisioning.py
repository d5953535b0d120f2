"""What agents find when they are made: environment variables, configuration and files, by agent type."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Final

from ..agents.definitions import AgentDefinition, AgentTypes, ConfigEntry
from ..agents.json_form import Json, to_json
from ..agents.words import value_of_word
from .errors import ClusterError

__all__ = ["AgentFile", "Provision", "archive", "provisions"]

_WRITABLE: Final = ":rw"
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
"""The oldest time that an archive can hold: the same files are the same archive."""


@dataclass(frozen=True, slots=True)
class AgentFile:
    """A file that agents have: its content, its name in the archive, and its path for the agents."""

    content: bytes
    name: str
    target: str
    is_writable: bool

    @property
    def options(self) -> Json:
        """The file in the JSON of Golem's REST API."""
        return {"targetPath": self.target, "permissions": "read-write" if self.is_writable else "read-only"}


@dataclass(slots=True)
class Provision:
    """What the agents of a type find when they are made."""

    env: dict[str, str] = field(default_factory=dict[str, str])
    config: dict[tuple[str, ...], Json] = field(default_factory=dict[tuple[str, ...], Json])
    files: dict[str, AgentFile] = field(default_factory=dict[str, AgentFile])

    @property
    def common(self) -> dict[str, Json]:
        """Environment and configuration in the JSON of Golem's REST API."""
        config: list[Json] = [{"path": [*path], "value": value} for path, value in self.config.items()]
        return {"env": {**self.env}, "config": config}

    @property
    def archived(self) -> dict[str, Json]:
        """The files by their names in the archive."""
        return {each.name: each.options for each in self.files.values()}


def provisions(
    types: AgentTypes, *, env: Sequence[str] = (), config: Sequence[str] = (), files: Sequence[str] = ()
) -> dict[str, Provision]:
    """Return what the agents of each type find.

    Args:
        types: the agent types.
        env: `[TYPE:]NAME=VALUE`.
        config: `[TYPE:]PATH=VALUE`, for all types that read it; the value is WAVE, JSON, or text without quotes.
        files: `[TYPE:]SOURCE:TARGET`, with `:rw` at the end for files that agents may change. The source is a file or
            a folder.

    Raises:
        ClusterError: one of them makes no sense; the message says which.
    """
    made = {each.name: Provision() for each in types}
    for text in env:
        names, rest = _addressed(types, text)
        key, value = _pair("--env", rest)
        for name in names:
            made[name].env[key] = value
    for text in config:
        names, rest = _addressed(types, text)
        path, word = _pair("--config", rest)
        for definition, entry in _reading(types, names, path):
            made[definition.name].config[entry.path] = _value(entry, word)
    for text in files:
        names, rest = _addressed(types, text)
        for each in _files(rest):
            for name in names:
                made[name].files[each.target] = each
    return made


def _addressed(types: AgentTypes, text: str) -> tuple[list[str], str]:
    """Return the agent types that a text is for, and the rest of it: `TYPE:` in front means one, else it is all."""
    name, colon, rest = text.partition(":")
    return ([name], rest) if colon and name in types else ([each.name for each in types], text)


def _pair(option: str, text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not name or not sign:
        raise ClusterError(f"{option} {text:.80}: write [TYPE:]NAME=VALUE")
    return name, value


def _reading(types: AgentTypes, names: Iterable[str], path: str) -> list[tuple[AgentDefinition, ConfigEntry]]:
    declared = [(each, entry) for each in map(types.find, names) for entry in each.config if entry.name == path]
    local = [(each, entry) for each, entry in declared if not entry.is_secret]
    if declared and not local:
        raise ClusterError(
            f"--config {path}: this is a secret, which belongs to the environment and not to a component: "
            "set it with `golem secret create`"
        )
    if not local:
        known = [f"`{entry.name}` of {each.name}" for each in types for entry in each.config if not entry.is_secret]
        raise ClusterError(f"--config {path}: no agent reads it; they read {', '.join(known) or 'none'}")
    return local


def _value(entry: ConfigEntry, word: str) -> Json:
    try:
        return to_json(entry.type, value_of_word(entry.type, word))
    except ValueError as error:
        raise ClusterError(f"--config {entry.name}: {error}") from None


def _files(text: str) -> Iterator[AgentFile]:
    is_writable = text.endswith(_WRITABLE)
    source, colon, target = text.removesuffix(_WRITABLE).rpartition(":")
    if not colon or not source or not target.startswith("/") or ".." in PurePosixPath(target).parts:
        raise ClusterError(f"--file {text:.80}: write [TYPE:]SOURCE:/TARGET, and :rw after it for files to change")
    path = Path(source)
    if path.is_dir():
        found = sorted(each for each in path.rglob("*") if each.is_file())
        if not found:
            raise ClusterError(f"--file {text:.80}: {source} has no files")
        for each in found:
            inside = each.relative_to(path)
            yield _file(each, str(PurePosixPath(target) / inside.as_posix()), is_writable=is_writable)
    elif path.is_file():
        name = target + path.name if target.endswith("/") else target
        yield _file(path, name, is_writable=is_writable)
    else:
        raise ClusterError(f"--file {text:.80}: {source} does not exist")


def _file(source: Path, target: str, *, is_writable: bool) -> AgentFile:
    try:
        content = source.read_bytes()
    except OSError as error:
        raise ClusterError(f"--file: {source}: {error.strerror}") from None
    # Two types may have different files at one path, and an archive needs no paths of this machine.
    return AgentFile(content, f"{sha256(content).hexdigest()[:16]}/{source.name}", target, is_writable)


def archive(given: Iterable[Provision]) -> bytes | None:
    """Return an archive of all files; None if there are none."""
    files = {each.name: each.content for provision in given for each in provision.files.values()}
    if not files:
        return None
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, content in sorted(files.items()):
            opened.writestr(zipfile.ZipInfo(name, _EPOCH), content, zipfile.ZIP_DEFLATED)
    return made.getvalue()
