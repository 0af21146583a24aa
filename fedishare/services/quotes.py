"""Quotes with the consent of who is quoted (FEP-044f): asked for, given, checked, taken back.

Whoever is quoted decides; a quote that they did not agree to is a plain link and nothing more.
"""

from datetime import timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Row, bindparam, delete, exists, select, update

from fedishare.core import hosts
from fedishare.core.errors import Invalid, NotFound, Refused
from fedishare.core.here import Here
from fedishare.db.base import insert
from fedishare.db.follows import Follow
from fedishare.db.posts import Post
from fedishare.db.quotes import Quote, Stamp
from fedishare.db.work import Tombstone
from fedishare.domain.audience import LADDER, OPEN, Visibility
from fedishare.domain.kinds import FollowState, NoticeKind, QuotePolicy, QuoteState
from fedishare.jobs.queue import enqueue
from fedishare.jobs.types import AnswerQuote, AskToQuote, PublishAgain, VerifyQuote, WithdrawStamp
from fedishare.queries import sight
from fedishare.services import notices, receipts
from fedishare.services.drafts import ForeignQuote

# As Mastodon does, we look again whether an author still agrees (mastodon.md 3.5).
CHECKED_EVERY: Final = timedelta(days=7)
CHECKED_FOR: Final = timedelta(days=60)
CHECKED_AT_ONCE: Final = 200

_TARGET: Final = select(
    Post.id, Post.uri, Post.author_id, Post.local, Post.visibility, Post.quote_policy, Post.deleted_at
)
TARGET: Final = _TARGET.where(Post.id == bindparam("post"))
TARGET_NAMED: Final = _TARGET.where(Post.uri == bindparam("named"))
FOLLOWS: Final = select(
    exists().where(
        Follow.follower_id == bindparam("by"),
        Follow.followee_id == bindparam("of"),
        Follow.state == FollowState.ACCEPTED,
    )
)
QUOTE: Final = (
    select(Quote.post_id, Quote.quoted_uri, Quote.state, Quote.stamp_uri, Post.uri, Post.author_id, Post.local)
    .join(Post, Post.id == Quote.post_id)
    .where(Quote.post_id == bindparam("post"))
    .with_for_update(of=Quote)
)
REQUESTED: Final = (
    select(Quote.post_id, Quote.quoted_uri, Quote.state, Quote.stamp_uri)
    .where(Quote.request_uri == bindparam("request"))
    .with_for_update()
)
RECORD: Final = insert(Quote).on_conflict_do_nothing(index_elements=["post_id"])
DROP: Final = delete(Quote).where(Quote.post_id == bindparam("post"))
SETTLE: Final = (
    update(Quote)
    .where(Quote.post_id == bindparam("post"))
    .values(state=bindparam("now_state"), stamp_uri=bindparam("stamp"), checked_at=bindparam("now"))
)
STAMPED: Final = (
    select(Quote.post_id, Post.local, Post.author_id)
    .join(Post, Post.id == Quote.post_id)
    .where(Quote.stamp_uri == bindparam("stamp"))
)
QUOTED_AUTHOR: Final = select(Post.author_id).where(Post.uri == bindparam("named"))
QUOTED_BY: Final = (
    select(Quote.post_id, Quote.quoted_uri).where(Quote.stamp_uri == bindparam("stamp")).with_for_update()
)
IS_DELETED: Final = select(exists().where(Tombstone.uri == bindparam("named")))
ISSUE: Final = insert(Stamp).on_conflict_do_nothing(index_elements=["post_id", "quoting_uri"])
ISSUED: Final = select(Stamp.id, Stamp.uri, Stamp.withdrawn_at).where(
    Stamp.post_id == bindparam("post"), Stamp.quoting_uri == bindparam("quoting"), Stamp.quoter_id == bindparam("by")
)
OWN_STAMP: Final = (
    select(Stamp.id, Stamp.uri, Stamp.withdrawn_at, Post.author_id)
    .join(Post, Post.id == Stamp.post_id)
    .where(Stamp.id == bindparam("stamp"))
    .with_for_update(of=Stamp)
)
WITHDRAW: Final = update(Stamp).where(Stamp.id == bindparam("row")).values(withdrawn_at=bindparam("now"))
SET_POLICY: Final = update(Post).where(Post.id == bindparam("row")).values(quote_policy=bindparam("policy"))
DUE: Final = (
    select(Quote.post_id)
    .join(Post, Post.id == Quote.post_id)
    .where(Quote.state == QuoteState.ACCEPTED, Quote.checked_at < bindparam("before"), Quote.stamp_uri.is_not(None))
    .where(~Post.local, Quote.created_at > bindparam("since"))
    .order_by(Quote.checked_at)
    .limit(CHECKED_AT_ONCE)
)
CHECKED: Final = (
    update(Quote).where(Quote.post_id.in_(bindparam("ids", expanding=True))).values(checked_at=bindparam("now"))
)

