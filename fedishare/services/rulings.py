"""What moderators decide in a room: posts taken out, conversations closed, people banned, others appointed, pins.

It counts in the room and nowhere else: a post that is taken out stays its author's. In a room of
ours the decision is told to all members' servers; in a room elsewhere it was told to us by the room.
"""

from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import BindParameter, Connection, bindparam, delete, exists, or_, select

from fedishare.core.errors import Invalid, NotFound, Refused
from fedishare.core.here import Here
from fedishare.db.base import BigId, insert
from fedishare.db.follows import Follow
from fedishare.db.people import Actor
from fedishare.db.posts import Home, Post
from fedishare.db.reactions import Reaction
from fedishare.db.rooms import Ban, Carried, Lock, Removal, Steward
from fedishare.domain import markup
from fedishare.domain.kinds import NoticeKind, ReactionKind, RulingKind, StewardRole
from fedishare.jobs.queue import enqueue
from fedishare.jobs.types import Distribute, PublishRuling
from fedishare.queries import rulings
from fedishare.services import follows, notices, pins, questions, rooms, shelves

LONGEST_REASON: Final = 500
# What people are told the reason of; taking something back needs none.
EXPLAINED: Final = frozenset({RulingKind.REMOVE, RulingKind.BAN})
MOST_TAKEN_OUT: Final = 1_000

_post: Final[BindParameter[int]] = bindparam("post", type_=BigId)
_room: Final[BindParameter[int]] = bindparam("room", type_=BigId)
_actor: Final[BindParameter[int]] = bindparam("actor", type_=BigId)
TAKE_OUT: Final = (
    insert(Removal).on_conflict_do_nothing(index_elements=["post_id", "room_id"]).returning(Removal.post_id)
)
PUT_BACK: Final = (
    delete(Removal).where(Removal.post_id == _post, Removal.room_id == _room).returning(Removal.uri, Removal.reason)
)
UNBOOST: Final = (
    delete(Reaction)
    .where(Reaction.post_id == _post, Reaction.actor_id == _room, Reaction.kind == ReactionKind.BOOST)
    .returning(Reaction.uri)
)
TAKE_FROM_HOMES: Final = delete(Home).where(Home.post_id == _post, Home.booster_id == _room)
BEGINS: Final = select(Post.id).where(Post.id == _post, Post.in_reply_to_uri.is_(None), Post.deleted_at.is_(None))
WRITTEN: Final = (
    select(Post.id)
    .where(Post.author_id == _actor, Post.deleted_at.is_(None))
    .where(or_(Post.room_id == _room, exists().where(Carried.post_id == Post.id, Carried.room_id == _room)))
    .order_by(Post.id.desc())
    .limit(MOST_TAKEN_OUT)
)
CLOSE: Final = insert(Lock).on_conflict_do_nothing(index_elements=["thread_id", "room_id"]).returning(Lock.thread_id)
OPEN_AGAIN: Final = (
    delete(Lock).where(Lock.thread_id == bindparam("thread"), Lock.room_id == _room).returning(Lock.uri, Lock.reason)
)
_banned = insert(Ban)
BAN: Final = _banned.on_conflict_do_update(
    index_elements=["room_id", "actor_id"],
    set_={name: getattr(_banned.excluded, name) for name in ("by_id", "uri", "reason", "until", "created_at")},
)
LIFT: Final = delete(Ban).where(Ban.room_id == _room, Ban.actor_id == _actor).returning(Ban.uri, Ban.reason, Ban.until)
LEAVE: Final = delete(Follow).where(Follow.follower_id == _actor, Follow.followee_id == _room)
IS_LOCAL: Final = select(Actor.local).where(Actor.id == _actor)
APPOINT: Final = insert(Steward).on_conflict_do_nothing().returning(Steward.actor_id)
DISMISS: Final = (
    delete(Steward)
    .where(Steward.room_id == _room, Steward.actor_id == _actor, Steward.role != StewardRole.OWNER)
    .returning(Steward.actor_id)
)
DISMISS_ALL: Final = delete(Steward).where(Steward.room_id == _room)
BY_URIS: Final = select(Actor.id).where(Actor.uri.in_(bindparam("uris", expanding=True)), Actor.deleted_at.is_(None))


