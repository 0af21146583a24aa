"""Meetings of rooms as pages show them: agenda, minutes, actions, and the notes of whoever runs one.

Only what is taken into a room's business, is still in the room, and is for the viewer's eyes.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, exists, or_, select

from fedishare.core.errors import NotFound
from fedishare.db.base import aliased
from fedishare.db.follows import Follow
from fedishare.db.meetings import (
    ActionPoint,
    ActionReport,
    AgendaItem,
    AgendaOrder,
    DraftAction,
    Meeting,
    Minutes,
    Sheet,
)
from fedishare.db.people import Actor
from fedishare.db.posts import Post
from fedishare.db.resources import Resource
from fedishare.domain.audience import Visibility
from fedishare.domain.kinds import FollowState, Kind
from fedishare.domain.papers import Record
from fedishare.queries import papers, sight, visits
from fedishare.queries.cards import FACE_WIDTH, Face, face, face_columns
from fedishare.queries.visits import Counts

MOST: Final = 100
MOST_ITEMS: Final = 200
MOST_RESOURCES: Final = 50


class Hall(NamedTuple):
    """The room that somebody meets in. A private one lets nobody in unasked, and is listed nowhere (F9)."""

    face: Face
    is_private: bool


class MeetingLine(NamedTuple):
    """`minutes_id` is the post of its minutes, once they are out."""

    id: int
    uri: str
    title: str
    content: str
    starts: str
    place: str
    note: str
    secretary_uri: str | None
    is_cancelled: bool
    room_id: int
    visibility: Visibility
    author_id: int
    minutes_id: int | None

    @property
    def is_open(self) -> bool:
        return self.minutes_id is None and not self.is_cancelled


class ItemLine(NamedTuple):
    id: int
    uri: str
    headline: str
    content: str
    author: Face


class ActionLine(NamedTuple):
    """An action of some minutes. `report_id` is the post in which its owner says that it is done."""

    id: int
    uri: str
    headline: str
    owner_uri: str
    owner_name: str
    due: str | None
    is_done: bool
    minutes_id: int
    minutes_uri: str
    minutes_title: str
    report_id: int | None
    reported_at: datetime | None
    owner: Face | None
    room: Face


class MinutesView(NamedTuple):
    id: int
    uri: str
    record: Record
    actions: list[ActionLine]
    author: Face
    published_at: datetime
    edited_at: datetime | None


class SheetRow(NamedTuple):
    item_id: int
    notes: str
    decisions: str
    present: str
    apologies: str
    links: str
    is_reached: bool
    version: int
    editor: Face | None


class DraftLine(NamedTuple):
    id: int
    headline: str
    due: str | None
    owner: Face


class Glance(NamedTuple):
    """What the page of a room says of its business: what is new, and the next meeting."""

    news: Counts | None
    next: MeetingLine | None


_author: Final[Any] = aliased(Actor)
_owner: Final[Any] = aliased(Actor)
_room: Final[Any] = aliased(Actor)
_called: Final[Any] = aliased(Meeting)
_call: Final[Any] = aliased(Post)
_told: Final[Any] = aliased(Minutes)
_telling: Final[Any] = aliased(Post)
_report: Final[Any] = aliased(Post)


def _stands(paper: Any) -> ColumnElement[bool]:
    """The paper of `Post` is part of its room's business, and the viewer may see it."""
    return and_(paper.room_id == Post.room_id, sight.visible())


_minutes_id: Final = (
    select(_told.post_id)
    .join(_telling, and_(_telling.id == _told.post_id, _telling.room_id == _told.room_id))
    .where(_told.meeting_uri == Post.uri, _told.room_id == Meeting.room_id, _telling.deleted_at.is_(None))
    .order_by(_told.post_id)
    .limit(1)
    .correlate(Post, Meeting)
    .scalar_subquery()
)
_MEETING: Final[Select[*tuple[Any, ...]]] = (
    select(
        Post.id,
        Post.uri,
        Post.title,
        Post.content,
        Meeting.starts,
        Meeting.place,
        Meeting.note,
        Meeting.secretary_uri,
        Meeting.is_cancelled,
        Meeting.room_id,
        Post.visibility,
        Post.author_id,
        _minutes_id.label("minutes_id"),
    )
    .select_from(Post)
    .join(Meeting, Meeting.post_id == Post.id)
    .where(_stands(Meeting))
)
MEETING: Final = _MEETING.where(Post.id == bindparam("meeting"))
MEETING_AT: Final = _MEETING.where(Post.uri == bindparam("named"), Meeting.room_id == bindparam("room"))
_in_room = _MEETING.where(Meeting.room_id == bindparam("room"))
_is_open: Final = and_(~Meeting.is_cancelled, _minutes_id.is_(None))
PLANNED: Final = _in_room.where(_is_open).order_by(Meeting.starts, Post.id).limit(MOST)
NEXT: Final = _in_room.where(_is_open).order_by(Meeting.starts, Post.id).limit(1)
PAST: Final = _in_room.where(~_is_open).order_by(Meeting.starts.desc(), Post.id.desc()).limit(MOST)
_is_in: Final = exists().where(
    Follow.follower_id == sight.VIEWER,
    Follow.followee_id == Meeting.room_id,
    Follow.state == FollowState.ACCEPTED,
)
COMING: Final = _MEETING.where(_is_open, _is_in).order_by(Meeting.starts, Post.id).limit(MOST)

