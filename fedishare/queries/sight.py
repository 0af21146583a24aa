"""Who may see a post, said once and used by every list and every page."""

from typing import Any, Final

from sqlalchemy import BindParameter, ColumnElement, Connection, and_, bindparam, exists, or_, select

from fedishare.db.base import BigId, aliased
from fedishare.db.follows import Block, Follow, HostBlock
from fedishare.db.people import Actor
from fedishare.db.posts import Mention, Post
from fedishare.db.rooms import Member, Removal, Steward
from fedishare.domain.audience import OPEN, Visibility
from fedishare.domain.kinds import FollowState

NOBODY: Final = 0
VIEWER: Final[BindParameter[int]] = bindparam("viewer", type_=BigId)

_author: Any = aliased(Actor)
_reader: Any = aliased(Actor)
_there: Any = aliased(Actor)
_shunned: Final = select(HostBlock.host).where(HostBlock.actor_id == VIEWER)
_any_host: Any = aliased(HostBlock)
_has_shunned: Final = select(_any_host.id).where(_any_host.actor_id == VIEWER).exists()


def shuns(by: Any, whom: Any) -> ColumnElement[bool]:
    """Whether `by` has nothing to do with the server that `whom` is on."""
    return exists().where(
        _there.id == whom, HostBlock.actor_id == by, or_(HostBlock.host == _there.host, HostBlock.host == _there.domain)
    )


def visible() -> ColumnElement[bool]:
    """A condition on `Post`, with the parameter `viewer` (an actor's id, or NOBODY): it is there, and for them."""
    return and_(Post.deleted_at.is_(None), allowed())


def allowed() -> ColumnElement[bool]:
    """The same without a look at whether it was deleted: who may be told that it is gone.

    Public and quiet posts are for everyone; followers' posts for followers; a room's for its
    members, and for nobody else who is named in it or was a member once; and what the room took
    out, for those who look after it. Else whoever is named, or wrote it, sees it in any case.
    Nobody sees what a suspended author wrote, or what somebody wrote who blocked them, or who is on a
    server that they have nothing to do with.
    """
    follows_author = exists().where(
        Follow.follower_id == VIEWER, Follow.followee_id == Post.author_id, Follow.state == FollowState.ACCEPTED
    )
    is_in_room = exists().where(
        Follow.follower_id == VIEWER, Follow.followee_id == Post.room_id, Follow.state == FollowState.ACCEPTED
    )
    took_it_out = exists().where(
        Removal.post_id == Post.id, Steward.room_id == Removal.room_id, Steward.actor_id == VIEWER
    )
    # Of somebody elsewhere, who asks or reacts: the room, which is elsewhere too, told us that they are in it.
    is_listed = exists().where(
        Member.room_id == Post.room_id, Member.uri == _reader.uri, _reader.id == VIEWER, ~_reader.local
    )
    is_named = exists().where(Mention.post_id == Post.id, Mention.actor_id == VIEWER)
    blocked = exists().where(
        or_(
            and_(Block.blocker_id == VIEWER, Block.blocked_id == Post.author_id),
            and_(Block.blocker_id == Post.author_id, Block.blocked_id == VIEWER),
        )
    )
    # Hardly anybody has such servers, which is asked once for all posts; and who writes is looked at in any case.
    shunned = and_(_has_shunned, or_(_author.host.in_(_shunned), _author.domain.in_(_shunned)))
    suspended = exists().where(_author.id == Post.author_id, or_(_author.suspended_at.is_not(None), shunned))
    is_for_them = or_(
        # Not as a list of values: a statement with one of its own has no plan ready (db/prepared.py).
        *(Post.visibility == each for each in OPEN),
        Post.author_id == VIEWER,
        and_(Post.visibility != Visibility.ROOM, is_named),
        and_(Post.visibility == Visibility.FOLLOWERS, follows_author),
        and_(Post.visibility == Visibility.ROOM, or_(is_in_room, took_it_out, is_listed)),
    )
    return and_(is_for_them, ~suspended, ~blocked)


MAY_SEE: Final = select(Post.id).where(Post.id == bindparam("post"), visible())


def may_see(tx: Connection, *, post_id: int, viewer: int | None) -> bool:
    return tx.scalar(MAY_SEE, {"post": post_id, "viewer": viewer or NOBODY}) is not None
