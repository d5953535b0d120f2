"""Requests to a cluster; whatever goes wrong is one message."""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Final, Self, TypeAlias, cast
from urllib.parse import quote

import httpx

from ..agents.json_form import Json
from .errors import ClusterError
from .settings import Settings

__all__ = ["Cluster", "Part", "object_of", "path_of"]

Part: TypeAlias = tuple[str | None, bytes, str]
"""A part of a multipart body: the name of the file, None for none; the content and its type."""

_SHOWN: Final = 500
_CONNECT: Final = 10.0
_NOT_FOUND: Final = 404


class Cluster:
    """A connection to a cluster, for `with`.

    Raises:
        ClusterError: the certificate of the authority cannot be read.
    """

    def __init__(self, given: Settings) -> None:
        self.settings = given
        try:
            context = ssl.create_default_context(cafile=given.authority)
        except (OSError, ssl.SSLError) as error:
            raise ClusterError(f"{given.authority}: not a certificate that can be used: {error}") from None
        self._client = httpx.Client(
            base_url=given.url,
            headers={"Authorization": f"Bearer {given.token}", "Accept": "application/json"},
            timeout=httpx.Timeout(given.timeout, connect=min(_CONNECT, given.timeout)),
            verify=context,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._client.close()

    def get(self, what: str, path: str) -> Json:
        """Return what is at a path; `what` names it in messages.

        Raises:
            ClusterError: it cannot be had.
        """
        return self._sent(what, "GET", path)

    def find(self, what: str, path: str) -> dict[str, Json] | None:
        """Return the object at a path, None if there is none.

        Raises:
            ClusterError: the cluster does not say.
        """
        try:
            return object_of(what, self.get(what, path))
        except ClusterError as error:
            if error.status == _NOT_FOUND:
                return None
            raise

    def send(
        self, what: str, path: str, body: Json, *, method: str = "POST", headers: Mapping[str, str] | None = None
    ) -> Json:
        """Send JSON and return the answer.

        Raises:
            ClusterError: the cluster refuses it, or does not answer.
        """
        return self._sent(what, method, path, json=body, headers=dict(headers or {}))

    def upload(self, what: str, path: str, parts: Mapping[str, Part], *, method: str = "POST") -> Json:
        """Send a form with files and return the answer.

        Raises:
            ClusterError: the cluster refuses it, or does not answer.
        """
        return self._sent(what, method, path, files=dict(parts))

    def _sent(self, what: str, method: str, path: str, **given: Any) -> Json:
        try:
            response = self._client.request(method, path, **given)
        except httpx.HTTPError as error:
            is_sent = not isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout))
            raise ClusterError(f"{what}: {_why(error, self.settings)}", is_uncertain=is_sent) from None
        if not response.is_success:
            raise _refused(what, response, self.settings)
        try:
            return cast("Json", response.json())
        except ValueError:
            raise ClusterError(
                f"{what}: {self.settings.url} answers with something that is not JSON; is it Golem's REST API?"
            ) from None


def path_of(*parts: str) -> str:
    """Return a path of these parts."""
    return "/" + "/".join(quote(each, safe="") for each in parts)


def object_of(what: str, given: Json) -> dict[str, Json]:
    """Return an object of an answer.

    Raises:
        ClusterError: it is something else.
    """
    if not isinstance(given, dict):
        raise ClusterError(f"{what}: expected an object in the cluster's answer, got {given!r:.60}")
    return given


def _why(error: httpx.HTTPError, settings: Settings) -> str:
    url = settings.url
    match error:
        case httpx.ConnectTimeout():
            return f"{url} cannot be reached in {min(_CONNECT, settings.timeout):g} s"
        case httpx.TimeoutException():
            return f"no answer from {url} in {settings.timeout:g} s (--timeout)"
        case httpx.ConnectError() if "CERTIFICATE" in str(error).upper():
            return (
                f"{url} has a certificate that is not trusted: {_brief(error)}; "
                "pass the certificate of its authority with --ca"
            )
        case httpx.ConnectError() if "SSL" in str(error).upper():
            return f"{url} does not speak TLS as expected: {_brief(error)}"
        case httpx.ConnectError():
            return f"{url} cannot be reached: {_brief(error)}; is the server running, and the address right?"
        case _:
            return f"the connection to {url} failed: {_brief(error)}"


def _brief(error: Exception) -> str:
    return " ".join(str(error).split())[:_SHOWN] or type(error).__name__


_REMEDIES: Final = {
    401: "check the token",
    403: "the token may not do this",
    409: "somebody else has changed it meanwhile, or it exists already: look, and try again",
    413: "it is larger than the cluster takes",
}

_GATEWAY: Final = {502, 503, 504}
"""Statuses of what stands in front of a cluster, and does not know what became of a request."""


def _refused(what: str, response: httpx.Response, settings: Settings) -> ClusterError:
    status = response.status_code
    told = _told(response)
    text = f"{what}: {settings.url} answers {status} {response.reason_phrase}".rstrip()
    if response.is_redirect:
        told = f"it redirects to {response.headers.get('location', 'nowhere')}: use that address"
    remedy = _REMEDIES.get(status)
    message = "; ".join(each for each in (f"{text}: {told}" if told else text, remedy) if each)
    return ClusterError(message, status, is_uncertain=status in _GATEWAY)


def _told(response: httpx.Response) -> str:
    """Return what an answer says about its error: Golem's bodies, or the beginning of any other text."""
    try:
        body = response.json()
    except ValueError:
        return "" if "html" in response.headers.get("content-type", "") else _brief(Exception(response.text.strip()))
    if not isinstance(body, dict):
        return json.dumps(body)[:_SHOWN]
    found = cast("dict[str, Json]", body)
    errors, error = found.get("errors"), found.get("error")
    texts = [each for each in [*(errors if isinstance(errors, list) else []), error] if isinstance(each, str)]
    return "; ".join(dict.fromkeys(texts or [json.dumps(found.get("golemError", found))]))[:_SHOWN]
