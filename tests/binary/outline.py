"""A resolved tree without arena numbers, from the IR or from what `wasm-tools component wit --json` prints.

Two outlines are equal where the packages say the same; anonymous types stand where they are used.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from witgen.model import ir

Outline = dict[str, Any]


def of_ir(resolve: ir.Resolve) -> Outline:
    """Outline the packages of the IR."""
    return _Ir(resolve).packages()


def of_json(document: dict[str, Any]) -> Outline:
    """Outline wit-parser's document."""
    return _Json(document).packages()


def without(outline: Any, *keys: str) -> Any:
    """Drop entries such as docs from an outline, at every depth."""
    if isinstance(outline, dict):
        return {key: without(value, *keys) for key, value in outline.items() if key not in keys}
    return [without(item, *keys) for item in outline] if isinstance(outline, list) else outline


def sort_functions(outline: Outline) -> Outline:
    """Put the functions of resources first, as the binary encoding does."""
    for package in outline.values():
        for interface in package["interfaces"].values():
            _sort_interface(interface)
        for world in package["worlds"].values():
            for item in (*world["imports"], *world["exports"]):
                if "inline" in item:
                    _sort_interface(item["inline"])
    return outline


def _sort_interface(interface: Outline) -> None:
    order = list(interface["types"])
    functions = interface["functions"]

    def rank(name: str) -> int:
        owner = name.partition("]")[2].partition(".")[0] if name.startswith("[") else None
        return len(order) if owner is None else order.index(owner)

    interface["functions"] = {name: functions[name] for name in sorted(functions, key=rank)}
    interface["order"] = list(interface["functions"])


class _Walk:
    """What both sources share: names of nodes."""

    def __init__(self) -> None:
        self.type_names: dict[int, str] = {}
        self.interface_names: dict[int, str] = {}

    def type_ref(self, id: int) -> Any:
        return f"&{self.type_names[id]}" if id in self.type_names else self.anonymous(id)

    def anonymous(self, id: int) -> Any:
        raise NotImplementedError


def _clean(entry: Outline) -> Outline:
    return {key: value for key, value in entry.items() if value is not None}


class _Ir(_Walk):
    def __init__(self, resolve: ir.Resolve) -> None:
        super().__init__()
        self.r = resolve
        for package in resolve.packages:
            for name, id in package.interfaces.items():
                self.interface_names[id] = f"{package.name}/{name}"
        for package in resolve.packages:
            for id in package.interfaces.values():
                self._name_types(self.interface_names[id], resolve.interfaces[id].types)
            for name, id in package.worlds.items():
                self._name_world(f"{package.name}/{name}", resolve.worlds[id])

    def _name_types(self, base: str, types: Any) -> None:
        for name, id in types.items():
            self.type_names[id] = f"{base}#{name}"

    def _name_world(self, base: str, world: ir.World) -> None:
        for side, items in (("import", world.imports), ("export", world.exports)):
            for key, item in items.items():
                if isinstance(item, ir.TypeItem):
                    self.type_names[item.id] = f"{base}#{key}"
                elif isinstance(item, ir.InterfaceItem) and item.id not in self.interface_names:
                    self._name_types(f"{base} {side} {key}", self.r.interfaces[item.id].types)

    def packages(self) -> Outline:
        return {
            str(p.name): _clean({
                "docs": self.docs(p.docs),
                "interfaces": {n: self.interface(i) for n, i in p.interfaces.items()},
                "worlds": {n: self.world(w) for n, w in p.worlds.items()},
            })
            for p in self.r.packages
        }

    def docs(self, docs: ir.Docs | None) -> str | None:
        return docs.contents if docs else None

    def meta(self, item: Any) -> Outline:
        stability = getattr(item, "stability", None)
        return _clean({
            "docs": self.docs(item.docs),
            "stability": dataclasses.asdict(stability) if stability else None,
            "external_id": getattr(item, "external_id", None),
        })

    def interface(self, id: ir.InterfaceId) -> Outline:
        i = self.r.interfaces[id]
        return {
            "types": {n: self.type_def(t) for n, t in i.types.items()},
            "functions": {n: self.function(f) for n, f in i.functions.items()},
            "order": list(i.functions),
            "type order": list(i.types),
            **self.meta(i),
        }

    def world(self, id: ir.WorldId) -> Outline:
        w = self.r.worlds[id]
        sides = {"imports": w.imports, "exports": w.exports}
        return {s: [self.item(k, v) for k, v in items.items()] for s, items in sides.items()} | self.meta(w)

    def item(self, key: ir.WorldKey, item: ir.WorldItem) -> Outline:
        match item:
            case ir.InterfaceItem(id):
                name = key if isinstance(key, str) else self.interface_names[id]
                named = id in self.interface_names
                what = {"interface": self.interface_names[id]} if named else {"inline": self.interface(id)}
                return {"key": name, **what, **self.meta(item)}
            case ir.TypeItem(id):
                return {"key": key, "type": self.type_def(id)}
            case _:
                return {"key": key, "function": self.function(item)}

    def type_def(self, id: ir.TypeId) -> Outline:
        definition = self.r.types[id]
        return {"kind": self.kind(definition.kind), **self.meta(definition)}

    def function(self, f: ir.Function) -> Outline:
        kind = [f.kind.tag.value, f.kind.is_async, f.kind.resource if f.kind.resource is None else self.type_ref(f.kind.resource)]
        params = [[p.name, self.type(p.type)] for p in f.params]
        return {"name": f.name, "kind": kind, "params": params, "result": self.type(f.result), **self.meta(f)}

    def type(self, t: ir.Type | None) -> Any:
        if t is None:
            return None
        return t.value if isinstance(t, ir.Prim) else self.type_ref(t.id)

    def anonymous(self, id: int) -> Any:
        return {"kind": self.kind(self.r.types[id].kind), **self.meta(self.r.types[id])}

    def kind(self, k: ir.TypeKind) -> Any:
        def parts(items: Any, typed: bool) -> Any:
            return [
                _clean({"name": i.name, "type": self.type(i.type) if typed else None, "docs": self.docs(i.docs)})
                for i in items
            ]

        match k:
            case ir.Record(fields):
                return {"record": parts(fields, True)}
            case ir.Variant(cases):
                return {"variant": parts(cases, True)}
            case ir.Enum(cases):
                return {"enum": parts(cases, False)}
            case ir.Flags(flags):
                return {"flags": parts(flags, False)}
            case ir.Resource():
                return "resource"
            case ir.Own(r) | ir.Borrow(r):
                return {type(k).__name__.lower(): self.type_ref(r)}
            case ir.FixedList(element, size):
                return {"fixed-length-list": [self.type(element), size]}
            case ir.Tuple(types):
                return {"tuple": [self.type(t) for t in types]}
            case _:
                name = {"alias": "type"}.get(type(k).__name__.lower(), type(k).__name__.lower())
                return {name: [self.type(getattr(k, f.name)) for f in dataclasses.fields(k)]}


