"""What collections of resources tell their followers, besides the boosts by which everybody sees what is in them."""

from collections.abc import Sequence
from functools import partial
from html import escape
from typing import Final, NamedTuple

from sqlalchemy import Connection

from fedishare.as2.write import Document
from fedishare.core import json, uris
from fedishare.core.json import Json
from fedishare.jobs.tools import Tools
from fedishare.jobs.types import PublishFarewell, PublishItem
from fedishare.outbox import activities
from fedishare.outbox.letters import Outgoing, letter, named, send
from fedishare.queries import anthologies, outgoing, parties, recipients
from fedishare.queries.anthologies import Entry, Known
from fedishare.queries.parties import Party
from fedishare.services import anthologies as services

# What differs between two activities that say the same.
_OWN: Final = frozenset({"id", "@context", "proof"})


class Told(NamedTuple):
    """A collection of ours, whom it tells, and what it said last about the same resource."""

    known: Known
    party: Party
    inboxes: list[str]
    post_uri: str
    previous_uri: str | None
    is_in: bool
    last: tuple[str, bytes] | None

    @property
    def followers(self) -> str:
        return self.known.who.followers or uris.followers(self.known.who.uri)


async def publish_item(tools: Tools, job: PublishItem) -> None:
    """Add, also of what is in it already and has another place or line; or Remove."""
    told = await tools.db.read(_told, job)
    if told is None or told.is_in is not job.added:
        return
    if not job.added and (told.last is None or told.last[0] == "Remove"):
        return
    said = _put_in(tools, job, told) if job.added else _taken_out(tools, told)
    if told.last is not None and _without_id(json.loads(told.last[1])) == _without_id(said):
        return
    who, key = told.known.who, told.party.key
    still = partial(_is_so, anthology_id=job.anthology_id, post_id=job.post_id, wanted=job.added)
    about = letter(
        said, actor=who, object_uri=told.post_uri, about=told.known.items_uri, public=True, key=key,
        at=tools.here.now(),
    )  # fmt: skip
    await send(tools, Outgoing(about, told.inboxes, still=still))


def _put_in(tools: Tools, job: PublishItem, told: Told) -> Document:
    return activities.put_in(
        uri=_named(tools, told, "Add", job.said, str(job.position), told.previous_uri or ""),
        actor=told.known.who.uri,
        resource=told.post_uri,
        items=told.known.items_uri,
        followers=told.followers,
        line=escape(job.said, quote=False),
        position=job.position,
        previous=told.previous_uri,
    )


def _taken_out(tools: Tools, told: Told) -> Document:
    uri, who, items = _named(tools, told, "Remove"), told.known.who.uri, told.known.items_uri
    return activities.remove(uri=uri, actor=who, post=told.post_uri, featured=items, followers=told.followers)


def _named(tools: Tools, told: Told, *causes: str) -> str:
    last = (told.last[1] if told.last is not None else b"").decode()
    return named(tools.here.uris, *causes, told.known.items_uri, told.post_uri, last)


def _without_id(said: Json) -> Json:
    """What an activity says, by which a job that runs twice sees that it was done."""
    return {name: value for name, value in said.items() if name not in _OWN} if isinstance(said, dict) else said


async def publish_farewell(tools: Tools, job: PublishFarewell) -> None:
    """The Delete of a collection, for all who follow it; then nobody does."""
    told = await tools.db.read(_farewell, job)
    if told is None:
        return
    party, inboxes = told
    who, now = party.who, tools.here.now()
    said = activities.delete_actor(
        uri=named(tools.here.uris, "Delete", who.uri), actor=who.uri, followers=who.followers or uris.followers(who.uri)
    )
    about = letter(said, actor=who, object_uri=who.uri, about=uris.items(who.uri), public=True, key=party.key, at=now)
    await send(tools, Outgoing(about, inboxes))
    await tools.db.write(services.part, anthology_id=job.anthology_id)


def listed(entries: Sequence[Entry]) -> list[Json]:
    """Each resource by its address; with the line about it, where there is one, as the name of a Link."""
    return [_link(entry) if entry.line else entry.uri for entry in entries]


def _link(entry: Entry) -> Document:
    return {"type": "Link", "href": entry.uri, "name": entry.line}


def _told(tx: Connection, job: PublishItem) -> Told | None:
    known = anthologies.known(tx, anthology_id=job.anthology_id)
    post = outgoing.post_row(tx, job.post_id)
    if known is None or post is None or not known.who.local:
        return None
    previous = outgoing.post_row(tx, job.previous_id) if job.previous_id is not None else None
    return Told(
        known,
        parties.party(tx, job.anthology_id),
        recipients.follower_inboxes(tx, job.anthology_id),
        post.uri,
        previous.uri if previous is not None else None,
        anthologies.has(tx, anthology_id=job.anthology_id, post_id=job.post_id),
        outgoing.latest(tx, actor_id=job.anthology_id, about=post.uri, types=("Add", "Remove")),
    )


def _farewell(tx: Connection, job: PublishFarewell) -> tuple[Party, list[str]] | None:
    party = parties.party(tx, job.anthology_id)
    return (party, recipients.follower_inboxes(tx, job.anthology_id)) if party.who.local else None


def _is_so(tx: Connection, *, anthology_id: int, post_id: int, wanted: bool) -> bool:
    return anthologies.has(tx, anthology_id=anthology_id, post_id=post_id) is wanted
