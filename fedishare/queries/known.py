"""What this node knows of others when something comes in: actors, keys, posts, and what came before.

Beside the look-ups stand the inbox's own books: which activities and signatures were seen, what
was undone before it was done, and which servers were heard of.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple, TypeAlias

from sqlalchemy import ColumnElement, Connection, Row, Select, bindparam, exists, func, or_, select

from fedishare.core.hosts import and_above
from fedishare.db import engine
from fedishare.db.base import aliased
from fedishare.db.engine import Mark
from fedishare.db.follows import Block, Follow
from fedishare.db.nodes import BlockedDomain
from fedishare.db.people import Actor, ActorKey
from fedishare.db.posts import Post
from fedishare.db.reactions import Reaction
from fedishare.db.work import Received, Tombstone
from fedishare.domain.audience import OPEN, Visibility
from fedishare.domain.kinds import FollowState, KeyKind, Kind, ReactionKind

Rows: TypeAlias = Select[*tuple[Any, ...]]

_ACTOR_COLUMNS: Final = (
    Actor.id,
    Actor.uri,
    Actor.kind,
    Actor.username,
    Actor.domain,
    Actor.host,
    Actor.local,
    Actor.followers,
    Actor.featured,
    Actor.also_known_as,
    Actor.moved_to,
    Actor.moved_at,
    Actor.fetched_at,
    Actor.suspended_at,
    Actor.deleted_at,
)
_ACTOR: Final[Rows] = select(*_ACTOR_COLUMNS)
ACTOR: Final = _ACTOR.where(Actor.uri == bindparam("named"))
ACTOR_BY_ID: Final = _ACTOR.where(Actor.id == bindparam("actor"))
ACTOR_BY_HANDLE: Final = _ACTOR.where(Actor.handle_key == bindparam("handle"))
READERS_OF: Final = (
    _ACTOR.where(Actor.host == bindparam("at"), ~Actor.local, Actor.deleted_at.is_(None))
    .where(or_(Actor.inbox == bindparam("inbox"), Actor.shared_inbox == bindparam("inbox")))
    .where(Actor.fetched_at < bindparam("before"))
    .order_by(Actor.fetched_at)
    .limit(bindparam("most"))
)
LOCAL_AMONG: Final = _ACTOR.where(Actor.uri.in_(bindparam("uris", expanding=True)), Actor.local)
KEY: Final = (
    select(ActorKey.key_id, ActorKey.kind, ActorKey.public, *_ACTOR_COLUMNS)
    .join(Actor, Actor.id == ActorKey.actor_id)
    .where(ActorKey.key_id == bindparam("key"))
)
SIGNING_KEY: Final = (
    select(ActorKey.key_id, ActorKey.private)
    .join(Actor, Actor.id == ActorKey.actor_id)
    .where(Actor.uri == bindparam("named"), ActorKey.kind == KeyKind.RSA, ActorKey.private.is_not(None))
)
_POST: Final[Rows] = select(
    Post.id,
    Post.uri,
    Post.author_id,
    Actor.uri.label("author_uri"),
    Post.local,
    Post.visibility,
    Post.room_id,
    Post.thread_id,
    Post.in_reply_to_uri,
    Post.in_reply_to_id,
    Post.addressed_to,
    Post.addressed_cc,
    Post.deleted_at,
).join(Actor, Actor.id == Post.author_id)
POST: Final = _POST.where(Post.uri == bindparam("named"))
POST_BY_ID: Final = _POST.where(Post.id == bindparam("post"))
REPORTED: Final = select(Post.uri).where(
    Post.uri.in_(bindparam("uris", expanding=True)),
    Post.author_id == bindparam("author"),
    Post.visibility.in_(OPEN),
    Post.deleted_at.is_(None),
)
THREAD_SIZE: Final = select(func.count()).select_from(Post).where(Post.thread_id == bindparam("thread"))
BLOCKED: Final = select(BlockedDomain.domain).where(BlockedDomain.domain.in_(bindparam("domains", expanding=True)))
FOLLOW: Final = select(Follow.follower_id, Follow.followee_id).where(Follow.uri == bindparam("named"))
FOLLOW_BETWEEN: Final = select(Follow.follower_id, Follow.followee_id).where(
    Follow.follower_id == bindparam("follower"), Follow.followee_id == bindparam("followee")
)
BLOCK: Final = select(Block.blocker_id, Block.blocked_id).where(Block.uri == bindparam("named"))
REACTION: Final = select(Reaction.kind, Reaction.actor_id, Reaction.post_id).where(Reaction.uri == bindparam("named"))
_followed_here: Final = (
    select(Follow.id)
    .join(Actor, Actor.id == Follow.follower_id)
    .where(Actor.local, Follow.state == FollowState.ACCEPTED)
    .limit(1)
)
FOLLOWED_HERE: Final = _followed_here.where(Follow.followee_id == bindparam("actor"))
FOLLOWED_THROUGH: Final = _followed_here.where(
    Follow.followee_id.in_(select(Actor.id).where(Actor.followers.in_(bindparam("uris", expanding=True))))
)
FOLLOWED_ROOM: Final = _followed_here.where(
    Follow.followee_id.in_(
        select(Actor.id).where(Actor.uri.in_(bindparam("uris", expanding=True)), Actor.kind == Kind.GROUP)
    )
)
ANY_POST: Final = select(Post.id).where(Post.uri.in_(bindparam("uris", expanding=True))).limit(1)
ROOMS_FOLLOWERS: Final = select(Actor.followers).where(
    Actor.followers.in_(bindparam("uris", expanding=True)), Actor.kind == Kind.GROUP
)
SOMEBODY_AT: Final = select(Actor.uri).where(Actor.host == bindparam("at"), ~Actor.local).limit(1)
RECEIVED: Final = select(Received.uri, Received.sender_id, Received.type, Received.body, Received.at, Received.outcome)
RECEIVED_AS: Final = RECEIVED.where(Received.uri == bindparam("named"))
_STANDING: Final = (Actor.__tablename__, ActorKey.__tablename__, BlockedDomain.__tablename__)
IS_DELETED: Final = select(exists().where(Tombstone.uri == bindparam("named")))


class ActorRow(NamedTuple):
    id: int
    uri: str
    kind: Kind
    username: str
    domain: str
    host: str
    local: bool
    followers: str | None
    featured: str | None
    also_known_as: Sequence[str]
    moved_to: str | None
    moved_at: datetime | None
    fetched_at: datetime
    suspended_at: datetime | None
    deleted_at: datetime | None

    @property
    def is_gone(self) -> bool:
        return self.suspended_at is not None or self.deleted_at is not None


class KeyRow(NamedTuple):
    key_id: str
    kind: KeyKind
    public: str
    owner: ActorRow


class PostRow(NamedTuple):
    id: int
    uri: str
    author_id: int
    author_uri: str
    local: bool
    visibility: Visibility
    room_id: int | None
    thread_id: int
    in_reply_to_uri: str | None
    in_reply_to_id: int | None
    addressed_to: Sequence[str]
    addressed_cc: Sequence[str]
    deleted_at: datetime | None


class Pair(NamedTuple):
    """From whom to whom: follower and followee, or blocker and blocked."""

    one: int
    other: int


class ReactionRow(NamedTuple):
    kind: ReactionKind
    actor_id: int
    post_id: int


class ReceivedRow(NamedTuple):
    uri: str
    sender_id: int
    type: str
    body: bytes
    at: datetime
    outcome: str | None


def readers_of(tx: Connection, *, inbox: str, host: str, before: datetime, most: int) -> list[ActorRow]:
    """Those of `host` who, when last looked at and not since `before`, got their mail at this inbox."""
    found = tx.execute(READERS_OF, {"at": host, "inbox": inbox, "before": before, "most": most})
    return list(map(ActorRow._make, found))


def mark(tx: Connection) -> Mark | None:
    """As long as a write finds the same mark, actors, keys and blocked servers are as they were; None is no mark."""
    return engine.mark(tx, _STANDING)


def actor(tx: Connection, *, uri: str) -> ActorRow | None:
    return _actor(tx.execute(ACTOR, {"named": uri}).one_or_none())


def actor_by_id(tx: Connection, *, actor_id: int) -> ActorRow | None:
    return _actor(tx.execute(ACTOR_BY_ID, {"actor": actor_id}).one_or_none())


def actor_by_handle(tx: Connection, *, handle: str) -> ActorRow | None:
    """By "name@domain", however it is written."""
    return _actor(tx.execute(ACTOR_BY_HANDLE, {"handle": handle.lower()}).one_or_none())


def local_among(tx: Connection, *, uris: Collection[str]) -> list[ActorRow]:
    """Those of our own actors that are among the addresses."""
    return list(map(ActorRow._make, tx.execute(LOCAL_AMONG, {"uris": list(uris)}))) if uris else []


def _actor(row: Row[Any] | None) -> ActorRow | None:
    return ActorRow._make(row) if row is not None else None


def key(tx: Connection, *, key_id: str) -> KeyRow | None:
    """The key under exactly this id, and whose it is."""
    row = tx.execute(KEY, {"key": key_id}).one_or_none()
    return KeyRow(row[0], row[1], row[2], ActorRow._make(row[3:])) if row is not None else None


def signing_key(tx: Connection, *, actor_uri: str) -> tuple[str, bytes] | None:
    """Id and private half of the key with which an actor of ours signs requests."""
    row = tx.execute(SIGNING_KEY, {"named": actor_uri}).one_or_none()
    return (row.key_id, row.private) if row is not None else None


def post(tx: Connection, *, uri: str) -> PostRow | None:
    row = tx.execute(POST, {"named": uri}).one_or_none()
    return PostRow(*row) if row is not None else None


def post_by_id(tx: Connection, *, post_id: int) -> PostRow | None:
    row = tx.execute(POST_BY_ID, {"post": post_id}).one_or_none()
    return PostRow(*row) if row is not None else None


def open_posts_among(tx: Connection, *, uris: Collection[str], author_id: int) -> tuple[str, ...]:
    """The addresses that are posts of this author which everybody may see (ORG-30)."""
    return tuple(tx.scalars(REPORTED, {"uris": list(uris), "author": author_id})) if uris else ()


def thread_size(tx: Connection, *, thread_id: int) -> int:
    return tx.scalar(THREAD_SIZE, {"thread": thread_id}) or 0


def is_blocked(tx: Connection, *, hosts: Iterable[str]) -> bool:
    """Whether one of these canonical hosts, or a domain above it, is blocked (MOD-01)."""
    domains = {domain for host in hosts for domain in and_above(host)}
    return tx.execute(BLOCKED, {"domains": sorted(domains)}).first() is not None


def follow(tx: Connection, *, uri: str) -> Pair | None:
    row = tx.execute(FOLLOW, {"named": uri}).first()
    return Pair(*row) if row is not None else None


def follow_between(tx: Connection, *, follower_id: int, followee_id: int) -> Pair | None:
    row = tx.execute(FOLLOW_BETWEEN, {"follower": follower_id, "followee": followee_id}).one_or_none()
    return Pair(*row) if row is not None else None


def block(tx: Connection, *, uri: str) -> Pair | None:
    row = tx.execute(BLOCK, {"named": uri}).first()
    return Pair(*row) if row is not None else None


def reaction(tx: Connection, *, uri: str) -> ReactionRow | None:
    row = tx.execute(REACTION, {"named": uri}).one_or_none()
    return ReactionRow(*row) if row is not None else None


def is_followed_here(tx: Connection, *, actor_id: int) -> bool:
    return tx.execute(FOLLOWED_HERE, {"actor": actor_id}).first() is not None


def reaches_us(tx: Connection, *, uris: Collection[str]) -> bool:
    """Whether the addresses name one of ours, or the followers of somebody whom one of ours follows."""
    if not uris:
        return False
    named = {"uris": list(uris)}
    return tx.execute(LOCAL_AMONG, named).first() is not None or tx.execute(FOLLOWED_THROUGH, named).first() is not None


def names_followed_room(tx: Connection, *, uris: Collection[str]) -> bool:
    """Whether one of the addresses is a room in which somebody here is."""
    return bool(uris) and tx.execute(FOLLOWED_ROOM, {"uris": list(uris)}).first() is not None


def has_any(tx: Connection, *, uris: Collection[str]) -> bool:
    """Whether one of these posts is kept here."""
    return bool(uris) and tx.execute(ANY_POST, {"uris": list(uris)}).first() is not None


def has_followers_here(actor_id: Any) -> ColumnElement[bool]:
    """A column that says whether anybody here follows that actor."""
    follower = aliased(Actor)
    return (
        exists()
        .where(Follow.followee_id == actor_id, Follow.state == FollowState.ACCEPTED)
        .where(follower.id == Follow.follower_id, follower.local)
    )


def is_awaited(actor_id: Any) -> ColumnElement[bool]:
    """A column that says whether anybody here wants to be told of each post of that actor."""
    return exists().where(Follow.followee_id == actor_id, Follow.notify)


def rooms_followers(tx: Connection, *, uris: Collection[str]) -> frozenset[str]:
    """Those of the addresses that are the members of a room we know."""
    return frozenset(tx.scalars(ROOMS_FOLLOWERS, {"uris": list(uris)})) if uris else frozenset()


def somebody_at(tx: Connection, *, host: str) -> str | None:
    """The address of any actor of that host, which tells how the host is reached."""
    return tx.scalar(SOMEBODY_AT, {"at": host})


def received(tx: Connection, *, uri: str) -> ReceivedRow | None:
    row = tx.execute(RECEIVED_AS, {"named": uri}).one_or_none()
    return ReceivedRow(*row) if row is not None else None


def is_deleted(tx: Connection, *, uri: str) -> bool:
    return bool(tx.scalar(IS_DELETED, {"named": uri}))
