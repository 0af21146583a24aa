"""From a document to rows: an activity is proven, written down once, and gets one delivery for each inbox."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Final, NamedTuple, TypeAlias

from sqlalchemy import Connection

from fedishare.as2 import write
from fedishare.as2.write import Document
from fedishare.core import crash
from fedishare.core.here import Here
from fedishare.core.uris import Uris
from fedishare.jobs import deliveries
from fedishare.jobs.deliveries import Letter
from fedishare.jobs.queue import enqueue
from fedishare.jobs.tools import Tools
from fedishare.jobs.types import Distribute
from fedishare.outbox import seals
from fedishare.queries import outgoing
from fedishare.queries.parties import Key, Who

_LARGEST_ID: Final = (1 << 63) - 1


Still: TypeAlias = Callable[[Connection], bool]


class Outgoing(NamedTuple):
    """A letter, where it goes, and the room of ours that passes it on.

    `unless_gone` is a post whose deletion makes the letter pointless. `still` is asked in the very
    change that writes the letter down: what was taken back meanwhile must not go out behind its
    own undoing (REL-05). `again` sends off anew what was sent off before.
    """

    letter: Letter
    inboxes: Sequence[str]
    room_id: int | None = None
    post_id: int | None = None
    unless_gone: int | None = None
    still: Still | None = None
    again: bool = False


def named(at: Uris, *causes: str) -> str:
    """The id of an activity that follows from `causes`.

    The same causes give the same id, so that a job that runs twice, because it was killed
    before it could be ticked off, writes nothing twice.
    """
    digest = sha256("\n".join(causes).encode()).digest()
    return at.activity(int.from_bytes(digest[:8]) & _LARGEST_ID)


def letter(
    activity: Document,
    *,
    actor: Who,
    object_uri: str,
    about: str | None = None,
    public: bool,
    key: Key | None = None,
    at: datetime,
    raw_object: bytes | None = None,
    variant: str = "",
    for_followers: bool = False,
) -> Letter:
    """`activity` in its final bytes, with a proof if there is a `key`. `about` is the object where it is not said.

    `raw_object` are the bytes in which the object came, so that they are passed on as they are.
    """
    proven = seals.proven(activity, key=key, at=at)
    return Letter(
        uri=str(activity["id"]),
        actor_id=actor.id,
        type=str(activity["type"]),
        object_uri=object_uri,
        about=about or object_uri,
        body=write.body(proven, raw_object=raw_object),
        public=public,
        variant=variant,
        for_followers=for_followers,
    )


async def send(tools: Tools, outgoing_letter: Outgoing) -> None:
    """Write it all down in one change; what follows is delivery's business."""
    await tools.db.write(keep, tools.here, outgoing_letter)
    crash.point("letter.committed")


def keep(tx: Connection, here: Here, sent: Outgoing) -> bool:
    """Answers whether there was anything new in it."""
    crash.point("letter.worded")
    if sent.unless_gone is not None and outgoing.is_gone(tx, sent.unless_gone):
        return False
    if sent.still is not None and not sent.still(tx):
        return False
    is_new = deliveries.send_off(tx, here, sent.letter, inboxes=sent.inboxes, again=sent.again)
    if is_new and sent.room_id is not None:
        enqueue(tx, Distribute(sent.room_id, sent.letter.uri, sent.post_id), due=here.now())
    return is_new


def keep_all(tx: Connection, here: Here, letters: Iterable[Outgoing]) -> bool:
    """Answers whether there was anything new in any of them."""
    new = [keep(tx, here, sent) for sent in letters]
    return any(new)


def inboxes_of(parties: Iterable[Who | None]) -> list[str]:
    """The own inboxes of those who live elsewhere, each once."""
    return list(dict.fromkeys(who.inbox for who in parties if who is not None and not who.local))
