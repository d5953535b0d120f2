"""One component: keeps accounts, each of which is a resource."""

from ledger_bindings.guest import exports
from ledger_bindings.guest.exports.docs_ledger_accounts import Account as AccountBase
from ledger_bindings.guest.exports.docs_ledger_accounts import Accounts
from ledger_bindings.types.docs_ledger_accounts import ProblemOverdrawn, ProblemUnknown

BALANCES: dict[str, int] = {}


class MyAccount(AccountBase):
    def __init__(self, owner: str) -> None:
        self.owner = owner
        BALANCES.setdefault(owner, 0)

    def deposit(self, amount: int) -> None:
        BALANCES[self.owner] += amount

    def withdraw(self, amount: int) -> int:
        if amount > BALANCES[self.owner]:
            raise ProblemOverdrawn(BALANCES[self.owner])
        BALANCES[self.owner] -= amount
        return BALANCES[self.owner]

    @classmethod
    def find(cls, owner: str) -> AccountBase:
        if owner not in BALANCES:
            raise ProblemUnknown(owner)
        return cls(owner)


class MyAccounts(Accounts):
    Account = MyAccount

    def count(self) -> int:
        return len(BALANCES)


exports.serve(__name__, docs_ledger_accounts=MyAccounts())
