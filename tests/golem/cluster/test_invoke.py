"""`witgen golem invoke`, against a server that checks each request."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.golem.cluster.conftest import Command
from tests.golem.cluster.shop import SHOP
from tests.support.golem_cluster import FakeCluster
from witgen.golem.agents.definitions import AgentTypes
from witgen.golem.agents.overview import overview
from witgen.golem.agents.rest_json import agent_type_json
from witgen.golem.agents.rest_types import agent_types_of_json


def component_model(*values: Any) -> list[Any]:
    return [{"type": "ComponentModel", "value": each} for each in values]


def test_a_call(cluster: FakeCluster, command: Command) -> None:
    cluster.invoke = lambda body: component_model(3)
    said = command.invoke('Cart( "ann" )', "add", '{name: "pen", price: 1.5}', "--key", "one")
    assert (said.code, said.out) == (0, "3\n"), said.err
    [(key, body)] = cluster.calls
    assert key == "one"
    assert body == {
        "appName": "shop",
        "envName": "local",
        "agentTypeName": "Cart",
        "parameters": {"type": "Tuple", "elements": component_model("ann")},
        "methodName": "add",
        "methodParameters": {"type": "Tuple", "elements": component_model({"name": "pen", "price": 1.5})},
        "mode": "await",
    }


def test_every_kind_of_value(cluster: FakeCluster, command: Command) -> None:
    """WAVE, JSON and raw words become the JSON of Golem's REST API: a character is a number, a variant an object."""
    cluster.invoke = lambda body: component_model({"circle": 2.5})
    said = command.invoke('Cart("ann")', "paint", "red", "circle(1.5)", "{write}", "'x'", "--json")
    assert (said.code, json.loads(said.out)) == (0, {"circle": 2.5}), said.err
    [(_, body)] = cluster.calls
    assert body["methodParameters"]["elements"] == component_model("red", {"circle": 1.5}, ["write"], 120)


def test_text_and_binary_data(cluster: FakeCluster, command: Command) -> None:
    answer = {"type": "Inline", "data": "hallo", "textType": {"languageCode": "de"}}
    cluster.invoke = lambda body: [{"type": "UnstructuredText", "value": answer}]
    said = command.invoke('Cart("ann")', "note", "hello", '@b[image/png]"AQI="')
    assert (said.code, said.out) == (0, '@t[de]"hallo"\n'), said.err
    command.invoke('Cart("ann")', "note", '@t[en]"hi"', '@bu"https://x.example/y.png"')
    first, second = [body["methodParameters"]["elements"] for _, body in cluster.calls]
    assert first == [
        {"type": "UnstructuredText", "value": {"type": "Inline", "data": "hello", "textType": None}},
        {
            "type": "UnstructuredBinary",
            "value": {"type": "Inline", "data": [1, 2], "binaryType": {"mimeType": "image/png"}},
        },
    ]
    assert second[0]["value"]["textType"] == {"languageCode": "en"}
    assert second[1]["value"] == {"type": "Url", "value": "https://x.example/y.png"}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"type": "Url", "value": "https://x.example"}, '@bu"https://x.example"'),
        ({"type": "Inline", "data": [1, 2], "binaryType": {"mimeType": "image/png"}}, '@b[image/png]"AQI="'),
    ],
)
def test_binary_results(cluster: FakeCluster, command: Command, value: Any, text: str) -> None:
    cluster.invoke = lambda body: [{"type": "UnstructuredBinary", "value": value}]
    assert command.invoke('Cart("ann")', "picture").out == f"{text}\n"


def test_multimodal_data(cluster: FakeCluster, command: Command) -> None:
    cluster.invoke = lambda body: component_model("a cat")
    said = command.invoke("Eye()", "see", '0(@t"hi")', '1(@bu"https://x.example")')
    assert (said.code, said.out) == (0, '"a cat"\n'), said.err
    given = cluster.calls[0][1]["methodParameters"]
    assert given["type"] == "Multimodal"
    assert [each["name"] for each in given["elements"]] == ["Text", "Binary"]


def test_nothing_options_and_declared_errors(cluster: FakeCluster, command: Command) -> None:
    cluster.invoke = lambda body: []
    assert command.invoke('Cart("ann")', "clear")[:2] == (0, "")
    cluster.invoke = lambda body: component_model(0.5)
    assert command.invoke('Cart("ann")', "total")[:2] == (0, "0.5\n")
    assert cluster.calls[-1][1]["methodParameters"]["elements"] == component_model(None)
    cluster.invoke = lambda body: component_model({"ok": "paid"})
    assert command.invoke('Cart("ann")', "pay")[:2] == (0, '"paid"\n')
    cluster.invoke = lambda body: component_model({"err": {"name": "pen", "price": 2.0}})
    assert command.invoke('Cart("ann")', "pay")[:2] == (1, 'err({name: "pen", price: 2.0})\n')


