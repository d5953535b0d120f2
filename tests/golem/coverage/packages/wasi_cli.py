"""wasi:cli: what a program is started with, and its end."""

from agent.guest import wasi_cli_environment as environment
from agent.guest import wasi_cli_exit as exit_
from agent.guest import wasi_cli_stderr as stderr
from agent.guest import wasi_cli_stdin as stdin
from agent.guest import wasi_cli_stdout as stdout
from agent.guest import wasi_cli_terminal_stderr as terminal_stderr
from agent.guest import wasi_cli_terminal_stdin as terminal_stdin
from agent.guest import wasi_cli_terminal_stdout as terminal_stdout
from agent.guest.exports.wasi_cli_run import Run

from witgen_runtime.values import Ok


def cover(_: str) -> None:
    assert dict(environment.get_environment())["COLOUR"] == "blue"
    assert isinstance(environment.get_arguments(), list)
    environment.initial_cwd()
    with stdin.get_stdin() as given:
        given.subscribe().drop()
    with stdout.get_stdout() as out:
        out.blocking_write_and_flush(b"to stdout\n")
    with stderr.get_stderr() as out:
        out.blocking_write_and_flush(b"to stderr\n")
    for terminal in (
        terminal_stdin.get_terminal_stdin(),
        terminal_stdout.get_terminal_stdout(),
        terminal_stderr.get_terminal_stderr(),
    ):
        assert terminal is None or hasattr(terminal, "drop")


class Program(Run):
    """Ends the component in the middle of its run."""

    def run(self) -> None:
        exit_.exit(Ok(None))
