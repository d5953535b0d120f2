"""The Jinja environment: strict, with only the names that templates need.

Compiled templates are kept in the cache: compiling takes longer than rendering a world.
"""

from __future__ import annotations

import sys
from functools import cache

from jinja2 import BytecodeCache, DictLoader, Environment, StrictUndefined, Template
from jinja2 import __version__ as jinja_version
from jinja2.bccache import Bucket

from ...base.resources import list_data, read_data
from ...cache import store as cache_store
from .displays import display, literal, mapping
from .docs import docstring

__all__ = ["render_template"]


class _Compiled(BytecodeCache):
    """Jinja's bytecode in the cache; its header determines whether this Python and this Jinja can use it."""

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fill `bucket` if its template was compiled before."""
        kept = cache_store.load(self._name(bucket))
        if kept is not None:
            bucket.bytecode_from_string(kept)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Store the content of `bucket`."""
        cache_store.store(self._name(bucket), bucket.bytecode_to_string())

    def _name(self, bucket: Bucket) -> str:
        parts = (jinja_version, sys.version, bucket.key, bucket.checksum)
        return cache_store.key("template", [part.encode() for part in parts])


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=DictLoader({name: read_data(f"templates/{name}") for name in list_data("templates")}),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        bytecode_cache=_Compiled(),
        autoescape=False,  # noqa: S701 - the output is Python, and docstring() escapes what comes from WIT
    )
    environment.filters |= {"docstring": docstring, "display": display, "literal": literal, "mapping": mapping}
    return environment


@cache
def _template(name: str) -> Template:
    return _environment().get_template(name)


def render_template(name: str, **view: object) -> str:
    """Render a template with exactly the given view."""
    return _template(name).render(**view)
