"""Three ASGI applications in one component: a coroutine function, Starlette's and FastAPI's."""

import asyncio
import contextlib
import json
import sys

import anyio
from fastapi import Depends, FastAPI
from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from web_bindings.guest import exports, http

WARMED = []


# ---- A coroutine function


async def bare(scope, receive, send):
    await PARTS.get(scope["path"].removeprefix("/bare"), whoami)(scope, receive, send)


async def respond(send, body, status=200, headers=()):
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def whoami(scope, receive, send):
    shown = {name: value for name, value in scope.items() if isinstance(value, str | tuple) and name != "asgi"}
    shown["query"] = scope["query_string"].decode()
    shown["headers"] = [(name.decode(), value.decode("latin-1")) for name, value in scope["headers"]]
    await respond(send, json.dumps(shown).encode(), 200, [(b"content-type", b"application/json")])


async def pipe(scope, receive, send):
    await send({"type": "http.response.start", "status": 200})
    while True:
        event = await receive()
        await send({"type": "http.response.body", "body": event["body"], "more_body": event["more_body"]})
        if not event["more_body"]:
            return


async def trailers(scope, receive, send):
    start = {"type": "http.response.start", "status": 200, "trailers": True, "headers": [(b"trailer", b"x-sum")]}
    await send(start)
    await send({"type": "http.response.body", "body": b"summed"})
    await send({"type": "http.response.trailers", "headers": [(b"x-sum", b"6")]})


async def silent(scope, receive, send):
    return


async def broken(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"10")]})
    await send({"type": "http.response.body", "body": b"12345", "more_body": True})
    raise ValueError("broken off")


async def wrong_header(scope, receive, send):
    await respond(send, b"", 200, [(b"x-injected", b"a\r\nset-cookie: b")])


async def after(scope, receive, send):
    await respond(send, b"first")
    while (await receive())["type"] != "http.disconnect":
        pass


PARTS = {
    "/pipe": pipe,
    "/trailers": trailers,
    "/silent": silent,
    "/broken": broken,
    "/wrong-header": wrong_header,
    "/after": after,
}


# ---- FastAPI with pydantic 1

api = FastAPI()


class Item(BaseModel):
    name: str
    price: float = 1.5


def currency():
    return "EUR"


@api.get("/items/{number}")
async def item(number: int, q: str | None = None):
    return {"number": number, "q": q}


@api.post("/items")
def add(item: Item, unit: str = Depends(currency)):  # not async: FastAPI has it called in a thread
    return {"name": item.name.upper(), "price": item.price, "unit": unit}


# ---- Starlette


async def home(request: Request):
    return PlainTextResponse(f"starlette {request.state.greeting}\n")


async def echo(request):
    return Response(await request.body(), media_type="application/octet-stream")


async def form(request):
    found = await request.form()
    return JSONResponse(dict(found))


async def stream(request):
    async def parts():
        for number in range(3):
            yield f"part {number}\n"
            await asyncio.sleep(0.2)

    return StreamingResponse(parts(), media_type="text/plain")


def not_async(request):
    return PlainTextResponse("not async\n")


async def groups(request):
    said = []

    async def say(text, pause):
        await anyio.sleep(pause)
        said.append(text)

    async with anyio.create_task_group() as group:
        group.start_soon(say, "b", 0.05)
        group.start_soon(say, "a", 0.01)
    with anyio.move_on_after(0.02) as scope:
        await anyio.sleep(5)
    return JSONResponse([*said, scope.cancelled_caught])


async def background(request):
    return PlainTextResponse("at once\n", background=BackgroundTask(work))


async def work():
    await asyncio.sleep(0.3)
    print("worked", file=sys.stderr)


async def fails(request):
    raise LookupError("no such thing")


async def far(request):
    client = http.AsyncClient(base_url=request.query_params["url"])
    two = await asyncio.gather(client.get("/pause"), client.post("/echo", json=[1]))
    return JSONResponse([two[0].text, two[1].json()["body"]])


async def warmed(request):
    return JSONResponse({"warmed": WARMED})


async def warm_up(request):
    WARMED.append(request.url.path)
    return PlainTextResponse("warm\n")


class Stamp(BaseHTTPMiddleware):
    async def dispatch(self, request, call_next):
        response = await call_next(request)
        response.headers["x-stamp"] = "stamped"
        return response


@contextlib.asynccontextmanager
async def lifespan(app):
    await asyncio.sleep(0)
    yield {"greeting": "hello"}


def path(route, endpoint, *methods):
    return Route(route, endpoint, methods=[*methods] or ["GET"])


ROUTES = [
    path("/", home),
    path("/echo", echo, "POST"),
    path("/form", form, "POST"),
    path("/stream", stream),
    path("/not-async", not_async),
    path("/groups", groups),
    path("/background", background),
    path("/fails", fails),
    path("/far", far),
    path("/warmed", warmed),
    path("/warm-up", warm_up),
    Mount("/bare", bare),
    Mount("/api", api),
]

app = Starlette(routes=ROUTES, middleware=[Middleware(Stamp)], lifespan=lifespan)


async def unstamped(scope, receive, send):
    """Pass the coroutine function by Starlette, whose middleware knows no trailers."""
    await (bare if scope["type"] == "http" and scope["path"].startswith("/bare") else app)(scope, receive, send)


exports.serve(__name__, asgi=unstamped, warm=["/warm-up", "/api/openapi.json"])
