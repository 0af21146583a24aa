"""Reports as apps ask for them, and the posts that they name."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Select, bindparam, select

from fedishare.db.base import BigId, aliased
from fedishare.db.people import Actor
from fedishare.db.posts import Post
from fedishare.db.reports import Report
from fedishare.domain.reports import ReportCategory
from fedishare.queries import sight


class ReportRow(NamedTuple):
    """`posts` are addresses; `post_ids` has the ids of those of them that we have."""

    id: int
    reporter_id: int
    target_id: int
    category: ReportCategory
    rules: Sequence[str]
    comment: str
    posts: Sequence[str]
    forwarded: bool
    created_at: datetime
    resolved_at: datetime | None
    resolved_by_id: int | None
    assigned_id: int | None
    post_ids: tuple[int, ...] = ()


_reporter: Final[Any] = aliased(Actor)
_columns = [getattr(Report, name) for name in ReportRow._fields[:-1]]
BY_IDS: Final = select(*_columns).where(Report.id.in_(bindparam("ids", expanding=True)))
POSTS: Final = select(Post.uri, Post.id).where(
    Post.uri.in_(bindparam("uris", expanding=True)), Post.deleted_at.is_(None)
)
NAMED: Final = select(Post.id, Post.uri).where(
    Post.id.in_(bindparam("ids", expanding=True)), Post.author_id == bindparam("author"), sight.visible()
)


def _asked(*, is_upward: bool) -> Select[*tuple[Any, ...]]:
    """A page of reports by any of what moderators ask for; a zero says that it does not matter."""
    reporter, target = bindparam("reporter", type_=BigId), bindparam("target", type_=BigId)
    return (
        select(*_columns)
        .where(Report.resolved_at.is_not(None) == bindparam("is_resolved"))
        .where((reporter == 0) | (Report.reporter_id == reporter), (target == 0) | (Report.target_id == target))
        .where(Report.id < bindparam("before"), Report.id > bindparam("above"))
        .order_by(Report.id if is_upward else Report.id.desc())
        .limit(bindparam("limit"))
    )


PAGES: Final = {is_upward: _asked(is_upward=is_upward) for is_upward in (False, True)}


def by_ids(tx: Connection, ids: Iterable[int]) -> dict[int, ReportRow]:
    """In two statements, or none."""
    wanted = list(ids)
    return {row.id: row for row in _with_posts(tx, tx.execute(BY_IDS, {"ids": wanted}))} if wanted else {}


def page(
    tx: Connection,
    *,
    is_resolved: bool,
    reporter_id: int,
    target_id: int,
    before: int,
    above: int,
    limit: int,
    is_upward: bool,
) -> list[ReportRow]:
    """Newest first, in two statements. An id of 0 asks for anybody's."""
    asked = {"is_resolved": is_resolved, "reporter": reporter_id, "target": target_id}
    rows = _with_posts(tx, tx.execute(PAGES[is_upward], asked | {"before": before, "above": above, "limit": limit}))
    return rows[::-1] if is_upward else rows


def named(tx: Connection, ids: Sequence[int], *, author_id: int, viewer: int) -> dict[int, str]:
    """The addresses of those of these posts that the author wrote and `viewer` may see."""
    if not ids:
        return {}
    return {row.id: row.uri for row in tx.execute(NAMED, {"ids": list(ids), "author": author_id, "viewer": viewer})}


def _with_posts(tx: Connection, found: Any) -> list[ReportRow]:
    rows = [ReportRow(*row) for row in found]
    uris = list({uri for row in rows for uri in row.posts})
    known = {row.uri: row.id for row in tx.execute(POSTS, {"uris": uris})} if uris else {}
    return [row._replace(post_ids=tuple(known[uri] for uri in row.posts if uri in known)) for row in rows]
