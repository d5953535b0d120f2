"""Errors that `use` brings in under other names: each has an exception under the name that it has there."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from witgen import Config, generate
from witgen_runtime.values import WitError

WIT = """\
package shop:%aliased;
interface disk { enum error { full, broken }  save: func() -> result<_, error>; }
interface mail { enum error { bounced, late } record reason { text: string } variant trouble { lost, held(u32) }
  send: func() -> result<_, error>;  ask: func() -> result<_, reason>;  look: func() -> result<_, trouble>; }
interface both {
  use disk.{error as disk-error};
  use mail.{error as mail-error, reason, trouble as mail-trouble};
  variant disk { error-exception, fine }
  type again = mail-error;
  save: func() -> result<_, disk-error>;
  send: func() -> result<_, again>;
  ask: func() -> result<_, reason>;
  look: func() -> result<disk, mail-trouble>;
}
interface chained {
  use both.{disk-error as storage-error, mail-error as error};
  both: func() -> result<_, error>;
}
world %aliased {
  import both; import chained; export both;
  use mail.{error as sending};
  export quick: func() -> result<_, sending>;
}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("aliased")
    (folder / "a.wit").write_text(WIT)
    generate(Config(folder / "a.wit", world="aliased", out=folder / "aliased_bindings"))
    return folder


@pytest.fixture
def types(folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, ModuleType]:
    monkeypatch.syspath_prepend(folder)
    names = ("disk", "mail", "both", "chained")
    return {name: import_module(f"aliased_bindings.types.shop_aliased_{name}") for name in names}


def test_each_has_a_name_of_its_own(types: dict[str, Any]) -> None:
    disk, mail, both, chained = types.values()
    assert (both.DiskErrorException, both.MailErrorException) == (disk.ErrorException, mail.ErrorException)
    assert (both.DiskError, both.MailError, both.ReasonError) == (disk.Error, mail.Error, mail.ReasonError)
    assert both.MailTrouble is mail.Trouble
    assert (chained.StorageErrorException, chained.ErrorException) == (disk.ErrorException, mail.ErrorException)
    for module in types.values():
        assert len(set(module.__all__)) == len(module.__all__)
        assert all(hasattr(module, name) for name in module.__all__)
    assert import_module("aliased_bindings.types.aliased").SendingError is mail.ErrorException


def test_each_says_what_it_is(types: dict[str, Any]) -> None:
    disk, mail, both, _ = types.values()
    assert str(both.DiskErrorException(disk.Error.FULL)) == "Error.FULL"
    assert str(both.MailErrorException(mail.Error.LATE)) == "Error.LATE"
    assert (str(mail.TroubleLost()), str(mail.TroubleHeld(3))) == ("TroubleLost", "TroubleHeld(3)")


def test_mypy_passes(folder: Path) -> None:
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "aliased_bindings"]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout


@pytest.mark.parametrize("value", [None, "", " \n"])
def test_an_error_without_words_says_its_name(value: str | None) -> None:
    class MissingError(WitError):
        pass

    error = MissingError()
    error.value = value
    assert str(error) == "MissingError"
    error.value = "no page"
    assert str(error) == "no page"
