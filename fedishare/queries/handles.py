"""Shared handles and schools as pages show them: which ones somebody runs, who else does, and who did what."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, bindparam, func, select

from fedishare.core.errors import NotFound
from fedishare.db.base import BigId
from fedishare.db.handles import Deed, Handle, Runner
from fedishare.db.notices import Notice
from fedishare.db.people import Actor
from fedishare.db.reactions import Reaction
from fedishare.domain.kinds import DeedKind, RunnerRole, RunnerState
from fedishare.queries import held
from fedishare.queries.cards import FACE_WIDTH, Card, Face, cards, face, face_columns
from fedishare.queries.timelines import NEWEST

LOG_PAGE: Final = 50


class Running(NamedTuple):
    """A handle and how somebody stands to it."""

    face: Face
    role: RunnerRole
    state: RunnerState

    @property
    def is_active(self) -> bool:
        return self.state is RunnerState.ACTIVE


class RunnerLine(NamedTuple):
    face: Face
    role: RunnerRole
    state: RunnerState


class DeedLine(NamedTuple):
    """A line of the log. `face` is None where the account is gone; `by_handle` always says who it was."""

    id: int
    kind: DeedKind
    by_handle: str
    face: Face | None
    line: str
    at: datetime
    post: Card | None


class Standing(NamedTuple):
    role: RunnerRole
    state: RunnerState


RUN_BY: Final = (
    select(Runner.role, Runner.state, *face_columns(Actor))
    .join(Actor, Actor.id == Runner.handle_id)
    .where(Runner.actor_id == bindparam("actor"), Runner.state != RunnerState.ENDED)
    .where(Actor.suspended_at.is_(None), Actor.deleted_at.is_(None))
    .order_by(Actor.name, Actor.id)
)
UNSEEN: Final = (
    select(Notice.recipient_id, func.count())
    .join(Runner, Runner.handle_id == Notice.recipient_id)
    .where(Runner.actor_id == bindparam("actor"), Runner.state == RunnerState.ACTIVE)
    .where(Notice.seen_at.is_(None), held.is_shown(Notice.recipient_id))
    .group_by(Notice.recipient_id)
)
RUNNERS: Final = (
    select(Runner.role, Runner.state, *face_columns(Actor))
    .join(Actor, Actor.id == Runner.actor_id)
    .where(Runner.handle_id == bindparam("handle"), Runner.state != RunnerState.ENDED, Actor.deleted_at.is_(None))
    .order_by(Runner.role, Runner.created_at, Actor.id)
)
LOG: Final = (
    select(Deed.id, Deed.kind, Deed.by_handle, Deed.line, Deed.at, Deed.post_id, *face_columns(Actor))
    .outerjoin(Actor, Actor.id == Deed.by_id)
    .where(Deed.handle_id == bindparam("handle"), Deed.id < bindparam("before", type_=BigId))
    .order_by(Deed.id.desc())
    .limit(bindparam("limit"))
)
STANDING: Final = select(Runner.role, Runner.state).where(
    Runner.handle_id == bindparam("handle"), Runner.actor_id == bindparam("actor")
)
GIVEN: Final = select(Reaction.actor_id, Reaction.kind).where(
    Reaction.post_id == bindparam("post"), Reaction.actor_id.in_(bindparam("actors", expanding=True))
)
IS_HANDLE: Final = select(Handle.actor_id).where(Handle.actor_id == bindparam("handle"))


def run_by(tx: Connection, *, actor_id: int) -> list[Running]:
    """The handles, here and elsewhere, that somebody runs or is asked to run."""
    rows = tx.execute(RUN_BY, {"actor": actor_id})
    return [Running(face(row[2:]), RunnerRole(row[0]), RunnerState(row[1])) for row in rows]


def unseen(tx: Connection, *, actor_id: int, now: datetime) -> dict[int, int]:
    """How much the handles that somebody runs were told and nobody looked at yet, where it is anything."""
    rows = tx.execute(UNSEEN, {"actor": actor_id, "new_since": held.since(now)})
    return {handle_id: count for handle_id, count in rows}  # noqa: C416 -- rows are no pairs to the type checker


def voices(tx: Connection, *, actor_id: int) -> list[Face]:
    """As whom somebody may speak besides themselves."""
    return [each.face for each in run_by(tx, actor_id=actor_id) if each.is_active]


def runners(tx: Connection, *, handle_id: int) -> list[RunnerLine]:
    """Who runs a handle of ours or is asked to, its owner first. For those who run it."""
    rows = tx.execute(RUNNERS, {"handle": handle_id})
    return [RunnerLine(face(row[2:]), RunnerRole(row[0]), RunnerState(row[1])) for row in rows]


def log(tx: Connection, *, handle_id: int, before: int = NEWEST, limit: int = LOG_PAGE) -> list[DeedLine]:
    """Who did what in the name of a handle of ours, newest first. For those who run it, and nobody else."""
    rows = tx.execute(LOG, {"handle": handle_id, "before": before, "limit": limit}).all()
    posts = {card.id: card for card in cards(tx, [row.post_id for row in rows if row.post_id], viewer=handle_id)}
    return [
        DeedLine(
            row.id, DeedKind(row.kind), row.by_handle, _face(row[6:]), row.line, row.at, posts.get(row.post_id or 0)
        )
        for row in rows
    ]


def _face(row: Sequence[Any]) -> Face | None:
    return face(row[:FACE_WIDTH]) if row[0] is not None else None


def standing(tx: Connection, *, handle_id: int, actor_id: int) -> Standing | None:
    row = tx.execute(STANDING, {"handle": handle_id, "actor": actor_id}).one_or_none()
    return Standing(RunnerRole(row.role), RunnerState(row.state)) if row is not None else None


def is_active(tx: Connection, *, handle_id: int, actor_id: int) -> bool:
    found = standing(tx, handle_id=handle_id, actor_id=actor_id)
    return found is not None and found.state is RunnerState.ACTIVE


def is_handle(tx: Connection, *, actor_id: int) -> bool:
    """Whether this is a handle or a school of ours."""
    return tx.scalar(IS_HANDLE, {"handle": actor_id}) is not None


def given(tx: Connection, *, post_id: int, actors: Sequence[int]) -> set[tuple[int, str]]:
    """Which of these actors like or boost a post, as far as we know."""
    rows = tx.execute(GIVEN, {"post": post_id, "actors": list(actors)}) if actors else ()
    return {(row.actor_id, str(row.kind)) for row in rows}


def refuse_others(tx: Connection, *, handle_id: int, actor_id: int) -> Standing:
    """How somebody stands to a handle of ours that they run. Raises NotFound for everybody else, as if it were none."""
    found = standing(tx, handle_id=handle_id, actor_id=actor_id)
    if found is None or found.state is not RunnerState.ACTIVE or not is_handle(tx, actor_id=handle_id):
        raise NotFound("There is no such handle, or it is not yours to run.")
    return found
