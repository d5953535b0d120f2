"""A server with those calls of Golem's REST API that deploy and call agents, on the loopback interface.

It checks each request against the shapes that Golem 1.5.9 takes: methods, paths, headers, parts of forms and members of
JSON, of which none may be missing, unknown or of another type. A request that differs is a failed test.
"""

from __future__ import annotations

import io
import json
import re
import ssl
import threading
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from email import message_from_bytes
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

from tests.support.golem_shapes import CREATED, INVOKED, SECURITY, UPDATED, Shape, anything, check, mapping

__all__ = ["ACCOUNT", "TOKEN", "AnswerError", "FakeCluster", "golem_cluster"]

TOKEN = "t0ken"
ACCOUNT = "5a4e5f8e-0000-4000-8000-000000000001"


class AnswerError(Exception):
    """An answer that is not 200: a status with a body, which is JSON unless it is bytes."""

    def __init__(self, status: int, body: Any = None, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status)
        self.status, self.body, self.headers = status, body, headers or {}


class FakeCluster:
    """What the server has been asked for, and what it has made of it.

    Attributes:
        url: its address.
        requests: method and path of each request.
        answers: answers for the next requests whose method and path are a key, instead of its own.
        invoke: returns the answer to a call, from its body and its idempotency key.
        problems: requests that are not as Golem takes them.
    """

    def __init__(self) -> None:
        self.url = ""
        self.requests: list[str] = []
        self.answers: dict[str, AnswerError] = {}
        self.delay = 0.0
        self.problems: list[str] = []
        self.apps: dict[str, str] = {}
        self.environments: dict[str, dict[str, Any]] = {}
        self.components: dict[str, dict[str, Any]] = {}
        self.domains: list[str] = []
        self.http: list[dict[str, Any]] = []
        self.deployments: list[dict[str, Any]] = []
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.invoke: Callable[[dict[str, Any]], Any] = lambda body: []

    def answer(self, method: str, path: str, headers: Any, body: bytes) -> Any:
        """Return the JSON that answers a request."""
        self.requests.append(f"{method} {path}")
        if headers["authorization"] != f"Bearer {TOKEN}":
            raise AnswerError(401, {"code": "UNAUTHORIZED", "error": "Invalid token"})
        assert headers["accept"] == "application/json"
        scripted = self.answers.pop(f"{method} {path}", None)
        if scripted is not None:
            raise scripted
        for pattern, function in _ROUTES.items():
            verb, _, form = pattern.partition(" ")
            match = re.fullmatch(form, path)
            if verb == method and match is not None:
                return function(self, *match.groups(), headers=headers, body=body)
        raise AssertionError(f"there is no {method} {path}")

    # Applications and environments

    def _find_app(self, account: str, name: str, **_: Any) -> Any:
        assert account == ACCOUNT
        if name not in self.apps:
            raise AnswerError(404, {"code": "NOT_FOUND", "error": f"Application {name} not found"})
        return {"id": self.apps[name], "name": name}

    def _make_app(self, account: str, *, headers: Any, body: bytes) -> Any:
        given = _json({"name": str}, headers, body)
        self.apps[given["name"]] = str(uuid4())
        return self._find_app(account, given["name"])

    def _find_environment(self, app: str, name: str, **_: Any) -> Any:
        assert app in self.apps.values()
        if name not in self.environments:
            raise AnswerError(404, {"code": "NOT_FOUND", "error": f"Environment {name} not found"})
        return self.environments[name]

    def _make_environment(self, app: str, *, headers: Any, body: bytes) -> Any:
        shape = {"name": str, "compatibilityCheck": bool, "versionCheck": bool, "securityOverrides": bool}
        given = _json(shape, headers, body)
        self.environments[given["name"]] = {"id": str(uuid4()), "revision": 0, **given}
        return self._find_environment(app, given["name"])

    def _check_environment(self, environment: str) -> None:
        assert environment in {each["id"] for each in self.environments.values()}

    # Components

    def _list_components(self, environment: str, **_: Any) -> Any:
        self._check_environment(environment)
        return {"values": [each["dto"] for each in self.components.values()]}

    def _make_component(self, environment: str, *, headers: Any, body: bytes) -> Any:
        self._check_environment(environment)
        parts = _form(headers, body, {"metadata", "componentWasm"}, {"files"})
        metadata = json.loads(parts["metadata"])
        check(CREATED, metadata)
        assert re.fullmatch(r"[a-z][a-z0-9-]*:[a-z][a-z0-9-]*", metadata["componentName"])
        configs = metadata["agentTypeProvisionConfigs"]
        assert {*configs} == {each["typeName"] for each in metadata["agentTypes"]}
        kept = {"id": str(uuid4()), "revision": 0, "componentName": metadata["componentName"]}
        return self._keep(kept, parts["componentWasm"], metadata, _unpacked(parts.get("files")), {
            name: {**each, "files": [*each["files"].items()]} for name, each in configs.items()
        })  # fmt: skip

    def _update_component(self, component: str, *, headers: Any, body: bytes) -> Any:
        parts = _form(headers, body, {"metadata", "newComponentWasm"}, {"newFiles"})
        metadata = json.loads(parts["metadata"])
        check(UPDATED, metadata)
        kept = self.components[component]["dto"]
        if metadata["currentRevision"] != kept["revision"]:
            raise AnswerError(409, {"code": "CONFLICT", "error": "Component was updated concurrently"})
        made = {**kept, "revision": kept["revision"] + 1}
        return self._keep(made, parts["newComponentWasm"], metadata, _unpacked(parts.get("newFiles")), {
            name: {**each, "files": [*each["filesToAddOrUpdate"].items()]}
            for name, each in metadata["agentTypeProvisionConfigUpdates"].items()
        })  # fmt: skip

    def _keep(self, dto: Any, wasm: bytes, metadata: Any, files: dict[str, bytes], configs: Any) -> Any:
        assert wasm.startswith(b"\0asm")
        for each in configs.values():
            assert {name for name, _ in each["files"]} <= {*files}
            each["files"] = [
                {"path": options["targetPath"], "permissions": options["permissions"], "size": len(files[name])}
                for name, options in each["files"]
            ]
        dto = {**dto, "metadata": {"agentTypeProvisionConfigs": configs}}
        self.components[dto["id"]] = {"dto": dto, "wasm": wasm, "metadata": metadata, "files": files}
        return dto

    # HTTP

    def _register(self, environment: str, *, headers: Any, body: bytes) -> Any:
        self._check_environment(environment)
        domain = _json({"domain": str}, headers, body)["domain"]
        if domain in self.domains:
            raise AnswerError(409, {"code": "CONFLICT", "error": f"Domain {domain} is already registered"})
        self.domains.append(domain)
        return {"id": str(uuid4()), "environmentId": environment, "domain": domain}

    def _list_http(self, environment: str, **_: Any) -> Any:
        self._check_environment(environment)
        return {"values": self.http}

    def _make_http(self, environment: str, *, headers: Any, body: bytes) -> Any:
        agents = mapping({"security?": SECURITY})
        shape = {"domain": str, "webhooksPrefix": str, "openapiEndpointPrefix": str, "agents": agents}
        given = _json(shape, headers, body)
        assert given["domain"] in self.domains
        self.http.append({"id": str(uuid4()), "revision": 0, **given})
        return self.http[-1]

    def _update_http(self, deployment: str, *, headers: Any, body: bytes) -> Any:
        given = _json({"currentRevision": int, "agents": mapping({"security?": SECURITY})}, headers, body)
        [found] = [each for each in self.http if each["id"] == deployment]
        assert found["revision"] == given["currentRevision"]
        found |= {"revision": found["revision"] + 1, "agents": given["agents"]}
        return found

    # Deployments and calls

    def _plan(self, environment: str, **_: Any) -> Any:
        self._check_environment(environment)
        plan = {"deploymentHash": f"hash-{len(self.deployments)}", "currentRevision": len(self.deployments) - 1}
        return plan if self.deployments else {**plan, "currentRevision": None}

    def _deploy(self, environment: str, *, headers: Any, body: bytes) -> Any:
        self._check_environment(environment)
        defaults = {f"{name}Defaults": [anything] for name in ("agentSecret", "quotaResource", "retryPolicy")}
        shape = {"currentRevision?": int, "expectedDeploymentHash": str, "version": str, **defaults}
        given = _json(shape, headers, body)
        assert given["expectedDeploymentHash"] == f"hash-{len(self.deployments)}"
        assert given.get("currentRevision", -1) == len(self.deployments) - 1
        self.deployments.append(given)
        return {"revision": 0, "currentRevision": len(self.deployments) - 1, "deploymentHash": "x"}

    def _call(self, *, headers: Any, body: bytes) -> Any:
        given = _json(INVOKED, headers, body)
        assert ("scheduleAt" in given) == (given["mode"] == "schedule")
        key = headers["idempotency-key"]
        assert key
        self.calls.append((key, given))
        agent = {"componentId": str(uuid4()), "agentId": f"{given['agentTypeName']}(…)"}
        answer = {"agentId": agent, "componentRevision": 0}
        if given["mode"] == "schedule":
            return answer
        return {**answer, "result": {"type": "Tuple", "elements": self.invoke(given)}}


