"""`witgen build` knows bindings of other WIT, and what a component's file cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.projects import Run
from witgen.build.bindings_drift import out_of_date
from witgen.build.componentize import Build, BuildError, build


def messages(project: Path, world: str | None = None, wit: str = "wit") -> list[str]:
    return [each.message for each in out_of_date(project, project / wit, world, lambda: ())]


def test_bindings_of_other_wit_are_warned_of(project: Path, witgen: Run) -> None:
    (missing,) = messages(project)
    assert missing.endswith("were not generated")
    assert witgen("generate").returncode == 0
    assert messages(project) == []
    wit = project / "wit" / "shop.wit"
    wit.write_text(wit.read_text().replace("price: u32", "price: u64"))
    (other,) = messages(project)
    assert "do not match the WIT" in other
    assert messages(project, "other") == messages(project, wit="elsewhere") == []
    wit.write_text("package")
    assert messages(project) == []


def test_edited_bindings_are_left_to_check(project: Path, witgen: Run) -> None:
    assert witgen("generate").returncode == 0
    edited = project / "shop_bindings" / "__init__.py"
    edited.write_text(edited.read_text() + "MINE = 1\n")
    assert messages(project) == []


def test_the_command_says_it_where_the_build_fails(project: Path, witgen: Run) -> None:
    run = witgen("build", "missing.py")
    assert run.returncode == 2
    assert "missing.py does not exist" in run.stderr
    assert "were not generated" in run.stderr
    assert "run `witgen generate`" in run.stderr


def test_a_folder_is_no_component(project: Path) -> None:
    (project / "app.py").touch()
    (project / "dist").mkdir()
    with pytest.raises(BuildError, match=r"dist is a folder: --out must be the component's file, such as .*app\.wasm"):
        build(Build(str(project / "app.py"), project / "wit", out=project / "dist"))
