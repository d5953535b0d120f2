"""Serves components that export `wasi:http/incoming-handler` as ASGI applications."""
