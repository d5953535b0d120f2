"""Well-known packages, pinned, each with a small program for a component that does something real with it."""

from __future__ import annotations

from textwrap import dedent
from typing import NamedTuple

__all__ = ["GROUPS", "REFUSED", "WORKING", "Program", "application"]


class Program(NamedTuple):
    """A program for one package.

    Attributes:
        requirements: the package, pinned, and others that it needs in a certain version.
        imports: the import statements, which run while the component is built.
        body: statements of a function; they set `result`.
        result: its repr.
        remark: what the page says of it besides that it works.
    """

    requirements: tuple[str, ...]
    imports: str
    body: str
    result: str
    remark: str = ""


def application(bindings: str, programs: dict[str, Program]) -> str:
    """Return an application whose export `run` takes the name of a program and returns its result."""
    imports = "\n".join(each.imports for each in programs.values())
    functions = [f"def f{number}():{_indented(each.body)}" for number, each in enumerate(programs.values())]
    names = ", ".join(f"{name!r}: f{number}" for number, name in enumerate(programs))
    head = f"from {bindings}.guest import exports\n{imports}\n"
    tail = f"PROGRAMS = {{{names}}}\nexports.serve(__name__, run=lambda name: PROGRAMS[name]())\n"
    return "\n\n".join([head, *functions, tail])


def _indented(body: str) -> str:
    lines = [*dedent(body).strip().splitlines(), "return repr(result)"]
    return "".join(f"\n    {line}" for line in lines)


