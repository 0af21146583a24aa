"""Posts that wait for their time: kept, changed, taken back, and published once.

The row of a scheduled post goes in the very commit in which the post is written, so whatever ends
a process, and however late the next one starts, it is published once.
"""

from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Row, bindparam, delete, select, update

from fedishare.core.errors import Invalid, NotFound, Refused
from fedishare.core.here import Here
from fedishare.db.accounts import Account
from fedishare.db.base import insert
from fedishare.db.handles import Handle, Runner, Scheduled, ScheduledFile
from fedishare.db.media import Media
from fedishare.db.people import Actor
from fedishare.db.posts import Post
from fedishare.domain import markup
from fedishare.domain.kinds import DeedKind, NoticeKind, RunnerRole, RunnerState
from fedishare.jobs.queue import enqueue
from fedishare.jobs.types import AnswerOffer, PostScheduled
from fedishare.queries import known, pages, people
from fedishare.services import handles, notices, posts, uploads
from fedishare.services.drafts import Draft

LONGEST_AHEAD: Final = timedelta(days=366)
MOST: Final = 200
ADD: Final = insert(Scheduled)
HOLD_FILE: Final = insert(ScheduledFile).on_conflict_do_nothing()
STORED_AS: Final = select(Media.storage_key).where(Media.key.in_(bindparam("keys", expanding=True)))
ROW: Final = (
    select(
        Scheduled.id,
        Scheduled.author_id,
        Scheduled.writer_id,
        Scheduled.keeper_id,
        Scheduled.draft,
        Scheduled.has_byline,
        Scheduled.due_at,
        Scheduled.held,
        Scheduled.offer_uri,
        Actor.local.label("is_written_here"),
        Actor.host.label("written_at"),
        Handle.actor_id.label("handle_id"),
    )
    .join(Actor, Actor.id == Scheduled.writer_id)
    .outerjoin(Handle, Handle.actor_id == Scheduled.author_id)
    .with_for_update(of=Scheduled)
)
BY_ID: Final = ROW.where(Scheduled.id == bindparam("scheduled"))
BY_OFFER: Final = ROW.where(Scheduled.offer_uri == bindparam("offer"))
BY_WRITER: Final = ROW.where(
    Scheduled.author_id == bindparam("author"), Scheduled.writer_id == bindparam("writer"), ~Scheduled.held
)
HOW_MANY: Final = select(Scheduled.id).where(Scheduled.keeper_id == bindparam("keeper")).limit(MOST)
CHANGE: Final = (
    update(Scheduled)
    .where(Scheduled.id == bindparam("scheduled"))
    .values(
        draft=bindparam("body"), due_at=bindparam("due"), held=False, reason="", writer_id=bindparam("by"),
        keeper_id=bindparam("by"),
    )
)  # fmt: skip
HOLD: Final = (
    update(Scheduled)
    .where(Scheduled.id == bindparam("scheduled"))
    .values(held=True, reason=bindparam("why"), keeper_id=bindparam("to"))
)
DROP: Final = delete(Scheduled).where(Scheduled.id == bindparam("scheduled"))
HAS_ACCOUNT: Final = (
    select(Account.id)
    .join(Actor, Actor.id == Account.actor_id)
    .where(Actor.id == bindparam("actor"), Account.disabled_at.is_(None), Actor.suspended_at.is_(None))
)
OWNERS: Final = select(Runner.actor_id).where(
    Runner.handle_id == bindparam("handle"), Runner.role == RunnerRole.OWNER, Runner.state == RunnerState.ACTIVE
)
POST_URI: Final = select(Post.uri).where(Post.id == bindparam("post"))

_decoder: Final = msgspec.json.Decoder(Draft)


