"""Answers from elsewhere, passed on to the followers of whoever of ours was answered (ActivityPub 7.1.2).

The bytes go on as they came, for the proof in them is what makes others believe them.
"""

from typing import Final

from sqlalchemy import Connection

from fedishare.core import hosts
from fedishare.jobs.deliveries import Letter
from fedishare.jobs.tools import Tools
from fedishare.jobs.types import Forward
from fedishare.outbox.letters import Outgoing, send
from fedishare.queries import outgoing, recipients
from fedishare.queries.outgoing import Parcel

# Beside what we say ourselves under an id; it is never served.
VARIANT: Final = "forward"


async def forward(tools: Tools, job: Forward) -> None:
    parcel, inboxes = await tools.db.read(_load, job)
    if parcel is None:
        return
    # Its own server has it, and sent it to its own followers.
    onward = [inbox for inbox in inboxes if not hosts.same_origin(inbox, parcel.actor.uri)]
    letter = Letter(
        uri=job.activity_uri,
        actor_id=job.author_id,
        type="Forward",
        object_uri=job.post_uri,
        about=job.post_uri,
        body=parcel.body,
        public=True,
        variant=VARIANT,
    )
    await send(tools, Outgoing(letter, onward))


def _load(tx: Connection, job: Forward) -> tuple[Parcel | None, list[str]]:
    return outgoing.parcel(tx, job.activity_uri), recipients.follower_inboxes(tx, job.author_id)
