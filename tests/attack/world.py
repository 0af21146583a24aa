"""The wicked part of town: one server for every name under evil.test and good.test, whose pages a test writes."""

import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import count
from typing import Any, Final, NamedTuple

from aiohttp import web

from tests.builders import an_rsa_pair
from tests.live.peers import AS2, PUBLIC, SECURITY, Json
from tests.live.signing import ACTIVITY, Key
from tests.live.town import Town
from tests.strict import wire

NAMES: Final = ("evil.test", "*.evil.test", "good.test", "*.good.test")
FIRST_PAIR: Final = 900
_serial = count(1)
_pairs = count(FIRST_PAIR)


class Answer(NamedTuple):
    """What an address answers; `cut` breaks the connection off instead."""

    status: int = 200
    headers: Mapping[str, str] = {}
    body: bytes = b""
    cut: bool = False


class Villain(NamedTuple):
    """Somebody elsewhere. `public` is the PEM that their document shows."""

    uri: str
    host: str
    name: str
    key: Key
    public: str

    @property
    def origin(self) -> str:
        return f"https://{self.host}"

    @property
    def featured(self) -> str:
        return f"{self.uri}/featured"


class World:
    """`pages` are answers by address; `log` is every request, in order, "GET https://..." or "POST https://..."."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.pages: dict[str, Answer] = {}
        self.handles: dict[str, str] = {}
        self.log: list[str] = []
        self.posted: list[Json] = []
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        app = web.Application(client_max_size=1 << 22)
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = await self.town.open(app, *NAMES)

    async def close(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        url = f"https://{request.host}{request.raw_path}"
        self.log.append(f"{request.method} {url}")
        if request.method == "POST":
            body = await request.read()
            wire.delivered({name.lower(): value for name, value in request.headers.items()}, body)
            self.posted.append(json.loads(body))
            return web.Response(status=202)
        found = self.pages.get(url) or self._usual(request)
        if found.cut:
            assert request.transport is not None
            request.transport.abort()
            await asyncio.sleep(0)
        return web.Response(status=found.status, headers=dict(found.headers), body=found.body)

    def _usual(self, request: web.Request) -> Answer:
        if request.path == "/.well-known/webfinger":
            handle = request.query.get("resource", "").removeprefix("acct:")
            uri = self.handles.get(handle)
            return webfinger(handle, uri) if uri else Answer(404)
        return Answer(404)

    def publish(self, document: Json, *, at: str | None = None, **headers: str) -> str:
        """Serve a document under its id, or elsewhere; its id."""
        sent = {"Content-Type": ACTIVITY} | {name.replace("_", "-"): value for name, value in headers.items()}
        self.pages[at or document["id"]] = Answer(200, sent, json.dumps({"@context": AS2} | document).encode())
        return str(document["id"])

    def enrol(self, name: str, host: str, **over: Any) -> Villain:
        """An actor with a document, a key and a handle."""
        uri = f"https://{host}/users/{name}"
        pair = an_rsa_pair(next(_pairs))
        villain = Villain(uri, host, name, Key(f"{uri}#main-key", pair.private_pem), pair.public)
        self.publish(self.described(villain) | over)
        self.handles[f"{name}@{host}"] = uri
        return villain

    def stranger(self, **over: Any) -> Villain:
        """Somebody whom the node has never met, on a server of their own; all share a key, which is slow to make."""
        number = next(_serial)
        host, pair = f"s{number}.evil.test", an_rsa_pair(FIRST_PAIR - 1)
        uri = f"https://{host}/users/stranger"
        villain = Villain(uri, host, "stranger", Key(f"{uri}#main-key", pair.private_pem), pair.public)
        self.publish(self.described(villain) | over)
        self.handles[f"stranger@{host}"] = uri
        return villain

    def described(self, villain: Villain) -> Json:
        uri = villain.uri
        return {
            "@context": [AS2, SECURITY],
            "id": uri,
            "type": "Person",
            "preferredUsername": villain.name,
            "name": villain.name.capitalize(),
            "inbox": f"{uri}/inbox",
            "outbox": f"{uri}/outbox",
            "followers": f"{uri}/followers",
            "featured": villain.featured,
            "url": uri,
            "endpoints": {"sharedInbox": f"{villain.origin}/inbox"},
            "publicKey": {"id": villain.key.key_id, "owner": uri, "publicKeyPem": villain.public},
        }


def webfinger(handle: str, uri: str | None, **over: Any) -> Answer:
    links = [{"rel": "self", "type": ACTIVITY, "href": uri}]
    body = {"subject": f"acct:{handle}", "links": links} | over
    return Answer(200, {"Content-Type": "application/jrd+json"}, json.dumps(body).encode())


def number() -> int:
    return next(_serial)


def note(author: Villain, **over: Any) -> Json:
    """A public post of theirs, not published anywhere yet."""
    return {
        "id": f"{author.origin}/notes/{number()}",
        "type": "Note",
        "attributedTo": author.uri,
        "to": [PUBLIC],
        "cc": [f"{author.uri}/followers"],
        "content": "<p>wicked</p>",
        "published": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    } | over


def activity(kind: str, actor: Villain, thing: Any, **over: Any) -> Json:
    return {
        "@context": AS2,
        "id": f"{actor.origin}/activities/{number()}",
        "type": kind,
        "actor": actor.uri,
        "to": [PUBLIC],
        "cc": [f"{actor.uri}/followers"],
        "object": thing,
    } | over


def create(author: Villain, **over: Any) -> Json:
    return activity("Create", author, note(author, **over))
