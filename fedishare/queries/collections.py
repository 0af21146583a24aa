"""What the collections of our actors and posts hold for everybody: outboxes, followers, replies, threads.

Nothing that is not public is in them, and nothing that is not public is counted (VIS-04).
"""

from collections.abc import Collection, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from sqlalchemy import (
    Connection,
    Row,
    Select,
    Text,
    and_,
    bindparam,
    cast,
    func,
    null,
    select,
    union_all,
)

from fedishare.db.base import BigId, aliased
from fedishare.db.follows import Follow
from fedishare.db.people import Actor
from fedishare.db.posts import Post
from fedishare.db.reactions import Reaction
from fedishare.db.rooms import Pin, Purpose, Steward
from fedishare.db.work import Activity
from fedishare.domain.audience import OPEN
from fedishare.domain.kinds import FollowState, ReactionKind, StewardRole
from fedishare.queries.hidden import is_hidden
from fedishare.queries.privacy import is_private_room

Rows: TypeAlias = Select[*tuple[Any, ...]]

NEWEST: Final = (1 << 63) - 1
OLDEST: Final = 0

_stands: Final = and_(Actor.suspended_at.is_(None), Actor.deleted_at.is_(None))
_is_open: Final = and_(Post.visibility.in_(OPEN), Post.deleted_at.is_(None))
_is_boost: Final = Reaction.kind == ReactionKind.BOOST
_is_accepted: Final = Follow.state == FollowState.ACCEPTED
_owner: Final = bindparam("owner", type_=BigId)


class Entry(NamedTuple):
    """One line of an outbox: a post, or with `boost_uri` a boost of one. `id` sorts by time."""

    id: int
    post_uri: str
    boost_uri: str | None


class Passed(NamedTuple):
    """What a room passed on: the activity as it was sent, and the address of its post."""

    id: int
    body: bytes
    post_uri: str
    is_edited: bool


class Words(NamedTuple):
    """A post as it was sent out: its Create and, since it was edited, its last Update."""

    create: bytes
    update: bytes | None


class Named(NamedTuple):
    """An address in a collection, with what its page is cut by."""

    id: int
    uri: str


def _cut(query: Rows, column: Any, *, newest_first: bool) -> Rows:
    """`limit` rows from `edge` on, in either direction."""
    beyond = column < bindparam("edge") if newest_first else column > bindparam("edge")
    return query.where(beyond).order_by(column.desc() if newest_first else column).limit(bindparam("limit"))


def _entries(*, newest_first: bool) -> Rows:
    nothing = cast(null(), Text)
    posts = select(Post.id.label("id"), Post.uri.label("post_uri"), nothing.label("boost_uri")).where(
        Post.author_id == _owner, Post.local, _is_open
    )
    boosts = (
        select(Reaction.id, Post.uri.label("post_uri"), Reaction.uri.label("boost_uri"))
        .join(Post, Post.id == Reaction.post_id)
        .join(Actor, Actor.id == Post.author_id)
        .where(Reaction.actor_id == _owner, _is_boost, _is_open, _stands)
    )
    parts = [(posts, Post.id), (boosts, Reaction.id)]
    cut = [select(_cut(query, column, newest_first=newest_first).subquery()) for query, column in parts]
    both = union_all(*cut).subquery()
    return select(both).order_by(both.c.id.desc() if newest_first else both.c.id).limit(bindparam("limit"))


BEFORE: Final = _entries(newest_first=True)
AFTER: Final = _entries(newest_first=False)
_posted: Final = select(func.count()).select_from(Post).where(Post.author_id == _owner, Post.local, _is_open)
_boosted: Final = (
    select(func.count())
    .select_from(Reaction)
    .join(Post, Post.id == Reaction.post_id)
    .join(Actor, Actor.id == Post.author_id)
    .where(Reaction.actor_id == _owner, _is_boost, _is_open, _stands)
)
ENTRIES: Final = select(_posted.scalar_subquery() + _boosted.scalar_subquery())
_passed_on: Final = (
    select(Reaction.id, Activity.body, Post.uri, Post.edited_at.is_not(None))
    .join(Post, Post.id == Reaction.post_id)
    .join(Actor, Actor.id == Post.author_id)
    .join(Activity, and_(Activity.uri == Reaction.uri, Activity.variant == "", Activity.public))
    .where(Reaction.actor_id == _owner, _is_boost, _is_open, _stands)
)
PASSED_BEFORE: Final = _cut(_passed_on, Reaction.id, newest_first=True)
PASSED_AFTER: Final = _cut(_passed_on, Reaction.id, newest_first=False)
WORDS: Final = (
    select(Activity.object_uri, Activity.type, Activity.body)
    .where(Activity.object_uri.in_(bindparam("uris", expanding=True)), Activity.type.in_(("Create", "Update")))
    .where(Activity.variant == "", Activity.public)
    .order_by(Activity.id)
)
SENT: Final = select(Activity.uri, Activity.body).where(
    Activity.uri.in_(bindparam("uris", expanding=True)), Activity.variant == "", Activity.public
)
PINNED: Final = (
    select(Post.uri)
    .join(Pin, Pin.post_id == Post.id)
    .join(Actor, Actor.id == Post.author_id)
    .where(Pin.actor_id == _owner, _is_open, _stands)
    .order_by(Post.id.desc())
)
MOST_ANSWERS: Final = 200
_question: Any = aliased(Post)
ANSWERS: Final = (
    select(Post.uri)
    .join(_question, _question.id == Post.thread_id)
    .join(Purpose, and_(Purpose.post_id == _question.id, Purpose.answer_uri == Post.uri))
    .where(_question.room_id == _owner, _question.visibility.in_(OPEN), _question.deleted_at.is_(None), _is_open)
    .order_by(_question.id.desc())
    .limit(bindparam("limit"))
)
STEWARDS: Final = (
    select(Actor.uri)
    .join(Steward, Steward.actor_id == Actor.id)
    .where(Steward.room_id == _owner, _stands)
    .order_by(Steward.role != StewardRole.OWNER, Actor.id)
)