class Ruling(msgspec.Struct, frozen=True, kw_only=True):
    """Who decided in which room, and why.

    `uri` is the id of the activity that said so; without one it was decided here, and is told to
    the members of the room. `stored_as` is what a moderator elsewhere sent to a room of ours, which
    the room passes on. `by_id` is nobody where we do not know the moderator of a room elsewhere.
    """

    room_id: int
    by_id: int | None
    uri: str | None = None
    stored_as: str | None = None
    reason: str = ""


def remove(tx: Connection, here: Here, by: Ruling, *, post_id: int) -> bool:
    """The room does not have this post any more. Answers False where it had not."""
    place = rulings.place(tx, post_id=post_id, room_id=by.room_id)
    if place is None or place.room_id != by.room_id:
        return False
    _take_out(tx, here, by, post_id=post_id)
    _tell(tx, here, by, RulingKind.REMOVE, actor_id=place.author_id, post_id=post_id, said="Your post was taken out")
    return True


def _take_out(tx: Connection, here: Here, by: Ruling, *, post_id: int) -> None:
    uri = _named(here, by)
    boost = tx.execute(UNBOOST, {"post": post_id, "room": by.room_id}).scalar()
    tx.execute(TAKE_OUT, _row(here, by, uri=uri) | {"post_id": post_id, "boost_uri": boost})
    shelves.take_down(tx, post_id=post_id, room_id=by.room_id)
    tx.execute(TAKE_FROM_HOMES, {"post": post_id, "room": by.room_id})
    _publish(tx, here, by, RulingKind.REMOVE, uri=uri, post_id=post_id)


def restore(tx: Connection, here: Here, by: Ruling, *, post_id: int) -> bool:
    """The room has the post again, as on the day it came in."""
    removed = tx.execute(PUT_BACK, {"post": post_id, "room": by.room_id}).one_or_none()
    if removed is None:
        return False
    shelves.put_back(tx, here, post_id=post_id, room_id=by.room_id)
    if tx.scalar(IS_LOCAL, {"actor": by.room_id}) and tx.scalar(BEGINS, {"post": post_id}) is not None:
        rooms.show(tx, here, room_id=by.room_id, post_id=post_id)
    place = rulings.place(tx, post_id=post_id, room_id=by.room_id)
    if place is not None:
        said = "Your post is back in the room"
        _tell(tx, here, by, RulingKind.RESTORE, actor_id=place.author_id, post_id=post_id, said=said)
    if removed.uri is not None:
        _publish(tx, here, by, RulingKind.RESTORE, uri=removed.uri, post_id=post_id, reason=removed.reason)
    return True


def lock(tx: Connection, here: Here, by: Ruling, *, post_id: int) -> bool:
    """The conversation that a post belongs to takes no more answers."""
    place = rulings.place(tx, post_id=post_id, room_id=by.room_id)
    if place is None or place.room_id != by.room_id:
        return False
    thread_id = place.thread_id
    uri = _named(here, by)
    if tx.execute(CLOSE, _row(here, by, uri=uri) | {"thread_id": thread_id}).scalar() is None:
        return False
    _publish(tx, here, by, RulingKind.LOCK, uri=uri, post_id=thread_id)
    return True


def unlock(tx: Connection, here: Here, by: Ruling, *, post_id: int) -> bool:
    place = rulings.place(tx, post_id=post_id, room_id=by.room_id)
    if place is None:
        return False
    locked = tx.execute(OPEN_AGAIN, {"thread": place.thread_id, "room": by.room_id}).one_or_none()
    if locked is None:
        return False
    _publish(tx, here, by, RulingKind.UNLOCK, uri=locked.uri, post_id=place.thread_id, reason=locked.reason)
    return True


