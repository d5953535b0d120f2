from .handle import Handle
from .wasi_io_streams import InputStream, OutputStream

class OutgoingValue(Handle):
    @staticmethod
    def new_outgoing_value() -> OutgoingValue: ...
    def outgoing_value_write_body(self) -> OutputStream: ...

class IncomingValue(Handle):
    def incoming_value_consume_async(self) -> InputStream: ...