class _Json(_Walk):
    def __init__(self, d: dict[str, Any]) -> None:
        super().__init__()
        self.d = d
        for p in d["packages"]:
            for name, id in p["interfaces"].items():
                self.interface_names[id] = f"{p['name']}/{name}"
        for p in d["packages"]:
            for id in p["interfaces"].values():
                self._name_types(self.interface_names[id], d["interfaces"][id]["types"])
            for name, id in p["worlds"].items():
                for side in ("imports", "exports"):
                    for key, item in d["worlds"][id][side].items():
                        if "type" in item:
                            self.type_names[item["type"]] = f"{p['name']}/{name}#{key}"
                        elif "interface" in item and item["interface"]["id"] not in self.interface_names:
                            types = d["interfaces"][item["interface"]["id"]]["types"]
                            self._name_types(f"{p['name']}/{name} {side[:-1]} {key}", types)

    def _name_types(self, base: str, types: Any) -> None:
        for name, id in types.items():
            self.type_names[id] = f"{base}#{name}"

    def packages(self) -> Outline:
        return {
            p["name"]: _clean({
                "docs": p.get("docs", {}).get("contents"),
                "interfaces": {n: self.interface(i) for n, i in p["interfaces"].items()},
                "worlds": {n: self.world(w) for n, w in p["worlds"].items()},
            })
            for p in self.d["packages"]
        }

    def meta(self, item: Any) -> Outline:
        stability = None
        for tag, value in item.get("stability", {}).items():
            main = "since" if tag == "stable" else "feature"
            stability = {main: value[main], "deprecated": value.get("deprecated")}
        docs = item.get("docs", {}).get("contents")
        return _clean({"docs": docs, "stability": stability, "external_id": item.get("external_id")})

    def interface(self, id: int) -> Outline:
        i = self.d["interfaces"][id]
        return {
            "types": {n: self.type_def(t) for n, t in i["types"].items()},
            "functions": {n: self.function(f) for n, f in i["functions"].items()},
            "order": list(i["functions"]),
            "type order": list(i["types"]),
            **self.meta(i),
        }

    def world(self, id: int) -> Outline:
        w = self.d["worlds"][id]
        return {s: [self.item(k, v) for k, v in w[s].items()] for s in ("imports", "exports")} | self.meta(w)

    def item(self, key: str, item: Any) -> Outline:
        if "interface" in item:
            id = item["interface"]["id"]
            named = id in self.interface_names
            what = {"interface": self.interface_names[id]} if named else {"inline": self.interface(id)}
            name = self.interface_names[id] if named and key == f"interface-{id}" else key
            return {"key": name, **what, **self.meta(item["interface"])}
        if "type" in item:
            return {"key": key, "type": self.type_def(item["type"])}
        return {"key": key, "function": self.function(item["function"])}

    def type_def(self, id: int) -> Outline:
        return {"kind": self.kind(self.d["types"][id]["kind"]), **self.meta(self.d["types"][id])}

    def anonymous(self, id: int) -> Any:
        return self.type_def(id)

    def function(self, f: Any) -> Outline:
        kind = f["kind"] if isinstance(f["kind"], dict) else {f["kind"]: None}
        ((tag, resource),) = kind.items()
        is_async, tag = tag.startswith("async-"), tag.removeprefix("async-")
        return {
            "name": f["name"],
            "kind": [tag, is_async, None if resource is None else self.type_ref(resource)],
            "params": [[p["name"], self.type(p["type"])] for p in f["params"]],
            "result": self.type(f.get("result")),
            **self.meta(f),
        }

    def type(self, t: Any) -> Any:
        return t if t is None or isinstance(t, str) else self.type_ref(t)

    def kind(self, k: Any) -> Any:
        if isinstance(k, str):
            return k
        ((tag, v),) = k.items()
        if tag == "handle":
            return {a: self.type(b) for a, b in v.items()}
        if tag in ("record", "variant", "enum", "flags"):
            (items,) = v.values()
            return {
                tag: [
                    _clean({
                        "name": i["name"],
                        "type": self.type(i.get("type")),
                        "docs": i.get("docs", {}).get("contents"),
                    })
                    for i in items
                ]
            }
        if tag == "fixed-length-list":
            return {tag: [self.type(v[0]), v[1]]}
        if tag == "tuple":
            return {tag: [self.type(t) for t in v["types"]]}
        if tag == "result":
            return {tag: [self.type(v["ok"]), self.type(v["err"])]}
        return {tag: [self.type(t) for t in (v if isinstance(v, list) else [v])]}
