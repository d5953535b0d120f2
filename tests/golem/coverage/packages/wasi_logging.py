"""wasi:logging: a message of every level."""

from agent.guest.wasi_logging_logging import log
from agent.types.wasi_logging_logging import Level


def cover(_: str) -> None:
    for level in Level:
        log(level, "coverage", f"a message of level {level.name.lower()}")
