"""Schools of this node, and which of its people belong to which."""

from html import escape
from typing import Any, Final

from sqlalchemy import Connection, bindparam, delete, select, update

from fedishare.core.errors import Invalid
from fedishare.core.here import Here
from fedishare.db.base import insert
from fedishare.db.handles import Affiliation, Handle
from fedishare.db.people import Actor
from fedishare.domain.html import LINK_REL
from fedishare.domain.kinds import DeedKind, Kind
from fedishare.jobs.queue import enqueue
from fedishare.jobs.types import PublishActor
from fedishare.services import handles

# The name of the field on a profile; other servers show it as it is.
FIELD: Final = "School"
JOIN: Final = insert(Affiliation)
LEAVE: Final = delete(Affiliation).where(Affiliation.actor_id == bindparam("actor"))
AT: Final = select(Affiliation.school_id).where(Affiliation.actor_id == bindparam("actor"))
SCHOOL: Final = (
    select(Actor.id, Actor.name, Actor.url)
    .join(Handle, Handle.actor_id == Actor.id)
    .where(Actor.id == bindparam("school"), Actor.kind == Kind.ORGANISATION)
    .where(Actor.suspended_at.is_(None), Actor.deleted_at.is_(None))
)
FIELDS: Final = select(Actor.fields).where(Actor.id == bindparam("actor")).with_for_update()
SHOW: Final = (
    update(Actor).where(Actor.id == bindparam("actor")).values(fields=bindparam("shown", type_=Actor.fields.type))
)


def belong(tx: Connection, here: Here, *, actor_id: int, school_id: int | None, listed: bool) -> None:
    """Somebody says which school is theirs, on their profile, and whether its page may name them; None for none."""
    school = tx.execute(SCHOOL, {"school": school_id}).one_or_none() if school_id is not None else None
    if school_id is not None and school is None:
        raise Invalid("There is no such school on this node: choose one from the list.")
    tx.execute(LEAVE, {"actor": actor_id})
    if school is not None:
        tx.execute(JOIN, {"actor_id": actor_id, "school_id": school.id, "listed": listed})
    _show(tx, here, actor_id=actor_id, link=_link(school) if school is not None else None)


def strike_off(tx: Connection, here: Here, *, school_id: int, by_id: int, actor_id: int) -> None:
    """Whoever runs the school's account says that somebody does not belong to it."""
    speaker = handles.admit(tx, handle_id=school_id, actor_id=by_id)
    if tx.scalar(AT, {"actor": actor_id}) != school_id:
        raise Invalid("They do not belong to this school.")
    tx.execute(LEAVE, {"actor": actor_id})
    _show(tx, here, actor_id=actor_id, link=None)
    handles.note(tx, here, speaker, DeedKind.PROFILE, line="took somebody off the school's page")


def _link(school: Any) -> str:
    url, name = escape(school.url), escape(school.name, quote=False)
    return f'<a href="{url}" rel="{LINK_REL}">{name}</a>'


def _show(tx: Connection, here: Here, *, actor_id: int, link: str | None) -> None:
    """The school stands among the fields of the profile, where every server shows it."""
    before: list[dict[str, Any]] = list(tx.execute(FIELDS, {"actor": actor_id}).scalar_one())
    after = [field for field in before if field.get("name") != FIELD]
    if link is not None:
        after.insert(0, {"name": FIELD, "value": link})
    if after != before:
        tx.execute(SHOW, {"actor": actor_id, "shown": after})
        enqueue(tx, PublishActor(actor_id), due=here.now())