def ban(
    tx: Connection, here: Here, by: Ruling, *, actor_id: int, until: datetime | None = None, with_posts: bool = False
) -> bool:
    """Somebody is put out of a room, and stays out until a moment, or for good.

    `with_posts` takes out what they wrote there too. Raises Refused for somebody who looks after
    the room, and Invalid for a moment that is over.
    """
    is_ours = tx.scalar(IS_LOCAL, {"actor": by.room_id})
    if is_ours and rulings.role(tx, room_id=by.room_id, actor_id=actor_id) is not None:
        raise Refused("Whoever looks after the room cannot be banned from it.")
    if until is not None and until <= here.now():
        raise Invalid("This day is over already: choose one that is still to come.")
    uri = _named(here, by)
    tx.execute(BAN, _row(here, by, uri=uri) | {"actor_id": actor_id, "until": until})
    if is_ours:
        follows.reject(tx, here, follower_id=actor_id, followee_id=by.room_id)
    else:
        tx.execute(LEAVE, {"actor": actor_id, "room": by.room_id})
    _tell(tx, here, by, RulingKind.BAN, actor_id=actor_id, post_id=None, said="You were banned from the room")
    _publish(tx, here, by, RulingKind.BAN, uri=uri, actor_id=actor_id, until=until, with_posts=with_posts)
    if with_posts:
        # What the ban says of all of it at once, servers that only know boosts hear for each post.
        each = msgspec.structs.replace(by, stored_as=None)
        for post_id in tx.scalars(WRITTEN, {"actor": actor_id, "room": by.room_id}).all():
            _take_out(tx, here, each, post_id=post_id)
    return True


def unban(tx: Connection, here: Here, by: Ruling, *, actor_id: int) -> bool:
    """They may join again. Nobody is put back into a room by somebody else."""
    lifted = tx.execute(LIFT, {"actor": actor_id, "room": by.room_id}).one_or_none()
    if lifted is None:
        return False
    _tell(tx, here, by, RulingKind.UNBAN, actor_id=actor_id, post_id=None, said="You may join the room again")
    _publish(
        tx, here, by, RulingKind.UNBAN, uri=lifted.uri, actor_id=actor_id, reason=lifted.reason, until=lifted.until
    )
    return True


def appoint(tx: Connection, here: Here, by: Ruling, *, actor_id: int) -> bool:
    """One more moderator for a room of ours. Raises Refused for somebody who is not in it."""
    if not rooms.is_member(tx, room_id=by.room_id, actor_id=actor_id):
        raise Refused("Only a member of the room can look after it: ask them to join first.")
    row = {"room_id": by.room_id, "actor_id": actor_id, "role": StewardRole.MODERATOR}
    if tx.execute(APPOINT, row).scalar() is None:
        return False
    _tell(tx, here, by, RulingKind.APPOINT, actor_id=actor_id, post_id=None, said="You look after the room from now on")
    _publish(tx, here, by, RulingKind.APPOINT, uri=_named(here, by), actor_id=actor_id)
    return True


def dismiss(tx: Connection, here: Here, by: Ruling, *, actor_id: int) -> bool:
    """A moderator is one no longer. Whoever opened the room stays its owner."""
    if tx.execute(DISMISS, {"room": by.room_id, "actor": actor_id}).scalar() is None:
        return False
    said = "You do not look after the room any more"
    _tell(tx, here, by, RulingKind.DISMISS, actor_id=actor_id, post_id=None, said=said)
    _publish(tx, here, by, RulingKind.DISMISS, uri=_named(here, by), actor_id=actor_id)
    return True


def pin(tx: Connection, here: Here, by: Ruling, *, post_id: int) -> bool:
    """The room shows this post first. Raises Invalid where too many are pinned."""
    place = rulings.place(tx, post_id=post_id, room_id=by.room_id)
    if place is None or place.room_id != by.room_id or not pins.pin(tx, here, actor_id=by.room_id, post_id=post_id):
        return False
    _publish(tx, here, by, RulingKind.PIN, uri=_named(here, by), post_id=post_id)
    return True


def unpin(tx: Connection, here: Here, by: Ruling, *, post_id: int) -> bool:
    if not pins.unpin(tx, here, actor_id=by.room_id, post_id=post_id):
        return False
    _publish(tx, here, by, RulingKind.UNPIN, uri=_named(here, by), post_id=post_id)
    return True


def settle(tx: Connection, here: Here, by: Ruling, *, post_id: int) -> bool:
    """An answer settled a question in the room."""
    if not questions.settle_in_room(tx, here, room_id=by.room_id, post_id=post_id, is_accepted=True):
        return False
    _publish(tx, here, by, RulingKind.SETTLE, uri=_named(here, by), post_id=post_id)
    return True


