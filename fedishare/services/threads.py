"""What every post has, whoever wrote it: its place in a conversation, mentions, tags, revisions, an end."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import CompoundSelect, Connection, Select, bindparam, delete, func, or_, select, update

from fedishare.core.errors import NotFound
from fedishare.core.here import Here
from fedishare.db.anthologies import AnthologyItem
from fedishare.db.base import BigId, aliased, insert
from fedishare.db.bookmarks import Bookmark
from fedishare.db.media import Media
from fedishare.db.meetings import ActionPoint, ActionReport, AgendaItem, AgendaOrder, Meeting, Minutes
from fedishare.db.notices import Notice
from fedishare.db.people import Actor
from fedishare.db.polls import Poll, PollOption, Vote
from fedishare.db.posts import Attachment, Home, Mention, Post, PostTag, Revision
from fedishare.db.quotes import Quote, Stamp
from fedishare.db.resources import Resource, ResourceFile
from fedishare.db.rooms import Pin, Purpose
from fedishare.db.submissions import PostApp
from fedishare.db.versions import FormerFile, ResourceVersion, Watch
from fedishare.domain import markup
from fedishare.domain.audience import OPEN
from fedishare.domain.kinds import HappeningKind
from fedishare.jobs.queue import enqueue
from fedishare.jobs.types import Forget, Forward
from fedishare.queries import sight
from fedishare.services import collected, happenings, receipts

MOST_TAGS: Final = 100
MOST_REVISIONS: Final = 50
PARENT: Final = (
    select(Post.id, Post.uri, Post.author_id, Actor.uri.label("author_uri"), Post.thread_id, Post.room_id)
    .join(Actor, Actor.id == Post.author_id)
    .where(Post.id == bindparam("post"), Post.deleted_at.is_(None))
)
_answered: Final[Any] = aliased(Post)
_room: Final[Any] = aliased(Actor)
ANSWERED: Final = (
    select(_answered.author_id, Post.uri)
    .join(_answered, _answered.id == Post.in_reply_to_id)
    .outerjoin(_room, _room.id == Post.room_id)
    .where(Post.id == bindparam("post"), ~Post.local, Post.visibility.in_(OPEN))
    .where(_answered.local, _answered.visibility.in_(OPEN), _answered.deleted_at.is_(None))
    .where(or_(Post.room_id.is_(None), ~_room.local))
)
UNTAG: Final = delete(PostTag).where(PostTag.post_id == bindparam("post"))
TAG: Final = insert(PostTag).on_conflict_do_nothing()
MENTION: Final = insert(Mention).on_conflict_do_nothing()
COUNT: Final = (
    update(Post).where(Post.id == bindparam("parent")).values(replies_count=Post.replies_count + bindparam("more"))
)
KEEP: Final = insert(Revision).from_select(
    ["post_id", "until", "title", "warning", "content", "source"],
    select(
        Post.id, bindparam("until", type_=Revision.until.type), Post.title, Post.warning, Post.content, Post.source
    ).where(Post.id == bindparam("post")),
)
REVISIONS: Final = select(func.count()).select_from(Revision).where(Revision.post_id == bindparam("post"))
OLDEST: Final = delete(Revision).where(
    Revision.id == select(func.min(Revision.id)).where(Revision.post_id == bindparam("post")).scalar_subquery()
)
REWRITE: Final = (
    update(Post)
    .where(Post.id == bindparam("row"))
    .values(
        title=bindparam("new_title"),
        warning=bindparam("new_warning"),
        content=bindparam("new_content"),
        source=bindparam("new_source"),
        language=bindparam("new_language"),
        sensitive=bindparam("new_sensitive"),
        edited_at=bindparam("at"),
    )
    .returning(Post.author_id)
)
# Everything that holds a part of a post.
HOLDERS: Final[tuple[Any, ...]] = (
    Home,
    PostTag,
    Attachment,
    Revision,
    Notice,
    Media,
    ResourceFile,
    Resource,
    Pin,
    Vote,
    PollOption,
    Poll,
    Quote,
    Stamp,
    Meeting,
    AgendaItem,
    AgendaOrder,
    Minutes,
    ActionPoint,
    ActionReport,
    Purpose,
    ResourceVersion,
    FormerFile,
    Watch,
    AnthologyItem,
    Bookmark,
    PostApp,
)
OF_ONE: Final = select(bindparam("post", type_=BigId))
OF_AUTHOR: Final = select(Post.id).where(Post.author_id == bindparam("author"))


def _stored(posts: Select[int]) -> CompoundSelect[str | None]:
    of_pictures = select(Media.storage_key).where(Media.post_id.in_(posts))
    of_files = select(ResourceFile.storage_key).where(ResourceFile.post_id.in_(posts))
    return of_pictures.union_all(of_files, select(FormerFile.storage_key).where(FormerFile.post_id.in_(posts)))


STORED: Final = _stored(OF_ONE)
STORED_OF_AUTHOR: Final = _stored(OF_AUTHOR)
DROPS: Final = tuple(delete(holder).where(holder.post_id == bindparam("post")) for holder in HOLDERS)
DROPS_OF_AUTHOR: Final = tuple(delete(holder).where(holder.post_id.in_(OF_AUTHOR)) for holder in HOLDERS)
EMPTY: Final = (
    update(Post)
    .where(Post.id == bindparam("post"))
    .values(
        title=None,
        warning=None,
        content="",
        source=None,
        deleted_at=bindparam("now"),
        likes_count=0,
        boosts_count=0,
    )
    .returning(Post.in_reply_to_id, Post.author_id)
)
EMPTY_ALL: Final = (
    update(Post)
    .where(Post.author_id == bindparam("author"), Post.deleted_at.is_(None))
    .values(
        title=None, warning=None, content="", source=None, deleted_at=bindparam("now"), likes_count=0, boosts_count=0
    )
)


class Parent(NamedTuple):
    id: int
    uri: str
    author_id: int
    author_uri: str
    thread_id: int
    room_id: int | None


class Wording(NamedTuple):
    """What an edit may change of a post, as it will read."""

    title: str | None
    warning: str | None
    content: str
    source: str | None
    language: str | None
    sensitive: bool


def parent_of(tx: Connection, *, post_id: int, reader: int) -> Parent:
    """The post that `reader` is about to answer. Raises NotFound where they may not see it, or it is gone."""
    found = tx.execute(PARENT, {"post": post_id}).one_or_none()
    if found is None or not sight.may_see(tx, post_id=post_id, viewer=reader):
        raise NotFound("The post you are answering is no longer there.")
    return Parent(*found)


def tag(tx: Connection, *, post_id: int, labels: Iterable[str], is_new: bool = False) -> None:
    """Give a post these hashtags, and no others; one that `is_new` has none yet."""
    if not is_new:
        tx.execute(UNTAG, {"post": post_id})
    folded = {markup.fold_tag(label): label for label in labels}
    rows = [{"name": name, "post_id": post_id, "label": label} for name, label in folded.items() if name]
    if rows:
        tx.execute(TAG, rows[:MOST_TAGS])


def mention(tx: Connection, *, post_id: int, loud: Iterable[int], silent: Iterable[int]) -> None:
    """Who a post names, and who it is addressed to without naming them."""
    rows = [{"post_id": post_id, "actor_id": actor, "silent": False} for actor in loud]
    rows += [{"post_id": post_id, "actor_id": actor, "silent": True} for actor in silent]
    if rows:
        tx.execute(MENTION, rows)


def forward(tx: Connection, here: Here, *, post_id: int, activity_uri: str) -> bool:
    """Something happened to an answer: the followers of whoever of ours was answered should see it too.

    Only in public, and not in a room of ours, which passes on what happens in it by itself.
    """
    found = tx.execute(ANSWERED, {"post": post_id}).one_or_none()
    if found is None:
        return False
    enqueue(tx, Forward(found.author_id, activity_uri, found.uri, post_id), due=here.now())
    return True


def count_reply(tx: Connection, *, parent_id: int, more: int) -> None:
    tx.execute(COUNT, {"parent": parent_id, "more": more})


def keep_revision(tx: Connection, *, post_id: int, until: datetime) -> None:
    """Keep what a post says now, before it is rewritten; the oldest goes once there are too many (SEQ-08)."""
    tx.execute(KEEP, {"post": post_id, "until": until})
    if (tx.scalar(REVISIONS, {"post": post_id}) or 0) > MOST_REVISIONS:
        tx.execute(OLDEST, {"post": post_id})


def rewrite(tx: Connection, here: Here, *, post_id: int, said: Wording, at: datetime) -> None:
    """The post says this from now on; `at` is what other servers are told as the time of the edit."""
    said_anew = {f"new_{name}": value for name, value in said._asdict().items()}
    author_id = tx.execute(REWRITE, said_anew | {"row": post_id, "at": at}).scalar_one()
    happenings.note(tx, here, kind=HappeningKind.EDIT, actor_id=author_id, subject_id=post_id)


def empty(tx: Connection, here: Here, *, post_id: int, uri: str) -> None:
    """Delete what a post held. The row stays, so that answers keep their place and the id is never filled again."""
    keys = tuple(key for key in tx.scalars(STORED, {"post": post_id}) if key)
    collected.lose(tx, here, post_id=post_id)
    for drop in DROPS:
        tx.execute(drop, {"post": post_id})
    emptied = tx.execute(EMPTY, {"post": post_id, "now": here.now()}).one()
    if emptied.in_reply_to_id is not None:
        count_reply(tx, parent_id=emptied.in_reply_to_id, more=-1)
    happenings.note(tx, here, kind=HappeningKind.DELETE, actor_id=emptied.author_id, subject_id=post_id)
    receipts.remember_deleted(tx, uri=uri, now=here.now())
    if keys:
        enqueue(tx, Forget(keys), due=here.now())


def empty_all(tx: Connection, here: Here, *, author_id: int) -> None:
    """Delete what all posts of an author held, as `empty` does for one."""
    keys = tuple(key for key in tx.scalars(STORED_OF_AUTHOR, {"author": author_id}) if key)
    collected.lose_all(tx, here, author_id=author_id)
    for drop in DROPS_OF_AUTHOR:
        tx.execute(drop, {"author": author_id})
    tx.execute(EMPTY_ALL, {"author": author_id, "now": here.now()})
    if keys:
        enqueue(tx, Forget(keys), due=here.now())
