"""Posts that wait for their time: posted once, also late and after a crash; changed, taken back, handed over."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import Connection, func, select, update

from fedishare.core.errors import Invalid, NotFound, Refused
from fedishare.core.here import Here
from fedishare.db.accounts import Account
from fedishare.db.engine import Database
from fedishare.db.handles import Deed, Scheduled
from fedishare.db.media import Media
from fedishare.db.notices import Notice
from fedishare.db.posts import Attachment, Post
from fedishare.db.work import Job
from fedishare.domain.audience import Visibility
from fedishare.domain.kinds import DeedKind
from fedishare.jobs.tools import Tools
from fedishare.jobs.types import PostScheduled
from fedishare.net.addresses import Allowed
from fedishare.net.client import Client
from fedishare.net.storage import Storage
from fedishare.queries import offers
from fedishare.services import handles, housekeeping, media, runners, scheduled
from fedishare.services.drafts import Draft
from fedishare.services.media import Upload
from fedishare.worker import TABLE, Worker
from tests.builders import FrozenClock, Made, a_teacher, an_ed25519_pair, an_rsa_pair

SOON = timedelta(minutes=30)


@pytest.fixture
async def tools(db: Database, here: Here, storage: Storage, clock: FrozenClock) -> AsyncIterator[Tools]:
    client = Client(allowed=Allowed(()), clock=clock, own_origin=here.uris.origin, user_agent="test")
    async with client:
        yield Tools(db, client, here, storage)


def a_draft(text: str = "Agenda by Friday", **over: object) -> Draft:
    return Draft(text=text, visibility=Visibility.PUBLIC, **over)  # type: ignore[arg-type]  # the fields of a draft


def keep(tx: Connection, here: Here, draft: Draft, *, by: Made, voice: int | None = None) -> int:
    return scheduled.add(tx, here, author_id=voice or by.id, by_id=by.id, draft=draft, due=here.now() + SOON)


async def a_handle(db: Database, here: Here, *, owner: Made, runner: Made | None = None) -> int:
    def make(tx: Connection) -> int:
        pair = {"rsa": an_rsa_pair(), "ed25519": an_ed25519_pair()}
        made = handles.open_handle(
            tx,
            here,
            owner_id=owner.id,
            username="hantsprimslt",
            name="Hants",
            about="",
            **pair,  # type: ignore[arg-type]  # two kinds of pairs
        )
        if runner is not None:
            runners.invite(tx, here, handle_id=made, by_id=owner.id, actor_id=runner.id)
            runners.answer(tx, here, handle_id=made, actor_id=runner.id, accepts=True)
        return made

    return await db.write(make)


def written(tx: Connection) -> list[tuple[int, str]]:
    return [(row.author_id, row.content) for row in tx.execute(select(Post.author_id, Post.content).order_by(Post.id))]


def left(tx: Connection) -> list[tuple[bool, str]]:
    return [(row.held, row.reason) for row in tx.execute(select(Scheduled.held, Scheduled.reason))]


async def run(tools: Tools) -> None:
    """What the worker does with all that is due by now of scheduled posts."""
    due = await tools.db.read(_due, tools.here)
    for scheduled_id in due:
        await TABLE[PostScheduled](tools, PostScheduled(scheduled_id))


def _due(tx: Connection, here: Here) -> list[int]:
    return list(tx.scalars(select(Scheduled.id).where(Scheduled.due_at <= here.now())))


async def test_it_is_posted_when_its_time_has_come_and_not_before(tools: Tools, clock: FrozenClock) -> None:
    db, here = tools.db, tools.here
    anna = await a_teacher(db, here)
    waiting = await db.write(keep, here, a_draft(), by=anna)

    await TABLE[PostScheduled](tools, PostScheduled(waiting))
    before = await db.read(written)
    clock.tick(minutes=31)
    await TABLE[PostScheduled](tools, PostScheduled(waiting))

    assert before == []
    assert await db.read(written) == [(anna.id, "<p>Agenda by Friday</p>")]
    assert await db.read(left) == []


async def test_it_is_posted_once_whatever_the_process_did_and_however_late_it_is(
    tools: Tools, clock: FrozenClock
) -> None:
    """A job that a killed process had under way is done again; nothing is left for it to do."""
    db, here = tools.db, tools.here
    anna = await a_teacher(db, here)
    waiting = await db.write(keep, here, a_draft(), by=anna)
    clock.tick(days=3)

    await Worker(tools).drain()
    for _ in range(2):
        await TABLE[PostScheduled](tools, PostScheduled(waiting))

    assert await db.read(written) == [(anna.id, "<p>Agenda by Friday</p>")]
    post = await db.read(lambda tx: tx.execute(select(Post.published_at)).scalar_one())
    assert post == here.now(), "whoever reads it sees when it came, not when it should have come"


async def test_the_job_is_there_as_soon_as_the_row_is(tools: Tools) -> None:
    anna = await a_teacher(tools.db, tools.here)

    await tools.db.write(keep, tools.here, a_draft(), by=anna)

    jobs = await tools.db.read(lambda tx: [tuple(row) for row in tx.execute(select(Job.kind, Job.due_at))])
    assert jobs == [("PostScheduled", tools.here.now() + SOON)]


async def test_another_time_moves_it_and_the_first_one_is_void(tools: Tools, clock: FrozenClock) -> None:
    db, here = tools.db, tools.here
    anna = await a_teacher(db, here)
    waiting = await db.write(keep, here, a_draft(), by=anna)
    await db.write(
        scheduled.change, here, scheduled_id=waiting, by_id=anna.id, draft=a_draft("Changed"), due=here.now() + 3 * SOON
    )

    clock.tick(minutes=31)
    await TABLE[PostScheduled](tools, PostScheduled(waiting))
    before = await db.read(written)
    clock.tick(minutes=60)
    await Worker(tools).drain()

    assert (before, await db.read(written)) == ([], [(anna.id, "<p>Changed</p>")])


async def test_what_was_taken_back_is_never_posted(tools: Tools, clock: FrozenClock) -> None:
    db, here = tools.db, tools.here
    anna, ben = await a_teacher(db, here), await a_teacher(db, here)
    waiting = await db.write(keep, here, a_draft(), by=anna)

    with pytest.raises(NotFound):
        await db.write(scheduled.cancel, scheduled_id=waiting, by_id=ben.id)
    await db.write(scheduled.cancel, scheduled_id=waiting, by_id=anna.id)
    clock.tick(minutes=31)
    await Worker(tools).drain()

    assert await db.read(written) == []


@pytest.mark.parametrize("minutes", [0, -1, 60 * 24 * 400])
async def test_a_time_that_has_passed_or_is_years_away_is_refused(tools: Tools, minutes: int) -> None:
    here = tools.here
    anna = await a_teacher(tools.db, here)

    with pytest.raises(Invalid, match=r"choose an? (later|earlier)"):
        await tools.db.write(
            scheduled.add, here, author_id=anna.id, by_id=anna.id, draft=a_draft(),
            due=here.now() + timedelta(minutes=minutes),
        )  # fmt: skip

    assert await tools.db.read(left) == []


async def test_what_a_removed_runner_scheduled_goes_to_the_owner_and_is_not_posted(
    tools: Tools, clock: FrozenClock
) -> None:
    db, here = tools.db, tools.here
    anna, ben = await a_teacher(db, here), await a_teacher(db, here, username="ben")
    handle = await a_handle(db, here, owner=anna, runner=ben)
    waiting = await db.write(keep, here, a_draft(), by=ben, voice=handle)

    await db.write(runners.remove, here, handle_id=handle, by_id=anna.id, actor_id=ben.id)
    clock.tick(minutes=31)
    await Worker(tools).drain()
    before = await db.read(written)

    why = "It was written by @ben@alder.test, who does not run this handle any more."
    assert (before, await db.read(left)) == ([], [(True, why)])
    with pytest.raises(NotFound):
        await db.read(offers.kept, scheduled_id=waiting, actor_id=ben.id)
    await db.write(scheduled.change, here, scheduled_id=waiting, by_id=anna.id, draft=a_draft(), due=here.now() + SOON)
    clock.tick(minutes=31)
    await Worker(tools).drain()
    assert await db.read(written) == [(handle, "<p>Agenda by Friday</p>")]
    posted = select(Deed.by_id).where(Deed.kind == DeedKind.POST)
    assert await db.read(lambda tx: tx.scalars(posted).all()) == [anna.id]


async def test_nobody_schedules_as_a_handle_that_they_do_not_run(tools: Tools) -> None:
    db, here = tools.db, tools.here
    anna, ben = await a_teacher(db, here), await a_teacher(db, here)
    handle = await a_handle(db, here, owner=anna)

    with pytest.raises(Refused):
        await db.write(keep, here, a_draft(), by=ben, voice=handle)

    assert await db.read(left) == []


async def test_what_cannot_be_posted_is_kept_and_its_author_told_why(tools: Tools, clock: FrozenClock) -> None:
    db, here = tools.db, tools.here
    anna = await a_teacher(db, here)
    await db.write(keep, here, a_draft(in_reply_to=12345), by=anna)

    clock.tick(minutes=31)
    await Worker(tools).drain()

    held = await db.read(left)
    assert [is_held for is_held, _ in held] == [True]
    notices = await db.read(lambda tx: [tuple(row) for row in tx.execute(select(Notice.recipient_id, Notice.line))])
    assert notices == [(anna.id, f"A scheduled post was not published. {held[0][1]}")]


async def test_a_closed_account_posts_nothing_more(tools: Tools, clock: FrozenClock) -> None:
    db, here = tools.db, tools.here
    anna = await a_teacher(db, here)
    await db.write(keep, here, a_draft(), by=anna)
    await db.write(lambda tx: tx.execute(update(Account).values(disabled_at=here.now())))

    clock.tick(minutes=31)
    await Worker(tools).drain()

    assert await db.read(written) == []
    assert await db.read(left) == [(True, "Its author has no account here any more.")]


async def test_pictures_stay_until_their_post_is_out(tools: Tools, clock: FrozenClock) -> None:
    db, here = tools.db, tools.here
    anna = await a_teacher(db, here)
    upload = Upload("k" * 40, "image/png", 10)
    key = await db.write(media.add, here, owner_id=anna.id, upload=upload)
    await db.write(
        scheduled.add, here, author_id=anna.id, by_id=anna.id, draft=a_draft(media=(key,)),
        due=here.now() + timedelta(days=3),
    )  # fmt: skip

    clock.tick(days=2)
    await db.write(housekeeping.sweep, here)
    assert await db.read(housekeeping.orphans, ["k" * 40]) == []
    assert await db.read(lambda tx: tx.scalar(select(func.count()).select_from(Media))) == 1
    clock.tick(days=1, minutes=1)
    await run(tools)

    assert await db.read(lambda tx: tx.scalars(select(Attachment.media_key)).all()) == [key]