def entries(
    tx: Connection, *, owner_id: int, limit: int, before: int = NEWEST, after: int | None = None
) -> list[Entry]:
    """The public posts and boosts of a person, newest first: the last before an edge, or the first after one."""
    return [Entry(*row) for row in _page(tx, (BEFORE, AFTER), owner_id, limit=limit, before=before, after=after)]


def count_entries(tx: Connection, *, owner_id: int) -> int:
    return tx.scalar(ENTRIES, {"owner": owner_id}) or 0


def passed_on(
    tx: Connection, *, owner_id: int, limit: int, before: int = NEWEST, after: int | None = None
) -> list[Passed]:
    """What a room of ours told its members of, cut like `entries`, as far as it is still there."""
    statements = (PASSED_BEFORE, PASSED_AFTER)
    return [Passed(*row) for row in _page(tx, statements, owner_id, limit=limit, before=before, after=after)]


def _page(
    tx: Connection, statements: tuple[Rows, Rows], owner_id: int, *, limit: int, before: int, after: int | None
) -> Sequence[Row[*tuple[Any, ...]]]:
    if after is None:
        return tx.execute(statements[0], {"owner": owner_id, "edge": before, "limit": limit}).all()
    return tx.execute(statements[1], {"owner": owner_id, "edge": after, "limit": limit}).all()[::-1]


def words(tx: Connection, *, posts: Collection[str]) -> dict[str, Words]:
    """Posts of ours in the words in which they were sent out, by address; those not sent yet are left out."""
    found: dict[str, Words] = {}
    for uri, kind, body in tx.execute(WORDS, {"uris": list(posts)}):
        if kind == "Create":
            found[uri] = Words(body, None)
        elif uri in found:
            found[uri] = found[uri]._replace(update=body)
    return found


def sent(tx: Connection, *, uris: Collection[str]) -> dict[str, bytes]:
    """The bytes of activities of ours by their ids, as far as they have been sent."""
    return {row.uri: row.body for row in tx.execute(SENT, {"uris": list(uris)})}


def pinned(tx: Connection, *, owner_id: int) -> Sequence[str]:
    """The addresses of the pinned posts, newest first, wherever they live."""
    return tx.scalars(PINNED, {"owner": owner_id}).all()


def answers(tx: Connection, *, room_id: int) -> Sequence[str]:
    """The addresses of public answers that settled a public question in a room, the newest questions first."""
    return tx.scalars(ANSWERS, {"owner": room_id, "limit": MOST_ANSWERS}).all()


def stewards(tx: Connection, *, room_id: int) -> Sequence[str]:
    """The addresses of those who look after a room, owners first."""
    return tx.scalars(STEWARDS, {"owner": room_id}).all()


def _circle(mine: Any, theirs: Any) -> Rows:
    return select(Follow.id, Actor.uri).join(Actor, Actor.id == theirs).where(mine == _owner, _is_accepted, _stands)


def _counted(query: Rows) -> Rows:
    return query.with_only_columns(func.count(), maintain_column_froms=True)


_followers: Final = _circle(Follow.followee_id, Follow.follower_id)
# That somebody is in a private room is known in that room alone.
_following: Final = _circle(Follow.follower_id, Follow.followee_id).where(~is_private_room())
FOLLOWERS: Final = _cut(_followers, Follow.id, newest_first=True)
FOLLOWING: Final = _cut(_following, Follow.id, newest_first=True)
COUNT_FOLLOWERS: Final = _counted(_followers)
COUNT_FOLLOWING: Final = _counted(_following)

_replies: Final = (
    select(Post.id, Post.uri)
    .join(Actor, Actor.id == Post.author_id)
    .where(Post.in_reply_to_id == bindparam("post"), _is_open, _stands, ~is_hidden())
)
REPLIES: Final = _cut(_replies, Post.id, newest_first=False)
COUNT_REPLIES: Final = _counted(_replies)


def followers(tx: Connection, *, owner_id: int, limit: int, before: int = NEWEST) -> list[Named]:
    rows = tx.execute(FOLLOWERS, {"owner": owner_id, "edge": before, "limit": limit})
    return [Named(*row) for row in rows]


def following(tx: Connection, *, owner_id: int, limit: int, before: int = NEWEST) -> list[Named]:
    rows = tx.execute(FOLLOWING, {"owner": owner_id, "edge": before, "limit": limit})
    return [Named(*row) for row in rows]


def count_followers(tx: Connection, *, owner_id: int) -> int:
    return tx.scalar(COUNT_FOLLOWERS, {"owner": owner_id}) or 0


def count_following(tx: Connection, *, owner_id: int) -> int:
    return tx.scalar(COUNT_FOLLOWING, {"owner": owner_id}) or 0


def replies(tx: Connection, *, post_id: int, limit: int, after: int = OLDEST) -> list[Named]:
    """Public answers to a post, oldest first, from whichever server."""
    return [Named(*row) for row in tx.execute(REPLIES, {"post": post_id, "edge": after, "limit": limit})]


def count_replies(tx: Connection, *, post_id: int) -> int:
    return tx.scalar(COUNT_REPLIES, {"post": post_id}) or 0
