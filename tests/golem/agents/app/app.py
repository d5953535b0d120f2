"""Agents written by hand: classes with their signatures, and what Golem calls.

One file, for all its length: agents of one component find each other by their class names.
"""

# ruff: noqa: RUF012 - signatures, which nothing changes

from __future__ import annotations

import json
import os
import time
from typing import Any

from agent.guest import (
    exports,
    golem_agent_host,
    golem_api_host,
    golem_api_oplog,
    golem_api_retry,
    golem_rdbms_ignite2,
    wasi_config_store,
)
from agent.types import golem_agent_common as common
from agent.types import golem_api_host as api
from agent.types import golem_api_retry as retry
from agent.types import golem_core_types as core
from plain import Err, Ok, answer, data, plain, schema, values, wit_type

from witgen_runtime.values import WitError

ITEM = ("record", "Item", [("name", "string"), ("price", "f64"), ("quantity", "u32")])
COLOUR = ("enum", "Colour", ["red", "dark_blue"])
ME = ("record", "Me", [("agent", "string"), ("type", "string"), ("principal", "string")])
LIMITS = ("record", "Limits", [("max_items", "u32"), ("nickname", ("option", "string")), ("api_key", "string")])
TEXT = core.ElementSchemaUnstructuredText(core.TextDescriptor([core.TextType("en"), core.TextType("de")]))
BINARY = core.ElementSchemaUnstructuredBinary(core.BinaryDescriptor([core.BinaryType("image/png")]))


def principal_name(principal: common.Principal) -> str:
    match principal:
        case common.PrincipalAgent(agent):
            return agent.agent_id.agent_id
        case common.PrincipalOidc(user):
            return f"{user.sub} of {user.issuer}"
        case _:
            return type(principal).__name__.removeprefix("Principal")


