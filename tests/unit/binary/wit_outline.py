"""A resolved tree without arena numbers, from the IR or from what `wasm-tools component wit --json` prints.

Two outlines are equal where the packages say the same. Anonymous types stand where they are used, without the stability
that wit-parser gives them when it reads text.
"""

from __future__ import annotations

import json
from typing import Any

from witgen.wit.model import ir
from witgen.wit.model.wit_json import to_wit_json

Outline = dict[str, Any]


def of_ir(resolve: ir.Resolve) -> Outline:
    """Outline the packages of the IR."""
    return of_json(json.loads(json.dumps(to_wit_json(resolve))))


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


def _clean(entry: Outline) -> Outline:
    return {key: value for key, value in entry.items() if value is not None}


class _Json:
    def __init__(self, d: dict[str, Any]) -> None:
        self.d = d
        self.type_names: dict[int, str] = {}
        self.interface_names: dict[int, str] = {}
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
            p["name"]: _clean(
                {
                    "docs": p.get("docs", {}).get("contents"),
                    "interfaces": {n: self.interface(i) for n, i in p["interfaces"].items()},
                    "worlds": {n: self.world(w) for n, w in p["worlds"].items()},
                }
            )
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

    def type_ref(self, id: int) -> Any:
        if id in self.type_names:
            return f"&{self.type_names[id]}"
        return {"kind": self.kind(self.d["types"][id]["kind"])}

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
                    _clean(
                        {
                            "name": i["name"],
                            "type": self.type(i.get("type")),
                            "docs": i.get("docs", {}).get("contents"),
                        }
                    )
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
