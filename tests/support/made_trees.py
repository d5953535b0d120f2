"""Random WIT trees: most are right, some are not, and a reference says which."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

PRIMITIVES = ["u8", "u16", "u32", "u64", "s8", "s16", "s32", "s64", "f32", "f64", "bool", "char", "string"]


@dataclass
class Made:
    """An interface that was written: what others can refer to."""

    path: str
    types: list[str] = field(default_factory=list)
    resources: list[str] = field(default_factory=list)


@dataclass
class Package:
    name: str
    version: str | None
    interfaces: list[Made] = field(default_factory=list)
    worlds: list[str] = field(default_factory=list)

    def path(self, item: str) -> str:
        return f"{self.name}/{item}" + (f"@{self.version}" if self.version else "")


class TreeMaker:
    """Writes trees; the same seed writes the same one."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def tree(self) -> dict[str, str]:
        packages: list[Package] = []
        files: dict[str, str] = {}
        count = self.random.randrange(1, 4)
        for number in range(count):
            version = self.random.choice([None, "1.0.0", "0.2.3", "2.0.0-rc.1"])
            package = Package(f"made:p{number}", version)
            is_main = number == count - 1
            files["a.wit" if is_main else f"deps/p{number}/a.wit"] = self.package(package, packages)
            packages.append(package)
        return files

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    # ---- Packages

    def package(self, package: Package, others: list[Package]) -> str:
        version = f"@{package.version}" if package.version else ""
        parts = [f"/// Package {package.name}.\npackage {package.name}{version};\n"]
        items = [self.interface(package, f"i{number}", others) for number in range(self.random.randrange(1, 6))]
        items += [self.world(package, f"w{number}", others) for number in range(self.random.randrange(4))]
        # The order in the file is not that of their dependencies.
        self.random.shuffle(items)
        return "\n".join(parts + items)

    def gate(self, package: Package) -> str:
        if self.chance(0.95):
            return ""
        if package.version and self.chance(0.6):
            return f"@since(version = {self.random.choice(['0.1.0', package.version])}) "
        return f"@unstable(feature = {self.random.choice(['on', 'on', 'on', 'off'])}) "

    def docs(self) -> str:
        return self.random.choice(["", "", "", "/// Some text.\n", "// plain\n/// two\n", "/** block */\n"])

    # ---- Interfaces

    def usable(self, package: Package, others: list[Package]) -> list[tuple[str, Made]]:
        local = [(made.path, made) for made in package.interfaces]
        foreign = [(other.path(made.path), made) for other in others for made in other.interfaces]
        return local + foreign

    def interface(self, package: Package, name: str, others: list[Package]) -> str:
        made = Made(name)
        body = self.members(package, made, self.usable(package, others))
        package.interfaces.append(made)
        return f"{self.docs()}{self.gate(package)}interface {name} {{\n{body}}}\n"

    def members(self, package: Package, made: Made, usable: list[tuple[str, Made]]) -> str:
        lines = [self.use(package, made, usable) for _ in range(self.random.randrange(3))]
        lines += [self.type(package, made, f"t{number}") for number in range(self.random.randrange(5))]
        self.random.shuffle(lines)
        lines += [self.function(package, made, f"f{number}") for number in range(self.random.randrange(4))]
        return "".join(lines)

    def use(self, package: Package, made: Made, usable: list[tuple[str, Made]]) -> str:
        if not usable:
            return ""
        path, source = self.random.choice(usable)
        names: list[str] = []
        for name in self.random.sample(source.types, min(len(source.types), self.random.randrange(3))):
            renamed = f"u{len(made.types)}"
            names.append(f"{name} as {renamed}")
            made.types.append(renamed)
            if name in source.resources:
                made.resources.append(renamed)
        return f"  {self.gate(package)}use {path}.{{{', '.join(names)}}};\n"

    def type(self, package: Package, made: Made, name: str) -> str:
        kind = self.random.choice(["alias", "alias", "record", "variant", "enum", "flags", "resource"])
        gate = self.docs() + "  " + self.gate(package)
        if kind == "alias":
            text = f"{gate}type {name} = {self.value(made)};\n"
        elif kind == "record":
            fields = "".join(f"a{number}: {self.value(made)}, " for number in range(self.random.randrange(1, 4)))
            text = f"{gate}record {name} {{ {fields}}}\n"
        elif kind == "variant":
            text = f"{gate}variant {name} {{ c0, c1({self.value(made)}), {self.docs()} c2({self.value(made)}) }}\n"
        elif kind == "resource":
            made.resources.append(name)
            made.types.append(name)
            return f"{gate}resource {name} {{\n{self.resource(package, made, name)}  }}\n"
        else:
            text = f"{gate}{kind} {name} {{ c0, {self.docs()} c1 }}\n"
        made.types.append(name)
        return text

    def resource(self, package: Package, made: Made, name: str) -> str:
        lines = [f"    m{number}: {self.signature(made)};\n" for number in range(self.random.randrange(3))]
        lines += [f"    s0: static {self.signature(made)};\n"] * self.chance(0.4)
        result = self.random.choice(["", f" -> result<{name}>", f" -> result<{name}, string>"])
        lines += [f"    constructor(x: {self.value(made)}){result};\n"] * self.chance(0.5)
        self.random.shuffle(lines)
        return "".join(self.docs() + self.gate(package) + line for line in lines)

    def function(self, package: Package, made: Made, name: str) -> str:
        return f"{self.docs()}  {self.gate(package)}{name}: {self.signature(made)};\n"

    def signature(self, made: Made) -> str:
        params = ", ".join(f"p{number}: {self.value(made)}" for number in range(self.random.randrange(3)))
        result = f" -> {self.value(made, borrow=self.chance(0.01))}" if self.chance(0.6) else ""
        return f"{'async ' if self.chance(0.1) else ''}func({params}){result}"

    def value(self, made: Made, depth: int = 0, *, borrow: bool = False) -> str:
        if made.resources and (borrow or self.chance(0.1)):
            resource = self.random.choice(made.resources)
            return f"{self.random.choice(['borrow', 'own']) if borrow else 'own'}<{resource}>"
        if made.types and self.chance(0.35):
            return self.random.choice(made.types)
        if depth > 2 or self.chance(0.4):
            return self.random.choice(PRIMITIVES)
        inner, other = self.value(made, depth + 1), self.value(made, depth + 1)
        key = self.random.choice(["u8", "string", "char", "bool"])
        return self.random.choice(
            [
                f"list<{inner}>", f"list<{inner}, {self.random.randrange(9)}>", f"option<{inner}>",
                f"result<{inner}, {other}>", f"result<_, {other}>", f"result<{inner}>", "result",
                f"tuple<{inner}, {other}>", f"map<{key}, {inner}>", f"stream<{inner}>", f"future<{inner}>", "future",
            ]
        )  # fmt: skip

    # ---- Worlds

    def world(self, package: Package, name: str, others: list[Package]) -> str:
        usable = self.usable(package, others)
        made = Made(name)
        count = self.random.randrange(7)
        lines = [self.world_item(package, made, usable, number, others) for number in range(count)]
        package.worlds.append(name)
        return f"{self.docs()}{self.gate(package)}world {name} {{\n{''.join(lines)}}}\n"

    def world_item(
        self, package: Package, made: Made, usable: list[tuple[str, Made]], number: int, others: list[Package]
    ) -> str:
        side = self.random.choice(["import", "export"])
        gate = self.docs() + "  " + self.gate(package)
        kind = self.random.choice(["path", "path", "label", "inline", "function", "type", "use", "include"])
        if kind == "function":
            return f"{gate}{side} f{number}: {self.signature(made)};\n"
        if kind == "inline":
            body = self.members(package, Made(f"x{number}"), usable)
            return f"{gate}{side} x{number}: interface {{\n{body}}}\n"
        if kind == "type":
            return self.type(package, made, f"{made.path}-t{number}")
        if kind == "use":
            return self.use(package, made, usable)
        if kind == "include":
            return self.include(package, made, others, gate)
        path = self.random.choice(usable)[0] if usable else "i0"
        return f"{gate}{side} {f'l{number}: ' if kind == 'label' else ''}{path};\n"

    def include(self, package: Package, made: Made, others: list[Package], gate: str) -> str:
        worlds = list(package.worlds) + [other.path(world) for other in others for world in other.worlds]
        if not worlds:
            return ""
        chosen = self.random.choice(worlds)
        if self.chance(0.7):
            return f"{gate}include {chosen};\n"
        return f"{gate}include {chosen} with {{ f0 as {made.path}-f0, x1 as {made.path}-x1 }}\n"
