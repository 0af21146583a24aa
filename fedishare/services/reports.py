"""Reports: somebody says that somebody else broke the rules."""

from typing import Final

from sqlalchemy import Connection, bindparam, select, update

from fedishare.core.here import Here
from fedishare.db.base import insert
from fedishare.db.people import Actor
from fedishare.db.reports import Report
from fedishare.jobs.queue import enqueue
from fedishare.jobs.types import SendReport
from fedishare.services import notices

LONGEST_COMMENT: Final = 5_000
MOST_POSTS: Final = 100
FILE: Final = insert(Report).on_conflict_do_nothing().returning(Report.id)
TARGET: Final = select(Actor.local).where(Actor.id == bindparam("actor"))
RESOLVE: Final = update(Report).where(Report.id == bindparam("report")).values(resolved_at=bindparam("now"))


def file(
    tx: Connection,
    here: Here,
    *,
    reporter_id: int,
    target_id: int,
    posts: tuple[str, ...],
    comment: str,
    uri: str | None = None,
    forward: bool = False,
) -> int:
    """Keep a report and tell the moderators.

    With `forward`, one about somebody elsewhere goes there too, in the node's name.
    """
    report_id = here.ids.new()
    row = {"id": report_id, "uri": uri or here.uris.activity(report_id), "reporter_id": reporter_id}
    goes_on = forward and uri is None and not tx.scalar(TARGET, {"actor": target_id})
    row |= {
        "forwarded": goes_on,
        "target_id": target_id,
        "posts": list(posts[:MOST_POSTS]),
        "comment": comment[:LONGEST_COMMENT],
    }
    if tx.execute(FILE, row | {"created_at": here.now()}).scalar() is None:
        return 0
    notices.tell_moderators(tx, here, actor_id=target_id, cause=str(report_id), line=comment[:200])
    if goes_on:
        enqueue(tx, SendReport(report_id), due=here.now())
    return report_id


def resolve(tx: Connection, here: Here, *, report_id: int) -> None:
    tx.execute(RESOLVE, {"report": report_id, "now": here.now()})
