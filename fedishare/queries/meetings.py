"""Meetings of rooms as pages show them: agenda, minutes, actions, and the notes of whoever runs one."""

from typing import NamedTuple

from sqlalchemy import Connection

from fedishare.queries import visits
from fedishare.queries.visits import Counts


class Glance(NamedTuple):
    """What the page of a room says of its business: what is new."""

    news: Counts | None


def glance(tx: Connection, *, room_id: int, viewer: int | None) -> Glance:
    news = visits.unseen_in(tx, room_id=room_id, viewer=viewer) if viewer is not None else None
    return Glance(news)
