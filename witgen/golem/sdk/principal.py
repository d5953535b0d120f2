"""Whoever makes a call."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, TypeAlias

__all__ = [
    "AgentPrincipal",
    "AnonymousPrincipal",
    "GolemUserPrincipal",
    "OidcPrincipal",
    "Principal",
    "from_json",
    "to_json",
]

PrincipalKind: TypeAlias = Literal["oidc", "agent", "golem-user", "anonymous"]


class Principal:
    """Whoever makes a call: one of the four classes that derive from this one. `kind` tells them apart.

    In a constructor it is whoever made the agent exist, in a method whoever makes that call.
    """

    kind: ClassVar[PrincipalKind]


@dataclass(frozen=True)
class OidcPrincipal(Principal):
    """A person who signed in over HTTP, as an OpenID provider describes them.

    Attributes:
        sub: the provider's name for the person.
        issuer: the provider.
        email: the address for mail.
        name: the full name.
        email_verified: whether the address is known to be theirs.
        given_name: the first name.
        family_name: the last name.
        picture: the address of a picture.
        preferred_username: what the person wants to be called.
        claims: everything that the provider said, as JSON.
    """

    kind = "oidc"
    sub: str
    issuer: str
    email: str | None = None
    name: str | None = None
    email_verified: bool | None = None
    given_name: str | None = None
    family_name: str | None = None
    picture: str | None = None
    preferred_username: str | None = None
    claims: str = "{}"


@dataclass(frozen=True)
class AgentPrincipal(Principal):
    """Another agent.

    Attributes:
        component_id: the component that it runs.
        agent_id: its id, like `Cart("ann")`.
    """

    kind = "agent"
    component_id: uuid.UUID
    agent_id: str


@dataclass(frozen=True)
class GolemUserPrincipal(Principal):
    """Someone with an account on Golem: a call over REST or from the command line."""

    kind = "golem-user"
    account_id: uuid.UUID


@dataclass(frozen=True)
class AnonymousPrincipal(Principal):
    """Nobody in particular: a request without a session, or a scheduled call."""

    kind = "anonymous"


_OIDC = {
    "sub": "sub",
    "issuer": "issuer",
    "email": "email",
    "name": "name",
    "email_verified": "emailVerified",
    "given_name": "givenName",
    "family_name": "familyName",
    "picture": "picture",
    "preferred_username": "preferredUsername",
    "claims": "claims",
}
"""The names in JSON by the names in Python."""


def to_json(principal: Principal) -> dict[str, Any]:
    """Return a principal in the form that Golem's SDKs write into snapshots."""
    match principal:
        case OidcPrincipal():
            return {"tag": "oidc", "val": {json: getattr(principal, name) for name, json in _OIDC.items()}}
        case AgentPrincipal(component_id, agent_id):
            return {"tag": "agent", "val": {"componentId": str(component_id), "agentId": agent_id}}
        case GolemUserPrincipal(account_id):
            return {"tag": "golem-user", "val": {"accountId": str(account_id)}}
        case _:
            return {"tag": "anonymous"}


def from_json(document: Any) -> Principal:
    """Return the principal of a snapshot.

    Raises:
        ValueError: the document is not that of a principal.
    """
    try:
        tag, found = document["tag"], document.get("val")
        match tag:
            case "oidc":
                given = {name: found[json] for name, json in _OIDC.items() if found.get(json) is not None}
                return OidcPrincipal(**given)
            case "agent":
                return AgentPrincipal(uuid.UUID(found["componentId"]), found["agentId"])
            case "golem-user":
                return GolemUserPrincipal(uuid.UUID(found["accountId"]))
            case "anonymous":
                return AnonymousPrincipal()
            case _:
                pass
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"this is not a principal: {document!r:.80}") from error
    raise ValueError(f"this is not a principal: {document!r:.80}")
