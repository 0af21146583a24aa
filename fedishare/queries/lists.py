"""Lists, who is on them, and what they show.

A staffroom that somebody is a member of is one of their lists as well: it goes by the room's id, bears its name, shows
what is said in it, and cannot be changed here.
"""

from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Select, bindparam, exists, or_, select

from fedishare.db.base import BigId, aliased
from fedishare.db.follows import Follow, Mute
from fedishare.db.lists import List, ListMember
from fedishare.db.people import Actor
from fedishare.db.posts import Post
from fedishare.db.reactions import Reaction
from fedishare.domain.audience import Visibility
from fedishare.domain.kinds import FollowState, Kind, ReactionKind
from fedishare.domain.lists import RepliesPolicy
from fedishare.queries import sight
from fedishare.queries.hidden import is_hidden


class ListRow(NamedTuple):
    id: int
    title: str
    replies_policy: RepliesPolicy
    exclusive: bool
    is_room: bool


class MemberKey(NamedTuple):
    """Somebody on a list; `key` is what the list is paged by."""

    key: int
    actor_id: int


NEWEST: Final = (1 << 63) - 1
MOST_MEMBERS: Final = 5_000

_owner: Final = bindparam("owner", type_=BigId)
_list: Final = bindparam("list", type_=BigId)
_list_columns = (List.id, List.title, List.replies_policy, List.exclusive)
OWN: Final = select(*_list_columns).where(List.owner_id == _owner).order_by(List.id)
ONE: Final = select(*_list_columns).where(List.owner_id == _owner, List.id == _list)
WITH: Final = (
    select(*_list_columns)
    .join(ListMember, ListMember.list_id == List.id)
    .where(List.owner_id == _owner, ListMember.actor_id == bindparam("actor"))
    .order_by(List.id)
)
_in_room = (
    select(Actor.id, Actor.name, Actor.username)
    .join(Follow, Follow.followee_id == Actor.id)
    .where(Follow.follower_id == _owner, Follow.state == FollowState.ACCEPTED, Actor.kind == Kind.GROUP)
    .where(Actor.deleted_at.is_(None), Actor.suspended_at.is_(None))
)
ROOMS: Final = _in_room.order_by(Actor.id)
ROOM: Final = _in_room.where(Actor.id == _list)
_other: Final[Any] = aliased(Follow)
ROOMS_WITH: Final = _in_room.where(
    exists().where(
        _other.followee_id == Actor.id,
        _other.follower_id == bindparam("actor"),
        _other.state == FollowState.ACCEPTED,
    )
).order_by(Actor.id)


def _page(statement: Select[*tuple[Any, ...]], key: Any) -> dict[bool, Select[*tuple[Any, ...]]]:
    """By whether it is counted upward, from below."""
    bounded = statement.where(key < bindparam("before"), key > bindparam("above")).limit(bindparam("limit"))
    return {False: bounded.order_by(key.desc()), True: bounded.order_by(key)}


