"""Implementations that are missing or cannot be called as WIT says: all are listed when a component is opened."""

from __future__ import annotations

import asyncio
import functools
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, NamedTuple
from unittest.mock import AsyncMock, MagicMock, create_autospec

import pytest
from wasmtime import wat2wasm

import witgen
from tests.support.problems import listed
from witgen.golem.local import Services
from witgen.loading.bindings import generated
from witgen_runtime import host

TEXT = """(component
  (import "shop:api/log@1.0.0" (instance
    (export "write" (func (param "level" u8) (param "text" string)))
    (export "flush" (func))))
  (import "shop:api/stock@1.0.0" (instance
    (export "item" (type $item (sub resource)))
    (export "[constructor]item" (func (param "name" string) (result (own $item))))
    (export "[method]item.count" (func (param "self" (borrow $item)) (result u32)))
    (export "[method]item.add" (func (param "self" (borrow $item)) (param "more" u32)))
    (export "[static]item.find" (func (param "name" string) (result (own $item))))))
  (import "now" (func (result u64))))"""

CONTENT = bytes(wat2wasm(TEXT))
NAME = "shop"
LOG, STOCK = "shop:api/log@1.0.0", "shop:api/stock@1.0.0"

Shop: Any = generated(CONTENT, world=NAME)[0]
"""The world's class as it is generated."""
AsyncShop: Any = vars(sys.modules[Shop.__module__])["AsyncShop"]
Item: Any = next(item.module for item in Shop._definition.imports if item.name == STOCK).Item


class Log:
    def write(self, level: int, text: str) -> None: ...
    def flush(self) -> None: ...


class Good(Item):  # type: ignore[misc]
    def __init__(self, name: str) -> None: ...

    def count(self) -> int:
        return 1

    def add(self, more: int) -> None: ...

    @classmethod
    def find(cls, name: str) -> Good:
        return cls(name)


def imports(log: object = None, item: object = Good, now: object = lambda: 1) -> SimpleNamespace:
    return SimpleNamespace(shop_api_log=log or Log(), shop_api_stock=item, now=now)


def refused(imports: object) -> list[str]:
    with pytest.raises(host.LinkError, match=r"\Aimports that are missing or do not fit( \(\d+\))?: ") as caught:
        Shop.open(TEXT, imports)
    return listed(caught.value)


class BadLog:
    def write(self, level: int) -> None: ...
    def flush(self, *, now: bool) -> None: ...


class BadItem(Item):  # type: ignore[misc]
    def __init__(self) -> None: ...

    def count(self, unit: str) -> int:
        return len(unit)

    def add() -> None:  # type: ignore[misc]
        ...

    def find(self, name: str) -> BadItem:
        del name
        return self


WRONG = [
    f"  {LOG}#write: it is called with (level, text), which `BadLog.write(level)` does not accept",
    f"  {LOG}#flush: it is called with (), which `BadLog.flush(*, now)` does not accept",
    f"  {STOCK}#[constructor]item: it is called with (name), which `BadItem()` does not accept",
    f"  {STOCK}#[method]item.count: it is called with (self), which `BadItem.count(self, unit)` does not accept",
    f"  {STOCK}#[method]item.add: it is called with (self, more), which `BadItem.add()` does not accept",
    f"  {STOCK}#[static]item.find: it is called with (name), which `BadItem.find(self, name)` does not accept",
    "  now: it is called with (), which `now(clock)` does not accept",
]


def now(clock: str) -> int:
    return len(clock)


async def _open_async(imports: object) -> None:
    async with await AsyncShop.open(TEXT, imports):
        pass


def _instantiate(imports: object) -> None:
    with host.Store() as store:
        Shop.instantiate(store, TEXT, imports)


def _load(imports: object) -> None:
    witgen.load(CONTENT, world=NAME).open(imports).close()


def _services(imports: object) -> None:
    with Services() as services:
        services.open(Shop_loaded(), imports).close()


def Shop_loaded() -> Any:  # noqa: N802
    return witgen.load(CONTENT, world=NAME)


