"""What a post is for, beyond a note: kept beside it, and for a question the answer that settled it."""

from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, delete, select, update

from fedishare.core.errors import Invalid, NotFound, Refused
from fedishare.core.here import Here
from fedishare.db.base import aliased, insert
from fedishare.db.posts import Post, PostTag
from fedishare.db.rooms import Purpose, Topic
from fedishare.domain import markup
from fedishare.domain.kinds import NoticeKind, PostKind
from fedishare.jobs.queue import enqueue
from fedishare.jobs.types import PublishAgain
from fedishare.queries import sight
from fedishare.services import notices

# What needs to be written down; a resource says so itself, and a note is what anything else is.
KEPT: Final = frozenset({PostKind.QUESTION, PostKind.NEWS, PostKind.ACHIEVEMENT})
_kept = insert(Purpose)
KEEP: Final = _kept.on_conflict_do_update(
    index_elements=["post_id"], set_={"kind": _kept.excluded.kind, "answer_uri": _kept.excluded.answer_uri}
)
DROP: Final = delete(Purpose).where(Purpose.post_id == bindparam("post"))
FOUND: Final = select(Purpose.kind, Purpose.answer_uri).where(Purpose.post_id == bindparam("post"))
SETTLE: Final = update(Purpose).where(Purpose.post_id == bindparam("row")).values(answer_uri=bindparam("named"))
_question = aliased(Post)
ANSWER: Final = (
    select(
        Post.uri,
        Post.author_id,
        _question.id.label("question_id"),
        _question.author_id.label("asker_id"),
        _question.local.label("is_ours"),
        _question.room_id,
        Purpose.kind,
        Purpose.answer_uri,
    )
    .join(_question, _question.id == Post.thread_id)
    .join(Purpose, Purpose.post_id == _question.id)
    .where(Post.id == bindparam("post"), Post.id != Post.thread_id, Post.deleted_at.is_(None))
    .where(_question.deleted_at.is_(None), Purpose.kind == PostKind.QUESTION)
)
TOPIC: Final = select(Topic.label).where(Topic.room_id == bindparam("room"), Topic.name == bindparam("named"))
TOPICS_OF: Final = (
    select(PostTag.label)
    .join(Post, Post.id == PostTag.post_id)
    .join(Topic, (Topic.room_id == Post.room_id) & (Topic.name == PostTag.name))
    .where(PostTag.post_id == bindparam("post"))
)


def keep(tx: Connection, *, post_id: int, purpose: PostKind, answer_uri: str | None = None) -> None:
    """What a post is for, as its author says."""
    if purpose in KEPT:
        tx.execute(KEEP, {"post_id": post_id, "kind": purpose, "answer_uri": answer_uri})


def revise(tx: Connection, *, post_id: int, purpose: PostKind, answer_uri: str | None) -> bool:
    """What its author elsewhere says of it now. Answers whether that is anything new."""
    found = tx.execute(FOUND, {"post": post_id}).one_or_none()
    was = (PostKind(found.kind), found.answer_uri) if found is not None else (PostKind.NOTE, None)
    now_is = (purpose, answer_uri) if purpose in KEPT else (PostKind.NOTE, None)
    if was == now_is:
        return False
    if purpose in KEPT:
        keep(tx, post_id=post_id, purpose=purpose, answer_uri=answer_uri)
    else:
        tx.execute(DROP, {"post": post_id})
    return True


def topic(tx: Connection, *, room_id: int, name: str) -> str:
    """The hashtag of a topic of a room. Raises Invalid for what is none, or none any more."""
    label = tx.scalar(TOPIC, {"room": room_id, "named": markup.fold_tag(name)})
    if label is None:
        raise Invalid("This room does not have that topic any more: choose another, or none.")
    return str(label)


def topics_of(tx: Connection, *, post_id: int) -> tuple[str, ...]:
    """The hashtags of a post that are topics of its room, which an edit of its text leaves alone."""
    return tuple(tx.scalars(TOPICS_OF, {"post": post_id}))


def accept(tx: Connection, here: Here, *, post_id: int, by_id: int) -> int:
    """The asker takes an answer, from whichever server, as the one that settled the question; the question's number.

    Raises NotFound where `by_id` may not see it, or it answers no question, and Refused for anybody but the asker.
    """
    row = _answer_to(tx, post_id=post_id, asker_id=by_id)
    if row.answer_uri != row.uri:
        tx.execute(SETTLE, {"row": row.question_id, "named": row.uri})
        _tell(tx, here, row, post_id=post_id, by_id=by_id)
        enqueue(tx, PublishAgain(row.question_id), due=here.now())
    return int(row.question_id)


def reopen(tx: Connection, here: Here, *, post_id: int, by_id: int) -> int:
    """The asker takes that back: the question is open again. `post_id` is the answer, and it raises as above."""
    row = _answer_to(tx, post_id=post_id, asker_id=by_id)
    if row.answer_uri == row.uri:
        tx.execute(SETTLE, {"row": row.question_id, "named": None})
        enqueue(tx, PublishAgain(row.question_id), due=here.now())
    return int(row.question_id)


def _answer_to(tx: Connection, *, post_id: int, asker_id: int) -> Row[*tuple[Any, ...]]:
    """An answer to a question of this person of ours."""
    if not sight.may_see(tx, post_id=post_id, viewer=asker_id):
        raise NotFound("There is no such post, or it is not for you.")
    row = tx.execute(ANSWER, {"post": post_id}).one_or_none()
    if row is None:
        raise NotFound("This answers no question.")
    if row.asker_id != asker_id or not row.is_ours:
        raise Refused("Only whoever asked can say which answer settled it.")
    return row


def _tell(tx: Connection, here: Here, row: Row[*tuple[Any, ...]], *, post_id: int, by_id: int) -> None:
    """Whose answer it is hears of it, once."""
    cause, kind = f"{row.uri} settles {row.question_id}", NoticeKind.SETTLED
    notices.tell(tx, here, recipient_id=row.author_id, kind=kind, actor_id=by_id, cause=cause, post_id=post_id)


def settle_in_room(tx: Connection, here: Here, *, room_id: int, post_id: int, is_accepted: bool) -> bool:
    """A moderator of the room decided so. Answers False where it was so, or is about nothing in the room."""
    row = tx.execute(ANSWER, {"post": post_id}).one_or_none()
    if row is None or row.room_id != room_id or (row.answer_uri == row.uri) == is_accepted:
        return False
    tx.execute(SETTLE, {"row": row.question_id, "named": row.uri if is_accepted else None})
    if is_accepted:
        _tell(tx, here, row, post_id=post_id, by_id=room_id)
    return True
