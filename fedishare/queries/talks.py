"""Somebody's conversations with those named in them, by when the last word was said."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Select, bindparam, func, select

from fedishare.db.posts import Post
from fedishare.db.talks import Talk, TalkPost


class TalkRow(NamedTuple):
    """`key` is what the list is paged by; `post_id` is the last word that was not taken back."""

    id: int
    others: tuple[int, ...]
    unread: bool
    key: int
    post_id: int


_said = (
    select(func.max(TalkPost.post_id))
    .join(Post, Post.id == TalkPost.post_id)
    .where(TalkPost.talk_id == Talk.id, Post.deleted_at.is_(None))
    .correlate(Talk)
    .scalar_subquery()
)
# Where every word was taken back, there is no conversation.
_talks = select(Talk.id, Talk.others, Talk.unread, Talk.last_post_id, _said.label("said")).where(
    Talk.owner_id == bindparam("owner"), _said.is_not(None)
)


def _page(*, is_upward: bool) -> Select[*tuple[Any, ...]]:
    key: Any = Talk.last_post_id
    bounded = _talks.where(key < bindparam("before"), key > bindparam("above"))
    return bounded.order_by(key if is_upward else key.desc()).limit(bindparam("limit"))


PAGES: Final = {is_upward: _page(is_upward=is_upward) for is_upward in (False, True)}
ONE: Final = _talks.where(Talk.id == bindparam("talk"))
WITH_POST: Final = _talks.join(TalkPost, TalkPost.talk_id == Talk.id).where(TalkPost.post_id == bindparam("post"))


def page(
    tx: Connection, *, owner_id: int, before: int, above: int, limit: int, is_upward: bool = False
) -> list[TalkRow]:
    """Somebody's conversations, the one with the latest word first."""
    asked = {"owner": owner_id, "before": before, "above": above, "limit": limit}
    rows = [_row(row) for row in tx.execute(PAGES[is_upward], asked)]
    return rows[::-1] if is_upward else rows


def one(tx: Connection, *, owner_id: int, talk_id: int) -> TalkRow | None:
    row = tx.execute(ONE, {"owner": owner_id, "talk": talk_id}).one_or_none()
    return _row(row) if row is not None else None


def with_post(tx: Connection, *, owner_id: int, post_id: int) -> TalkRow | None:
    """The conversation of somebody's in which a post was said."""
    row = tx.execute(WITH_POST, {"owner": owner_id, "post": post_id}).one_or_none()
    return _row(row) if row is not None else None


def _row(row: Sequence[Any]) -> TalkRow:
    talk_id, others, unread, key, post_id = row
    return TalkRow(talk_id, tuple(map(int, others)), unread, key, post_id)
