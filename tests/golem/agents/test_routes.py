"""Which paths lead where, and which endpoints cannot be served: what a deployment refuses."""

from __future__ import annotations

from typing import Any

import pytest

from tests.golem.agents.declared import GET, POST, agent_type, endpoint, method, mount
from witgen.golem.agents._bindings.types import golem_core_types as core
from witgen.golem.agents.definitions import AgentTypes
from witgen.golem.agents.http.names import kebab_case
from witgen.golem.agents.http.openapi import openapi, to_yaml
from witgen.golem.agents.http.routes import RouteError, Router, routes_of
from witgen_runtime import abi

TEXT = core.ElementSchemaUnstructuredText(core.TextDescriptor(None))
NAMES = {"user": abi.STRING}


def routes(*declared: Any) -> list[Any]:
    return [route for each in AgentTypes(declared) for route in routes_of(each, 3)]


def cart(*methods: Any, at: str = "/carts/{user}") -> Any:
    return agent_type("ShoppingCart", *methods, takes=NAMES, mount=mount(at))


def test_literals_come_first_and_no_choice_is_taken_back() -> None:
    router = Router(
        routes(
            cart(
                method("literal", {}, abi.STRING, endpoint(GET, "x/new")),
                method("variable", {"a": abi.STRING}, abi.STRING, endpoint(GET, "x/{a}/more")),
                method("rest", {"a": abi.STRING}, abi.STRING, endpoint(GET, "x/{*a}")),
            )
        )
    )

    def found(path: str) -> str | None:
        match = router.find(path)
        return None if match is None else match.routes["GET"].method.name

    assert found("/carts/ann/x/new") == "literal"
    assert found("/carts/ann/x/new/") == "literal"
    assert found("/carts/ann/x/old/more") == "variable"
    assert found("/carts/ann/x/new/more") is None
    assert found("/carts/ann/x/old") is None
    assert found("/carts/ann/x") is None
    assert found("/carts//x/new") is None


def test_variables_of_mount_and_method_may_have_one_name() -> None:
    [route] = routes(cart(method("m", {"user": abi.STRING}, None, endpoint(GET, "{user}"))))
    match = Router([route]).find("/carts/ann/bob")
    assert match is not None
    assert match.variables(route) == ({"user": "ann"}, {"user": "bob"})


def test_system_variables() -> None:
    [route] = routes(cart(method("m", {}, None, endpoint(GET, "/")), at="/{agent-type}/{agent-version}/{user}"))
    assert route.shown == "GET /shopping-cart/3/{user}"
    names = ("ExampleAgent", "HTTPServer", "my_agent", "chatRoom2B", "XMLHttpV2API")
    assert [kebab_case(each) for each in names] == [
        "example-agent", "http-server", "my-agent", "chat-room2-b", "xml-http-v2api"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        (agent_type("A", method("m", {}, None, endpoint(GET, "/"))), "A.m has an endpoint, but A has no mount"),
        (cart(at="/carts"), "the constructor's parameter `user` is not a part of it"),
        (cart(at="/carts/{user}/{other}"), "{other} is not a parameter of the constructor"),
        (cart(method("m", {}, None, endpoint(GET, "{a}"))), "{a} is not a parameter of the method"),
        (cart(method("m", {"a": abi.U8}, None, endpoint(GET, "{*a}"))), r"{\*a} must be a string"),
        (cart(method("m", {"a": abi.STRING}, None, endpoint(GET, "{*a}/b"))), "only the last segment"),
        (cart(method("m", {"a": abi.List(abi.U8)}, None, endpoint(GET, "{a}"))), "`a` is not of a type that can be"),
        (
            cart(method("m", {"a": abi.STRING}, None, endpoint(GET, "{a}", query={"q": "a"}))),
            "the parameter `a` is bound twice",
        ),
        (
            cart(method("m", {"a": TEXT, "b": abi.U8}, None, endpoint(POST, "/"))),
            "`a` is a body of its own, so no other parameter can be in it: bind `b` to path, query or headers",
        ),
    ],
)
def test_what_cannot_be_served(declared: Any, message: str) -> None:
    with pytest.raises(RouteError, match=message):
        routes(declared)


def test_two_endpoints_of_one_shape() -> None:
    first = method("first", {"a": abi.STRING}, None, endpoint(GET, "{a}"))
    second = method("second", {"b": abi.STRING}, None, endpoint(GET, "{b}"))
    with pytest.raises(RouteError, match=r"ShoppingCart.first and ShoppingCart.second have the same endpoint"):
        Router(routes(cart(first, second)))


def test_descriptions() -> None:
    takes = {"n": abi.U8, "q": abi.Option(abi.STRING)}
    made: Any = openapi(routes(cart(method("m", takes, abi.BOOL, endpoint(POST, "/", query={"q": "q"})))), "shop")
    operation = made["paths"]["/carts/{user}"]["post"]
    assert [(each["name"], each["in"], each["required"]) for each in operation["parameters"]] == [
        ("user", "path", True),
        ("q", "query", False),
    ]
    assert operation["requestBody"]["content"]["application/json"]["schema"]["required"] == ["n"]
    assert '"openapi": "3.0.0"' in to_yaml(made)
