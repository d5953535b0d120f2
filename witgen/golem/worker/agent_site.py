"""Agents behind HTTP: an ASGI application over an executor."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import json
import secrets
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import Any, Final, cast
from urllib.parse import parse_qsl
from uuid import UUID, uuid4

from ..agents._bindings.types import golem_agent_common as common
from ..agents.definitions import AgentTypes
from ..agents.errors import AgentError
from ..agents.http.answers import Answer, answer_of, problem_answer
from ..agents.http.names import kebab_case
from ..agents.http.openapi import openapi, to_yaml
from ..agents.http.problems import Problem
from ..agents.http.requests import Request, constructor_values, method_values
from ..agents.http.routes import Match, Route, RouteError, Router, routes_of
from ..agents.ids import AgentId, agent_id
from ..agents.rest_json import path_text
from ..agents.schemas import Schema
from .agents import INVOKE, Agents, invocation, outcome_of
from .errors import Stopped, WorkerError
from .executor import Executor
from .storage.tables import ComponentRecord, WorkerRecord

__all__ = ["AgentSite"]

_THREADS: Final = 64
_FAILED: Final = "INTERNAL_AGENT_EXECUTION_FAILED"
_WEBHOOKS: Final = "webhooks"
_CORS_AGE: Final = "3600"
_ISSUER: Final = "http://test-idp.com"
_KNOWN_CLAIMS: Final = {
    "email": "email", "name": "name", "emailVerified": "email_verified", "givenName": "given_name",
    "familyName": "family_name", "picture": "picture", "preferredUsername": "preferred_username",
}  # fmt: skip


class AgentSite:
    """ASGI application that serves the mounts of a component's agents.

    Args:
        executor: runs the agents.
        component: their component.
        env: the environment of new agents.
        session_header: the header with the JSON of a test session, for endpoints that need a user; None for none.
        body_limit: the size limit of a request's body, in bytes; None for no limit.

    Raises:
        WorkerError: a mount or an endpoint cannot be served, or there is none.
    """

    def __init__(
        self,
        executor: Executor,
        component: ComponentRecord,
        *,
        env: tuple[tuple[str, str], ...] = (),
        session_header: str | None = None,
        body_limit: int | None = None,
    ) -> None:
        self._executor = executor
        self._component = component
        self._env = env
        self._header = None if session_header is None else session_header.lower()
        self._limit = body_limit
        self._types: AgentTypes = executor.program(component.id, component.version).agents
        try:
            self.routes = [route for each in self._types for route in routes_of(each, component.version)]
            self._router = Router(self.routes)
        except RouteError as error:
            raise WorkerError(str(error)) from None
        self._refuse_names()
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="requests")
        self._base = ""
        executor.webhooks = self._webhook

    def _refuse_names(self) -> None:
        if not self.routes:
            raise WorkerError("the component has agents, but none of them has an HTTP mount with endpoints")
        users = [each for each in self.routes if each.needs_user]
        if users and self._header is None:
            names = ", ".join(sorted({f"{each.definition.name}.{each.method.name}" for each in users}))
            raise WorkerError(
                f"{names}: these endpoints need a user: pass --session-header NAME, the header in which requests carry "
                'the JSON of a test session, such as {"subject": "ann"}'
            )
        kebab = [kebab_case(each.name) for each in self._types]
        if repeated := next((each for each in kebab if kebab.count(each) > 1), None):
            raise WorkerError(f"two agent types have the same name in paths: {repeated}")

    def close(self) -> None:
        """Wait for the threads of requests; twice is fine."""
        self._threads.shutdown(wait=True)

    # ASGI

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve a connection."""
        if scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] == "http":
            await self._serve(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1000})

    async def _serve(self, scope: Any, receive: Any, send: Any) -> None:
        headers = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in scope["headers"]]
        self._base = f"{scope['scheme']}://{dict(headers).get('host', 'localhost')}"
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        try:
            body = await self._body(receive)
            query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
            request = Request(query, headers, body)
            loop = asyncio.get_running_loop()
            answer = await loop.run_in_executor(self._threads, self.answer, scope["method"], path, request)
        except Problem as problem:
            answer = problem_answer(problem)
        await _send(send, answer, without_body=scope["method"] == "HEAD")

    async def _body(self, receive: Any) -> bytes:
        parts: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                break
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if self._limit is not None and size > self._limit:
                raise Problem(413, "PAYLOAD_TOO_LARGE", f"the body has more than {self._limit} bytes")
            if not message.get("more_body"):
                break
        return b"".join(parts)

    # Requests

    def answer(self, verb: str, path: str, request: Request) -> Answer:
        """Return the answer to a request; any thread may call this."""
        origin = next(iter(request.values("origin")), None)
        try:
            if path.startswith(f"/{_WEBHOOKS}/"):
                return self._complete(verb, path)(request.body)
            match = self._router.find(path)
            document = self._document(path) if match is None and verb in {"GET", "HEAD"} else None
            if document is not None:
                return document
            if match is None:
                raise _not_found(verb, path)
            if verb == "OPTIONS" and verb not in match.routes:
                return _preflight(match, request, origin)
            route = match.routes.get(verb)
            if route is None:
                raise _not_found(verb, path, match.routes)
        except Problem as problem:
            return problem_answer(problem)
        try:
            made = self._called(route, match, request)
        except Problem as problem:
            made = problem_answer(problem)
        return _readable(made, route.origins, origin)

    def _called(self, route: Route, match: Match, request: Request) -> Answer:
        principal = self._principal(route, request)
        mounted, variables = match.variables(route)
        agent = self._agent(route, mounted)
        values = method_values(route, variables, request)
        data = route.method.takes.to_data(values)
        try:
            agents = Agents(self._executor)
            worker = agents.find_or_create(self._component.id, route.definition, agent, principal, env=self._env)
            key = str(uuid4())
            response = worker.invoke(INVOKE, invocation(route.method.name, data, principal), key)
            return answer_of(route.method.returns, route.method.returns.from_data(outcome_of(response)))
        except Problem:
            raise
        except Stopped:
            raise Problem(503, "SHUTTING_DOWN", "the server ends") from None
        except Exception as error:  # noqa: BLE001 - whatever the agent, or a function that it calls, fails with
            raise Problem(500, _FAILED, str(error)) from None

    def _agent(self, route: Route, mounted: Mapping[str, str]) -> AgentId:
        phantom: UUID | None = uuid4() if route.has_phantom else None
        schema: Schema = route.definition.constructor
        try:
            return agent_id(route.definition.name, schema, constructor_values(route, mounted), phantom)
        except AgentError as error:
            raise Problem(400, "REQUEST_VALUE_PARSING_FAILED", str(error)) from None

    def _principal(self, route: Route, request: Request) -> common.Principal:
        given = [] if self._header is None else request.values(self._header)
        if not given:
            if route.needs_user:
                raise Problem(401, "UNAUTHORIZED", "the request does not say who makes it")
            return common.PrincipalAnonymous()
        try:
            session = json.loads(given[0])
            return common.PrincipalOidc(_user(session))
        except (ValueError, TypeError, AttributeError) as error:
            raise Problem(401, "UNAUTHORIZED", f"the header {self._header} has no session: {error}") from None

    # Webhooks and descriptions

    def _webhook(self, record: WorkerRecord, position: int) -> str | None:
        """Return the URL that completes a promise."""
        name = record.name.partition("(")[0]
        definition = self._types.find(name) if name in self._types else None
        if record.component != self._component.id or definition is None or definition.declared.http_mount is None:
            return None
        suffix = path_text([*definition.declared.http_mount.webhook_suffix])
        suffix = suffix.replace("{agent-type}", kebab_case(name)).replace("{agent-version}", str(record.version))
        content = f"{record.number}.{position}".encode()
        token = base64.urlsafe_b64encode(content + self._seal(content)).decode().rstrip("=")
        return f"{self._base}/{_WEBHOOKS}/{suffix or kebab_case(name)}/{token}"

    def _seal(self, content: bytes) -> bytes:
        return hmac.digest(self._webhook_key(), content, sha256)[:16]

    def _webhook_key(self) -> bytes:
        """Return the key of this state file, so that URLs stay valid in later processes."""
        known = self._executor.environment.secret(_SEAL)
        if known is None:
            known = json.dumps(secrets.token_hex(32))
            self._executor.environment.set_secrets({_SEAL: known})
        return bytes.fromhex(json.loads(known))

    def _complete(self, verb: str, path: str) -> Callable[[bytes], Answer]:
        token = path.rpartition("/")[2]
        try:
            content = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        except (binascii.Error, ValueError):
            content = b""
        content, seal = content[:-16], content[-16:]
        if verb != "POST" or not content or not hmac.compare_digest(seal, self._seal(content)):
            raise _not_found(verb, path)
        number, position = map(int, content.split(b"."))

        def complete(body: bytes) -> Answer:
            self._executor.promises.complete(number, position, body)
            self._executor.wake(number)
            return Answer(204)

        return complete

    def _document(self, path: str) -> Answer | None:
        if path not in {"/openapi.json", "/openapi.yaml"}:
            return None
        made = openapi(self.routes, self._component.name)
        if path.endswith(".json"):
            return Answer(200, {"content-type": "application/json"}, json.dumps(made, indent=2).encode())
        return Answer(200, {"content-type": "application/yaml"}, to_yaml(made).encode())


