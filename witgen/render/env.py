"""The Jinja environment: strict, and with nothing in it but what templates need."""

from __future__ import annotations

from functools import cache

from jinja2 import DictLoader, Environment, StrictUndefined, Template

from ..data import list_data, read_data
from .displays import display, mapping
from .docs import docstring

__all__ = ["render_template"]


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=DictLoader({name: read_data(f"templates/{name}") for name in list_data("templates")}),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - the output is Python, and docstring() escapes what comes from WIT
    )
    environment.filters |= {"docstring": docstring, "display": display, "mapping": mapping}
    return environment


@cache
def _template(name: str) -> Template:
    return _environment().get_template(name)


def render_template(name: str, **view: object) -> str:
    """Render a template with exactly the given view."""
    return _template(name).render(**view)
