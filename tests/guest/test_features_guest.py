"""The features of golden/features in one component that componentize-py built: every type, both ways, with errors."""

from __future__ import annotations

import importlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.host.test_golden_features import exchanges, passed_on
from tests.support.features import FOLDER, Host
from tests.support.guests import importable, once
from witgen import Config, generate
from witgen.build.componentize import Build, build
from witgen_runtime import abi

pytestmark = [pytest.mark.slow, pytest.mark.long]

APP = Path(__file__).parent / "features_guest" / "app.py"

# Features whose worlds componentize-py takes, and the interfaces to import and export of each package.
TAKEN = {
    "chars": ["chars"],
    "errors": ["errors"],
    "flags": ["several"],
    "floats": ["floats"],
    "integers": ["integers"],
    "keywords": ["words"],
    "lent": ["lent"],
    "lists": ["lists"],
    "many-arguments": ["many"],
    "options": ["options"],
    "records": ["records"],
    "resources-in-aggregates": ["aggregates"],
    "results": ["results"],
    "use-across-interfaces": ["middle", "user"],
    "variants": ["variants"],
}


def wit(folder: Path) -> None:
    """Write a world that imports and exports all of it."""
    lines = []
    for feature, interfaces in TAKEN.items():
        place = FOLDER if (FOLDER / feature).is_dir() else APP.parent
        shutil.copytree(place / feature, folder / "deps" / feature)
        names = (f"features:{'%' if feature == 'flags' else ''}{feature}/{interface}" for interface in interfaces)
        lines += [f"  {verb} {name};" for name in names for verb in ("import", "export")]
    (folder / "everything.wit").write_text(
        "package features:everything;\n\nworld everything {\n" + "\n".join(lines) + "\n}\n"
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder with the component and its bindings."""
    return importable(once(tmp_path_factory, "everything", _build))


def _build(folder: Path) -> None:
    wit(folder / "wit")
    generate(Config(folder / "wit", world="everything", out=folder / "everything_bindings"))
    app = str(shutil.copy(APP, folder / "everything_app.py"))
    build(Build(app, folder / "wit", "everything", out=folder / "everything.wasm"))


@pytest.fixture
def everything(folder: Path) -> Iterator[Any]:
    world = importlib.import_module("everything_bindings.host").Everything
    definition = world._definition
    host = Host(definition)
    items = {item.name: item for item in definition.imports}

    def imported(interface: abi.Interface, function: abi.Function) -> abi.Function:
        return next(each for each in items[interface.name].interface.functions if each.name == function.name)

    with world._open(folder / "everything.wasm", host.imports) as opened:
        yield SimpleNamespace(
            host=host,
            definition=definition,
            api=lambda interface: getattr(opened, items[interface.name].attribute),
            imported=imported,
        )


@pytest.mark.parametrize("feature", TAKEN)
def test_values_go_through(everything: Any, feature: str) -> None:
    checked = 0
    # Resources of one name are told apart by their package.
    name = f"features_{feature.replace('-', '_')}_things"
    everything.host.classes["Thing"] = getattr(everything.host.imports, name, object)
    for interface, function in passed_on(everything):
        if interface.name.startswith(f"features:{feature}/"):
            exchanges(everything, interface, cast("abi.Function", function))
            checked += 1
    assert checked