_SEAL: Final = "witgen.webhooks"
"""The name of the key of webhooks; no secret of an agent has a path with this spelling that could be read."""


def _not_found(verb: str, path: str, others: Iterable[str] = ()) -> Problem:
    """Return the answer where no route fits: Golem's is the same where a path has routes of other verbs."""
    there = f", but {' and '.join(sorted(others))} of this path" if others else ""
    return Problem(404, "ROUTE_NOT_FOUND", f"there is no route {verb} {path:.200}{there}")


def _user(session: Any) -> common.OidcPrincipal:
    if not isinstance(session, Mapping):
        raise TypeError("it is not an object")
    found = cast("Mapping[str, Any]", session)
    known = {python: found.get(name) for name, python in _KNOWN_CLAIMS.items()}
    claims = json.dumps(found.get("claims", {}))
    subject = found.get("subject", found.get("sub", "test-user"))
    return common.OidcPrincipal(str(subject), str(found.get("issuer", _ISSUER)), **known, claims=claims)


def _allowed(origins: Iterable[str], origin: str | None) -> bool:
    return origin is not None and any(each in {"*", origin} for each in origins)


def _preflight(match: Match, request: Request, origin: str | None) -> Answer:
    wanted = next(iter(request.values("access-control-request-method")), "").upper()
    routes = [route for verb, route in match.routes.items() if not wanted or verb == wanted] or [*match.routes.values()]
    allowing = [route for route in routes if _allowed(route.origins, origin)]
    if not allowing:
        raise Problem(403, "FORBIDDEN", "this origin may not make requests")
    verbs = [verb for verb, route in match.routes.items() if _allowed(route.origins, origin)]
    names = {each.header_name.lower() for route in allowing for each in route.endpoint.header_vars}
    names |= {"content-type" for route in allowing if route.body}
    return _readable(
        Answer(
            204,
            {
                "access-control-allow-methods": ", ".join(sorted(verbs)),
                "access-control-allow-headers": ", ".join(sorted(names)),
                "access-control-max-age": _CORS_AGE,
            },
        ),
        [each for route in allowing for each in route.origins],
        origin,
    )


def _readable(answer: Answer, origins: Iterable[str], origin: str | None) -> Answer:
    """Return an answer with the headers that let a page of another origin read it."""
    if not _allowed(origins, origin) or origin is None:
        return answer
    headers = {
        **answer.headers,
        "access-control-allow-origin": origin,
        "access-control-allow-credentials": "true",
        "vary": "Origin",
    }
    return Answer(answer.status, headers, answer.body)


async def _send(send: Any, answer: Answer, *, without_body: bool) -> None:
    headers = {**answer.headers}
    if answer.status != 204:
        headers["content-length"] = str(len(answer.body))
    pairs = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": pairs})
    await send({"type": "http.response.body", "body": b"" if without_body else answer.body})


async def _live(receive: Any, send: Any) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
