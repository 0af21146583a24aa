"""Whose notices somebody wants to be asked about first: the one place where that is decided, for pages and for apps.

It is decided when a notice is read, so a policy that changes is true of all there is. Whoever uses these conditions
fills in `new_since`, from `since`.
"""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, SQLColumnExpression, and_, bindparam, exists, func, or_, select

from fedishare.db.base import UtcDateTime, aliased
from fedishare.db.follows import Follow
from fedishare.db.notices import Notice, NoticePermission, NoticePolicy
from fedishare.db.people import Actor
from fedishare.db.posts import Post
from fedishare.domain.audience import Visibility
from fedishare.domain.kinds import FollowState, NoticeKind
from fedishare.domain.notices import FROM_PEOPLE, NEW_FOR, Verdict

_sender: Final[Any] = aliased(Actor)
_post: Final[Any] = aliased(Post)


def judged(verdict: Verdict, me: SQLColumnExpression[int]) -> ColumnElement[bool]:
    """Whether this becomes of the notice at hand by what `me`, its recipient, decided."""
    any_of = [and_(_said(name, me) == verdict, reason) for name, reason in _reasons(me).items()]
    is_allowed = exists().where(NoticePermission.recipient_id == me, NoticePermission.sender_id == Notice.actor_id)
    return and_(_is_decided(me), Notice.kind.in_(FROM_PEOPLE), or_(*any_of), ~is_allowed)


def is_shown(me: SQLColumnExpression[int]) -> ColumnElement[bool]:
    """Whether the notice at hand is neither held back nor dropped; that nearly nobody decided anything comes first."""
    return or_(~_is_decided(me), and_(~judged(Verdict.FILTER, me), ~judged(Verdict.DROP, me)))


def since(now: datetime) -> datetime:
    """Accounts that were made after this are new."""
    return now - NEW_FOR


def _is_decided(me: SQLColumnExpression[int]) -> ColumnElement[bool]:
    return exists().where(NoticePolicy.actor_id == me)


def _said(name: str, me: SQLColumnExpression[int]) -> ColumnElement[Any]:
    return select(getattr(NoticePolicy, name)).where(NoticePolicy.actor_id == me).scalar_subquery()


def _reasons(me: SQLColumnExpression[int]) -> dict[str, ColumnElement[bool]]:
    """Nobody is limited on this node, so what is decided about those who are has no effect."""
    is_followed = _follows(me, Notice.actor_id)
    is_new = exists().where(
        _sender.id == Notice.actor_id,
        func.coalesce(_sender.published_at, _sender.created_at) > bindparam("new_since", type_=UtcDateTime()),
    )
    # An answer to what one wrote oneself is never held back for being private.
    is_private = and_(
        Notice.kind == NoticeKind.MENTION,
        exists().where(_post.id == Notice.post_id, _post.visibility == Visibility.MENTIONED),
    )
    return {
        "for_not_following": ~is_followed,
        "for_not_followers": ~_follows(Notice.actor_id, me),
        "for_new_accounts": and_(is_new, ~is_followed),
        "for_private_mentions": and_(is_private, ~is_followed),
    }


def _follows(follower: Any, followee: Any) -> ColumnElement[bool]:
    return exists().where(
        Follow.follower_id == follower, Follow.followee_id == followee, Follow.state == FollowState.ACCEPTED
    )
