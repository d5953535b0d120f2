from .handle import Handle

class InputStream(Handle):
    def blocking_read(self, len: int) -> bytes: ...

class OutputStream(Handle):
    def blocking_write_and_flush(
        self, contents: bytes | bytearray | memoryview
    ) -> None: ...
