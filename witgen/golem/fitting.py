"""Services for components that were built for another version of an interface.

Versions of an interface that are compatible by their number may differ all the same: Golem added fields to records
that it returns, and cases to variants that components pass. Where every value has a counterpart in the other version,
values are converted by the names of fields and cases; everything else stays a mismatch, which linking reports.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, cast

from witgen_runtime import abi
from witgen_runtime.host.signatures import structure
from witgen_runtime.values import Err, Ok, Some

__all__ = ["converted", "converts", "fitted", "fitting_service"]


def fitted(ours: abi.Function, theirs: abi.Function) -> abi.Function | None:
    """Return a service's function with the types that a component declares for it; None if they do not go together."""
    if len(ours.params) != len(theirs.params) or ours.raises is not None:
        return None
    pairs = [(their.type, our.type) for our, their in zip(ours.params, theirs.params, strict=True)]
    if not all(_goes(source, target, source) for source, target in pairs):
        return None
    if not _goes(ours.result, theirs.result, theirs.result):
        return None
    params = tuple(
        replace(our, type=_chosen(our.type, their.type)) for our, their in zip(ours.params, theirs.params, strict=True)
    )
    result = None if ours.result is None or theirs.result is None else _chosen(ours.result, theirs.result)
    return replace(ours, params=params, result=result)


def fitting_service(service: Any, ours: abi.Interface, declared: abi.Interface) -> Any:
    """Return an implementation of the interface as a component declares it, which calls the service.

    Args:
        service: the implementation of `ours`.
        ours: the interface with the service's types.
        declared: the same interface with functions of `fitted` in places.
    """
    known = {function.name: function for function in ours.functions}
    names = dict(ours.resources)
    members: dict[abi.Resource | None, dict[str, Any]] = {}
    for function in declared.functions:
        own = known.get(function.name)
        if own is not None and _differs(own, function):
            is_constructor = function.kind is abi.FunctionKind.CONSTRUCTOR
            name = "__init__" if is_constructor else function.python
            is_class = function.resource is None or ours.is_one_class
            owner = service if is_class else getattr(service, names[cast("abi.Resource", function.resource)])
            members.setdefault(function.resource, {})[name] = _converting(getattr(owner, name), own, function)
    if not members:
        return service
    free = members.pop(None, {})
    if ours.is_one_class:
        return _derived(service, *members.values())
    classes = {names[resource]: inner for resource, inner in members.items() if resource is not None}
    return _Fitting(service, {**free, **{name: _derived(getattr(service, name), classes[name]) for name in classes}})


class _Fitting:
    """A service with some members replaced."""

    def __init__(self, service: object, members: Mapping[str, object]) -> None:
        self._service = service
        self.__dict__.update(members)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._service, name)


def _derived(base: type[Any], members: Mapping[str, Any]) -> type[Any]:
    return type(base.__name__, (base,), dict(members))


def _differs(ours: abi.Function, declared: abi.Function) -> bool:
    """Return whether a function has other types; those of another generation are methods of their own instead."""
    if ours.python != declared.python:
        return False
    pairs = zip(ours.params, declared.params, strict=True)
    return ours.result is not declared.result or any(our.type is not their.type for our, their in pairs)


def _converting(call: Callable[..., Any], ours: abi.Function, declared: abi.Function) -> Callable[..., Any]:
    """Return a function that takes and returns values of the declared types; `call` may be unbound."""
    pairs = [(their.type, our.type) for our, their in zip(ours.params, declared.params, strict=True)]

    def converting(*arguments: Any) -> Any:
        # Methods get their object first, which constructors do not declare.
        leading = len(arguments) - len(pairs)
        given = zip(pairs, arguments[leading:], strict=True)
        value = call(*arguments[:leading], *[converted(*types, argument) for types, argument in given])
        return value if ours.kind is abi.FunctionKind.CONSTRUCTOR else converted(ours.result, declared.result, value)

    return converting


def _chosen(ours: abi.Type, theirs: abi.Type) -> abi.Type:
    return ours if structure(ours) == structure(theirs) else theirs


def _goes(source: abi.Type | None, target: abi.Type | None, theirs: abi.Type | None) -> bool:
    """Return whether values can be passed on; handles belong to one side, and cannot be inside converted values."""
    return structure(source) == structure(target) or (not _has_handles(theirs) and converts(source, target))


def _has_handles(type_: abi.Type | None) -> bool:
    if type_ is None:
        return False
    return isinstance(type_, (abi.Own, abi.Borrow)) or any(map(_has_handles, abi.children(type_)))


def converts(source: abi.Type | None, target: abi.Type | None) -> bool:
    """Return whether each value of a type has a counterpart in another one."""
    match source, target:
        case abi.Record(), abi.Record():
            fields = {field.name: field.type for field in source.fields}
            return all(field.name in fields and converts(fields[field.name], field.type) for field in target.fields)
        case abi.Variant(), abi.Variant():
            cases = {case.name: case.payload for case in target.cases}
            return all(case.name in cases and converts(case.payload, cases[case.name]) for case in source.cases)
        case abi.Enum(), abi.Enum():
            return {*source.cases} <= {*target.cases}
        case ((abi.Option() | abi.List() | abi.Tuple() | abi.Result()), _) if type(source) is type(target):
            inner, outer = abi.children(source), abi.children(cast("abi.Type", target))
            return len(inner) == len(outer) and all(map(converts, inner, outer))
        case _:
            return structure(source) == structure(target)


def converted(source: abi.Type | None, target: abi.Type | None, value: Any) -> Any:
    """Return the counterpart of a value; `converts` has said that there is one."""
    match source, target:
        case _ if source is target:
            return value
        case abi.Record(), abi.Record():
            fields = {field.name: field for field in source.fields}
            pairs = [(fields[field.name], field.type) for field in target.fields]
            return target.python(*[converted(own.type, type_, getattr(value, own.attribute)) for own, type_ in pairs])
        case abi.Variant(), abi.Variant():
            case_ = next(each for each in source.cases if isinstance(value, each.python))
            other = next(each for each in target.cases if each.name == case_.name)
            return (
                other.python()
                if other.payload is None
                else other.python(converted(case_.payload, other.payload, value.value))
            )
        case abi.Enum(), abi.Enum():
            name = source.cases[list(source.python).index(value)]
            return list(target.python)[target.cases.index(name)]
        case abi.Flags(), abi.Flags():
            return target.python(value.value)
        case _:
            return _composed(source, target, value)


def _composed(source: abi.Type | None, target: abi.Type | None, value: Any) -> Any:
    match source, target:
        case abi.Option(), abi.Option():
            if value is None or not isinstance(source.type, abi.Option):
                return None if value is None else converted(source.type, target.type, value)
            return Some(converted(source.type, target.type, value.value))
        case abi.List(), abi.List():
            return value if isinstance(value, bytes) else [converted(source.element, target.element, x) for x in value]
        case abi.Tuple(), abi.Tuple():
            return tuple(converted(*types) for types in zip(source.types, target.types, value, strict=True))
        case abi.Result(), abi.Result():
            content = value.value
            if isinstance(value, Ok):
                return Ok(converted(source.ok, target.ok, content))
            return Err(converted(source.err, target.err, content))
        case _:
            return value
