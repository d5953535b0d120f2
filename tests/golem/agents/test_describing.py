"""Agent types as text, as JSON of the REST API, and as a manifest."""

from __future__ import annotations

from tests.golem.agents.declared import POST, agent_type, endpoint, method, mount
from witgen.golem.agents.definitions import AgentTypes
from witgen.golem.agents.manifest import Manifest, manifest
from witgen.golem.agents.overview import overview
from witgen.golem.agents.rest_json import agent_type_json
from witgen_runtime import abi

ITEM = abi.Record("Item", type, (abi.Field("name", "name", abi.STRING), abi.Field("price", "price", abi.F64)))
CART = agent_type(
    "Cart",
    method("add", {"item": ITEM}, abi.U32, endpoint(POST, "items")),
    method("clear", {}),
    takes={"user": abi.STRING},
    mount=mount("/carts/{user}"),
    config={"limits.max": abi.U32, "limits.note": abi.Option(abi.STRING)},
    secrets={"api_key": abi.STRING},
    snapshot=10,
)

OVERVIEW = """\
Cart(user: string)  (a snapshot after every 10 calls)
  Is a Cart.
  add(item: Item) -> u32  POST /carts/{user}/items
  clear()
  config limits.max: u32
  config limits.note: option<string>
  secret api_key: string
  record Item {name: string, price: f64}"""

MANIFEST = """\
manifestVersion: 1.5.0
app: shop
componentTemplates:
  python:
    build:
      - command: "witgen build agents.py --golem 1.5 -o golem-temp/agents/main.raw.wasm"
        mkdirs: [golem-temp/agents]
        sources: [agents.py]
        targets: [golem-temp/agents/main.raw.wasm]
    componentWasm: golem-temp/agents/main.raw.wasm
    outputWasm: golem-temp/agents/main.wasm
components:
  "shop:main": { dir: ".", templates: python }
agents:
  Cart:
    config:
      limits:
        max: 5  # u32
        # note:  # option<string>, optional
environments:
  local: { server: local }
httpApi:
  deployments:
    local:
      - domain: "shop.localhost:9006"
        agents:
          Cart: {}
# Secrets are set in each environment, or here, where they are visible:
# secretDefaults:
#   local:
#     api_key: …  # string
"""


def test_the_overview() -> None:
    [cart] = AgentTypes([CART])
    assert "\n".join(overview(cart)) == OVERVIEW


def test_the_manifest() -> None:
    given = Manifest(app="shop", source="agents.py", component="main", config={"Cart": {"limits.max": "5"}})
    assert manifest(AgentTypes([CART]), given) == MANIFEST


def test_json() -> None:
    made = agent_type_json(CART)
    assert isinstance(made, dict)
    assert made["mode"] == "Durable"
    assert made["snapshotting"] == {"type": "Enabled", "configType": "EveryNInvocation", "count": 10}
    assert made["constructor"] == {
        "description": "",
        "inputSchema": {
            "type": "Tuple",
            "elements": [{"name": "user", "schema": {"type": "ComponentModel", "elementType": {"type": "Str"}}}],
        },
    }
    [add, _] = made["methods"]  # type: ignore[misc]
    assert add["inputSchema"]["elements"][0]["schema"]["elementType"] == {  # type: ignore[index,call-overload]
        "type": "Record",
        "fields": [{"name": "name", "typ": {"type": "Str"}}, {"name": "price", "typ": {"type": "F64"}}],
        "name": "Item",
    }
