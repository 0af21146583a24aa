"""Telling people what happened."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import BindParameter, Boolean, ColumnElement, Connection, bindparam, delete, exists, or_, select, update

from fedishare.core import crash
from fedishare.core.here import Here
from fedishare.db.accounts import Account
from fedishare.db.base import BigId, insert
from fedishare.db.bookmarks import Hush
from fedishare.db.follows import Block, Mute
from fedishare.db.handles import Handle
from fedishare.db.notices import Notice
from fedishare.db.people import Actor
from fedishare.db.posts import Post
from fedishare.db.rooms import Steward
from fedishare.domain.kinds import NoticeKind
from fedishare.domain.notices import TYPES
from fedishare.domain.permissions import Role
from fedishare.queries import held, sight
from fedishare.services import markers, push


def _hushed(actor_id: Any) -> ColumnElement[bool]:
    """Whether somebody wants to hear nothing more of the conversation that `about` belongs to."""
    return exists().where(
        Hush.actor_id == actor_id, Hush.thread_id == Post.thread_id, Post.id == bindparam("about", type_=BigId)
    )


_doer: Final[BindParameter[int]] = bindparam("cause_of_it", type_=BigId)
TELL: Final = (
    insert(Notice).on_conflict_do_nothing(index_elements=["recipient_id", "kind", "cause"]).returning(Notice.id)
)
# A room has no eyes of its own: its stewards who live here are told.
EARS: Final = (
    select(Account.actor_id)
    .where(Account.disabled_at.is_(None))
    .where(
        or_(
            Account.actor_id == bindparam("recipient"),
            Account.actor_id.in_(select(Steward.actor_id).where(Steward.room_id == bindparam("recipient"))),
        )
    )
    .where(Account.actor_id != _doer)
    .where(~exists().where(Block.blocker_id == Account.actor_id, Block.blocked_id == _doer))
    .where(~exists().where(Mute.muter_id == Account.actor_id, Mute.muted_id == _doer, Mute.notices))
    .where(~sight.shuns(Account.actor_id, _doer))
    .where(~_hushed(Account.actor_id))
    # What a shared handle was told is kept for it, and read by those who run it.
    .union_all(
        select(Handle.actor_id)
        .where(Handle.actor_id == bindparam("recipient"), Handle.actor_id != _doer)
        .where(~exists().where(Block.blocker_id == Handle.actor_id, Block.blocked_id == _doer))
        .where(~exists().where(Mute.muter_id == Handle.actor_id, Mute.muted_id == _doer, Mute.notices))
        .where(~sight.shuns(Handle.actor_id, _doer))
        .where(~_hushed(Handle.actor_id))
    )
)
MODERATORS: Final = (
    select(Account.actor_id)
    .join(Actor, Actor.id == Account.actor_id)
    .where(Account.role != Role.MEMBER, Account.disabled_at.is_(None))
)
WITHDRAW: Final = (
    delete(Notice)
    .where(Notice.kind == bindparam("which"), Notice.cause == bindparam("why"))
    .where(
        or_(
            Notice.recipient_id == bindparam("recipient"),
            Notice.recipient_id.in_(select(Steward.actor_id).where(Steward.room_id == bindparam("recipient"))),
        )
    )
    .returning(Notice.id)
)
SEEN: Final = (
    update(Notice)
    .where(Notice.recipient_id == bindparam("recipient"), Notice.seen_at.is_(None), Notice.id <= bindparam("upto"))
    .where(Notice.kind.in_(bindparam("kinds", expanding=True)))
    .where(or_(bindparam("with_held", type_=Boolean()), held.is_shown(Notice.recipient_id)))
    .values(seen_at=bindparam("now"))
)

_theirs = delete(Notice).where(Notice.recipient_id == bindparam("recipient"))
DISMISS: Final = _theirs.where(Notice.id.in_(bindparam("ids", expanding=True)))
CLEAR: Final = _theirs.where(Notice.kind.in_(bindparam("kinds", expanding=True)))


def tell(
    tx: Connection,
    here: Here,
    *,
    recipient_id: int,
    kind: NoticeKind,
    actor_id: int,
    cause: str,
    post_id: int | None = None,
    line: str = "",
) -> None:
    """Tell `recipient` (or, for a room, its stewards) unless they live elsewhere, did it, or blocked or muted who did.

    The same kind and `cause` never tell anybody twice.
    """
    ears = tx.scalars(EARS, {"recipient": recipient_id, "cause_of_it": actor_id, "about": post_id or 0}).all()
    _write(tx, here, ears, kind=kind, actor_id=actor_id, cause=cause, post_id=post_id, line=line)


def spread(
    tx: Connection,
    here: Here,
    *,
    ears: Sequence[int],
    kind: NoticeKind,
    actor_id: int,
    cause: str,
    post_id: int | None = None,
    line: str = "",
) -> None:
    """Tell several people here at once, whom the caller chose; the one who caused it may be among them."""
    _write(tx, here, ears, kind=kind, actor_id=actor_id, cause=cause, post_id=post_id, line=line)


def into_room(actor_id: int, room_id: int) -> str:
    """The cause of what the stewards of a room are told of somebody who comes, or wants to come, into it.

    The curators of a collection are told of its followers the same way.
    """
    return f"{actor_id} {room_id}"


def withdraw(tx: Connection, *, recipient_id: int, kind: NoticeKind, cause: str) -> bool:
    """What was asked is answered, so nobody needs to be asked any more. Answers whether anybody had been."""
    gone = tx.execute(WITHDRAW, {"recipient": recipient_id, "which": kind, "why": cause}).all()
    return bool(gone)


def tell_of_invitation(tx: Connection, here: Here, *, room_id: int, actor_id: int) -> None:
    """Somebody here is invited into a room; whoever is invited anew is told anew, but once a day."""
    cause, line = f"{room_id} {here.now().date()}", "Open the page of the room to join it, or leave it at that."
    kind = NoticeKind.INVITATION
    tell(tx, here, recipient_id=actor_id, kind=kind, actor_id=room_id, cause=cause, line=line)


def tell_moderators(tx: Connection, here: Here, *, actor_id: int, cause: str, line: str) -> None:
    ears = tx.scalars(MODERATORS).all()
    _write(tx, here, ears, kind=NoticeKind.REPORT, actor_id=actor_id, cause=cause, post_id=None, line=line)


def _write(
    tx: Connection,
    here: Here,
    ears: Sequence[int],
    *,
    kind: NoticeKind,
    actor_id: int,
    cause: str,
    post_id: int | None,
    line: str,
) -> None:
    for ear in ears:
        row = {"recipient_id": ear, "kind": kind, "actor_id": actor_id, "post_id": post_id, "cause": cause}
        notice_id = tx.execute(TELL, row | {"line": line, "created_at": here.now()}).scalar()
        if notice_id is not None:
            push.announce(tx, here, recipient_id=ear, notice_id=notice_id, kind=kind)
        crash.point("notice.written")


def dismiss(tx: Connection, *, recipient_id: int, ids: Sequence[int]) -> None:
    """The person is done with these, and they are not shown any more."""
    tx.execute(DISMISS, {"recipient": recipient_id, "ids": list(ids)})


def clear(tx: Connection, *, recipient_id: int, kinds: Sequence[NoticeKind]) -> None:
    """The person is done with all notices of these kinds."""
    tx.execute(CLEAR, {"recipient": recipient_id, "kinds": list(kinds)})


def see(tx: Connection, here: Here, *, recipient_id: int, upto: int, with_held: bool = False) -> None:
    """The person has seen everything up to the notice `upto` on a page; their apps go on from there."""
    _see(tx, here, recipient_id=recipient_id, upto=upto, kinds=tuple(NoticeKind), with_held=with_held)
    markers.advance(tx, here, actor_id=recipient_id, timeline=markers.NOTIFICATIONS, last_read_id=upto)


def see_in_app(tx: Connection, here: Here, *, recipient_id: int, upto: int) -> None:
    """The same in an app, which shows them some kinds only: what it never showed is still news on the page."""
    _see(tx, here, recipient_id=recipient_id, upto=upto, kinds=tuple(TYPES), with_held=False)


def _see(
    tx: Connection, here: Here, *, recipient_id: int, upto: int, kinds: Sequence[NoticeKind], with_held: bool
) -> None:
    now = here.now()
    said = {"recipient": recipient_id, "upto": upto, "kinds": list(kinds), "with_held": with_held}
    tx.execute(SEEN, said | {"now": now, "new_since": held.since(now)})
