"""Who of the other servers may read what of this node: one gate for every address that holds something."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, and_, bindparam, exists, func, or_, select, union

from fedishare.core import json
from fedishare.core.json import Json
from fedishare.core.uris import followers as followers_of
from fedishare.db.base import BigId, aliased
from fedishare.db.follows import Block, Follow
from fedishare.db.people import Actor
from fedishare.db.posts import Post
from fedishare.db.rooms import Member
from fedishare.db.work import Activity
from fedishare.domain.audience import OPEN, Visibility
from fedishare.domain.kinds import FollowState, Kind
from fedishare.queries import known
from fedishare.queries.hidden import is_hidden
from fedishare.queries.privacy import is_private_room
from fedishare.queries.sight import NOBODY, visible

MOST_IN_A_THREAD: Final = 1000

_owner: Final = bindparam("owner", type_=BigId)

OWNER: Final = select(
    Actor.id,
    Actor.uri,
    Actor.kind,
    Actor.username,
    Actor.url,
    Actor.icon_url,
    Actor.discoverable,
    Actor.deleted_at,
    is_private_room().label("is_private"),
    Actor.suspended_at,
).where(Actor.local)
BY_URI: Final = OWNER.where(Actor.uri == bindparam("uri"))
BY_HANDLE: Final = OWNER.where(Actor.handle_key == bindparam("handle"))

# What was written for the members of a room that moved is for those of the room that it is in now.
_home_now: Final = aliased(Actor)
POST: Final = (
    select(
        Post.id,
        Post.uri,
        Post.author_id,
        Post.visibility,
        Post.addressed_to,
        Post.addressed_cc,
        Post.deleted_at,
        Post.likes_count,
        Post.boosts_count,
        _home_now.uri.label("home_uri"),
        _home_now.followers.label("home_followers"),
    )
    .join(Actor, Actor.id == Post.author_id)
    .outerjoin(_home_now, _home_now.id == Post.room_id)
    .where(Actor.suspended_at.is_(None))
)
POST_BY_URI: Final = POST.where(Post.uri == bindparam("uri"), Post.local)
POST_BY_ID: Final = POST.where(Post.id == bindparam("post"))
# What is served at an id is the wording without a variant. A deleted actor has nothing more to say than that.
ACTIVITY: Final = (
    select(Activity.body, Activity.public, Activity.actor_id)
    .join(Actor, Actor.id == Activity.actor_id)
    .where(Activity.uri == bindparam("uri"), Activity.variant == "", Actor.suspended_at.is_(None))
    .where(or_(Actor.deleted_at.is_(None), Activity.type == "Delete"))
)
DELETED: Final = (
    select(Post.id).where(Post.uri.in_(bindparam("uris", expanding=True)), Post.deleted_at.is_not(None)).limit(1)
)
ENDINGS: Final = frozenset({"Delete", "Undo"})

_reader: Final = aliased(Actor)
_blocked: Final = exists().where(
    Block.blocker_id == _owner, or_(Block.blocked_id == Actor.id, Block.blocked_id == _reader.id)
)
_addressed: Final = union(
    select(Actor.id.label("id")).where(Actor.uri.in_(bindparam("uris", expanding=True))),
    select(Follow.follower_id)
    .join(Actor, Actor.id == Follow.followee_id)
    .where(Actor.followers.in_(bindparam("uris", expanding=True)), Actor.local, Follow.state == FollowState.ACCEPTED),
    select(_owner),
).subquery()
# It bears the name of its host; other applications, such as bots, speak for themselves alone.
_name: Final = func.lower(_reader.username)
_speaks_for_its_host: Final = and_(
    _reader.kind == Kind.NODE,
    or_(_reader.host == _name, func.substr(_reader.host, 1, func.length(_name) + 1) == _name + ":"),
)
# The actor of a whole node fetches for its people, so it may read what any one of them may.
ENTITLED: Final = (
    select(Actor.id)
    .join(_addressed, _addressed.c.id == Actor.id)
    .join(
        _reader,
        or_(_reader.id == Actor.id, and_(_speaks_for_its_host, _reader.host == Actor.host)),
    )
    .where(_reader.id == bindparam("reader"), _reader.suspended_at.is_(None), _reader.deleted_at.is_(None))
    .where(Actor.suspended_at.is_(None), Actor.deleted_at.is_(None), ~_blocked)
    .limit(1)
)

_home: Final = aliased(Actor)
# Of a post in a room elsewhere: the room told us who is in it, some of whom we have never met.
LISTED: Final = (
    select(_reader.id)
    .join(Member, or_(Member.uri == _reader.uri, and_(_speaks_for_its_host, _reader.host == Member.host)))
    .join(_home, _home.id == Member.room_id)
    .where(_home.followers.in_(bindparam("uris", expanding=True)), ~_home.local)
    .where(_reader.id == bindparam("reader"), _reader.suspended_at.is_(None), _reader.deleted_at.is_(None))
    .where(~exists().where(Block.blocker_id == _owner, Block.blocked_id == _reader.id))
    .limit(1)
)

# The root of a thread as its collection sees it; we answer for threads that began here or stand in a room of ours.
_room: Final = aliased(Actor)
ROOT: Final = (
    POST.add_columns(Actor.uri.label("author_uri"), _room.uri.label("room_uri"))
    .outerjoin(_room, _room.id == Post.room_id)
    .where(Post.id == bindparam("post"), or_(Post.local, _room.local))
)
THREAD: Final = (
    select(Post.uri)
    .where(Post.thread_id == bindparam("root"), visible(), ~is_hidden())
    .order_by(Post.published_at, Post.id)
    .limit(MOST_IN_A_THREAD)
)


class Owner(NamedTuple):
    """An actor of ours, also one that was deleted or is suspended."""

    id: int
    uri: str
    kind: str
    username: str
    url: str
    icon_url: str | None
    discoverable: bool
    deleted_at: datetime | None
    is_private: bool
    suspended_at: datetime | None


class Readable(NamedTuple):
    """A post of ours that the asker may read, or might have read before it was deleted."""

    id: int
    uri: str
    author_id: int
    is_public: bool
    deleted_at: datetime | None
    likes_count: int
    boosts_count: int


class Stored(NamedTuple):
    body: bytes
    is_public: bool


class Thread(NamedTuple):
    """The posts of a thread by address, oldest first, and who answers for it: its room, else its first author."""

    attributed_to: str
    uris: tuple[str, ...]
    is_public: bool


def owner(tx: Connection, *, uri: str) -> Owner | None:
    row = tx.execute(BY_URI, {"uri": uri}).one_or_none()
    return Owner._make(row) if row else None


def owner_by_handle(tx: Connection, *, handle: str) -> Owner | None:
    """`handle` is `name@domain`; case does not matter."""
    row = tx.execute(BY_HANDLE, {"handle": handle.lower()}).one_or_none()
    return Owner._make(row) if row else None


def is_member(tx: Connection, *, room: Owner, reader: int | None) -> bool:
    """Whether `reader` is in a room of ours, or is the node of somebody who is."""
    return _entitled(tx, reader, owner_id=NOBODY, uris=[followers_of(room.uri)]) is not None


def may_read(tx: Connection, *, post_id: int, reader: int | None) -> bool:
    """Whether the actor `reader`, or for None anybody at all, may read a post of any visibility.

    Those addressed may, by name or as an accepted follower or member, and the actor of the node
    of any of them. A deleted post keeps its audience, for the word that it is gone.
    """
    row = tx.execute(POST_BY_ID, {"post": post_id}).one_or_none()
    return row is not None and _viewer(tx, row, reader) is not None


def post(tx: Connection, *, uri: str, reader: int | None = None) -> Readable | None:
    """The post of ours at this very address, for `reader`; nothing tells absent and forbidden apart."""
    row = tx.execute(POST_BY_URI, {"uri": uri}).one_or_none()
    if row is None or _viewer(tx, row, reader) is None:
        return None
    counts = (row.likes_count, row.boosts_count)
    return Readable(row.id, row.uri, row.author_id, row.visibility in OPEN, row.deleted_at, *counts)


def activity(tx: Connection, *, uri: str, reader: int | None = None) -> Stored | None:
    """The activity of ours under this id, for those it was sent to; nothing once what it quotes is deleted."""
    row = tx.execute(ACTIVITY, {"uri": uri}).one_or_none()
    said = json.loads(row.body) if row is not None else None
    if row is None or not isinstance(said, dict):
        return None
    if not row.public and not _may_have(tx, said, reader=reader, owner_id=row.actor_id):
        return None
    quoted = _quoted(said)
    is_gone = bool(quoted) and tx.scalar(DELETED, {"uris": quoted}) is not None
    return None if is_gone else Stored(row.body, row.public)


def thread(tx: Connection, *, root_id: int, reader: int | None = None) -> Thread | None:
    """The thread that began with a post, as far as `reader` may see it; a public one is the same for everybody."""
    root = tx.execute(ROOT, {"post": root_id}).one_or_none()
    viewer = _viewer(tx, root, reader) if root is not None else None
    if root is None or viewer is None:
        return None
    uris = tx.scalars(THREAD, {"root": root_id, "viewer": viewer}).all()
    return Thread(root.room_uri or root.author_uri, tuple(uris), root.visibility in OPEN)


def _viewer(tx: Connection, row: Any, reader: int | None) -> int | None:
    """Through whose eyes `reader` may see a post: nobody's in particular if it is public; None for not at all."""
    if row.visibility in OPEN:
        return NOBODY
    if row.visibility == Visibility.ROOM:
        # Whoever is named in it may have left since.
        now = [uri for uri in (row.home_uri, row.home_followers) if uri is not None]
        return _entitled_in_room(tx, reader, owner_id=row.author_id, uris=(*row.addressed_to, *now))
    return _entitled(tx, reader, owner_id=row.author_id, uris=(*row.addressed_to, *row.addressed_cc))


