"""Which post an address is about: the one with this id, or the one that the boost with this id passes on."""

from typing import NamedTuple

from sqlalchemy import Connection

from fedishare.api.calls import Call, nothing
from fedishare.domain.html import plain
from fedishare.domain.kinds import QuotePolicy
from fedishare.queries import sources, statuses
from fedishare.queries.statuses import Seen


class Target(NamedTuple):
    post: Seen
    boost_id: int | None


class Source(NamedTuple):
    """What a post was written as."""

    text: str
    title: str | None
    warning: str | None
    language: str | None
    quote_policy: QuotePolicy | None


def target(tx: Connection, call: Call, *, name: str = "id") -> Target:
    """Raises NotFound for what is not there, or not for the viewer."""
    wanted = call.id(name)
    seen = statuses.seen(tx, [wanted], viewer=call.viewer)
    if wanted in seen:
        return Target(seen[wanted], None)
    boost = statuses.boosts(tx, [wanted]).get(wanted)
    if boost is not None:
        seen = statuses.seen(tx, [boost.post_id], viewer=call.viewer)
        if boost.post_id in seen:
            return Target(seen[boost.post_id], boost.id)
    raise nothing()


def source_of(tx: Connection, post_id: int) -> Source:
    """Whether the viewer may see it was asked before."""
    row = sources.one(tx, post_id=post_id)
    return Source(row.source or plain(row.content), row.title, row.warning, row.language, row.quote_policy)
