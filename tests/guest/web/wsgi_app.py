"""Two WSGI applications in one component: a function, and Flask's."""

import json
import time

import flask
from web_bindings.guest import exports
from werkzeug.middleware.dispatcher import DispatcherMiddleware

WARMED = []
CLOSED = []


# ---- A function


def bare(environ, start_response):
    return PARTS.get(environ["PATH_INFO"], whoami)(environ, start_response)


def whoami(environ, start_response):
    start_response("200 OK", [("Content-Type", "application/json"), ("Connection", "close")])
    shown = {name: value for name, value in environ.items() if isinstance(value, str | bool)}
    return [json.dumps(shown).encode()]


def written(environ, start_response):
    write = start_response("201 Created", [])
    write(b"written, ")
    return [b"", b"returned"]


class Closing:
    def __iter__(self):
        yield b"first "
        yield b"second"

    def close(self):
        CLOSED.append(True)


def closing(environ, start_response):
    start_response("200 OK", [])
    return Closing()


def broken(environ, start_response):
    start_response("200 OK", [("Content-Length", "10")])
    yield b"12345"
    raise ValueError("broken off")


def replaced(environ, start_response):
    start_response("200 OK", [])
    try:
        json.loads("{")
    except ValueError as error:
        start_response("409 Conflict", [], (type(error), error, error.__traceback__))
    return [b"replaced"]


def silent(environ, start_response):
    return []


PARTS = {"/written": written, "/closing": closing, "/broken": broken, "/replaced": replaced, "/silent": silent}


# ---- Flask

app = flask.Flask("app")
app.secret_key = "for tests"


@app.get("/")
def home():
    return flask.render_template_string("flask {{ name }}\n", name=flask.request.args.get("name", "nobody"))


@app.get("/é/<path:rest>")
def decoded(rest):
    return {"rest": rest, "url": flask.request.url, "cookie": flask.request.cookies}


@app.post("/echo")
def echo():
    return flask.Response(flask.request.get_data(), content_type="application/octet-stream")


@app.post("/form")
def form():
    return {**flask.request.form, **{name: each.read().decode() for name, each in flask.request.files.items()}}


@app.get("/stream")
def stream():
    def parts():
        for number in range(3):
            yield f"part {number}\n"
            time.sleep(0.2)

    return flask.Response(parts(), content_type="text/plain")


@app.get("/session")
def session():
    flask.session["seen"] = flask.session.get("seen", 0) + 1
    return {"seen": flask.session["seen"]}


@app.get("/fails")
def fails():
    raise LookupError("no such thing")


@app.get("/warm-up")
def warm_up():
    WARMED.append(flask.request.path)
    return "warm"


@app.get("/warmed")
def warmed():
    return {"warmed": WARMED, "closed": CLOSED}


exports.serve(__name__, wsgi=DispatcherMiddleware(app, {"/bare": bare}), warm=["/warm-up"])
