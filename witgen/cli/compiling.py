"""`witgen compile`."""

from __future__ import annotations

from pathlib import Path

import click

from .options import reporting
from .output import reporter

__all__ = ["compile"]


@click.command()
@click.argument("component", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    "out",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The file to write; by default COMPONENT with the ending .cwasm.",
)
@click.option("--fuel", is_flag=True, help="Let programs limit its instructions, which makes it slower.")
@reporting
def compile(component: Path, out: Path | None, *, fuel: bool) -> None:
    """Compile COMPONENT, with its adapters, into a file that `witgen serve` and the `open` of bindings take.

    The file runs with this version of wasmtime and of witgen, on this kind of machine. Compiled code can do anything in
    the process that loads it, so it is loaded only if nobody but you, or the administrator, can have written the file.
    """
    from witgen_runtime.host import HostError

    from ..loading.compiling import compile_file

    target = out or component.with_suffix(".cwasm")
    try:
        with reporter.during(f"compiling {component}"):
            size = compile_file(component, target, fuel=fuel)
    except (HostError, FileExistsError) as error:
        raise click.ClickException(str(error)) from error
    reporter.say(f"{target}: {size / (1 << 20):.1f} MiB")
