"""Does the work that requests leave behind: claims jobs, maps each to its function, keeps the timetable."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

import structlog
from sqlalchemy import Connection

from fedishare.core import crash
from fedishare.core.errors import FediShareError, Gone, Invalid, NotFound, Refused, Unreachable
from fedishare.core.here import Here
from fedishare.domain.kinds import FileState
from fedishare.inbox import (
    crawl,
    featured,
    judging,
    nodes,
    pasts,
    polls,
    quotes,
    receive,
    resolve,
    rosters,
    synchrony,
    vacated,
)
from fedishare.jobs import darkroom, queue, types
from fedishare.jobs.queue import Claimed
from fedishare.jobs.tools import Tools
from fedishare.jobs.types import Lane
from fedishare.net import clamd
from fedishare.outbox import anthologies, farewells, forwards, handles, publish, pushes, rulings, stamps
from fedishare.outbox import members as outbox_members
from fedishare.outbox import polls as outbox_polls
from fedishare.outbox import rooms as outbox_rooms
from fedishare.outbox.deliver import Courier
from fedishare.services import housekeeping, media, mutes, previews, refusals, scheduled, uploads
from fedishare.services.media import Upload

log: Final = structlog.get_logger()

# How much of each kind of work is under way at once.
ROOMS: Final[Mapping[Lane, int]] = MappingProxyType({Lane.OURS: 16, Lane.FETCHING: 16, Lane.ALONE: 1, Lane.OPENING: 1})
LONGEST: Final = 100.0
IDLE: Final = 1.0
TRIES_OF_A_FAULTY_JOB: Final = 5
SWEEP_EVERY: Final = timedelta(hours=6)

Function = Callable[[Tools, Any], Awaitable[None]]
Change = Callable[[Connection, Here, Any], None]


async def forget(tools: Tools, job: types.Forget) -> None:
    made_of_them = await tools.db.write(previews.drop, storage_keys=job.storage_keys)
    for key in (*job.storage_keys, *made_of_them):
        await tools.storage.delete(key)
        await tools.storage.parts.drop(key)


async def inspect(tools: Tools, job: types.Inspect) -> None:
    """See that the disk has kept what arrived. What else is found out about a file, or made of it, begins here."""
    known = await tools.db.read(uploads.fingerprint, storage_key=job.storage_key)
    if known is not None and await tools.storage.sha256(job.storage_key) != known:
        log.error("a stored file is not what arrived", storage_key=job.storage_key)
        await tools.db.write(refusals.refuse, tools.here, storage_key=job.storage_key, why=refusals.DAMAGED)
        return
    if tools.clamd is not None:
        # Until the scanner has answered nobody gets the file; where it does not answer, the job is tried again.
        harm = await clamd.scan(tools.clamd, tools.storage.path(job.storage_key))
        if harm is not None:
            log.error("a file was found to be harmful", storage_key=job.storage_key, found=harm)
            await tools.db.write(refusals.refuse, tools.here, storage_key=job.storage_key, why=refusals.HARMFUL)
            return
        await tools.db.write(uploads.settle, storage_key=job.storage_key, state=FileState.CLEAN)
    await tools.db.write(previews.wish, tools.here, storage_key=job.storage_key)


async def make_preview(tools: Tools, job: types.MakePreview) -> None:
    """Doing it twice leaves a picture behind that nobody holds, for the next sweep."""
    media_type = await tools.db.read(previews.wanted, storage_key=job.storage_key)
    if media_type is None:
        return
    made = await darkroom.develop(tools.storage.path(job.storage_key), media_type)
    picture = await tools.storage.save_bytes(made.picture) if made.picture else None
    preview = previews.Preview(made.facts, picture.key if picture else None)
    await tools.db.write(previews.keep, tools.here, storage_key=job.storage_key, preview=preview)


async def develop_media(tools: Tools, job: types.DevelopMedia) -> None:
    """Doing it twice leaves a picture behind that nobody holds, for the next sweep."""
    found = await tools.db.read(media.raw, media_id=job.media_id)
    if found is None:
        return
    raw_key, _ = found
    body = b"".join([block async for block in tools.storage.blocks(raw_key)])
    try:
        clean = await darkroom.redrawn(body)
    except Invalid as error:
        await tools.db.write(media.fail, media_id=job.media_id, why=str(error))
        return
    stored = await tools.storage.save_bytes(clean.body)
    upload = Upload(stored.key, clean.media_type, stored.size, clean.width, clean.height, clean.blurhash)
    await tools.db.write(media.develop, tools.here, media_id=job.media_id, upload=upload, raw_key=raw_key)


async def post_scheduled(tools: Tools, job: types.PostScheduled) -> None:
    try:
        await tools.db.write(scheduled.post, tools.here, scheduled_id=job.scheduled_id)
    except (Invalid, Refused, NotFound, Gone) as error:
        await tools.db.write(scheduled.hold, tools.here, scheduled_id=job.scheduled_id, why=str(error))


async def sweep(tools: Tools, _: types.Sweep) -> None:
    for what, detail in await tools.db.write(housekeeping.sweep, tools.here):
        log.warning("dropped after thirty days", what=what, detail=detail)
    yesterday = tools.here.now() - housekeeping.LOOSE_MEDIA_KEPT
    await tools.storage.sweep(before=yesterday)
    stored = await tools.storage.keys(before=yesterday)
    for key in await tools.db.read(housekeeping.orphans, stored):
        await tools.storage.delete(key)
    parts = await tools.storage.parts.keys(before=yesterday)
    for key in await tools.db.read(housekeeping.orphans, parts):
        await tools.storage.parts.drop(key)
    await tools.db.write(housekeeping.schedule, tools.here, every=SWEEP_EVERY)


TABLE: Final[Mapping[type[types.Job], Function]] = MappingProxyType(
    {
        types.Receive: receive.apply_later,
        types.Forward: forwards.forward,
        types.FetchParent: resolve.fetch_parent,
        types.FetchPast: pasts.fetch,
        types.CrawlThread: crawl.crawl,
        types.FetchFeatured: featured.fetch,
        types.SynchroniseFollowers: synchrony.synchronise,
        types.LookUpNode: nodes.look_up,
        types.CheckInbox: vacated.check,
        types.TallyPoll: polls.tally,
        types.ClosePoll: polls.close,
        types.VerifyQuote: quotes.verify,
        types.SendFollow: publish.send_follow,
        types.SendUnfollow: publish.send_unfollow,
        types.SendBlock: publish.send_block,
        types.SendUnblock: publish.send_unblock,
        types.PublishPost: publish.publish_post,
        types.PublishEdit: publish.publish_edit,
        types.PublishAgain: publish.publish_again,
        types.PublishPicture: publish.publish_picture,
        types.PublishDeletion: publish.publish_deletion,
        types.PublishReaction: publish.publish_reaction,
        types.PublishUndo: publish.publish_undo,
        types.PublishActor: publish.publish_actor,
        types.SayGone: farewells.say_gone,
        types.SendMove: publish.send_move,
        types.PublishPin: publish.publish_pin,
        types.PublishItem: anthologies.publish_item,
        types.PublishFarewell: anthologies.publish_farewell,
        types.SendUse: publish.send_use,
        types.SendReport: publish.send_report,
        types.SendVotes: outbox_polls.send_votes,
        types.AskToQuote: stamps.ask,
        types.AnswerQuote: stamps.answer,
        types.WithdrawStamp: stamps.withdraw,
        types.Distribute: outbox_rooms.distribute,
        types.PublishRuling: rulings.publish_ruling,
        types.PublishMember: outbox_members.publish,
        types.SendInvitation: outbox_members.invite,
        types.FetchMembers: rosters.fetch,
        types.RefusePost: rulings.refuse_post,
        types.JudgePaper: judging.judge,
        types.InviteRunner: handles.invite_runner,
        types.AnswerInvitation: handles.answer_invitation,
        types.EndInvitation: handles.end_invitation,
        types.SendOffer: handles.send_offer,
        types.AnswerOffer: handles.answer_offer,
        types.PostScheduled: post_scheduled,
        types.Forget: forget,
        types.Inspect: inspect,
        types.MakePreview: make_preview,
        types.DevelopMedia: develop_media,
        types.SendPush: pushes.send,
        types.Sweep: sweep,
    }
)


# What needs nothing but the database is done and ticked off in one change.
IN_ONE: Final[Mapping[type[types.Job], Change]] = MappingProxyType(
    {types.AnswerFollow: publish.answer_follow, types.EndMute: mutes.end}
)


class Worker:
    """Claims due jobs and runs them, several at once. Several workers may share one database."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._running: dict[asyncio.Task[None], Lane] = {}
        self._held: set[int] = set()

    async def run(self) -> None:
        """Until cancelled; what was under way then is handed back.

        What a process that was killed had under way is taken up again when its lease runs out.
        """
        await self._tools.db.write(housekeeping.schedule, self._tools.here, every=timedelta())
        heart = asyncio.create_task(self._renew_leases())
        try:
            while True:
                if not await self._start_due():
                    await self._tools.db.bell.wait(at_most=IDLE)
        finally:
            for task in (heart, *self._running):
                task.cancel()
            await asyncio.gather(heart, *self._running, return_exceptions=True)
            with suppress(Unreachable):  # Then the leases run out instead.
                await self._tools.db.write(queue.hand_back, self._held)

    async def _renew_leases(self) -> None:
        """A job may take longer than its lease, which is short so that a killed process is soon replaced."""
        while True:
            await asyncio.sleep(queue.LEASE.total_seconds() / 3)
            with suppress(Unreachable):
                await self._tools.db.write(queue.renew, set(self._held), now=self._tools.here.now())

    async def drain(self) -> int:
        """Run everything that is due now, and what follows from it; answers how many jobs that was."""
        done = 0
        while claimed := await self._claim(ROOMS):
            await asyncio.gather(*(self._run(one) for one, _ in claimed))
            done += len(claimed)
        return done

    async def _start_due(self) -> bool:
        taken = Counter(self._running.values())
        rooms = {lane: room - taken[lane] for lane, room in ROOMS.items()}
        if not any(rooms.values()):
            await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
            return True
        try:
            claimed = await self._claim(rooms)
        except Unreachable as error:
            log.warning("the database did not answer", why=str(error))
            await self._tools.here.clock.sleep(IDLE)
            return True
        for one, lane in claimed:
            task = asyncio.create_task(self._run(one))
            self._running[task] = lane
            task.add_done_callback(self._ended)
        # Where a lane was not filled nothing more is due; whatever becomes due rings the bell.
        filled = Counter(lane for _, lane in claimed)
        return any(filled[lane] >= room for lane, room in rooms.items() if room)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Where a lane was full, others have waited for the place."""
        lane = self._running.pop(task)
        if sum(other is lane for other in self._running.values()) + 1 >= ROOMS[lane]:
            self._tools.db.bell.ring()

    async def _claim(self, rooms: Mapping[Lane, int]) -> list[tuple[Claimed, Lane]]:
        return await self._tools.db.write(_claim, rooms, now=self._tools.here.now())

    async def _run(self, claimed: Claimed) -> None:
        self._held.add(claimed.id)
        crash.point("job.begun")
        settle = await self._outcome(claimed)
        crash.point("job.done")
        try:
            if settle is not None:
                await self._tools.db.write(settle)
            crash.point("job.ticked-off")
        except Unreachable as error:  # The lease runs out, and the job is done again.
            log.warning("a job could not be settled", kind=type(claimed.job).__name__, why=str(error))
        except Exception:
            log.exception("a job could not be settled", kind=type(claimed.job).__name__)
        self._held.discard(claimed.id)

    async def _outcome(self, claimed: Claimed) -> Callable[[Connection], None] | None:
        """Run one job. What comes back writes down how it ended, where that is not done yet."""
        kind, now = type(claimed.job).__name__, self._tools.here.now()
        try:
            if type(claimed.job) in IN_ONE:
                await self._tools.db.write(_in_one, self._tools.here, claimed)
                return None
            async with asyncio.timeout(LONGEST):
                await TABLE[type(claimed.job)](self._tools, claimed.job)
        except (Unreachable, TimeoutError) as error:
            log.info("a job has to wait", kind=kind, why=str(error), tries=claimed.tries)
            why = str(error) or "it took too long"
            return lambda tx: queue.retry(tx, claimed.id, tries=claimed.tries, now=now, why=why)
        except FediShareError as error:
            log.info("a job came to nothing", kind=kind, why=str(error))
        except Exception as error:
            log.exception("a job failed", kind=kind)
            why = f"{type(error).__name__}: {error}"
            if claimed.tries + 1 >= TRIES_OF_A_FAULTY_JOB:
                return lambda tx: queue.park(tx, claimed.id, tries=claimed.tries + 1, now=now, why=why)
            return lambda tx: queue.retry(tx, claimed.id, tries=claimed.tries, now=now, why=why)
        return lambda tx: queue.finish(tx, claimed.id)


def _in_one(tx: Connection, here: Here, claimed: Claimed) -> None:
    IN_ONE[type(claimed.job)](tx, here, claimed.job)
    queue.finish(tx, claimed.id)


def _claim(tx: Connection, rooms: Mapping[Lane, int], *, now: datetime) -> list[tuple[Claimed, Lane]]:
    found: list[tuple[Claimed, Lane]] = []
    for lane, room in rooms.items():
        if room > 0:
            found += [(one, lane) for one in queue.claim(tx, now=now, limit=room, lane=lane)]
    return found


async def keep_working(tools: Tools) -> None:
    """Jobs and deliveries, until cancelled; whatever breaks them, they are begun again."""
    while True:
        try:
            await work(tools)
        except Exception:
            log.exception("the work was interrupted and begins again")
            await asyncio.sleep(IDLE)


async def work(tools: Tools) -> None:
    """Jobs and deliveries, until cancelled or until one of them fails."""
    async with asyncio.TaskGroup() as group:
        group.create_task(Worker(tools).run())
        group.create_task(Courier(tools).run())
