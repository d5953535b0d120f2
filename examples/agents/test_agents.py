"""The same file passes on CPython (host functions are fakes) and against the component (`--witgen-component agents.wasm`)."""

import pytest
from agents import Cart, EmptyCart, Item, PaymentError

from witgen.golem.sdk.testing import Agents


@pytest.fixture
def cart(witgen_agents: Agents) -> Cart:
    witgen_agents.configure(Cart, max_items=2, api_key="sk-test")
    return witgen_agents.get(Cart, "ann")


def test_items_are_counted_up_to_the_limit(cart: Cart) -> None:
    assert [cart.add(Item("pen", 1.5, 2)) for _ in range(3)] == [1, 2, 2]
    assert cart.total(None) == pytest.approx(6.0)


async def test_an_empty_cart_cannot_be_paid(cart: Cart) -> None:
    with pytest.raises(PaymentError) as error:
        await cart.checkout()
    assert error.value.value == EmptyCart("ann")


async def test_what_is_paid_is_booked(cart: Cart, witgen_agents: Agents) -> None:
    cart.add(Item("pen", 1.5, 2))
    receipt = await cart.checkout()
    assert receipt.total == pytest.approx(3.0)
    assert witgen_agents.calls("Ledger", "main") == [("book", "ann", 3.0)]
