"""`witgen golem deploy`, against a server that checks each request."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.golem.agents.machine import built
from tests.golem.cluster.conftest import Command
from tests.golem.cluster.shop import ONCE, SHOP
from tests.support.golem_cluster import ACCOUNT, TOKEN, AnswerError, FakeCluster
from tests.support.paths import DOCS
from witgen.golem.agents.definitions import AgentTypes
from witgen.golem.agents.main._bindings.types import golem_agent_common as main_common
from witgen.golem.agents.main._bindings.types import golem_core_types as main
from witgen.golem.agents.main.declarations import MainAgentType
from witgen.golem.agents.rest_json import agent_type_json
from witgen.golem.cluster.connection import Cluster
from witgen.golem.cluster.deploying import Deployed, Deployment, checked_component_name, deploy
from witgen.golem.cluster.errors import ClusterError
from witgen.golem.cluster.provisioning import provisions
from witgen.golem.cluster.settings import settings

NOTHING = main.MetadataEnvelope(None, [], [], None, None)
WASM = b"\0asm\x0d\0\x01\0"

Deploy = Callable[..., Deployed]


@pytest.fixture
def deployed(cluster: FakeCluster) -> Deploy:
    """Deploys the shop, with the options of the command line."""

    def run(
        types: list[Any] | None = None, *, env: Any = (), config: Any = (), files: Any = (), **given: Any
    ) -> Deployed:
        found = AgentTypes(SHOP if types is None else types)
        account = given.pop("account", ACCOUNT)
        reached = settings(
            profile=None, url=cluster.url, token=TOKEN, account=account, authority=None, timeout=5, environment={}
        )
        options: dict[str, Any] = {
            "app": "shop", "environment": "local", "component": "shop:main", "content": WASM, "types": found,
            "provisions": provisions(found, env=env, config=config, files=files), "say": lambda _: None,
            "domain": "shop.localhost:9006", "session_header": "X-Session", **given,
        }  # fmt: skip
        with Cluster(reached) as connection:
            return deploy(connection, Deployment(**options))

    return run


def kept(cluster: FakeCluster) -> dict[str, Any]:
    [found] = cluster.components.values()
    return found


def test_components_for_the_main_branch_are_refused(cluster: FakeCluster, deployed: Deploy) -> None:
    nothing = main.SchemaGraph([main.SchemaTypeNode(main.SchemaTypeBodyTupleType([]), NOTHING)], [], 0)
    made = main_common.AgentConstructor(None, "", None, main_common.InputSchemaParameters([]))
    mode, disabled = main_common.AgentMode.DURABLE, main_common.SnapshottingDisabled()
    hello = main_common.AgentType("Hello", "", "python", nothing, made, [], [], mode, None, disabled, [])
    with pytest.raises(ClusterError, match="the component is for Golem's main branch"):
        deployed([MainAgentType(hello)])
    assert not cluster.components


def test_everything_is_made_once(cluster: FakeCluster, deployed: Deploy) -> None:
    said: list[str] = []
    first = deployed(say=said.append)
    assert said == ["made application `shop`", "made environment `local`"]
    app, environment = cluster.apps["shop"], cluster.environments["local"]["id"]
    assert cluster.requests == [
        f"GET /v1/accounts/{ACCOUNT}/apps/shop",
        f"POST /v1/accounts/{ACCOUNT}/apps",
        f"GET /v1/apps/{app}/envs/local",
        f"POST /v1/apps/{app}/envs",
        f"GET /v1/envs/{environment}/components",
        f"POST /v1/envs/{environment}/components",
        f"POST /v1/envs/{environment}/domain-registrations",
        f"GET /v1/envs/{environment}/http-api-deployments",
        f"POST /v1/envs/{environment}/http-api-deployments",
        f"GET /v1/envs/{environment}/plan",
        f"POST /v1/envs/{environment}/deployments",
    ]
    assert (first.component_revision, first.revision) == (0, 0)
    cluster.requests.clear()
    second = deployed()
    assert [each.partition(" ")[0] for each in cluster.requests] == [
        "GET", "GET", "GET", "PATCH", "POST", "GET", "PATCH", "GET", "POST"
    ]  # fmt: skip
    assert (second.component, second.component_revision, second.revision) == (first.component, 1, 1)


def test_the_component(cluster: FakeCluster, deployed: Deploy) -> None:
    deployed()
    made = kept(cluster)
    assert made["wasm"] == WASM
    assert made["metadata"]["componentName"] == "shop:main"
    assert made["metadata"]["agentTypes"] == [agent_type_json(each) for each in SHOP]
    nothing = {"env": {}, "config": [], "pluginInstallations": [], "files": {}}
    assert made["metadata"]["agentTypeProvisionConfigs"] == dict.fromkeys(("Cart", "Once", "Eye"), nothing)


def test_environment_and_configuration(cluster: FakeCluster, deployed: Deploy) -> None:
    deployed(env=["LEVEL=info", "Once:LEVEL=debug", "EMPTY="], config=["limits.max=10", "Cart:limits.note=a note"])
    configs = kept(cluster)["metadata"]["agentTypeProvisionConfigs"]
    assert configs["Cart"]["env"] == {"LEVEL": "info", "EMPTY": ""}
    assert configs["Once"]["env"] == {"LEVEL": "debug", "EMPTY": ""}
    assert configs["Cart"]["config"] == [
        {"path": ["limits", "max"], "value": 10}, {"path": ["limits", "note"], "value": "a note"}
    ]  # fmt: skip
    assert configs["Once"]["config"] == []


def test_files(cluster: FakeCluster, deployed: Deploy, tmp_path: Path) -> None:
    (tmp_path / "data" / "inner").mkdir(parents=True)
    (tmp_path / "data" / "a.txt").write_text("a")
    (tmp_path / "data" / "inner" / "b.txt").write_text("b")
    (tmp_path / "notes.txt").write_text("notes")
    data, notes = tmp_path / "data", tmp_path / "notes.txt"
    deployed(files=[f"{data}:/data", f"Once:{notes}:/notes.txt:rw"])
    made = kept(cluster)["dto"]["metadata"]["agentTypeProvisionConfigs"]
    assert made["Cart"]["files"] == [
        {"path": "/data/a.txt", "permissions": "read-only", "size": 1},
        {"path": "/data/inner/b.txt", "permissions": "read-only", "size": 1},
    ]
    assert made["Once"]["files"][-1] == {"path": "/notes.txt", "permissions": "read-write", "size": 5}
    assert sorted(kept(cluster)["files"].values()) == [b"a", b"b", b"notes"]
    assert not any(str(tmp_path).strip("/") in name for name in kept(cluster)["files"])
    deployed(files=[f"Once:{notes}:/"])
    updates = kept(cluster)["metadata"]["agentTypeProvisionConfigUpdates"]
    assert updates["Cart"]["filesToRemove"] == ["/data/a.txt", "/data/inner/b.txt"]
    assert [each["targetPath"] for each in updates["Once"]["filesToAddOrUpdate"].values()] == ["/notes.txt"]


def test_mounts(cluster: FakeCluster, deployed: Deploy) -> None:
    deployed()
    [http] = cluster.http
    assert (http["domain"], http["webhooksPrefix"], http["openapiEndpointPrefix"]) == (
        "shop.localhost:9006", "/webhooks/", "/"
    )  # fmt: skip
    assert http["agents"] == {"Cart": {"security": {"type": "TestSessionHeader", "headerName": "X-Session"}}}
    with pytest.raises(ClusterError, match="Cart: endpoints need a user: pass --session-header NAME"):
        deployed(session_header=None)


def test_without_mounts_or_a_domain(cluster: FakeCluster, deployed: Deploy) -> None:
    deployed([ONCE])
    deployed(domain=None, session_header=None)
    assert (cluster.domains, cluster.http) == ([], [])


def test_environments(cluster: FakeCluster, deployed: Deploy) -> None:
    deployed()
    deployed(environment="cloud", domain=None, session_header=None, component="shop:other")
    options = {name: each["securityOverrides"] for name, each in cluster.environments.items()}
    assert options == {"local": True, "cloud": False}


def test_versions(cluster: FakeCluster, deployed: Deploy) -> None:
    deployed()
    deployed(version="2026-12")
    first, second = cluster.deployments
    assert (first["version"], "currentRevision" in first) == ("0", False)
    assert (second["version"], second["currentRevision"]) == ("2026-12", 0)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"types": []}, "the component has no agents"),
        ({"account": None}, "no account, which owns the application: set WITGEN_GOLEM_ACCOUNT, or pass --account ID"),
        ({"env": ["LEVEL"]}, r"--env LEVEL: write \[TYPE:\]NAME=VALUE"),
        ({"config": ["max=1"]}, "--config max: no agent reads it; they read `limits.max` of Cart, `limits.note` of"),
        ({"config": ["Once:limits.max=1"]}, "--config limits.max: no agent reads it"),
        ({"config": ["limits.max=many"]}, "--config limits.max: .*u32"),
        ({"config": ["api_key=x"]}, "--config api_key: this is a secret"),
        ({"files": ["no.txt:/no.txt"]}, "--file no.txt:/no.txt: no.txt does not exist"),
        ({"files": ["x"]}, r"--file x: write \[TYPE:\]SOURCE:/TARGET"),
        ({"files": ["x:/../y"]}, r"--file x:/../y: write \[TYPE:\]SOURCE:/TARGET"),
    ],
)
def test_what_cannot_be_deployed(cluster: FakeCluster, deployed: Deploy, given: Any, message: str) -> None:
    with pytest.raises(ClusterError, match=message):
        deployed(**given)
    assert cluster.requests == []


@pytest.mark.parametrize("name", ["main", "shop:", "Shop:main", "shop:ma_in", "shop:main:x", "shop:main@1"])
def test_names_of_components(name: str) -> None:
    with pytest.raises(ClusterError, match="is not the name of a component: write app:name"):
        checked_component_name(name)


def test_a_step_that_fails(cluster: FakeCluster, deployed: Deploy) -> None:
    deployed()
    environment = cluster.environments["local"]["id"]
    cluster.answers[f"POST /v1/envs/{environment}/deployments"] = AnswerError(
        409, {"code": "CONFLICT", "error": "Deployment hash mismatch"}
    )
    with pytest.raises(ClusterError, match=r"deployment of `local`: http://.* answers 409 Conflict: Deployment hash"):
        deployed()
    path = f"PATCH /v1/components/{kept(cluster)['dto']['id']}"
    cluster.answers[path] = AnswerError(400, {"code": "BAD", "errors": ["Unknown type: Foo"]})
    with pytest.raises(ClusterError, match=r"component `shop:main`: http://.* answers 400 Bad Request: Unknown type"):
        deployed()
    cluster.answers[f"GET /v1/envs/{environment}/components"] = AnswerError(200, {"data": []})
    with pytest.raises(ClusterError, match="component `shop:main`: the cluster's answer has no `values`"):
        deployed()
    cluster.answers[f"GET /v1/accounts/{ACCOUNT}/apps/shop"] = AnswerError(200, [])
    with pytest.raises(ClusterError, match="application `shop`: expected an object in the cluster's answer"):
        deployed()


# The command


@pytest.mark.slow
def test_the_page(
    cluster: FakeCluster,
    command: Command,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The commands of the documentation, as they stand there."""
    monkeypatch.chdir(built(tmp_path_factory).parent)
    cluster.invoke = lambda body: [{"type": "ComponentModel", "value": 5}]
    lines = re.findall(r"^\$ witgen golem (.*)$", (DOCS / "golem-cluster.md").read_text(), re.MULTILINE)
    said = [command(*shlex.split(line)) for line in lines]
    assert [(each.code, each.out) for each in said] == [(0, ""), (0, "5\n")], said
    config = kept(cluster)["metadata"]["agentTypeProvisionConfigs"]["Cart"]["config"]
    assert config == [{"path": ["max_items"], "value": 5}]


