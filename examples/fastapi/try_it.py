"""Asks the application for a note that the plugin rewrites, and for one that it refuses."""

from fastapi.testclient import TestClient

from app import app

with TestClient(app) as client:
    for body in ("it works", ""):
        answer = client.post("/rewrite/shout", json={"title": "hello", "body": body, "tags": []})
        print(answer.status_code, answer.json())
