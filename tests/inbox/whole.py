"""One activity on its whole way through the inbox, once its signature was found good: read, prepared, applied."""

from datetime import datetime
from hashlib import sha256

from msgspec.structs import replace
from sqlalchemy import Connection

from fedishare.as2 import read
from fedishare.as2.node import Node
from fedishare.core import hosts, json
from fedishare.core.errors import Invalid, NotFound, Refused
from fedishare.core.here import Here
from fedishare.db.follows import Follow
from fedishare.db.people import Actor
from fedishare.domain.kinds import FollowState, Kind
from fedishare.inbox import dispatch, trust
from fedishare.inbox.context import Context, Ignored
from fedishare.queries import known
from tests.builders import MONDAY, add


def take_in(tx: Connection, here: Here, body: bytes, *, now: datetime) -> str:
    """What became of it, in words; Refused and NotFound are words too, and Invalid is for who calls.

    Every change is undone. What would be fetched first is taken as having failed to come.
    """
    data = json.loads(body)
    if not isinstance(data, dict):
        raise Invalid("An activity is one JSON object.")
    activity = read.activity(Node(data))
    with tx.begin_nested() as savepoint:
        try:
            trust.refuse_foreign_id(activity)
            _enrol(tx, here, activity.actor)
            return _applied(tx, here, data, now=now)
        except (Refused, NotFound) as error:
            return f"refused: {error}"
        finally:
            savepoint.rollback()


def _applied(tx: Connection, here: Here, data: dict[str, json.Json], *, now: datetime) -> str:
    activity = read.activity(Node(data))
    sender = known.actor(tx, uri=activity.actor)
    assert sender is not None
    entry = dispatch.find(activity)
    if entry is None:
        return "not acted on"
    verified = trust.signed(activity, data, sender=sender, stored_as=activity.id or f"{activity.actor}#unnamed")
    ctx = Context(here=here, now=now)
    post = entry.prepare(verified, ctx)
    if isinstance(post, Ignored):
        return str(post)
    ctx = replace(ctx, post=post)
    entry.needs(tx, verified, ctx)
    return str(entry.apply(tx, verified, ctx))


def _enrol(tx: Connection, here: Here, uri: str) -> None:
    """Whoever sent it is known by the time it is applied, and followed by somebody here."""
    if here.uris.is_ours(uri):
        raise Refused("Nobody else speaks for the accounts of this server.")
    sender = known.actor(tx, uri=uri)
    sender_id = sender.id if sender is not None else _add(tx, here, uri, local=False)
    reader = f"{here.uris.origin}/users/reader"
    follow = {"follower_id": _add(tx, here, reader, local=True), "followee_id": sender_id, "created_at": MONDAY}
    add(tx, Follow, id=here.ids.new(), uri=f"{reader}#follow", state=FollowState.ACCEPTED, **follow)


def _add(tx: Connection, here: Here, uri: str, *, local: bool) -> int:
    host, actor_id = hosts.origin_of(uri).host, here.ids.new()
    name = sha256(uri.encode()).hexdigest()[:12]
    row = {"id": actor_id, "uri": uri, "kind": Kind.PERSON, "username": name, "domain": host, "host": host}
    row |= {"handle_key": f"{name}@{host}", "local": local, "name": name, "url": uri, "inbox": f"{uri}/inbox"}
    add(tx, Actor, followers=f"{uri}/followers", created_at=MONDAY, fetched_at=MONDAY, **row)
    return actor_id
