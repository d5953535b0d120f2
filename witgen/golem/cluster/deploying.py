"""`witgen golem deploy`: a component, what its agents find, and where they answer HTTP requests."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from ..agents.definitions import AgentDefinition, AgentTypes
from ..agents.json_form import Json
from ..agents.manifest import needs_user
from ..agents.rest_json import agent_type_json
from .connection import Cluster, Part, object_of, path_of
from .errors import ClusterError
from .provisioning import Provision, archive

__all__ = ["Deployed", "Deployment", "checked_component_name", "deploy"]

_NAME: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_LOCAL: Final = "local"
_WEBHOOKS: Final = "/webhooks/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """What to deploy.

    Attributes:
        app: the application's name.
        environment: the name of its environment.
        component: the component's name, `app:name`.
        content: the component.
        types: its agent types.
        provisions: what the agents of each type find.
        domain: where the agents with mounts answer HTTP requests; None for nowhere.
        session_header: the header with the JSON of a test session, for endpoints that need a user; None for none.
        version: the name of the deployment; None for the number of its revision.
        say: is called with lines for people.
    """

    app: str
    environment: str
    component: str
    content: bytes
    types: AgentTypes
    provisions: Mapping[str, Provision]
    domain: str | None = None
    session_header: str | None = None
    version: str | None = None
    say: Callable[[str], None] = field(default=print)

    @property
    def mounted(self) -> Sequence[AgentDefinition]:
        """The agent types that answer HTTP requests."""
        return [each for each in self.types if each.declared.http_mount is not None]


@dataclass(frozen=True, slots=True)
class Deployed:
    """What is deployed now: the ids of the environment and the component, and the revisions.

    That of the deployment is None where the cluster does not say it.
    """

    environment: str
    component: str
    component_revision: int
    revision: int | None


def checked_component_name(name: str) -> str:
    """Return a component's name that Golem takes.

    Raises:
        ClusterError: it is none.
    """
    space, colon, rest = name.partition(":")
    if not colon or not _NAME.fullmatch(space) or not _NAME.fullmatch(rest):
        raise ClusterError(
            f"`{name:.60}` is not the name of a component: write app:name, both with small letters, digits and -"
        )
    return name


def deploy(cluster: Cluster, given: Deployment) -> Deployed:
    """Deploy a component; applications, environments and components that do not exist are made.

    Raises:
        ClusterError: something is missing, or the cluster refuses a step; those before it are done.
    """
    if not [*given.types]:
        raise ClusterError("the component has no agents")
    if any(each.main is not None for each in given.types):
        raise ClusterError(
            "the component is for Golem's main branch, whose clusters take other requests: use `golem deploy` of the "
            "main branch, or build the component with --golem 1.5"
        )
    _check_users(given)
    return _Deploying(cluster, given).run()


def _check_users(given: Deployment) -> None:
    if given.domain is None or given.session_header is not None:
        return
    names = [each.name for each in given.mounted if needs_user(each)]
    if names:
        raise ClusterError(
            f"{', '.join(names)}: endpoints need a user: pass --session-header NAME for test sessions; "
            "security schemes are for golem.yaml and `golem deploy`"
        )


class _Deploying:
    def __init__(self, cluster: Cluster, given: Deployment) -> None:
        self._cluster = cluster
        self._given = given

    def run(self) -> Deployed:
        """Take all steps, of which each needs the ids of those before."""
        given = self._given
        app = self._application()
        environment = self._environment(app)
        component, component_revision = self._component(environment)
        if given.domain is not None and given.mounted:
            self._serve(environment, given.domain)
        return Deployed(environment, component, component_revision, self._deploy(environment))

    def _application(self) -> str:
        settings = self._cluster.settings
        if settings.account is None:
            raise ClusterError(
                f"no account, which owns the application: set {settings.account_variable}, or pass --account ID"
            )
        what = f"application `{self._given.app}`"
        apps = path_of("v1", "accounts", settings.account, "apps")
        found = self._cluster.find(what, apps + path_of(self._given.app))
        if found is None:
            found = object_of(what, self._cluster.send(what, apps, {"name": self._given.app}))
            self._given.say(f"made {what}")
        return _text(what, found, "id")

    def _environment(self, app: str) -> str:
        given = self._given
        what = f"environment `{given.environment}`"
        environments = path_of("v1", "apps", app, "envs")
        found = self._cluster.find(what, environments + path_of(given.environment))
        if found is None:
            options: Json = {
                "name": given.environment,
                "compatibilityCheck": False,
                "versionCheck": False,
                "securityOverrides": given.environment == _LOCAL or given.session_header is not None,
            }
            found = object_of(what, self._cluster.send(what, environments, options))
            self._given.say(f"made {what}")
        return _text(what, found, "id")

    # The component

    def _component(self, environment: str) -> tuple[str, int]:
        what = f"component `{self._given.component}`"
        components = path_of("v1", "envs", environment, "components")
        found = _named(what, self._cluster.get(what, components), "componentName", self._given.component)
        if found is None:
            made = object_of(what, self._cluster.upload(what, components, self._created()))
        else:
            path = path_of("v1", "components", _text(what, found, "id"))
            made = object_of(what, self._cluster.upload(what, path, self._updated(what, found), method="PATCH"))
        return _text(what, made, "id"), _number(what, made, "revision")

    def _types(self) -> Json:
        return [agent_type_json(each.declared) for each in self._given.types]

    def _created(self) -> dict[str, Part]:
        configs: dict[str, Json] = {
            name: {**each.common, "pluginInstallations": [], "files": each.archived}
            for name, each in self._given.provisions.items()
        }
        metadata: Json = {
            "componentName": self._given.component, "agentTypes": self._types(), "agentTypeProvisionConfigs": configs
        }  # fmt: skip
        return self._parts(metadata, "componentWasm", "files")

    def _updated(self, what: str, found: Mapping[str, Json]) -> dict[str, Part]:
        configs: dict[str, Json] = {
            name: {
                **each.common,
                "filesToAddOrUpdate": each.archived,
                "filesToRemove": [path for path in _deployed_files(found, name) if path not in each.files],
            }
            for name, each in self._given.provisions.items()
        }
        metadata: Json = {
            "currentRevision": _number(what, found, "revision"),
            "agentTypes": self._types(),
            "agentTypeProvisionConfigUpdates": configs,
        }
        return self._parts(metadata, "newComponentWasm", "newFiles")

    def _parts(self, metadata: Json, component: str, files: str) -> dict[str, Part]:
        parts: dict[str, Part] = {
            "metadata": (None, json.dumps(metadata).encode(), "application/json"),
            component: ("component.wasm", self._given.content, "application/wasm"),
        }
        content = archive(self._given.provisions.values())
        if content is not None:
            parts[files] = ("files.zip", content, "application/zip")
        return parts

    # HTTP

    def _serve(self, environment: str, domain: str) -> None:
        given = self._given
        what = f"domain `{domain}`"
        try:
            self._cluster.send(what, path_of("v1", "envs", environment, "domain-registrations"), {"domain": domain})
        except ClusterError as error:
            if error.status != 409:  # it is registered already
                raise
        agents: dict[str, Json] = {each.name: self._security(each) for each in given.mounted}
        what = f"HTTP API of `{domain}`"
        deployments = path_of("v1", "envs", environment, "http-api-deployments")
        found = _named(what, self._cluster.get(what, deployments), "domain", domain)
        if found is None:
            made: Json = {
                "domain": domain, "webhooksPrefix": _WEBHOOKS, "openapiEndpointPrefix": "/", "agents": agents
            }  # fmt: skip
            self._cluster.send(what, deployments, made)
        else:
            path = path_of("v1", "http-api-deployments", _text(what, found, "id"))
            changed: Json = {"currentRevision": _number(what, found, "revision"), "agents": agents}
            self._cluster.send(what, path, changed, method="PATCH")

    def _security(self, definition: AgentDefinition) -> Json:
        if not needs_user(definition):
            return {}
        return {"security": {"type": "TestSessionHeader", "headerName": self._given.session_header}}

    def _deploy(self, environment: str) -> int | None:
        what = f"deployment of `{self._given.environment}`"
        plan = object_of(what, self._cluster.get(what, path_of("v1", "envs", environment, "plan")))
        current = None if plan.get("currentRevision") is None else _number(what, plan, "currentRevision")
        body: dict[str, Json] = {
            "expectedDeploymentHash": _text(what, plan, "deploymentHash"),
            "version": self._given.version or str(0 if current is None else current + 1),
            "agentSecretDefaults": [],
            "quotaResourceDefaults": [],
            "retryPolicyDefaults": [],
        }
        if current is not None:
            body["currentRevision"] = current
        made = object_of(what, self._cluster.send(what, path_of("v1", "envs", environment, "deployments"), body))
        found = made.get("currentRevision", made.get("revision"))
        return found if isinstance(found, int) else None


def _text(what: str, given: Mapping[str, Json], name: str) -> str:
    found = given.get(name)
    if not isinstance(found, str) or not found:
        raise ClusterError(f"{what}: the cluster's answer has no `{name}`")
    return found


def _number(what: str, given: Mapping[str, Json], name: str) -> int:
    found = given.get(name)
    if not isinstance(found, int) or isinstance(found, bool):
        raise ClusterError(f"{what}: the cluster's answer has no `{name}`")
    return found


def _named(what: str, page: Json, member: str, name: str) -> dict[str, Json] | None:
    """Return the object with a name in a page of a list, None if there is none."""
    values = object_of(what, page).get("values")
    if not isinstance(values, list):
        raise ClusterError(f"{what}: the cluster's answer has no `values`")
    return next((each for each in values if isinstance(each, dict) and each.get(member) == name), None)


def _deployed_files(component: Mapping[str, Json], type_name: str) -> list[str]:
    """Return the paths of the files that the agents of a type have now."""
    place: Json = {**component}
    for name in ("metadata", "agentTypeProvisionConfigs", type_name, "files"):
        place = place.get(name) if isinstance(place, dict) else None
    paths = [each.get("path") for each in place if isinstance(each, dict)] if isinstance(place, list) else []
    return [each for each in paths if isinstance(each, str)]
