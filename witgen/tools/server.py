"""A server of the Model Context Protocol for the tools of a component."""

from __future__ import annotations

import json
from typing import Any

import anyio
import mcp_types as types
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server

from ..version import VERSION
from .component import Failure, Tool, Tools

__all__ = ["make_server", "serve_http", "serve_stdio"]


def make_server(tools: Tools) -> Server[Any]:
    """Return a server that lists the tools, and calls them on threads."""

    async def list_tools(context: object, params: object) -> types.ListToolsResult:
        del context, params
        return types.ListToolsResult(tools=[_described(tool) for tool in tools.by_name.values()])

    async def call_tool(context: object, params: types.CallToolRequestParams) -> types.CallToolResult:
        del context
        try:
            value = await anyio.to_thread.run_sync(tools.call, params.name, params.arguments or {})
        except Failure as failure:
            return types.CallToolResult(content=[types.TextContent(type="text", text=str(failure))], is_error=True)
        text = json.dumps(value, ensure_ascii=False)
        has_value = tools.by_name[params.name].result is not None
        return types.CallToolResult(
            content=[types.TextContent(type="text", text=text)] if has_value else [],
            structured_content={"result": value} if has_value else None,
        )

    return Server(tools.title, version=VERSION, on_list_tools=list_tools, on_call_tool=call_tool)


def _described(tool: Tool) -> types.Tool:
    output = None
    if tool.result is not None:
        result = {key: value for key, value in tool.result.items() if key != "$defs"}
        output = {"type": "object", "properties": {"result": result}, "required": ["result"]}
        if "$defs" in tool.result:
            output["$defs"] = tool.result["$defs"]
    return types.Tool(name=tool.name, description=tool.description, input_schema=tool.arguments, output_schema=output)


def serve_stdio(tools: Tools) -> None:
    """Serve one client on stdin and stdout, until it closes them."""

    async def serve() -> None:
        server = make_server(tools)
        async with stdio_server() as (reading, writing):
            await server.run(reading, writing, server.create_initialization_options())

    anyio.run(serve)


def serve_http(tools: Tools, host: str, port: int) -> None:
    """Serve clients by streamable HTTP at `/mcp`, until the process is interrupted."""
    import uvicorn  # noqa: PLC0415 - slow to load

    app = make_server(tools).streamable_http_app(host=host)
    uvicorn.run(app, host=host, port=port, log_level="warning")
