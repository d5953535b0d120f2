"""Two compatible versions of an interface in components that tools make: adapters, streams and resources of each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.components import run
from tests.support.problems import listed
from witgen.loading.bindings import generated
from witgen.loading.implementations import complete, implementations
from witgen_runtime.host import LinkError, adapters_of

_INTERFACE = """
  interface orders {
    record entry { name: string, n: u32 }
    resource cart {
      constructor(n: u32);
      add: func(e: entry);
      all: func() -> list<entry>;
      join: static func(a: borrow<cart>, b: borrow<cart>) -> cart;
    }
    items: func() -> stream<entry>;
    put: func(data: stream<entry>, raw: list<u8>) -> list<u8>;
    later: func() -> future<entry>;
    wait: async func(x: u32) -> entry;
    two: func(a: borrow<cart>, b: borrow<cart>) -> u32;
    $more
  }
"""
_MORE = "more: func(c: list<borrow<cart>>) -> u32;"
_WIT = f"""package test:two;
package shop:api@1.0.0 {{ {_INTERFACE.replace("$more", "")} }}
package shop:api@1.1.0 {{ {_INTERFACE.replace("$more", _MORE)} }}
world both {{
  import shop:api/orders@1.0.0; import shop:api/orders@1.1.0;
  export shop:api/orders@1.0.0; export shop:api/orders@1.1.0;
}}
world newer {{ import shop:api/orders@1.1.0; export shop:api/orders@1.1.0; }}
world older {{ import shop:api/orders@1.0.0; export shop:api/orders@1.0.0; }}
"""
WORLDS = ("both", "newer", "older")


@pytest.fixture(scope="module")
def component(wasm_tools: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    folder = tmp_path_factory.mktemp("versions")
    wit = folder / "two.wit"
    wit.write_text(_WIT)
    for world in WORLDS:
        core = folder / f"{world}.core.wasm"
        run(wasm_tools, "component", "embed", "--dummy-names", "legacy", wit, "--world", world, "-o", core)
        kept = "--merge-imports-based-on-semver=false"
        run(wasm_tools, "component", "new", kept, core, "-o", folder / f"{world}.wasm")
    return lambda world: folder / f"{world}.wasm"


def _opened(world: Any, component: Path) -> Any:
    given = implementations(world._definition, None, {})
    complete(world._definition, given)
    return world.open(component, given)


@pytest.mark.parametrize(
    ("world", "other", "taken"),
    [
        ("both", "both", (4, 2, 12)),
        ("both", "newer", (3, 1, 9)),
        ("newer", "both", (3, 2, 9)),
        ("newer", "newer", (2, 1, 6)),
        ("older", "older", (2, 1, 6)),
    ],
)
def test_every_version_has_its_adapters(
    component: Callable[[str], Path], world: str, other: str, taken: tuple[int, int, int]
) -> None:
    """An adapter that leads nowhere, or has other types than its host function, does not link."""
    bindings, _, _ = generated(component(world))
    with _opened(bindings, component(other)) as made:
        adapters = adapters_of(made)
        assert (len(adapters.text), len(adapters.polled), len(adapters.ends)) == taken
        assert not adapters.plain
        if world == "both":
            assert made.shop_api_orders_1_0_0.Cart is not made.shop_api_orders_1_1_0.Cart


@pytest.mark.parametrize(
    ("world", "other", "problem"),
    [
        ("both", "older", "export shop:api/orders@1.0.0#more: the component does not have it"),
        ("newer", "older", "export shop:api/orders@1.0.0#more: the component does not have it"),
        ("older", "newer", "import shop:api/orders@1.1.0#more: the world has no such function"),
        ("older", "both", "import shop:api/orders@1.1.0#more: the world has no such function"),
    ],
)
def test_a_function_that_one_version_lacks(
    component: Callable[[str], Path], world: str, other: str, problem: str
) -> None:
    version = "1.0.0" if world == "older" else "1.1.0"
    bindings, _, _ = generated(component(world))
    with pytest.raises(LinkError) as caught:
        _opened(bindings, component(other))
    (line,) = listed(caught.value)
    assert line == f"  {problem} (the world's version is shop:api/orders@{version})"
