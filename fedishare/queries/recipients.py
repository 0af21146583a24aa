"""Who should get something: inboxes of followers, of those addressed, of those who have a post, of a room's members."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from sqlalchemy import Connection, and_, bindparam, case, func, select

from fedishare.db.follows import Follow
from fedishare.db.nodes import Node
from fedishare.db.people import Actor
from fedishare.db.polls import Vote
from fedishare.db.posts import Mention, Post
from fedishare.db.quotes import Quote, Stamp
from fedishare.db.reactions import Reaction
from fedishare.db.resources import ResourceBasis, Use
from fedishare.domain.audience import OPEN
from fedishare.domain.kinds import Dialect, FollowState
from fedishare.queries.parties import Who

# Where something for an actor elsewhere goes when it need not be theirs alone.
_INBOX: Final = func.coalesce(Actor.shared_inbox, Actor.inbox)
_ELSEWHERE: Final = and_(~Actor.local, Actor.deleted_at.is_(None), Actor.suspended_at.is_(None))
FOLLOWERS: Final = (
    select(_INBOX)
    .join(Follow, Follow.follower_id == Actor.id)
    .where(Follow.followee_id == bindparam("followee"), Follow.state == FollowState.ACCEPTED, _ELSEWHERE)
    .distinct()
)
EVERYBODY: Final = select(_INBOX).where(_ELSEWHERE).distinct()
ADDRESSED: Final = select(_INBOX).where(Actor.uri.in_(bindparam("named", expanding=True)), _ELSEWHERE).distinct()
NAMED: Final = (
    select(_INBOX)
    .join(Mention, Mention.actor_id == Actor.id)
    .where(Mention.post_id == bindparam("post"), _ELSEWHERE)
    .distinct()
)
BOOSTERS: Final = (
    select(_INBOX)
    .join(Reaction, Reaction.actor_id == Actor.id)
    .where(Reaction.post_id == bindparam("post"), _ELSEWHERE)
    .distinct()
)
REPLIERS: Final = (
    select(_INBOX)
    .join(Post, Post.author_id == Actor.id)
    .where(Post.in_reply_to_id == bindparam("post"), _ELSEWHERE)
    .distinct()
)
VOTERS: Final = (
    select(_INBOX).join(Vote, Vote.actor_id == Actor.id).where(Vote.post_id == bindparam("post"), _ELSEWHERE).distinct()
)
QUOTERS: Final = (
    select(_INBOX)
    .join(Stamp, Stamp.quoter_id == Actor.id)
    .where(Stamp.post_id == bindparam("post"), _ELSEWHERE)
    .distinct()
)
QUOTED: Final = (
    select(_INBOX)
    .join(Post, Post.author_id == Actor.id)
    .join(Quote, Quote.quoted_uri == Post.uri)
    .where(Quote.post_id == bindparam("post"), _ELSEWHERE)
)
_original: Final = select(Post.uri).where(Post.id == bindparam("post"), Post.visibility.in_(OPEN)).scalar_subquery()
# Anybody can say that they used or adapted something. They are told of what everybody may see, and of nothing else.
USERS: Final = (
    select(_INBOX)
    .join(Use, Use.actor_id == Actor.id)
    .join(Post, Post.id == Use.post_id)
    .where(Use.post_id == bindparam("post"), Post.visibility.in_(OPEN), _ELSEWHERE)
    .distinct()
)
ADAPTERS: Final = (
    select(_INBOX)
    .join(Post, Post.author_id == Actor.id)
    .join(ResourceBasis, ResourceBasis.post_id == Post.id)
    .where(ResourceBasis.uri == _original, _ELSEWHERE)
    .distinct()
)
SOURCES: Final = (
    select(_INBOX)
    .join(Post, Post.author_id == Actor.id)
    .join(ResourceBasis, ResourceBasis.uri == Post.uri)
    .where(ResourceBasis.post_id == bindparam("post"), Post.visibility.in_(OPEN), _ELSEWHERE)
    .distinct()
)
HOLDERS: Final = (BOOSTERS, REPLIERS, VOTERS, QUOTERS, QUOTED, USERS, ADAPTERS)
MEMBERS: Final = (
    select(
        _INBOX.label("inbox"),
        Actor.host,
        func.max(Node.software).label("software"),
        func.max(Node.version).label("version"),
        func.max(Node.dialect).label("dialect"),
        func.max(Node.dialect_set).label("dialect_set"),
        func.sum(case((Actor.id == bindparam("author"), 0), else_=1)).label("others"),
    )
    .join(Follow, Follow.follower_id == Actor.id)
    .outerjoin(Node, Node.host == Actor.host)
    .where(Follow.followee_id == bindparam("room"), Follow.state == FollowState.ACCEPTED, _ELSEWHERE)
    .group_by(_INBOX, Actor.host)
    .order_by(_INBOX)
)


class Member(NamedTuple):
    """One inbox to which a room passes things on, and what we know of its server.

    `others` counts the room's members behind it besides the author of what is passed on.
    """

    inbox: str
    host: str
    software: str | None
    version: str | None
    dialect: Dialect | None
    dialect_set: Dialect | None
    others: int


def follower_inboxes(tx: Connection, actor_id: int) -> list[str]:
    """One inbox for each server with followers of an actor of ours."""
    return list(tx.scalars(FOLLOWERS, {"followee": actor_id}))


def all_inboxes(tx: Connection) -> list[str]:
    """One inbox for each server with somebody whom we know."""
    return list(tx.scalars(EVERYBODY))


def addressed_inboxes(tx: Connection, addresses: Iterable[str]) -> list[str]:
    """One inbox for each server of the actors among these addresses."""
    return list(tx.scalars(ADDRESSED, {"named": list(addresses)}))


def audience_inboxes(tx: Connection, *, author: Who, post_id: int, addresses: Sequence[str]) -> list[str]:
    """Where a post of `author` goes that is addressed like this, each inbox once.

    Followers count only if their collection is addressed; whoever the post names gets it in any case.
    """
    found = list(tx.scalars(NAMED, {"post": post_id}))
    found += addressed_inboxes(tx, addresses)
    if author.followers in addresses:
        found += follower_inboxes(tx, author.id)
    return list(dict.fromkeys(found))


def holder_inboxes(tx: Connection, *, post_id: int) -> list[str]:
    """The servers that have a post because of what somebody there did with it, or because it quotes somebody there."""
    found = [inbox for holders in HOLDERS for inbox in tx.scalars(holders, {"post": post_id})]
    return list(dict.fromkeys(found))


def source_inboxes(tx: Connection, *, post_id: int) -> list[str]:
    """The servers of those who made what a resource is based on: they should learn what became of it."""
    return list(tx.scalars(SOURCES, {"post": post_id}))


def members(tx: Connection, *, room_id: int, author_id: int) -> list[Member]:
    """The inboxes of a room's members elsewhere, one for each server that offers a shared one."""
    return [
        Member(
            row.inbox,
            row.host,
            row.software,
            row.version,
            _dialect(row.dialect),
            _dialect(row.dialect_set),
            row.others,
        )
        for row in tx.execute(MEMBERS, {"room": room_id, "author": author_id})
    ]


def _dialect(value: str | None) -> Dialect | None:
    return Dialect(value) if value else None
