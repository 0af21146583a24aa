"""How others find out who is here: WebFinger, host-meta, NodeInfo, and a word for crawlers."""

import mimetypes
import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final, NamedTuple
from weakref import WeakKeyDictionary

from aiohttp import web

from fedishare import __version__
from fedishare.ap.answers import ACTIVITY_JSON, nothing, open_machine
from fedishare.core import hosts, json
from fedishare.core.errors import Gone, Invalid
from fedishare.core.uris import Uris
from fedishare.http.keys import SETTINGS, TOOLS
from fedishare.http.routes import Allow, Routes
from fedishare.queries import published, usage
from fedishare.queries.published import Owner
from fedishare.queries.usage import Usage
from fedishare.settings import Settings

FRESH: Final = timedelta(seconds=60)
MOST_RESOURCE: Final = 4096
SUBSCRIBE: Final = "http://ostatus.org/schema/1.0/subscribe"
INTENTS: Final = "https://w3id.org/fep/3b86"
# What a page of ours takes for each intent (FEP-3b86); nothing comes of it until the person here presses a button.
_WAYS_BACK: Final = ("on-success", "on-cancel")
FIELDS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "Object": ("object",),
        "Follow": ("object", *_WAYS_BACK),
        "Announce": ("object", *_WAYS_BACK),
        "Like": ("object", *_WAYS_BACK),
        "Create": ("name", "summary", "content", "inReplyTo"),
    }
)
AS2: Final = "https://www.w3.org/ns/activitystreams"
NODEINFO: Final = "http://nodeinfo.diaspora.software/ns/schema"
# GoToSocial 0.20 reads the last link, and knows only 2.0.
VERSIONS: Final = ("2.1", "2.0")
JRD: Final = "application/jrd+json"
XRD: Final = "application/xrd+xml; charset=utf-8"

_ACCT: Final = re.compile(r"(?:acct:)?@?([^@/:\s]+(?::[0-9]+)?)@([^@/\s]+)", re.IGNORECASE)

routes: Final = Routes()


class Counted(NamedTuple):
    usage: Usage
    until: datetime


# The counts of each app, kept for a minute: they cost a look at every public post.
_counts: Final[WeakKeyDictionary[web.Application, Counted]] = WeakKeyDictionary()


def answer(body: bytes, kind: str, *, seconds: int, open_to_scripts: bool = True) -> web.Response:
    """A document for everybody. Browsers of other servers' people read these too, so scripts may (CORS)."""
    found = web.Response(body=body, headers={"Content-Type": kind, "Cache-Control": f"public, max-age={seconds}"})
    if open_to_scripts:
        found.headers["Access-Control-Allow-Origin"] = "*"
    return found


@routes.get("/.well-known/webfinger", allow=Allow.ANYONE)
async def webfinger(request: web.Request) -> web.StreamResponse:
    """RFC 7033. Errors are for scripts to read as well, so they carry the same header."""
    found = await open_machine(_webfinger)(request)
    found.headers["Access-Control-Allow-Origin"] = "*"
    return found


async def _webfinger(request: web.Request) -> web.StreamResponse:
    here = request.app[TOOLS].here
    asked = request.query.getall("resource", [])
    if len(asked) != 1 or not asked[0] or len(asked[0]) > MOST_RESOURCE:
        raise Invalid("Say which account you look for: ?resource=acct:name@host.")
    uri, handle = named(asked[0].strip(), here.uris)
    if uri is not None:
        owner = await request.app[TOOLS].db.read(published.owner, uri=uri)
    else:
        owner = await request.app[TOOLS].db.read(published.owner_by_handle, handle=handle)
    if owner is None:
        raise nothing()
    if owner.deleted_at is not None:
        raise Gone("This account was deleted.")
    rels = frozenset(request.query.getall("rel", []))
    return answer(json.dumps(_jrd(owner, here.uris, rels=rels)), JRD, seconds=600)


def named(resource: str, uris: Uris) -> tuple[str | None, str]:
    """Whom a resource names: the id of an actor of ours, or else a handle. Raises for what can be neither."""
    if re.match(r"https?:", resource, re.IGNORECASE):
        return _at_address(resource, uris)
    match = _ACCT.fullmatch(resource)
    if match is None:
        raise Invalid("A resource looks like acct:name@host, or is the address of an account.")
    name, domain = match[1].lower(), match[2].lower()
    host = hosts.origin_of(uris.origin).host
    # acct: has no room for a port (RFC 7565), so who asks at an unusual one may leave it out.
    if domain not in {uris.authority, host} and hosts.authority_of(f"https://{domain}") not in {uris.authority, host}:
        raise nothing()
    if name in {uris.authority, host}:
        return uris.node, ""
    return None, f"{name}@{uris.authority}"


def _at_address(resource: str, uris: Uris) -> tuple[str | None, str]:
    location = hosts.split(resource)
    if location.origin != hosts.origin_of(uris.origin):
        raise nothing()
    path = location.target.partition("?")[0]
    if path == "/":
        return uris.node, ""
    if path.startswith("/@") and "/" not in path[2:] and "@" not in path[2:]:
        return None, f"{path[2:].lower()}@{uris.authority}"
    return f"{uris.origin}{path}", ""