_Target = Row[*tuple[Any, ...]]


class Verdict(NamedTuple):
    """What a quote is worth by what is known here; `must_look` where its author's server has to be asked."""

    state: QuoteState
    stamp_uri: str | None
    must_look: bool = False


def attach(tx: Connection, here: Here, *, post_id: int, author_id: int, quoted_id: int, visibility: Visibility) -> None:
    """A post of ours quotes another one; its author is asked, or has agreed by what they allow everybody.

    Raises NotFound for what the quoter may not see, Refused where its author lets nobody, and
    Invalid where the audience cannot be.
    """
    target = tx.execute(TARGET, {"post": quoted_id}).one_or_none()
    if target is None or not sight.may_see(tx, post_id=quoted_id, viewer=author_id):
        raise NotFound("The post you are quoting is no longer there.")
    uri = here.uris.post(post_id)
    if target.author_id == author_id:
        if LADDER.index(visibility) < LADDER.index(target.visibility):
            raise Invalid("You are quoting a post that fewer people can see: choose an audience that is no wider.")
        _record(tx, here, post_id, target.uri, Verdict(QuoteState.ACCEPTED, None))
        return
    if visibility not in OPEN:
        raise Invalid("Its author is asked, and sees your post: to quote somebody else, let everyone see it.")
    if not _may_quote(tx, target, quoter_id=author_id):
        raise Refused("Its author does not let you quote this post.")
    if not target.local:
        request = here.uris.activity(here.ids.new())
        _record(tx, here, post_id, target.uri, Verdict(QuoteState.PENDING, None), request_uri=request)
        enqueue(tx, AskToQuote(post_id), due=here.now())
        return
    stamp = _issue(tx, here, target, quoting_uri=uri, quoter_id=author_id)
    _record(tx, here, post_id, target.uri, Verdict(QuoteState.ACCEPTED, stamp.uri))
    _tell(tx, here, target, quoter_id=author_id, quoting_uri=uri, quoting_id=post_id)


def attach_foreign(
    tx: Connection,
    here: Here,
    *,
    post_id: int,
    post_uri: str,
    author_id: int,
    quote: ForeignQuote,
    may_look: bool = True,
) -> None:
    """A post from elsewhere says what it quotes. Unless `may_look`, nobody is asked about it (DOS-17)."""
    verdict = _judge(tx, post_uri=post_uri, author_id=author_id, quote=quote)
    _record(tx, here, post_id, quote.uri, verdict)
    if verdict.must_look and may_look:
        enqueue(tx, VerifyQuote(post_id), due=here.now())


def revise_foreign(
    tx: Connection, here: Here, *, post_id: int, post_uri: str, author_id: int, quote: ForeignQuote | None
) -> None:
    """What an edit made of a quote."""
    known = tx.execute(QUOTE, {"post": post_id}).one_or_none()
    if known is not None and quote is not None and known.quoted_uri == quote.uri:
        restamp(tx, here, post_id=post_id, quote=quote)
        return
    tx.execute(DROP, {"post": post_id})
    if quote is not None:
        attach_foreign(tx, here, post_id=post_id, post_uri=post_uri, author_id=author_id, quote=quote)


def restamp(tx: Connection, here: Here, *, post_id: int, quote: ForeignQuote) -> bool:
    """Its server says that a quote has another stamp than before, or none; answers whether that is news."""
    known = tx.execute(QUOTE, {"post": post_id}).one_or_none()
    if known is None or known.local or known.quoted_uri != quote.uri or known.stamp_uri == quote.stamp_uri:
        return False
    verdict = _judge(tx, post_uri=known.uri, author_id=known.author_id, quote=quote)
    if (verdict.state, verdict.stamp_uri) == (known.state, known.stamp_uri):
        return False
    _settle(tx, here, post_id, verdict)
    if verdict.must_look:
        enqueue(tx, VerifyQuote(post_id), due=here.now())
    return True


def settle(tx: Connection, here: Here, *, post_id: int, stamp_uri: str | None, is_genuine: bool) -> None:
    """What a look at the stamp showed; unless the quote has another one by now."""
    known = tx.execute(QUOTE, {"post": post_id}).one_or_none()
    if known is None or known.stamp_uri != stamp_uri or known.state is QuoteState.REVOKED:
        return
    is_good = is_genuine and not _is_deleted(tx, stamp_uri)
    _settle(tx, here, post_id, Verdict(QuoteState.ACCEPTED if is_good else QuoteState.REJECTED, stamp_uri))


