"""The paper that a post of ours is, read back for those who are told of it."""

from typing import Any, Final, TypeAlias

import msgspec
from sqlalchemy import BindParameter, Connection, Select, bindparam, select

from fedishare.db.base import BigId
from fedishare.db.meetings import ActionPoint, ActionReport, AgendaItem, AgendaOrder, Meeting, Minutes
from fedishare.domain.kinds import PaperKind
from fedishare.domain.papers import (
    ActionPaper,
    ItemPaper,
    MeetingPaper,
    MinutesPaper,
    OrderPaper,
    Paper,
    Record,
    ReportPaper,
)

Rows: TypeAlias = Select[*tuple[Any, ...]]

_post: Final[BindParameter[int]] = bindparam("post", type_=BigId)
STATEMENTS: Final[dict[PaperKind, Rows]] = {
    PaperKind.MEETING: select(
        Meeting.starts, Meeting.place, Meeting.note, Meeting.secretary_uri, Meeting.is_cancelled
    ).where(Meeting.post_id == _post),
    PaperKind.ITEM: select(AgendaItem.headline, AgendaItem.meeting_uri).where(AgendaItem.post_id == _post),
    PaperKind.ORDER: select(AgendaOrder.meeting_uri, AgendaOrder.items).where(AgendaOrder.post_id == _post),
    PaperKind.MINUTES: select(Minutes.meeting_uri, Minutes.record).where(Minutes.post_id == _post),
    PaperKind.REPORT: select(ActionReport.action_uri).where(ActionReport.post_id == _post),
}
ACTIONS: Final = (
    select(
        ActionPoint.uri,
        ActionPoint.headline,
        ActionPoint.owner_uri,
        ActionPoint.owner_name,
        ActionPoint.due,
        ActionPoint.is_done,
    )
    .where(ActionPoint.post_id == _post)
    .order_by(ActionPoint.id)
)


def paper(tx: Connection, *, post_id: int, kind: PaperKind) -> Paper | None:
    """What a post says in the business of a meeting; nothing once the post was deleted."""
    row = tx.execute(STATEMENTS[kind], {"post": post_id}).one_or_none()
    if row is None:
        return None
    match kind:
        case PaperKind.MEETING:
            return MeetingPaper(starts=row[0], place=row[1], note=row[2], secretary=row[3], is_cancelled=row[4])
        case PaperKind.ITEM:
            return ItemPaper(headline=row[0], meeting=row[1])
        case PaperKind.ORDER:
            return OrderPaper(meeting=row[0], items=tuple(row[1]))
        case PaperKind.MINUTES:
            return MinutesPaper(meeting=row[0], record=record(row[1]), actions=actions(tx, post_id=post_id))
        case PaperKind.REPORT:
            return ReportPaper(action=row[0])


def actions(tx: Connection, *, post_id: int) -> tuple[ActionPaper, ...]:
    return tuple(
        ActionPaper(
            uri=row.uri,
            headline=row.headline,
            owner=row.owner_uri,
            owner_name=row.owner_name,
            due=row.due,
            is_done=row.is_done,
        )
        for row in tx.execute(ACTIONS, {"post": post_id})
    )


def record(stored: dict[str, Any]) -> Record:
    return msgspec.convert(stored, Record)
