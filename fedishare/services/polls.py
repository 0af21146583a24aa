"""Polls: made, counted, voted in, ended. A poll elsewhere is counted there; our votes are added until word comes."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, delete, exists, or_, select, update

from fedishare.core.errors import Invalid, NotFound, Refused
from fedishare.core.here import Here
from fedishare.db.accounts import Account
from fedishare.db.base import insert
from fedishare.db.follows import Block
from fedishare.db.polls import Poll, PollOption, Vote
from fedishare.db.posts import Post
from fedishare.domain import polls as rules
from fedishare.domain.kinds import NoticeKind
from fedishare.jobs.queue import enqueue
from fedishare.jobs.types import ClosePoll, PublishAgain, SendVotes, TallyPoll
from fedishare.queries import sight
from fedishare.services import notices
from fedishare.services.drafts import ForeignOption, ForeignPoll, PollDraft

# New votes are told together, as Mastodon does it (mastodon.md 3.6).
TALLY_EVERY: Final = timedelta(minutes=3)
QUESTION: Final = "Question"

POLL: Final = (
    select(
        Poll.post_id,
        Poll.multiple,
        Poll.ends_at,
        Poll.closed_at,
        Poll.voters_count,
        Poll.told_at,
        Post.uri,
        Post.author_id,
        Post.local,
        Post.deleted_at,
    )
    .join(Post, Post.id == Poll.post_id)
    .where(Poll.post_id == bindparam("post"))
    .with_for_update(of=Poll)
)
NAMED: Final = select(Post.id).join(Poll, Poll.post_id == Post.id).where(Post.uri == bindparam("named"), Post.local)
OPTIONS: Final = (
    select(PollOption.position, PollOption.name, PollOption.title, PollOption.votes)
    .where(PollOption.post_id == bindparam("post"))
    .order_by(PollOption.position)
)
MADE: Final = insert(Poll)
OFFERED: Final = insert(PollOption)
CHOSEN: Final = select(Vote.position).where(Vote.post_id == bindparam("post"), Vote.actor_id == bindparam("actor"))
CHOOSE: Final = insert(Vote).on_conflict_do_nothing().returning(Vote.id)
COUNT: Final = (
    update(PollOption)
    .where(PollOption.post_id == bindparam("post"), PollOption.position == bindparam("place"))
    .values(votes=PollOption.votes + 1)
)
COUNT_VOTER: Final = update(Poll).where(Poll.post_id == bindparam("post")).values(voters_count=Poll.voters_count + 1)
HAS_VOTES: Final = select(exists().where(Vote.post_id == bindparam("post")))
SET_VOTES: Final = (
    update(PollOption)
    .where(PollOption.post_id == bindparam("post"), PollOption.position == bindparam("place"))
    .values(votes=bindparam("counted"))
)
SET_FACTS: Final = (
    update(Poll)
    .where(Poll.post_id == bindparam("post"))
    .values(ends_at=bindparam("ends"), closed_at=bindparam("closed"), voters_count=bindparam("voters"))
)
PLAN: Final = (
    update(Poll)
    .where(Poll.post_id == bindparam("post"), ~Poll.is_planned)
    .values(is_planned=True)
    .returning(Poll.post_id)
)
BEGIN_TALLY: Final = update(Poll).where(Poll.post_id == bindparam("post")).values(is_planned=False)
END: Final = (
    update(Poll)
    .where(Poll.post_id == bindparam("post"))
    .values(closed_at=bindparam("closed"), told_at=bindparam("now"))
)
DROPS: Final = tuple(delete(holder).where(holder.post_id == bindparam("post")) for holder in (Vote, PollOption, Poll))
RENAME: Final = update(Post).where(Post.id == bindparam("row")).values(kind=bindparam("as_kind"))
# Whoever took part and lives here, its author among them.
EARS: Final = (
    select(Account.actor_id)
    .where(Account.disabled_at.is_(None))
    .where(
        or_(
            Account.actor_id == bindparam("author"),
            exists().where(Vote.post_id == bindparam("post"), Vote.actor_id == Account.actor_id),
        )
    )
    .where(~exists().where(Block.blocker_id == Account.actor_id, Block.blocked_id == bindparam("author")))
)

_Poll = Row[*tuple[Any, ...]]


def attach(tx: Connection, here: Here, *, post_id: int, draft: PollDraft) -> None:
    """Make a post of ours a poll, which will end by itself. Raises Invalid for what its author can put right."""
    titles, ends_at = rules.options(draft.options), here.now() + rules.length(draft.lasts)
    _make(
        tx,
        post_id=post_id,
        poll=ForeignPoll(
            options=tuple(ForeignOption(title, title, 0) for title in titles),
            multiple=draft.multiple,
            ends_at=ends_at,
            closed_at=None,
            voters=0,
        ),
    )
    enqueue(tx, ClosePoll(post_id), due=ends_at)


def redraft(tx: Connection, here: Here, *, post_id: int, draft: PollDraft) -> bool:
    """Change a poll of ours. Other answers start it anew, and all votes are dropped; the same ones change nothing."""
    poll = tx.execute(POLL, {"post": post_id}).one_or_none()
    titles = rules.options(draft.options)
    if poll is not None and (tuple(_titles(tx, post_id)), poll.multiple) == (titles, draft.multiple):
        return False
    drop(tx, post_id=post_id)
    attach(tx, here, post_id=post_id, draft=draft)
    tx.execute(RENAME, {"row": post_id, "as_kind": QUESTION})
    return True


def end_as_note(tx: Connection, *, post_id: int) -> bool:
    """A post of ours is a poll no more, and was one."""
    if tx.execute(POLL, {"post": post_id}).one_or_none() is None:
        return False
    drop(tx, post_id=post_id)
    tx.execute(RENAME, {"row": post_id, "as_kind": "Note"})
    return True


def attach_foreign(tx: Connection, *, post_id: int, poll: ForeignPoll) -> None:
    _make(tx, post_id=post_id, poll=poll)


def revise_foreign(tx: Connection, here: Here, *, post_id: int, poll: ForeignPoll | None) -> None:
    """What an edit made of a poll: with other answers, what was voted here does not count any more."""
    known = tx.execute(POLL, {"post": post_id}).one_or_none()
    if known is not None and poll is not None and _is_same(tx, known, poll):
        count_foreign(tx, here, post_id=post_id, poll=poll)
        return
    drop(tx, post_id=post_id)
    if poll is not None:
        _make(tx, post_id=post_id, poll=poll)


def count_foreign(tx: Connection, here: Here, *, post_id: int, poll: ForeignPoll) -> bool:
    """Take over how a poll stands on its own server; answers whether anything is new.

    Where its answers are not those that we have, or a number is missing or cannot be, all of it is
    ignored (ORG-24): other answers come with an edit. What is over does not begin again.
    """
    known = tx.execute(POLL, {"post": post_id}).one_or_none()
    if known is None or known.local or not _is_same(tx, known, poll):
        return False
    counts = [option.votes for option in poll.options]
    if any(count is None for count in counts):
        return False
    before = [row.votes for row in tx.execute(OPTIONS, {"post": post_id})]
    for place, count in enumerate(counts):
        if count != before[place]:
            tx.execute(SET_VOTES, {"post": post_id, "place": place, "counted": count})
    facts = (poll.ends_at or known.ends_at, known.closed_at or poll.closed_at, poll.voters)
    if (counts, *facts) == (before, known.ends_at, known.closed_at, known.voters_count):
        return False
    tx.execute(SET_FACTS, {"post": post_id, "ends": facts[0], "closed": facts[1], "voters": facts[2]})
    if known.closed_at is None and facts[1] is not None and tx.scalar(HAS_VOTES, {"post": post_id}):
        enqueue(tx, ClosePoll(post_id), due=here.now())
    return True


def drop(tx: Connection, *, post_id: int) -> None:
    """The post is no poll any more."""
    for statement in DROPS:
        tx.execute(statement, {"post": post_id})


def vote(tx: Connection, here: Here, *, actor_id: int, post_id: int, choices: Sequence[int]) -> None:
    """One of ours votes, once, in a poll that they may see.

    Raises NotFound where there is none for them, Refused where it is over, their own, or voted in
    already, and Invalid for a choice that is none.
    """
    poll = tx.execute(POLL, {"post": post_id}).one_or_none()
    if poll is None or not sight.may_see(tx, post_id=post_id, viewer=actor_id):
        raise NotFound("There is no such poll, or it is not for you.")
    places = sorted(set(choices))
    if poll.author_id == actor_id:
        raise Refused("Nobody votes in a poll of their own.")
    if _is_over(poll, here.now()):
        raise Refused("This poll has ended.")
    if tx.execute(CHOSEN, {"post": post_id, "actor": actor_id}).first() is not None:
        raise Refused("You have voted in this poll already.")
    if not places:
        raise Invalid("Choose an answer first.")
    if len(places) > 1 and not poll.multiple:
        raise Invalid("Choose one answer only.")
    if not {row.position for row in tx.execute(OPTIONS, {"post": post_id})}.issuperset(places):
        raise Invalid("Choose one of the answers that are there.")

    is_first = not poll.local and not tx.scalar(HAS_VOTES, {"post": post_id})
    _cast(tx, here, poll, actor_id=actor_id, votes=[(place, None) for place in places])
    if poll.local:
        return
    enqueue(tx, SendVotes(post_id, actor_id), due=here.now())
    if is_first and poll.ends_at is not None:
        enqueue(tx, ClosePoll(post_id), due=poll.ends_at)


def receive_vote(tx: Connection, here: Here, *, actor_id: int, poll_uri: str, name: str, uri: str) -> str | None:
    """Somebody elsewhere votes in a poll of ours; what comes back is why it does not count, if it does not (ORG-24).

    In a poll with several answers each comes by itself.
    """
    post_id = tx.scalar(NAMED, {"named": poll_uri})
    poll = tx.execute(POLL, {"post": post_id}).one_or_none() if post_id is not None else None
    if poll is None or not sight.may_see(tx, post_id=poll.post_id, viewer=actor_id):
        return "there is no such poll here"
    if _is_over(poll, here.now()):
        return "the poll has ended"
    titles = _titles(tx, poll.post_id)
    place = titles.index(name.strip()) if name.strip() in titles else None
    if place is None:
        return "this is none of the answers"
    chosen = tx.scalars(CHOSEN, {"post": poll.post_id, "actor": actor_id}).all()
    if place in chosen or (chosen and not poll.multiple):
        return "has voted before"
    is_counted = _cast(tx, here, poll, actor_id=actor_id, votes=[(place, uri)], is_known=bool(chosen))
    return None if is_counted else "the vote is known"


def tally(tx: Connection, here: Here, *, post_id: int) -> None:
    """Have told how a poll of ours stands; votes that come from now on are told another time."""
    tx.execute(BEGIN_TALLY, {"post": post_id})
    enqueue(tx, PublishAgain(post_id), due=here.now())


def close(tx: Connection, here: Here, *, post_id: int) -> None:
    """End a poll whose time has come, tell who took part, and send the result of one of ours. Once."""
    poll = tx.execute(POLL, {"post": post_id}).one_or_none()
    if poll is None or poll.deleted_at is not None or poll.told_at is not None:
        return
    now = here.now()
    if not _is_over(poll, now):
        if poll.ends_at is not None:
            enqueue(tx, ClosePoll(post_id), due=poll.ends_at)
        return
    closed_at = poll.closed_at or poll.ends_at or now
    tx.execute(END, {"post": post_id, "closed": closed_at, "now": now})
    cause = f"{poll.uri} {closed_at.isoformat()}"
    ears = tx.scalars(EARS, {"post": post_id, "author": poll.author_id}).all()
    notices.spread(tx, here, ears=ears, kind=NoticeKind.POLL, actor_id=poll.author_id, cause=cause, post_id=post_id)
    if poll.local:
        enqueue(tx, PublishAgain(post_id), due=now)


def _make(tx: Connection, *, post_id: int, poll: ForeignPoll) -> None:
    facts = {"multiple": poll.multiple, "ends_at": poll.ends_at, "closed_at": poll.closed_at, "told_at": None}
    tx.execute(MADE, {"post_id": post_id, "voters_count": poll.voters, "is_planned": False} | facts)
    tx.execute(
        OFFERED,
        [
            {"post_id": post_id, "position": place, "name": each.name, "title": each.title, "votes": each.votes or 0}
            for place, each in enumerate(poll.options)
        ],
    )


def _cast(
    tx: Connection,
    here: Here,
    poll: _Poll,
    *,
    actor_id: int,
    votes: Iterable[tuple[int, str | None]],
    is_known: bool = False,
) -> bool:
    """Write votes down and count them; `is_known` is for a further answer of somebody who has voted."""
    post_id = poll.post_id
    for place, uri in votes:
        vote_id = here.ids.new()
        row = {"id": vote_id, "uri": uri or here.uris.post(vote_id), "post_id": post_id, "actor_id": actor_id}
        if tx.execute(CHOOSE, row | {"position": place, "created_at": here.now()}).scalar() is None:
            return False
        tx.execute(COUNT, {"post": post_id, "place": place})
    if not is_known:
        tx.execute(COUNT_VOTER, {"post": post_id})
    if poll.local and tx.execute(PLAN, {"post": post_id}).first() is not None:
        enqueue(tx, TallyPoll(post_id), due=here.now() + TALLY_EVERY)
    return True


def _titles(tx: Connection, post_id: int) -> list[str]:
    return [row.title for row in tx.execute(OPTIONS, {"post": post_id})]


def _is_same(tx: Connection, known: _Poll, poll: ForeignPoll) -> bool:
    names = [row.name for row in tx.execute(OPTIONS, {"post": known.post_id})]
    return names == [option.name for option in poll.options] and known.multiple == poll.multiple


def _is_over(poll: _Poll, now: datetime) -> bool:
    ends = [end for end in (poll.ends_at, poll.closed_at) if end is not None]
    return bool(ends) and min(ends) <= now
