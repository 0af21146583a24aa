"""Actors: those who join this node, those we learn of, those who move or leave."""

import re
from contextlib import suppress
from datetime import datetime
from html import escape
from typing import Any, Final

import msgspec
from sqlalchemy import Boolean, Connection, bindparam, delete, func, or_, select, update

from fedishare.core import uris
from fedishare.core.errors import Invalid, NotFound, Refused
from fedishare.core.here import Here
from fedishare.core.uris import Place
from fedishare.db.base import UtcDateTime, insert
from fedishare.db.follows import Block, Follow
from fedishare.db.people import Actor, ActorKey
from fedishare.db.posts import Home
from fedishare.db.reactions import Reaction
from fedishare.domain import markup
from fedishare.domain.kinds import KeyKind, Kind
from fedishare.jobs.queue import enqueue
from fedishare.jobs.types import PublishActor
from fedishare.net.keys import Keypair
from fedishare.services import belongings, collected, follows, mutes, pasts, receipts, threads, tokens, topics

# Narrower than what others may be called: it must be easy to say, and to type on a phone.
USERNAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,28}[a-z0-9])?", re.IGNORECASE | re.ASCII)
LONGEST_NAME: Final = 100
LONGEST_ABOUT: Final = 2000
MOST_FIELDS: Final = 4
LONGEST_FIELD: Final = 255
PLACES: Final = {
    Kind.PERSON: Place.PERSON,
    Kind.GROUP: Place.GROUP,
    Kind.ORGANISATION: Place.ORGANISATION,
    Kind.NODE: Place.NODE,
    Kind.SERVICE: Place.COLLECTION,
}
NAME_TAKEN: Final = select(Actor.id).where(Actor.handle_key == bindparam("handle"))
BY_URI: Final = (
    select(Actor.id, Actor.local, Actor.suspended_at, Actor.suspended_there)
    .where(Actor.uri == bindparam("named"))
    .with_for_update()
)
HOLD: Final = select(Actor.id).where(Actor.id == bindparam("actor")).with_for_update()
ARCHIVE: Final = (
    update(Actor)
    .where(Actor.handle_key == bindparam("handle"), Actor.uri != bindparam("named"), ~Actor.local)
    .values(handle_key=None, suspended_at=bindparam("now"))
)
HELD_HERE: Final = select(Actor.id).where(Actor.handle_key == bindparam("handle"), Actor.local)
ADD: Final = insert(Actor)
ADD_KEY: Final = insert(ActorKey).on_conflict_do_nothing(index_elements=["key_id"])
DROP_KEYS: Final = delete(ActorKey).where(ActorKey.actor_id == bindparam("actor"))
TAKE_FROM_HOMES: Final = delete(Home).where(
    or_(Home.booster_id == bindparam("actor"), Home.reader_id == bindparam("actor"))
)
END_FOLLOWS: Final = delete(Follow).where(
    or_(Follow.follower_id == bindparam("actor"), Follow.followee_id == bindparam("actor"))
)
END_REACTIONS: Final = delete(Reaction).where(Reaction.actor_id == bindparam("actor"))
# What their own server does to somebody it may undo; what moderators here did, only they.
SUSPEND_THERE: Final = (
    update(Actor)
    .where(Actor.id == bindparam("actor"))
    .values(suspended_at=bindparam("moment", type_=UtcDateTime()), suspended_there=bindparam("is_theirs"))
)
LOOKED: Final = update(Actor).where(Actor.id == bindparam("actor")).values(fetched_at=bindparam("now"))
MARK_DELETED: Final = (
    update(Actor)
    .where(Actor.id == bindparam("actor"))
    .values(deleted_at=bindparam("now"), summary="", name="", icon_url=None, image_url=None, fields=[])
)
ADDRESS: Final = select(Actor.uri).where(Actor.id == bindparam("actor"))
IS_LOCAL: Final = select(Actor.local).where(Actor.id == bindparam("actor"))
NAME: Final = select(Actor.name).where(Actor.id == bindparam("actor"))
IS_ROOM: Final = select(Actor.id).where(Actor.id == bindparam("actor"), Actor.kind == Kind.GROUP)
LOCAL_FOLLOWERS: Final = (
    select(Follow.follower_id)
    .join(Actor, Actor.id == Follow.follower_id)
    .where(Follow.followee_id == bindparam("followee"), Actor.local)
)
LOCAL_BLOCKERS: Final = (
    select(Block.blocker_id)
    .join(Actor, Actor.id == Block.blocker_id)
    .where(Block.blocked_id == bindparam("blocked"), Actor.local, Block.blocker_id != bindparam("new"))
)
MARK_MOVED: Final = (
    update(Actor).where(Actor.id == bindparam("actor")).values(moved_to=bindparam("target"), moved_at=bindparam("now"))
)
PROFILE: Final = (
    update(Actor)
    .where(Actor.id == bindparam("actor"))
    .values(
        name=bindparam("shown"),
        summary=bindparam("html"),
        summary_source=bindparam("markdown"),
        locked=bindparam("is_locked"),
        discoverable=bindparam("is_discoverable"),
        indexable=func.coalesce(bindparam("is_indexable", type_=Boolean), Actor.indexable),
    )
)


