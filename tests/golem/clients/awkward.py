"""Agent types of another language whose names Python keeps for itself, uses already, or cannot write."""

from __future__ import annotations

import dataclasses

from tests.golem.agents.declared import agent_type, method
from tests.golem.cluster.shop import SHOP
from witgen.golem.agents._bindings.types import golem_agent_common as common
from witgen.golem.agents._bindings.types import golem_core_types as core
from witgen_runtime import abi

__all__ = ["AWKWARD"]


def record(name: str, /, **fields: abi.Type) -> abi.Record:
    return abi.Record(name, type, tuple(abi.Field(each, each, type_) for each, type_ in fields.items()))


def owned(owner: str, schema: core.DataSchema) -> core.DataSchema:
    """Give all records of a schema an owner."""
    for _, element in schema.value:
        if isinstance(element, core.ElementSchemaComponentModel):
            for node in element.value.nodes:
                node.owner = owner if isinstance(node.type, core.WitTypeNodeRecordType) else None
    return schema


WORDS = record("class", **{"from": abi.STRING, "str": abi.STRING, "two words": abi.U8, "two-words": abi.U8})
ANONYMOUS = record("", bytes=abi.List(abi.U8), value=abi.Option(abi.Option(abi.STRING)))
COLOURS = abi.Enum("Colour", type, ("dark-blue", "darkBlue", "mro", "1", "class", 'say "hi"'))
LIST = record("list", items=abi.List(abi.Tuple((abi.STRING, abi.S64))))
SHAPE = abi.Variant("Shape", (abi.Case("none", type, None), abi.Case("Some", type, WORDS), abi.Case("ok", type, LIST)))
ONLY = abi.Variant("Only", (abi.Case("one", type, abi.BOOL),))
WHEN = record("DateTime", timestamp=abi.STRING)
DAY = record("NaiveDate", date=abi.STRING)
ID = record("Uuid", value=abi.STRING)
SPAN = record("Duration", secs=abi.U64, nanos=abi.U32)

ODD = agent_type(
    "odd-agent",
    method("list", {"list": abi.List(abi.STRING), "self": LIST}, abi.List(LIST)),
    method("raises", {"class": WORDS, "lambda": ANONYMOUS}, abi.Result(None, COLOURS)),
    method("import", {"shape": SHAPE, "only": abi.Option(ONLY)}, abi.Result(SHAPE, None)),
    method("getStatus", {"a": abi.Option(abi.U8), "b": abi.U8, "c": abi.Option(SHAPE)}, abi.Result(ANONYMOUS, ONLY)),
    method("get-status", {"x-y": abi.Tuple((abi.F32, abi.CHAR))}, abi.Option(abi.Option(abi.S8))),
    method("_private", {}, abi.Result(abi.Result(abi.U16, abi.S16), abi.S32)),
    method("save_snapshot", {"data": abi.List(abi.U8)}, abi.List(abi.U8)),
    method("Shape", {"item": record("Item", name=abi.STRING)}, abi.Result(None, None)),
    takes={"def": abi.STRING, "lucky number": abi.Option(abi.U64)},
    config={"limits.max": abi.U32, "class.list": LIST},
    secrets={"key": abi.STRING},
)
ODD = dataclasses.replace(ODD, description='Says """hello""" \\ and\n\n    more.', mode=common.AgentMode.EPHEMERAL)

TIMES = agent_type("Times")
TIMES = dataclasses.replace(
    TIMES,
    methods=[
        dataclasses.replace(each, input_schema=owned(owner, each.input_schema))
        for each, owner in [
            (method("known", {"when": WHEN, "day": DAY, "span": SPAN}, abi.BOOL), "chrono"),
            (method("id", {"id": ID}, abi.BOOL), "uuid"),
            (method("own", {"when": WHEN, "id": ID}, abi.BOOL), "./types"),
        ]
    ],
)

TEXT = core.ElementSchemaUnstructuredText(core.TextDescriptor(None))
PARTS = core.DataSchemaMultimodal(
    [
        ("Text", TEXT),
        ("caption", TEXT),
        ("Item", method("", {"": record("Item", name=abi.STRING)}).input_schema.value[0][1]),
        ("count", method("", {"": abi.U32}).input_schema.value[0][1]),
    ]
)
ALBUM = agent_type("Album", dataclasses.replace(method("mix", {}), input_schema=PARTS, output_schema=PARTS))

AWKWARD = [*SHOP, ODD, TIMES, ALBUM, agent_type("str"), agent_type("Only")]
