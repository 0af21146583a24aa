"""Lays a post into the home timelines of those who should see it (fan-out on write)."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Text,
    and_,
    bindparam,
    exists,
    func,
    literal_column,
    or_,
    select,
)

from fedishare.db.base import BigId, aliased, insert
from fedishare.db.follows import Block, Follow, FollowedTag
from fedishare.db.lists import List, ListMember
from fedishare.db.people import Actor
from fedishare.db.posts import Home, Post, PostTag
from fedishare.domain.kinds import FollowState, Kind

_entry: Final[BindParameter[int]] = bindparam("entry", type_=BigId)
_post: Final[BindParameter[int]] = bindparam("post", type_=BigId)
_booster: Final[BindParameter[int | None]] = bindparam("booster", type_=BigId)
# Whoever put somebody on a list to be read apart has them there, and not at home.
_apart = exists().where(
    ListMember.actor_id == bindparam("by"),
    List.id == ListMember.list_id,
    List.owner_id == Follow.follower_id,
    List.exclusive,
)
_what: Any = aliased(Post)
_EDGE: Final = literal_column("'% '", Text)
_OTHER_EDGE: Final = literal_column("' %'", Text)


def speaks_to_them(post_id: Any) -> ColumnElement[bool]:
    """Whether a post is in a language in which a follower wants to read its author, as far as it says and they do."""
    spoken = func.lower(_what.language, type_=Text)
    root = func.substr(spoken, 1, 2, type_=Text)  # British English is English.
    return or_(
        Follow.languages.is_(None),
        exists().where(
            _what.id == post_id,
            or_(
                _what.language.is_(None),
                Follow.languages.like(_EDGE + spoken + _OTHER_EDGE),
                Follow.languages.like(_EDGE + root + _OTHER_EDGE),
            ),
        ),
    )


COLUMNS: Final = ["reader_id", "entry_id", "post_id", "booster_id"]
_followers = (
    select(Follow.follower_id, _entry, _post, _booster)
    .join(Actor, Actor.id == Follow.follower_id)
    .where(Follow.followee_id == bindparam("by"), Follow.state == FollowState.ACCEPTED, Actor.local)
    # A room that is linked with another follows it, and has no home.
    .where(Actor.kind != Kind.GROUP)
    .where(~exists().where(Block.blocker_id == Follow.follower_id, Block.blocked_id == bindparam("author")))
    .where(~_apart)
    .where(speaks_to_them(_post))
)
SPREAD: Final = insert(Home).from_select(COLUMNS, _followers).on_conflict_do_nothing()
SPREAD_BOOST: Final = insert(Home).from_select(COLUMNS, _followers.where(Follow.boosts)).on_conflict_do_nothing()
# A home does not fill with one side of talks: an answer goes to those who follow both.
_followed_too = aliased(Follow)
SPREAD_ANSWER: Final = (
    insert(Home)
    .from_select(
        COLUMNS,
        select(Follow.follower_id, _entry, _post, _booster)
        .join(Actor, Actor.id == Follow.follower_id)
        .join(_followed_too, _followed_too.follower_id == Follow.follower_id)
        .where(Follow.followee_id == bindparam("by"), Follow.state == FollowState.ACCEPTED, Actor.local)
        .where(_followed_too.followee_id == bindparam("to"), _followed_too.state == FollowState.ACCEPTED)
        .where(~exists().where(Block.blocker_id == Follow.follower_id, Block.blocked_id == bindparam("by")))
        .where(~_apart)
        .where(speaks_to_them(_post)),
    )
    .on_conflict_do_nothing()
)
# Who follows a hashtag gets what is public with it, whoever wrote it, but no answers: they are half of a talk.
SPREAD_TAGGED: Final = (
    insert(Home)
    .from_select(
        COLUMNS,
        select(FollowedTag.actor_id, _post, _post, bindparam("booster", None, type_=BigId))
        .join(PostTag, PostTag.name == FollowedTag.name)
        .join(Actor, Actor.id == FollowedTag.actor_id)
        .where(PostTag.post_id == _post, Actor.local)
        .where(
            ~exists().where(
                or_(
                    and_(Block.blocker_id == FollowedTag.actor_id, Block.blocked_id == bindparam("author")),
                    and_(Block.blocker_id == bindparam("author"), Block.blocked_id == FollowedTag.actor_id),
                )
            )
        )
        .distinct(),
    )
    .on_conflict_do_nothing()
)
LAY: Final = insert(Home).on_conflict_do_nothing()


def spread(
    tx: Connection,
    *,
    entry_id: int,
    post_id: int,
    by_id: int,
    booster_id: int | None = None,
    author_id: int | None = None,
) -> None:
    """Into the home of everyone here who follows `by`; nobody gets the same post twice."""
    who = author_id if author_id is not None else by_id
    tx.execute(SPREAD, {"entry": entry_id, "post": post_id, "booster": booster_id, "by": by_id, "author": who})


def spread_boost(tx: Connection, *, entry_id: int, post_id: int, by_id: int) -> None:
    """Into the home of everyone here who follows `by` and wants to see what they boost.

    A room boosts all that is said in it: that is `spread`.
    """
    said = {"entry": entry_id, "post": post_id, "booster": by_id, "by": by_id, "author": by_id}
    tx.execute(SPREAD_BOOST, said)


def spread_answer(tx: Connection, *, entry_id: int, post_id: int, by_id: int, to_id: int) -> None:
    """Into the home of everyone here who follows both the one who answers and the one who is answered."""
    tx.execute(SPREAD_ANSWER, {"entry": entry_id, "post": post_id, "booster": None, "by": by_id, "to": to_id})


def spread_tagged(tx: Connection, *, post_id: int, author_id: int) -> None:
    """Into the home of everyone here who follows a hashtag of a public post."""
    tx.execute(SPREAD_TAGGED, {"post": post_id, "author": author_id})


def lay(tx: Connection, *, readers: Sequence[int], entry_id: int, post_id: int) -> None:
    """Into the homes of these people."""
    rows = [{"reader_id": reader, "entry_id": entry_id, "post_id": post_id, "booster_id": None} for reader in readers]
    if rows:
        tx.execute(LAY, rows)
