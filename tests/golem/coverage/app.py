"""Calls every function of every package that Golem gives to components."""

import counting  # isort: skip - before the wrappers

from agent.guest import exports
from agent.guest.exports.golem_api_load_snapshot import LoadSnapshot
from agent.guest.exports.golem_api_save_snapshot import SaveSnapshot
from packages import (
    golem_api,
    golem_durability,
    golem_rpc,
    golem_websocket,
    wasi_blobstore,
    wasi_cli,
    wasi_clocks,
    wasi_config,
    wasi_filesystem,
    wasi_http,
    wasi_io,
    wasi_keyvalue,
    wasi_logging,
    wasi_random,
    wasi_sockets,
)

PACKAGES = {
    "golem:api": golem_api.cover,
    "golem:durability": golem_durability.cover,
    "golem:rdbms": lambda _: None,
    "golem:rpc": golem_rpc.cover,
    "golem:websocket": golem_websocket.cover,
    "wasi:blobstore": wasi_blobstore.cover,
    "wasi:cli": wasi_cli.cover,
    "wasi:clocks": wasi_clocks.cover,
    "wasi:config": wasi_config.cover,
    "wasi:filesystem": wasi_filesystem.cover,
    "wasi:http": wasi_http.cover,
    "wasi:io": wasi_io.cover,
    "wasi:keyvalue": wasi_keyvalue.cover,
    "wasi:logging": wasi_logging.cover,
    "wasi:random": wasi_random.cover,
    "wasi:sockets": wasi_sockets.cover,
}


def cover(package: str, argument: str) -> list[str]:
    counting.called.clear()
    PACKAGES[package](argument)
    return sorted(counting.called)


def answer(question: str) -> str:
    return question.upper()


class Save(SaveSnapshot):
    def save(self) -> bytes:
        return b"everything"


class Load(LoadSnapshot):
    def load(self, bytes: bytes) -> None:
        print(f"loaded {bytes!r}")


exports.serve(
    __name__,
    cover=cover,
    answer=answer,
    golem_api_save_snapshot=Save(),
    golem_api_load_snapshot=Load(),
    wasi_cli_run=wasi_cli.Program(),
)
