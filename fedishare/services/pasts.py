"""The past of a room that moved here: what was written in it and decided before, brought in small steps.

Each step is kept before the next begins, so whatever ends the process, what is done is done once.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, bindparam, delete, func, or_, select, update

from fedishare.core.errors import NotFound
from fedishare.core.here import Here
from fedishare.db.base import BigId, insert
from fedishare.db.people import Actor
from fedishare.db.posts import Post
from fedishare.db.rooms import Past, PastPost, Pin, Removal
from fedishare.domain.audience import OPEN, Visibility
from fedishare.domain.kinds import Access, Kind, PastGap
from fedishare.jobs.queue import enqueue
from fedishare.jobs.types import FetchPast
from fedishare.queries import privacy
from fedishare.services import papers, shelves

MOST: Final = 20_000
# Another node may hear of the move later than we do, and lets the new room read from then on.
AGAIN: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 10, 60, 6 * 60, 24 * 60))

_room: Final = bindparam("room", type_=BigId)
_post: Final = bindparam("post", type_=BigId)
BEGIN: Final = insert(Past).on_conflict_do_nothing().returning(Past.room_id)
IS_ROOM: Final = select(Actor.id).where(Actor.id == bindparam("actor"), Actor.local, Actor.kind == Kind.GROUP)
STANDING: Final = select(
    Past.room_id, Past.old_id, Past.step, Past.next_page, Past.decisions, Past.why, Past.ended_at
).where(Past.room_id == _room)
FIRST_PAGE: Final = (
    update(Past).where(Past.room_id == _room).values(decisions=bindparam("decided"), next_page=bindparam("following"))
)
DECIDED: Final = update(Past).where(Past.room_id == _room).values(decisions=bindparam("left"))
TURN: Final = update(Past).where(Past.room_id == _room).values(next_page=bindparam("following"))
SIZE: Final = select(func.count()).select_from(PastPost).where(PastPost.room_id == _room)
LIST: Final = insert(PastPost).on_conflict_do_nothing()
WAITING: Final = (
    select(PastPost.uri, PastPost.position)
    .where(PastPost.room_id == _room, PastPost.due_at <= bindparam("now"))
    .order_by(PastPost.due_at, PastPost.position)
    .limit(bindparam("limit"))
)
_item: Final = (PastPost.room_id == _room, PastPost.uri == bindparam("named"))
SETTLE: Final = update(PastPost).where(*_item).values(due_at=bindparam("due"), why=bindparam("gap"))
TRIES: Final = update(PastPost).where(*_item).values(tries=PastPost.tries + 1).returning(PastPost.tries)
NEXT_DUE: Final = select(func.min(PastPost.due_at)).where(PastPost.room_id == _room)
STEP: Final = update(Past).where(Past.room_id == _room).values(step=bindparam("following"))
END: Final = update(Past).where(Past.room_id == _room).values(ended_at=bindparam("now"), why=bindparam("gap"))
ASK_AGAIN: Final = (
    update(PastPost)
    .where(PastPost.room_id == _room, or_(PastPost.why.is_not(None), PastPost.due_at.is_not(None)))
    .values(due_at=bindparam("now"), tries=0, why=None)
)
BEGIN_AGAIN: Final = (
    update(Past).where(Past.room_id == _room).values(ended_at=None, why=None, step=Past.step + 1).returning(Past.step)
)
PLACE: Final = select(Post.room_id, Post.visibility, Post.addressed_to, Post.deleted_at, Post.published_at).where(
    Post.id == _post
)
FORMER: Final = select(Actor.id, Actor.followers).where(Actor.uri.in_(bindparam("uris", expanding=True)))
RETURN: Final = (
    update(Post)
    .where(Post.id == _post, Post.room_id.in_(bindparam("former", expanding=True)))
    .values(room_id=_room, filed_id=bindparam("entry", type_=BigId))
    .returning(Post.id)
)
# Something that came by another way before it was listed was kept out as anything else of strangers.
LET_IN: Final = delete(Removal).where(Removal.post_id == _post, Removal.room_id == _room, Removal.uri.is_(None))
IS_OUT: Final = select(Removal.post_id).where(Removal.post_id == _post, Removal.room_id == _room)
PIN: Final = insert(Pin).on_conflict_do_nothing()


class Standing(NamedTuple):
    """How far a room of ours has come. Nothing is `listed` before the `decisions` of its old home are known."""

    room_id: int
    old_id: int
    step: int
    next_page: str | None
    decisions: list[dict[str, Any]] | None
    why: PastGap | None
    ended_at: datetime | None


class Waiting(NamedTuple):
    """A post that is to be asked for, and its place in the list."""

    uri: str
    place: int


def begin(tx: Connection, here: Here, *, room_id: int, old_id: int) -> None:
    """A room moved here, if it did: what was in it before is fetched, from now on, once."""
    if tx.scalar(IS_ROOM, {"actor": room_id}) is None or tx.scalar(IS_ROOM, {"actor": old_id}) is not None:
        return
    row = {"room_id": room_id, "old_id": old_id, "step": 0}
    if tx.execute(BEGIN, row).scalar() is not None:
        enqueue(tx, FetchPast(room_id, 0), due=here.now())


def standing(tx: Connection, *, room_id: int) -> Standing | None:
    row = tx.execute(STANDING, {"room": room_id}).one_or_none()
    return Standing(*row) if row is not None else None


def open_list(tx: Connection, *, room_id: int, decisions: Sequence[dict[str, Any]], first: str) -> None:
    """The old home answered: this was decided there, and here the list begins."""
    tx.execute(FIRST_PAGE, {"room": room_id, "decided": list(decisions), "following": first})


def decided(tx: Connection, *, room_id: int, left: Sequence[dict[str, Any]]) -> None:
    """All was taken over but what is left."""
    tx.execute(DECIDED, {"room": room_id, "left": list(left)})


def turn(tx: Connection, here: Here, *, room_id: int, uris: Collection[str], following: str | None) -> None:
    """A page of the list was read. No more than MOST are asked for; what is beyond is told."""
    size, now = tx.execute(SIZE, {"room": room_id}).scalar_one(), here.now()
    for position, uri in enumerate(dict.fromkeys(uris), start=size):
        is_beyond = position >= MOST
        row = {"room_id": room_id, "uri": uri, "position": position, "tries": 0}
        tx.execute(LIST, row | {"due_at": None if is_beyond else now, "why": PastGap.MANY if is_beyond else None})
    tx.execute(TURN, {"room": room_id, "following": following})


def waiting(tx: Connection, here: Here, *, room_id: int, limit: int) -> list[Waiting]:
    """What is to be asked for now, the oldest first: answers come after what they answer."""
    rows = tx.execute(WAITING, {"room": room_id, "now": here.now(), "limit": limit})
    return [Waiting(*row) for row in rows]


def miss(tx: Connection, here: Here, *, room_id: int, uri: str, gap: PastGap, is_final: bool) -> None:
    """A post could not be had: it is asked for again later, or not any more."""
    tries = tx.execute(TRIES, {"room": room_id, "named": uri}).scalar() or 0
    due = None if is_final or tries > len(AGAIN) else here.now() + AGAIN[tries - 1]
    tx.execute(SETTLE, {"room": room_id, "named": uri, "due": due, "gap": gap if due is None else None})


def file(
    tx: Connection, here: Here, post: Waiting, *, room_id: int, post_id: int | None, former: Collection[str]
) -> bool:
    """A post of the room's past is here: it stands where it stood. Answers False for one that is not for this room.

    `former` are the addresses that the room had, whose word it is that the post was in it.
    """
    found = tx.execute(PLACE, {"post": post_id}).one_or_none() if post_id is not None else None
    is_in = found is not None and found.deleted_at is None and _may_be_in(tx, found, room_id=room_id, former=former)
    if is_in and post_id is not None and found is not None:
        entry = here.ids.at(found.published_at, place=post.place)
        _put(tx, here, room_id=room_id, post_id=post_id, entry=entry, former=former)
    is_gone = found is None or found.deleted_at is not None
    gap = None if is_in else PastGap.GONE if is_gone else PastGap.REFUSED
    tx.execute(SETTLE, {"room": room_id, "named": post.uri, "due": None, "gap": gap})
    return is_in


def _may_be_in(tx: Connection, post: Any, *, room_id: int, former: Collection[str]) -> bool:
    """What is for the members of one room is in no other, and a private room has nothing else."""
    if post.room_id == room_id:
        return True
    is_private = privacy.access(tx, room_id=room_id) is Access.PRIVATE
    if post.visibility in OPEN:
        return not is_private
    addresses = {row.followers for row in tx.execute(FORMER, {"uris": list(former)})}
    return post.visibility is Visibility.ROOM and bool(addresses.intersection(post.addressed_to))


def _put(tx: Connection, here: Here, *, room_id: int, post_id: int, entry: int, former: Collection[str]) -> None:
    tx.execute(LET_IN, {"post": post_id, "room": room_id})
    if tx.scalar(IS_OUT, {"post": post_id, "room": room_id}) is not None:
        return
    before = [row.id for row in tx.execute(FORMER, {"uris": list(former)})]
    row = {"post": post_id, "room": room_id, "former": before, "entry": entry}
    if tx.execute(RETURN, row).scalar() is None and not shelves.put(
        tx, here, post_id=post_id, room_id=room_id, entry=entry
    ):
        return
    papers.take_along(tx, here, post_id=post_id, room_id=room_id)


def pin(tx: Connection, *, room_id: int, post_id: int) -> None:
    tx.execute(PIN, {"actor_id": room_id, "post_id": post_id})


def go_on(tx: Connection, here: Here, *, room_id: int, step: int) -> None:
    """The next job takes over, when there is something to ask for; or that was all there is to be had."""
    told = standing(tx, room_id=room_id)
    if told is None or told.step != step:
        return
    due = here.now() if told.next_page is not None else tx.scalar(NEXT_DUE, {"room": room_id})
    if due is None:
        tx.execute(END, {"room": room_id, "now": here.now(), "gap": None})
        return
    tx.execute(STEP, {"room": room_id, "following": step + 1})
    enqueue(tx, FetchPast(room_id, step + 1), due=max(due, here.now()))


def end(tx: Connection, here: Here, *, room_id: int, gap: PastGap) -> None:
    """The old home shows nothing, or nothing more."""
    tx.execute(END, {"room": room_id, "now": here.now(), "gap": gap})


def ask_again(tx: Connection, here: Here, *, room_id: int) -> None:
    """Whoever looks after the room wants what is not here to be asked for at once. Raises NotFound."""
    step = tx.execute(BEGIN_AGAIN, {"room": room_id}).scalar()
    if step is None:
        raise NotFound("This room did not move here.")
    tx.execute(ASK_AGAIN, {"room": room_id, "now": here.now()})
    enqueue(tx, FetchPast(room_id, step), due=here.now())
