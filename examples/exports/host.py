"""Uses the resource that the component exports."""

from ledger_bindings.host import Ledger
from ledger_bindings.types.docs_ledger_accounts import ProblemOverdrawn

with Ledger.open("app.wasm") as component:
    accounts = component.docs_ledger_accounts
    with accounts.Account("Ann") as account:
        account.deposit(10)
        try:
            account.withdraw(12)
        except ProblemOverdrawn as problem:
            print("only", problem.value)
    print(accounts.Account.find("Ann").withdraw(4), accounts.owners())
