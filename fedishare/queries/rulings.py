"""What moderators of rooms decided, and who may decide: asked by services, by the inbox and by pages."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import BindParameter, Connection, and_, bindparam, case, exists, or_, select

from fedishare.core.errors import NotFound
from fedishare.db.base import BigId, aliased
from fedishare.db.people import Actor
from fedishare.db.posts import Post
from fedishare.db.rooms import Ban, Carried, Lock, Pin, Removal, Steward
from fedishare.db.rooms import Room as RoomTable
from fedishare.domain.kinds import Kind, StewardRole
from fedishare.queries.cards import FACE_WIDTH, Face, face, face_columns

MOST_SHOWN: Final = 100

_by: Final[Any] = aliased(Actor)
_is_running: Final = or_(Ban.until.is_(None), Ban.until > bindparam("now"))
STEWARD: Final = select(Steward.role).where(
    Steward.room_id == bindparam("room"), Steward.actor_id == bindparam("actor")
)
STEWARD_AT: Final = (
    select(Steward.role)
    .join(Actor, Actor.id == Steward.actor_id)
    .where(Steward.room_id == bindparam("room"), Actor.uri == bindparam("named"), Actor.deleted_at.is_(None))
)
# Of two owners who step down at once, the second waits for the first, and is the last one then.
OWNERS: Final = (
    select(Steward.actor_id)
    .where(Steward.room_id == bindparam("room"), Steward.role == StewardRole.OWNER)
    .with_for_update()
)
STANDING: Final = select(
    exists().where(Ban.room_id == bindparam("room"), Ban.actor_id == bindparam("actor"), _is_running),
    exists().where(Lock.thread_id == bindparam("thread"), Lock.room_id == bindparam("room")),
)
BANNED: Final = select(
    exists().where(Ban.room_id == bindparam("room"), Ban.actor_id == bindparam("actor"), _is_running)
)
IS_REMOVED: Final = select(exists().where(Removal.post_id == bindparam("post"), Removal.room_id == bindparam("room")))
_asked: Final[BindParameter[int]] = bindparam("room", type_=BigId)
_is_in: Final = or_(Post.room_id == _asked, exists().where(Carried.post_id == Post.id, Carried.room_id == _asked))
PLACE: Final = (
    select(
        Post.id,
        Post.thread_id,
        Post.author_id,
        case((_is_in, _asked)).label("has_it"),
        Removal.room_id,
        Actor.uri,
        Post.local,
    )
    .join(Actor, Actor.id == Post.author_id)
    .outerjoin(Removal, and_(Removal.post_id == Post.id, Removal.room_id == _asked))
    .where(Post.id == bindparam("post"))
)
_rooms: Final[Any] = (
    select(Post.room_id)
    .where(Post.id == bindparam("post"), Post.room_id.is_not(None))
    .union(
        select(Carried.room_id).where(Carried.post_id == bindparam("post")),
        select(Removal.room_id).where(Removal.post_id == bindparam("post")),
    )
    .subquery()
)
ROOM: Final = select(Actor.id, Actor.uri, Actor.featured, Actor.moderators, Actor.local, Actor.host).where(
    Actor.id == bindparam("room"), Actor.kind == Kind.GROUP
)
AUTHOR_IN_OUR_ROOMS: Final = (
    select(Post.author_id)
    .join(_by, _by.id == Post.room_id)
    .where(Post.uri.in_(bindparam("uris", expanding=True)), _by.local, Post.deleted_at.is_(None))
    .order_by(Post.id)
    .limit(1)
)
UNTIL: Final = select(Ban.until).where(Ban.room_id == bindparam("room"), Ban.actor_id == bindparam("actor"))

DESK: Final = (
    select(RoomTable.members_only_posting, RoomTable.stewards_only_posting, *face_columns(Actor))
    .join(Actor, Actor.id == RoomTable.actor_id)
    .where(Actor.id == bindparam("room"), Actor.deleted_at.is_(None))
)
STEWARDS: Final = (
    select(Steward.role, *face_columns(Actor))
    .join(Actor, Actor.id == Steward.actor_id)
    .where(Steward.room_id == bindparam("room"))
    .order_by(Steward.role != StewardRole.OWNER, Actor.id)
)
# The room of ours that the visitor looks after, if there are several.
OUR_ROOM_OF: Final = (
    select(_rooms.c.room_id)
    .join(Actor, Actor.id == _rooms.c.room_id)
    .outerjoin(Steward, and_(Steward.room_id == Actor.id, Steward.actor_id == bindparam("viewer")))
    .where(Actor.local)
    .order_by(Steward.room_id.is_(None), Actor.id)
    .limit(1)
)
# Each room of ours that has a post or had it, those that the viewer looks after first.
STATES: Final = (
    select(
        Steward.role,
        or_(Post.room_id == Actor.id, exists().where(Carried.post_id == Post.id, Carried.room_id == Actor.id)).label(
            "is_in"
        ),
        Removal.reason,
        exists().where(Lock.thread_id == Post.thread_id, Lock.room_id == Actor.id).label("is_locked"),
        exists().where(Pin.post_id == Post.id, Pin.actor_id == Actor.id).label("is_pinned"),
        *face_columns(Actor),
    )
    .select_from(_rooms)
    .join(Actor, Actor.id == _rooms.c.room_id)
    .join(Post, Post.id == bindparam("post"))
    .outerjoin(Steward, and_(Steward.room_id == Actor.id, Steward.actor_id == bindparam("viewer")))
    .outerjoin(Removal, and_(Removal.post_id == Post.id, Removal.room_id == Actor.id))
    .where(Actor.local)
    .order_by(Steward.room_id.is_(None), Actor.id)
)
BANS: Final = (
    select(Ban.reason, Ban.until, Ban.created_at, *face_columns(Actor))
    .join(Actor, Actor.id == Ban.actor_id)
    .where(Ban.room_id == bindparam("room"), _is_running)
    .order_by(Ban.created_at.desc())
    .limit(MOST_SHOWN)
)
REMOVALS: Final = (
    select(Removal.post_id, Removal.reason, Removal.created_at, Removal.uri, Post.title, Post.content)
    .add_columns(*face_columns(Actor))
    .join(Post, Post.id == Removal.post_id)
    .join(Actor, Actor.id == Post.author_id)
    .where(Removal.room_id == bindparam("room"), Post.deleted_at.is_(None))
    .order_by(Removal.created_at.desc())
    .limit(MOST_SHOWN)
)


class Room(NamedTuple):
    id: int
    uri: str
    featured: str | None
    moderators: str | None
    local: bool
    host: str


class Place(NamedTuple):
    """Where a post stands in one room: `room_id` is the room if it has it, `removed_from` if it has it no more."""

    post_id: int
    thread_id: int
    author_id: int
    room_id: int | None
    removed_from: int | None
    author_uri: str
    local: bool


class Standing(NamedTuple):
    """What keeps somebody from writing into a conversation of a room."""

    is_banned: bool
    is_locked: bool


class BanLine(NamedTuple):
    face: Face
    reason: str
    until: datetime | None
    created_at: datetime


class StewardLine(NamedTuple):
    face: Face
    is_owner: bool


class Desk(NamedTuple):
    """What those who look after a room of ours work with. `posting` is who may write, as in `rooms.Settled`."""

    room: Face
    posting: str
    stewards: list[StewardLine]
    bans: list["BanLine"]
    removals: list["RemovalLine"]


class RemovalLine(NamedTuple):
    """`is_refused` where nobody took it out, because the room never took it in."""

    post_id: int
    author: Face
    title: str | None
    content: str
    reason: str
    is_refused: bool
    created_at: datetime


def role(tx: Connection, *, room_id: int, actor_id: int) -> StewardRole | None:
    """As what somebody looks after a room, if they do."""
    return tx.scalar(STEWARD, {"room": room_id, "actor": actor_id})


def is_last_owner(tx: Connection, *, room_id: int, actor_id: int) -> bool:
    """Whether nobody would own a room without this one."""
    return list(tx.scalars(OWNERS, {"room": room_id})) == [actor_id]


def is_steward(tx: Connection, *, room_id: int, uri: str) -> bool:
    return tx.scalar(STEWARD_AT, {"room": room_id, "named": uri}) is not None


def standing(tx: Connection, *, room_id: int, actor_id: int, thread_id: int, now: datetime) -> Standing:
    row = tx.execute(STANDING, {"room": room_id, "actor": actor_id, "thread": thread_id, "now": now}).one()
    return Standing(bool(row[0]), bool(row[1]))


def is_banned(tx: Connection, *, room_id: int, actor_id: int, now: datetime) -> bool:
    return bool(tx.scalar(BANNED, {"room": room_id, "actor": actor_id, "now": now}))


def is_removed(tx: Connection, *, post_id: int, room_id: int) -> bool:
    """Whether this room took a post out, or did not take it."""
    return bool(tx.scalar(IS_REMOVED, {"post": post_id, "room": room_id}))


def place(tx: Connection, *, post_id: int, room_id: int) -> Place | None:
    row = tx.execute(PLACE, {"post": post_id, "room": room_id}).one_or_none()
    return Place(*row) if row is not None else None


def room(tx: Connection, *, room_id: int) -> Room | None:
    row = tx.execute(ROOM, {"room": room_id}).one_or_none()
    return Room(*row) if row is not None else None


def author_in_our_rooms(tx: Connection, uris: Sequence[str]) -> int | None:
    """Who wrote the first of these posts that is in a room of ours."""
    return tx.scalar(AUTHOR_IN_OUR_ROOMS, {"uris": list(uris)}) if uris else None


def bans(tx: Connection, *, room_id: int, now: datetime) -> list[BanLine]:
    """Who is banned from a room, newest first."""
    return [
        BanLine(face(row[3 : 3 + FACE_WIDTH]), row.reason, row.until, row.created_at)
        for row in tx.execute(BANS, {"room": room_id, "now": now})
    ]


def removals(tx: Connection, *, room_id: int) -> list[RemovalLine]:
    """What a room took out or did not take, newest first."""
    return [
        RemovalLine(row.post_id, face(row[6:]), row.title, row.content, row.reason, row.uri is None, row.created_at)
        for row in tx.execute(REMOVALS, {"room": room_id})
    ]


def desk(tx: Connection, *, room_id: int, now: datetime) -> Desk:
    """Raises NotFound for what is no room of ours."""
    row = tx.execute(DESK, {"room": room_id}).one_or_none()
    if row is None:
        raise NotFound("There is no such room here.")
    stewards = [
        StewardLine(face(each[1:]), each.role == StewardRole.OWNER) for each in tx.execute(STEWARDS, {"room": room_id})
    ]
    posting = "moderators" if row.stewards_only_posting else "members" if row.members_only_posting else ""
    return Desk(face(row[2:]), posting, stewards, bans(tx, room_id=room_id, now=now), removals(tx, room_id=room_id))


class State(NamedTuple):
    """How a post stands in one room, before the eyes of somebody who may look after that room; `is_mine` if they do."""

    room: Face
    is_mine: bool
    is_removed: bool
    is_locked: bool
    is_pinned: bool
    reason: str


def our_room_of(tx: Connection, *, post_id: int, viewer: int) -> int | None:
    """The room of ours that has a post or had it; of several the one that `viewer` looks after."""
    return tx.scalar(OUR_ROOM_OF, {"post": post_id, "viewer": viewer})


def states(tx: Connection, *, post_id: int, viewer: int) -> list[State]:
    """How a post stands in each room of ours that has it or had it, those that `viewer` looks after first."""
    return [
        State(
            face(row[5:]),
            row.role is not None,
            not row.is_in,
            bool(row.is_locked),
            bool(row.is_pinned),
            row.reason or "",
        )
        for row in tx.execute(STATES, {"post": post_id, "viewer": viewer})
    ]
