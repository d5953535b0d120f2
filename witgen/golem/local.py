"""Run Golem components on this machine without an oplog, for tests and for programs that embed them."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any, Protocol, Self, Unpack

from witgen_runtime.host import OpenOptions
from witgen_runtime.host.open_options import choose
from witgen_runtime.host.world import open_world

from .composition import compose
from .services.blobstore.store import BlobStore
from .services.databases.service import Databases
from .services.http.native import Http
from .services.keyvalue.store import KeyValue
from .services.logging import Logging
from .services.websocket.service import WebSockets

__all__ = ["Service", "Services"]


class Service(Protocol):
    """Implementation of some imports, shared by any number of components."""

    def implementations(self) -> dict[str, object]:
        """Return the implementations of the imports, by field of the bindings' `ServicesImports`."""
        ...

    def close(self) -> None:
        """Release everything held outside the process."""
        ...


class Services:
    """The local services: WebSockets, a key-value store, a blob store, databases, and the log.

        with golem.Services("state") as services, services.open("agent.wasm") as agent:
            agent.run("ws://127.0.0.1:8765")

    Components store their data in `folder`, which keeps it for the next run. Components that are open at the same time
    share it, and each may run in a separate thread.

    Args:
        folder: holds the stores; None for a temporary folder, which is removed when the services are closed.
        network: whether components may reach the network: WebSockets, databases and, where they import it, `wasi:http`.
        websockets: WebSockets with other settings.
        keyvalue: a key-value store to use instead of the one in `folder`.
        blobstore: a blob store to use instead of the one in `folder`.
        logger: the Python logger below which components log.
        disk: the size limit, in bytes, of each of the two stores in `folder`; None for no limit.

    Raises:
        ServiceError: a store in `folder` is damaged, locked, or written by a later version.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str] | None = None,
        *,
        network: bool = True,
        websockets: WebSockets | None = None,
        keyvalue: KeyValue | None = None,
        blobstore: BlobStore | None = None,
        logger: str = "golem",
        disk: int | None = None,
    ) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="witgen-") if folder is None else None
        self.folder = Path(self._temporary.name if self._temporary is not None else os.fspath(folder or ""))
        self.folder.mkdir(parents=True, exist_ok=True)
        self.http = Http(allowed=network)
        self.websockets = websockets or WebSockets(allowed=network)
        self.keyvalue = keyvalue or KeyValue(self.folder / "keyvalue.sqlite", limit=disk)
        self.blobstore = blobstore or BlobStore(self.folder / "blobs", limit=disk)
        self.databases = Databases(allowed=network)
        self.logging = Logging(logger)

    @property
    def all(self) -> tuple[Service, ...]:
        """Return all services."""
        return (self.websockets, self.keyvalue, self.blobstore, self.databases, self.logging, self.http)

    def implementations(self) -> dict[str, object]:
        """Return the implementations of the imports, by field of the bindings' `ServicesImports`."""
        return {name: each for service in self.all for name, each in service.implementations().items()}

    def open(
        self,
        component: str | os.PathLike[str] | bytes,
        imports: object = None,
        **options: Unpack[OpenOptions],
    ) -> Any:
        """Run a component in a new store; closing the result closes the store.

        Its exports are those of `witgen.load(component)`.

        Args:
            component: a path, or a component's bytes.
            imports: implementations of other imports, or replacements of services, as for `open` of a loaded world.
            options: `wasi`, `memory`, `fuel`, `deadline`, `interruptible`, `adapters`, as `OpenOptions` of
                `witgen_runtime.host` describes them. `http` is True by default.

        Raises:
            LinkError: an import is missing or does not match.
            WitgenError: it is not a component.
        """
        chosen = choose("Services.open", {"http": True, **options})
        made = compose(component, self.implementations(), imports)
        return open_world(made.world, made.content, made.imports, chosen)

    def close(self) -> None:
        """Close all services; twice is fine."""
        for service in self.all:
            service.close()
        if self._temporary is not None:
            self._temporary.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
