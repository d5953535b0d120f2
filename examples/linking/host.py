"""Opens both, and gives what the ledger exports to the shop, which imports it."""

from ledger_bindings.host import Ledger
from shop_bindings.host import Shop, ShopImports
from shop_bindings.types.docs_ledger_accounts import ProblemOverdrawn

with Ledger.open("ledger.wasm") as ledger:
    accounts = ledger.docs_ledger_accounts
    with Shop.open("shop.wasm", ShopImports(docs_ledger_accounts=accounts, log=print)) as shop:
        account = shop.open_account("Ann", 10)
        shop.buy(account, 3)
        try:
            shop.buy(account, 30)
        except ProblemOverdrawn as problem:
            print("only", problem.value)
        account.deposit(20)  # the ledger's object, in the hands of the host
        shop.buy(account, 20)
    print(accounts.count(), "account")
