"""The environment of the agents of a state file, in a file beside it that only the user can read.

It has the configuration of agent types, as a manifest has it for a cluster, and secrets.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from pathlib import Path

from ....base.files import replace
from ..errors import StateError, as_text, undamaged

__all__ = ["Environment"]

_SECRETS = ""
"""The group of secrets among those of agent types, whose names are not empty."""


class Environment:
    """Configuration by agent type and path, and secrets by path; all values are JSON."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "environment.json"
        self._guard = threading.Lock()

    def secret(self, path: str) -> str | None:
        """Return the JSON of a secret, None if there is none."""
        return self._read().get(_SECRETS, {}).get(path)

    def set_secrets(self, values: Mapping[str, str]) -> None:
        """Set secrets to values."""
        self._update(_SECRETS, values)

    def config(self, type_name: str) -> Mapping[str, str]:
        """Return the configuration of an agent type."""
        return self._read().get(type_name, {})

    def set_config(self, type_name: str, values: Mapping[str, str]) -> None:
        """Set parts of the configuration of an agent type."""
        self._update(type_name, values)

    def _update(self, group: str, values: Mapping[str, str]) -> None:
        if not values:
            return
        with self._guard:
            known = dict(self._read())
            known[group] = {**known.get(group, {}), **values}
            try:
                replace(self._path, json.dumps(known, indent=2).encode())
                self._path.chmod(0o600)
            except OSError as error:
                raise StateError(f"{self._path}: it cannot be written: {error.strerror or error}") from error

    def _read(self) -> Mapping[str, Mapping[str, str]]:
        try:
            content = self._path.read_bytes()
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise StateError(f"{self._path}: {error.strerror or error}") from error
        with undamaged(str(self._path)):
            return {
                as_text(group): {as_text(name): as_text(value) for name, value in values.items()}
                for group, values in json.loads(content).items()
            }
