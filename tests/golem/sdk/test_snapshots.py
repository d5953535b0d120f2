"""The state of agents as Golem's SDKs write it, and back."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum
from typing import Any
from uuid import UUID

import pytest

from witgen.golem.sdk import Principal, agent, injected
from witgen.golem.sdk._bindings.guest.testing import Fakes
from witgen.golem.sdk._bindings.types import golem_agent_common as common
from witgen.golem.sdk._bindings.types import golem_core_types as core
from witgen.golem.sdk._bindings.types.golem_api_host import Snapshot
from witgen.golem.sdk._bindings.types.golem_api_load_snapshot import LoadError
from witgen.golem.sdk.declaring import latest
from witgen.golem.sdk.principal import AgentPrincipal, AnonymousPrincipal, GolemUserPrincipal, OidcPrincipal
from witgen.golem.sdk.serving import AgentGuest
from witgen.golem.sdk.snapshots import JSON, RAW, open_envelope, sealed


class Mood(Enum):
    GOOD = "good"
    BAD = "bad"


@dataclass
class Thing:
    name: str
    weight: float | None


@agent(snapshot=5)
class Keeper:
    seen: set[int]

    def __init__(self, name: str, maker: Principal = injected()) -> None:
        self.name, self.number = name, 3
        self.maker = maker
        self.mood = Mood.GOOD
        self.things: dict[str, list[Thing]] = {}
        self.last: Thing | str | None = None
        self.raw = b"\x00"
        self.seen = set()

    def fill(self) -> None:
        self.mood, self.raw = Mood.BAD, b"\xff\x01"
        self.things["a"] = [Thing("x", 1.5), Thing("y", None)]
        self.last = Thing("z", 0.0)
        self.seen = {1, 2}

    def look(self) -> str:
        maker = type(self.maker).__name__
        return repr((self.name, self.mood, self.things, self.last, self.raw, self.seen, maker))


@agent
class Custom:
    def __init__(self) -> None:
        self.anything: Any = object()

    def save_snapshot(self) -> bytes:
        return b"my own"

    def load_snapshot(self, data: bytes) -> None:
        self.anything = data

    def look(self) -> str:
        return repr(self.anything)


@agent
class Unsaved:
    def __init__(self) -> None:
        self.handle = open


USER = common.PrincipalGolemUser(common.GolemUserPrincipal(core.AccountId(core.Uuid(0, 1))))
NAME = core.DataValueTuple([core.ElementValueComponentModel(core.WitValue([core.WitNodePrimString("ann")]))])
NOTHING = core.DataValueTuple([])


def guest() -> AgentGuest:
    def find(name: str) -> Any:
        return latest(name)

    return AgentGuest(find)


def looked(made: AgentGuest) -> Any:
    [element] = made.invoke("look", NOTHING, common.PrincipalAnonymous()).value
    assert isinstance(element, core.ElementValueComponentModel)
    return element.value.nodes[0]


def test_fields_are_saved_by_their_types() -> None:
    first, second = guest(), guest()
    first.initialize("Keeper", NAME, USER)
    first.invoke("fill", NOTHING, USER)
    snapshot = first.save()
    assert snapshot.mime_type == JSON
    document = json.loads(snapshot.payload)
    assert (document["version"], document["principal"]) == (
        1,
        {"tag": "golem-user", "val": {"accountId": str(UUID(int=1))}},
    )
    assert document["state"] == {
        "name": "ann",
        "number": 3,
        "mood": "BAD",
        "things": [["a", [{"name": "x", "weight": 1.5}, {"name": "y", "weight": None}]]],
        "last": {"Thing": {"name": "z", "weight": 0.0}},
        "raw": [255, 1],
        "seen": [1, 2],
    }
    with Fakes() as fakes:
        fakes.golem_agent_host.parse_agent_id.returns(("Keeper", NAME, None))
        second.load(snapshot)
    assert looked(second) == looked(first)
    assert "GolemUserPrincipal" in looked(second).value


def test_a_state_of_ones_own() -> None:
    first, second = guest(), guest()
    first.initialize("Custom", NOTHING, USER)
    snapshot = first.save()
    assert snapshot.mime_type == RAW
    assert snapshot.payload[0] == 2
    assert snapshot.payload.endswith(b"}}my own")
    with Fakes() as fakes:
        fakes.golem_agent_host.parse_agent_id.returns(("Custom", NOTHING, None))
        second.load(snapshot)
    assert looked(second).value == "b'my own'"


def test_newer_and_older_fields() -> None:
    """What a snapshot lacks stays as the constructor made it; what the class lacks is left out."""
    made = guest()
    payload, mime = sealed(AnonymousPrincipal(), {"number": 7, "gone": True})
    with Fakes() as fakes:
        fakes.golem_agent_host.parse_agent_id.returns(("Keeper", NAME, None))
        made.load(Snapshot(payload, mime))
    assert "Mood.GOOD" in looked(made).value


def test_what_cannot_be_loaded_is_told() -> None:
    made = guest()
    for payload, mime, message in (
        (b"{}", JSON, "not a snapshot of version 1"),
        (b"\x09", RAW, "is none that an agent in Python has saved"),
        (sealed(AnonymousPrincipal(), {"number": "x"})[0], JSON, r"Keeper.number: expected an integer"),
        (b'{"version":1,"principal":{"tag":"?"},"state":{}}', JSON, "not a principal"),
    ):
        with Fakes() as fakes:
            fakes.golem_agent_host.parse_agent_id.returns(("Keeper", NAME, None))
            with pytest.raises(LoadError, match=message):
                made.load(Snapshot(payload, mime))
    made.initialize("Keeper", NAME, USER)
    with pytest.raises(LoadError, match="already has an agent"):
        made.load(Snapshot(b"", JSON))


def test_what_cannot_be_saved_is_told() -> None:
    made = guest()
    made.initialize("Unsaved", NOTHING, USER)
    with Fakes(), pytest.raises(TypeError, match=r"Unsaved.handle cannot be saved: annotate it where it is set first"):
        made.save()


@pytest.mark.parametrize(
    "principal",
    [
        AnonymousPrincipal(),
        GolemUserPrincipal(UUID(int=1)),
        AgentPrincipal(UUID(int=2), 'Cart("ann")'),
        OidcPrincipal("sub", "issuer", email="a@b", email_verified=True, claims='{"a":1}'),
    ],
)
def test_principals_in_envelopes(principal: Principal) -> None:
    assert open_envelope(*sealed(principal, b"state")) == (principal, b"state")
    assert open_envelope(*sealed(principal, {"n": 1})) == (principal, {"n": 1})


def test_an_envelope_without_a_principal() -> None:
    assert open_envelope(b"\x01state", RAW) == (None, b"state")