def reopen(tx: Connection, here: Here, by: Ruling, *, post_id: int) -> bool:
    """It did not: the question is open again."""
    if not questions.settle_in_room(tx, here, room_id=by.room_id, post_id=post_id, is_accepted=False):
        return False
    _publish(tx, here, by, RulingKind.REOPEN, uri=_named(here, by), post_id=post_id)
    return True


def listed(tx: Connection, *, room_id: int, uris: tuple[str, ...]) -> None:
    """Who looks after a room elsewhere, as its own list says; those we do not know do nothing here."""
    tx.execute(DISMISS_ALL, {"room": room_id})
    for actor_id in tx.scalars(BY_URIS, {"uris": list(uris)}).all():
        tx.execute(APPOINT, {"room_id": room_id, "actor_id": actor_id, "role": StewardRole.MODERATOR})


def refused(tx: Connection, here: Here, *, room_id: int, post_id: int, reason: str) -> bool:
    """A room elsewhere did not take what one of ours wrote into it: its author is told."""
    place = rulings.place(tx, post_id=post_id, room_id=room_id)
    if place is None:
        return False
    row = {"post_id": post_id, "room_id": room_id, "by_id": None, "uri": None, "reason": reason, "boost_uri": None}
    if tx.execute(TAKE_OUT, row | {"created_at": here.now()}).scalar() is None:
        return False
    shelves.take_down(tx, post_id=post_id, room_id=room_id)
    by = Ruling(room_id=room_id, by_id=None, reason=reason)
    said = "The room did not take your post"
    _tell(tx, here, by, RulingKind.REMOVE, actor_id=place.author_id, post_id=post_id, said=said)
    return True


def required_role(tx: Connection, *, room_id: int, actor_id: int, is_admin: bool) -> None:
    """Raises NotFound for what is no room of ours, and Refused for whoever may not moderate it."""
    found = rulings.room(tx, room_id=room_id)
    if found is None or not found.local:
        raise NotFound("There is no such room here.")
    if not is_admin and rulings.role(tx, room_id=room_id, actor_id=actor_id) is None:
        raise Refused("Only those who look after this room can do this.")


def _row(here: Here, by: Ruling, *, uri: str) -> dict[str, Any]:
    reason = markup.text(by.reason, limit=LONGEST_REASON)
    return {"room_id": by.room_id, "by_id": by.by_id, "uri": uri, "reason": reason, "created_at": here.now()}


def _named(here: Here, by: Ruling) -> str:
    """The id of the activity that says so: the one that came, or one that the job will make."""
    return by.uri or here.uris.activity(here.ids.new())


def _tell(
    tx: Connection, here: Here, by: Ruling, kind: RulingKind, *, actor_id: int, post_id: int | None, said: str
) -> None:
    reason = markup.text(by.reason, limit=LONGEST_REASON) if kind in EXPLAINED else ""
    cause = f"{kind} {by.room_id} {post_id or actor_id} {here.now().isoformat()}"
    notices.tell(
        tx,
        here,
        recipient_id=actor_id,
        kind=NoticeKind.RULING,
        actor_id=by.room_id,
        cause=cause,
        post_id=post_id,
        line=f"{said}: {reason}" if reason else f"{said}.",
    )


def _publish(
    tx: Connection,
    here: Here,
    by: Ruling,
    kind: RulingKind,
    *,
    uri: str,
    post_id: int | None = None,
    actor_id: int | None = None,
    reason: str | None = None,
    until: datetime | None = None,
    with_posts: bool = False,
) -> None:
    """What was decided here is put into words; what a moderator elsewhere sent to our room is passed on as it is."""
    if by.stored_as is not None:
        enqueue(tx, Distribute(by.room_id, by.stored_as, post_id), due=here.now())
    elif by.uri is None and by.by_id is not None:
        job = PublishRuling(
            kind,
            by.room_id,
            by.by_id,
            uri,
            post_id=post_id,
            actor_id=actor_id,
            reason=markup.text(by.reason if reason is None else reason, limit=LONGEST_REASON),
            until=until,
            with_posts=with_posts,
        )
        enqueue(tx, job, due=here.now())
