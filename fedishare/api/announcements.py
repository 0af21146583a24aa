"""What the school tells everybody here: reading it, being done with it, and saying something to it."""

from typing import Final

import msgspec
from sqlalchemy import Connection

from fedishare.api.calls import Call, stamp, stamp_or_none
from fedishare.api.routes import Routes
from fedishare.queries import announcements as reading
from fedishare.queries.announcements import Said, Told
from fedishare.services import announcements

routes: Final = Routes()


class Reaction(msgspec.Struct, frozen=True):
    name: str
    count: int
    me: bool


class Announcement(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    content: str
    starts_at: str | None = None
    ends_at: str | None
    all_day: bool = False
    published_at: str
    updated_at: str
    read: bool
    mentions: tuple[()] = ()
    statuses: tuple[()] = ()
    tags: tuple[()] = ()
    emojis: tuple[()] = ()
    reactions: list[Reaction]


@routes.reads("GET", "/api/v1/announcements", scope=("read", "profile"))
def show(tx: Connection, call: Call) -> list[Announcement]:
    """Two statements. What somebody is done with comes where the app asks for it."""
    with_read = bool(call.params.flag("with_dismissed"))
    found = reading.current(tx, me=call.me, now=call.now, with_read=with_read)
    said = reading.reactions(tx, me=call.me, ids=[each.id for each in found])
    return [_announcement(each, said[each.id]) for each in found]


@routes.writes("POST", "/api/v1/announcements/{id}/dismiss", scope="write:accounts")
def dismiss(tx: Connection, call: Call) -> None:
    announcements.read(tx, announcement_id=call.id(), actor_id=call.me)


@routes.writes("PUT", "/api/v1/announcements/{id}/reactions/{name}", scope="write:favourites")
def react(tx: Connection, call: Call) -> None:
    announcements.react(tx, call.here, announcement_id=call.id(), actor_id=call.me, name=call.path["name"])


@routes.writes("DELETE", "/api/v1/announcements/{id}/reactions/{name}", scope="write:favourites")
def take_back(tx: Connection, call: Call) -> None:
    announcements.take_back(tx, announcement_id=call.id(), actor_id=call.me, name=call.path["name"])


def _announcement(told: Told, said: list[Said]) -> Announcement:
    return Announcement(
        id=str(told.id),
        content=told.content,
        ends_at=stamp_or_none(told.ends_at),
        published_at=stamp(told.published_at),
        updated_at=stamp(told.updated_at),
        read=told.is_read,
        reactions=[Reaction(each.name, each.times, each.is_mine) for each in said],
    )
