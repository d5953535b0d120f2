"""Whether two JSON documents of resolved WIT say the same: numbers are only references, so they are followed."""

from __future__ import annotations

from typing import Any

Document = dict[str, Any]


def differences(expected: Document, actual: Document) -> list[str]:
    """Return the packages that differ, as `path: expected … found …` lines."""
    found: list[str] = []
    _compare("", canonical(expected), canonical(actual), found)
    return found


def canonical(document: Document) -> dict[str, Any]:
    """Return the packages by name, every reference replaced by the path or, for anonymous types, by the content."""
    return _Canon(document).packages()


def _compare(path: str, expected: Any, actual: Any, found: list[str]) -> None:
    if isinstance(expected, dict) and isinstance(actual, dict):
        # Order counts: that of functions, types, imports and exports is part of what WIT says.
        if path.count("/") != 1 and list(expected) != list(actual) and set(expected) == set(actual):
            found.append(f"{path}: order {list(actual)}, expected {list(expected)}")
        for key in {**expected, **actual}:
            _compare(f"{path}/{key}", expected.get(key, "(nothing)"), actual.get(key, "(nothing)"), found)
    elif isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        for index, (left, right) in enumerate(zip(expected, actual, strict=True)):
            _compare(f"{path}[{index}]", left, right, found)
    elif expected != actual:
        found.append(f"{path}: {actual!r}, expected {expected!r}")


class _Canon:
    def __init__(self, document: Document) -> None:
        self.document = document
        self.names: dict[tuple[str, int], str] = {}
        for package in document["packages"]:
            for name, id in package["interfaces"].items():
                self._name_interface(id, f"{package['name']}/{name}")
        for package in document["packages"]:
            for name, id in package["worlds"].items():
                self._name_world(id, f"{package['name']}/{name}")

    def _name_interface(self, id: int, name: str) -> None:
        if ("interfaces", id) in self.names:
            return
        self.names["interfaces", id] = name
        for type_name, type_id in self.document["interfaces"][id]["types"].items():
            self.names["types", type_id] = f"{name}#{type_name}"

    def _name_world(self, id: int, name: str) -> None:
        self.names["worlds", id] = name
        world = self.document["worlds"][id]
        for side in ("imports", "exports"):
            for key, item in world[side].items():
                if "type" in item:
                    self.names["types", item["type"]] = f"{name}.{side}#{key}"
                elif "interface" in item:
                    self._name_interface(item["interface"]["id"], f"{name}.{side}.{key}")

    def packages(self) -> dict[str, Any]:
        by_name = sorted(self.document["packages"], key=lambda package: package["name"])
        return {package["name"]: self._package(package) for package in by_name}

    def _package(self, package: Document) -> Document:
        interfaces = {name: self._interface(id) for name, id in package["interfaces"].items()}
        worlds = {name: self._world(id) for name, id in package["worlds"].items()}
        return {**dict(sorted(package.items())), "interfaces": interfaces, "worlds": worlds}

    def _world(self, id: int) -> Document:
        world = dict(sorted(self.document["worlds"][id].items()))
        world["package"] = self.document["packages"][world["package"]]["name"]
        for side in ("imports", "exports"):
            world[side] = {self._key(key, item): self._item(item) for key, item in world[side].items()}
        return world

    def _key(self, key: str, item: Document) -> str:
        interface = item.get("interface")
        is_number = interface is not None and key == f"interface-{interface['id']}"
        return self.names["interfaces", interface["id"]] if is_number else key

    def _item(self, item: Document) -> Any:
        if "function" in item:
            return self._function(item["function"])
        if "type" in item:
            return self._definition(item["type"])
        interface = dict(sorted(item["interface"].items()))
        id = interface["id"]
        is_inline = self.document["interfaces"][id]["name"] is None
        interface["id"] = self._interface(id) if is_inline else self.names["interfaces", id]
        return interface

    def _interface(self, id: int) -> Document:
        interface = dict(sorted(self.document["interfaces"][id].items()))
        interface["package"] = self.document["packages"][interface["package"]]["name"]
        interface["types"] = {name: self._definition(type) for name, type in interface["types"].items()}
        interface["functions"] = {name: self._function(f) for name, f in interface["functions"].items()}
        if "clone_of" in interface:
            interface["clone_of"] = self.names["interfaces", interface["clone_of"]]
        return interface

    def _function(self, function: Document) -> Document:
        function = dict(sorted(function.items()))
        kind = function["kind"]
        function["kind"] = kind if isinstance(kind, str) else {tag: self._type(id) for tag, id in kind.items()}
        function["params"] = [{**param, "type": self._type(param["type"])} for param in function["params"]]
        if "result" in function:
            function["result"] = self._type(function["result"])
        return function

    def _type(self, type: Any) -> Any:
        if not isinstance(type, int):
            return type
        return self.names.get(("types", type)) or self._definition(type)

    def _definition(self, id: int) -> Document:
        definition = dict(sorted(self.document["types"][id].items()))
        definition["kind"] = self._kind(definition["kind"])
        owner = definition["owner"]
        if owner is not None:
            definition["owner"] = [self.names[f"{kind}s", number] for kind, number in owner.items()]
        return definition

    def _kind(self, kind: Any) -> Any:
        if isinstance(kind, str):
            return kind
        ((tag, content),) = kind.items()
        if tag in ("flags", "enum"):
            return kind
        if tag == "fixed-length-list":
            return {tag: [self._type(content[0]), content[1]]}
        return {tag: self._parts(content)}

    def _parts(self, content: Any) -> Any:
        """Replace the types in what a kind is made of: numbers are types wherever they stand."""
        if isinstance(content, list):
            return [self._parts(part) for part in content]
        if isinstance(content, dict):
            return {key: value if key in ("name", "docs") else self._parts(value) for key, value in content.items()}
        return self._type(content)
