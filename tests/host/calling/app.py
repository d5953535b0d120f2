"""A guest in Python that sends HTTP requests, from a plain function and from an async one."""

from calling.guest import exports
from calling.guest import wasi_http_outgoing_handler as handler
from calling.guest.wasi_http_types import Fields, OutgoingRequest
from calling.types.wasi_http_types import ErrorCode, SchemeHttp


def plain(authority: str) -> str:
    request = OutgoingRequest(Fields())
    request.set_scheme(SchemeHttp())
    request.set_authority(authority)
    request.set_path_with_query("/204")
    try:
        future = handler.handle(request, None)
    except ErrorCode as error:
        return type(error).__name__
    with future, future.subscribe() as ready:
        ready.block()
        outcome = future.get().value.value
    if isinstance(outcome, ErrorCode):
        return type(outcome).__name__
    with outcome:
        return str(outcome.status())


async def later(authority: str) -> str:
    return plain(authority)


exports.serve(__name__, plain=plain, later=later)