WAYS: dict[str, Callable[[object], object]] = {
    "open": lambda imports: Shop.open(TEXT, imports).close(),
    "async": lambda imports: asyncio.run(_open_async(imports)),
    "instantiate": _instantiate,
    "load": _load,
    "services": _services,
}


@pytest.mark.parametrize("way", WAYS)
def test_parameters_that_do_not_fit_are_listed_in_every_way_of_opening(way: str) -> None:
    WAYS[way](imports())
    with pytest.raises(host.LinkError) as caught:
        WAYS[way](imports(BadLog(), BadItem, now))
    assert sorted(listed(caught.value)) == sorted(WRONG)


class HalfLog:
    def write(self, level: int) -> None: ...


def test_what_is_missing_is_listed_with_what_does_not_fit() -> None:
    assert refused(SimpleNamespace(shop_api_log=HalfLog(), shop_api_stok=Good)) == [
        f"  {LOG}#write: it is called with (level, text), which `HalfLog.write(level)` does not accept",
        f"  {LOG}: flush: func() (it is missing)",
        f"  {STOCK}: no implementation (imports.shop_api_stock); there is `shop_api_stok`",
        "  the world itself: now: func() -> u64 (it is missing)",
    ]
    with pytest.raises(host.LinkError) as caught:
        Shop_loaded().open({"shop:api/logs": Log(), "now": lambda: 1, "shop_api_stock": {"itm": Good}})
    assert listed(caught.value) == [
        "  `shop:api/logs`: the component imports nothing with this name (did you mean `shop:api/log`?)",
        f"  {STOCK}: it has no function `itm`; there is `Item`",
        f"  {LOG}: no implementation (imports.shop_api_log)",
        f"  {STOCK}: resource item: expected a class derived from Item",
    ]


def test_none_is_told_as_such() -> None:
    assert refused(imports(now=None)) == ["  the world itself: now: func() -> u64 (it is None)"]
    assert refused(SimpleNamespace(shop_api_log=None, shop_api_stock=imports().shop_api_stock, now=lambda: 1)) == [
        f"  {LOG}: no implementation (imports.shop_api_log); it is None"
    ]
    assert (
        refused(None)[0]
        == f"  {LOG}: no implementation (imports.shop_api_log); no imports were given: pass them to `open`"
    )


def test_what_cannot_be_called_is_told_by_its_type() -> None:
    assert refused(imports(now=1.5)) == ["  the world itself: now: func() -> u64 (got float, which cannot be called)"]


def test_a_misspelt_method_is_found() -> None:
    class Misspelt(Log):
        write = None  # type: ignore[assignment]

        def flsh(self) -> None: ...

    class Camel:
        def writeText(self, level: int, text: str) -> None: ...  # noqa: N802
        def Flush(self) -> None: ...  # noqa: N802

    assert refused(imports(Misspelt())) == [f"  {LOG}: write: func(level: u8, text: string) (it is None)"]
    assert refused(imports(Camel())) == [
        f"  {LOG}: write: func(level: u8, text: string) (as `write`; there is `writeText`)",
        f"  {LOG}: flush: func() (as `flush`; there is `Flush`)",
    ]


