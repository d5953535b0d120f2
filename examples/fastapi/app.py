"""A web application that runs components of other people: each request in a new instance, with limits."""

import asyncio
import logging
from pathlib import Path

from fastapi import FastAPI, HTTPException

from plugin_bindings.host import AsyncPlugin, AsyncPluginImports
from plugin_bindings.types.plugin import Note, RewriteError
from witgen_runtime.host import DeadlineError, HostError

FOLDER = Path(__file__).with_name("plugins")
# Compiled and checked before the first request.
PLUGINS = {path.stem: AsyncPlugin.prepare(path, memory=64 << 20, deadline=1) for path in FOLDER.glob("*.wasm")}
SLOTS = asyncio.Semaphore(8)  # instances at a time: 8 times 64 MiB at most

app = FastAPI()
logger = logging.getLogger(__name__)


async def log(line: str) -> None:
    print("plugin:", line)


@app.post("/rewrite/{name}")
async def rewrite(name: str, note: Note) -> Note:
    if name not in PLUGINS:
        raise HTTPException(404, f"there is no plugin {name}")
    try:
        async with SLOTS, PLUGINS[name].open(AsyncPluginImports(log=log)) as plugin:
            return await plugin.rewrite(note)
    except RewriteError as error:
        raise HTTPException(422, error.value) from error
    except (TypeError, ValueError) as error:  # a note that WIT cannot express
        raise HTTPException(422, str(error)) from error
    except DeadlineError as error:
        raise HTTPException(504, "the plugin is too slow") from error
    except HostError as error:  # a trap, a limit, or a plugin that does not fit
        logger.exception("plugin %s failed", name)
        raise HTTPException(502, f"the plugin failed: {type(error).__name__}") from error
