"""Whom to believe: the one file that makes a `Verified`.

An activity is its actor's if the actor signed the request that brought it, if it carries the
actor's own proof (FEP-8b32), or if a room on the actor's own server announces it (FEP-fe34).
"""

from collections.abc import Mapping

from sqlalchemy import Connection

from fedishare.as2 import read
from fedishare.as2.node import Node
from fedishare.as2.types import Activity
from fedishare.core import hosts
from fedishare.core.errors import Invalid, Refused
from fedishare.core.here import Here
from fedishare.core.json import Json
from fedishare.domain.kinds import KeyKind
from fedishare.inbox.context import Context, Verified
from fedishare.net import keys, proofs
from fedishare.queries import known
from fedishare.queries.known import ActorRow, ReceivedRow


def refuse_foreign_id(activity: Activity) -> None:
    """An activity lives where its actor lives; raises Refused for any other (ORG-01)."""
    if activity.id is not None and not hosts.same_origin(activity.id, activity.actor):
        raise Refused("The activity's id is not on its actor's server.")


def signed(activity: Activity, data: Mapping[str, Json], *, sender: ActorRow, stored_as: str) -> Verified:
    """Vouch for an activity whose actor signed the request, or proved the document."""
    if sender.uri != activity.actor:
        raise Refused("The activity is somebody else's.")
    return Verified(activity=activity, data=data, sender=sender, stored_as=stored_as)


def stored(tx: Connection, row: ReceivedRow, data: Mapping[str, Json]) -> Verified | None:
    """An activity that was vouched for when it came in, and kept; nothing if its sender is gone since."""
    sender = known.actor_by_id(tx, actor_id=row.sender_id)
    if sender is None or sender.deleted_at is not None:
        return None
    return signed(read.activity(Node(data)), data, sender=sender, stored_as=row.uri)


def announced(tx: Connection, outer: Verified, ctx: Context) -> Verified | None:
    """The activity inside an Announce, if it can be believed without asking its origin (F13)."""
    if outer.activity.inner is None:
        return None
    inner, data = read.activity(outer.activity.inner), outer.activity.inner.data
    if inner.id is None or not hosts.same_origin(inner.id, inner.actor) or ctx.here.uris.is_ours(inner.actor):
        return None
    sender = known.actor(tx, uri=inner.actor)
    if sender is None or sender.is_gone or known.is_blocked(tx, hosts=[hosts.origin_of(inner.actor).host]):
        return None
    if not hosts.same_origin(inner.actor, outer.sender.uri) and not is_proved(tx, data, actor_uri=inner.actor):
        return None
    return Verified(activity=inner, data=data, sender=sender, stored_as=None)


def is_proved(tx: Connection, document: Mapping[str, Json], *, actor_uri: str) -> bool:
    """Whether a key that we know as this very actor's made the document's proof (ORG-27)."""
    method = proofs.method_of(document)
    key = known.key(tx, key_id=method) if method else None
    if key is None or key.kind is not KeyKind.ED25519 or key.owner.uri != actor_uri:
        return False
    try:
        return proofs.verify(document, keys.public_ed25519(key.public))
    except Invalid:
        return False


def is_foreign(uri: str, here: Here) -> bool:
    """Whether this is certainly an address of somebody else's server."""
    try:
        hosts.origin_of(uri)
    except Invalid:
        return False
    return not here.uris.is_ours(uri)
