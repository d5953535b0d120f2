"""Database servers on the loopback interface, for tests that are run where their programs are installed."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

__all__ = ["mariadb_server", "postgres_server"]

_PATIENCE = 60


def _program(*names: str) -> str:
    installed = sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")), reverse=True)
    places = [os.environ["PATH"], *installed, "/usr/sbin"]
    found = next(filter(None, (shutil.which(name, path=os.pathsep.join(places)) for name in names)), None)
    if found is None:
        pytest.skip(f"there is no database server here: no program {' or '.join(names)}")
    return found


def _as_somebody(user: str) -> dict[str, Any]:
    """Return how a program is started that refuses to be run by root."""
    if os.geteuid() != 0:
        return {}
    try:
        entry = pwd.getpwnam(user)
    except KeyError:
        pytest.skip(f"the server refuses to be run by root, and there is no user {user}")
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


def _ready(process: subprocess.Popen[bytes], connect: Any) -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            connect().close()
        except Exception:  # noqa: BLE001 - whatever the driver says
            assert process.poll() is None, "the server has ended"
            assert time.monotonic() < deadline
            time.sleep(0.1)
        else:
            return


@contextmanager
def _running(command: list[str], connect: Any, **options: Any) -> Iterator[None]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)
    try:
        _ready(process, connect)
        yield
    finally:
        process.terminate()
        process.wait(_PATIENCE)


@contextmanager
def postgres_server() -> Iterator[str]:
    """Run PostgreSQL, and give the address of its database."""
    psycopg = pytest.importorskip("psycopg")
    initdb, postgres = _program("initdb"), _program("postgres")
    who = _as_somebody("postgres")
    with TemporaryDirectory(prefix="witgen-postgres-") as folder:
        if who:
            os.chown(folder, who["user"], who["group"])
        data = f"{folder}/data"
        subprocess.run(
            [initdb, "-D", data, "-U", "golem", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"],
            check=True, capture_output=True, cwd=folder, **who,
        )  # fmt: skip
        port = free_port()
        url = f"postgres://golem@127.0.0.1:{port}/postgres"
        options = ["-p", str(port), "-h", "127.0.0.1", "-k", folder, "-F"]
        with _running([postgres, "-D", data, *options], lambda: psycopg.connect(url), cwd=folder, **who):
            yield url


@contextmanager
def mariadb_server() -> Iterator[str]:
    """Run MariaDB or MySQL, and give the address of its database."""
    pymysql = pytest.importorskip("pymysql")
    install, server = _program("mariadb-install-db"), _program("mariadbd")
    who = _as_somebody("mysql")
    with TemporaryDirectory(prefix="witgen-mariadb-") as folder:
        if who:
            os.chown(folder, who["user"], who["group"])
        data = f"{folder}/data"
        subprocess.run(
            [install, "--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal"],
            check=True, capture_output=True, cwd=folder, **who,
        )  # fmt: skip
        port = free_port()
        command = [
            server, "--no-defaults", f"--datadir={data}", f"--port={port}", "--bind-address=127.0.0.1",
            f"--socket={folder}/socket", f"--pid-file={folder}/pid",
        ]  # fmt: skip
        options: dict[str, Any] = {"host": "127.0.0.1", "port": port, "user": "root"}
        with _running(command, lambda: pymysql.connect(**options), cwd=folder, **who):
            with pymysql.connect(**options) as connection, connection.cursor() as cursor:
                cursor.execute("CREATE DATABASE golem")
            yield f"mysql://root@127.0.0.1:{port}/golem"
