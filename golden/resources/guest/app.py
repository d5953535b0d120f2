"""Exports buckets of its own, and an interface that works on them."""

from collections.abc import Callable, Iterable

from resources_bindings.guest import exports
from resources_bindings.guest.exports.golden_resources_store import Bucket, Cursor, Store
from resources_bindings.guest.exports.golden_resources_user import User
from resources_bindings.types.golden_resources_store import (
    Either,
    EitherLeft,
    EitherRight,
    Entry,
    ErrorDenied,
    ErrorNoSuchKey,
)

BUCKETS: dict[str, "OwnBucket"] = {}


class OwnBucket(Bucket):
    def __init__(self, name: str) -> None:
        self._name = name
        self._blobs: dict[str, bytes] = {}
        BUCKETS[name] = self

    def name(self) -> str:
        return self._name

    def get(self, key: str) -> bytes | None:
        if not key:
            raise ErrorDenied
        return self._blobs.get(key)

    def put(self, key: str, value: bytes) -> None:
        if key.startswith("/"):
            raise ErrorNoSuchKey(key)
        self._blobs[key] = value

    def same(self, other: Bucket) -> bool:
        return self is other

    @classmethod
    def merge(cls, parts: list[Bucket]) -> Bucket:
        merged = cls("+".join(part.name() for part in parts))
        for part in parts:
            merged._blobs |= BUCKETS[part.name()]._blobs
        return merged

    @classmethod
    def open_existing(cls, name: str) -> Bucket:
        if name not in BUCKETS:
            raise ErrorNoSuchKey(name)
        return BUCKETS[name]

    def close(self) -> None:
        self._blobs.clear()

    def drop(self) -> int:
        return len(self._blobs)


class OwnCursor(Cursor):
    def __init__(self, keys: Iterable[str]) -> None:
        self._keys = iter(keys)

    def next(self) -> str | None:
        return next(self._keys, None)


class OwnStore(Store):
    Bucket = OwnBucket
    Cursor = OwnCursor

    def list_keys(self, bucket: Bucket) -> Cursor:
        return OwnCursor(sorted(BUCKETS[bucket.name()]._blobs))

    def entries(self, of: list[Bucket]) -> int:
        return sum(len(BUCKETS[bucket.name()]._blobs) for bucket in of)

    def take(self, entry: Entry) -> Either:
        owner = entry.owner
        if not entry.key:
            return EitherRight(OwnCursor([]))
        return EitherLeft(owner)


class OwnUser(User):
    def copy(self, source: Bucket, target: Bucket) -> int:
        target.put("copy", source.get("original") or b"")
        return 1

    def pass_(self, bucket: Bucket) -> Bucket:
        return bucket


exports.serve(__name__, golden_resources_store=OwnStore(), golden_resources_user=OwnUser())
