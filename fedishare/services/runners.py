"""Who runs a shared handle: asked, agreed, left, removed; and its owner, who decides that.

Removing somebody counts from the commit on, for everything that passes `handles.admit`.
"""

from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, select, update

from fedishare.core.errors import Invalid, NotFound, Refused
from fedishare.core.here import Here
from fedishare.db.base import insert
from fedishare.db.handles import Handle, Runner
from fedishare.db.people import Actor
from fedishare.domain.kinds import DeedKind, Kind, NoticeKind, RunnerRole, RunnerState
from fedishare.jobs.queue import enqueue
from fedishare.jobs.types import AnswerInvitation, EndInvitation, InviteRunner
from fedishare.services import handles, notices, scheduled, tokens
from fedishare.services.handles import ACTIVE, RUNNER, STANDING, Speaker

MOST_RUNNERS: Final = 50
ADD: Final = insert(Runner).on_conflict_do_nothing()
OPENED: Final = select(Handle.actor_id).where(Handle.actor_id == bindparam("handle"))
OWNER: Final = RUNNER.where(Runner.role == RunnerRole.OWNER, Runner.state == RunnerState.ACTIVE)
OTHERS: Final = select(Runner.actor_id).where(
    Runner.handle_id == bindparam("handle"), Runner.state != RunnerState.ENDED
)
SET: Final = (
    update(Runner)
    .where(Runner.handle_id == bindparam("handle"), Runner.actor_id == bindparam("actor"))
    .values(role=bindparam("as_role"), state=bindparam("into"), uri=bindparam("named"))
)
PERSON: Final = select(Actor.id, Actor.kind, Actor.local, Actor.name, Actor.username, Actor.domain).where(
    Actor.id == bindparam("actor"), Actor.suspended_at.is_(None), Actor.deleted_at.is_(None)
)


def invite(tx: Connection, here: Here, *, handle_id: int, by_id: int, actor_id: int, as_admin: bool = False) -> None:
    """Ask somebody, here or elsewhere, to run a handle of ours too. Who was removed may be asked again."""
    speaker = _manager(tx, handle_id=handle_id, actor_id=by_id, as_admin=as_admin)
    person = tx.execute(PERSON, {"actor": actor_id}).one_or_none()
    if person is None or person.kind != Kind.PERSON or tx.execute(OPENED, {"handle": actor_id}).first():
        raise Invalid("Only people can run a handle: ask somebody by their own handle.")
    found = tx.execute(STANDING, {"handle": handle_id, "actor": actor_id}).one_or_none()
    if found is not None and found.state != RunnerState.ENDED:
        raise Invalid("They run this handle already, or have been asked to.")
    if len(tx.scalars(OTHERS, {"handle": handle_id}).all()) >= MOST_RUNNERS:
        raise Invalid(f"A handle can be run by up to {MOST_RUNNERS} people. Remove somebody first.")
    uri = here.uris.activity(here.ids.new())
    row = {"handle_id": handle_id, "actor_id": actor_id, "role": RunnerRole.RUNNER, "state": RunnerState.INVITED}
    tx.execute(ADD, row | {"uri": uri, "created_at": here.now()})
    _set(tx, handle_id, actor_id, role=RunnerRole.RUNNER, state=RunnerState.INVITED, uri=uri)
    handles.note(tx, here, speaker, DeedKind.INVITE, line=f"@{person.username}@{person.domain}")
    if person.local:
        ask(tx, here, handle_id=handle_id, actor_id=actor_id, uri=uri)
    else:
        enqueue(tx, InviteRunner(handle_id, actor_id, uri), due=here.now())


def be_invited(tx: Connection, here: Here, *, handle_id: int, actor_id: int, uri: str) -> bool:
    """A handle elsewhere asks one of ours to run it. Answers False for a repeat."""
    found = tx.execute(STANDING, {"handle": handle_id, "actor": actor_id}).one_or_none()
    if found is not None and (found.uri == uri or found.state == RunnerState.ACTIVE):
        return False
    row = {"handle_id": handle_id, "actor_id": actor_id, "role": RunnerRole.RUNNER, "state": RunnerState.INVITED}
    tx.execute(ADD, row | {"uri": uri, "created_at": here.now()})
    _set(tx, handle_id, actor_id, role=RunnerRole.RUNNER, state=RunnerState.INVITED, uri=uri)
    ask(tx, here, handle_id=handle_id, actor_id=actor_id, uri=uri)
    return True


def ask(tx: Connection, here: Here, *, handle_id: int, actor_id: int, uri: str) -> None:
    said = "You are asked to run this handle together with others. Answer under Handles."
    notices.tell(tx, here, recipient_id=actor_id, kind=NoticeKind.HANDLE, actor_id=handle_id, cause=uri, line=said)


def answer(tx: Connection, here: Here, *, handle_id: int, actor_id: int, accepts: bool, uri: str | None = None) -> bool:
    """Whoever was asked agrees or declines; whoever runs it already, and declines, leaves.

    With `uri` the answer came from elsewhere, and has to be about that very invitation. Answers False
    where there was nothing to answer. An owner cannot leave: raises Invalid.
    """
    found = tx.execute(STANDING, {"handle": handle_id, "actor": actor_id}).one_or_none()
    if found is None or found.state == RunnerState.ENDED or (uri is not None and found.uri != uri):
        return False
    if accepts and found.state == RunnerState.ACTIVE:
        return False
    if not accepts and found.role == RunnerRole.OWNER:
        raise Invalid("You own this handle: make somebody else its owner first.")
    state = RunnerState.ACTIVE if accepts else RunnerState.ENDED
    _set(tx, handle_id, actor_id, role=RunnerRole.RUNNER, state=state, uri=found.uri)
    notices.withdraw(tx, recipient_id=actor_id, kind=NoticeKind.HANDLE, cause=found.uri)
    if found.is_ours is None:
        enqueue(tx, AnswerInvitation(handle_id, actor_id, found.uri, accepts), due=here.now())
        return True
    speaker = _speaker(handle_id, found)
    handles.note(tx, here, speaker, DeedKind.JOIN if accepts else DeedKind.LEAVE)
    if not accepts:
        _hand_over(tx, here, speaker)
    return True


