"""What posts were written as, and what they said before."""

from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import Connection, bindparam, select

from fedishare.db.posts import Post, Revision
from fedishare.domain.kinds import QuotePolicy


class SourceRow(NamedTuple):
    source: str | None
    content: str
    title: str | None
    warning: str | None
    language: str | None
    quote_policy: QuotePolicy | None


class Version(NamedTuple):
    """What a post said until a moment."""

    until: datetime
    title: str | None
    warning: str | None
    content: str


ONE: Final = select(*(getattr(Post, name) for name in SourceRow._fields)).where(Post.id == bindparam("post"))
VERSIONS: Final = (
    select(Revision.until, Revision.title, Revision.warning, Revision.content)
    .where(Revision.post_id == bindparam("post"))
    .order_by(Revision.id)
)


def one(tx: Connection, *, post_id: int) -> SourceRow:
    return SourceRow(*tx.execute(ONE, {"post": post_id}).one())


def versions(tx: Connection, *, post_id: int) -> list[Version]:
    """Oldest first, without what it says now."""
    return [Version(*row) for row in tx.execute(VERSIONS, {"post": post_id})]
