"""The agent types of a shop, with every kind of type."""

from __future__ import annotations

import dataclasses

from tests.golem.agents.declared import GET, POST, agent_type, endpoint, method, mount
from witgen.golem.agents._bindings.types import golem_agent_common as common
from witgen.golem.agents._bindings.types import golem_core_types as core
from witgen_runtime import abi

ITEM = abi.Record("Item", type, (abi.Field("name", "name", abi.STRING), abi.Field("price", "price", abi.F64)))
COLOUR = abi.Enum("Colour", type, ("red", "dark_blue"))
SHAPE = abi.Variant("Shape", (abi.Case("dot", type, None), abi.Case("circle", type, abi.F32)))
RIGHTS = abi.Flags("Rights", type, ("read", "write"))
TEXT = core.ElementSchemaUnstructuredText(core.TextDescriptor([core.TextType("en"), core.TextType("de")]))
BINARY = core.ElementSchemaUnstructuredBinary(core.BinaryDescriptor([core.BinaryType("image/png")]))

_USER = dataclasses.replace(endpoint(GET, "me"), auth_details=common.AuthDetails(required=True))

CART = agent_type(
    "Cart",
    method("add", {"item": ITEM}, abi.U32, endpoint(POST, "items")),
    method("total", {"currency": abi.Option(abi.STRING)}, abi.F64),
    method("clear", {}),
    method("pay", {}, abi.Result(abi.STRING, ITEM)),
    method("paint", {"colour": COLOUR, "shape": SHAPE, "rights": RIGHTS, "sign": abi.CHAR}, SHAPE),
    method("note", {"text": TEXT, "picture": BINARY}, TEXT),
    method("picture", {}, BINARY),
    method("me", {}, abi.STRING, _USER),
    takes={"user": abi.STRING},
    mount=mount("/carts/{user}"),
    config={"limits.max": abi.U32, "limits.note": abi.Option(abi.STRING)},
    secrets={"api_key": abi.STRING},
    snapshot=10,
)

ONCE = dataclasses.replace(
    agent_type("Once", method("next", {}, abi.U32), takes={"name": abi.STRING}), mode=common.AgentMode.EPHEMERAL
)

MEDIA = core.DataSchemaMultimodal([("Text", TEXT), ("Binary", BINARY)])
EYE = agent_type("Eye", dataclasses.replace(method("see", {}, abi.STRING), input_schema=MEDIA))

SHOP = [CART, ONCE, EYE]