class Counter:
    """Counts."""

    PARAMETERS = [("name", "string")]
    METHODS = {
        "add": ([("n", "u32")], "u32"),
        "add_slowly": ([("n", "u32")], "u32"),
        "total": ([], "u32"),
        "key": ([], "string"),
        "twice": ([], ("list", "string")),
        "reject": ([], None),
        "declared": ([("good", "bool")], ("result", "u32", "string")),
        "trap": ([], None),
        "crash": ([], None),
        "die_once": ([], "string"),
        "patient": ([], None),
        "hurried": ([], None),
        "echo": (
            [("item", ITEM), ("colour", COLOUR), ("note", ("option", "string")), ("more", ("list", "u32"))],
            ("list", "string"),
        ),
        "who": ([], ME),
        "database": ([], None),
        "promise": ([], "string"),
        "fork": ([], "string"),
        "say": ([("text", TEXT)], TEXT),
        "history": ([("agent", "string"), ("text", "string")], ("list", "string")),
    }
    SNAPSHOT = 3

    def __init__(self, guest: Guest, name: str) -> None:
        self.guest, self.name, self.count = guest, name, 0

    def add(self, n: int) -> int:
        self.count += n
        return self.count

    def add_slowly(self, n: int) -> int:
        time.sleep(2)
        return self.add(n)

    def total(self) -> int:
        return self.count

    def key(self) -> str:
        return str(golem_api_host.generate_idempotency_key().low_bits)

    def twice(self) -> list[str]:
        begin = golem_api_host.mark_begin_operation()
        keys = [self.key(), self.key()]
        golem_api_host.mark_end_operation(begin)
        return keys

    def reject(self) -> None:
        raise common.AgentErrorInvalidInput("not today")

    def declared(self, good: bool) -> Any:
        return Ok(1) if good else Err("no")

    def trap(self) -> None:
        golem_api_host.trap("on purpose")

    def crash(self) -> None:
        raise RuntimeError("crashed")

    def die_once(self) -> str:
        """End by a trap in an atomic region, until the second key of the region is drawn in a later attempt."""
        begin = golem_api_host.mark_begin_operation()
        key = self.key()
        if not os.path.exists("/tried"):
            raise SystemExit(key)
        golem_api_host.mark_end_operation(begin)
        return key

    def hurried(self) -> None:
        nodes = [retry.PolicyNodeTimeBox(retry.TimeBoxConfig(300_000_000, 1)), retry.PolicyNodePeriodic(100_000_000)]
        repeatable = retry.PropertyComparison("is-idempotent", retry.PredicateValueBoolean(value=True))
        repeats = retry.RetryPredicate([retry.PredicateNodePropEq(repeatable)])
        golem_api_retry.set_retry_policy(retry.NamedRetryPolicy("mine", 9, repeats, retry.RetryPolicy(nodes)))

    def patient(self) -> None:
        nodes = [retry.PolicyNodeCountBox(retry.CountBoxConfig(1, 1)), retry.PolicyNodeImmediate()]
        always = retry.RetryPredicate([retry.PredicateNodePredTrue()])
        golem_api_retry.set_retry_policy(retry.NamedRetryPolicy("mine", 9, always, retry.RetryPolicy(nodes)))

    def echo(self, item: Any, colour: str, note: str | None, more: list[int]) -> list[str]:
        return [json.dumps(item), colour, repr(note), repr(more)]

    def who(self) -> Any:
        return {
            "agent": os.environ["GOLEM_AGENT_ID"],
            "type": os.environ["GOLEM_AGENT_TYPE"],
            "principal": principal_name(self.guest.principal),
        }

    def database(self) -> None:
        golem_rdbms_ignite2.DbConnection.open("ignite://localhost")

    def promise(self) -> str:
        """Wait for a promise that another agent completes."""
        promise = golem_api_host.create_promise()
        target = golem_agent_host.WasmRpc("Caller", data(("string", "helper")), None, [])
        target.invoke("complete", data(("string", promise.agent_id.agent_id), ("u32", promise.oplog_idx)))
        result = golem_api_host.get_promise(promise)
        result.subscribe().block()
        return (result.get() or b"nothing").decode()

    def fork(self) -> str:
        match golem_api_host.fork():
            case api.ForkResultOriginal():
                return "original"
            case api.ForkResultForked():
                self.count = 1000
                return "forked"

    def history(self, agent: str, text: str) -> list[str]:
        """Read an agent's oplog, or search in it."""
        agent_id = core.AgentId(golem_api_host.get_self_metadata().agent_id.component_id, agent)
        pages: Any = golem_api_oplog.SearchOplog(agent_id, text) if text else golem_api_oplog.GetOplog(agent_id, 1)
        found: list[str] = []
        while page := pages.get_next():
            found += [repr(each[1] if text else each) for each in page]
        return found

    def say(self, text: core.TextReference) -> core.TextReference:
        return text


