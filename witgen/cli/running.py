"""`witgen run`."""

from __future__ import annotations

import gc
import logging
from functools import partial
from pathlib import Path
from typing import Any

import click

from ..base.files import check_regular
from .options import reporting
from .output import reporter

__all__ = ["imported", "run", "state_option"]


def _limit(_context: click.Context, option: click.Parameter, value: float | None) -> float | None:
    """Check a limit as `Limits` does: it may be NaN, infinite or larger than a memory can be."""
    if value is not None:
        from witgen_runtime.host.store.limits import Limits

        try:
            given: dict[str, Any] = {str(option.name): value}
            Limits(**given)
        except ValueError as error:
            raise click.BadParameter(str(error)) from error
    return value


def _regular(ctx: click.Context, parameter: click.Parameter, value: Path | None) -> Path | None:
    """Refuse paths on which SQLite would block, or write forever."""
    del ctx, parameter
    check_regular(value or Path(".witgen", "state.db"))
    return value


state_option = click.option(
    "--state",
    type=click.Path(path_type=Path),
    metavar="FILE",
    callback=_regular,
    help="The state file; .witgen/state.db by default.",
)


class _Limit(click.ParamType):  # type: ignore[type-arg,unused-ignore]
    """A number, or `none`."""

    name = "limit"

    def __init__(self, number: Any) -> None:
        self._number = number

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number, None for `none`."""
        return None if value == "none" else self._number.convert(value, param, ctx)


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("component")
@click.argument("function")
@click.argument("arguments", nargs=-1)
@click.option("--worker", metavar="NAME", help="The worker's name; a new worker is created if omitted.")
@state_option
@click.option("--env", multiple=True, metavar="K=V", help="Environment variable of a new worker.")
@click.option("--dir", "folders", multiple=True, metavar="DIR[::GUEST]", help="A folder that the component can access.")
@click.option(
    "--component", "others", multiple=True, metavar="[NAME=]FILE", help="Another component, for calls and updates."
)
@click.option("--config", multiple=True, metavar="K=V", help="Configuration of agents, from now on.")
@click.option("--secret", "secrets", multiple=True, metavar="K=V", help="A secret of agents, from now on.")
@click.option("--key", help="The call's idempotency key: reusing it resumes the call or returns its result.")
@click.option(
    "--update",
    type=click.Choice(["automatic", "snapshot-based"]),
    help="Update the worker to this file's version first.",
)
@click.option(
    "--deadline",
    type=_Limit(click.FloatRange(min=0, min_open=True)),
    callback=_limit,
    default="3600",
    metavar="SECONDS|none",
    show_default=True,
    help="Time limit of the call.",
)
@click.option(
    "--memory",
    type=_Limit(click.IntRange(min=1)),
    callback=_limit,
    default=str(1 << 30),
    metavar="BYTES|none",
    show_default=True,
    help="Size limit of each memory.",
)
@click.option(
    "--disk",
    type=_Limit(click.IntRange(min=1)),
    default=str(1 << 30),
    metavar="BYTES|none",
    show_default=True,
    help="Size limit of the oplog with response bodies, of the worker's files, and of each store.",
)
@click.option("--network/--no-network", default=True, help="Allow or forbid network connections.")
@click.option("--json", "as_json", is_flag=True, help="Read arguments and print the result as JSON instead of WAVE.")
@click.option(
    "--guest-stdout",
    type=click.Choice(["stderr", "stdout", "none"]),
    default="stderr",
    show_default=True,
    help="Where the component's standard output goes.",
)
@click.option("--watch", "watching", is_flag=True, help="Run again whenever the component's file changes.")
@reporting
def run(*, component: str, function: str, state: Path | None, as_json: bool, watching: bool, **options: Any) -> int:
    """Call FUNCTION of COMPONENT (a file, or NAME=FILE) as a durable worker, with Golem's services on this machine.

    Of a component with agents, FUNCTION is an agent, Type(parameters), and the first argument is the method:
    witgen run shop.wasm 'Cart("ann")' add '{name: "pen", price: 1.5}'. Text needs no quotes as an argument.

    Arguments are WAVE, one by one: 42, '"text"', '[1, 2]', '{name: "Ann"}'. Only the result is written to
    stdout. The component's output and the warnings that it logs (with -v, everything that it logs) go to stderr.
    """
    running = imported()
    gc.enable()  # unlike other commands, this one may run for days
    reporter.tell_of_compiling()
    if reporter.verbosity > 0:
        # To stderr, like Python's default for warnings.
        logging.basicConfig(format="%(levelname)s %(name)s: %(message)s")
        logging.getLogger("golem").setLevel(1)
    if function.startswith("-"):
        raise click.NoSuchOption(function)
    wanted = running.Run(
        component=component, function=function, state=state or running.DEFAULT_STATE, json=as_json,
        say=reporter.say, warn=partial(reporter.say, verbosity=-1), **options,
    )  # fmt: skip
    if not watching:
        return _once(wanted)
    from ..project.watch import MissingWatcherError, changes

    try:
        for _ in changes(Path(component.rpartition("=")[2])):
            _once(wanted)
    except MissingWatcherError as error:
        raise click.ClickException(str(error)) from error
    return 0


def imported() -> Any:
    """Import the executor, which needs packages of an extra."""
    try:
        from ..golem.worker import command as running
    except ModuleNotFoundError as error:
        if (error.name or "witgen").partition(".")[0] == "witgen":
            raise
        raise click.ClickException(str(error)) from error
    return running


def _once(wanted: Any) -> int:
    from ..golem.worker import command as running
    from ..golem.worker.errors import Stopped, WorkerError
    from .foreground import SignalledError, in_foreground

    reporter.tell_of_changes(Path(wanted.component.rpartition("=")[2]))
    executors: list[Any] = []

    def stop() -> None:
        for executor in executors:
            executor.stop()

    try:
        answer = in_foreground(lambda: running.run(wanted, executors.append), stop)
    except WorkerError as error:
        click.echo(f"error: {error}", err=True)
        return 2
    except Stopped as error:
        # `witgen workers interrupt`, in another process.
        click.echo(f"witgen: interrupted\n{error}", err=True)
        return 2
    except SignalledError as error:
        click.echo(f"witgen: {error}", err=True)
        raise click.exceptions.Exit(error.code) from error
    if answer.text:
        click.echo(answer.text)
    reporter.say(answer.status)
    return 1 if answer.is_error else 0
