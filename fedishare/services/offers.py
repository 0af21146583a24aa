"""What our people ask handles elsewhere to publish: kept with its answer, for whoever asked alone."""

from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Row, bindparam, select, update

from fedishare.core.errors import Invalid, NotFound, Refused
from fedishare.core.here import Here
from fedishare.db.base import insert
from fedishare.db.handles import Handle, Offer, Runner
from fedishare.db.people import Actor
from fedishare.domain.audience import Visibility
from fedishare.domain.kinds import NoticeKind, OfferState, RunnerState
from fedishare.jobs.queue import enqueue
from fedishare.jobs.types import SendOffer
from fedishare.services import handles, notices

ADD: Final = insert(Offer)
STANDING: Final = (
    select(Runner.state, Handle.actor_id.label("is_ours"))
    .outerjoin(Handle, Handle.actor_id == Runner.handle_id)
    .where(Runner.handle_id == bindparam("handle"), Runner.actor_id == bindparam("actor"))
    .with_for_update(of=Runner)
)
BY_URI: Final = select(Offer.id, Offer.handle_id, Offer.by_id, Offer.state, Offer.due_at).where(
    Offer.uri == bindparam("named")
).with_for_update()  # fmt: skip
BY_ID: Final = (
    select(Offer.id, Offer.uri, Offer.handle_id, Offer.by_id, Offer.state, Offer.due_at, Offer.wish)
    .where(Offer.id == bindparam("offer"), Offer.by_id == bindparam("actor"))
    .with_for_update()
)
SETTLE: Final = (
    update(Offer)
    .where(Offer.id == bindparam("offer"))
    .values(state=bindparam("into"), result_uri=bindparam("result"), reason=bindparam("why"))
)
NAME: Final = select(Actor.name, Actor.username).where(Actor.id == bindparam("actor"))


class Act(StrEnum):
    """What a handle is asked to do."""

    POST = "post"
    DELETE = "delete"
    LIKE = "like"
    UNLIKE = "unlike"
    BOOST = "boost"
    UNBOOST = "unboost"


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be published, as its author wrote it; or the post that something is done to.

    `mentions` are those named in the text, each by full handle and address.
    """

    act: Act = Act.POST
    text: str = ""
    title: str | None = None
    warning: str | None = None
    language: str = "en"
    sensitive: bool = False
    visibility: Visibility = Visibility.PUBLIC
    post_uri: str | None = None
    mentions: tuple[tuple[str, str], ...] = ()


def make(
    tx: Connection,
    here: Here,
    *,
    handle_id: int,
    by_id: int,
    wish: Wish,
    due: datetime | None = None,
    has_byline: bool = False,
) -> int:
    """Ask a handle elsewhere, which decides; sending it is a job in the same commit.

    Raises Refused for a handle that they do not run, Invalid for what a handle elsewhere cannot publish.
    """
    row = tx.execute(STANDING, {"handle": handle_id, "actor": by_id}).one_or_none()
    if row is None or row.state != RunnerState.ACTIVE or row.is_ours is not None:
        raise Refused(handles.NOT_YOURS)
    if wish.act is Act.POST and not wish.text.strip():
        raise Invalid("There is nothing to post yet: write something first.")
    if wish.visibility is Visibility.MENTIONED or wish.visibility is Visibility.ROOM:
        raise Invalid("A shared handle of another server speaks to everyone or to its followers: choose one of these.")
    if due is not None and due <= here.now():
        raise Invalid("This time has passed already: choose a later one.")
    if has_byline:
        signed = handles.signed(wish.text, tx.execute(NAME, {"actor": by_id}).one().name)
        wish = msgspec.structs.replace(wish, text=signed)
    offer_id = here.ids.new()
    values = {"id": offer_id, "uri": here.uris.activity(offer_id), "handle_id": handle_id, "by_id": by_id}
    values |= {"wish": msgspec.json.encode(wish), "due_at": due, "state": OfferState.SENT, "created_at": here.now()}
    tx.execute(ADD, values)
    enqueue(tx, SendOffer(handle_id, by_id, offer_id), due=here.now())
    return offer_id


def withdraw(tx: Connection, here: Here, *, offer_id: int, by_id: int) -> Wish:
    """Take back what has not been published yet. Answers with what it was."""
    row = _own(tx, offer_id=offer_id, by_id=by_id)
    if row.state != OfferState.SENT:
        raise Invalid("This was published or refused already, so it cannot be taken back here.")
    tx.execute(SETTLE, {"offer": offer_id, "into": OfferState.WITHDRAWN, "result": None, "why": ""})
    enqueue(tx, SendOffer(row.handle_id, by_id, offer_id, withdrawn=True), due=here.now())
    return msgspec.json.decode(row.wish, type=Wish)


def _own(tx: Connection, *, offer_id: int, by_id: int) -> Row[*tuple[Any, ...]]:
    row = tx.execute(BY_ID, {"offer": offer_id, "actor": by_id}).one_or_none()
    if row is None:
        raise NotFound("There is no such post waiting, or it is not yours.")
    return row


def settle(
    tx: Connection, here: Here, *, uri: str, handle_id: int, done: bool, result_uri: str | None = None, reason: str = ""
) -> bool:
    """The handle answered. Accepted without a result means that it waits there for its time."""
    row = tx.execute(BY_URI, {"named": uri}).one_or_none()
    if row is None or row.handle_id != handle_id or row.state not in {OfferState.SENT, OfferState.REFUSED}:
        return False
    if done and result_uri is None and row.due_at is not None:
        return True
    state = OfferState.DONE if done else OfferState.REFUSED
    tx.execute(SETTLE, {"offer": row.id, "into": state, "result": result_uri, "why": reason})
    if not done:
        notices.tell(
            tx,
            here,
            recipient_id=row.by_id,
            kind=NoticeKind.HANDLE,
            actor_id=handle_id,
            cause=f"{uri} refused",
            line=f"It did not publish what you wrote. {reason}".strip(),
        )
    return True