def _decorated(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def called(self: object, *arguments: object) -> object:
        return function(self, "more", *arguments)

    return called


class Injected:
    @_decorated
    def write(self, more: str, level: int, text: str) -> None: ...

    flush = functools.partialmethod(lambda self, more: None, 1)


class Wide:
    def write(self, *arguments: object) -> None: ...
    def flush(self, now: bool = False, *, deep: bool = False, **more: object) -> None: ...


class Static(Item):  # type: ignore[misc]
    """Methods that get no `self`, and a constructor that takes more."""

    def __init__(self, name: str, /, *others: str) -> None: ...

    @staticmethod
    def count() -> int:
        return 2

    @classmethod
    def add(cls, more: int) -> None: ...

    @staticmethod
    def find(name: str) -> Good:
        return Good(name)


class ByCall(Good):
    count = functools.partial(int, 3)
    find = staticmethod(Good)


class Called:
    def __call__(self, level: int, text: str) -> None: ...


class Tuple(NamedTuple):
    shop_api_log: object
    shop_api_stock: object
    now: object


@pytest.mark.parametrize(
    "given",
    [
        imports(Injected()),
        imports(Wide()),
        imports(SimpleNamespace(write=print, flush=dict)),
        imports(SimpleNamespace(write=Called(), flush=functools.partial(print, 1))),
        imports(MagicMock()),
        imports(create_autospec(Log, instance=True)),
        imports(type("Functions", (), {"write": staticmethod(print), "flush": classmethod(lambda cls: None)})),
        imports(item=Static),
        imports(item=ByCall),
        imports(now=MagicMock()),
        imports(now=functools.partial(now, "clock")),
        Tuple(Log(), Good, lambda: 1),
    ],
    ids=[
        *("annotated", "variable arguments", "built-in functions", "callable objects", "mock", "autospec"),
        *("class of functions", "static methods", "class by call", "mock function", "partial", "named tuple"),
    ],
)
def test_what_can_be_called_is_not_refused(given: object) -> None:
    Shop.open(TEXT, given).close()


def test_a_class_where_an_object_is_meant() -> None:
    lines = refused(imports(Log))
    assert [line.partition("; ")[2] for line in lines] == ["pass an instance of the class, not the class"] * 2
    assert refused(imports(item=Good("x"))) == [
        f"  {STOCK}: resource item: expected a class derived from Item, got an instance of it"
    ]


def test_coroutines_that_nobody_awaits() -> None:
    class Slow(Log):
        async def write(self, level: int, text: str) -> None: ...  # type: ignore[override]

    class SlowCall:
        async def __call__(self) -> int:
            return 1

    class SlowItem(Good):
        async def __init__(self, name: str) -> None: ...  # type: ignore[misc]

    lines = refused(imports(Slow(), SlowItem, SlowCall()))
    only = "(it is `async def`: only the asyncio API, the world's class whose name begins with Async, can run it)"
    assert sorted(lines) == sorted(
        [
            f"  {LOG}: write: func(level: u8, text: string) {only}",
            f"  {STOCK}: [constructor]item: func(name: string) -> item (`__init__` cannot be `async def`)",
            f"  the world itself: now: func() -> u64 {only}",
        ]
    )
    assert refused(imports(now=AsyncMock())) == [f"  the world itself: now: func() -> u64 {only}"]
    asyncio.run(_open_async(imports(Slow(), now=SlowCall())))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"shop_api_log": Log()},
            r"attributes `shop_api_log`, `shop_api_stock`, got dict; pass ShopImports\(\*\*imports\)",
        ),
        ([Log()], "got list"),
        ("shop_api_log", "got str"),
        (7, "got int"),
        ((Log(), Good), "got tuple"),
    ],
)
def test_imports_of_a_wrong_type(given: object, message: str) -> None:
    with pytest.raises(TypeError, match=f"imports: expected an object with the .*{message}"):
        Shop.open(TEXT, given)
    with host.Store() as store, pytest.raises(TypeError, match="imports: expected an object with the attributes"):
        Shop.instantiate(store, TEXT, given)
    if not isinstance(given, dict):
        with pytest.raises(TypeError, match="imports: expected an object with the attributes"):
            Shop_loaded().open(given)


def test_the_class_of_the_imports_in_place_of_an_object() -> None:
    container = vars(sys.modules[Shop.__module__])["ShopImports"]
    with pytest.raises(TypeError, match="imports: expected an instance of ShopImports, got the class"):
        Shop.open(TEXT, container)


def test_a_world_that_imports_nothing_takes_nothing() -> None:
    nothing = witgen.load(bytes(wat2wasm("(component)")), world="nothing")
    with pytest.raises(host.LinkError, match="`log`: the component imports nothing with this name"):
        nothing.open(log=Log())
    with pytest.raises(TypeError, match="imports: expected None because the world imports nothing, got str"):
        nothing.open("log")