class Caller:
    """Calls counters."""

    PARAMETERS = [("name", "string")]
    METHODS = {
        "ask": ([("target", "string"), ("n", "u32")], "u32"),
        "start": ([("target", "string"), ("n", "u32")], None),
        "later": ([("target", "string"), ("n", "u32"), ("cancelled", "bool")], None),
        "both": ([("first", "string"), ("second", "string")], ("list", "u32")),
        "introduce": ([("target", "string")], ME),
        "wrong": ([("method", "string")], "string"),
        "myself": ([], None),
        "complete": ([("agent", "string"), ("index", "u32")], "bool"),
        "id_of": ([("name", "string")], "string"),
        "types": ([], ("list", "string")),
        "limits": ([("user", "string")], LIMITS),
    }

    def __init__(self, guest: Guest, name: str) -> None:
        self.guest, self.name = guest, name

    def _counter(self, name: str) -> golem_agent_host.WasmRpc:
        return golem_agent_host.WasmRpc("Counter", data(("string", name)), None, [])

    def ask(self, target: str, n: int) -> int:
        return values(self._counter(target).invoke_and_await("add", data(("u32", n))), ["u32"])[0]

    def start(self, target: str, n: int) -> None:
        self._counter(target).invoke("add", data(("u32", n)))

    def later(self, target: str, n: int, cancelled: bool) -> None:
        from agent.guest import wasi_clocks_wall_clock

        now = wasi_clocks_wall_clock.now()
        now.seconds += 1
        token = self._counter(target).schedule_cancelable_invocation(now, "add", data(("u32", n)))
        if cancelled:
            token.cancel()

    def both(self, first: str, second: str) -> list[int]:
        futures = [self._counter(each).async_invoke_and_await("add", data(("u32", 1))) for each in (first, second)]
        found = []
        for future in futures:
            future.subscribe().block()
            result = future.get()
            assert isinstance(result, Ok)
            found.append(values(result.value, ["u32"])[0])
        return found

    def introduce(self, target: str) -> Any:
        return values(self._counter(target).invoke_and_await("who", data()), [ME])[0]

    def wrong(self, method: str) -> str:
        try:
            self._counter("wrong").invoke_and_await(method, data())
        except WitError as error:
            return f"{type(error).__name__}: {error.value}"
        return "fine"

    def myself(self) -> None:
        golem_agent_host.WasmRpc("Caller", data(("string", self.name)), None, [])

    def complete(self, agent: str, index: int) -> bool:
        component = golem_api_host.get_self_metadata().agent_id.component_id
        return golem_api_host.complete_promise(core.PromiseId(core.AgentId(component, agent), index), b"done")

    def id_of(self, name: str) -> str:
        made = golem_agent_host.make_agent_id("Counter", data(("string", name)), None)
        type_name, parameters, phantom = golem_agent_host.parse_agent_id(made)
        assert (type_name, values(parameters, ["string"]), phantom) == ("Counter", [name], None)
        return made

    def types(self) -> list[str]:
        return [each.agent_type.type_name for each in golem_agent_host.get_all_agent_types()]

    def limits(self, user: str) -> Any:
        given = [common.TypedAgentConfigValue(["max_items"], core.ValueAndType(wit_number(7), wit_type("u32")))]
        cart = golem_agent_host.WasmRpc("Cart", data(("string", user)), None, given)
        return values(cart.invoke_and_await("limits", data()), [LIMITS])[0]


def wit_number(number: int) -> core.WitValue:
    return core.WitValue([core.WitNodePrimU32(number)])


class Cart:
    """Has limits."""

    PARAMETERS = [("user", "string")]
    METHODS = {
        "limits": ([], LIMITS),
        "other": ([], "string"),
        "plain_config": ([], ("list", "string")),
        "put": ([("item", ITEM)], "u32"),
        "total": ([("currency", ("option", "string")), ("tags", ("list", "string"))], "f64"),
        "find": ([("name", "string")], ("option", ITEM)),
        "pay": ([("good", "bool")], ("result", "string", ITEM)),
        "clear": ([], None),
        "picture": ([("picture", BINARY)], BINARY),
        "note": ([("text", TEXT)], TEXT),
        "who": ([("agent", "string")], ME),
        "files": ([("path", "string")], "string"),
        "hook": ([], "string"),
        "break": ([], None),
    }
    CONFIG = [
        ("local", ["max_items"], "u32"),
        ("local", ["nickname"], ("option", "string")),
        ("secret", ["api_key"], "string"),
    ]

    def __init__(self, guest: Guest, user: str) -> None:
        self.guest, self.user = guest, user
        self.items: list[Any] = []

    def limits(self) -> Any:
        def get(name: str, type_: Any) -> Any:
            return plain(type_, golem_agent_host.get_config_value([name], wit_type(type_)))

        return {
            "max_items": get("max_items", "u32"),
            "nickname": get("nickname", ("option", "string")),
            "api_key": get("api_key", "string"),
        }

    def other(self) -> str:
        return str(golem_agent_host.get_config_value(["other"], wit_type("string")))

    def plain_config(self) -> list[str]:
        assert wasi_config_store.get("nickname") == dict(wasi_config_store.get_all()).get("nickname")
        return [f"{name} is {value}" for name, value in wasi_config_store.get_all()]

    def put(self, item: Any) -> int:
        self.items.append(item)
        return len(self.items)

    def total(self, currency: str | None, tags: list[str]) -> float:
        rate = 2.0 if currency == "usd" else 1.0
        return sum(item["price"] * item["quantity"] for item in self.items) * rate + len(tags)

    def find(self, name: str) -> Any:
        return next((item for item in self.items if item["name"] == name), None)

    def pay(self, good: bool) -> Any:
        return Ok("paid") if good else Err({"name": "card", "price": 1.0, "quantity": 1})

    def clear(self) -> None:
        self.items.clear()

    def picture(self, picture: core.BinaryReference) -> core.BinaryReference:
        return picture

    def note(self, text: core.TextReference) -> core.TextReference:
        return text

    def who(self, agent: str) -> Any:
        return {"agent": os.environ["GOLEM_AGENT_ID"], "type": agent, "principal": principal_name(self.guest.principal)}

    def files(self, path: str) -> str:
        return path

    def hook(self) -> str:
        promise = golem_api_host.create_promise()
        url = golem_agent_host.create_webhook(promise)
        with open("/hook", "w") as file:
            file.write(str(promise.oplog_idx))
        return url

    def break_(self) -> None:
        raise common.AgentErrorInvalidInput("broken")


