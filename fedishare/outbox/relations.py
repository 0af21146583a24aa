"""What passes between two actors: following, its answers, blocking. Nobody else hears of it."""

from functools import partial

from sqlalchemy import Connection

from fedishare.as2.write import Document
from fedishare.core.here import Here
from fedishare.jobs.tools import Tools
from fedishare.jobs.types import AnswerFollow, SendBlock, SendFollow, SendUnblock, SendUnfollow
from fedishare.outbox import activities
from fedishare.outbox.letters import Outgoing, Still, inboxes_of, keep, letter, named, send
from fedishare.queries import parties
from fedishare.queries.parties import Who


async def send_follow(tools: Tools, job: SendFollow) -> None:
    """Ask to follow. Whoever asks again is heard again, because the first answer may have been lost."""
    facts = await tools.db.read(parties.follow_facts, job.follow_id)
    if facts is None or facts.followee.local:
        return
    activity = activities.follow(
        uri=facts.uri, actor=facts.follower.uri, followee=facts.followee.uri, link=job.link or None
    )
    still = partial(parties.is_follow, uri=facts.uri)
    await deliver(tools, activity, by=facts.follower, to=facts.followee, again=True, still=still)


async def send_unfollow(tools: Tools, job: SendUnfollow) -> None:
    follower, followee = await tools.db.read(parties.both, job.follower_id, job.followee_id)
    followed = activities.follow(uri=job.uri, actor=follower.who.uri, followee=followee.who.uri)
    await _take_back(tools, followed, by=follower.who, to=followee.who)


def answer_follow(tx: Connection, here: Here, job: AnswerFollow) -> None:
    """Accept or reject; a repeated Follow is answered again."""
    follower, followee = parties.both(tx, job.follower_id, job.followee_id)
    followed = activities.follow(uri=job.uri, actor=follower.who.uri, followee=followee.who.uri)
    if job.accept:
        activity = activities.accept(followed, uri=named(here.uris, "Accept", followee.who.uri, job.uri))
    else:
        activity = activities.reject(followed, uri=named(here.uris, "Reject", followee.who.uri, job.uri))
    keep(tx, here, _between_two(here, activity, by=followee.who, to=follower.who, again=True))


async def send_block(tools: Tools, job: SendBlock) -> None:
    facts = await tools.db.read(parties.block_facts, job.block_id)
    if facts is None or facts.followee.local:
        return
    activity = activities.block(uri=facts.uri, actor=facts.follower.uri, blocked=facts.followee.uri)
    still = partial(parties.is_block, uri=facts.uri)
    await deliver(tools, activity, by=facts.follower, to=facts.followee, still=still)


async def send_unblock(tools: Tools, job: SendUnblock) -> None:
    blocker, blocked = await tools.db.read(parties.both, job.blocker_id, job.blocked_id)
    blocking = activities.block(uri=job.uri, actor=blocker.who.uri, blocked=blocked.who.uri)
    await _take_back(tools, blocking, by=blocker.who, to=blocked.who)


async def _take_back(tools: Tools, activity: Document, *, by: Who, to: Who) -> None:
    uri = named(tools.here.uris, "Undo", str(activity["id"]))
    await deliver(tools, activities.undo(activity, uri=uri), by=by, to=to)


async def deliver(
    tools: Tools, activity: Document, *, by: Who, to: Who, again: bool = False, still: Still | None = None
) -> None:
    """To the other's own inbox. All that passes between the two is kept in order: Follow before Undo (REL-05)."""
    await send(tools, _between_two(tools.here, activity, by=by, to=to, again=again, still=still))


def _between_two(
    here: Here, activity: Document, *, by: Who, to: Who, again: bool, still: Still | None = None
) -> Outgoing:
    about = letter(activity, actor=by, object_uri=to.uri, about=_between(by, to), public=False, at=here.now())
    return Outgoing(about, inboxes_of([to]), again=again, still=still)


def _between(one: Who, other: Who) -> str:
    return " ".join(sorted((one.uri, other.uri)))
