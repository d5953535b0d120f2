"""Both generations of Golem's interfaces, served by the same classes.

With WASI 0.3, Golem made functions that wait async, and replaced the streams of `wasi:io` by those of the component
model. Packages and versions kept their names, so only the signatures of a component's functions tell which generation
it was built for. The few new functions are methods of the same classes here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from witgen_runtime import abi
from witgen_runtime.host import Import
from witgen_runtime.host.signatures import expected

from ._bindings._abi import (
    wasi_blobstore_container,
    wasi_blobstore_types,
    wasi_keyvalue_cache,
    wasi_keyvalue_types,
    wasi_keyvalue_wasi_keyvalue_error,
)
from ._bindings.types.wasi_keyvalue_wasi_keyvalue_error import ErrorException
from .agents._bindings._abi import golem_api_context, golem_api_host
from .agents.main._bindings._abi import golem_api_context as main_context
from .agents.main._bindings._abi import golem_api_host as main_host
from .fitting import fitted

__all__ = ["of_generation"]

_BYTES: Final = abi.Stream(abi.U8)
_DATA: Final = abi.Param("data", "data", _BYTES)
_STORE_ERROR: Final = abi.Own(wasi_keyvalue_wasi_keyvalue_error.ERROR)


def _taking(function: abi.Function, result: abi.Result) -> abi.Function:
    """Return the function that reads content from a stream created by the guest."""
    return replace(function, python="take_body", params=(*function.params, _DATA), result=result)


def _giving(function: abi.Function, element: abi.Type, python: str) -> abi.Function:
    """Return the function that returns a stream where the earlier generation returned a resource."""
    error = function.result.err if isinstance(function.result, abi.Result) else None
    return replace(function, python=python, result=abi.Result(abi.Stream(element), error))


def _futures() -> Iterator[abi.Function]:
    """Yield the functions that wait for the results of the cache's futures."""
    types: dict[abi.Resource, abi.Type | None] = {
        wasi_keyvalue_cache.FUTURE_GET_RESULT: abi.Option(abi.Own(wasi_keyvalue_types.INCOMING_VALUE)),
        wasi_keyvalue_cache.FUTURE_EXISTS_RESULT: abi.BOOL,
        wasi_keyvalue_cache.FUTURE_RESULT: None,
        wasi_keyvalue_cache.FUTURE_GET_OR_SET_RESULT: wasi_keyvalue_cache.GET_OR_SET_ENTRY,
    }
    for resource, found in types.items():
        yield abi.Function(
            f"[method]{resource.name}.get",
            "wait",
            (abi.Param("self", "self", abi.Borrow(resource)),),
            abi.Result(found, _STORE_ERROR),
            raises=ErrorException,
            resource=resource,
            is_async=True,
        )


def _in_main(ours: abi.Interface, theirs: abi.Interface, *names: str) -> tuple[abi.Function, ...]:
    """Return functions of `golem:api` of Golem's main branch, which are other methods of the same classes here."""
    results = {each.name: each for each in theirs.functions}
    return tuple(
        replace(each, python=f"main_{each.python}", result=results[each.name].result, raises=results[each.name].raises)
        for each in ours.functions
        if each.name in names
    )


_LATER: Final[Mapping[str, tuple[abi.Function, ...]]] = {
    golem_api_host.INTERFACE.name: _in_main(
        golem_api_host.INTERFACE,
        main_host.INTERFACE,
        "[method]get-agents.get-next",
        "[method]get-promise-result.get",
        "update-agent",
        "get-self-metadata",
        "fork-agent",
        "revert-agent",
        "fork",
    ),
    golem_api_context.INTERFACE.name: _in_main(
        golem_api_context.INTERFACE, main_context.INTERFACE, "[method]span.started-at"
    ),
    wasi_blobstore_types.INTERFACE.name: (
        _taking(wasi_blobstore_types.OUTGOING_VALUE_OUTGOING_VALUE_WRITE_BODY, abi.Result(None, None)),
        _giving(wasi_blobstore_types.INCOMING_VALUE_INCOMING_VALUE_CONSUME_ASYNC, abi.U8, "give_body"),
    ),
    wasi_blobstore_container.INTERFACE.name: (
        _giving(wasi_blobstore_container.CONTAINER_LIST_OBJECTS, abi.STRING, "object_names"),
    ),
    wasi_keyvalue_types.INTERFACE.name: (
        _taking(wasi_keyvalue_types.OUTGOING_VALUE_OUTGOING_VALUE_WRITE_BODY_ASYNC, abi.Result(None, _STORE_ERROR)),
        _giving(wasi_keyvalue_types.INCOMING_VALUE_INCOMING_VALUE_CONSUME_ASYNC, abi.U8, "incoming_value_consume_sync"),
    ),
    wasi_keyvalue_cache.INTERFACE.name: tuple(_futures()),
}
"""New functions by interface."""


def of_generation(service: Import, item: Import) -> Import:
    """Return a service's import with the functions that a component imports.

    A function that another version declares with other types gets those where values can be converted.
    The functions of services block. Those that implement async functions run in separate threads.

    Args:
        service: the import of the services.
        item: the component's import of the same interface.
    """
    present = service.interface.functions
    known = {(each.name, expected(each)): each for each in (*present, *_LATER.get(service.name, ()))}
    functions = {each.name: each for each in present}
    for theirs in item.interface.functions:
        ours = known.get((theirs.name, expected(theirs)))
        if ours is None and theirs.name in functions:
            ours = fitted(functions[theirs.name], theirs)
        if ours is not None:
            functions[theirs.name] = replace(ours, is_async=theirs.is_async)
    return replace(service, interface=replace(service.interface, functions=tuple(functions.values())))
