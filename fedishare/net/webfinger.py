"""Handles to actors and back (RFC 7033), believing nobody about a host but that host itself.

A handle at one host for an actor at another is taken only when both hosts say so.
"""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

import msgspec

from fedishare.core import hosts
from fedishare.core.errors import FediShareError, Invalid, NotFound, Refused
from fedishare.core.json import Json
from fedishare.net.answers import AS2, json_object
from fedishare.net.client import Client

PATH: Final = "/.well-known/webfinger"
ACCEPT: Final = "application/jrd+json, application/json"
MAX_BYTES: Final = 64 << 10
MAX_NAME: Final = 2048
SUBSCRIBE: Final = "http://ostatus.org/schema/1.0/subscribe"
# Compared letter by letter, as Mastodon does.
ACTOR_TYPES: Final = ("application/activity+json", f'application/ld+json; profile="{AS2}"')

_NAME: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?", re.ASCII | re.IGNORECASE)
_NOT_IN_DOMAIN: Final = re.compile(r"[/?#]")


class Found(msgspec.Struct, frozen=True):
    """`handle` is "name@domain" in lower case; `subscribe` is a template with `{uri}` in it."""

    handle: str
    actor_uri: str
    subscribe: str | None


class _Handle(NamedTuple):
    name: str
    domain: str

    def __str__(self) -> str:
        return f"{self.name}@{self.domain}".lower()


class _Word(NamedTuple):
    """What one host says about one handle."""

    subject: _Handle
    actor_uri: str
    subscribe: str | None
    spoken_by: str


def parse_handle(text: str) -> tuple[str, str]:
    """The name, as it is written, and the canonical domain, with its port if that is unusual.

    Takes "@name@host", "name@host" and "acct:name@host"; raises Invalid for everything else.
    Two handles are the same if their lower-case forms are.
    """
    name, at, domain = text.removeprefix("acct:").removeprefix("@").partition("@")
    if not at or len(name) > MAX_NAME or not _NAME.fullmatch(name):
        raise Invalid("A handle looks like name@school.example.")
    if _NOT_IN_DOMAIN.search(domain):
        raise Invalid("The part of a handle after the @ is a host name.")
    local = hosts.is_local_name(hosts.origin_of(f"http://{domain}").host)
    return name, hosts.origin_of(f"{'http' if local else 'https'}://{domain}").authority


async def look_up(client: Client, handle: str) -> Found:
    """The actor behind a handle, under the handle that both hosts agree on.

    Raises NotFound or Gone if its host says so, Refused or Unreachable as the client does, and
    Invalid where hosts contradict each other.
    """
    asked = _Handle(*parse_handle(handle))
    word = await _ask(client, asked)
    settled = await _settle(client, asked, word)
    await _require_consent(client, settled, word, heard={asked.domain, word.spoken_by})
    return Found(handle=str(settled), actor_uri=word.actor_uri, subscribe=word.subscribe)


async def verify_handle(client: Client, *, username: str, actor_uri: str) -> str:
    """The "name@domain" to show an actor under, in lower case; its own host is asked.

    A handle at another domain is used if that domain confirms it for this very actor. Raises
    Invalid if the actor's own host does not know the actor by that name.
    """
    asked = _Handle(*parse_handle(f"{username}@{hosts.origin_of(actor_uri).authority}"))
    word = await _ask(client, asked)
    if word.actor_uri != actor_uri:
        raise Invalid(f"{asked} is somebody else.")
    return str(await _settle(client, asked, word))


async def confirms(client: Client, *, handle: str, actor_uri: str) -> str | None:
    """The handle that an actor claims (FEP-2c59), in lower case, if its domain says the same of this very actor.

    Nothing for all else, also where that domain does not answer: the actor has a name on its own server.
    """
    try:
        asked = _Handle(*parse_handle(handle))
        word = await _ask(client, asked)
    except FediShareError:
        return None
    return str(asked) if _same(word.subject, asked) and word.actor_uri == actor_uri else None


async def _settle(client: Client, asked: _Handle, word: _Word) -> _Handle:
    """The handle to use when a host was asked for one and spoke of another: one more question, no chain."""
    if _same(word.subject, asked):
        return asked
    if word.spoken_by != asked.domain:
        raise Invalid(f"{asked.domain} passes the question on to someone who answers another one.")
    try:
        confirmed = await _ask(client, word.subject)
    except (NotFound, Refused):
        return asked
    if not _same(confirmed.subject, word.subject):
        raise Invalid(f"{asked} leads from handle to handle.")
    # Otherwise anybody could take a name at somebody else's school.
    return word.subject if confirmed.actor_uri == word.actor_uri else asked


async def _require_consent(client: Client, settled: _Handle, word: _Word, *, heard: set[str]) -> None:
    """Ask the actor's own host, unless it was heard already."""
    home = hosts.origin_of(word.actor_uri).authority
    if home in heard | {settled.domain}:
        return
    own = await _ask(client, _Handle(settled.name, home))
    if not _same(own.subject, settled) or own.actor_uri != word.actor_uri:
        raise Invalid(f"{home} does not know its actor as {settled}.")


async def _ask(client: Client, handle: _Handle) -> _Word:
    scheme = "http" if _is_local(handle.domain) else "https"
    url = f"{scheme}://{handle.domain}{PATH}?resource=acct:{handle.name}@{handle.domain}"
    answer = await client.get(url, accept=ACCEPT, max_bytes=MAX_BYTES)
    client.require_ok(answer)
    spoken_by = hosts.split(answer.url)
    # Hosts may leave their handles to another host (RFC 7033 4.2), but only on purpose: with
    # the whole of the well-known path, and not through a redirect that happens to be open.
    if spoken_by.origin.authority != handle.domain and spoken_by.target.partition("?")[0] != PATH:
        raise Invalid(f"{handle.domain} answers from somewhere else.")
    return _read(json_object(answer), spoken_by=spoken_by.origin.authority)


def _read(document: dict[str, Json], *, spoken_by: str) -> _Word:
    subject = document.get("subject")
    if not isinstance(subject, str):
        raise Invalid(f"{spoken_by} does not say whom its answer is about.")
    return _Word(
        subject=_Handle(*parse_handle(subject)),
        actor_uri=_actor(document, spoken_by=spoken_by),
        subscribe=_subscribe(document),
        spoken_by=spoken_by,
    )


def _actor(document: dict[str, Json], *, spoken_by: str) -> str:
    for link in _links(document, "self"):
        href = link.get("href")
        if link.get("type") in ACTOR_TYPES and isinstance(href, str):
            if not _is_safe(href):
                raise Invalid(f"{spoken_by} names an actor that is not at an https address.")
            return href
    raise Invalid(f"{spoken_by} names no actor.")


def _subscribe(document: dict[str, Json]) -> str | None:
    for link in _links(document, SUBSCRIBE):
        template = link.get("template")
        if isinstance(template, str) and "{uri}" in template and _is_safe(template):
            return template
    return None


def _links(document: dict[str, Json], rel: str) -> Iterator[dict[str, Json]]:
    links = document.get("links")
    for link in links if isinstance(links, list) else []:
        if isinstance(link, dict) and link.get("rel") == rel:
            yield link


def _is_safe(url: str) -> bool:
    """Whether this is an https address, or an http one of this very machine."""
    try:
        origin = hosts.origin_of(url)
    except Invalid:
        return False
    return origin.scheme == "https" or hosts.is_local_name(origin.host)


def _is_local(domain: str) -> bool:
    return hosts.is_local_name(hosts.origin_of(f"http://{domain}").host)


def _same(one: _Handle, other: _Handle) -> bool:
    return str(one) == str(other)