_ID = "([0-9a-f-]{36})"
_ROUTES: dict[str, Callable[..., Any]] = {
    f"GET /v1/accounts/{_ID}/apps/([^/]+)": FakeCluster._find_app,
    f"POST /v1/accounts/{_ID}/apps": FakeCluster._make_app,
    f"GET /v1/apps/{_ID}/envs/([^/]+)": FakeCluster._find_environment,
    f"POST /v1/apps/{_ID}/envs": FakeCluster._make_environment,
    f"GET /v1/envs/{_ID}/components": FakeCluster._list_components,
    f"POST /v1/envs/{_ID}/components": FakeCluster._make_component,
    f"PATCH /v1/components/{_ID}": FakeCluster._update_component,
    f"POST /v1/envs/{_ID}/domain-registrations": FakeCluster._register,
    f"GET /v1/envs/{_ID}/http-api-deployments": FakeCluster._list_http,
    f"POST /v1/envs/{_ID}/http-api-deployments": FakeCluster._make_http,
    f"PATCH /v1/http-api-deployments/{_ID}": FakeCluster._update_http,
    f"GET /v1/envs/{_ID}/plan": FakeCluster._plan,
    f"POST /v1/envs/{_ID}/deployments": FakeCluster._deploy,
    "POST /v1/agents/invoke-agent": FakeCluster._call,
}


