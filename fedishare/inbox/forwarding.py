"""What one server passes on of another's, as Mastodon does from habit (M21).

Nothing of such a letter is believed. All it can do is make us look at the object's own address,
and that only where it concerns us.
"""

from typing import Final

from sqlalchemy import Connection

from fedishare.as2.node import Node
from fedishare.as2.types import Activity
from fedishare.core import hosts, json
from fedishare.core.errors import Refused
from fedishare.core.here import Here
from fedishare.core.json import Json
from fedishare.inbox import resolve, trust
from fedishare.inbox.memory import SIGNATURES_FOR, Budget
from fedishare.jobs import queue
from fedishare.jobs.tools import Tools
from fedishare.jobs.types import Receive
from fedishare.net.signatures import Claim
from fedishare.queries import known
from fedishare.services import receipts

# The type under which the note is kept; no activity has one with a space in it that we act on.
FORWARDED: Final = "forwarded letter"
FORWARDABLE: Final = frozenset({"Create", "Update", "Delete"})


async def take_note(tools: Tools, activity: Activity, claim: Claim) -> None:
    """Somebody passes on what another server wrote: nothing of it counts but the address to look at (M21).

    That is done only for answers in threads we have, and for posts we have; all else is refused,
    and servers that forward from habit drop it when they are.
    """
    uri = activity.object
    if uri is None or activity.type not in FORWARDABLE or not await tools.db.write(_note, tools.here, activity, claim):
        raise Refused("The activity is signed by somebody else than its actor.")


def _note(tx: Connection, here: Here, activity: Activity, claim: Claim) -> bool:
    uri, now = activity.object or "", here.now()
    key = known.key(tx, key_id=claim.key_id)
    if key is None or not trust.is_foreign(uri, here) or not hosts.same_origin(uri, activity.actor):
        return False
    # The server of the object itself would have signed with the right key.
    if hosts.same_origin(claim.key_id, activity.actor) or not _concerns_us(tx, activity, uri):
        return False
    if not receipts.use_signature(tx, fingerprint=claim.fingerprint, expires_at=now + SIGNATURES_FOR):
        return True
    name = f"{uri}#forwarded-{claim.fingerprint.hex()}"
    receipts.record(tx, uri=name, sender_id=key.owner.id, kind=FORWARDED, body=json.dumps({"object": uri}), at=now)
    queue.enqueue(tx, Receive(name), due=now)
    return True


def _concerns_us(tx: Connection, activity: Activity, uri: str) -> bool:
    post = known.post(tx, uri=uri)
    if activity.type != "Create":
        return post is not None and post.author_uri == activity.actor and post.deleted_at is None
    answered = activity.inner.ref("inReplyTo") if activity.inner is not None else None
    return post is None and answered is not None and known.post(tx, uri=answered) is not None


async def look(tools: Tools, note: dict[str, Json]) -> str:
    """Make what we have of the object what its own server shows now; answers what became of it."""
    uri = Node(note).ref("object")
    if uri is not None:
        await resolve.again(tools, uri, budget=Budget())
    return "done: looked at its own address"
