"""A key for a call to the outside: the same one when the worker is started again, so that nothing is paid twice."""

from agent.guest import exports
from agent.guest.uuids import idempotency_key
from agent.guest.wasi_logging_logging import log
from agent.types.wasi_logging_logging import Level


def pay(account: str, cents: int) -> str:
    key = idempotency_key()
    log(Level.INFO, "pay", f"POST /payments, Idempotency-Key: {key}, {cents} cents to {account}")
    return str(key)


exports.serve(__name__, pay=pay)
