"""Answers requests of wasi:http 0.3 on componentize-py's raw modules: an echo with trailers, while the body arrives."""

import componentize_py_async_support
import wit_world
from componentize_py_types import Err, Ok
from wit_world import exports
from wit_world.imports import wasi_http_types as http

trailers_future = wit_world.result_option_wasi_http_types_fields_wasi_http_types_error_code_future
result_future = wit_world.result_unit_wasi_http_types_error_code_future


class Handler(exports.Handler):
    async def handle(self, request):
        path = request.get_path_with_query() or "/"
        if path == "/error":
            raise Err(http.ErrorCode_DnsTimeout())
        if path == "/trap":
            raise ValueError("this guest fails")
        method = request.get_method()
        headers = request.get_headers()
        seen = [(name, value) for name, value in headers.copy_all() if name.startswith("x-")]
        told_tx, told_rx = result_future(lambda: Ok(None))
        body, trailers = http.Request.consume_body(request, told_rx)
        out, contents = wit_world.byte_stream()
        out_trailers, trailers_rx = trailers_future(lambda: Ok(None))
        response, _ = http.Response.new(
            http.Fields.from_list([("content-type", b"text/plain"), ("trailer", b"x-sum"), *seen]),
            contents,
            trailers_rx,
        )
        response.set_status_code(201 if path == "/created" else 200)

        async def answer():
            total = 0
            with out:
                await out.write_all(f"{type(method).__name__} {path}\n".encode())
                with body:
                    while not body.writer_dropped:
                        data = await body.read(1 << 16)
                        total += len(data)
                        if data:
                            await out.write_all(data)
            read = await trailers.read()
            names = b""
            if isinstance(read, Ok) and read.value is not None:
                names = b",".join(name.encode() for name, _ in read.value.copy_all())
            await told_tx.write(Ok(None))
            await out_trailers.write(Ok(http.Fields.from_list([("x-sum", str(total).encode()), ("x-got", names)])))

        componentize_py_async_support.spawn(answer())
        return response
