"""The generated asyncio API, with a componentize-py guest and host methods that are coroutines."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def component(built: Callable[[str, str], Path]) -> Path:
    return built("values", "values")


def test_the_asyncio_face(component: Path) -> None:
    from values_bindings.host import AsyncValues, ValuesImports, golden_values_functions
    from values_bindings.types.golden_values_types import ShapeText

    def coroutine(self: Any, *values: Any) -> Any:
        async def answer() -> Any:
            await asyncio.sleep(0.01)
            return values if len(values) > 1 else values[0]

        return answer()

    abstract = golden_values_functions.Functions.__abstractmethods__
    echo = type("Echo", (golden_values_functions.Functions,), dict.fromkeys(abstract, coroutine))

    async def double(n: int) -> int:
        await asyncio.sleep(0.01)
        return 2 * n

    async def main() -> None:
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                await asyncio.sleep(0.001)
                ticks += 1

        ticking = asyncio.create_task(tick())
        imports = ValuesImports(golden_values_functions=echo(), double=double)
        async with await AsyncValues.open(component, imports, deadline=10, memory=1 << 30) as world:
            before = ticks
            assert await world.twice(21) == 42
            assert await world.golden_values_functions.choose(ShapeText("x")) == ShapeText("x")
            assert ticks - before >= 10
            with pytest.raises(TypeError, match=r"twice\(n=…\): expected int, got str"):
                await world.twice("x")
        ticking.cancel()

    asyncio.run(main())
