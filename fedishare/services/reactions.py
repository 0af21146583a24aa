"""Likes and boosts, given and taken back; and dislikes from elsewhere, which are only kept."""

from datetime import datetime
from typing import Final

from sqlalchemy import Connection, bindparam, delete, select, update

from fedishare.core import crash
from fedishare.core.errors import NotFound, Refused
from fedishare.core.here import Here
from fedishare.db.base import insert
from fedishare.db.people import Actor
from fedishare.db.posts import Home, Post
from fedishare.db.reactions import Reaction
from fedishare.domain.audience import Visibility
from fedishare.domain.kinds import HappeningKind, NoticeKind, ReactionKind
from fedishare.jobs.queue import enqueue
from fedishare.jobs.types import PublishReaction, PublishUndo
from fedishare.services import happenings, notices, timelines

TARGET: Final = select(Post.id, Post.uri, Post.author_id, Post.visibility, Post.deleted_at).where(
    Post.id == bindparam("post")
)
IS_LOCAL: Final = select(Actor.local).where(Actor.id == bindparam("actor"))
RECORD: Final = insert(Reaction).on_conflict_do_nothing().returning(Reaction.id)
REMOVE: Final = (
    delete(Reaction)
    .where(Reaction.kind == bindparam("which"), Reaction.actor_id == bindparam("actor"))
    .where(Reaction.post_id == bindparam("post"))
    .returning(Reaction.id, Reaction.uri)
)
COUNT: Final = {
    ReactionKind.LIKE: update(Post)
    .where(Post.id == bindparam("post"))
    .values(likes_count=Post.likes_count + bindparam("more")),
    ReactionKind.BOOST: update(Post)
    .where(Post.id == bindparam("post"))
    .values(boosts_count=Post.boosts_count + bindparam("more")),
}
TAKE_FROM_HOMES: Final = delete(Home).where(Home.entry_id == bindparam("entry"))
OPPOSITE: Final = {
    ReactionKind.LIKE: ReactionKind.DISLIKE,
    ReactionKind.DISLIKE: ReactionKind.LIKE,
}
NOTICES: Final = {ReactionKind.LIKE: NoticeKind.LIKE, ReactionKind.BOOST: NoticeKind.BOOST}
BOOSTABLE: Final = frozenset({Visibility.PUBLIC, Visibility.QUIET})


def add(
    tx: Connection,
    here: Here,
    *,
    kind: ReactionKind,
    actor_id: int,
    post_id: int,
    uri: str | None = None,
    at: datetime | None = None,
) -> bool:
    """`actor` likes or boosts a post, once. Without `uri` it happened here and is published.

    A boost is laid into the home timelines of the booster's followers here. Raises NotFound for a
    post that is gone and Refused for a boost of something that is not public (VIS-05).
    """
    post = tx.execute(TARGET, {"post": post_id}).one_or_none()
    if post is None or post.deleted_at is not None:
        raise NotFound("This post is no longer there.")
    if kind is ReactionKind.BOOST and post.visibility not in BOOSTABLE:
        raise Refused("Only public posts can be boosted.")

    reaction_id = here.ids.new()
    row = {"id": reaction_id, "uri": uri or here.uris.activity(reaction_id), "kind": kind, "actor_id": actor_id}
    if tx.execute(RECORD, row | {"post_id": post_id, "created_at": at or here.now()}).scalar() is None:
        return False
    if kind in OPPOSITE:
        # Whoever votes the other way changes their mind: one of the two stands.
        changed = tx.execute(REMOVE, {"which": OPPOSITE[kind], "actor": actor_id, "post": post_id}).one_or_none()
        if changed is not None and kind is ReactionKind.DISLIKE:
            tx.execute(COUNT[ReactionKind.LIKE], {"post": post_id, "more": -1})
    if kind is ReactionKind.DISLIKE:
        return True
    tx.execute(COUNT[kind], {"post": post_id, "more": 1})
    crash.point("reaction.counted")
    if kind is ReactionKind.BOOST:
        timelines.spread_boost(tx, entry_id=reaction_id, post_id=post_id, by_id=actor_id)
    if uri is None:
        enqueue(tx, PublishReaction(reaction_id, post_id), due=here.now())
    cause = f"{actor_id}:{post_id}"
    notices.tell(
        tx, here, recipient_id=post.author_id, kind=NOTICES[kind], actor_id=actor_id, cause=cause, post_id=post_id
    )
    return True


def remove(tx: Connection, here: Here, *, kind: ReactionKind, actor_id: int, post_id: int) -> bool:
    """Take a like or boost back; one given here is undone elsewhere too."""
    gone = tx.execute(REMOVE, {"which": kind, "actor": actor_id, "post": post_id}).one_or_none()
    if gone is None:
        return False
    if kind in COUNT:
        tx.execute(COUNT[kind], {"post": post_id, "more": -1})
    tx.execute(TAKE_FROM_HOMES, {"entry": gone.id})
    if kind is ReactionKind.BOOST:
        happenings.note(tx, here, kind=HappeningKind.UNBOOST, actor_id=actor_id, subject_id=gone.id)
    if tx.scalar(IS_LOCAL, {"actor": actor_id}):
        enqueue(tx, PublishUndo(kind, gone.uri, actor_id, post_id), due=here.now())
    return True
