"""`witgen workers` and its subcommands."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..base.counted import counted
from .options import reporting
from .output import reporter
from .running import imported, state_option

if TYPE_CHECKING:
    from ..golem.worker.managing import Manager, Reader

__all__ = ["workers"]

_name = click.argument("name", metavar="[COMPONENT/]WORKER")
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group(invoke_without_command=True)
@state_option
@_json
@reporting
@click.pass_context
def workers(ctx: click.Context, *, state: Path | None, as_json: bool) -> int:
    """List the workers of a state file, or manage one of them.

    While another process runs the workers, only the list, show, oplog and interrupt are available.
    """
    ctx.obj = state
    if ctx.invoked_subcommand is not None:
        return 0
    return _guarded(lambda: _list(state, as_json=as_json))


def _command(function: Callable[..., object]) -> Any:
    """Make a command from a function of the state file's path; failures that users can fix have exit code 2."""

    @wraps(function)
    def run(*, state: Path | None, **arguments: Any) -> int:
        place = state or click.get_current_context().obj
        return _guarded(lambda: function(place, **arguments))

    return workers.command(name=function.__name__.strip("_"))(state_option(reporting(run)))


def _guarded(action: Callable[[], object]) -> int:
    imported()
    from ..golem.worker.errors import WorkerError

    try:
        action()
    except WorkerError as error:
        click.echo(f"error: {error}", err=True)
        return 2
    return 0


def _reader(state: Path | None, *, read_only: bool = True) -> Reader:
    from ..golem.worker.managing import Reader

    return Reader(state or imported().DEFAULT_STATE, read_only=read_only)


def _manager(state: Path | None) -> Manager:
    from ..golem.worker.managing import Manager

    return Manager(state or imported().DEFAULT_STATE)


def _list(state: Path | None, *, as_json: bool) -> None:
    with _reader(state) as reader:
        found = [reader.listed(each) for each in reader.workers()]
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    _table(
        (
            f"{each['component']}/{each['worker']}", each["status"], f"version {each['version']}",
            counted(each["oplog-entries"], "entry", "entries"), each["created"],
        )
        for each in found
    )  # fmt: skip


def _table(rows: Iterable[Sequence[str]]) -> None:
    listed = list(rows)
    widths = [max(map(len, column)) for column in zip(*listed, strict=True)]
    for row in listed:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


@_command
@_name
@_json
def show(state: Path | None, name: str, *, as_json: bool) -> None:
    """Show what a worker is doing, and which commands apply to it."""
    with _reader(state) as reader:
        shown = reader.shown(reader.find(name))
    if as_json:
        click.echo(json.dumps(shown, indent=2))
        return
    ways = shown.pop("ways")
    for key, value in shown.items():
        if value not in (None, [], {}):
            click.echo(f"{key}: {value if isinstance(value, (str, int)) else json.dumps(value, ensure_ascii=False)}")
    for way in ways:
        click.echo(f"possible: {way}")


@_command
@_name
@click.option("--from", "start", type=click.IntRange(min=1), default=1, metavar="N", help="The first entry.")
@click.option("--all", "dead", is_flag=True, help="Include entries that a revert has taken back.")
@_json
def oplog(state: Path | None, name: str, *, start: int, dead: bool, as_json: bool) -> None:
    """Print a worker's oplog; with --json, one object per line."""
    with _reader(state) as reader:
        for entry in reader.oplog(reader.find(name), start=start, dead=dead):
            click.echo(json.dumps(entry, ensure_ascii=False) if as_json else _entry(entry))


def _entry(entry: dict[str, Any]) -> str:
    what = f" {entry['name']}({entry['request'].strip('[]')})" if entry["name"] else f" {entry['request']}"
    came_to = "" if entry["response"] in (None, "null") else f" -> {entry['response']}"
    size = f" [{entry['bytes']} bytes]" if entry["bytes"] else ""
    dead = " (taken back)" if entry["dead"] else ""
    return f"{entry['position']:>6}  {entry['at']}  {entry['kind']}{what}{came_to}{size}{dead}"


@_command
@_name
def interrupt(state: Path | None, name: str) -> None:
    """End a worker's current call.

    The process that runs the worker ends the call. The worker's next call resumes it.
    """
    with _reader(state, read_only=False) as reader:
        record = reader.find(name)
        is_asked = reader.interrupt(record)
        what = "asked the process that runs it to end its call" if is_asked else "no process runs it; it is interrupted"
        reporter.say(f"worker `{record.name}`: {what}")


@_command
@_name
def abandon(state: Path | None, name: str) -> None:
    """Abandon a worker's unfinished call.

    The worker returns to its state before that call.
    """
    with _manager(state) as manager:
        record = manager.find(name)
        call = manager.abandon(record)
        reporter.say(f"worker `{record.name}`: abandoned `{call}`; it is idle")


@_command
@_name
@click.argument("position", type=int, required=False)
@click.option("--calls", type=click.IntRange(min=1), metavar="N", help="Take back this many calls.")
def revert(state: Path | None, name: str, *, position: int | None, calls: int | None) -> None:
    """Take a worker back in its oplog.

    The worker returns to POSITION in its oplog, or to its state before its last calls. All later entries are discarded.
    """
    if (position is None) == (calls is None):
        raise click.UsageError("pass a position, or --calls N")
    with _manager(state) as manager:
        record = manager.find(name)
        last = manager.revert(record, position=position, calls=calls)
        reporter.say(f"worker `{record.name}`: back at entry {last}; it is idle")


@_command
@_name
def retry(state: Path | None, name: str) -> None:
    """Let a failed worker try again at its next call."""
    with _manager(state) as manager:
        record = manager.find(name)
        call = manager.retry(record)
        rest = "" if call is None else f", which first resumes `{call}`"
        reporter.say(f"worker `{record.name}`: tries again at its next call{rest}")


@_command
@_name
def delete(state: Path | None, name: str) -> None:
    """Remove a worker and its data.

    That is its oplog, promises, files, and the bodies of HTTP responses.
    """
    with _manager(state) as manager:
        record = manager.find(name)
        manager.delete(record)
        reporter.say(f"worker `{record.name}`: removed")


@_command
@click.option("--failed", is_flag=True, help="Remove failed workers, too.")
@click.option(
    "--snapshot",
    is_flag=True,
    help="First take snapshots of idle workers, if their components support it, so that older entries can go.",
)
def prune(state: Path | None, *, failed: bool, snapshot: bool) -> None:
    """Remove workers and data that are no longer needed.

    That is: workers that have exited, workers of a single run, and oplog entries and bodies that replay does not read.
    """
    if snapshot:
        from ..golem.worker.snapshots import take_snapshots

        taken = take_snapshots(state or imported().DEFAULT_STATE, reporter.say)
        reporter.say(f"took snapshots of {counted(taken, 'worker')}")
    with _manager(state) as manager:
        pruned = manager.prune(failed=failed)
    reporter.say(
        f"removed {counted(len(pruned.workers), 'worker')}, {counted(pruned.entries, 'oplog entry', 'oplog entries')}, "
        f"{counted(pruned.bodies, 'file')} of bodies ({counted(pruned.size, 'byte')})"
    )