def remove(tx: Connection, here: Here, *, handle_id: int, by_id: int, actor_id: int, as_admin: bool = False) -> None:
    """Somebody stops running a handle of ours, at once; what they scheduled goes to its owner, unpublished."""
    manager = _manager(tx, handle_id=handle_id, actor_id=by_id, as_admin=as_admin)
    found = tx.execute(STANDING, {"handle": handle_id, "actor": actor_id}).one_or_none()
    if found is None or found.state == RunnerState.ENDED:
        raise Invalid("They do not run this handle.")
    if found.role == RunnerRole.OWNER:
        raise Invalid("The owner cannot be removed: make somebody else the owner first.")
    _set(tx, handle_id, actor_id, role=RunnerRole.RUNNER, state=RunnerState.ENDED, uri=found.uri)
    gone = _speaker(handle_id, found)
    handles.note(tx, here, manager, DeedKind.REMOVE, line=f"@{gone.handle}")
    notices.withdraw(tx, recipient_id=actor_id, kind=NoticeKind.HANDLE, cause=found.uri)
    if found.local:
        said, cause = "You do not run this handle any more.", f"{found.uri} ended"
        notices.tell(
            tx, here, recipient_id=actor_id, kind=NoticeKind.HANDLE, actor_id=handle_id, cause=cause, line=said
        )
    else:
        enqueue(tx, EndInvitation(handle_id, actor_id, found.uri), due=here.now())
    _hand_over(tx, here, gone)


def be_removed(tx: Connection, here: Here, *, handle_id: int, actor_id: int, uri: str) -> bool:
    """A handle elsewhere says that one of ours does not run it any more, or takes its invitation back."""
    found = tx.execute(STANDING, {"handle": handle_id, "actor": actor_id}).one_or_none()
    if found is None or found.state == RunnerState.ENDED or found.uri != uri:
        return False
    _set(tx, handle_id, actor_id, role=RunnerRole.RUNNER, state=RunnerState.ENDED, uri=uri)
    notices.withdraw(tx, recipient_id=actor_id, kind=NoticeKind.HANDLE, cause=uri)
    said, cause = "You do not run this handle any more.", f"{uri} ended"
    notices.tell(tx, here, recipient_id=actor_id, kind=NoticeKind.HANDLE, actor_id=handle_id, cause=cause, line=said)
    return True


def make_owner(
    tx: Connection, here: Here, *, handle_id: int, by_id: int, actor_id: int, as_admin: bool = False
) -> None:
    """Somebody else who runs the handle owns it from now on. It has to be somebody here: only they see its pages."""
    manager = _manager(tx, handle_id=handle_id, actor_id=by_id, as_admin=as_admin)
    heir = tx.execute(ACTIVE, {"handle": handle_id, "actor": actor_id}).one_or_none()
    if heir is None or not heir.local:
        raise Invalid("The owner has to be somebody with an account on this node who runs the handle.")
    for former in tx.execute(OWNER, {"handle": handle_id}).all():
        _set(tx, handle_id, former.id, role=RunnerRole.RUNNER, state=RunnerState.ACTIVE, uri=former.uri)
    _set(tx, handle_id, actor_id, role=RunnerRole.OWNER, state=RunnerState.ACTIVE, uri=heir.uri)
    handles.note(tx, here, manager, DeedKind.OWNER, line=f"@{heir.username}@{heir.domain}")
    cause, said = f"{heir.uri} owner {here.ids.new()}", "You own this handle now: you choose who else runs it."
    notices.tell(tx, here, recipient_id=actor_id, kind=NoticeKind.HANDLE, actor_id=handle_id, cause=cause, line=said)


def _manager(tx: Connection, *, handle_id: int, actor_id: int, as_admin: bool) -> Speaker:
    """The owner, or an admin of the node, for whom the log makes no exception."""
    if as_admin:
        if tx.execute(OPENED, {"handle": handle_id}).first() is None:
            raise NotFound("There is no such handle.")
        person = tx.execute(PERSON, {"actor": actor_id}).one()
        return Speaker(
            handle_id, person.id, person.name, f"{person.username}@{person.domain}", RunnerRole.RUNNER, person.local
        )
    speaker = handles.admit(tx, handle_id=handle_id, actor_id=actor_id)
    if speaker.role is not RunnerRole.OWNER:
        raise Refused("Only the owner of a handle chooses who runs it.")
    return speaker


def _hand_over(tx: Connection, here: Here, gone: Speaker) -> None:
    tokens.end_as_handle(tx, handle_id=gone.handle_id, actor_id=gone.by_id, now=here.now())
    scheduled.hand_over(tx, here, handle_id=gone.handle_id, writer_id=gone.by_id, writer=gone.handle)


def _speaker(handle_id: int, row: Row[*tuple[Any, ...]]) -> Speaker:
    return Speaker(handle_id, row.id, row.name, f"{row.username}@{row.domain}", RunnerRole(row.role), row.local)


def _set(tx: Connection, handle_id: int, actor_id: int, *, role: RunnerRole, state: RunnerState, uri: str) -> None:
    tx.execute(SET, {"handle": handle_id, "actor": actor_id, "as_role": role, "into": state, "named": uri})
