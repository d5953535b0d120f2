"""Which of a component's exports get an adapter."""

from __future__ import annotations

from collections.abc import Sequence

from .... import abi
from ...linking.versions import Versions
from ..wasm.reader import Outer
from ..wasm.shapes import Function, Interface, Resource, named_parts, resources_of
from .adapter_form import Form
from .descriptors import Translation

__all__ = ["Exports"]


class Exports:
    """The exports that get an adapter. The bindings know their types, the component their names.

    An interface that moves bytes gets one. If imports are replaced, so does any that uses named types: a component can
    only export an instance whose types have names outside, and those of the guest's imports no longer have one.
    """

    def __init__(
        self,
        outer: Outer,
        interfaces: Sequence[abi.Interface],
        form: Form,
        *,
        replaces: bool,
    ) -> None:
        self.form = form
        self.adapted: dict[str, Interface] = {}
        """By the component's name of the interface; the world's own functions under no name."""
        self._origins: dict[abi.Resource, str] = {}
        self._met: dict[Resource, tuple[abi.Resource, abi.Interface, str]] = {}
        theirs = Versions(each.name for each in outer.exports)
        ours = Versions(interface.name for interface in interfaces)
        for interface in interfaces:
            name = (theirs.find(interface.name) if interface.name else "") or ""
            if interface.name and not name:
                continue
            self._origins.update({each: name for each, _ in interface.resources if each.interface == interface.name})
            if name and ours.find(name) != interface.name:
                # Another version in the bindings is closer to that of the component, and includes this one.
                continue
            # An interface under two labels has separate resources in each instance.
            translation = Translation()
            translated = translation.interface(interface)
            self._met.update({each: (known, interface, name) for each, known in translation.origins.items()})
            has_to = [
                each for each in translated.functions if self.form.changes(each) or (replaces and _is_named(each))
            ]
            if not name:
                translated.functions = has_to
            if has_to:
                self.adapted[name] = translated

    def origin(self, resource: Resource) -> tuple[str, bool]:
        """Return the interface that a resource comes from, and whether that is an export."""
        descriptor, interface, name = self._met[resource]
        if any(descriptor is own for own, _ in interface.resources):
            return name, True
        # The world imports the types that it uses itself.
        exported = self._origins.get(descriptor) if interface.name else None
        return (exported, True) if exported is not None else (descriptor.interface, False)

    def has(self, resource: Resource) -> bool:
        """Return whether the guest exports a resource."""
        return resource in self._met and self.origin(resource)[1]


def _is_named(function: Function) -> bool:
    """Return whether a function uses a resource or a type that must have a name."""
    return any(True for shape in function.types for _ in (*named_parts(shape), *resources_of(shape)))
