"""What agents say about HTTP: its form for Golem's gateway, and what the gateway would refuse."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from witgen.golem.sdk import (
    U32,
    DeclarationError,
    Multimodal,
    Principal,
    UnstructuredBinary,
    UnstructuredText,
    agent,
    declaring,
    endpoint,
    injected,
)
from witgen.golem.sdk._bindings.types import golem_agent_common as common
from witgen.golem.sdk.agent_types import agent_type
from witgen.golem.sdk.declaring import definition_of

ORIGIN = "https://shop.example"


@agent(mount="/shops/{name}/{agent-type}", auth=True, cors=[ORIGIN], phantom=True, webhook="/hooks/{agent-version}")
class Shop:
    def __init__(self, name: str) -> None: ...

    @endpoint.get("/items/{number}?currency={currency}&tag={tags}", headers={"X-Trace": "trace"}, auth=False, cors="*")
    @endpoint.custom("PURGE", "/")
    def find(self, number: U32, currency: str | None, tags: list[str], trace: str | None) -> str | None: ...

    @endpoint.put("/files/{*rest}")
    def put(self, rest: str, content: UnstructuredBinary, who: Principal = injected()) -> None: ...


def path(*segments: common.PathSegment) -> list[common.PathSegment]:
    return list(segments)


def variable(name: str) -> common.PathSegment:
    return common.PathSegmentPathVariable(common.PathVariable(name))


def test_the_mount() -> None:
    mount = agent_type(definition_of(Shop)).http_mount
    assert mount == common.HttpMountDetails(
        path_prefix=[
            common.PathSegmentLiteral("shops"),
            variable("name"),
            common.PathSegmentSystemVariable(common.SystemVariable.AGENT_TYPE),
        ],
        auth_details=common.AuthDetails(True),
        phantom_agent=True,
        cors_options=common.CorsOptions([ORIGIN]),
        webhook_suffix=[
            common.PathSegmentLiteral("hooks"),
            common.PathSegmentSystemVariable(common.SystemVariable.AGENT_VERSION),
        ],
    )


def test_endpoints() -> None:
    find, put = agent_type(definition_of(Shop)).methods
    assert find.http_endpoint == [
        common.HttpEndpointDetails(
            http_method=common.HttpMethodGet(),
            path_suffix=[common.PathSegmentLiteral("items"), variable("number")],
            header_vars=[common.HeaderVariable("X-Trace", "trace")],
            query_vars=[common.QueryVariable("currency", "currency"), common.QueryVariable("tag", "tags")],
            auth_details=common.AuthDetails(False),
            cors_options=common.CorsOptions(["*"]),
        ),
        common.HttpEndpointDetails(common.HttpMethodCustom("PURGE"), [], [], [], None, common.CorsOptions([])),
    ]
    [endpoint_of_put] = put.http_endpoint
    rest = common.PathSegmentRemainingPathVariable(common.PathVariable("rest"))
    assert endpoint_of_put.path_suffix == [common.PathSegmentLiteral("files"), rest]


def refused(make: Callable[[], type[Any]]) -> str:
    before = len(declaring._declared)
    with pytest.raises(DeclarationError) as caught:
        definition_of(make())
    del declaring._declared[before:]  # other tests ask for all agents
    assert all(problem.file.endswith("test_http.py") and problem.line > 0 for problem in caught.value.problems)
    return str(caught.value)


MOUNTS = {
    "a": "does not begin with /",
    "/a//b": "has an empty segment",
    "/a?b={name}": "has a query",
    "/a/{*name}": "only an endpoint's path can end with all that is left",
    "/a-{name}": "mixes text and variables",
    "/a": "lacks the constructor's parameter `name`",
    "/{name}/{name}": "has the variable `name` twice",
    "/{name}/{other}": "`other` is no parameter of the constructor",
    "/{name}/{who}": "`who` is a parameter that no caller passes",
}


@pytest.mark.parametrize("mount", MOUNTS)
def test_mounts_that_are_refused(mount: str) -> None:
    def make() -> type[Any]:
        @agent(mount=mount)
        class Odd:
            def __init__(self, name: str, who: Principal = injected()) -> None: ...

        return Odd

    assert MOUNTS[mount] in refused(make)


def test_a_variable_whose_parameter_has_no_type_hint() -> None:
    def make() -> type[Any]:
        @agent(mount="/{name}")
        class Odd:
            def __init__(self, name) -> None: ...  # type: ignore[no-untyped-def]

        return Odd

    said = refused(make)
    assert "the constructor has no type hint for `name`" in said
    assert "no parameter" not in said


ENDPOINTS = {
    "b": "does not begin with /",
    "/{*text}/b": "has to be its end",
    "/b?{text}": "not of the form name={parameter}",
    "/b?t={text}&u={text}": "`text` is given twice",
    "/{other}": "`other` in `/{other}` is no parameter that callers pass",
    "/{who}": "`who` in `/{who}` is no parameter that callers pass",
    "/{*number}": "so it has to be a str",
    "/{maybe}": "`maybe` in the path has to be a number",
    "/b?x={pairs}": "`pairs` in the query or a header has to be a number",
}


@pytest.mark.parametrize("place", ENDPOINTS)
def test_endpoints_that_are_refused(place: str) -> None:
    def make() -> type[Any]:
        @agent(mount="/a")
        class Odd:
            @endpoint.post(place)
            def take(
                self, text: str, number: U32, maybe: str | None, pairs: dict[str, int], who: Principal = injected()
            ) -> None: ...

        return Odd

    assert ENDPOINTS[place] in refused(make)


def test_bodies_that_are_refused() -> None:
    def make() -> type[Any]:
        @agent(mount="/a")
        class Odd:
            @endpoint.post("/b")
            def two(self, text: UnstructuredText, number: U32) -> None: ...

            @endpoint.post("/c")
            def mixed(self, parts: Multimodal[UnstructuredText | UnstructuredBinary]) -> None: ...

        return Odd

    found = refused(make)
    assert "have to be all of the body" in found
    assert "a Multimodal cannot come over HTTP" in found


def test_further_mistakes() -> None:
    def make() -> type[Any]:
        @agent(cors=["nowhere"], snapshot=dt.timedelta(seconds=-1))
        class Odd:
            @endpoint.get("/b", headers={"X Y": "text"})
            def take(self, text: str) -> None: ...

        return Odd

    found = refused(make)
    assert "`cors=` is about HTTP and needs `mount=`" in found
    assert 'has an endpoint, but its class no mount: write @agent(mount="/…")' in found
    assert "snapshot is a number of calls up to 65535, a timedelta or True" in found


def test_two_endpoints_for_one_request() -> None:
    def make() -> type[Any]:
        @agent(mount="/a")
        class Odd:
            @endpoint.get("/{x}")
            def one(self, x: str) -> None: ...

            @endpoint.get("/{y}", headers={"no good": "y"})
            def two(self, y: str) -> None: ...

        return Odd

    found = refused(make)
    assert "several endpoints answer GET /a/{}" in found
    assert "`no good` cannot be the name of a header" in found
