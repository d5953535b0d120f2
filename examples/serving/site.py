"""A Starlette application in which a component answers everything below /wasm.

    pip install "witgen[serve]" starlette
    COMPONENT=app.wasm uvicorn site:app --app-dir examples/serving
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from witgen.proxy import Proxy
from witgen_runtime.host import Wasi

component = Proxy.asgi(
    os.environ["COMPONENT"],
    deadline=10,
    memory=128 << 20,
    body_limit=1 << 20,
    wasi=Wasi(env={"GREETING": "hello"}),
)


async def home(request: Request) -> PlainTextResponse:
    return PlainTextResponse(f"the component is at {request.url}wasm/\n")


@contextlib.asynccontextmanager
async def lifespan(_: Starlette) -> AsyncIterator[None]:
    yield
    await component.close()


app = Starlette(
    routes=[Route("/", home), Mount("/wasm", component)],
    middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"])],
    lifespan=lifespan,
)
