"""Resources that the guest exports, resources that the host implements, and handles in every place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.long]


@pytest.fixture(scope="module")
def bindings(built: Callable[[str, str], Path]) -> SimpleNamespace:
    component = built("resources", "resources")
    from resources_bindings import host
    from resources_bindings.host import golden_resources_only_resource as things
    from resources_bindings.host import golden_resources_store as store
    from resources_bindings.host import golden_resources_user as user
    from resources_bindings.types import golden_resources_store as types

    from witgen_runtime import host as runtime

    return SimpleNamespace(
        component=component, host=host, runtime=runtime, things=things, store=store, user=user, types=types
    )


def concrete(base: type[Any], **members: Any) -> type[Any]:
    """Return a class with the given members, and a refusal for every other abstract one."""

    def refuse(*arguments: object) -> None:
        pytest.fail(f"unexpected call: {arguments}")

    abstract = dict.fromkeys(getattr(base, "__abstractmethods__", ()), refuse)
    return type(base.__name__, (base,), {**abstract, **members})


@pytest.fixture(params=["component", "cpython"])
def world(request: pytest.FixtureRequest, bindings: SimpleNamespace) -> Iterator[Any]:
    if request.param == "cpython":
        from resources_bindings.guest.testing import Fakes, opened

        with Fakes() as fakes, opened("resources_app", fakes) as guest:
            yield guest
        return
    bucket, cursor = concrete(bindings.store.Bucket), concrete(bindings.store.Cursor)
    imports = bindings.host.ResourcesImports(
        golden_resources_store=concrete(bindings.store.Store, Bucket=bucket, Cursor=cursor)(),
        golden_resources_user=concrete(bindings.user.User)(),
        golden_resources_only_resource=concrete(bindings.things.Thing),
    )
    with bindings.host.Resources.open(bindings.component, imports) as world:
        yield world


def test_constructor_methods_statics(world: Any, bindings: SimpleNamespace) -> None:
    store = world.golden_resources_store
    with store.Bucket("one") as bucket:
        assert bucket.name() == "one"
        assert bucket.get("k") is None
        bucket.put("k", b"v")
        assert bucket.get("k") == b"v"
        with pytest.raises(bindings.types.ErrorDenied):
            bucket.get("")
        with pytest.raises(bindings.types.ErrorNoSuchKey) as caught:
            bucket.put("/x", b"")
        assert caught.value.value == "/x"
        again = store.Bucket.open_existing("one")
        assert bucket.same(bucket)
        assert isinstance(again, bindings.types.Bucket)


def test_guest_hands_out_one_object_again_and_again(world: Any) -> None:
    store = world.golden_resources_store
    with store.Bucket("shared") as bucket:
        bucket.put("k", b"v")
        for _ in range(3):
            again = store.Bucket.open_existing("shared")
            assert again.same(bucket)
            assert again.get("k") == b"v"


def test_wit_names_beside_the_handle_protocol(world: Any) -> None:
    """WIT declares methods called `close` and `drop`: they are the guest's; `with` still ends the handle."""
    bucket = world.golden_resources_store.Bucket("named")
    with bucket:
        bucket.put("a", b"1")
        assert bucket.drop() == 1
        bucket.close()
        assert bucket.drop() == 0
    with pytest.raises(Exception, match="Bucket"):
        bucket.name()


def test_handles_are_dropped_by_hand(world: Any) -> None:
    """Where WIT declares no `drop`, handles have one; twice is fine."""
    store = world.golden_resources_store
    cursor = store.list_keys(store.Bucket("dropped"))
    cursor.drop()
    cursor.drop()
    with pytest.raises(Exception, match="Cursor"):
        cursor.next()


def test_handles_in_lists_records_and_variants(world: Any, bindings: SimpleNamespace) -> None:
    store, types = world.golden_resources_store, bindings.types
    a, b = store.Bucket("a"), store.Bucket("b")
    a.put("x", b"1")
    b.put("y", b"2")
    b.put("z", b"3")
    assert store.entries([a, b]) == 3
    cursor = store.list_keys(b)
    assert [cursor.next(), cursor.next(), cursor.next()] == ["y", "z", None]
    taken = store.take(types.Entry("key", a))
    assert isinstance(taken, types.EitherLeft)
    assert taken.value.name() == "a"
    with pytest.raises(Exception, match="Bucket"):
        a.name()  # it went with the record
    merged = store.Bucket.merge([taken.value, b])
    assert merged.name() == "a+b"
    assert merged.get("z") == b"3"


def test_other_interfaces_share_the_resource(world: Any) -> None:
    store, user = world.golden_resources_store, world.golden_resources_user
    source, target = store.Bucket("source"), store.Bucket("target")
    source.put("original", b"data")
    assert user.copy(source, target) == 1
    assert target.get("copy") == b"data"
    passed = user.pass_(target)
    assert passed.name() == "target"


def test_wrong_handles_are_refused_before_the_call(world: Any, bindings: SimpleNamespace) -> None:
    store = world.golden_resources_store
    bucket = store.Bucket("b")
    with pytest.raises(TypeError, match="Bucket"):
        bucket.same("no bucket")
    for _ in range(2):
        with bucket:
            pass
    other = store.Bucket("other")
    with pytest.raises(Exception, match="Bucket"):
        other.same(bucket)
    assert other.name() == "other"