def answer_request(
    tx: Connection, here: Here, *, post_uri: str, quoter_id: int, quoting_uri: str, quoting_id: int | None, request: str
) -> bool | None:
    """Somebody elsewhere asks to quote a post of ours: they are answered by what it allows. Asking twice is harmless.

    None comes back where there is nothing that they could quote, as far as they may know (ORG-23).
    """
    target = tx.execute(TARGET_NAMED, {"named": post_uri}).one_or_none()
    if target is None or not target.local or not sight.may_see(tx, post_id=target.id, viewer=quoter_id):
        return None
    stamp = None
    if _may_quote(tx, target, quoter_id=quoter_id):
        stamp = _issue(tx, here, target, quoting_uri=quoting_uri, quoter_id=quoter_id)
    is_let = stamp is not None and stamp.withdrawn_at is None
    stamp_id = stamp.id if stamp is not None and is_let else None
    enqueue(tx, AnswerQuote(target.id, quoter_id, request, quoting_uri, stamp_id), due=here.now())
    if stamp is None or not is_let:
        return False
    if quoting_id is not None:
        known = tx.execute(QUOTE, {"post": quoting_id}).one_or_none()
        if known is not None and known.quoted_uri == post_uri:
            _settle(tx, here, quoting_id, Verdict(QuoteState.ACCEPTED, stamp.uri))
    _tell(tx, here, target, quoter_id=quoter_id, quoting_uri=quoting_uri, quoting_id=quoting_id)
    return True


def accept(tx: Connection, here: Here, *, request_uri: str, by_id: int, stamp_uri: str) -> bool | None:
    """The author agrees to a quote that we asked for. None where nobody here asked this author (ORG-09)."""
    asked = _asked(tx, request_uri, by_id=by_id)
    if asked is None:
        return None
    if _is_deleted(tx, stamp_uri) or (asked.state, asked.stamp_uri) == (QuoteState.ACCEPTED, stamp_uri):
        return False
    _settle(tx, here, asked.post_id, Verdict(QuoteState.ACCEPTED, stamp_uri))
    enqueue(tx, PublishAgain(asked.post_id), due=here.now())
    return True


def reject(tx: Connection, here: Here, *, request_uri: str, by_id: int) -> bool | None:
    """The author does not agree, or no longer. None where nobody here asked this author."""
    asked = _asked(tx, request_uri, by_id=by_id)
    if asked is None:
        return None
    if asked.state is QuoteState.REJECTED:
        return False
    _settle(tx, here, asked.post_id, Verdict(QuoteState.REJECTED, None))
    if asked.state is QuoteState.ACCEPTED:
        enqueue(tx, PublishAgain(asked.post_id), due=here.now())
    return True


def revoke(tx: Connection, here: Here, *, stamp_uri: str, by_id: int) -> bool:
    """An author elsewhere takes back the stamp under a quote. Answers whether there is such a quote here.

    Raises Refused for the stamp of somebody else.
    """
    rows = tx.execute(QUOTED_BY, {"stamp": stamp_uri}).all()
    if not rows:
        return False
    if all(tx.scalar(QUOTED_AUTHOR, {"named": row.quoted_uri}) != by_id for row in rows):
        raise Refused("This is not yours to delete.")
    receipts.remember_deleted(tx, uri=stamp_uri, now=here.now())
    _unstamp(tx, here, stamp_uri)
    return True


def withdraw(tx: Connection, here: Here, *, by_id: int, stamp_id: int) -> None:
    """An author here no longer wants to be quoted in one place, and every server that has it is told.

    Raises NotFound where this is not a quote of theirs.
    """
    stamp = tx.execute(OWN_STAMP, {"stamp": stamp_id}).one_or_none()
    if stamp is None or stamp.author_id != by_id:
        raise NotFound("There is no such quote of a post of yours.")
    if stamp.withdrawn_at is not None:
        return
    tx.execute(WITHDRAW, {"row": stamp_id, "now": here.now()})
    _unstamp(tx, here, stamp.uri)
    enqueue(tx, WithdrawStamp(stamp_id), due=here.now())


def is_open(tx: Connection, *, post_id: int, quoter_id: int) -> bool:
    """Whether somebody may see a post and quote it."""
    target = tx.execute(TARGET, {"post": post_id}).one_or_none()
    may_see = target is not None and sight.may_see(tx, post_id=post_id, viewer=quoter_id)
    return target is not None and may_see and _may_quote(tx, target, quoter_id=quoter_id)


def set_policy(tx: Connection, *, post_id: int, policy: QuotePolicy | None) -> None:
    tx.execute(SET_POLICY, {"row": post_id, "policy": policy})


def check_again(tx: Connection, here: Here) -> None:
    """Have a look planned at the stamps of quotes from elsewhere that nobody looked at for a week."""
    now = here.now()
    due = list(tx.scalars(DUE, {"before": now - CHECKED_EVERY, "since": now - CHECKED_FOR}))
    if due:
        tx.execute(CHECKED, {"ids": due, "now": now})
    for post_id in due:
        enqueue(tx, VerifyQuote(post_id), due=now)


