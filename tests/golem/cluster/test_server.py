"""The server of these tests finds a request that is not as Golem takes it, whatever the client makes of its answer."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.support.golem_cluster import ACCOUNT, TOKEN, golem_cluster

CALL: dict[str, Any] = {
    "appName": "shop", "envName": "local", "agentTypeName": "Cart", "methodName": "clear", "mode": "await",
    "parameters": {"type": "Tuple", "elements": []}, "methodParameters": {"type": "Tuple", "elements": []},
}  # fmt: skip


def sent(method: str, path: str, **given: Any) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}", "Accept": "application/json", "Idempotency-Key": "one"}
    with golem_cluster() as cluster, httpx.Client(base_url=cluster.url, headers=headers, trust_env=False) as client:
        client.request(method, path, **given)


def test_a_request_as_golem_takes_it() -> None:
    sent("POST", "/v1/agents/invoke-agent", json=CALL)


@pytest.mark.parametrize(
    ("method", "path", "given", "message"),
    [
        ("PUT", "/v1/agents/invoke-agent", {"json": CALL}, "there is no PUT"),
        ("POST", "/v1/agents/invoke", {"json": CALL}, "there is no POST"),
        ("POST", "/v1/agents/invoke-agent", {"json": {**CALL, "extra": 1}}, "unknown members {'extra'}"),
        ("POST", "/v1/agents/invoke-agent", {"json": {**CALL, "mode": "Await"}}, r"\$.mode: 'Await' is none of"),
        ("POST", "/v1/agents/invoke-agent", {"json": {**CALL, "appName": None}}, r"\$.appName: None is no str"),
        ("POST", "/v1/agents/invoke-agent", {"content": b"{}"}, "KeyError|AssertionError|TypeError"),
        ("POST", f"/v1/accounts/{ACCOUNT}/apps", {"json": {}}, r"\$: no member name"),
        ("POST", f"/v1/accounts/{ACCOUNT[:-1]}/apps", {"json": {"name": "a"}}, "there is no POST"),
    ],
)
def test_a_request_that_differs(method: str, path: str, given: Any, message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        sent(method, path, **given)