@pytest.mark.slow
def test_the_command(
    cluster: FakeCluster, command: Command, tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    component = built(tmp_path_factory)
    (tmp_path / "a.txt").write_text("a")
    options = ["--app", "shop", "--session-header", "X-Session", "--file", f"Cart:{tmp_path}/a.txt:/a.txt"]
    said = command("deploy", str(component), *options)
    assert (said.code, said.out) == (0, ""), said.err
    assert said.err == (
        "made application `shop`\n"
        "made environment `local`\n"
        "Cart cannot be made without its config max_items: pass --config\n"
        "Cart reads secrets of the environment: api_key\n"
        "shop:agents: revision 0 is in deployment 0 of shop/local: Counter, Caller, Cart, Once, Diary\n"
    )
    made = kept(cluster)
    assert made["wasm"] == component.read_bytes()
    assert [each["typeName"] for each in made["metadata"]["agentTypes"]] == [
        "Counter",
        "Caller",
        "Cart",
        "Once",
        "Diary",
    ]
    said = command("deploy", str(component), "--app", "shop", "--environment", "cloud", "--name", "shop:next")
    assert "without --domain, the mounts do not answer HTTP requests\n" in said.err
    cluster.invoke = lambda body: [{"type": "ComponentModel", "value": 5}]
    called = command("invoke", str(component), 'Counter("ann")', "add", "5", "--app", "shop")
    assert (called.code, called.out) == (0, "5\n"), called.err


def test_a_component_that_is_none(cluster: FakeCluster, command: Command, tmp_path: Path) -> None:
    said = command("deploy", str(tmp_path / "no.wasm"), "--app", "shop")
    assert (said.code, said.out) == (2, "")
    assert "no.wasm" in said.err
    said = command("deploy", str(tmp_path / "Big_Name.wasm"), "--app", "shop")
    assert "`shop:Big_Name` is not the name of a component" in said.err
    assert cluster.requests == []