def _json(shape: Shape, headers: Any, body: bytes) -> Any:
    assert headers["content-type"] == "application/json"
    given = json.loads(body)
    check(shape, given)
    return given


def _form(headers: Any, body: bytes, needed: set[str], optional: set[str]) -> dict[str, bytes]:
    kind = headers["content-type"]
    assert kind.startswith("multipart/form-data; boundary=")
    message = message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + body, policy=HTTP)
    types = {
        **dict.fromkeys(("componentWasm", "newComponentWasm"), "application/wasm"),
        **dict.fromkeys(("files", "newFiles"), "application/zip"), "metadata": "application/json",
    }  # fmt: skip
    parts: dict[str, bytes] = {}
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        assert name not in parts
        assert part.get_content_type() == types[name]
        assert (part.get_filename() is None) == (name == "metadata")
        parts[name] = part.get_payload(decode=True)
    assert needed <= {*parts} <= needed | optional
    return parts


def _unpacked(content: bytes | None) -> dict[str, bytes]:
    if content is None:
        return {}
    with zipfile.ZipFile(io.BytesIO(content)) as opened:
        names = opened.namelist()
        assert len(names) == len({*names}) > 0
        assert not any(name.startswith("/") or ".." in name for name in names)
        return {name: opened.read(name) for name in names}


@contextmanager
def golem_cluster(context: ssl.SSLContext | None = None) -> Iterator[FakeCluster]:
    """Run the server; at the end, fail where a request was not as Golem takes it."""
    cluster = FakeCluster()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            status, answer, headers = 200, None, {}
            try:
                answer = cluster.answer(self.command, self.path, self.headers, body)
            except AnswerError as scripted:
                status, answer, headers = scripted.status, scripted.body, dict(scripted.headers)
            except Exception as error:  # noqa: BLE001 - whatever a check finds
                problem = f"{self.command} {self.path}: {type(error).__name__}: {error}"
                cluster.problems.append(problem)
                status, answer = 400, {"errors": [problem]}
            time.sleep(cluster.delay)
            content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(status)
            for name, value in {"content-type": "application/json", **headers}.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_PATCH = do_PUT = do_DELETE = do_GET  # noqa: N815 - the names are http.server's

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        server.handle_error = lambda *_: None  # type: ignore[method-assign]
        if context is not None:
            server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        cluster.url = f"{'http' if context is None else 'https'}://127.0.0.1:{server.server_address[1]}"
        try:
            yield cluster
        finally:
            server.shutdown()
            thread.join()
    assert not cluster.problems, "\n".join(cluster.problems)
