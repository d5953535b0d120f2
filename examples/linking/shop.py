"""The other component: uses accounts, wherever they are kept."""

from shop_bindings.guest import exports
from shop_bindings.guest.docs_ledger_accounts import Account
from shop_bindings.guest.shop import log


def open_account(owner: str, money: int) -> Account:
    account = Account(owner)
    account.deposit(money)
    return account


def buy(account: Account, price: int) -> int:
    left = account.withdraw(price)  # raises what the caller gets, too
    log(f"paid {price}, {left} left")
    return left


exports.serve(__name__, open_account=open_account, buy=buy)