# Whether the meeting that an item was meant for is still to come.
_is_to_come: Final = exists().where(
    _call.uri == AgendaItem.meeting_uri,
    _called.post_id == _call.id,
    _called.room_id == AgendaItem.room_id,
    _call.room_id == _called.room_id,
    _call.deleted_at.is_(None),
    ~_called.is_cancelled,
    ~exists().where(
        _told.meeting_uri == _call.uri,
        _told.room_id == _called.room_id,
        _telling.id == _told.post_id,
        _telling.room_id == _told.room_id,
        _telling.deleted_at.is_(None),
    ),
)
_is_settled: Final = exists().where(
    _told.post_id == AgendaItem.settled_by_id, _telling.id == _told.post_id, _telling.room_id == _told.room_id
)
_ITEM: Final = (
    select(Post.id, Post.uri, AgendaItem.headline, Post.content, *face_columns(_author))
    .select_from(Post)
    .join(AgendaItem, AgendaItem.post_id == Post.id)
    .join(_author, _author.id == Post.author_id)
    .where(AgendaItem.room_id == bindparam("room"), _stands(AgendaItem), ~_is_settled)
    .order_by(AgendaItem.position.is_(None), AgendaItem.position, Post.id)
    .limit(MOST_ITEMS)
)
AGENDA: Final = _ITEM.where(AgendaItem.meeting_uri == bindparam("meeting"))
# What waits for whichever meeting is next stands behind what was meant for it.
NEXT_AGENDA: Final = _ITEM.where(
    or_(AgendaItem.meeting_uri == bindparam("meeting"), AgendaItem.meeting_uri.is_(None), ~_is_to_come)
)
# For a correction: what the minutes tell of, and what still waits.
SETTLED: Final = (
    select(Post.id, Post.uri, AgendaItem.headline, Post.content, *face_columns(_author))
    .select_from(Post)
    .join(AgendaItem, AgendaItem.post_id == Post.id)
    .join(_author, _author.id == Post.author_id)
    .where(AgendaItem.room_id == bindparam("room"), _stands(AgendaItem))
    .where(
        or_(
            AgendaItem.settled_by_id == bindparam("minutes"),
            and_(AgendaItem.meeting_uri == bindparam("meeting"), ~_is_settled),
        )
    )
    .order_by(AgendaItem.position.is_(None), AgendaItem.position, Post.id)
    .limit(MOST_ITEMS)
)
PARKED: Final = _ITEM.where(or_(AgendaItem.meeting_uri.is_(None), ~_is_to_come))
MINUTES: Final = (
    select(Post.id, Post.uri, Minutes.record, Post.published_at, Post.edited_at, *face_columns(_author))
    .select_from(Post)
    .join(Minutes, Minutes.post_id == Post.id)
    .join(_author, _author.id == Post.author_id)
    .where(_stands(Minutes), Post.id == bindparam("post"))
)
_ACTION: Final = (
    select(
        ActionPoint.id,
        ActionPoint.uri,
        ActionPoint.headline,
        ActionPoint.owner_uri,
        ActionPoint.owner_name,
        ActionPoint.due,
        ActionPoint.is_done,
        Post.id,
        Post.uri,
        Post.title,
        _report.id,
        _report.published_at,
        *face_columns(_owner),
        *face_columns(_room),
    )
    .select_from(ActionPoint)
    .join(Post, Post.id == ActionPoint.post_id)
    .join(Minutes, Minutes.post_id == Post.id)
    .join(_room, _room.id == Post.room_id)
    .outerjoin(_owner, _owner.id == ActionPoint.owner_id)
    .outerjoin(ActionReport, and_(ActionReport.action_uri == ActionPoint.uri, ActionReport.room_id == Minutes.room_id))
    .outerjoin(_report, and_(_report.id == ActionReport.post_id, _report.deleted_at.is_(None)))
    .where(_stands(Minutes))
)
ACTIONS_OF: Final = _ACTION.where(ActionPoint.post_id == bindparam("post")).order_by(ActionPoint.id)
MY_ACTIONS: Final = (
    _ACTION.where(ActionPoint.owner_id == sight.VIEWER)
    .order_by(ActionPoint.due.is_(None), ActionPoint.due, ActionPoint.id)
    .limit(MOST_ITEMS)
)
ACTION: Final = _ACTION.where(ActionPoint.id == bindparam("action"))
SHEETS: Final = (
    select(
        Sheet.item_id,
        Sheet.notes,
        Sheet.decisions,
        Sheet.present,
        Sheet.apologies,
        Sheet.links,
        Sheet.is_reached,
        Sheet.version,
        *face_columns(_author),
    )
    .select_from(Sheet)
    .outerjoin(_author, _author.id == Sheet.editor_id)
    .where(Sheet.meeting_id == bindparam("meeting"))
)
DRAFTS: Final = (
    select(DraftAction.id, DraftAction.headline, DraftAction.due, *face_columns(_owner))
    .select_from(DraftAction)
    .join(_owner, _owner.id == DraftAction.owner_id)
    .where(DraftAction.meeting_id == bindparam("meeting"))
    .order_by(DraftAction.id)
)
ORDER_POST: Final = (
    select(Post.id)
    .join(AgendaOrder, AgendaOrder.post_id == Post.id)
    .where(AgendaOrder.meeting_uri == bindparam("meeting"), Post.author_id == bindparam("author"))
    .where(Post.deleted_at.is_(None))
    .order_by(Post.id.desc())
    .limit(1)
)
HALL: Final = select(*face_columns(Actor), Actor.locked, Actor.discoverable).where(
    Actor.id == bindparam("room"), Actor.kind == Kind.GROUP, Actor.deleted_at.is_(None)
)
BY_URI: Final = select(*face_columns(Actor)).where(Actor.uri == bindparam("named"))
RESOURCES: Final = (
    select(Post.uri, Post.title)
    .select_from(Post)
    .join(Resource, Resource.post_id == Post.id)
    .where(Post.room_id == bindparam("room"), sight.visible())
    .order_by(Post.id.desc())
    .limit(MOST_RESOURCES)
)


