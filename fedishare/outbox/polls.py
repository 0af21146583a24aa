"""Polls put into words, and votes in polls of others sent to their authors."""

from collections.abc import Iterable

from fedishare.as2 import write
from fedishare.as2.write import Document
from fedishare.core.json import Json
from fedishare.jobs.tools import Tools
from fedishare.jobs.types import SendVotes
from fedishare.outbox import activities
from fedishare.outbox.letters import Outgoing, inboxes_of, keep_all, letter
from fedishare.queries import outgoing
from fedishare.queries.outgoing import OptionRow, PollRow, VoteRow, VotesFacts


def terms(poll: PollRow, options: Iterable[OptionRow]) -> Document:
    """What makes a post a Question (mastodon.md 3.6)."""
    shaped: Document = {"anyOf" if poll.multiple else "oneOf": [_option(option) for option in options]}
    if poll.ends_at is not None:
        shaped["endTime"] = write.when(poll.ends_at)
    if poll.closed_at is not None:
        shaped["closed"] = write.when(poll.closed_at)
    if poll.voters_count is not None:
        shaped["votersCount"] = poll.voters_count
    return shaped


def vote(row: VoteRow, *, voter: str, author: str, poll: str) -> Document:
    """One answer, which is no post: a name and nothing to show. `to` is one string, as Mastodon writes it."""
    note: Document = {
        "id": row.uri,
        "type": "Note",
        "attributedTo": voter,
        "name": row.name,
        "inReplyTo": poll,
        "published": write.when(row.at),
        "to": author,
    }
    return write.with_context(write.PLAIN, note)


async def send_votes(tools: Tools, job: SendVotes) -> None:
    """One Create for each answer that was chosen, for the author of the poll alone."""
    facts = await tools.db.read(outgoing.votes_facts, post_id=job.post_id, actor_id=job.actor_id)
    if facts is None or facts.author.local:
        return
    letters = [_sent(tools, facts, row) for row in facts.votes]
    await tools.db.write(keep_all, tools.here, letters)


def _sent(tools: Tools, facts: VotesFacts, row: VoteRow) -> Outgoing:
    note = vote(row, voter=facts.voter.uri, author=facts.author.uri, poll=facts.poll_uri)
    activity = activities.create_vote(note, uri=tools.here.uris.activity(row.id))
    about = letter(activity, actor=facts.voter, object_uri=row.uri, about=facts.poll_uri, public=False, at=row.at)
    return Outgoing(about, inboxes_of([facts.author]))


def _option(option: OptionRow) -> Json:
    return {"type": "Note", "name": option.title, "replies": {"type": "Collection", "totalItems": option.votes}}