def _jrd(owner: Owner, uris: Uris, *, rels: frozenset[str]) -> dict[str, object]:
    """One answer for every question about the same actor; `rels` leaves out what was not asked for."""
    links = [link for link in _links(owner, uris) if not rels or link["rel"] in rels]
    aliases = [owner.url, owner.uri]
    if owner.uri == uris.node:
        aliases = [uris.origin, f"{uris.origin}/", owner.uri]
    return {"subject": f"acct:{owner.username}@{uris.authority}", "aliases": aliases, "links": links}


def _links(owner: Owner, uris: Uris) -> Iterable[dict[str, str]]:
    # Mastodon takes the first `self`, and compares the type to the letter.
    yield {"rel": "self", "type": ACTIVITY_JSON, "href": owner.uri}
    yield {"rel": "http://webfinger.net/rel/profile-page", "type": "text/html", "href": owner.url}
    if owner.uri == uris.node:  # FEP-d556
        yield {"rel": f"{AS2}#Service", "type": ACTIVITY_JSON, "href": owner.uri}
    interact = f"{uris.origin}/authorize_interaction?uri="
    yield {"rel": SUBSCRIBE, "template": interact + "{uri}"}
    for intent, fields in FIELDS.items():
        query = "&".join(f"{field}={{{field}}}" for field in fields)
        yield {"rel": f"{INTENTS}/{intent}", "template": f"{uris.origin}/intents/{intent.lower()}?{query}"}
    if owner.icon_url is not None:
        kind = mimetypes.guess_type(owner.icon_url)[0]
        avatar = {"rel": "http://webfinger.net/rel/avatar", "href": owner.icon_url}
        yield avatar | ({"type": kind} if kind else {})


@routes.get("/.well-known/host-meta", allow=Allow.ANYONE)
async def host_meta(request: web.Request) -> web.StreamResponse:
    origin = request.app[TOOLS].here.uris.origin
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<XRD xmlns="http://docs.oasis-open.org/ns/xri/xrd-1.0">\n'
        f'  <Link rel="lrdd" template="{origin}/.well-known/webfinger?resource={{uri}}"/>\n</XRD>\n'
    )
    return answer(body.encode(), XRD, seconds=86_400)


@routes.get("/.well-known/host-meta.json", allow=Allow.ANYONE)
async def host_meta_json(request: web.Request) -> web.StreamResponse:
    template = f"{request.app[TOOLS].here.uris.origin}/.well-known/webfinger?resource={{uri}}"
    body = json.dumps({"links": [{"rel": "lrdd", "type": JRD, "template": template}]})
    return answer(body, "application/json", seconds=86_400)


@routes.get("/.well-known/nodeinfo", allow=Allow.ANYONE)
async def nodeinfo_index(request: web.Request) -> web.StreamResponse:
    uris = request.app[TOOLS].here.uris
    links = [{"rel": f"{NODEINFO}/{version}", "href": f"{uris.origin}/nodeinfo/{version}"} for version in VERSIONS]
    links.append({"rel": f"{AS2}#Application", "href": uris.node})  # FEP-2677
    return answer(json.dumps({"links": links}), "application/json", seconds=86_400)


@routes.get("/nodeinfo/{version}", allow=Allow.ANYONE)
async def nodeinfo(request: web.Request) -> web.StreamResponse:
    return await open_machine(_nodeinfo)(request)


async def _nodeinfo(request: web.Request) -> web.StreamResponse:
    version = request.match_info["version"]
    if version not in VERSIONS:
        raise nothing()
    body = json.dumps(_info(version, request.app[SETTINGS], await _usage(request)))
    return answer(body, f'application/json; profile="{NODEINFO}/{version}#"', seconds=60)


async def _usage(request: web.Request) -> Usage:
    tools = request.app[TOOLS]
    now = tools.here.now()
    known = _counts.get(request.app)
    if known is None or known.until <= now:
        known = Counted(await tools.db.read(usage.usage, now=now), now + FRESH)
        _counts[request.app] = known
    return known.usage


def _info(version: str, settings: Settings, counted: Usage) -> dict[str, object]:
    """Decision C7: apps for Mastodon find their dialect by `upstream`, and break without `metadata`."""
    return {
        "version": version,
        "software": {"name": "fedishare", "version": __version__},
        "protocols": ["activitypub"],
        "services": {"inbound": [], "outbound": []},
        "openRegistrations": False,
        "usage": {
            "users": {
                "total": counted.people,
                "activeMonth": counted.active_in_a_month,
                "activeHalfyear": counted.active_in_half_a_year,
            },
            "localPosts": counted.posts,
            "localComments": counted.comments,
        },
        "metadata": {
            "nodeName": settings.name,
            "nodeDescription": "A federated staffroom for schools.",
            "upstream": {"name": "mastodon"},
        },
    }


@routes.get("/robots.txt", allow=Allow.ANYONE)
async def robots(request: web.Request) -> web.StreamResponse:
    """What is public may be found; forms and searches are nothing for crawlers."""
    closed = (
        "/authorize_interaction",
        "/compose",
        "/intents",
        "/notices",
        "/report",
        "/search",
        "/settings",
        "/share",
        "/sign-in",
    )
    body = "User-agent: *\n" + "".join(f"Disallow: {path}\n" for path in closed)
    body += f"\nSitemap: {request.app[TOOLS].here.uris.origin}/sitemap.xml\n"
    return answer(body.encode(), "text/plain; charset=utf-8", seconds=86_400, open_to_scripts=False)
