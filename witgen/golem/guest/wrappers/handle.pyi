from witgen_runtime.guest import Resource

class Handle(Resource):
    def drop(self) -> None: ...
