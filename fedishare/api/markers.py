"""How far somebody has read, so that their next device goes on there."""

from typing import Final

import msgspec
from sqlalchemy import Connection

from fedishare.api import acting
from fedishare.api.calls import Call, stamp
from fedishare.api.params import is_id
from fedishare.api.routes import Routes
from fedishare.core.errors import Invalid
from fedishare.queries import interests
from fedishare.services import markers, notices

routes: Final = Routes()


class Marker(msgspec.Struct, frozen=True):
    last_read_id: str
    version: int
    updated_at: str


@routes.reads("GET", "/api/v1/markers", scope="read:statuses")
def show(tx: Connection, call: Call) -> dict[str, Marker]:
    wanted = [each for each in call.params.texts("timeline") if each in markers.TIMELINES]
    return _places(tx, call, wanted)


@routes.writes("POST", "/api/v1/markers", scope="write:statuses")
def place(tx: Connection, call: Call) -> dict[str, Marker]:
    me, changed = acting.me(tx, call), []
    for timeline in markers.TIMELINES:
        last = call.params.within(timeline).text("last_read_id").strip()
        if not last:
            continue
        if not (last.isascii() and last.isdecimal() and is_id(last)):
            raise Invalid("last_read_id must be an id.")
        markers.place(tx, call.here, actor_id=me, timeline=timeline, last_read_id=last)
        if timeline == markers.NOTIFICATIONS:
            notices.see_in_app(tx, call.here, recipient_id=me, upto=int(last))
        changed.append(timeline)
    return _places(tx, call, changed)


def _places(tx: Connection, call: Call, timelines: list[str]) -> dict[str, Marker]:
    found = interests.places(tx, actor_id=call.me, timelines=timelines)
    return {each.timeline: Marker(each.last_read_id, each.version, stamp(each.updated_at)) for each in found}