SET_FIELDS: Final = update(Actor).where(Actor.id == bindparam("actor")).values(fields=bindparam("lines"))


class ForeignKey(msgspec.Struct, frozen=True):
    key_id: str
    kind: KeyKind
    public: str


class ForeignActor(msgspec.Struct, frozen=True, kw_only=True):
    """An actor elsewhere, as its own address said it: origins checked, texts cleaned, handle confirmed."""

    uri: str
    kind: Kind
    username: str
    domain: str
    host: str
    name: str
    summary: str
    url: str
    inbox: str
    shared_inbox: str | None
    outbox: str | None
    followers: str | None
    following: str | None
    featured: str | None
    moderators: str | None
    icon_url: str | None
    image_url: str | None
    fields: list[dict[str, Any]]
    locked: bool
    discoverable: bool
    indexable: bool
    also_known_as: tuple[str, ...]
    moved_to: str | None
    published_at: datetime | None
    keys: tuple[ForeignKey, ...]
    topics: tuple[str, ...] = ()
    # Of a collection of resources, where they are listed, and who chose them.
    items: str | None = None
    curator: str | None = None
    suspended: bool = False


# What has tables of its own.
_APART: Final = frozenset({"keys", "topics", "items", "curator", "suspended"})
_REFRESHED: Final = (
    *(name for name in ForeignActor.__struct_fields__ if name not in _APART),
    "handle_key",
    "fetched_at",
)
REFRESH: Final = (
    update(Actor).where(Actor.id == bindparam("row")).values({name: bindparam(f"new_{name}") for name in _REFRESHED})
)


def add(
    tx: Connection,
    here: Here,
    *,
    kind: Kind,
    username: str,
    name: str,
    rsa: Keypair,
    ed25519: Keypair,
    summary_source: str = "",
    locked: bool = False,
    discoverable: bool | None = None,
) -> int:
    """A new actor of this node, with both its keys. Raises Invalid when the name is or was somebody's (ORG-19)."""
    handle = f"{username}@{here.uris.authority}".lower()
    if kind is not Kind.NODE and not USERNAME.fullmatch(username):
        raise Invalid(f"The name {username!r} will not do: up to 30 letters, digits, hyphens and underscores.")
    if tx.scalar(NAME_TAKEN, {"handle": handle}) is not None:
        raise Invalid(f"The name {username} is taken on this node. Please choose another.")
    uri = here.uris.actor(PLACES[kind], username)
    actor_id, now = here.ids.new(), here.now()
    tx.execute(
        ADD,
        {
            "id": actor_id,
            "uri": uri,
            "kind": kind,
            "username": username,
            "domain": here.uris.authority,
            "handle_key": handle,
            "host": here.uris.authority,
            "local": True,
            "name": name,
            "summary": _about(here, summary_source),
            "summary_source": summary_source,
            "url": here.uris.profile(username),
            "inbox": uris.inbox(uri),
            "shared_inbox": here.uris.shared_inbox,
            "outbox": uris.outbox(uri),
            "followers": uris.followers(uri),
            "following": uris.following(uri),
            "featured": uris.featured(uri),
            "moderators": uris.moderators(uri) if kind is Kind.GROUP else None,
            "locked": locked,
            "discoverable": kind is not Kind.PERSON if discoverable is None else discoverable,
            "indexable": False,
            "created_at": now,
            "published_at": now,
            "fetched_at": now,
        },
    )
    key = {"actor_id": actor_id, "fetched_at": now}
    pairs = ((uris.main_key(uri), KeyKind.RSA, rsa), (uris.proof_key(uri), KeyKind.ED25519, ed25519))
    for key_id, kind_of_key, pair in pairs:
        tx.execute(
            ADD_KEY, key | {"key_id": key_id, "kind": kind_of_key, "public": pair.public, "private": pair.private_pem}
        )
    return actor_id


