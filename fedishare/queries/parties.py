"""Actors as the outbox names and tells them, and what stands between two of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, and_, bindparam, select

from fedishare.core.errors import NotFound
from fedishare.db.anthologies import Anthology
from fedishare.db.base import aliased
from fedishare.db.follows import Block, Follow
from fedishare.db.people import Actor, ActorKey
from fedishare.db.rooms import Room, Topic
from fedishare.domain.kinds import KeyKind, Kind
from fedishare.queries.privacy import is_private_room
from fedishare.queries.rows import Cut, columns, rows


class Who(NamedTuple):
    """An actor as far as it is named in other documents."""

    id: int
    uri: str
    kind: Kind
    username: str
    domain: str
    name: str
    url: str
    inbox: str
    followers: str | None
    local: bool

    @property
    def handle(self) -> str:
        return f"@{self.username}@{self.domain}"


class Key(NamedTuple):
    key_id: str
    kind: KeyKind
    public: str
    private: bytes | None


class Party(NamedTuple):
    """Somebody who acts, with the key that proves it."""

    who: Who
    key: Key | None


class ActorRow(NamedTuple):
    id: int
    uri: str
    kind: Kind
    username: str
    domain: str
    host: str
    local: bool
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
    also_known_as: Sequence[str]
    moved_to: str | None
    created_at: datetime
    published_at: datetime | None
    suspended_at: datetime | None
    deleted_at: datetime | None
    moved_at: datetime | None = None


class ActorFacts(NamedTuple):
    actor: ActorRow
    members_only_posting: bool
    keys: tuple[Key, ...]
    rules: str = ""
    stewards_only_posting: bool = False
    topics: tuple[str, ...] = ()
    # Of a collection of resources: where they are listed, and who chose them.
    items_uri: str | None = None
    curator_uri: str | None = None

    @property
    def key(self) -> Key | None:
        """The key that proves what this actor says, for actors of ours."""
        return next((key for key in self.keys if key.kind is KeyKind.ED25519 and key.private), None)


class FollowFacts(NamedTuple):
    uri: str
    follower: Who
    followee: Who


_other: Final[Any] = aliased(Actor)


def proof_key(owner: Any) -> ColumnElement[bool]:
    """For a join with ActorKey: the key with which `owner` (a column) proves what it says, for actors of ours."""
    return and_(ActorKey.actor_id == owner, ActorKey.kind == KeyKind.ED25519, ActorKey.private.is_not(None))


ACTOR: Final = (
    select(*columns(Actor, ActorRow._fields), Room.members_only_posting, Room.rules, Room.stewards_only_posting)
    .outerjoin(Room, Room.actor_id == Actor.id)
    .where(Actor.id == bindparam("actor"))
)
KEYS: Final = (
    select(*columns(ActorKey, Key._fields)).where(ActorKey.actor_id == bindparam("actor")).order_by(ActorKey.id)
)
TOPICS: Final = select(Topic.label).where(Topic.room_id == bindparam("actor")).order_by(Topic.position)
# A room that became private is named no longer.
ANTHOLOGY: Final = (
    select(Anthology.items_uri, _other.uri)
    .outerjoin(_other, and_(_other.uri == Anthology.curator_uri, ~is_private_room(_other)))
    .where(Anthology.actor_id == bindparam("actor"))
)
PARTY: Final = (
    select(*columns(Actor, Who._fields), *columns(ActorKey, Key._fields))
    .outerjoin(ActorKey, proof_key(Actor.id))
    .where(Actor.id == bindparam("actor"))
)
FOLLOW: Final = (
    select(Follow.uri, *columns(Actor, Who._fields), *columns(_other, Who._fields))
    .join(Actor, Actor.id == Follow.follower_id)
    .join(_other, _other.id == Follow.followee_id)
    .where(Follow.id == bindparam("follow"))
)
IS_FOLLOW: Final = select(Follow.id).where(Follow.uri == bindparam("named"))
IS_BLOCK: Final = select(Block.id).where(Block.uri == bindparam("named"))
BLOCK: Final = (
    select(Block.uri, *columns(Actor, Who._fields), *columns(_other, Who._fields))
    .join(Actor, Actor.id == Block.blocker_id)
    .join(_other, _other.id == Block.blocked_id)
    .where(Block.id == bindparam("block"))
)


def actor_facts(tx: Connection, actor_id: int) -> ActorFacts:
    """All that the document of an actor tells; two statements, one more for a room or collection. Raises NotFound."""
    row = tx.execute(ACTOR, {"actor": actor_id}).one_or_none()
    if row is None:
        raise NotFound("There is no such account.")
    cut = Cut(row)
    actor = cut.take(ActorRow)
    keys = rows(tx, KEYS, Key, actor=actor_id)
    if actor.kind is Kind.SERVICE:
        items, curator = tx.execute(ANTHOLOGY, {"actor": actor_id}).one_or_none() or (None, None)
        return ActorFacts(actor, members_only_posting=False, keys=keys, items_uri=items, curator_uri=curator)
    if actor.kind is not Kind.GROUP:
        return ActorFacts(actor, members_only_posting=False, keys=keys)
    return ActorFacts(
        actor,
        bool(row.members_only_posting),
        keys,
        rules=row.rules or "",
        stewards_only_posting=bool(row.stewards_only_posting),
        topics=tuple(tx.scalars(TOPICS, {"actor": actor_id})),
    )


def party(tx: Connection, actor_id: int) -> Party:
    """Somebody by id, with their proof key if they are ours. Raises NotFound."""
    row = tx.execute(PARTY, {"actor": actor_id}).one_or_none()
    if row is None:
        raise NotFound("There is no such account.")
    cut = Cut(row)
    return Party(cut.take(Who), cut.maybe(Key))


def both(tx: Connection, one_id: int, other_id: int) -> tuple[Party, Party]:
    """Two by their ids, in the order given. Raises NotFound."""
    return party(tx, one_id), party(tx, other_id)


def follow_facts(tx: Connection, follow_id: int) -> FollowFacts | None:
    return _pair(tx.execute(FOLLOW, {"follow": follow_id}).one_or_none())


def is_follow(tx: Connection, *, uri: str) -> bool:
    """Whether a follow still stands."""
    return tx.scalar(IS_FOLLOW, {"named": uri}) is not None


def is_block(tx: Connection, *, uri: str) -> bool:
    """Whether a block still stands."""
    return tx.scalar(IS_BLOCK, {"named": uri}) is not None


def block_facts(tx: Connection, block_id: int) -> FollowFacts | None:
    """A block, as who blocked whom."""
    return _pair(tx.execute(BLOCK, {"block": block_id}).one_or_none())


def _pair(row: Row[Any] | None) -> FollowFacts | None:
    if row is None:
        return None
    cut = Cut(row, start=1)
    return FollowFacts(row[0], cut.take(Who), cut.take(Who))
