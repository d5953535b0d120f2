"""The parts of an agent type that have the same form in Golem 1.5 and on its main branch, and principals."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from ._bindings.types import golem_agent_common as common
from ._bindings.types import golem_core_types as core
from .definitions import Snapshots
from .http_paths import Endpoint, Mount, Segment, parse_path
from .principal import AgentPrincipal, AnonymousPrincipal, GolemUserPrincipal, OidcPrincipal, Principal
from .uuids import from_uuid, to_uuid

__all__ = ["from_golem", "http_endpoint", "http_mount", "snapshotting", "to_golem"]

_METHODS: dict[str, Callable[[], common.HttpMethod]] = {
    "get": common.HttpMethodGet,
    "head": common.HttpMethodHead,
    "post": common.HttpMethodPost,
    "put": common.HttpMethodPut,
    "delete": common.HttpMethodDelete,
    "connect": common.HttpMethodConnect,
    "options": common.HttpMethodOptions,
    "trace": common.HttpMethodTrace,
    "patch": common.HttpMethodPatch,
}


def snapshotting(snapshots: Snapshots | None) -> common.Snapshotting:
    """Return when Golem asks for the state of agents."""
    if snapshots is None:
        return common.SnapshottingDisabled()
    if isinstance(snapshots.every, dt.timedelta):
        nanoseconds = snapshots.every // dt.timedelta(microseconds=1) * 1000
        return common.SnapshottingEnabled(common.SnapshottingConfigPeriodic(nanoseconds))
    if snapshots.every is None:
        return common.SnapshottingEnabled(common.SnapshottingConfigDefault())
    return common.SnapshottingEnabled(common.SnapshottingConfigEveryNInvocation(snapshots.every))


# ---- HTTP


def http_mount(mount: Mount) -> common.HttpMountDetails:
    """Return where agents are found over HTTP."""
    return common.HttpMountDetails(
        path_prefix=[_segment(each) for each in mount.path],
        auth_details=_auth(mount),
        phantom_agent=mount.phantom,
        cors_options=common.CorsOptions(list(mount.cors)),
        # Golem takes an empty suffix for the type's name.
        webhook_suffix=[_segment(each) for each in mount.webhook or ()],
    )


def http_endpoint(endpoint: Endpoint) -> common.HttpEndpointDetails:
    """Return the request that calls a method."""
    segments, query = parse_path(endpoint.path)
    known = _METHODS.get(endpoint.method.lower())
    method: common.HttpMethod = common.HttpMethodCustom(endpoint.method) if known is None else known()
    return common.HttpEndpointDetails(
        http_method=method,
        path_suffix=[_segment(each) for each in segments],
        header_vars=[common.HeaderVariable(each.name, each.parameter) for each in endpoint.headers],
        query_vars=[common.QueryVariable(each.name, each.parameter) for each in query],
        auth_details=_auth(endpoint),
        cors_options=common.CorsOptions(list(endpoint.cors)),
    )


def _auth(declared: Mount | Endpoint) -> common.AuthDetails | None:
    return None if declared.auth is None else common.AuthDetails(declared.auth)


def _segment(segment: Segment) -> common.PathSegment:
    match segment.kind:
        case "literal":
            return common.PathSegmentLiteral(segment.text)
        case "system":
            return common.PathSegmentSystemVariable(common.SystemVariable[segment.text.upper().replace("-", "_")])
        case "variable":
            return common.PathSegmentPathVariable(common.PathVariable(segment.text))
        case "rest":
            return common.PathSegmentRemainingPathVariable(common.PathVariable(segment.text))


# ---- Principals


def from_golem(principal: common.Principal) -> Principal:
    """Return a principal in the SDK's form."""
    match principal:
        case common.PrincipalOidc(oidc):
            return OidcPrincipal(
                oidc.sub,
                oidc.issuer,
                oidc.email,
                oidc.name,
                oidc.email_verified,
                oidc.given_name,
                oidc.family_name,
                oidc.picture,
                oidc.preferred_username,
                oidc.claims,
            )
        case common.PrincipalAgent(agent):
            return AgentPrincipal(to_uuid(agent.agent_id.component_id.uuid), agent.agent_id.agent_id)
        case common.PrincipalGolemUser(user):
            return GolemUserPrincipal(to_uuid(user.account_id.uuid))
        case common.PrincipalAnonymous():
            return AnonymousPrincipal()


def to_golem(principal: Principal) -> common.Principal:
    """Return a principal in Golem's form."""
    match principal:
        case OidcPrincipal():
            names = OidcPrincipal.__dataclass_fields__
            return common.PrincipalOidc(common.OidcPrincipal(**{name: getattr(principal, name) for name in names}))
        case AgentPrincipal(component_id, agent_id):
            component = core.ComponentId(from_uuid(component_id))
            return common.PrincipalAgent(common.AgentPrincipal(core.AgentId(component, agent_id)))
        case GolemUserPrincipal(account_id):
            return common.PrincipalGolemUser(common.GolemUserPrincipal(core.AccountId(from_uuid(account_id))))
        case _:
            return common.PrincipalAnonymous()