def store(tx: Connection, actor: ForeignActor, *, here: Here, as_id: int | None = None) -> int:
    """Keep an actor from elsewhere, or what is new about one. Its keys are replaced by those it shows now.

    Answers with its id, which is `as_id` for one that is new, where it is given.

    Whoever held the same handle under another id is archived: nothing of theirs is inherited
    (ORG-19). Raises Invalid for an address or a handle of ours.
    """
    handle = f"{actor.username}@{actor.domain}".lower()
    known = tx.execute(BY_URI, {"named": actor.uri}).one_or_none()
    if (known is not None and known.local) or tx.scalar(HELD_HERE, {"handle": handle}) is not None:
        raise Invalid("This server claims a name or an address of ours, so it was not believed.")
    tx.execute(ARCHIVE, {"handle": handle, "named": actor.uri, "now": here.now()})
    values = {name: getattr(actor, name) for name in actor.__struct_fields__ if name not in _APART}
    values |= {"handle_key": handle, "fetched_at": here.now(), "also_known_as": list(actor.also_known_as)}
    if known is None:
        actor_id = as_id if as_id is not None else here.ids.new()
        tx.execute(ADD, values | {"id": actor_id, "local": False, "created_at": here.now()})
    else:
        actor_id = known.id
        tx.execute(REFRESH, {f"new_{name}": value for name, value in values.items()} | {"row": actor_id})
        tx.execute(DROP_KEYS, {"actor": actor_id})
    if actor.suspended and (known is None or known.suspended_at is None):
        tx.execute(SUSPEND_THERE, {"actor": actor_id, "moment": here.now(), "is_theirs": True})
    elif not actor.suspended and known is not None and known.suspended_there:
        tx.execute(SUSPEND_THERE, {"actor": actor_id, "moment": None, "is_theirs": False})
    for key in actor.keys:
        row = {"key_id": key.key_id, "kind": key.kind, "public": key.public, "private": None}
        tx.execute(ADD_KEY, row | {"actor_id": actor_id, "fetched_at": here.now()})
    if actor.kind is Kind.GROUP:
        topics.store(tx, room_id=actor_id, labels=actor.topics)
    if actor.items is not None:
        collected.describe(tx, actor_id=actor_id, items_uri=actor.items, curator_uri=actor.curator)
    return actor_id


def look(tx: Connection, *, actor_id: int, now: datetime) -> None:
    """Somebody elsewhere was looked up, and could not be seen as they are now."""
    tx.execute(LOOKED, {"actor": actor_id, "now": now})


def remove(tx: Connection, *, actor_id: int, here: Here) -> None:
    """An actor is gone for good: posts emptied, follows and reactions ended. The name is never given out again."""
    now = here.now()
    address = tx.scalar(ADDRESS, {"actor": actor_id})
    if address is None:
        raise NotFound("There is no such account.")
    tx.execute(TAKE_FROM_HOMES, {"actor": actor_id})
    collected.end(tx, here, anthology_id=actor_id, title=tx.scalar(NAME, {"actor": actor_id}) or "")
    threads.empty_all(tx, here, author_id=actor_id)
    tx.execute(END_FOLLOWS, {"actor": actor_id})
    tx.execute(END_REACTIONS, {"actor": actor_id})
    if not tx.scalar(IS_LOCAL, {"actor": actor_id}):  # One of ours has still to sign that they are gone.
        tx.execute(DROP_KEYS, {"actor": actor_id})
    tokens.end_of_actor(tx, actor_id=actor_id, now=now)
    tx.execute(MARK_DELETED, {"actor": actor_id, "now": now})
    receipts.remember_deleted(tx, uri=address, now=now)


