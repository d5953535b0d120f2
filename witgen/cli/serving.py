"""`witgen serve`."""

from __future__ import annotations

import asyncio
import gc
import logging
import re
import signal
import socket
import threading
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from ..base.files import read
from .access_log import AccessLog
from .http_protocol import http_protocol
from .options import reporting
from .output import reporter
from .running import state_option
from .serving_agents import AgentOptions, agent_site, has_agents

if TYPE_CHECKING:
    from witgen_runtime.host import Http, HttpApplication, Wasi

__all__ = ["hosts_allowed", "serve"]

_GRACE: Final = 10
"""Seconds that requests have to end after a signal."""

_UNITS: Final = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


class _Size(click.ParamType):  # type: ignore[type-arg,unused-ignore]
    """A number of bytes, with K, M or G at its end, or `none`."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | None:
        """Return the number, None for `none`."""
        if value == "none":
            return None
        text = str(value).upper()
        number, unit = (text[:-1], text[-1]) if text[-1:] in _UNITS and text[-1:] else (text, "")
        if not re.fullmatch("[0-9]{1,30}", number):
            self.fail(f"{value!r} is not a number of bytes: write 1048576, 1M or none", param, ctx)
        return int(number) * _UNITS[unit]


class _Seconds(click.ParamType):  # type: ignore[type-arg,unused-ignore]
    """A number of seconds, or `none`."""

    name = "seconds"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float | None:
        """Return the number, None for `none`."""
        return None if value == "none" else click.FLOAT.convert(value, param, ctx)


@click.command()
@click.argument("component", type=click.Path(path_type=Path))
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen at.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="The port; 0 for any.")
@click.option(
    "--requests-per-instance",
    "requests",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Requests that an instance answers, one after another.",
)
@click.option(
    "--instances", type=click.IntRange(min=1), default=64, show_default=True, help="The most instances at a time."
)
@click.option(
    "--deadline", type=_Seconds(), default="30", show_default=True, metavar="SECONDS|none", help="Limit of a request."
)
@click.option(
    "--memory", type=_Size(), default="256M", show_default=True, metavar="BYTES|none", help="Limit of each memory."
)
@click.option(
    "--body-limit", type=_Size(), default="16M", show_default=True, metavar="BYTES|none", help="Limit of a body."
)
@click.option(
    "--allow", multiple=True, metavar="HOST", help="A host to which the component may send HTTP requests; `*` for any."
)
@click.option("--env", multiple=True, metavar="K=V", help="Environment variable of the component.")
@click.option("--dir", "folders", multiple=True, metavar="DIR[::GUEST]", help="A folder that the component can access.")
@click.option("--root-path", default="", metavar="PATH", help="The prefix that a proxy in front removes.")
@click.option("--access-log/--no-access-log", default=True, help="Write a line for each request to stderr.")
@state_option
@click.option("--config", multiple=True, metavar="K=V", help="Configuration of agents, from now on.")
@click.option("--secret", "secrets", multiple=True, metavar="K=V", help="A secret of agents, from now on.")
@click.option(
    "--session-header", metavar="NAME", help="The header that says, in JSON, who makes a request to an agent."
)
@click.option("--reload", is_flag=True, help="Go over to the new component whenever its file changes.")
@reporting
def serve(
    *,
    component: Path,
    host: str,
    port: int,
    allow: tuple[str, ...],
    env: tuple[str, ...],
    folders: tuple[str, ...],
    root_path: str,
    access_log: bool,
    reload: bool,
    state: Path | None,
    config: tuple[str, ...],
    secrets: tuple[str, ...],
    session_header: str | None,
    **options: Any,
) -> None:
    """Serve COMPONENT, which exports `wasi:http/incoming-handler` or `wasi:http/handler`, over HTTP.

    Needs `witgen[serve]`.

    Each request gets an instance of its own unless --requests-per-instance says otherwise. The first Ctrl-C or SIGTERM
    lets running requests end.

    Of a component with agents, it serves their mounts, with the agents of the state file. --state, --config, --secret
    and --session-header are for them.
    """
    uvicorn = _uvicorn()
    reporter.tell_of_compiling()
    gc.enable()  # unlike other commands, this one runs for days
    logging.basicConfig(
        format="%(levelname)s %(name)s: %(message)s", level=logging.INFO - 10 * (reporter.verbosity > 0)
    )
    reporter.tell_of_changes(component)
    with ExitStack() as opened:
        site: Any
        if has_agents(component):
            _refuse_compiled(component)
            chosen = AgentOptions(
                state, config, secrets, env, folders, session_header, options["deadline"], options["memory"],
                options["body_limit"],
            )  # fmt: skip
            site = opened.enter_context(agent_site(component, chosen))
        else:
            settings = {**options, "wasi": _wasi(env, folders), "http": hosts_allowed(allow)}
            site = _application(component, settings)
            if reload:
                site = _Reloading(site, component, _saves(component))
        listener = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
        server = uvicorn.Config(
            AccessLog(site, lambda line: click.echo(line, err=True)) if access_log else site,
            access_log=False,
            http=http_protocol(),
            lifespan="on",
            log_config=None,
            log_level="warning",
            root_path=root_path,
            timeout_graceful_shutdown=_GRACE,
        )
        shown = f"[{host}]" if ":" in host else host
        reporter.say(f"http://{shown}:{listener.getsockname()[1]}/ is {component}; Ctrl-C ends it")
        _run(uvicorn.Server(server), listener)


def _refuse_compiled(component: Path) -> None:
    from witgen_runtime.host.compiled_component import is_compiled

    if is_compiled(component):
        raise click.ClickException(f"{component} has agents, whose state needs the component itself: pass its .wasm")


def _uvicorn() -> Any:
    try:
        import uvicorn
    except ModuleNotFoundError as error:
        raise click.ClickException("`witgen serve` needs uvicorn: pip install 'witgen[serve]'") from error
    return uvicorn


def _application(component: Path, options: Any) -> HttpApplication:
    """Compile the component."""
    from witgen_runtime.host import HostError

    from ..proxy import Proxy, Service

    try:
        data = read(component)
        # The names of exports stand in a component as they are.
        is_service = b"wasi:http/handler@0.3." in data and b"wasi:http/incoming-handler@0.2." not in data
        return (Service if is_service else Proxy).asgi(component, **options)
    except (HostError, ValueError) as error:
        raise click.ClickException(str(error)) from error


def _wasi(env: tuple[str, ...], folders: tuple[str, ...]) -> Wasi:
    """Return what the component sees of this machine."""
    from witgen_runtime.host import Wasi

    variables: dict[str, str] = {}
    for given in env:
        name, separator, value = given.partition("=")
        if not (name and separator):
            raise click.BadParameter(f"{given!r}: expected K=V", param_hint="--env")
        variables[name] = value
    places = [(here, guest or here) for here, _, guest in (folder.partition("::") for folder in folders)]
    for here, _ in places:
        if not Path(here).is_dir():
            raise click.BadParameter(f"{here!r} is not a folder", param_hint="--dir")
    try:
        return Wasi(env=variables, folders={guest: (here, "write") for here, guest in places})
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def hosts_allowed(hosts: tuple[str, ...]) -> Http:
    """Return where the component may send requests."""
    from witgen_runtime.host import Http

    try:
        return Http(allow=hosts)
    except ValueError as error:
        raise click.BadParameter(str(error).removeprefix("allow: "), param_hint="--allow") from error


def _saves(component: Path) -> Iterator[None]:
    """Return what yields after every save of the component."""
    from ..project.watch import MissingWatcherError, changes

    saves = changes(component)
    try:
        next(saves)  # it listens from here on
    except MissingWatcherError as error:
        raise click.ClickException(str(error)) from error
    return saves


def _run(server: Any, listener: socket.socket) -> None:
    """Serve until a signal comes, and running requests have ended."""
    gc.collect()
    gc.freeze()  # what exists from the start on need not be looked at again
    with _caught(server):
        asyncio.run(_serve(server, listener))
    if not server.started:
        raise click.ClickException("the component cannot be served; the log above has the reason")


async def _serve(server: Any, listener: socket.socket) -> None:
    # uvicorn raises the signals that it has caught again, for servers that are part of a program. This is a program.
    server.capture_signals = _nothing
    await server.serve(sockets=[listener])


@contextmanager
def _nothing() -> Generator[None]:
    yield


@contextmanager
def _caught(server: Any) -> Generator[None]:
    """Let signals end the server; a second Ctrl-C does not wait for requests."""
    heeded = [number for number in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, server.handle_exit) for number in heeded}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Reloading:
    """An application whose component is replaced when its file changes."""

    def __init__(self, application: HttpApplication, component: Path, saves: Iterator[None]) -> None:
        self._application, self._component, self._saves = application, component, saves

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass a connection on; watch the file from the server's start on."""
        if scope["type"] == "lifespan":
            watcher = threading.Thread(target=self._watch, args=(asyncio.get_running_loop(),), daemon=True)
            watcher.start()
        await self._application(scope, receive, send)

    def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        for _ in self._saves:
            if loop.is_closed():
                return
            asyncio.run_coroutine_threadsafe(self._replace(), loop).result()

    async def _replace(self) -> None:
        from witgen_runtime.host import HostError

        try:
            await self._application.replace(self._component)
        except (HostError, OSError) as error:
            click.echo(
                f"error: {self._component} has changed and cannot be served; the version before it still is: {error}",
                err=True,
            )
        else:
            reporter.say(f"{self._component}: changed")
