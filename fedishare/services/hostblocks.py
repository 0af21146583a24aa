"""To have nothing to do with a whole server, for oneself alone; what its people do is neither shown nor told."""

from typing import Final

from sqlalchemy import Connection, bindparam, delete, or_, select

from fedishare.core import hosts
from fedishare.core.errors import Invalid, Refused
from fedishare.core.here import Here
from fedishare.db.base import insert
from fedishare.db.follows import HostBlock
from fedishare.db.notices import Notice
from fedishare.db.people import Actor
from fedishare.db.posts import Home
from fedishare.queries import hostblocks
from fedishare.services import follows

ADD: Final = insert(HostBlock).on_conflict_do_nothing(index_elements=["actor_id", "host"]).returning(HostBlock.id)
REMOVE: Final = (
    delete(HostBlock)
    .where(HostBlock.actor_id == bindparam("actor"), HostBlock.host == bindparam("named"))
    .returning(HostBlock.id)
)
_people: Final = select(Actor.id).where(
    or_(Actor.host == bindparam("named"), Actor.domain == bindparam("named")), ~Actor.local
)
UNTELL: Final = delete(Notice).where(Notice.recipient_id == bindparam("actor"), Notice.actor_id.in_(_people))
TAKE_BOOSTS: Final = delete(Home).where(Home.reader_id == bindparam("actor"), Home.booster_id.in_(_people))


def block(tx: Connection, here: Here, *, actor_id: int, named: str) -> str:
    """Answers with the canonical name. Follows end both ways and notices from there go; neither comes back by itself.

    Raises Invalid for what is no server, and Refused for this one.
    """
    host = name_of(named)
    if host == here.uris.authority:
        raise Refused("This is the server you are on.")
    if tx.execute(ADD, {"id": here.ids.new(), "actor_id": actor_id, "host": host, "created_at": here.now()}).scalar():
        for follower in hostblocks.followers_there(tx, me=actor_id, host=host):
            follows.reject(tx, here, follower_id=follower, followee_id=actor_id)
        for followed in hostblocks.followed_there(tx, me=actor_id, host=host):
            follows.undo(tx, here, follower_id=actor_id, followee_id=followed)
        for statement in (UNTELL, TAKE_BOOSTS):
            tx.execute(statement, {"actor": actor_id, "named": host})
    return host


def unblock(tx: Connection, *, actor_id: int, named: str) -> bool:
    """Answers False where it was not blocked."""
    return tx.execute(REMOVE, {"actor": actor_id, "named": name_of(named)}).scalar() is not None


def name_of(text: str) -> str:
    """The server in what somebody typed or pasted: its name, a handle, or an address. Raises Invalid."""
    bare = text.strip().rpartition("@")[2].removeprefix("https://").removeprefix("http://").partition("/")[0]
    name = hosts.authority_of(f"https://{bare}")
    host = hosts.without_port(name)
    if "." not in host and not hosts.is_local_name(host):
        raise Invalid("A server has a name such as school.example.")
    return name