def move(tx: Connection, *, old_id: int, new_id: int, here: Here) -> int:
    """Our people who followed the old actor now ask to follow the new one; of a room, they keep what is in it.

    Answers how many.

    Who was blocked or muted stays so under the new address.
    """
    target = tx.scalar(ADDRESS, {"actor": new_id})
    tx.execute(MARK_MOVED, {"actor": old_id, "target": target, "now": here.now()})
    if tx.scalar(IS_ROOM, {"actor": old_id}) is not None:
        belongings.take_over(tx, old_id=old_id, new_id=new_id)
        pasts.begin(tx, here, room_id=new_id, old_id=old_id)
    movers = tx.scalars(LOCAL_FOLLOWERS, {"followee": old_id}).all()
    for mover in movers:
        # The last owner of a room stays in the old one as well, to look after what is left there.
        with suppress(Refused):
            follows.undo(tx, here, follower_id=mover, followee_id=old_id)
        if mover != new_id:
            # Whoever has blocked, or is blocked by, the new account does not follow it, and keeps nobody else from it.
            with suppress(Refused):
                follows.request(tx, here, follower_id=mover, followee_id=new_id)
    for blocker in tx.scalars(LOCAL_BLOCKERS, {"blocked": old_id, "new": new_id}).all():
        follows.block(tx, here, blocker_id=blocker, blocked_id=new_id)
    mutes.carry(tx, here, old_id=old_id, new_id=new_id)
    return len(movers)


def hold(tx: Connection, *, actor_id: int) -> None:
    """Until this is committed nobody else changes this actor: what is read from now on is what is changed."""
    tx.execute(HOLD, {"actor": actor_id})


def update_profile(
    tx: Connection,
    here: Here,
    *,
    actor_id: int,
    name: str,
    summary_source: str,
    locked: bool,
    discoverable: bool,
    indexable: bool | None = None,
) -> None:
    """What a person says about themselves; followers elsewhere are told. With None `indexable` stays as it is."""
    shown = markup.text(name, limit=LONGEST_NAME)
    if not shown:
        raise Invalid("Please give a name that people can read.")
    html = _about(here, summary_source)
    tx.execute(
        PROFILE,
        {
            "actor": actor_id,
            "shown": shown,
            "html": html,
            "markdown": summary_source,
            "is_locked": locked,
            "is_discoverable": discoverable,
            "is_indexable": indexable,
        },
    )
    enqueue(tx, PublishActor(actor_id), due=here.now())


def set_fields(tx: Connection, here: Here, *, actor_id: int, fields: list[tuple[str, str]]) -> None:
    """The lines of a profile, each with a name and a value; empty ones are left out. Raises Invalid."""
    kept = [(markup.text(name, limit=LONGEST_FIELD), value.strip()) for name, value in fields]
    kept = [(name, value) for name, value in kept if name and value]
    if len(kept) > MOST_FIELDS:
        raise Invalid(f"A profile may have up to {MOST_FIELDS} lines.")
    if any(len(value) > LONGEST_FIELD for _, value in kept):
        raise Invalid(f"A line of a profile may have up to {LONGEST_FIELD} characters.")
    lines = [{"name": name, "value": _line(here, value), "source": value} for name, value in kept]
    tx.execute(SET_FIELDS, {"actor": actor_id, "lines": lines})
    enqueue(tx, PublishActor(actor_id), due=here.now())


def _line(here: Here, source: str) -> str:
    """One paragraph without its tag: a value stands within a line."""
    html = _about(here, " ".join(source.split()))
    inner = html.removeprefix("<p>").removesuffix("</p>")
    return inner if "<p>" not in inner else escape(source)


def _about(here: Here, source: str) -> str:
    return markup.render(source, mention_url=lambda _: None, tag_url=here.uris.tag).html if source else ""
