"""Runs Python code that the test sends. What it assigns stays for the next; `out` is what it answers, as a literal."""

import importlib
import pkgutil
import traceback

import wit_world
from componentize_py_types import Err, Ok, Some
from wit_world import imports

names: dict = {"Err": Err, "Ok": Ok, "Some": Some}
for module in pkgutil.iter_modules(imports.__path__):
    names[module.name] = importlib.import_module(f"{imports.__name__}.{module.name}")


class WitWorld(wit_world.WitWorld):
    def run(self, code: str) -> str:
        names["out"] = []
        try:
            exec(code, names)
        except BaseException:  # noqa: BLE001  (the test sees it)
            return traceback.format_exc()
        return repr(names["out"])