MEMBERS: Final = _page(
    select(ListMember.id, ListMember.actor_id)
    .join(Actor, Actor.id == ListMember.actor_id)
    .where(ListMember.list_id == _list, Actor.deleted_at.is_(None), Actor.suspended_at.is_(None)),
    ListMember.id,
)
ROOM_MEMBERS: Final = _page(
    select(Follow.id, Follow.follower_id)
    .join(Actor, Actor.id == Follow.follower_id)
    .where(Follow.followee_id == _list, Follow.state == FollowState.ACCEPTED)
    .where(Actor.deleted_at.is_(None), Actor.suspended_at.is_(None)),
    Follow.id,
)
_members = select(ListMember.actor_id).where(ListMember.list_id == _list)
_parent: Final[Any] = aliased(Post)
_parent_author = select(_parent.author_id).where(_parent.id == Post.in_reply_to_id).correlate(Post).scalar_subquery()
_follows_parent = exists().where(
    Follow.follower_id == _owner, Follow.followee_id == _parent_author, Follow.state == FollowState.ACCEPTED
)
_with_parent = exists().where(ListMember.list_id == _list, ListMember.actor_id == _parent_author)
# Answers to oneself are the rest of what one says, and answers to the owner of the list are for them.
_to_nobody_else = or_(Post.in_reply_to_uri.is_(None), _parent_author == Post.author_id, _parent_author == _owner)
_answers: Final = {
    RepliesPolicy.FOLLOWED: or_(_to_nobody_else, _follows_parent),
    RepliesPolicy.LIST: or_(_to_nobody_else, _with_parent),
    RepliesPolicy.NONE: _to_nobody_else,
}
_not_muted = ~exists().where(Mute.muter_id == _owner, Mute.muted_id == Post.author_id)
_posts = select(Post.id).where(sight.visible(), _not_muted)
POSTS: Final = {
    policy: _page(_posts.where(Post.author_id.in_(_members), Post.visibility != Visibility.MENTIONED, shown), Post.id)
    for policy, shown in _answers.items()
}
BOOSTS: Final = _page(
    select(Reaction.id)
    .join(Post, Post.id == Reaction.post_id)
    .where(Reaction.kind == ReactionKind.BOOST, Reaction.actor_id.in_(_members), sight.visible(), _not_muted),
    Reaction.id,
)
IN_ROOM: Final = _page(_posts.where(Post.room_id == _list, ~is_hidden()), Post.id)


def of(tx: Connection, *, owner_id: int) -> list[ListRow]:
    """Somebody's lists, and the rooms they are in. Two statements."""
    return [*_lists(tx, OWN, owner=owner_id), *_rooms(tx, ROOMS, owner=owner_id)]


def with_actor(tx: Connection, *, owner_id: int, actor_id: int) -> list[ListRow]:
    """Those of somebody's lists that an actor is on."""
    asked = {"owner": owner_id, "actor": actor_id}
    return [*_lists(tx, WITH, **asked), *_rooms(tx, ROOMS_WITH, **asked)]


def one(tx: Connection, *, owner_id: int, list_id: int) -> ListRow | None:
    asked = {"owner": owner_id, "list": list_id}
    return next(iter(_lists(tx, ONE, **asked) or _rooms(tx, ROOM, **asked)), None)


def members(
    tx: Connection, row: ListRow, *, before: int, above: int, limit: int | None, is_upward: bool = False
) -> list[MemberKey]:
    """Who is on a list, the latest first; without a `limit`, everybody."""
    statement = (ROOM_MEMBERS if row.is_room else MEMBERS)[is_upward]
    asked = {"list": row.id, "before": before, "above": above, "limit": MOST_MEMBERS if limit is None else limit}
    found = [MemberKey(*each) for each in tx.execute(statement, asked)]
    return found[::-1] if is_upward else found


def timeline(
    tx: Connection, *, list_id: int, owner_id: int, before: int, above: int, limit: int, is_upward: bool = False
) -> list[int] | None:
    """The ids of what those on a list wrote and boosted, newest first; None where it is no list of this owner."""
    row = one(tx, owner_id=owner_id, list_id=list_id)
    if row is None:
        return None
    asked = {"list": list_id, "owner": owner_id, "viewer": owner_id}
    asked |= {"before": before, "above": above, "limit": limit}
    if row.is_room:
        found = list(tx.scalars(IN_ROOM[is_upward], asked))
    else:
        both = (POSTS[row.replies_policy][is_upward], BOOSTS[is_upward])
        found = sorted((key for statement in both for key in tx.scalars(statement, asked)), reverse=not is_upward)
    return sorted(found[:limit], reverse=True)


def _lists(tx: Connection, statement: Any, **asked: int) -> list[ListRow]:
    return [
        ListRow(row.id, row.title, row.replies_policy, row.exclusive, is_room=False)
        for row in tx.execute(statement, asked)
    ]


def _rooms(tx: Connection, statement: Any, **asked: int) -> list[ListRow]:
    rows = tx.execute(statement, asked)
    policy = RepliesPolicy.LIST
    return [ListRow(row.id, row.name or row.username, policy, exclusive=False, is_room=True) for row in rows]
