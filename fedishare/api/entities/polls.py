"""Polls as apps read them. What somebody chose is theirs alone, so a poll is put together anew for every viewer."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from fedishare.api.calls import stamp_or_none
from fedishare.queries.statuses import Answer, Fact


class Option(msgspec.Struct, frozen=True):
    title: str
    votes_count: int
    emojis: tuple[()] = ()


class Poll(msgspec.Struct, frozen=True, kw_only=True):
    """`voters_count` is null where its server does not tell."""

    id: str
    expires_at: str | None
    expired: bool
    multiple: bool
    votes_count: int
    voters_count: int | None
    options: tuple[Option, ...]
    emojis: tuple[()] = ()


class OwnPoll(Poll, frozen=True, kw_only=True):
    """The same, for somebody who may vote in it."""

    voted: bool
    own_votes: tuple[int, ...]


class Asked(NamedTuple):
    """What of a poll is the same for everybody."""

    id: int
    author_id: int
    multiple: bool
    ends_at: datetime | None
    closed_at: datetime | None
    voters_count: int | None
    options: tuple[Option, ...]


def asked(fact: Fact, answers: Sequence[Answer]) -> Asked | None:
    if fact.multiple is None:
        return None
    options = tuple(Option(each.title, each.votes) for each in answers)
    ends = (fact.ends_at, fact.closed_at, fact.voters_count)
    return Asked(fact.id, fact.author_id, fact.multiple, *ends, options)


def poll(known: Asked, *, now: datetime, viewer: int | None, own: Sequence[int]) -> Poll:
    ends = [end for end in (known.ends_at, known.closed_at) if end is not None]
    first = min(ends) if ends else None
    found = Poll(
        id=str(known.id),
        expires_at=stamp_or_none(first),
        expired=first is not None and first <= now,
        multiple=known.multiple,
        votes_count=sum(option.votes_count for option in known.options),
        voters_count=known.voters_count,
        options=known.options,
    )
    if viewer is None:
        return found
    # Whoever asks has no vote, and apps offer one to everybody who has not "voted".
    said = {name: getattr(found, name) for name in Poll.__struct_fields__}
    return OwnPoll(**said, voted=bool(own) or viewer == known.author_id, own_votes=tuple(own))
