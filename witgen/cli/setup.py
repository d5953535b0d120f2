"""`witgen init`, `witgen completion`, `--version`."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import click

from ..base.resources import GOLEM_NEWEST, GOLEM_RELEASES
from ..version import VERSION
from .options import ReleaseOption, reporting
from .output import reporter

__all__ = ["completion", "init", "versions"]


def versions() -> str:
    """Return the versions of witgen, Python and the installed runtimes, without loading them."""
    found = "".join(f"\n{name} {_installed(name)}" for name in ("wasmtime", "componentize-py"))
    return f"witgen {VERSION}{found}\nPython {platform.python_version()}"


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "(not installed)"


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(*, shell: str) -> None:
    """Print the script that lets SHELL complete witgen's commands and options.

    In ~/.bashrc: eval "$(witgen completion bash)". In ~/.zshrc: eval "$(witgen completion zsh)". For fish, write it to
    ~/.config/fish/completions/witgen.fish.
    """
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    if kind is None:
        msg = f"click knows no completion for {shell}"
        raise click.ClickException(msg)
    click.echo(kind(click.get_current_context().find_root().command, {}, "witgen", "_WITGEN_COMPLETE").source())


@click.command()
@click.argument("wit", type=click.Path(path_type=Path), required=False)
@click.option("-w", "--world", metavar="WORLD", help="The world, if the WIT has several.")
@click.option("-o", "--out", metavar="DIR", help="The output package.  [default: (src/)WORLD_bindings]")
@click.option(
    "--gitattributes",
    is_flag=True,
    help="Add the line that marks the output as generated to .gitattributes; in a project that has a [tool.witgen], "
    "do only that.",
)
@click.option(
    "--golem",
    cls=ReleaseOption,
    metavar="1.5|main|workers",
    type=click.Choice(GOLEM_RELEASES),
    unnamed=GOLEM_NEWEST,
    help="Resolve missing packages from the bundled WIT of a release of Golem (default 1.5), even without other WIT.",
)
@click.option("--guest", is_flag=True, help="Also write app.py, a guest whose exports are to be filled in.")
@reporting
def init(
    *, wit: Path | None, world: str | None, out: str | None, golem: str | None, guest: bool, gitattributes: bool
) -> None:
    """Write an initial [tool.witgen] to ./pyproject.toml for the WIT in this project, in ./wit or in WIT."""
    from ..project.init import attributes_line, initialise, mark_generated, outputs, uses_git

    if gitattributes and not (wit or world or out or golem or guest) and (known := outputs(Path.cwd())):
        for line in map(attributes_line, known):
            added = mark_generated(Path.cwd(), line)
            reporter.say(f".gitattributes: {line}" if added else f".gitattributes has `{line}`")
        return
    target = initialise(Path.cwd(), wit, world, out, golem=golem or False, guest=guest)
    source = target.wit or "Golem's WIT"
    reporter.say(f"pyproject.toml: world `{target.world}` of {source} goes to {target.out}; run `witgen generate`")
    if target.app is not None:
        reporter.say(f"{target.app}: implements the exports, to be filled in; then run `witgen build {target.app}`")
    line = attributes_line(target.out)
    if gitattributes:
        if mark_generated(Path.cwd(), line):
            reporter.say(f".gitattributes: {line}")
    elif uses_git(Path.cwd()):
        reporter.say(f"in .gitattributes, `{line}` folds the output in reviews and keeps its line endings")
