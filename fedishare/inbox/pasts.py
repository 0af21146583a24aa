"""The past of a room that moved here, asked for at its old home and at the servers of those who wrote in it.

The old home says what was in the room and what was decided, to the new room alone. What was written is believed
at its author's own address, as anything else is; posts for members alone are asked for in the new room's name.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, NamedTuple

import structlog
from sqlalchemy import Connection

from fedishare.as2.node import Node, is_address
from fedishare.core import hosts, uris
from fedishare.core.errors import FediShareError, Gone, Invalid, NotFound, Refused, TooMany, Unreachable
from fedishare.core.here import Here
from fedishare.domain.kinds import PastGap
from fedishare.inbox import collecting, documents, reading, resolve
from fedishare.inbox.memory import Budget
from fedishare.inbox.resolve import Asked
from fedishare.jobs.tools import Tools
from fedishare.jobs.types import FetchPast
from fedishare.net.signatures import Signer
from fedishare.queries import known
from fedishare.queries import rulings as rulings_of
from fedishare.queries.known import ActorRow
from fedishare.services import arrivals, pasts, questions, rulings
from fedishare.services.pasts import Standing, Waiting
from fedishare.services.rulings import Ruling

log: Final = structlog.get_logger()

# A job has a hundred seconds; its successor goes on.
TIME: Final = timedelta(seconds=45)
AT_ONCE: Final = 8
FETCHES_EACH: Final = 10
MOST_HOMES: Final = 5
MOST_DECISIONS: Final = 4_000
LONGEST_REASON: Final = 500


class Errand(NamedTuple):
    """What one job goes by: the room, its old home, and all the addresses that it had before."""

    room: ActorRow
    old: ActorRow
    former: tuple[str, ...]
    signer: Signer

    def budget(self, posts: int = 1) -> Budget:
        return Budget(FETCHES_EACH * posts, signer=self.signer)


class Found(NamedTuple):
    """What came of asking for one post: it was here, it came, or why it did not."""

    post: Waiting
    post_id: int | None = None
    asked: Asked | None = None
    gap: PastGap | None = None
    is_final: bool = False


async def fetch(tools: Tools, job: FetchPast) -> None:
    """Go on where the job before left off. Raises Unreachable where the old home does not answer, for later."""
    told = await tools.db.read(pasts.standing, room_id=job.room_id)
    if told is None or told.step != job.step or told.ended_at is not None:
        return
    errand = await _errand(tools, told)
    try:
        if errand is not None:
            await _go_on(tools, errand, until=asyncio.get_running_loop().time() + TIME.total_seconds())
    except (NotFound, Refused, Invalid) as error:
        gap = PastGap.REFUSED if isinstance(error, Refused) else PastGap.GONE
        log.info("the old home of a room does not show its past", room=job.room_id, why=str(error))
        await tools.db.write(pasts.end, tools.here, room_id=job.room_id, gap=gap)
        return
    await tools.db.write(pasts.go_on, tools.here, room_id=job.room_id, step=job.step)


async def _errand(tools: Tools, told: Standing) -> Errand | None:
    room, old = [await tools.db.read(known.actor_by_id, actor_id=each) for each in (told.room_id, told.old_id)]
    if room is None or old is None or room.is_gone:
        return None
    key = await tools.db.read(known.signing_key, actor_uri=room.uri)
    if key is None:
        return None
    return Errand(room, old, await _former(tools, old), Signer(*key))


async def _former(tools: Tools, old: ActorRow) -> tuple[str, ...]:
    """Where the room was before that, as far as the earlier ones say so themselves: posts name their members still."""
    former, waiting = [old.uri], list(old.also_known_as)
    while waiting and len(former) < MOST_HOMES:
        uri = waiting.pop(0)
        try:
            row = await tools.db.read(known.actor_by_id, actor_id=await resolve.actor(tools, uri))
        except FediShareError:
            continue
        if row is not None and row.moved_to in former and row.uri not in former:
            former.append(row.uri)
            waiting.extend(row.also_known_as)
    return tuple(former)


async def _go_on(tools: Tools, errand: Errand, *, until: float) -> None:
    room_id = errand.room.id
    while asyncio.get_running_loop().time() < until:
        told = await tools.db.read(pasts.standing, room_id=room_id)
        batch = await tools.db.read(pasts.waiting, tools.here, room_id=room_id, limit=AT_ONCE)
        if told is None:
            return
        if told.decisions is None:
            await _open(tools, errand)
        elif batch:
            await _bring(tools, errand, batch)
        elif told.next_page is not None:
            await _turn(tools, errand, told.next_page)
        else:
            break
    await _decide(tools, errand)


# --- The list of the old home -----------------------------------------------------------------------------------------


async def _open(tools: Tools, errand: Errand) -> None:
    budget = errand.budget()
    decided = await documents.fetch(tools, uris.decisions(errand.old.uri), budget=budget)
    listed = await documents.fetch(tools, uris.past(errand.old.uri), budget=budget)
    first = listed.ref("first")
    if not collecting.COLLECTIONS.intersection(listed.types) or first is None:
        raise Invalid("The old home of this room has no list of what was in it.")
    decisions = [dict(node.data) for node in decided.nodes("orderedItems", most=MOST_DECISIONS)]
    _require_beside(first, errand)
    await tools.db.write(pasts.open_list, room_id=errand.room.id, decisions=decisions, first=first)


async def _turn(tools: Tools, errand: Errand, address: str) -> None:
    page, place = await documents.at(tools, address, budget=errand.budget())
    _require_beside(place, errand)
    if not collecting.COLLECTIONS.intersection(page.types):
        raise Invalid("The list of what was in this room leads nowhere.")
    listed = [uri for uri in collecting.listed(page) if is_address(uri)]
    following = page.ref("next")
    if following is not None and (following == address or not listed):
        following = None  # A page that brings nothing has none behind it (DOS-16).
    if following is not None:
        _require_beside(following, errand)
    await tools.db.write(pasts.turn, tools.here, room_id=errand.room.id, uris=listed, following=following)


def _require_beside(address: str, errand: Errand) -> None:
    if not hosts.same_origin(address, errand.old.uri):
        raise Invalid("The list of what was in this room is on another server.")


# --- What was written -------------------------------------------------------------------------------------------------


async def _bring(tools: Tools, errand: Errand, batch: Sequence[Waiting]) -> None:
    """Ask for several at once, and keep them in the order of the list: answers after what they answer."""
    found = await asyncio.gather(*(_look(tools, errand, post) for post in batch))
    await tools.db.write(_keep, tools.here, errand, found)


async def _look(tools: Tools, errand: Errand, post: Waiting) -> Found:
    here = await tools.db.read(known.post, uri=post.uri)
    if here is not None:
        return Found(post, post_id=here.id)
    miss = partial(Found, post)
    try:
        return Found(post, asked=await resolve.ask(tools, post.uri, budget=errand.budget()))
    except (Unreachable, TooMany):
        return miss(gap=PastGap.SILENT)
    except Refused:
        is_shut = await tools.db.read(known.is_blocked, hosts=[hosts.origin_of(post.uri).host])
        return miss(gap=PastGap.REFUSED, is_final=is_shut)
    except (NotFound, Invalid) as error:
        return miss(gap=PastGap.GONE, is_final=isinstance(error, Gone | Invalid))


def _keep(tx: Connection, here: Here, errand: Errand, found: Sequence[Found]) -> None:
    room_id = errand.room.id
    for one in found:
        if one.gap is not None:
            pasts.miss(tx, here, room_id=room_id, uri=one.post.uri, gap=one.gap, is_final=one.is_final)
            continue
        post_id = one.post_id if one.asked is None else _store(tx, here, one.asked, place=one.post.place)
        pasts.file(tx, here, one.post, room_id=room_id, post_id=post_id, former=errand.former)


def _store(tx: Connection, here: Here, asked: Asked, *, place: int) -> int | None:
    post = reading.attribute(tx, asked.post, author=asked.author)
    kept = arrivals.store(tx, here, post, activity_uri=None, past_place=place)
    return kept.id if kept is not None else None


# --- What was decided -------------------------------------------------------------------------------------------------


async def _decide(tools: Tools, errand: Errand) -> None:
    """Take over what the old home decided, as far as all that it is about is here by now."""
    told = await tools.db.read(pasts.standing, room_id=errand.room.id)
    if told is None or not told.decisions:
        return
    for banned in [Node(said).ref("object") for said in told.decisions if Node(said).type == "Block"]:
        if banned is not None:
            await _meet(tools, banned)
    await tools.db.write(_take_over, tools.here, errand, told.decisions)


async def _meet(tools: Tools, uri: str) -> None:
    """Whoever was banned stays banned, also if nobody here ever heard of them."""
    with suppress(FediShareError):
        await resolve.actor(tools, uri)


def _take_over(tx: Connection, here: Here, errand: Errand, decisions: Sequence[dict[str, Any]]) -> None:
    left = [said for said in decisions if not _holds(tx, here, errand, Node(said))]
    pasts.decided(tx, room_id=errand.room.id, left=left)


def _holds(tx: Connection, here: Here, errand: Errand, said: Node) -> bool:
    """Whether what was decided holds here now, or says nothing that could."""
    room_id, old, about = errand.room.id, errand.old.uri, said.ref("object")
    if about is None:
        return True
    reason, uri = said.text("summary", most=LONGEST_REASON) or "", here.uris.activity(here.ids.new())
    by = Ruling(room_id=room_id, by_id=None, uri=uri, reason=reason)
    if said.type == "Block":
        return _ban(tx, here, by, banned=about, until=said.when("endTime"))
    post = known.post(tx, uri=about)
    if post is None or post.deleted_at is not None or post.room_id != room_id:
        return False
    match (said.type, said.ref("target")):
        case ("Lock", _):
            rulings.lock(tx, here, by, post_id=post.id)
        case ("Add", target) if target == uris.featured(old):
            pasts.pin(tx, room_id=room_id, post_id=post.id)
        case ("Add", target) if target == uris.answers(old):
            questions.settle_in_room(tx, here, room_id=room_id, post_id=post.id, is_accepted=True)
        case _:
            pass
    return True


def _ban(tx: Connection, here: Here, by: Ruling, *, banned: str, until: datetime | None) -> bool:
    actor = known.actor(tx, uri=banned)
    if actor is None:
        return False
    # Whoever looks after the new room does so by its owner's word.
    if rulings_of.role(tx, room_id=by.room_id, actor_id=actor.id) is None and (until is None or until > here.now()):
        rulings.ban(tx, here, by, actor_id=actor.id, until=until)
    return True