def add(
    tx: Connection,
    here: Here,
    *,
    author_id: int,
    by_id: int,
    draft: Draft,
    due: datetime,
    has_byline: bool = False,
    offer_uri: str | None = None,
) -> int:
    """Keep a draft until its time comes. Raises Invalid for a time that will not do, Refused for others' handles."""
    _refuse_time(here, due)
    if len(tx.scalars(HOW_MANY, {"keeper": by_id}).all()) >= MOST:
        raise Invalid(f"Up to {MOST} posts can wait for their time. Post some of them, or take them back.")
    if author_id != by_id:
        speaker = handles.admit(tx, handle_id=author_id, actor_id=by_id)
        handles.adopt(tx, keys=draft.media, from_id=by_id, to_id=author_id)
        handles.note(tx, here, speaker, DeedKind.SCHEDULE, line=draft.title or draft.text)
    scheduled_id = here.ids.new()
    row = {"id": scheduled_id, "author_id": author_id, "writer_id": by_id, "keeper_id": by_id, "due_at": due}
    row |= {"draft": msgspec.json.encode(draft), "has_byline": has_byline, "offer_uri": offer_uri}
    tx.execute(ADD, row | {"created_at": here.now()})
    for key in _stored(tx, draft):
        tx.execute(HOLD_FILE, {"scheduled_id": scheduled_id, "storage_key": key})
    enqueue(tx, PostScheduled(scheduled_id), due=due)
    return scheduled_id


def _stored(tx: Connection, draft: Draft) -> list[str]:
    """Where on the disk lies what the draft will carry."""
    pictures = tx.scalars(STORED_AS, {"keys": list(draft.media)}).all() if draft.media else []
    files = [file.storage_key for file in draft.resource.files] if draft.resource is not None else []
    return [*pictures, *files]


def _refuse_time(here: Here, due: datetime) -> None:
    if due <= here.now():
        raise Invalid("This time has passed already: choose a later one.")
    if due > here.now() + LONGEST_AHEAD:
        raise Invalid("This is more than a year ahead: choose an earlier time.")


def change(tx: Connection, here: Here, *, scheduled_id: int, by_id: int, draft: Draft, due: datetime) -> None:
    """Its keeper writes it anew, or sets another time. What was held waits again, and is theirs from now on."""
    row = _kept(tx, scheduled_id=scheduled_id, by_id=by_id)
    _refuse_time(here, due)
    body = msgspec.json.encode(draft)
    tx.execute(CHANGE, {"scheduled": scheduled_id, "body": body, "due": due, "by": by_id})
    if row.handle_id is not None:
        speaker = handles.admit(tx, handle_id=row.handle_id, actor_id=by_id)
        handles.note(tx, here, speaker, DeedKind.SCHEDULE, line=draft.title or draft.text)
    enqueue(tx, PostScheduled(scheduled_id), due=due)


def cancel(tx: Connection, *, scheduled_id: int, by_id: int) -> None:
    """Its keeper takes it back: it will never be posted."""
    _kept(tx, scheduled_id=scheduled_id, by_id=by_id)
    tx.execute(DROP, {"scheduled": scheduled_id})


def withdraw(tx: Connection, *, offer_uri: str, by_id: int) -> bool:
    """Whoever offered it from elsewhere takes it back, while it waits and is still theirs."""
    row = tx.execute(BY_OFFER, {"offer": offer_uri}).one_or_none()
    if row is None or row.keeper_id != by_id:
        return False
    tx.execute(DROP, {"scheduled": row.id})
    return True


def is_kept(tx: Connection, *, offer_uri: str) -> bool:
    return tx.execute(BY_OFFER, {"offer": offer_uri}).first() is not None


def _kept(tx: Connection, *, scheduled_id: int, by_id: int) -> Row[*tuple[Any, ...]]:
    row = tx.execute(BY_ID, {"scheduled": scheduled_id}).one_or_none()
    if row is None or row.keeper_id != by_id:
        raise NotFound("There is no such scheduled post: it was published or taken back, or it is not yours.")
    return row


def post(tx: Connection, here: Here, *, scheduled_id: int) -> int | None:
    """Publish it if its time has come. Answers with the post; None where it is gone, held, or due later.

    Whatever keeps it from being published is raised, as for any post; see `hold`.
    """
    row = _due(tx, here, scheduled_id)
    if row is None:
        return None
    if row.is_written_here and tx.scalar(HAS_ACCOUNT, {"actor": row.writer_id}) is None:
        raise Refused("Its author has no account here any more.")
    if not row.is_written_here and known.is_blocked(tx, hosts=[row.written_at]):
        raise Refused("The server of its author is blocked.")
    post_id = _publish(tx, here, row)
    tx.execute(DROP, {"scheduled": scheduled_id})
    if row.offer_uri is not None:
        uri = tx.scalar(POST_URI, {"post": post_id})
        enqueue(
            tx, AnswerOffer(row.author_id, row.writer_id, row.offer_uri, accept=True, result_uri=uri), due=here.now()
        )
    return post_id


