"""Timelines: newest first, a page at a time, keyed by the id of their lines.

Statements are built once, when the module loads: building one costs more than running it.
"""

from typing import Any, Final

from sqlalchemy import CompoundSelect, Connection, Executable, Select, and_, bindparam, desc, exists, or_, select

from fedishare.core.errors import Gone, NotFound
from fedishare.db.base import aliased
from fedishare.db.follows import Block, Mute
from fedishare.db.posts import Home, Post, PostTag
from fedishare.db.reactions import Reaction
from fedishare.db.resources import Resource, ResourceTerm
from fedishare.db.rooms import Carried, Pin, Purpose
from fedishare.domain.audience import OPEN, Visibility
from fedishare.domain.kinds import PostKind, ReactionKind
from fedishare.domain.terms import TermKind
from fedishare.queries import sight
from fedishare.queries.cards import Card, Entry, cards, fill
from fedishare.queries.hidden import is_hidden

NEWEST: Final = 2**63 - 1
PAGE: Final = 20
LONGEST_THREAD: Final = 500


def _page(statement: Select[*tuple[Any, ...]], key: Any) -> Select[*tuple[Any, ...]]:
    return statement.where(key < bindparam("before")).order_by(key.desc()).limit(bindparam("limit"))


_author_id = select(Post.author_id).where(Post.id == Home.post_id).correlate(Home).scalar_subquery()
HOME: Final = _page(
    select(Home.entry_id, Home.post_id, Home.booster_id)
    .where(Home.reader_id == bindparam("reader"))
    .where(~exists().where(Block.blocker_id == bindparam("reader"), Block.blocked_id == Home.booster_id))
    .where(
        ~exists().where(
            Mute.muter_id == bindparam("reader"), or_(Mute.muted_id == Home.booster_id, Mute.muted_id == _author_id)
        )
    ),
    Home.entry_id,
)
_has_resource = exists().where(Resource.post_id == Post.id)
_has_level = exists().where(
    ResourceTerm.post_id == Post.id, ResourceTerm.kind == TermKind.LEVEL, ResourceTerm.slug == bindparam("level")
)
_begins = and_(Post.in_reply_to_uri.is_(None), sight.visible())
_is_question = Purpose.kind == PostKind.QUESTION
_settles: Any = aliased(Post)
# An answer counts while it is there, in this very conversation.
_is_settled = exists().where(
    _settles.uri == Purpose.answer_uri, _settles.thread_id == Post.id, _settles.deleted_at.is_(None)
)
_top = select(Post.id.label("entry"), Post.id.label("post")).where(_begins, Post.id < bindparam("before"))
_its_own: Final = _top.where(Post.room_id == bindparam("room"))
# What came to the room by a link, while another has it too.
_carried: Final = _top.join(Carried, and_(Carried.post_id == Post.id, Carried.room_id == bindparam("room")))


def _kinds(top: Select[*tuple[Any, ...]]) -> dict[str, Select[*tuple[Any, ...]]]:
    kept = top.join(Purpose, Purpose.post_id == Post.id)
    return {
        "all": top,
        "resources": top.where(_has_resource),
        "talk": top.where(~_has_resource),
        "questions": kept.where(_is_question),
        "unanswered": kept.where(_is_question, ~_is_settled),
        "news": kept.where(Purpose.kind == PostKind.NEWS),
        "achievements": kept.where(Purpose.kind == PostKind.ACHIEVEMENT),
        "level": top.where(_has_level),
    }


def _both(own: Select[*tuple[Any, ...]], carried: Select[*tuple[Any, ...]]) -> CompoundSelect[*tuple[Any, ...]]:
    """Both parts in one order; a post is in one of them only."""
    return own.union_all(carried).order_by(desc("entry")).limit(bindparam("limit"))


_has_topic = exists().where(PostTag.post_id == Post.id, PostTag.name == bindparam("topic"))
_parts: Final = {kind: (own, _kinds(_carried)[kind]) for kind, own in _kinds(_its_own).items()}
ROOM: Final = {kind: _both(own, carried) for kind, (own, carried) in _parts.items()}
ROOM_BY_TOPIC: Final = {
    kind: _both(own.where(_has_topic), carried.where(_has_topic)) for kind, (own, carried) in _parts.items()
}
AUTHOR_POSTS: Final = _page(
    select(Post.id, Post.id.label("post")).where(Post.author_id == bindparam("actor"), sight.visible()), Post.id
)
AUTHOR_BOOSTS: Final = _page(
    select(Reaction.id, Reaction.post_id, Reaction.actor_id).where(
        Reaction.actor_id == bindparam("actor"), Reaction.kind == ReactionKind.BOOST
    ),
    Reaction.id,
)
PINNED: Final = select(Pin.post_id).where(Pin.actor_id == bindparam("actor")).order_by(Pin.post_id.desc()).limit(PAGE)
IS_PINNED: Final = select(Pin.post_id).where(Pin.actor_id == bindparam("actor"), Pin.post_id == bindparam("post"))
TAG: Final = _page(
    select(Post.id, Post.id.label("post"))
    .join(PostTag, PostTag.post_id == Post.id)
    .where(PostTag.name == bindparam("name"), sight.visible()),
    Post.id,
)
LOCAL: Final = _page(
    select(Post.id, Post.id.label("post")).where(
        Post.local, Post.visibility == Visibility.PUBLIC, Post.in_reply_to_uri.is_(None), sight.visible()
    ),
    Post.id,
)
RESOURCES: Final = _page(
    select(Post.id, Post.id.label("post"))
    .join(Resource, Resource.post_id == Post.id)
    .where(Post.visibility == Visibility.PUBLIC, sight.visible()),
    Post.id,
)
THREAD_OF: Final = select(Post.thread_id, Post.deleted_at).where(Post.id == bindparam("post"))
# By when they were written, for we may learn of them in any order. Whoever wrote it, and whoever came for this
# very post, sees what a room does not show.
THREAD: Final = (
    select(Post.id)
    .where(Post.thread_id == bindparam("thread"))
    .where(or_(~is_hidden(), Post.author_id == bindparam("viewer"), Post.id == bindparam("post")))
    .order_by(Post.id != Post.thread_id, Post.published_at, Post.id)
    .limit(LONGEST_THREAD)
)
EXISTS: Final = select(Post.deleted_at, Post.visibility).where(Post.id == bindparam("post"))


