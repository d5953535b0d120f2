"""The handshake between generated code and runtime says what docs/runtime.md quotes."""

from __future__ import annotations

import pytest

from tests.support.paths import DOCS
from witgen_runtime.revision import REVISION, require
from witgen_runtime.version import VERSION

PAGE = DOCS / "runtime.md"


@pytest.mark.parametrize("revision", [REVISION - 1, REVISION + 1], ids=["older", "newer"])
def test_another_revision_is_an_error_that_the_page_quotes(revision: int) -> None:
    with pytest.raises(ImportError) as caught:
        require(revision, "chat_bindings")
    assert caught.value.name == "chat_bindings"
    assert f"    {caught.value}\n" in PAGE.read_text(encoding="utf-8")
    assert VERSION in str(caught.value)


def test_the_same_revision_is_fine() -> None:
    require(REVISION, "chat_bindings")