def hold(tx: Connection, here: Here, *, scheduled_id: int, why: str) -> None:
    """It could not be published: its keeper is told why, and may change it or drop it."""
    row = _due(tx, here, scheduled_id)
    if row is not None:
        _hold(tx, here, row, why=why)


def _due(tx: Connection, here: Here, scheduled_id: int) -> Row[*tuple[Any, ...]] | None:
    row = tx.execute(BY_ID, {"scheduled": scheduled_id}).one_or_none()
    return row if row is not None and not row.held and row.due_at <= here.now() else None


def _publish(tx: Connection, here: Here, row: Row[*tuple[Any, ...]]) -> int:
    """Write the post; its files are what they turned out to be by now."""
    draft = _decoder.decode(row.draft)
    if draft.resource is None:
        return _write(tx, here, row, draft)
    wanted = [file.storage_key for file in draft.resource.files]
    if pages.is_shared(tx, storage_keys=wanted):
        raise Invalid("These files have been shared already.")
    states = uploads.states(tx, storage_keys=wanted)
    files = tuple(
        msgspec.structs.replace(file, state=states.get(file.storage_key, file.state)) for file in draft.resource.files
    )
    draft = msgspec.structs.replace(draft, resource=msgspec.structs.replace(draft.resource, files=files))
    post_id = _write(tx, here, row, draft)
    uploads.take_stored(tx, here, storage_keys=wanted, post_id=post_id)
    return post_id


def _write(tx: Connection, here: Here, row: Row[*tuple[Any, ...]], draft: Draft) -> int:
    named = people.known_handles(tx, here, handles=markup.find_mentions(draft.text))
    if row.handle_id is None:
        return posts.publish(tx, here, author_id=row.author_id, draft=draft, people=named)
    return handles.publish(
        tx,
        here,
        author_id=row.author_id,
        by_id=row.writer_id,
        draft=draft,
        people=named,
        has_byline=row.has_byline,
        offer_uri=row.offer_uri,
    )


def hand_over(tx: Connection, here: Here, *, handle_id: int, writer_id: int, writer: str) -> int:
    """What somebody scheduled for a handle that they run no more is its owner's to post or to drop."""
    waiting = tx.execute(BY_WRITER, {"author": handle_id, "writer": writer_id}).all()
    for row in waiting:
        _hold(tx, here, row, why=f"It was written by @{writer}, who does not run this handle any more.")
    return len(waiting)


def _hold(tx: Connection, here: Here, row: Row[*tuple[Any, ...]], *, why: str) -> None:
    """Not posted: kept for whoever wrote it, if they still may, else for the owner of the handle."""
    owner = tx.scalars(OWNERS, {"handle": row.author_id}).first() if row.handle_id is not None else None
    runs = row.handle_id is None or _runs(tx, handle_id=row.author_id, actor_id=row.writer_id)
    keeper = row.keeper_id if owner is None or (runs and row.is_written_here) else owner
    tx.execute(HOLD, {"scheduled": row.id, "why": why, "to": keeper})
    kind = NoticeKind.SCHEDULED if row.handle_id is None else NoticeKind.HANDLE
    # Somebody is told about a post of their own, too.
    notices.spread(
        tx,
        here,
        ears=[keeper],
        kind=kind,
        actor_id=row.author_id,
        cause=f"scheduled {row.id} {here.now().isoformat()}",
        line=f"A scheduled post was not published. {why}",
    )
    if row.offer_uri is not None and row.keeper_id == row.writer_id:
        enqueue(tx, AnswerOffer(row.author_id, row.writer_id, row.offer_uri, accept=False, reason=why), due=here.now())


def _runs(tx: Connection, *, handle_id: int, actor_id: int) -> bool:
    try:
        handles.admit(tx, handle_id=handle_id, actor_id=actor_id)
    except Refused:
        return False
    return True
