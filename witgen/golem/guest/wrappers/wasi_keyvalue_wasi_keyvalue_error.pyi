from .handle import Handle

class Error(Handle):
    def trace(self) -> str: ...