class Once:
    """Has an agent for each call."""

    PARAMETERS = [("name", "string")]
    METHODS = {"who": ([], ME), "next": ([], "u32")}
    EPHEMERAL = True

    def __init__(self, guest: Guest, name: str) -> None:
        self.guest, self.count = guest, 0

    def next(self) -> int:
        self.count += 1
        return self.count

    who = Counter.who


class Diary(Counter):
    """Counts, and is written down after each call."""

    METHODS = {"add": Counter.METHODS["add"], "total": Counter.METHODS["total"]}
    SNAPSHOT = None
    PERIOD = 1


def literal(text: str) -> list[common.PathSegment]:
    """The segments of a path, as authors write it."""
    made: list[common.PathSegment] = []
    for part in filter(None, text.split("/")):
        if part in {"{agent-type}", "{agent-version}"}:
            variable = common.SystemVariable.AGENT_TYPE if "type" in part else common.SystemVariable.AGENT_VERSION
            made.append(common.PathSegmentSystemVariable(variable))
        elif part.startswith("{*"):
            made.append(common.PathSegmentRemainingPathVariable(common.PathVariable(part[2:-1])))
        elif part.startswith("{"):
            made.append(common.PathSegmentPathVariable(common.PathVariable(part[1:-1])))
        else:
            made.append(common.PathSegmentLiteral(part))
    return made


GET, POST, PUT = common.HttpMethodGet(), common.HttpMethodPost(), common.HttpMethodPut()
NO_CORS = common.CorsOptions([])
ENDPOINTS: dict[str, dict[str, list[common.HttpEndpointDetails]]] = {
    "Cart": {
        "put": [common.HttpEndpointDetails(POST, literal("items"), [], [], None, NO_CORS)],
        "total": [
            common.HttpEndpointDetails(
                GET,
                literal("total"),
                [],
                [common.QueryVariable("currency", "currency"), common.QueryVariable("tag", "tags")],
                None,
                common.CorsOptions(["https://two.example"]),
            )
        ],
        "find": [common.HttpEndpointDetails(GET, literal("items/{name}"), [], [], None, NO_CORS)],
        "pay": [
            common.HttpEndpointDetails(
                POST, literal("pay"), [common.HeaderVariable("X-Good", "good")], [], None, NO_CORS
            )
        ],
        "clear": [common.HttpEndpointDetails(common.HttpMethodDelete(), literal("items"), [], [], None, NO_CORS)],
        "picture": [common.HttpEndpointDetails(PUT, literal("picture"), [], [], None, NO_CORS)],
        "note": [common.HttpEndpointDetails(PUT, literal("note"), [], [], None, NO_CORS)],
        "who": [common.HttpEndpointDetails(GET, literal("who/{agent}"), [], [], None, NO_CORS)],
        "files": [
            common.HttpEndpointDetails(GET, literal("files/{*path}"), [], [], None, NO_CORS),
            common.HttpEndpointDetails(GET, literal("{agent-type}/{agent-version}/{path}"), [], [], None, NO_CORS),
        ],
        "hook": [common.HttpEndpointDetails(POST, literal("hook"), [], [], None, NO_CORS)],
        "break": [common.HttpEndpointDetails(POST, literal("break"), [], [], None, NO_CORS)],
    },
    "Once": {
        "who": [common.HttpEndpointDetails(GET, literal("who"), [], [], common.AuthDetails(True), NO_CORS)],
        "next": [common.HttpEndpointDetails(GET, literal("next"), [], [], None, NO_CORS)],
    },
}
MOUNTS = {
    "Cart": common.HttpMountDetails(
        literal("carts/{user}"), None, False, common.CorsOptions(["https://one.example"]), []
    ),
    "Once": common.HttpMountDetails(literal("once/{name}"), None, True, common.CorsOptions(["*"]), []),
}

