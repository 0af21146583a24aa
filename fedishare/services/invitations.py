"""Invitations into rooms: for one person, or by a link, which is a secret, ends, and can be withdrawn."""

from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final, NamedTuple

from sqlalchemy import Connection, bindparam, delete, func, or_, select

from fedishare.core import ids
from fedishare.core.errors import Invalid, NotFound
from fedishare.core.here import Here
from fedishare.db.base import insert
from fedishare.db.people import Actor
from fedishare.db.rooms import Expected, Invitation

LASTS: Final = timedelta(days=14)
MOST_OPEN: Final = 200
ADD: Final = insert(Invitation)
# Whoever is invited again has the whole time once more.
INVITE: Final = ADD.on_conflict_do_update(
    index_elements=["room_id", "actor_id"],
    set_={name: getattr(ADD.excluded, name) for name in ("by_id", "expires_at", "created_at")},
)
BY_LINK: Final = select(Invitation.id, Invitation.room_id, Invitation.by_id, Invitation.expires_at).where(
    Invitation.secret_hash == bindparam("hashed"), Invitation.expires_at > bindparam("now")
)
WELCOME: Final = select(Invitation.id).where(
    Invitation.room_id == bindparam("room"),
    Invitation.expires_at > bindparam("now"),
    or_(Invitation.actor_id == bindparam("actor"), Invitation.secret_hash == bindparam("hashed")),
)
EXPECTED: Final = (
    select(Expected.uri)
    .join(Actor, Actor.uri == Expected.uri)
    .where(Expected.room_id == bindparam("room"), Actor.id == bindparam("actor"))
)
USE_UP: Final = delete(Invitation).where(
    Invitation.room_id == bindparam("room"), Invitation.actor_id == bindparam("actor")
)
WITHDRAW: Final = (
    delete(Invitation)
    .where(Invitation.room_id == bindparam("room"), Invitation.id == bindparam("invitation"))
    .returning(Invitation.id)
)
COUNT: Final = (
    select(func.count())
    .select_from(Invitation)
    .where(Invitation.room_id == bindparam("room"), Invitation.expires_at > bindparam("now"))
)
EXPIRED: Final = delete(Invitation).where(
    Invitation.room_id == bindparam("room"), Invitation.expires_at <= bindparam("now")
)


class Link(NamedTuple):
    id: int
    room_id: int
    by_id: int | None
    expires_at: datetime


def make_link(tx: Connection, here: Here, *, room_id: int, by_id: int) -> str:
    """A new link into a room of ours; its secret, which is told this once and kept nowhere."""
    _refuse_too_many(tx, here, room_id)
    secret = ids.secret()
    tx.execute(ADD, _row(here, room_id=room_id, by_id=by_id) | {"actor_id": None, "secret_hash": hashed(secret)})
    return secret


def invite(tx: Connection, here: Here, *, room_id: int, by_id: int | None, actor_id: int) -> None:
    """One person may come in; or, for a room elsewhere, it told us that one of us may."""
    _refuse_too_many(tx, here, room_id)
    tx.execute(INVITE, _row(here, room_id=room_id, by_id=by_id) | {"actor_id": actor_id, "secret_hash": None})


def find_link(tx: Connection, here: Here, *, secret: str) -> Link:
    """Raises NotFound for a link that is over, was withdrawn, or never was."""
    row = tx.execute(BY_LINK, {"hashed": hashed(secret), "now": here.now()}).one_or_none()
    if row is None:
        raise NotFound("This invitation is over or was withdrawn. Ask whoever sent it for a new one.")
    return Link(*row)


def is_welcome(tx: Connection, here: Here, *, room_id: int, actor_id: int, link: str | None) -> bool:
    """Whether somebody was invited, in person or by the link they bring; or was in the room before it moved here."""
    hash_of_link = hashed(link.rpartition("/")[2]) if link else ""
    values = {"room": room_id, "actor": actor_id, "hashed": hash_of_link, "now": here.now()}
    return tx.execute(WELCOME, values).first() is not None or tx.execute(EXPECTED, values).first() is not None


def use_up(tx: Connection, *, room_id: int, actor_id: int) -> None:
    """Whoever came in needs no invitation any more; and would need a new one after they were removed."""
    tx.execute(USE_UP, {"room": room_id, "actor": actor_id})


def withdraw(tx: Connection, *, room_id: int, invitation_id: int) -> bool:
    return tx.execute(WITHDRAW, {"room": room_id, "invitation": invitation_id}).scalar() is not None


def hashed(secret: str) -> str:
    """Secrets are random and long, so a plain hash keeps them."""
    return sha256(secret.encode()).hexdigest()


def _row(here: Here, *, room_id: int, by_id: int | None) -> dict[str, object]:
    now = here.now()
    return {"id": here.ids.new(), "room_id": room_id, "by_id": by_id, "expires_at": now + LASTS, "created_at": now}


def _refuse_too_many(tx: Connection, here: Here, room_id: int) -> None:
    values = {"room": room_id, "now": here.now()}
    tx.execute(EXPIRED, values)
    if (tx.scalar(COUNT, values) or 0) >= MOST_OPEN:
        raise Invalid(f"This room has {MOST_OPEN} open invitations: withdraw some of them first.")