def hall(tx: Connection, *, room_id: int) -> Hall:
    """Raises NotFound for what is no room."""
    row = tx.execute(HALL, {"room": room_id}).one_or_none()
    if row is None:
        raise NotFound("There is no such room.")
    return Hall(face(row[:FACE_WIDTH]), is_private=row.locked and not row.discoverable)


def meeting(tx: Connection, *, meeting_id: int, viewer: int | None) -> MeetingLine:
    """Raises NotFound where there is no such meeting, or it is not for `viewer`."""
    row = tx.execute(MEETING, {"meeting": meeting_id, "viewer": viewer or sight.NOBODY}).one_or_none()
    if row is None:
        raise NotFound("There is no such meeting, or it is not for you.")
    return _line(row)


def planned(tx: Connection, *, room_id: int, viewer: int | None) -> list[MeetingLine]:
    """The meetings to come, the next one first."""
    return [_line(row) for row in tx.execute(PLANNED, {"room": room_id, "viewer": viewer or sight.NOBODY})]


def coming(tx: Connection, *, viewer: int) -> list[MeetingLine]:
    """The meetings to come of all rooms that somebody is in, the next one first."""
    return [_line(row) for row in tx.execute(COMING, {"viewer": viewer})]


def past(tx: Connection, *, room_id: int, viewer: int | None) -> list[MeetingLine]:
    """Those with minutes, and those that were called off; the last one first."""
    return [_line(row) for row in tx.execute(PAST, {"room": room_id, "viewer": viewer or sight.NOBODY})]


def next_of(tx: Connection, *, room_id: int, viewer: int | None) -> MeetingLine | None:
    row = tx.execute(NEXT, {"room": room_id, "viewer": viewer or sight.NOBODY}).one_or_none()
    return _line(row) if row is not None else None