TYPES: dict[str, Any] = {"Counter": Counter, "Caller": Caller, "Cart": Cart, "Once": Once, "Diary": Diary}


def agent_type(name: str, python: Any) -> common.AgentType:
    methods = [
        common.AgentMethod(
            method,
            f"Does {method}.",
            ENDPOINTS.get(name, {}).get(method, []),
            None,
            schema(*parameters),
            schema() if result is None else schema(("return_value", result)),
        )
        for method, (parameters, result) in python.METHODS.items()
    ]
    constructor = common.AgentConstructor(None, python.__doc__, None, schema(*python.PARAMETERS))
    every, period = getattr(python, "SNAPSHOT", None), getattr(python, "PERIOD", None)
    snapshots: common.Snapshotting = common.SnapshottingDisabled()
    if every is not None:
        snapshots = common.SnapshottingEnabled(common.SnapshottingConfigEveryNInvocation(every))
    elif period is not None:
        snapshots = common.SnapshottingEnabled(common.SnapshottingConfigPeriodic(period))
    return common.AgentType(
        name,
        python.__doc__,
        "python",
        constructor,
        methods,
        [],
        common.AgentMode.EPHEMERAL if getattr(python, "EPHEMERAL", False) else common.AgentMode.DURABLE,
        MOUNTS.get(name),
        snapshots,
        [
            common.AgentConfigDeclaration(common.AgentConfigSource[source.upper()], path, wit_type(type_))
            for source, path, type_ in getattr(python, "CONFIG", [])
        ],
    )


class Guest:
    def __init__(self) -> None:
        self.agent: Any = None
        self.principal: common.Principal = common.PrincipalAnonymous()

    def discover_agent_types(self) -> list[common.AgentType]:
        return [agent_type(*each) for each in TYPES.items()]

    def get_definition(self) -> common.AgentType:
        return agent_type(type(self.agent).__name__, type(self.agent))

    def initialize(self, agent_type: str, input: core.DataValue, principal: common.Principal) -> None:
        python = TYPES[agent_type]
        [name] = values(input, [each for _, each in python.PARAMETERS])
        if name == "unwanted":
            raise common.AgentErrorInvalidInput("nobody wants this agent")
        self.principal = principal
        self.agent = python(self, name)

    def invoke(self, method_name: str, input: core.DataValue, principal: common.Principal) -> core.DataValue:
        self.principal = principal
        parameters, result = type(self.agent).METHODS[method_name]
        method = getattr(self.agent, f"{method_name}_" if method_name == "break" else method_name)
        return answer(method(*values(input, [each for _, each in parameters])), result)


GUEST = Guest()


class Saving:
    def save(self) -> api.Snapshot:
        state = {"name": GUEST.agent.name, "count": GUEST.agent.count}
        return api.Snapshot(json.dumps({"version": 1, "state": state}).encode(), "application/json")


class Loading:
    def load(self, snapshot: api.Snapshot) -> None:
        assert snapshot.mime_type == "application/json", snapshot.mime_type
        state = json.loads(snapshot.payload)["state"]
        GUEST.agent = TYPES[os.environ["GOLEM_AGENT_TYPE"]](GUEST, state["name"])
        GUEST.agent.count = state["count"]


exports.serve(__name__, golem_agent_guest=GUEST, golem_api_save_snapshot=Saving(), golem_api_load_snapshot=Loading())
