from front_bindings.guest.testing import Fakes, Guest
from front_bindings.types.wasi_http_types import ErrorCodeConnectionRefused

from witgen_runtime.testing import FakeHttp, HttpRequest, HttpResponse


def test_the_page_shows_what_the_api_says(witgen_guest: Guest, witgen_fakes: Fakes) -> None:
    http = FakeHttp(witgen_fakes)
    http.answers(lambda _: HttpResponse(200, {"content-type": "application/json"}, b'{"name": "Ann"}'))

    answer = http.fetch(witgen_guest, "/?id=1")

    assert (answer.status, answer.content) == (200, b"hello Ann")
    assert http.requests[0].url == "https://api.example.org/names/1"


def test_a_service_that_is_away(witgen_guest: Guest, witgen_fakes: Fakes) -> None:
    def refuse(_: HttpRequest) -> HttpResponse:
        raise ErrorCodeConnectionRefused

    http = FakeHttp(witgen_fakes)
    http.answers(refuse)
    assert http.fetch(witgen_guest, "/?id=1").status == 502

    http.answers(lambda _: HttpResponse(404))
    assert http.fetch(witgen_guest, "/?id=2").status == 502


def test_a_request_without_an_id(witgen_guest: Guest, witgen_fakes: Fakes) -> None:
    assert FakeHttp(witgen_fakes).fetch(witgen_guest, "/").status == 400
