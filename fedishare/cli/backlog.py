"""What does not go out, at the command line: look at it, try it now, or drop it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from fedishare.core.clock import SystemClock
from fedishare.core.errors import NotFound
from fedishare.db import schema
from fedishare.db.engine import Database, open_database
from fedishare.jobs.drops import Dropped
from fedishare.queries import backlog
from fedishare.queries.backlog import Backlog, HostBacklog, JobBacklog
from fedishare.services import backlog as services
from fedishare.settings import Settings


async def listing(settings: Settings) -> str:
    """A line for each server that does not take what is sent, and for each kind of parked job."""
    async with _opened(settings) as db:
        return "\n".join(_lines(await db.read(backlog.backlog)))


def _lines(found: Backlog) -> list[str]:
    lines = [f"deliveries on their way: {found.waiting}"]
    columns: list[tuple[str, str, HostBacklog | JobBacklog]] = []
    columns += [(line.host, f"{line.waiting} waiting", line) for line in found.hosts]
    columns += [(f"job {line.kind}", "", line) for line in found.jobs]
    lines += [
        f"{name}\t{waiting}\t{line.parked} parked\tsince {line.since:%Y-%m-%d %H:%M}\t{line.error or ''}"
        for name, waiting, line in columns
    ]
    return [*lines, f"ever dropped: {found.dropped.deliveries} deliveries, {found.dropped.jobs} jobs"]


async def retry(settings: Settings, *, host: str | None, kind: str | None) -> int:
    """How many are due now; neither a host nor a kind of job means all that wait or are parked."""
    now = SystemClock().now()
    async with _opened(settings) as db:
        found = await db.read(backlog.backlog)
        tried = 0
        for name in _hosts(found, host, kind):
            tried += await db.write(services.retry, host=name, now=now)
        for name in _kinds(found, host, kind):
            tried += await db.write(services.retry_jobs, kind=name, now=now)
        return tried


async def count(settings: Settings, *, host: str | None, kind: str | None, waiting: bool) -> int:
    """How many `drop` would drop. Raises NotFound where that is none."""
    async with _opened(settings) as db:
        if kind is not None:
            job = await db.read(backlog.of_kind, kind=kind)
            many = job.parked if job is not None else 0
        else:
            found = await db.read(backlog.of_host, host=host or "")
            many = found.parked + (found.waiting if waiting else 0) if found is not None else 0
    if not many:
        raise NotFound(f"nothing is parked for {host or kind}")
    return many


async def drop(settings: Settings, *, host: str | None, kind: str | None, waiting: bool) -> int:
    """How many were dropped. Each is a line in the log."""
    async with _opened(settings) as db:
        if kind is not None:
            gone = await db.write(services.drop_jobs, kind=kind)
        else:
            gone = await db.write(services.drop, host=host or "", parked_only=not waiting)
    report(gone)
    return len(gone)


def report(gone: list[Dropped]) -> None:
    for one in gone:
        structlog.get_logger().warning("dropped by hand", what=one.what, detail=one.detail, by="command line")


def _hosts(found: Backlog, host: str | None, kind: str | None) -> list[str]:
    if kind is not None:
        return []
    return [host] if host is not None else [line.host for line in found.hosts]


def _kinds(found: Backlog, host: str | None, kind: str | None) -> list[str]:
    if host is not None:
        return []
    return [kind] if kind is not None else [line.kind for line in found.jobs]


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[Database]:
    """The database alone: the node may be at work on it meanwhile."""
    db = await open_database(settings.database)
    try:
        await schema.ensure(db, settings.database)
        yield db
    finally:
        await db.close()
