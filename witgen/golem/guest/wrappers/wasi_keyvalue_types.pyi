from .handle import Handle

class Bucket(Handle):
    @staticmethod
    def open_bucket(name: str) -> Bucket: ...

class OutgoingValue(Handle):
    @staticmethod
    def new_outgoing_value() -> OutgoingValue: ...
    def outgoing_value_write_body_sync(
        self, value: bytes | bytearray | memoryview
    ) -> None: ...

class IncomingValue(Handle):
    def incoming_value_consume_sync(self) -> bytes: ...
