"""Somebody made something of a resource: whoever made the resource is told."""

from sqlalchemy import Connection

from fedishare.core.here import Here
from fedishare.domain.kinds import NoticeKind
from fedishare.queries import lineage, sight
from fedishare.services import notices


def tell_sources(tx: Connection, here: Here, *, post_id: int, uri: str, author_id: int) -> None:
    """Tell the authors here of what a resource is based on, if they may see it; once, however often it comes."""
    for source in tx.execute(lineage.SOURCES, {"post": post_id}).all():
        # Who may not see the source could only have guessed its address.
        if not sight.may_see(tx, post_id=post_id, viewer=source.author_id):
            continue
        if not sight.may_see(tx, post_id=source.id, viewer=author_id):
            continue
        notices.tell(
            tx,
            here,
            recipient_id=source.author_id,
            kind=NoticeKind.ADAPTED,
            actor_id=author_id,
            cause=uri,
            post_id=post_id,
        )