def glance(tx: Connection, *, room_id: int, viewer: int | None) -> Glance:
    """Two statements at most."""
    news = visits.unseen_in(tx, room_id=room_id, viewer=viewer) if viewer is not None else None
    return Glance(news, next_of(tx, room_id=room_id, viewer=viewer))


def agenda(tx: Connection, line: MeetingLine, *, viewer: int | None) -> list[ItemLine]:
    """What is to be discussed. On the agenda of the next meeting stands besides what waits for none in particular."""
    following = next_of(tx, room_id=line.room_id, viewer=viewer)
    statement = NEXT_AGENDA if following is not None and following.id == line.id else AGENDA
    asked = {"room": line.room_id, "meeting": line.uri, "viewer": viewer or sight.NOBODY}
    return [_item(row) for row in tx.execute(statement, asked)]


def settled(tx: Connection, line: MeetingLine, *, viewer: int) -> list[ItemLine]:
    """What the minutes of a meeting tell of, and what was meant for it and nobody dealt with since."""
    asked = {"room": line.room_id, "meeting": line.uri, "minutes": line.minutes_id, "viewer": viewer}
    return [_item(row) for row in tx.execute(SETTLED, asked)]


def parked(tx: Connection, *, room_id: int, viewer: int | None) -> list[ItemLine]:
    """What waits for a meeting that nobody has called yet."""
    return [_item(row) for row in tx.execute(PARKED, {"room": room_id, "viewer": viewer or sight.NOBODY})]


def minutes(tx: Connection, *, post_id: int, viewer: int | None) -> MinutesView | None:
    asked = {"post": post_id, "viewer": viewer or sight.NOBODY}
    row = tx.execute(MINUTES, asked).one_or_none()
    if row is None:
        return None
    actions = _actions(tx.execute(ACTIONS_OF, asked))
    return MinutesView(
        row.id, row.uri, papers.record(row.record), actions, face(row[5:]), row.published_at, row.edited_at
    )


def my_actions(tx: Connection, *, viewer: int) -> list[ActionLine]:
    """What somebody has to do, or did, in all rooms: what is due first comes first."""
    return _actions(tx.execute(MY_ACTIONS, {"viewer": viewer}))


def action(tx: Connection, *, action_id: int, viewer: int) -> ActionLine:
    found = _actions(tx.execute(ACTION, {"action": action_id, "viewer": viewer}))
    if not found:
        raise NotFound("There is no such action, or it is not for you.")
    return found[0]


def sheets(tx: Connection, *, meeting_id: int) -> dict[int, SheetRow]:
    """The notes taken so far, by the post of their item; those on the whole meeting by its own."""
    rows = tx.execute(SHEETS, {"meeting": meeting_id}).all()
    return {row[0]: SheetRow._make((*row[:8], face(row[8:]) if row[8] is not None else None)) for row in rows}


def drafts(tx: Connection, *, meeting_id: int) -> list[DraftLine]:
    return [DraftLine._make((*row[:3], face(row[3:]))) for row in tx.execute(DRAFTS, {"meeting": meeting_id})]


def order_post(tx: Connection, *, meeting: str, author_id: int) -> int | None:
    """The post with which somebody sent the agenda round."""
    return tx.scalar(ORDER_POST, {"meeting": meeting, "author": author_id})


def by_uri(tx: Connection, uri: str | None) -> Face | None:
    row = tx.execute(BY_URI, {"named": uri}).one_or_none() if uri else None
    return face(row) if row is not None else None


def resources(tx: Connection, *, room_id: int, viewer: int) -> list[tuple[str, str]]:
    """Address and title of what was shared in a room lately."""
    return [(row[0], row[1] or row[0]) for row in tx.execute(RESOURCES, {"room": room_id, "viewer": viewer})]


def _line(row: Sequence[Any]) -> MeetingLine:
    line = MeetingLine(*row)
    return line._replace(title=line.title or "")


def _item(row: Sequence[Any]) -> ItemLine:
    return ItemLine._make((*row[:4], face(row[4:])))


def _actions(rows: Any) -> list[ActionLine]:
    """Each once, though its owner may have said twice that it is done."""
    found: dict[int, ActionLine] = {}
    for row in rows:
        owner = row[12 : 12 + FACE_WIDTH]
        people = (face(owner) if owner[0] is not None else None, face(row[12 + FACE_WIDTH :]))
        line = ActionLine._make((*row[:12], *people))
        line = line._replace(is_done=line.is_done or line.report_id is not None, minutes_title=line.minutes_title or "")
        if line.id not in found or line.report_id is not None:
            found[line.id] = line
    return list(found.values())
