"""What all fake servers share: they serve documents, sign and check as the fediverse does, and write down offences."""

import asyncio
import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from itertools import count
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web
from yarl import URL

from tests.builders import an_rsa_pair
from tests.live import signing
from tests.live.signing import Key, Unproven
from tests.live.town import Town
from tests.strict import wire

AS2: Final = "https://www.w3.org/ns/activitystreams"
PUBLIC: Final = f"{AS2}#Public"
SECURITY: Final = "https://w3id.org/security/v1"
TYPES: Final = (signing.ACTIVITY, f'application/ld+json; profile="{AS2}"')
MAX_BODY: Final = 1 << 20
MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
# Pairs of keys are dear to make, so all fake actors of a test run share a stock of them.
FIRST_PAIR: Final = 500
# Seconds between tries of something answered with 503.
PAUSES: Final = (0.5, 1, 2, 4)
_serial = count(1)

Json = dict[str, Any]


class Offence(Exception):
    """What the server that is played here would not take; says why."""


class Seen(NamedTuple):
    """An activity as it came in, who signed it, and to which inbox."""

    activity: Json
    signer: str
    inbox: str


class Refused(NamedTuple):
    """FediShare did not take one of ours."""

    status: int
    inbox: str
    activity: Json
    said: str


class Peer:
    """A server of one name. Documents are served as they stand in `documents`, by path; None there is 410."""

    software = "unknown"
    version = "4.6.0"
    signed_names = signing.POST_NAMES

    def __init__(self, town: Town, host: str) -> None:
        self.town = town
        self.host = host
        self.origin = f"https://{host}"
        self.documents: dict[str, Json | None] = {}
        self.handles: dict[str, str] = {}
        self.keys: dict[str, Key] = {}
        self.known: dict[str, Json] = {}
        self.seen: list[Seen] = []
        self.violations: list[str] = []
        self.refused: list[Refused] = []
        self.got: list[str] = []
        # Servers that are no FediShare: theirs need only be readable, and not what we hold ourselves to.
        self.others: set[str] = set()
        self._pairs = count(FIRST_PAIR)
        self._runner: web.AppRunner | None = None
        self._session: aiohttp.ClientSession | None = None
        self._lock = asyncio.Lock()

    async def start(self) -> None:
        app = web.Application(client_max_size=8 * MAX_BODY)
        app.router.add_get("/.well-known/webfinger", self._webfinger)
        app.router.add_get("/.well-known/nodeinfo", self._nodeinfo_links)
        app.router.add_get("/nodeinfo/2.0", self._nodeinfo)
        app.router.add_post("/{path:.*}", self._inbox)
        app.router.add_get("/{path:.*}", self._document)
        self._runner = await self.town.open(app, self.host)
        self._session = self.town.session()

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def session(self) -> aiohttp.ClientSession:
        assert self._session is not None, f"{self.host} is not running"
        return self._session

    def id(self, kind: str) -> str:
        return f"{self.origin}/{kind}/{next(_serial)}"

    def add_actor(self, path: str, kind: str, username: str, **over: Any) -> str:
        """An actor with a key and a handle; its document is what Mastodon's and Lemmy's have in common."""
        uri = self.origin + path
        pair = an_rsa_pair(next(self._pairs))
        self.keys[uri] = Key(f"{uri}#main-key", pair.private_pem)
        self.handles[f"{username}@{self.host}".lower()] = uri
        self.documents[urlsplit(uri).path] = {
            "@context": [AS2, SECURITY],
            "id": uri,
            "type": kind,
            "preferredUsername": username,
            "name": username.capitalize(),
            "inbox": f"{uri.rstrip('/')}/inbox",
            "outbox": f"{uri.rstrip('/')}/outbox",
            "url": uri,
            "published": "2024-01-01T00:00:00Z",
            "endpoints": {"sharedInbox": f"{self.origin}/inbox"},
            "publicKey": {"id": f"{uri}#main-key", "owner": uri, "publicKeyPem": pair.public},
        } | over
        return uri

    # --- What the server shows -------------------------------------------------------------------------------------

    async def _webfinger(self, request: web.Request) -> web.Response:
        handle = request.query.get("resource", "").removeprefix("acct:").lower()
        uri = self.handles.get(handle)
        if uri is None:
            return web.Response(status=404)
        links = [{"rel": "self", "type": signing.ACTIVITY, "href": uri}]
        return web.json_response(
            {"subject": f"acct:{handle}", "links": links},
            content_type="application/jrd+json",
            headers={"Access-Control-Allow-Origin": "*"},
        )

    async def _nodeinfo_links(self, _request: web.Request) -> web.Response:
        rel = "http://nodeinfo.diaspora.software/ns/schema/2.0"
        return web.json_response({"links": [{"rel": rel, "href": f"{self.origin}/nodeinfo/2.0"}]})

    async def _nodeinfo(self, _request: web.Request) -> web.Response:
        software = {"name": self.software, "version": self.version}
        return web.json_response({"version": "2.0", "software": software, "protocols": ["activitypub"]})

    async def _document(self, request: web.Request) -> web.Response:
        self.got.append(request.path_qs)
        if request.path_qs not in self.documents:
            return web.Response(status=404)
        found = self.documents[request.path_qs]
        if found is None:
            return web.Response(status=410)
        return web.Response(body=json.dumps(found).encode(), headers={"Content-Type": f"{TYPES[0]}; charset=utf-8"})

    # --- What comes in ---------------------------------------------------------------------------------------------

    async def _inbox(self, request: web.Request) -> web.Response:
        body = await request.read()
        try:
            refuse_size(request.path, body)
            signer = await self._signer(request, body)
            activity = json.loads(body)
            if self.holds_to_rules(activity):
                wire.delivered({name.lower(): value for name, value in request.headers.items()}, body)
            async with self._lock:
                self.seen.append(Seen(activity, signer, request.path))
                await self.receive(activity, signer, request.path)
        except Unproven as error:
            self.violations.append(f"{self.host}{request.path}: 401 {error}: {body[:500]!r}")
            return web.json_response({"error": str(error)}, status=401)
        except Offence as error:
            self.violations.append(f"{self.host}{request.path}: {error}: {body[:3000]!r}")
            return web.json_response({"error": str(error)}, status=422)
        return web.Response(status=202)

    async def receive(self, activity: Json, signer: str, inbox: str) -> None:
        """What becomes of a signed activity; raises Offence for what the server would refuse."""
        raise NotImplementedError

    async def _signer(self, request: web.Request, body: bytes) -> str:
        """The actor whose key signed; the key is looked up as the server would, with all its checks."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        signed = signing.read("POST", request.raw_path, headers, body)
        owner = await self.actor(signed.key_id.partition("#")[0])
        key = owner["publicKey"]
        if key["id"] != signed.key_id or key["owner"] != owner["id"]:
            raise Unproven(f"Public key not found for key {signed.key_id}")
        if not signed.fits(key["publicKeyPem"]):
            raise Unproven(f"Verification failed for {owner['id']}")
        return str(owner["id"])

    async def actor(self, uri: str, *, fresh: bool = False) -> Json:
        """Somebody else's actor, fetched and checked at the first mention."""
        if fresh or uri not in self.known:
            document = await self.fetch(uri)
            await self.check_actor(document)
            self.known[uri] = document
        return self.known[uri]

    def holds_to_rules(self, thing: Json) -> bool:
        """Whether it comes from a FediShare node."""
        return host(str(thing.get("id"))) not in {self.host, *self.others}

    async def check_actor(self, document: Json) -> None:
        """Raises Offence for an actor that the server would not take."""
        raise NotImplementedError

    # --- What it asks and says -------------------------------------------------------------------------------------

    @property
    def asker(self) -> Key:
        """The key that signs what no person asks for."""
        raise NotImplementedError

    async def fetch(self, url: str) -> Json:
        """A document of another server, with the checks of mastodon.md 1.3; raises Offence."""
        return await self._fetch(url, self.asker)

    async def fetch_as(self, actor: str, url: str) -> Json:
        """The same, signed by a person, as for what is not public."""
        return await self._fetch(url, self.keys[actor])

    async def _fetch(self, url: str, key: Key) -> Json:
        headers = signing.signed_headers(key, "GET", url)
        async with self.session.get(URL(url, encoded=True), headers=headers, allow_redirects=False) as answer:
            body = await answer.read()
            if answer.status != 200:
                raise Offence(f"GET {url} answers {answer.status}: {body[:200]!r}")
            refuse_type(url, answer.headers.get("Content-Type", ""))
        refuse_size(url, body)
        document: Json = json.loads(body)
        refuse_context(document)
        if document.get("id") != url:
            raise Offence(f"GET {url} answers with the id {document.get('id')}")
        return document

    async def webfinger(self, handle: str) -> Json:
        """Mastodon's question, and its demands of the answer (mastodon.md 1.1)."""
        url = f"https://{handle.partition('@')[2]}/.well-known/webfinger?resource=acct:{handle}"
        async with self.session.get(url, headers={"Accept": "application/jrd+json, application/json"}) as answer:
            if answer.status != 200:
                raise Offence(f"WebFinger of {handle} answers {answer.status}")
            if answer.headers.get("Access-Control-Allow-Origin") != "*":
                raise Offence(f"WebFinger of {handle} cannot be asked by browsers")
            found: Json = json.loads(await answer.read())
        if not found.get("subject"):
            raise Offence(f"WebFinger of {handle} has no subject")
        return found

    async def deliver(self, actor: str, activity: Json, inboxes: Iterable[str]) -> list[int]:
        """Send a signed activity to each inbox; what is not taken is kept in `refused`.

        After a 503 it is sent again, as every server does: on a slow machine a node may wait too long for our actor.
        """
        statuses = []
        for inbox in dict.fromkeys(inboxes):
            status, said = await self._post(actor, activity, inbox)
            for pause in PAUSES:
                if status == 503:
                    await asyncio.sleep(pause)
                    status, said = await self._post(actor, activity, inbox)
            statuses.append(status)
            if status != 202:
                self.refused.append(Refused(status, inbox, activity, said))
        return statuses

    async def _post(self, actor: str, activity: Json, inbox: str) -> tuple[int, str]:
        body = json.dumps(activity).encode()
        headers = signing.signed_headers(self.keys[actor], "POST", inbox, body=body, names=self.signed_names)
        async with self.session.post(inbox, data=body, headers=headers, allow_redirects=False) as answer:
            return answer.status, (await answer.text())[:500]

    def of_type(self, kind: str) -> list[Json]:
        return [seen.activity for seen in self.seen if seen.activity.get("type") == kind]


def refuse_size(where: str, body: bytes) -> None:
    if len(body) > MAX_BODY:
        raise Offence(f"{where} is about more than a megabyte")


def refuse_type(url: str, content_type: str) -> None:
    kind, _, parameters = content_type.partition(";")
    if kind.strip() == "application/activity+json":
        return
    if kind.strip() == "application/ld+json" and f'profile="{AS2}"' in parameters:
        return
    raise Offence(f"GET {url} answers with the type {content_type}")


def refuse_context(document: Mapping[str, Any]) -> None:
    context = document.get("@context")
    if context != AS2 and not (isinstance(context, list) and AS2 in context):
        raise Offence(f"the context is not ActivityStreams: {context}")


def strings(value: Any) -> list[str]:
    if value is None:
        return []
    return (
        [item if isinstance(item, str) else str(item.get("id")) for item in value]
        if isinstance(value, list)
        else [value if isinstance(value, str) else str(value.get("id"))]
    )


def host(uri: str) -> str:
    return urlsplit(uri).netloc


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
