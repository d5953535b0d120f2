"""A web application as a component, which asks another service for what it shows."""

from urllib.parse import parse_qs

from front_bindings.guest import exports, http

NAMES = "https://api.example.org/names"


def app(environ, start_response):
    query = parse_qs(environ["QUERY_STRING"])
    if "id" not in query:
        start_response("400 Bad Request", [("content-type", "text/plain")])
        return [b"which id?"]
    try:
        answer = http.get(f"{NAMES}/{query['id'][0]}", timeout=5)
        answer.raise_for_status()
    except (http.RequestError, http.StatusError) as error:
        start_response("502 Bad Gateway", [("content-type", "text/plain")])
        return [f"the names cannot be had: {error}".encode()]
    start_response("200 OK", [("content-type", "text/plain; charset=utf-8")])
    return [f"hello {answer.json()['name']}".encode()]


exports.serve(__name__, wsgi=app, warm=["/"])
