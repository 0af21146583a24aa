"""Reports: somebody says that somebody else broke the rules."""

from typing import Any, Final

from sqlalchemy import Connection, bindparam, select, update

from fedishare.core.here import Here
from fedishare.db.base import aliased, insert, lock
from fedishare.db.people import Actor
from fedishare.db.posts import Post
from fedishare.db.reports import Report
from fedishare.domain.kinds import NoticeKind
from fedishare.domain.reports import ReportCategory
from fedishare.jobs.queue import enqueue
from fedishare.jobs.types import SendReport
from fedishare.services import notices

_room: Final[Any] = aliased(Actor)

LONGEST_COMMENT: Final = 5_000
MOST_POSTS: Final = 100
MOST_RULES: Final = 100
FILE: Final = insert(Report).on_conflict_do_nothing().returning(Report.id)
TARGET: Final = select(Actor.local).where(Actor.id == bindparam("actor"))
_other: Final[Any] = aliased(Actor)
# What one server says of one person is one report until a moderator has settled it (MOD-08).
WAITING: Final = (
    select(Report.id, Report.posts, Report.comment)
    .join(Actor, Actor.id == Report.reporter_id)
    .where(Report.target_id == bindparam("target"), Report.resolved_at.is_(None))
    .where(Actor.host == select(_other.host).where(_other.id == bindparam("reporter")).scalar_subquery())
    .order_by(Report.id)
    .limit(1)
    .with_for_update(of=Report)
)
ADD_TO: Final = (
    update(Report)
    .where(Report.id == bindparam("report"))
    .values(posts=bindparam("new_posts"), comment=bindparam("new_comment"))
)
# Where it happened: the room of the first of the posts that is in one.
ROOM: Final = (
    select(Post.room_id, _room.local)
    .join(_room, _room.id == Post.room_id)
    .where(Post.uri.in_(bindparam("uris", expanding=True)))
    .order_by(Post.id)
    .limit(1)
)
RESOLVE_IN_ROOM: Final = (
    update(Report)
    .where(Report.id == bindparam("report"), Report.room_id == bindparam("room"))
    .values(resolved_at=bindparam("now"))
)


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
    category: ReportCategory = ReportCategory.OTHER,
    rules: tuple[str, ...] = (),
) -> int:
    """Keep a report and tell the moderators, of the node and of the room of ours where it happened.

    With `forward`, one about somebody, or from a room, elsewhere goes there too, in the node's name.
    What comes from elsewhere (with a `uri`) is added to what that server said of the same person before, if that still
    waits for a moderator; the answer is 0, and nobody is told again.
    """
    if uri is not None and _add_to_waiting(tx, reporter_id, target_id, posts=posts, comment=comment):
        return 0
    report_id = here.ids.new()
    room = tx.execute(ROOM, {"uris": list(posts[:MOST_POSTS])}).one_or_none() if posts else None
    is_ours = room is not None and room.local
    row = {"id": report_id, "uri": uri or here.uris.activity(report_id), "reporter_id": reporter_id}
    is_elsewhere = (room is not None and not is_ours) or not tx.scalar(TARGET, {"actor": target_id})
    goes_on = forward and uri is None and is_elsewhere
    row |= {
        "forwarded": goes_on,
        "target_id": target_id,
        "posts": list(posts[:MOST_POSTS]),
        "comment": comment[:LONGEST_COMMENT],
        "category": category,
        "rules": list(rules),
        "room_id": room.room_id if room is not None and is_ours else None,
    }
    if tx.execute(FILE, row | {"created_at": here.now()}).scalar() is None:
        return 0
    notices.tell_moderators(tx, here, actor_id=target_id, cause=str(report_id), line=comment[:200])
    if room is not None and is_ours:
        kind, line = NoticeKind.REPORT, comment[:200]
        notices.tell(
            tx, here, recipient_id=room.room_id, kind=kind, actor_id=target_id, cause=str(report_id), line=line
        )
    if goes_on:
        enqueue(tx, SendReport(report_id), due=here.now())
    return report_id


def _add_to_waiting(tx: Connection, reporter_id: int, target_id: int, *, posts: tuple[str, ...], comment: str) -> bool:
    lock(tx, f"report about {target_id}")
    waiting = tx.execute(WAITING, {"target": target_id, "reporter": reporter_id}).one_or_none()
    if waiting is None:
        return False
    named = list(dict.fromkeys((*waiting.posts, *posts)))[:MOST_POSTS]
    is_said = comment in waiting.comment or len(waiting.comment) + len(comment) >= LONGEST_COMMENT
    said = waiting.comment if is_said else f"{waiting.comment}\n{comment}".strip()
    if (named, said) != (list(waiting.posts), waiting.comment):
        tx.execute(ADD_TO, {"report": waiting.id, "new_posts": named, "new_comment": said})
    return True


def resolve_in_room(tx: Connection, here: Here, *, report_id: int, room_id: int) -> None:
    """Settle a report about something in a room, and no other."""
    tx.execute(RESOLVE_IN_ROOM, {"report": report_id, "room": room_id, "now": here.now()})
