"""Requests with witgen's clients, httpx, requests and urllib; each job returns what it has seen."""

import asyncio
import json
import urllib.error
import urllib.request
from http.cookiejar import CookieJar

import httpx
import requests
from client_bindings.guest import exports, http


def own(url):
    posted = http.post(f"{url}/echo", params={"q": "é"}, json={"a": 1}, headers={"X-One": "1"}, auth=("Ann", "secret"))
    return [http.get(f"{url}/hello").text, posted.json(), http.put(f"{url}/echo", data=b"\0\1").json()["body"]]


def redirects(url):
    moved = http.get(f"{url}/moved")
    posted = http.post(f"{url}/see-other", data={"a": "b"})
    kept = http.post(f"{url}/kept", data={"a": "b"})
    stays = http.get(f"{url}/moved", allow_redirects=False)
    try:
        http.get(f"{url}/round")
    except http.RequestError as error:
        too_many = str(error).partition(" was ")[2]
    return [
        [moved.text, len(moved.history)],
        [posted.json()["method"], posted.json()["body"]],
        [kept.json()["method"], kept.json()["body"]],
        [stays.status_code, stays.headers["Location"]],
        too_many,
    ]


def streamed(url):
    with http.stream("GET", f"{url}/parts") as response:
        parts = [part.decode() for part in response]
    sent = http.post(f"{url}/echo", data=(b"%d," % number for number in range(5))).json()
    with http.stream("GET", f"{url}/large") as response:
        size = sum(map(len, response))
    return [parts, sent["body"], "content-length" in sent["headers"], size]


def failures(url):
    found = []
    for path in (f"{url}/slow", f"{url}/breaks-off", "http://127.0.0.1:1/"):
        try:
            http.get(path, timeout=0.5)
            found.append("answered")
        except http.RequestError as error:
            found.append([type(error).__name__, isinstance(error, TimeoutError)])
    try:
        http.get(f"{url}/missing").raise_for_status()
    except http.StatusError as error:
        found.append(error.response.status_code)
    for address in ("ftp://example.org/", "no address"):
        try:
            http.get(address)
        except ValueError as error:
            found.append(str(error))
    return found


def given_up(url):
    def wrong():
        yield b"first"
        raise LookupError("no more")

    found = []
    try:
        http.post(f"{url}/echo", data=wrong())
    except LookupError as error:
        found.append(str(error))
    try:
        asyncio.run(given_up_async(url))
    except TimeoutError:
        found.append("timeout")
    with http.stream("GET", f"{url}/large") as response:
        found.append(len(next(iter(response))) > 0)
    return [*found, http.get(f"{url}/hello").text]


async def given_up_async(url):
    async def endless():
        while True:
            yield b"more"
            await asyncio.sleep(0.02)

    async with asyncio.timeout(0.2):
        await http.AsyncClient().post(f"{url}/echo", data=endless())


async def own_async(url):
    client = http.AsyncClient(base_url=url, headers={"x-common": "yes"})

    async def parts():
        for number in range(3):
            await asyncio.sleep(0.01)
            yield b"%d," % number

    async def ticks():
        count = 0
        while not slow.done():
            await asyncio.sleep(0.02)
            count += 1
        return count

    slow = asyncio.ensure_future(client.get("/pause"))
    counted = await ticks()
    two = await asyncio.gather(client.get("/hello"), client.post("/echo", data=parts()))
    async with client.stream("GET", "/parts") as response:
        received = [part.decode() async for part in response]
    try:
        async with asyncio.timeout(0.2):
            await client.get("/slow")
    except TimeoutError:
        received.append("timeout")
    echoed = two[1].json()
    return [counted > 3, two[0].text, echoed["body"], echoed["headers"]["x-common"], received]


def with_httpx(url):
    with httpx.Client(transport=http.Transport(), follow_redirects=True) as client:
        moved = client.get(f"{url}/moved")
        posted = client.post(f"{url}/echo", content=iter([b"a", b"b"]))
        client.get(f"{url}/cookie")
        cookie = client.get(f"{url}/echo").json()["headers"].get("cookie")
        with client.stream("GET", f"{url}/parts") as response:
            parts = [part for part in response.iter_text() if part]
        found = [moved.text, posted.json()["body"], cookie, parts, client.get(f"{url}/gzip").text]
        for path in (f"{url}/slow", "http://127.0.0.1:1/"):
            try:
                client.get(path, timeout=0.5)
            except httpx.TransportError as error:
                found.append(type(error).__name__)
    return found


async def with_async_httpx(url):
    async with httpx.AsyncClient(transport=http.AsyncTransport(), base_url=url) as client:
        two = await asyncio.gather(client.get("/pause"), client.post("/echo", json={"a": 1}))
        async with client.stream("GET", "/parts") as response:
            parts = [part async for part in response.aiter_text() if part]
    return [two[0].text, two[1].json()["body"], parts]


def with_requests(url):
    session = requests.Session()
    session.mount("http://", http.Adapter())
    session.mount("https://", http.Adapter())
    moved = session.get(f"{url}/moved")
    session.get(f"{url}/cookie")
    posted = session.post(f"{url}/echo", data={"a": "b"}, headers={"x-one": "1"}).json()
    parts = list(session.get(f"{url}/parts", stream=True).iter_content(1024))
    found = [moved.text, moved.history[0].status_code, posted["body"], posted["headers"].get("cookie")]
    found += [b"".join(parts).decode(), session.get(f"{url}/gzip").text]
    for path in (f"{url}/slow", "http://127.0.0.1:1/"):
        try:
            session.get(path, timeout=0.5)
        except requests.RequestException as error:
            found.append(type(error).__name__)
    return found


def with_urllib(url):
    with http.opener.open(f"{url}/moved") as response:
        found = [response.read().decode(), response.status, response.url.removeprefix(url)]
    with http.opener.open(urllib.request.Request(f"{url}/echo", b"a=b", {"X-One": "1"}), timeout=5) as response:
        echoed = json.load(response)
    jar = CookieJar()
    director = urllib.request.build_opener(http.opener.handler(), urllib.request.HTTPCookieProcessor(jar))
    director.open(f"{url}/cookie").read()
    with director.open(f"{url}/echo") as response:
        found += [echoed["method"], echoed["body"], json.load(response)["headers"].get("cookie")]
    try:
        http.opener.open(f"{url}/missing")
    except urllib.error.HTTPError as error:
        found.append(error.code)
    try:
        http.opener.open("http://127.0.0.1:1/")
    except urllib.error.URLError as error:
        found.append(type(error.reason).__name__)
    return found


JOBS = {
    job.__name__: job for job in (own, redirects, streamed, failures, given_up, with_httpx, with_requests, with_urllib)
}
ASYNC_JOBS = {job.__name__: job for job in (own_async, with_async_httpx)}


def run(job, url):
    found = JOBS[job](url) if job in JOBS else asyncio.run(ASYNC_JOBS[job](url))
    return json.dumps(found)


exports.serve(__name__, run=run)
