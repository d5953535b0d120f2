"""wasi:blobstore: containers and their objects."""

from agent.guest import wasi_blobstore_blobstore as blobstore
from agent.guest.wasi_blobstore_container import Container
from agent.guest.wasi_blobstore_types import OutgoingValue
from agent.types.wasi_blobstore_types import ObjectId


def cover(_: str) -> None:
    for name in ("one", "two"):
        blobstore.create_container(name).drop()
    assert blobstore.container_exists("one")
    with blobstore.get_container("one") as container:
        _objects(container)
    blobstore.copy_object(ObjectId("one", "b"), ObjectId("two", "b"))
    blobstore.move_object(ObjectId("one", "b"), ObjectId("two", "c"))
    with blobstore.get_container("two") as container:
        container.delete_object("b")
        container.delete_objects(["c"])
        container.clear()
    for name in ("one", "two"):
        blobstore.delete_container(name)
    assert not blobstore.container_exists("one")


def _objects(container: Container) -> None:
    assert container.name() == "one"
    assert container.info().name == "one"
    for name in ("a", "b"):
        with OutgoingValue.new_outgoing_value() as value:
            with value.outgoing_value_write_body() as body:
                body.blocking_write_and_flush(b"content")
            container.write_data(name, value)
    assert container.has_object("a")
    assert container.object_info("a").size == 7
    with container.get_data("a", 0, 6) as whole:
        assert whole.size() == 7
        assert whole.incoming_value_consume_sync() == b"content"
    with container.get_data("a", 1, 2) as part, part.incoming_value_consume_async() as body:
        assert body.blocking_read(100) == b"on"
    with container.list_objects() as names:
        assert names.skip_stream_object_names(1)[0] == 1
        assert len(names.read_stream_object_names(10)[0]) == 1
