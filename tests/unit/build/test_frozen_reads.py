"""What the application reads while it is imported is warned of, with its place."""

from __future__ import annotations

import ast

import pytest

from witgen.base.source import SourceFile
from witgen.build.application import Module
from witgen.build.frozen_reads import frozen_reads

IMPORTS = """\
import datetime, os, random, secrets, sys, time, uuid
import datetime as dt
from datetime import date, datetime as moment
from os import environ, getenv as env
from typing import TYPE_CHECKING
"""
READ = {
    "x = os.environ['A']": "the environment",
    "x = os.environ.get('A', '')": "the environment",
    "x = dict(os.environ)": "the environment",
    "if 'A' in environ: pass": "the environment",
    "class C:\n    a: str = env('A')": "the environment",
    "def f(a=os.getenv('A')): pass": "the environment",
    "@print(os.getenv('A'))\ndef f(): pass": "the environment",
    "try:\n    pass\nexcept OSError:\n    x = os.getenv('A')": "the environment",
    "with open(os.environ['A']) as file: pass": "the environment",
    "print(key=[os.getenv(n) for n in ('A', 'B')])": "the environment",
    "def load():\n    return os.environ['A']\nx = load()": "the environment",
    "x = sys.argv[1:]": "the arguments",
    "x = len(sys.argv)": "the arguments",
    "x = time.time()": "the time of the build",
    "x = time.localtime()": "the time of the build",
    "x = moment.now()": "the time of the build",
    "x = dt.datetime.now(dt.timezone.utc)": "the time of the build",
    "x = date.today()": "the time of the build",
    "x = time.monotonic() + 5": "a clock",
    "x = random.randint(1, 6)": "a random value",
    "x = secrets.token_hex()": "a random value",
    "x = uuid.uuid4()": "a random value",
}
NOT_READ = [
    "def f():\n    return os.environ['A']",
    "f = lambda: os.environ['A']",
    "class C:\n    def f(self): return time.time()",
    "async def f():\n    return time.time()\nx = f()",
    "def f():\n    yield time.time()\nx = f()",
    "os.environ['A'] = '1'",
    "os.environ.setdefault('A', '1')",
    "e = os.environ",
    "clock = time.time",
    "x = time.localtime(0)",
    "x = random.Random(), random.SystemRandom()",
    "random.seed(5)\nx = random.random()",
    "x = os.environ['A']  # witgen: frozen",
    "x = (\n    os.environ['A']\n)  # witgen: frozen",
    "if __name__ == '__main__':\n    print(sys.argv[1])",
    "if TYPE_CHECKING:\n    x = os.environ['A']",
    "time = clock()\nx = time.time()",
    "x: 'os.getenv(1)' = 1\ny: os.getenv(1)",
]


def warned(text: str, *, is_late: bool = False) -> list[str]:
    source = IMPORTS + text
    module = Module(SourceFile("app.py", source), ast.parse(source), "", is_late)
    found = frozen_reads([module])
    assert all(each.code == "W0709" and each.span is not None and each.span.line > 5 for each in found)
    return [each.message for each in found]


@pytest.mark.parametrize("text", READ)
def test_what_is_read_at_import(text: str) -> None:
    (message,) = warned(text)
    assert f"reads {READ[text]}" in message


@pytest.mark.parametrize("text", NOT_READ)
def test_what_is_read_later_or_meant(text: str) -> None:
    assert warned(text) == []


def test_modules_that_are_imported_at_run_time_read_for_themselves() -> None:
    assert warned("x = os.environ['A']", is_late=True) == []