WORKING = {
    "attrs": Program(
        ("attrs==26.1.0",),
        "import attrs",
        """
        Point = attrs.make_class("Point", {"x": attrs.field(converter=int), "y": attrs.field(default=2)})
        result = attrs.asdict(attrs.evolve(Point("1"), y=3))
        """,
        "{'x': 1, 'y': 3}",
    ),
    "cattrs": Program(
        ("cattrs==26.2.1",),
        "import attrs, cattrs",
        """
        Pair = attrs.make_class("Pair", {"a": attrs.field(type=int), "b": attrs.field(type=list[str])})
        result = cattrs.unstructure(cattrs.structure({"a": "1", "b": (2, 3)}, Pair))
        """,
        "{'a': 1, 'b': ['2', '3']}",
    ),
    "jinja2": Program(
        ("jinja2==3.1.6",),
        "import jinja2",
        """
        environment = jinja2.Environment(autoescape=True)
        text = "{% for x in xs|sort %}{{ x }};{% endfor %}{{ lipsum(1, min=5, max=6)|length > 9 }}"
        result = environment.from_string(text).render(xs=["b", "<a>"])
        """,
        "'&lt;a&gt;;b;True'",
    ),
    "markupsafe": Program(
        ("markupsafe==3.0.4",),
        "import markupsafe",
        'result = str(markupsafe.Markup("<b>%s</b>") % "<i>")',
        "'<b>&lt;i&gt;</b>'",
    ),
    "pyyaml": Program(
        ("pyyaml==6.0.4",),
        "import yaml",
        'result = yaml.safe_load("a: [1, 2.5, yes]"), yaml.safe_dump({"b": None}), yaml.__with_libyaml__',
        "({'a': [1, 2.5, True]}, 'b: null\\n', False)",
    ),
    "pydantic 1": Program(
        ("pydantic==1.10.27",),
        "import pydantic",
        """
        class User(pydantic.BaseModel):
            id: int
            tags: list[str] = []
        try:
            User(id="x")
        except pydantic.ValidationError as error:
            result = User.parse_raw('{"id": "7", "tags": [1]}').json(), error.errors()[0]["type"]
        """,
        '(\'{"id": 7, "tags": ["1"]}\', \'type_error.integer\')',
    ),
    "requests": Program(
        ("requests==2.34.2",),
        "import requests, requests.adapters",
        """
        class Adapter(requests.adapters.BaseAdapter):
            def send(self, request, **options):
                response = requests.Response()
                response.status_code, response.url, response._content = 200, request.url, b'{"a": 1}'
                return response
            def close(self):
                pass
        session = requests.Session()
        session.mount("https://", Adapter())
        answer = session.get("https://bücher.example/a", params={"q": "é"})
        result = answer.url, answer.json()
        """,
        "('https://xn--bcher-kva.example/a?q=%C3%A9', {'a': 1})",
        "with a transport adapter that uses wasi:http: a component has no sockets",
    ),
    "httpx": Program(
        ("httpx==0.28.1",),
        "import asyncio, httpx",
        """
        async def fetch():
            transport = httpx.MockTransport(lambda request: httpx.Response(200, json={"path": request.url.path}))
            async with httpx.AsyncClient(transport=transport, timeout=5) as client:
                answers = await asyncio.gather(*(client.get(f"https://example/{n}") for n in range(3)))
            return [each.json()["path"] for each in answers]
        result = asyncio.run(fetch())
        """,
        "['/0', '/1', '/2']",
    ),
    "anyio": Program(
        ("anyio==4.16.0",),
        "import anyio",
        """
        async def main():
            send, receive = anyio.create_memory_object_stream(1)
            got = []
            async def produce():
                async with send:
                    for number in range(3):
                        await send.send(number)
            async with anyio.create_task_group() as group:
                group.start_soon(produce)
                async with receive:
                    async for number in receive:
                        got.append(number)
            with anyio.move_on_after(0.01) as scope:
                await anyio.sleep(5)
            return got, scope.cancelled_caught
        result = anyio.run(main)
        """,
        "([0, 1, 2], True)",
    ),
    "beautifulsoup4": Program(
        ("beautifulsoup4==4.15.0",),
        "import bs4",
        """
        soup = bs4.BeautifulSoup("<p class=a>one<p class='b a'>two", "html.parser")
        result = [each.get_text() for each in soup.select("p.a")]
        """,
        "['onetwo', 'two']",
    ),
    "rich": Program(
        ("rich==15.0.0",),
        "import io, rich.console, rich.table",
        """
        table = rich.table.Table("name", "n")
        table.add_row("[b]a[/b]", "1")
        console = rich.console.Console(file=io.StringIO(), width=20)
        console.print(table)
        result = console.file.getvalue().splitlines()[3]
        """,
        "'│ a    │ 1 │'",
    ),
    "click": Program(
        ("click==8.5.1",),
        "import click, click.testing",
        """
        @click.command()
        @click.option("--times", type=int, default=1)
        @click.argument("name")
        def hello(times, name):
            click.echo(f"Hello, {name}! " * times)
        result = click.testing.CliRunner().invoke(hello, ["Ann", "--times", "2"]).output
        """,
        "'Hello, Ann! Hello, Ann! \\n'",
    ),
    "starlette": Program(
        ("starlette==0.50.0", "httpx==0.28.1"),
        "import asyncio, httpx, starlette.applications, starlette.responses, starlette.routing",
        """
        async def hello(request):
            return starlette.responses.JSONResponse({"name": request.path_params["name"]})
        app = starlette.applications.Starlette(routes=[starlette.routing.Route("/{name}", hello)])
        async def fetch():
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
                return (await client.get("/Ann")).json()
        result = asyncio.run(fetch())
        """,
        "{'name': 'Ann'}",
    ),
    "fastapi": Program(
        ("fastapi==0.115.14", "pydantic==1.10.27", "httpx==0.28.1"),
        "import asyncio, fastapi, httpx",
        """
        app = fastapi.FastAPI()
        @app.get("/square/{n}")
        async def square(n: int):
            return {"n": n * n}
        async def fetch():
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
                wrong = await client.get("/square/x")
                return (await client.get("/square/7")).json(), wrong.status_code
        result = asyncio.run(fetch())
        """,
        "({'n': 49}, 422)",
        "with pydantic 1: releases up to 0.118",
    ),
    "flask": Program(
        ("flask==3.1.3",),
        "import flask, werkzeug.test",
        """
        app = flask.Flask("app", root_path="/")
        @app.get("/<name>")
        def hello(name):
            return flask.jsonify(name=name)
        result = werkzeug.test.Client(app).get("/Ann").get_json()
        """,
        "{'name': 'Ann'}",
        "call the WSGI application; `test_client` and templates in files do not work: there are no files",
    ),
    "python-dateutil": Program(
        ("python-dateutil==4.0.0",),
        "import datetime, dateutil.parser, dateutil.relativedelta, dateutil.rrule",
        """
        day = dateutil.parser.parse("29 Feb 2024 10:00 +02:00")
        result = str(day + dateutil.relativedelta.relativedelta(years=1)), day.utcoffset().seconds
        """,
        "('2025-02-28 10:00:00+02:00', 7200)",
    ),
    "packaging": Program(
        ("packaging==26.4",),
        "import packaging.requirements, packaging.version",
        """
        wanted = packaging.requirements.Requirement("a>=1.5,<2").specifier
        result = wanted.contains("1.10"), str(packaging.version.Version("1.0RC1"))
        """,
        "(True, '1.0rc1')",
    ),
    "tomlkit": Program(
        ("tomlkit==0.15.2",),
        "import tomlkit",
        """
        document = tomlkit.parse("# note\\na = 1\\n")
        document["b"] = [1, 2]
        result = document.as_string()
        """,
        "'# note\\na = 1\\nb = [1, 2]\\n'",
    ),
    "sortedcontainers": Program(
        ("sortedcontainers==2.4.0",),
        "import sortedcontainers",
        'result = list(sortedcontainers.SortedDict({"b": 1, "a": 2}).irange("a", "b"))',
        "['a', 'b']",
    ),
    "more-itertools": Program(
        ("more-itertools==11.2.1",),
        "import more_itertools",
        "result = list(more_itertools.windowed(range(4), 3))",
        "[(0, 1, 2), (1, 2, 3)]",
    ),
    "lark": Program(
        ("lark==1.3.1",),
        """import lark
PARSER = lark.Lark('start: NUMBER ("+" NUMBER)*\\n%import common.NUMBER', parser="lalr")""",
        'result = [str(each) for each in PARSER.parse("1+2").children]',
        "['1', '2']",
        "make the parser at import if its grammar imports others: these are files",
    ),
    "jsonschema": Program(
        ("jsonschema==4.17.3",),
        """import jsonschema
VALIDATOR = jsonschema.Draft202012Validator({"type": "object", "required": ["a"]})""",
        "result = [each.message for each in VALIDATOR.iter_errors({})]",
        "[\"'a' is a required property\"]",
        "make the validator at import: it reads files. From 4.18 on it needs rpds-py, which is compiled",
    ),
    "marshmallow": Program(
        ("marshmallow==4.4.0",),
        "import marshmallow",
        """
        schema = marshmallow.Schema.from_dict({"n": marshmallow.fields.Integer(required=True)})()
        result = schema.load({"n": "5"}), schema.validate({"n": "x"})
        """,
        "({'n': 5}, {'n': ['Not a valid integer.']})",
    ),
    "structlog": Program(
        ("structlog==26.1.0",),
        "import structlog",
        """
        with structlog.testing.capture_logs() as logs:
            structlog.get_logger().bind(user="Ann").info("hello", n=1)
        result = logs
        """,
        "[{'user': 'Ann', 'n': 1, 'event': 'hello', 'log_level': 'info'}]",
    ),
    "markdown": Program(
        ("markdown==3.11.3",),
        "import markdown, markdown.extensions.tables",
        """
        extensions = [markdown.extensions.tables.TableExtension()]
        result = markdown.markdown("| a |\\n|---|\\n| *b* |", extensions=extensions).splitlines()[8]
        """,
        "'<td><em>b</em></td>'",
        "pass extensions as objects: names of entry points are in files of metadata",
    ),
    "msgpack": Program(
        ("msgpack==1.2.4",),
        "import msgpack",
        'result = msgpack.unpackb(msgpack.packb({"a": [1, b"x", None]}))',
        "{'a': [1, b'x', None]}",
    ),
    "protobuf": Program(
        ("protobuf==7.36.2",),
        "import google.protobuf.json_format, google.protobuf.struct_pb2",
        """
        message = google.protobuf.struct_pb2.Struct()
        message.update({"a": [1, "x"]})
        again = google.protobuf.struct_pb2.Struct.FromString(message.SerializeToString())
        result = google.protobuf.json_format.MessageToDict(again)
        """,
        "{'a': [1.0, 'x']}",
    ),
    "networkx": Program(
        ("networkx==3.6.1",),
        "import networkx",
        'result = networkx.shortest_path(networkx.Graph([("a", "b"), ("b", "c"), ("a", "d")]), "d", "c")',
        "['d', 'a', 'b', 'c']",
    ),
}
"""Packages that work."""

GROUPS = (("fastapi",), ("networkx",), (*WORKING.keys() - {"fastapi", "networkx"},))
"""Packages that can be in one component: fastapi needs an older starlette, and networkx is large."""

REFUSED = {
    "numpy": ("numpy==2.4.6", "import numpy"),
    "pydantic 2": ("pydantic==2.14.4", "import pydantic"),
    "orjson": ("orjson==3.13.0", "import orjson"),
    "sympy": ("sympy==1.14.0", "import sympy"),
    "cryptography": ("cryptography==50.0.2", "import cryptography.fernet"),
    "jsonschema 4.18": ("jsonschema==4.26.0", "import jsonschema"),
}
"""Packages that a build refuses: the pinned package, and the import."""