def _judge(tx: Connection, *, post_uri: str, author_id: int, quote: ForeignQuote) -> Verdict:
    """By what is known here: everybody quotes themselves, and a stamp of ours is in our own books."""
    if _is_deleted(tx, quote.stamp_uri):
        return Verdict(QuoteState.REJECTED, quote.stamp_uri)
    target = tx.execute(TARGET_NAMED, {"named": quote.uri}).one_or_none()
    if target is None:
        # Whoever has no stamp can only quote themselves, which shows once we have what is quoted.
        must_look = quote.stamp_uri is not None or hosts.same_origin(quote.uri, post_uri)
        return Verdict(QuoteState.PENDING, quote.stamp_uri, must_look)
    if target.author_id == author_id:
        return Verdict(QuoteState.ACCEPTED, quote.stamp_uri)
    if not target.local:
        return Verdict(QuoteState.PENDING, quote.stamp_uri, quote.stamp_uri is not None)
    stamp = tx.execute(ISSUED, {"post": target.id, "quoting": post_uri, "by": author_id}).one_or_none()
    if stamp is not None and stamp.withdrawn_at is None and quote.stamp_uri in {None, stamp.uri}:
        return Verdict(QuoteState.ACCEPTED, stamp.uri)
    return Verdict(QuoteState.PENDING if quote.stamp_uri is None else QuoteState.REJECTED, quote.stamp_uri)


def _may_quote(tx: Connection, target: _Target, *, quoter_id: int) -> bool:
    if target.visibility not in OPEN or target.deleted_at is not None:
        return False
    match target.quote_policy or (QuotePolicy.PUBLIC if target.local else QuotePolicy.NOBODY):
        case QuotePolicy.PUBLIC:
            return True
        case QuotePolicy.FOLLOWERS:
            return bool(tx.scalar(FOLLOWS, {"by": quoter_id, "of": target.author_id}))
        case QuotePolicy.MANUAL:
            return not target.local
        case _:
            return False


def _issue(tx: Connection, here: Here, target: _Target, *, quoting_uri: str, quoter_id: int) -> _Target:
    """The stamp for this quote: a new one, or the one there is, which may be withdrawn."""
    stamp_id = here.ids.new()
    row = {"id": stamp_id, "uri": here.uris.stamp(stamp_id), "post_id": target.id, "quoting_uri": quoting_uri}
    tx.execute(ISSUE, row | {"quoter_id": quoter_id, "created_at": here.now()})
    found = tx.execute(ISSUED, {"post": target.id, "quoting": quoting_uri, "by": quoter_id}).one_or_none()
    if found is None:
        raise Refused("This quote is somebody else's.")
    return found


def _record(
    tx: Connection, here: Here, post_id: int, quoted_uri: str, verdict: Verdict, *, request_uri: str | None = None
) -> None:
    row = {"post_id": post_id, "quoted_uri": quoted_uri, "state": verdict.state, "stamp_uri": verdict.stamp_uri}
    tx.execute(RECORD, row | {"request_uri": request_uri, "created_at": here.now(), "checked_at": here.now()})


def _settle(tx: Connection, here: Here, post_id: int, verdict: Verdict) -> None:
    row = {"post": post_id, "now_state": verdict.state, "stamp": verdict.stamp_uri, "now": here.now()}
    tx.execute(SETTLE, row)


def _unstamp(tx: Connection, here: Here, stamp_uri: str) -> None:
    """The quotes that this stamp stood under are links from now on; those of ours are sent anew without it."""
    for row in tx.execute(STAMPED, {"stamp": stamp_uri}).all():
        _settle(tx, here, row.post_id, Verdict(QuoteState.REVOKED, None))
        if row.local:
            enqueue(tx, PublishAgain(row.post_id), due=here.now())


def _asked(tx: Connection, request_uri: str, *, by_id: int) -> _Target | None:
    asked = tx.execute(REQUESTED, {"request": request_uri}).one_or_none()
    if asked is None or tx.scalar(QUOTED_AUTHOR, {"named": asked.quoted_uri}) != by_id:
        return None
    return asked


def _is_deleted(tx: Connection, stamp_uri: str | None) -> bool:
    return stamp_uri is not None and bool(tx.scalar(IS_DELETED, {"named": stamp_uri}))


def _tell(
    tx: Connection, here: Here, target: _Target, *, quoter_id: int, quoting_uri: str, quoting_id: int | None
) -> None:
    notices.tell(
        tx,
        here,
        recipient_id=target.author_id,
        kind=NoticeKind.QUOTE,
        actor_id=quoter_id,
        cause=quoting_uri,
        post_id=quoting_id or target.id,
    )