def home(tx: Connection, *, reader: int, before: int = NEWEST, limit: int = PAGE) -> list[Card]:
    """What `reader` sees on opening the app: what they and those they follow wrote or boosted.

    Paging is by `entry_id`, which sorts by time, so what arrives while someone reads never
    repeats or hides another.
    """
    return _fill(tx, HOME, viewer=reader, reader=reader, before=before, limit=limit)


def room(
    tx: Connection,
    *,
    room_id: int,
    viewer: int | None,
    kind: str = "all",
    level: str | None = None,
    topic: str | None = None,
    before: int = NEWEST,
    limit: int = PAGE,
) -> list[Card]:
    """The beginnings of a room's threads of one kind: `resources` may be of one `level`, and any of one `topic`."""
    chosen = "level" if level else kind
    values: dict[str, Any] = {"level": level} if level else {}
    values |= {"topic": topic} if topic else {}
    statements = ROOM_BY_TOPIC if topic else ROOM
    return _fill(tx, statements[chosen], viewer=viewer, room=room_id, before=before, limit=limit, **values)


def author(tx: Connection, *, actor_id: int, viewer: int | None, before: int = NEWEST, limit: int = PAGE) -> list[Card]:
    """What an actor wrote and boosted, in one order."""
    values = {"actor": actor_id, "before": before, "limit": limit}
    entries = [Entry(*row) for row in tx.execute(AUTHOR_POSTS, values | {"viewer": viewer or sight.NOBODY})]
    entries += [Entry(*row) for row in tx.execute(AUTHOR_BOOSTS, values)]
    newest = sorted(entries, key=lambda entry: entry.id, reverse=True)[:limit]
    return fill(tx, newest, viewer=viewer)


def pinned(tx: Connection, *, actor_id: int, viewer: int | None) -> list[Card]:
    """What an actor shows first, newest first."""
    return cards(tx, list(tx.scalars(PINNED, {"actor": actor_id})), viewer=viewer)


def is_pinned(tx: Connection, *, actor_id: int, post_id: int) -> bool:
    return tx.scalar(IS_PINNED, {"actor": actor_id, "post": post_id}) is not None


def tag(tx: Connection, *, name: str, viewer: int | None, before: int = NEWEST, limit: int = PAGE) -> list[Card]:
    """Posts with a hashtag; `name` is the folded form."""
    return _fill(tx, TAG, viewer=viewer, name=name, before=before, limit=limit)


def local(tx: Connection, *, viewer: int | None, before: int = NEWEST, limit: int = PAGE) -> list[Card]:
    """Public beginnings written on this node."""
    return _fill(tx, LOCAL, viewer=viewer, before=before, limit=limit)


def resources(tx: Connection, *, viewer: int | None, before: int = NEWEST, limit: int = PAGE) -> list[Card]:
    """Public resources this node knows, its own and others'."""
    return _fill(tx, RESOURCES, viewer=viewer, before=before, limit=limit)


def thread(tx: Connection, *, post_id: int, viewer: int | None) -> list[Card]:
    """The whole conversation a post belongs to, root first, each answer after what came before it.

    Raises NotFound where `viewer` may not see the post, Gone where it was deleted.
    """
    card(tx, post_id=post_id, viewer=viewer)
    thread_id = tx.execute(THREAD_OF, {"post": post_id}).one().thread_id
    shown = tx.scalars(THREAD, {"thread": thread_id, "post": post_id, "viewer": viewer or sight.NOBODY})
    return cards(tx, list(shown), viewer=viewer)


def card(tx: Connection, *, post_id: int, viewer: int | None) -> Card:
    """One post. Raises NotFound where `viewer` may not see it, Gone where a public one was deleted."""
    found = cards(tx, [post_id], viewer=viewer)
    if found:
        return found[0]
    row = tx.execute(EXISTS, {"post": post_id}).one_or_none()
    if row is not None and row.deleted_at is not None and row.visibility in OPEN:
        raise Gone("This post was deleted.")
    raise NotFound("There is no such post, or it is not for you.")


def _fill(tx: Connection, statement: Executable, *, viewer: int | None, **values: Any) -> list[Card]:
    rows = tx.execute(statement, values | {"viewer": viewer or sight.NOBODY})
    return fill(tx, [Entry(*row) for row in rows], viewer=viewer)
