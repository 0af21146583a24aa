"""Posts from elsewhere: stored, revised, erased. Everything here may come twice, late, or out of order."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Row, bindparam, delete, exists, select, update

from fedishare.core import crash
from fedishare.core.here import Here
from fedishare.db.base import aliased, insert, lock
from fedishare.db.people import Actor
from fedishare.db.posts import Attachment, Post
from fedishare.db.work import Tombstone
from fedishare.domain.audience import Visibility, is_public
from fedishare.domain.kinds import Kind, NoticeKind, QuotePolicy
from fedishare.jobs.queue import enqueue
from fedishare.jobs.types import FetchParent
from fedishare.queries import known, links, privacy
from fedishare.services import (
    hearing,
    library,
    lineage,
    notices,
    papers,
    polls,
    questions,
    quotes,
    receipts,
    resources,
    rooms,
    talks,
    threads,
    timelines,
    versions,
)
from fedishare.services.drafts import ForeignPost
from fedishare.services.threads import Wording

MOST_ATTACHMENTS: Final = 16
MOST_NAMED: Final = 1_000
_SPREAD: Final = frozenset({Visibility.PUBLIC, Visibility.QUIET, Visibility.FOLLOWERS})
_IN_ROOMS: Final = frozenset({Visibility.PUBLIC, Visibility.QUIET, Visibility.ROOM})
_parent_post: Final[Any] = aliased(Post)
KNOWN: Final = select(
    Post.id,
    Post.author_id,
    Post.room_id,
    Post.in_reply_to_id,
    Post.published_at,
    Post.edited_at,
    Post.deleted_at,
    Post.quote_policy,
).where(Post.uri == bindparam("named"))
KNOWN_FOR_CHANGE: Final = KNOWN.with_for_update()
_is_deleted: Final = exists().where(Tombstone.uri == bindparam("named"))
AUTHOR: Final = select(
    Actor.followers,
    known.has_followers_here(Actor.id).label("is_followed"),
    known.is_awaited(Actor.id).label("is_awaited"),
).where(
    Actor.id == bindparam("actor"),
    ~Actor.local,
    Actor.suspended_at.is_(None),
    Actor.deleted_at.is_(None),
    ~_is_deleted,
)
AUTHOR_URI: Final = select(Actor.uri).where(Actor.id == bindparam("actor"))
PARENT: Final = (
    select(
        Post.id,
        Post.thread_id,
        Post.author_id,
        Post.room_id,
        Actor.local.label("room_is_local"),
        Actor.uri.label("room_uri"),
    )
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
ORPHANS: Final = select(Post.id, Post.thread_id, Post.author_id, Post.visibility, Post.published_at).where(
    Post.in_reply_to_uri == bindparam("named"), Post.in_reply_to_id.is_(None), Post.deleted_at.is_(None)
)
ADOPT: Final = update(Post).where(Post.id == bindparam("row")).values(in_reply_to_id=bindparam("parent"))
JOIN_THREAD: Final = (
    update(Post).where(Post.thread_id == bindparam("old_thread")).values(thread_id=bindparam("new_thread"))
)


LATE: Final = (
    select(Post.room_id.label("has_room"), _parent_post.room_id, Post.visibility)
    .join(_parent_post, _parent_post.id == Post.in_reply_to_id)
    .join(Actor, Actor.id == _parent_post.room_id)
    .where(Post.id == bindparam("post"), Post.deleted_at.is_(None), Actor.local)
)
# What is found by asking around may be years old, and no news to anybody. Homes are for what is new,
# as in Mastodon; people are told of what might have been on its way to them since.
NEW_FOR: Final = timedelta(hours=6)
TOLD_FOR: Final = timedelta(days=8)


class StoredPost(NamedTuple):
    id: int
    is_new: bool


class Place(NamedTuple):
    """Where a post stands: its row, and the conversation it belongs to."""

    post_id: int
    thread_id: int


class Arrival(NamedTuple):
    """A post just stored, with what it answers and the actors it names, as far as we know them."""

    post: ForeignPost
    post_id: int
    parent: Row[*tuple[Any, ...]] | None
    named: Sequence[Row[*tuple[Any, ...]]]
    age: timedelta
    is_awaited: bool


def store(
    tx: Connection,
    here: Here,
    post: ForeignPost,
    *,
    activity_uri: str | None,
    is_quoted: bool = False,
    past_place: int | None = None,
) -> StoredPost | None:
    """Keep a post from elsewhere, once, and show it where it belongs.

    `activity_uri` is the stored activity that brought it; a room of ours passes that on. None
    comes back where nothing is kept: it was deleted before, its author is suspended, nobody here
    has to do with it, or it was a "used it", which is recorded as such. What a post quotes that
    `is_quoted` itself is not looked for. What has a place in the past of a room stands where it would if
    it had come in its time: it is no news to anybody, and whoever keeps it knows which room it is in.
    """
    # Its own deletion, and the arrival of what it answers, wait for each other.
    lock(tx, post.uri, *([post.in_reply_to_uri] if post.in_reply_to_uri else []))
    author = _author(tx, post, was_sent=activity_uri is not None)
    if author is None:
        return None
    if post.use is not None:
        at, use = post.published_at, post.use
        resources.store_use(tx, here, uri=post.uri, actor_id=post.author_id, at=at, use=use)
        return None
    parent = _parent(tx, post)
    named = _named(tx, post, but=author.followers)
    post_id = _record(tx, here, post, parent, past_place=past_place)
    if post_id is None:  # It is here already.
        return StoredPost(tx.execute(KNOWN, {"named": post.uri}).one().id, is_new=False)
    crash.point("arrival.kept")
    _describe(tx, here, post_id, post, is_new=True)
    _ask(tx, here, post_id, post, may_look=not is_quoted)
    questions.keep(tx, post_id=post_id, purpose=post.purpose, answer_uri=post.answer_uri)
    loud = {row.id for row in named if row.uri in post.mentions and row.id != post.author_id}
    silent = {row.id for row in named if row.kind is not Kind.GROUP} - loud - {post.author_id}
    threads.mention(tx, post_id=post_id, loud=loud, silent=silent)
    _adopt(tx, here, post, Place(post_id, parent.thread_id if parent else post_id))
    if parent is not None:
        threads.count_reply(tx, parent_id=parent.id, more=1)
    elif post.in_reply_to_uri is not None:
        enqueue(tx, FetchParent(post_id, activity_uri=activity_uri), due=here.now())
    if past_place is not None:
        return StoredPost(post_id, is_new=True)
    age = here.now() - post.published_at if activity_uri is None else timedelta()
    arrival = Arrival(post, post_id, parent, named, age, is_awaited=bool(author.is_awaited))
    if age < NEW_FOR:
        _show(tx, here, arrival)
    crash.point("arrival.shown")
    if age < TOLD_FOR:
        _tell(tx, here, arrival, loud | silent)
        if post.resource is not None and post.resource.bases:
            lineage.tell_sources(tx, here, post_id=post_id, uri=post.uri, author_id=post.author_id)
    _enter_room(tx, here, arrival, activity_uri)
    return StoredPost(post_id, is_new=True)


def _concerns_us(tx: Connection, post: ForeignPost) -> bool:
    """Whether a post that a stranger sent has to do with anybody here, as in Mastodon (mastodon.md 3)."""
    if post.use is not None:
        return True
    related = [post.in_reply_to_uri, post.quote.uri if post.quote is not None else None]
    if post.resource is not None:
        related += [basis.uri for basis in post.resource.bases]
    if known.has_any(tx, uris=[uri for uri in related if uri]):
        return True
    named = (*post.to, *post.cc, *post.audience, *post.mentions)
    return known.reaches_us(tx, uris=named) or known.names_followed_room(tx, uris=named)


def _author(tx: Connection, post: ForeignPost, *, was_sent: bool) -> Row[*tuple[Any, ...]] | None:
    """Whoever wrote the post; nobody if it may not be kept.

    It was deleted before, they are not welcome, or strangers sent what concerns nobody here.
    """
    author = tx.execute(AUTHOR, {"actor": post.author_id, "named": post.uri}).one_or_none()
    if author is None or author.is_followed or not was_sent:
        return author
    return author if _concerns_us(tx, post) else None


def _ask(tx: Connection, here: Here, post_id: int, post: ForeignPost, *, may_look: bool) -> None:
    """What the post wants of others: their votes, or leave to quote them."""
    if post.poll is not None:
        polls.attach_foreign(tx, post_id=post_id, poll=post.poll)
    if post.quote is not None:
        who, quote = post.author_id, post.quote
        quotes.attach_foreign(
            tx, here, post_id=post_id, post_uri=post.uri, author_id=who, quote=quote, may_look=may_look
        )


def _parent(tx: Connection, post: ForeignPost) -> Row[*tuple[Any, ...]] | None:
    if post.in_reply_to_uri is None:
        return None
    return tx.execute(PARENT, {"named": post.in_reply_to_uri}).one_or_none()


def _named(tx: Connection, post: ForeignPost, *, but: str | None) -> Sequence[Row[*tuple[Any, ...]]]:
    """The actors we know whom the post names or is addressed to, which neither the public nor `but` is."""
    uris = dict.fromkeys((*post.mentions, *post.audience, *post.to, *post.cc))
    wanted = [uri for uri in uris if uri != but and not is_public(uri)][:MOST_NAMED]
    return tx.execute(NAMED, {"uris": wanted}).all() if wanted else ()


def _record(
    tx: Connection, here: Here, post: ForeignPost, parent: Row[*tuple[Any, ...]] | None, *, past_place: int | None
) -> int | None:
    then = min(post.published_at, here.now())
    post_id = here.ids.new() if past_place is None else here.ids.at(then, place=past_place)
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
        "quote_policy": post.quote_policy,
    }
    return tx.execute(RECORD, row).scalar()


def _describe(tx: Connection, here: Here, post_id: int, post: ForeignPost, *, is_new: bool = False) -> None:
    threads.tag(tx, post_id=post_id, labels=post.tags, is_new=is_new)
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
    if post.paper is not None:
        papers.keep(tx, here, post_id=post_id, uri=post.uri, paper=post.paper, is_new=is_new)


def _adopt(tx: Connection, here: Here, post: ForeignPost, place: Place) -> None:
    for orphan in tx.execute(ORPHANS, {"named": post.uri}).all():
        tx.execute(ADOPT, {"row": orphan.id, "parent": place.post_id})
        tx.execute(JOIN_THREAD, {"old_thread": orphan.thread_id, "new_thread": place.thread_id})
        threads.count_reply(tx, parent_id=place.post_id, more=1)
        if orphan.visibility in _SPREAD and here.now() - orphan.published_at < NEW_FOR:
            _show_orphan(tx, orphan.id, by=orphan.author_id, to=post.author_id)


def _show_orphan(tx: Connection, post_id: int, *, by: int, to: int) -> None:
    """Now that it is known whom it answers, it is known as well whose homes an answer belongs in."""
    if by == to:
        timelines.spread(tx, entry_id=post_id, post_id=post_id, by_id=by)
    else:
        timelines.spread_answer(tx, entry_id=post_id, post_id=post_id, by_id=by, to_id=to)


def enter_late(tx: Connection, here: Here, *, post_id: int, activity_uri: str | None) -> bool:
    """An answer whose thread was found later than itself enters the room of ours that the thread is in.

    Answers False where there is no such room, or it is there already.
    """
    found = tx.execute(LATE, {"post": post_id}).one_or_none()
    if found is None or found.has_room is not None or found.visibility not in _IN_ROOMS:
        return False
    return rooms.admit(tx, here, room_id=found.room_id, post_id=post_id, activity_uri=activity_uri)


def _show(tx: Connection, here: Here, arrival: Arrival) -> None:
    post, post_id, parent, named = arrival[:4]
    if post.tags and post.visibility is Visibility.PUBLIC and post.in_reply_to_uri is None:
        timelines.spread_tagged(tx, post_id=post_id, author_id=post.author_id)
    match post.visibility:
        case Visibility.MENTIONED:
            readers = [row.id for row in named if row.local and row.kind is Kind.PERSON]
            timelines.lay(tx, readers=readers, entry_id=post_id, post_id=post_id)
            talks.record(tx, here, post_id=post_id)
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
    if post.visibility is Visibility.ROOM:
        members = privacy.members_among(tx, followers=post.to, ids=kinds)
        kinds = {recipient: kind for recipient, kind in kinds.items() if recipient in members}
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
    is_talk = post.in_reply_to_uri is not None and (parent is None or parent.author_id != post.author_id)
    if arrival.is_awaited and post.visibility in _SPREAD and not is_talk and arrival.age < NEW_FOR:
        told = {post.author_id, *kinds}
        hearing.tell(tx, here, author_id=post.author_id, post_id=arrival.post_id, uri=post.uri, but=told)


def _enter_room(tx: Connection, here: Here, arrival: Arrival, activity_uri: str | None) -> None:
    """Into the room of the thread, or the room of ours it names (F12). A room elsewhere files it by announcing it."""
    post, post_id, parent, named = arrival[:4]
    if post.visibility not in _IN_ROOMS:
        return
    if parent is not None and parent.room_id is not None:
        ours = [parent.room_id] if parent.room_is_local and not _comes_by_link(tx, post, parent) else []
    else:
        ours = [row.id for row in named if row.local and row.kind is Kind.GROUP]
    if ours:
        refused = _refused_paper(tx, post, room_id=ours[0])
        admitted = rooms.admit(tx, here, room_id=ours[0], post_id=post_id, activity_uri=activity_uri, refused=refused)
        if admitted and post.paper is not None:
            papers.judge_later(tx, here, post_id=post_id)


def _comes_by_link(tx: Connection, post: ForeignPost, parent: Row[*tuple[Any, ...]]) -> bool:
    """Whether an answer was written into another room that has the conversation: that one has to take it first."""
    named = {*post.audience, *post.to, *post.cc, *post.mentions}
    return bool(post.audience) and parent.room_uri not in named and links.is_linked(tx, room_id=parent.room_id)


def _refused_paper(tx: Connection, post: ForeignPost, *, room_id: int) -> str | None:
    """Why a room of ours does not take the paper that a post is: the others trust it that it looked."""
    if post.paper is None:
        return None
    author_uri = tx.execute(AUTHOR_URI, {"actor": post.author_id}).scalar_one()
    return papers.why_not(tx, room_id=room_id, author_id=post.author_id, author_uri=author_uri, paper=post.paper)


def revise(tx: Connection, here: Here, post: ForeignPost, *, activity_uri: str | None) -> bool:
    """Its author rewrote a post. Only a newer version counts (SEQ-06); who may see it stays as it was.

    What is no rewriting is taken over in any case: how a poll stands, and whether a quote was let
    through (mastodon.md 3.1). Answers whether anything changed.
    """
    known = tx.execute(KNOWN_FOR_CHANGE, {"named": post.uri}).one_or_none()
    if known is None or known.deleted_at is not None or known.author_id != post.author_id:
        return False
    at = min(post.updated_at or known.published_at, here.now())
    if at <= (known.edited_at or known.published_at):
        changed = _refresh(tx, here, known.id, known.quote_policy, post)
        if changed and activity_uri is not None:
            rooms.pass_on(tx, here, activity_uri=activity_uri, post_id=known.id)
        return changed
    threads.keep_revision(tx, post_id=known.id, until=at)
    said = Wording(post.title, post.warning, post.content, post.source, post.language, post.sensitive)
    former = versions.standing(tx, post_id=known.id) if post.resource is not None else None
    threads.rewrite(tx, here, post_id=known.id, said=said, at=at)
    tx.execute(DETACH, {"post": known.id})
    _describe(tx, here, known.id, post)
    if former is not None and post.resource is not None and post.resource.version > former.number:
        versions.keep(tx, former)
        versions.announce(tx, here, post_id=known.id)
    if post.resource is not None and post.resource.bases:
        lineage.tell_sources(tx, here, post_id=known.id, uri=post.uri, author_id=post.author_id)
    if post.resource is None:  # It may have been one before, and has another title now.
        library.keep(tx, post_id=known.id)
    if post.paper is not None:
        papers.judge_later(tx, here, post_id=known.id)
    polls.revise_foreign(tx, here, post_id=known.id, poll=post.poll)
    by = post.author_id
    quotes.revise_foreign(tx, here, post_id=known.id, post_uri=post.uri, author_id=by, quote=post.quote)
    quotes.set_policy(tx, post_id=known.id, policy=post.quote_policy)
    questions.revise(tx, post_id=known.id, purpose=post.purpose, answer_uri=post.answer_uri)
    if activity_uri is not None:
        rooms.pass_on(tx, here, activity_uri=activity_uri, post_id=known.id)
    return True


def _refresh(tx: Connection, here: Here, post_id: int, policy: QuotePolicy | None, post: ForeignPost) -> bool:
    """What a post tells anew without having been edited."""
    is_counted = post.poll is not None and polls.count_foreign(tx, here, post_id=post_id, poll=post.poll)
    is_settled = questions.revise(tx, post_id=post_id, purpose=post.purpose, answer_uri=post.answer_uri)
    is_stamped = post.quote is not None and quotes.restamp(tx, here, post_id=post_id, quote=post.quote)
    if post.quote_policy is not policy:
        quotes.set_policy(tx, post_id=post_id, policy=post.quote_policy)
    return is_counted or is_stamped or is_settled or post.quote_policy is not policy


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
