"""Programs: components that export `wasi:cli/run`."""

# pyright: reportPrivateUsage=false
# ruff: noqa: SLF001
# Worlds keep what is the runtime's under names with an underscore, because WIT may give their functions any other.

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final, Unpack

from .. import abi
from ..values import WitError
from .aio import AsyncWorld, run_in_store
from .errors import GuestExit
from .linking.definition import Definition
from .open_options import OpenOptions, refuse_unknown
from .world import World

if TYPE_CHECKING:
    from .component import ComponentSource
    from .linking.instance import Instance

__all__ = ["async_run_command", "exit_code", "run_command"]


class _RunError(WitError):
    """The error of `run`."""


_RUN: Final = abi.Function("run", "run", (), result=abi.Result(None, None), raises=_RunError)
_COMMAND: Final = abi.Interface("wasi:cli/run@0.2.0", resources=(), functions=(_RUN,))


class _Command(World):
    """The world `wasi:cli/command`, whose imports are wasmtime's."""

    _definition = Definition("wasi:cli/command", imports=(), exports=(_COMMAND,))

    def _bind(self, instance: Instance) -> None:
        self.run: Callable[[], None] = instance.function(_RUN, _COMMAND.name)


class _AsyncCommand(AsyncWorld[_Command]):
    """The same for asyncio."""


def exit_code(run: Callable[[], object]) -> int:
    """Call `run` of `wasi:cli/run`, and return the exit code of the program that it is.

    Args:
        run: the function of an open world: `world.wasi_cli_run.run`.

    Returns:
        0 if the program succeeded, 1 if it failed, or the code with which it exited.

    Raises:
        HostError: it trapped, or exceeded a limit.
    """
    try:
        run()
    except GuestExit as left:
        return left.code
    except WitError:
        return 1
    return 0


def run_command(component: ComponentSource, **options: Unpack[OpenOptions]) -> int:
    """Run a program, and return its exit code.

        run_command("tool.wasm", wasi=Wasi(args=["tool", "-v"], folders={"/": "data"}))

    Args:
        component: a component that exports `wasi:cli/run`, and imports nothing but what wasmtime has. Bindings run one
            that imports more: `exit_code(world.wasi_cli_run.run)`.
        options: those of `open`.

    Raises:
        LinkError: the component is not such a program.
        HostError: it trapped, or exceeded a limit.
    """
    refuse_unknown("run_command", options, OpenOptions.__annotations__)
    with _Command._open_by_options(component, None, options) as command:
        return exit_code(command.run)


async def async_run_command(component: ComponentSource, **options: Unpack[OpenOptions]) -> int:
    """Run a program on a thread of its own, and return its exit code; cancelling this ends the program.

    The arguments and errors are those of `run_command`.
    """
    refuse_unknown("async_run_command", options, OpenOptions.__annotations__)
    async with _AsyncCommand._open_by_options(_Command, component, None, options) as command:
        return await run_in_store(command, partial(exit_code, command._world.run))
