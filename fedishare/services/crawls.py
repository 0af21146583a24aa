"""When to ask around for more of a conversation: somebody opened it, and nobody asked for a while."""

from datetime import timedelta
from typing import Final

from sqlalchemy import Connection, bindparam, exists, select

from fedishare.core.here import Here
from fedishare.db.base import insert
from fedishare.db.posts import Post
from fedishare.db.threads import Crawl
from fedishare.domain.audience import OPEN
from fedishare.jobs.queue import enqueue
from fedishare.jobs.types import CrawlThread

# A young conversation is still on its way to us by itself.
YOUNG_FOR: Final = timedelta(minutes=5)
ASKED_FOR: Final = timedelta(minutes=10)
# Something in it was written elsewhere, and everybody may read it.
DUE: Final = select(
    exists().where(
        Post.thread_id == bindparam("thread"),
        ~Post.local,
        Post.visibility.in_(OPEN),
        Post.deleted_at.is_(None),
        Post.published_at < bindparam("grown"),
    ),
    ~exists().where(Crawl.thread_id == bindparam("thread"), Crawl.asked_at > bindparam("stale")),
)
_asked = insert(Crawl).values(thread_id=bindparam("thread"), asked_at=bindparam("now"))
# Of many who open it at once, one makes the job.
ASK: Final = _asked.on_conflict_do_update(
    index_elements=["thread_id"],
    set_={"asked_at": _asked.excluded.asked_at},
    where=Crawl.asked_at <= bindparam("stale"),
).returning(Crawl.thread_id)


def is_due(tx: Connection, here: Here, *, thread_id: int) -> bool:
    """Whether there may be more of a thread elsewhere, and nobody asked within ten minutes."""
    now = here.now()
    grown, stale = now - YOUNG_FOR, now - ASKED_FOR
    return all(tx.execute(DUE, {"thread": thread_id, "grown": grown, "stale": stale}).one())


def ask(tx: Connection, here: Here, *, thread_id: int) -> bool:
    """Have it done, unless somebody else just did."""
    now = here.now()
    if tx.execute(ASK, {"thread": thread_id, "now": now, "stale": now - ASKED_FOR}).scalar() is None:
        return False
    enqueue(tx, CrawlThread(thread_id), due=now)
    return True
