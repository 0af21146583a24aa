"""How many people and public posts this node has, for NodeInfo."""

from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import Connection, bindparam, func, or_, select

from fedishare.db.accounts import Account, Session
from fedishare.db.people import Actor
from fedishare.db.posts import Post
from fedishare.domain.audience import OPEN

MONTH: Final = timedelta(days=30)
HALF_YEAR: Final = timedelta(days=182)

_accounts: Final = select(func.count()).select_from(Account).where(Account.disabled_at.is_(None))
_public: Final = (
    select(func.count()).select_from(Post).where(Post.local, Post.visibility.in_(OPEN), Post.deleted_at.is_(None))
)
PEOPLE: Final = _accounts
# Whoever signed in or posted: sessions last longer than a month, and programs have none.
ACTIVE: Final = _accounts.where(
    or_(
        Account.id.in_(select(Session.account_id).where(Session.created_at >= bindparam("since"))),
        Account.actor_id.in_(select(Post.author_id).where(Post.local, Post.published_at >= bindparam("since"))),
    )
)
POSTS: Final = _public.where(Post.in_reply_to_uri.is_(None))
COMMENTS: Final = _public.where(Post.in_reply_to_uri.is_not(None))


SINCE: Final = select(Actor.created_at).where(Actor.uri == bindparam("node"))


class Usage(NamedTuple):
    people: int
    active_in_a_month: int
    active_in_half_a_year: int
    posts: int
    comments: int


def usage(tx: Connection, *, now: datetime) -> Usage:
    """Private posts are not counted (VIS-04)."""
    return Usage(
        people=tx.scalar(PEOPLE) or 0,
        active_in_a_month=tx.scalar(ACTIVE, {"since": now - MONTH}) or 0,
        active_in_half_a_year=tx.scalar(ACTIVE, {"since": now - HALF_YEAR}) or 0,
        posts=tx.scalar(POSTS) or 0,
        comments=tx.scalar(COMMENTS) or 0,
    )


def since(tx: Connection, *, uri: str) -> datetime:
    """When this node was set up; `uri` is the one of its own actor."""
    found: datetime = tx.execute(SINCE, {"node": uri}).scalar_one()
    return found