def _entitled_in_room(tx: Connection, reader: int | None, *, owner_id: int, uris: Iterable[str]) -> int | None:
    """A post for the members of a room: what is asked is who is one now, and the room itself may have it."""
    found = _entitled(tx, reader, owner_id=owner_id, uris=uris)
    if found is not None or reader is None:
        return found
    listed = tx.scalar(LISTED, {"reader": reader, "owner": owner_id, "uris": list(uris)})
    return NOBODY if listed is not None else None


def _entitled(tx: Connection, reader: int | None, *, owner_id: int, uris: Iterable[str]) -> int | None:
    if reader is None:
        return None
    return tx.scalar(ENTITLED, {"reader": reader, "owner": owner_id, "uris": list(uris)})


def _may_have(tx: Connection, said: Mapping[str, Json], *, reader: int | None, owner_id: int) -> bool:
    to = _listed(said.get("to"))
    if known.rooms_followers(tx, uris=to):
        return _entitled_in_room(tx, reader, owner_id=owner_id, uris=to) is not None
    return _entitled(tx, reader, owner_id=owner_id, uris=_audience(said)) is not None


def _audience(said: Mapping[str, Json]) -> list[str]:
    return [value for term in ("to", "cc", "audience") for value in _listed(said.get(term))]


def _listed(value: Json) -> list[str]:
    return [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, str)]


def _quoted(said: Json) -> list[str]:
    """The ids of what an activity has inside, unless it is about the end of it."""
    ids: list[str] = []
    while isinstance(said, dict):
        if said.get("type") in ENDINGS:
            return []
        said = said.get("object")
        name = said.get("id") if isinstance(said, dict) else said
        ids.extend([name] if isinstance(name, str) else [])
    return ids
