"""What belongs to a room that moved to another node: its members with their roles, its posts, its decisions."""

from typing import Any, Final

from sqlalchemy import BindParameter, ColumnElement, Connection, Table, bindparam, delete, exists, select, update

from fedishare.db.accounts import Account
from fedishare.db.base import BigId, insert
from fedishare.db.meetings import AgendaItem, AgendaOrder, Meeting, Minutes
from fedishare.db.people import Actor
from fedishare.db.posts import Post
from fedishare.db.rooms import Ban, Carried, Expected, Lock, Pin, Removal, Steward, Watch
from fedishare.db.visits import Visit
from fedishare.domain.kinds import StewardRole

_old: Final[BindParameter[int]] = bindparam("old", type_=BigId)
_new: Final[BindParameter[int]] = bindparam("new", type_=BigId)
ADDRESS: Final = select(Actor.uri).where(Actor.id == bindparam("actor"))
ARRIVED: Final = (
    delete(Expected)
    .where(Expected.room_id == bindparam("room"), Expected.uri == bindparam("named"))
    .returning(Expected.role)
)
HAS_ACCOUNT: Final = select(Account.id).where(Account.actor_id == bindparam("actor"), Account.disabled_at.is_(None))
APPOINT: Final = insert(Steward).on_conflict_do_nothing()
SAME_ROOM: Final = tuple(
    update(table).where(table.room_id == _old).values(room_id=_new)
    for table in (Post, Meeting, AgendaItem, AgendaOrder, Minutes)
)
_is_own: Final = exists().where(Post.id == Carried.post_id, Post.room_id == _new)
NO_LONGER_CARRIED: Final = delete(Carried).where(Carried.room_id == _new, _is_own)


def arrive(tx: Connection, *, room_id: int, actor_id: int) -> None:
    """Somebody came along into a room that moved here, and is what they were in the old one.

    An owner has to have an account here, because the settings of the room are here; others look after it.
    """
    uri = tx.scalar(ADDRESS, {"actor": actor_id})
    role = tx.scalar(ARRIVED, {"room": room_id, "named": uri})
    if role not in set(StewardRole):
        return
    is_ours = tx.scalar(HAS_ACCOUNT, {"actor": actor_id}) is not None
    role = role if is_ours else StewardRole.MODERATOR
    tx.execute(APPOINT, {"room_id": room_id, "actor_id": actor_id, "role": role})


def take_over(tx: Connection, *, old_id: int, new_id: int) -> None:
    """What this node has of the old room is the new one's: posts and their places, decisions, pins, who watches it."""
    pair = {"old": old_id, "new": new_id}
    for statement in SAME_ROOM:
        tx.execute(statement, pair)
    for copy, clear in CARRIED_OVER:
        tx.execute(copy, pair)
        tx.execute(clear, pair)
    tx.execute(NO_LONGER_CARRIED, pair)


def _carry_over(table: Any, room: str = "room_id") -> tuple[Any, Any]:
    """Copy all rows of the old room to the new one, where it has none like it, and then take them from the old one."""
    rows: Table = table.__table__
    names = [column.name for column in rows.columns]
    of_old: ColumnElement[bool] = rows.c[room] == _old
    values = [_new if name == room else rows.c[name] for name in names]
    copy = insert(table).from_select(names, select(*values).where(of_old)).on_conflict_do_nothing()
    return copy, delete(table).where(of_old)


CARRIED_OVER: Final = (
    *(_carry_over(table) for table in (Carried, Removal, Lock, Ban, Watch, Visit)),
    _carry_over(Pin, "actor_id"),
)
