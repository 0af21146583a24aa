"""Posts from elsewhere: stored, revised, erased. Everything here may come twice, late, or out of order."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Row, bindparam, delete, select, update

from fedishare.core import crash
from fedishare.core.here import Here
from fedishare.db.base import insert, lock
from fedishare.db.people import Actor
from fedishare.db.posts import Attachment, Post
from fedishare.db.work import Tombstone
from fedishare.domain.audience import Visibility
from fedishare.domain.kinds import Kind, NoticeKind
from fedishare.jobs.queue import enqueue
from fedishare.jobs.types import FetchParent
from fedishare.services import notices, receipts, resources, rooms, threads, timelines
from fedishare.services.drafts import ForeignPost
from fedishare.services.threads import Wording

MOST_ATTACHMENTS: Final = 16
MOST_NAMED: Final = 1_000
DELETED: Final = select(Tombstone.uri).where(Tombstone.uri == bindparam("named"))
KNOWN: Final = select(
    Post.id, Post.author_id, Post.room_id, Post.in_reply_to_id, Post.published_at, Post.edited_at, Post.deleted_at
).where(Post.uri == bindparam("named"))
KNOWN_FOR_CHANGE: Final = KNOWN.with_for_update()
AUTHOR: Final = select(Actor.local, Actor.suspended_at, Actor.deleted_at).where(Actor.id == bindparam("actor"))
PARENT: Final = (
    select(Post.id, Post.thread_id, Post.author_id, Post.room_id, Actor.local.label("room_is_local"))
    .outerjoin(Actor, Actor.id == Post.room_id)
    .where(Post.uri == bindparam("named"))
)
NAMED: Final = select(Actor.id, Actor.uri, Actor.kind, Actor.local).where(
    Actor.uri.in_(bindparam("uris", expanding=True)), Actor.deleted_at.is_(None)
)
RECORD: Final = insert(Post).on_conflict_do_nothing(index_elements=["uri"]).returning(Post.id)
ATTACH: Final = insert(Attachment)
DETACH: Final = delete(Attachment).where(Attachment.post_id == bindparam("post"))
# An answer that came before what it answers finds its place, and brings its own thread along.
ORPHANS: Final = select(Post.id, Post.thread_id).where(
    Post.in_reply_to_uri == bindparam("named"), Post.in_reply_to_id.is_(None), Post.deleted_at.is_(None)
)
ADOPT: Final = update(Post).where(Post.id == bindparam("row")).values(in_reply_to_id=bindparam("parent"))
JOIN_THREAD: Final = (
    update(Post).where(Post.thread_id == bindparam("old_thread")).values(thread_id=bindparam("new_thread"))
)


class StoredPost(NamedTuple):
    id: int
    is_new: bool


class Arrival(NamedTuple):
    """A post just stored, with what it answers and the actors it names, as far as we know them."""

    post: ForeignPost
    post_id: int
    parent: Row[*tuple[Any, ...]] | None
    named: Sequence[Row[*tuple[Any, ...]]]


def store(tx: Connection, here: Here, post: ForeignPost, *, activity_uri: str | None) -> StoredPost | None:
    """Keep a post from elsewhere, once, and show it where it belongs.

    `activity_uri` is the stored activity that brought it; a room of ours passes that on. None
    comes back where nothing is kept: it was deleted before, its author is suspended, or it was a
    "used it", which is recorded as such.
    """
    # Its own deletion, and the arrival of what it answers, wait for each other.
    lock(tx, post.uri, *([post.in_reply_to_uri] if post.in_reply_to_uri else []))
    if tx.scalar(DELETED, {"named": post.uri}) is not None:
        return None
    author = tx.execute(AUTHOR, {"actor": post.author_id}).one()
    if author.local or author.suspended_at is not None or author.deleted_at is not None:
        return None
    if post.use is not None:
        at, use = post.published_at, post.use
        resources.store_use(tx, here, uri=post.uri, actor_id=post.author_id, at=at, use=use)
        return None
    known = tx.execute(KNOWN, {"named": post.uri}).one_or_none()
    if known is not None:
        return StoredPost(known.id, is_new=False)

    parent = _parent(tx, post)
    named = _named(tx, post)
    post_id = _record(tx, here, post, parent)
    if post_id is None:
        return StoredPost(tx.execute(KNOWN, {"named": post.uri}).one().id, is_new=False)
    crash.point("arrival.kept")
    _describe(tx, post_id, post)
    loud = {row.id for row in named if row.uri in post.mentions and row.id != post.author_id}
    silent = {row.id for row in named if row.kind is not Kind.GROUP} - loud - {post.author_id}
    threads.mention(tx, post_id=post_id, loud=loud, silent=silent)
    _adopt(tx, post_id, post.uri, parent.thread_id if parent else post_id)
    if parent is not None:
        threads.count_reply(tx, parent_id=parent.id, more=1)
    elif post.in_reply_to_uri is not None:
        enqueue(tx, FetchParent(post_id), due=here.now())
    arrival = Arrival(post, post_id, parent, named)
    _show(tx, arrival)
    crash.point("arrival.shown")
    _tell(tx, here, arrival, loud | silent)
    _enter_room(tx, here, arrival, activity_uri)
    return StoredPost(post_id, is_new=True)


def _parent(tx: Connection, post: ForeignPost) -> Row[*tuple[Any, ...]] | None:
    if post.in_reply_to_uri is None:
        return None
    return tx.execute(PARENT, {"named": post.in_reply_to_uri}).one_or_none()


def _named(tx: Connection, post: ForeignPost) -> Sequence[Row[*tuple[Any, ...]]]:
    """The actors we know whom the post names or is addressed to."""
    uris = dict.fromkeys((*post.mentions, *post.audience, *post.to, *post.cc))
    return tx.execute(NAMED, {"uris": list(uris)[:MOST_NAMED]}).all()


def _record(tx: Connection, here: Here, post: ForeignPost, parent: Row[*tuple[Any, ...]] | None) -> int | None:
    post_id = here.ids.new()
    row = {
        "id": post_id,
        "uri": post.uri,
        "url": post.url,
        "kind": post.kind,
        "author_id": post.author_id,
        "local": False,
        "title": post.title,
        "warning": post.warning,
        "content": post.content,
        "source": post.source,
        "language": post.language,
        "sensitive": post.sensitive,
        "visibility": post.visibility,
        "addressed_to": list(post.to),
        "addressed_cc": list(post.cc),
        "in_reply_to_uri": post.in_reply_to_uri,
        "in_reply_to_id": parent.id if parent else None,
        "thread_id": parent.thread_id if parent else post_id,
        "context_uri": post.context_uri,
        "published_at": min(post.published_at, here.now()),
        "edited_at": post.updated_at if post.updated_at and post.updated_at > post.published_at else None,
    }
    return tx.execute(RECORD, row).scalar()


def _describe(tx: Connection, post_id: int, post: ForeignPost) -> None:
    threads.tag(tx, post_id=post_id, labels=post.tags)
    rows = [
        {
            "post_id": post_id,
            "position": position,
            "kind": found.kind,
            "url": found.url,
            "media_key": None,
            "media_type": found.media_type,
            "alt": found.alt,
            "width": found.width,
            "height": found.height,
            "focal_x": found.focal[0] if found.focal else None,
            "focal_y": found.focal[1] if found.focal else None,
        }
        for position, found in enumerate(post.attachments[:MOST_ATTACHMENTS])
    ]
    if rows:
        tx.execute(ATTACH, rows)
    if post.resource is not None:
        resources.attach_foreign(tx, post_id=post_id, resource=post.resource)


def _adopt(tx: Connection, post_id: int, uri: str, thread_id: int) -> None:
    for orphan in tx.execute(ORPHANS, {"named": uri}).all():
        tx.execute(ADOPT, {"row": orphan.id, "parent": post_id})
        tx.execute(JOIN_THREAD, {"old_thread": orphan.thread_id, "new_thread": thread_id})
        threads.count_reply(tx, parent_id=post_id, more=1)


def _show(tx: Connection, arrival: Arrival) -> None:
    post, post_id, parent, named = arrival
    match post.visibility:
        case Visibility.MENTIONED:
            readers = [row.id for row in named if row.local and row.kind is Kind.PERSON]
            timelines.lay(tx, readers=readers, entry_id=post_id, post_id=post_id)
        case Visibility.ROOM:
            return  # The room's own announcement shows it to its members.
        case _ if post.in_reply_to_uri is None or (parent is not None and parent.author_id == post.author_id):
            timelines.spread(tx, entry_id=post_id, post_id=post_id, by_id=post.author_id)
        case _ if parent is None:
            return  # Until what it answers is here, nobody can tell whose home it belongs in.
        case _:
            by, to = post.author_id, parent.author_id
            timelines.spread_answer(tx, entry_id=post_id, post_id=post_id, by_id=by, to_id=to)


def _tell(tx: Connection, here: Here, arrival: Arrival, named: set[int]) -> None:
    post, parent = arrival.post, arrival.parent
    kinds = dict.fromkeys(named, NoticeKind.MENTION)
    if parent is not None:
        kinds[parent.author_id] = NoticeKind.REPLY
    for recipient, kind in kinds.items():
        notices.tell(
            tx,
            here,
            recipient_id=recipient,
            kind=kind,
            actor_id=post.author_id,
            cause=post.uri,
            post_id=arrival.post_id,
        )


def _enter_room(tx: Connection, here: Here, arrival: Arrival, activity_uri: str | None) -> None:
    """Into the room of the thread, or the room of ours it names (F12). A room elsewhere files it by announcing it."""
    post, post_id, parent, named = arrival
    if post.visibility in {Visibility.FOLLOWERS, Visibility.MENTIONED}:
        return
    if parent is not None and parent.room_id is not None:
        ours = [parent.room_id] if parent.room_is_local else []
    else:
        ours = [row.id for row in named if row.local and row.kind is Kind.GROUP]
    if ours:
        rooms.admit(tx, here, room_id=ours[0], post_id=post_id, activity_uri=activity_uri)


def revise(tx: Connection, here: Here, post: ForeignPost, *, activity_uri: str | None) -> bool:
    """Its author rewrote a post. Only a newer version counts (SEQ-06); who may see it stays as it was."""
    known = tx.execute(KNOWN_FOR_CHANGE, {"named": post.uri}).one_or_none()
    if known is None or known.deleted_at is not None or known.author_id != post.author_id:
        return False
    at = min(post.updated_at or known.published_at, here.now())
    if at <= (known.edited_at or known.published_at):
        return False
    threads.keep_revision(tx, post_id=known.id, until=at)
    said = Wording(post.title, post.warning, post.content, post.source, post.language, post.sensitive)
    threads.rewrite(tx, post_id=known.id, said=said, at=at)
    tx.execute(DETACH, {"post": known.id})
    _describe(tx, known.id, post)
    if activity_uri is not None:
        rooms.pass_on(tx, here, activity_uri=activity_uri, post_id=known.id)
    return True


def erase(tx: Connection, here: Here, *, uri: str, by_id: int, activity_uri: str | None) -> bool:
    """Its author deleted a post, known or not: it can never come (back) under this address (SEQ-01).

    The caller has checked that the address is on its author's host.
    """
    lock(tx, uri)
    known = tx.execute(KNOWN_FOR_CHANGE, {"named": uri}).one_or_none()
    if known is None:
        receipts.remember_deleted(tx, uri=uri, now=here.now())
        return False
    if known.author_id != by_id or known.deleted_at is not None:
        return False
    if activity_uri is not None:
        rooms.pass_on(tx, here, activity_uri=activity_uri, post_id=known.id)
    threads.empty(tx, here, post_id=known.id, uri=uri)
    return True
