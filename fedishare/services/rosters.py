"""Who is in a room elsewhere, as the room tells the nodes of its members."""

from collections.abc import Sequence
from typing import Final

import msgspec
from sqlalchemy import Connection, bindparam, delete

from fedishare.core.here import Here
from fedishare.db.base import insert
from fedishare.db.rooms import Member
from fedishare.jobs.queue import enqueue
from fedishare.jobs.types import FetchMembers
from fedishare.queries import known

MOST: Final = 5_000
CLEAR: Final = delete(Member).where(Member.room_id == bindparam("room"))
REMOVE: Final = CLEAR.where(Member.uri == bindparam("named"))
ADD: Final = insert(Member).on_conflict_do_nothing(index_elements=["room_id", "uri"])


class ForeignMember(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a room's list, its texts cleaned."""

    uri: str
    host: str
    handle: str
    name: str
    school: str
    role: str


def replace(tx: Connection, *, room_id: int, members: Sequence[ForeignMember]) -> None:
    """The list as it is now; nothing of it is kept where nobody of us is in the room (any more)."""
    tx.execute(CLEAR, {"room": room_id})
    if members and known.is_followed_here(tx, actor_id=room_id):
        tx.execute(ADD, [{"room_id": room_id, **msgspec.structs.asdict(each)} for each in members[:MOST]])


def enter(tx: Connection, here: Here, *, room_id: int, uri: str, host: str) -> None:
    """Somebody is in the room from now on; what the list says of them is fetched."""
    row = {"room_id": room_id, "uri": uri, "host": host, "handle": "", "name": "", "school": host, "role": "member"}
    tx.execute(ADD, [row])
    refresh(tx, here, room_id=room_id)


def leave(tx: Connection, *, room_id: int, uri: str) -> None:
    """Somebody is in the room no longer, and their server has nothing more to ask us for."""
    tx.execute(REMOVE, {"room": room_id, "named": uri})


def refresh(tx: Connection, here: Here, *, room_id: int) -> None:
    enqueue(tx, FetchMembers(room_id), due=here.now())
