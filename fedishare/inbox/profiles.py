"""From what an actor's document says to what we keep of it: where its addresses may lie, which keys are its own."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from fedishare.as2.types import Actor, Key
from fedishare.core import hosts
from fedishare.core.errors import Invalid
from fedishare.domain import markup
from fedishare.domain.kinds import KeyKind, Kind
from fedishare.net import keys
from fedishare.queries.known import ActorRow
from fedishare.services.people import ForeignActor, ForeignKey

LONGEST_USERNAME: Final = 2048
LONGEST_NAME: Final = 300
LONGEST_FIELD: Final = 2047
MOST_KEYS: Final = 10
# As Mastodon has it: dots and hyphens stand inside a name only.
_USERNAME: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?", re.ASCII | re.IGNORECASE)


def refuse_elsewhere(actor: Actor) -> None:
    """Raises Invalid for an actor whose inbox or collections are on another server than itself (ORG-16)."""
    places = (actor.inbox, actor.outbox, actor.followers, actor.following, actor.featured)
    if any(place is not None and not hosts.same_origin(place, actor.id) for place in places):
        raise Invalid("The actor's inbox and collections are not on its own server.")
    if "#" in actor.id:
        raise Invalid("An actor's id has no fragment.")


def username(actor: Actor) -> str:
    """The name in its handle; the actor of a whole server may have none, and is called after the server."""
    name = actor.username or (node_name(actor.id) if actor.type == Kind.NODE else "")
    if len(name) > LONGEST_USERNAME or not _USERNAME.fullmatch(name):
        raise Invalid("The actor's username cannot be part of a handle.")
    return name


def node_name(uri: str) -> str:
    return hosts.origin_of(uri).host


def profile(actor: Actor, *, handle: str, now: datetime) -> ForeignActor:
    """What we keep; `handle` is the confirmed "name@domain", the name as the actor writes it."""
    name, _, domain = handle.rpartition("@")
    own = _same_origin_or_none(actor.shared_inbox, actor.id)
    return ForeignActor(
        uri=actor.id,
        kind=Kind(actor.type),
        username=name,
        domain=domain,
        host=hosts.origin_of(actor.id).authority,
        name=markup.text(actor.name, limit=LONGEST_NAME) or name,
        summary=markup.clean(actor.summary),
        url=_page(actor),
        inbox=actor.inbox,
        shared_inbox=own,
        outbox=actor.outbox,
        followers=actor.followers,
        following=actor.following,
        featured=actor.featured,
        moderators=_same_origin_or_none(actor.moderators, actor.id),
        icon_url=markup.safe_url(actor.icon) if actor.icon else None,
        image_url=markup.safe_url(actor.image) if actor.image else None,
        fields=[
            {"name": markup.text(field.name, limit=LONGEST_FIELD), "value": markup.clean(field.value)}
            for field in actor.fields
        ],
        locked=actor.locked,
        discoverable=actor.discoverable,
        indexable=actor.indexable,
        also_known_as=actor.also_known_as,
        moved_to=actor.moved_to,
        published_at=actor.published if actor.published and actor.published <= now else None,
        keys=tuple(_keys(actor, now=now))[:MOST_KEYS],
        topics=tuple(label for tag in actor.tags if (label := markup.text(tag, limit=LONGEST_NAME))),
        items=_same_origin_or_none(actor.items, actor.id),
        curator=_same_origin_or_none(actor.curator, actor.id),
        suspended=actor.suspended,
    )


def newcomer(actor: ForeignActor, *, actor_id: int, now: datetime) -> ActorRow:
    """Somebody of whom we know nothing yet, as they will be known once they are kept under this id."""
    return ActorRow(
        id=actor_id,
        uri=actor.uri,
        kind=actor.kind,
        username=actor.username,
        domain=actor.domain,
        host=actor.host,
        local=False,
        followers=actor.followers,
        featured=actor.featured,
        also_known_as=actor.also_known_as,
        moved_to=actor.moved_to,
        moved_at=None,
        fetched_at=now,
        suspended_at=now if actor.suspended else None,
        deleted_at=None,
    )


def _page(actor: Actor) -> str:
    url = markup.safe_url(actor.url) if actor.url else None
    return url if url and hosts.same_origin(url, actor.id) else actor.id


def _same_origin_or_none(url: str | None, other: str) -> str | None:
    return url if url is not None and hosts.same_origin(url, other) else None


def _keys(actor: Actor, *, now: datetime) -> Iterator[ForeignKey]:
    """The keys that say they are this actor's, under its own address, that have not ended and are strong enough."""
    for key in actor.keys:
        if key.owner != actor.id or not _is_under(key.id, actor.id) or (key.ends_at and key.ends_at <= now):
            continue
        kept = _checked(key)
        if kept is not None:
            yield kept


def _is_under(key_id: str, actor_id: str) -> bool:
    # Otherwise one actor could keep another of its server from showing its key (SIG-23).
    return key_id == actor_id or key_id.startswith((f"{actor_id}#", f"{actor_id}?", f"{actor_id}/"))


def _checked(key: Key) -> ForeignKey | None:
    try:
        if key.pem is not None:
            keys.public_rsa(key.pem)
            return ForeignKey(key.id, KeyKind.RSA, key.pem)
        if key.multibase is not None:
            keys.public_ed25519(key.multibase)
            return ForeignKey(key.id, KeyKind.ED25519, key.multibase)
    except Invalid:
        return None
    return None