def test_phantoms_schedules_and_revisions(cluster: FakeCluster, command: Command) -> None:
    phantom = "a09f61a8-677a-40ea-9ebe-437a0df51749"
    said = command.invoke(f'Cart("ann")[{phantom}]', "clear", "--at", "2026-12-24T19:00:00+01:00", "--deployment", "4")
    assert (said.code, said.out) == (0, ""), said.err
    assert "clear will be called at 2026-12-24T19:00:00+01:00" in said.err
    [(_, body)] = cluster.calls
    assert body["phantomId"] == phantom
    assert (body["mode"], body["scheduleAt"]) == ("schedule", "2026-12-24T18:00:00Z")
    assert body["deploymentRevision"] == 4


def test_ephemeral_agents_have_a_phantom_each(cluster: FakeCluster, command: Command) -> None:
    cluster.invoke = lambda body: component_model(1)
    for _ in range(2):
        assert command.invoke('Once("a")', "next").code == 0
    (first, one), (second, two) = cluster.calls
    assert one["phantomId"] != two["phantomId"]
    assert first != second


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (['Cat("ann")', "add"], "error: there is no agent type `Cat` (did you mean `Cart`?)"),
        (["Cart(1)", "add"], "error: agent id Cart(…): expected a string in double quotes, got `1`"),
        (["Cart", "add"], "error: `Cart` is not an agent id: write Type(parameters)"),
        (['Cart("ann")'], 'error: pass a method of Cart("ann") after it; it has\n  add(item: Item) -> u32'),
        (['Cart("ann")', "ad"], "error: `Cart` has no method `ad` (did you mean `add`?)"),
        (['Cart("ann")', "add", "3"], "error: add(item: Item): argument `item`: "),
        (['Cart("ann")', "clear", "--at", "noon"], "error: --at noon: write a time with its zone"),
        (['Cart("ann")', "clear", "--at", "2026-12-24T19:00:00"], "write a time with its zone"),
    ],
)
def test_what_cannot_be_called(cluster: FakeCluster, command: Command, words: list[str], message: str) -> None:
    said = command.invoke(*words)
    assert (said.code, said.out) == (2, "")
    assert message in said.err
    assert cluster.requests == []


def test_a_result_of_another_version(cluster: FakeCluster, command: Command) -> None:
    cluster.invoke = lambda body: component_model("three")
    said = command.invoke('Cart("ann")', "add", '{name: "pen", price: 1.5}')
    assert (said.code, said.out) == (2, "")
    assert "the result is not what the method declares ($.elements[0].value: expected u32" in said.err


# Agent types from JSON


def test_types_from_json_are_those_of_the_component() -> None:
    read = agent_types_of_json([agent_type_json(each) for each in SHOP])
    for mine, theirs in zip(read, AgentTypes(SHOP), strict=True):
        plain = [line.partition("  POST")[0].partition("  GET")[0].rstrip() for line in overview(theirs)]
        plain[0] = plain[0].replace("  (a snapshot after every 10 calls)", "")
        assert [line.rstrip() for line in overview(mine)] == plain


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{}", "types.json: $: expected a list, got {}"),
        ("[{}]", "types.json: $[0].constructor: expected an object, got nothing"),
        ("nonsense", "types.json: neither a component nor JSON"),
        ("[" * 100_000, "types.json: neither a component nor JSON"),
    ],
)
def test_files_that_are_no_types(command: Command, tmp_path: Any, text: str, message: str) -> None:
    (tmp_path / "types.json").write_text(text)
    said = command.invoke('Cart("ann")', "clear", "--token", "x")
    assert (said.code, said.out) == (2, "")
    assert message in said.err


def test_a_file_that_is_not_there(command: Command) -> None:
    said = command("invoke", "no.wasm", "A()", "b", "--app", "shop", "--token", "x")
    assert said.code == 2
    assert "no.wasm: there is no such file; pass a component, or JSON of its agent types" in said.err


def test_a_type_that_makes_no_sense(command: Command, tmp_path: Any) -> None:
    types = json.loads((tmp_path / "types.json").read_text())
    types[0]["methods"][0]["inputSchema"]["elements"][0]["schema"]["elementType"]["type"] = "Rekord"
    (tmp_path / "types.json").write_text(json.dumps(types))
    said = command.invoke('Cart("ann")', "clear", "--token", "x")
    assert said.code == 2
    assert "$[0].methods[0].inputSchema.elements[0].schema.elementType.type: expected Record or" in said.err
