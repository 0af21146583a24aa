"""Posts read through an app: one or several, what surrounds them, what they said before, who liked or quoted them."""

from collections.abc import Iterator, Mapping
from typing import Final

from sqlalchemy import Connection

from fedishare.api import wishes
from fedishare.api.calls import Answer, Call, nothing
from fedishare.api.entities import accounts, edits, statuses
from fedishare.api.entities.edits import Context, StatusEdit, StatusSource
from fedishare.api.entities.statuses import Line, PreviewCard, Status
from fedishare.api.routes import Routes, Token
from fedishare.api.spans import answer, span_of
from fedishare.api.targets import source_of, target
from fedishare.core.errors import Invalid, Refused, Unreachable
from fedishare.domain.audience import OPEN
from fedishare.domain.kinds import ReactionKind
from fedishare.jobs.queue import enqueue
from fedishare.jobs.types import PublishAgain
from fedishare.queries import lines
from fedishare.queries import quotes as quoting
from fedishare.queries.lines import Knot
from fedishare.services import quotes

MOST_AT_ONCE: Final = 40
ACCOUNTS: Final = 40
# What a stranger is shown of a conversation.
ANCESTORS: Final = 40
DESCENDANTS: Final = 60
DEEPEST: Final = 20
EVERYTHING: Final = 4_096

routes: Final = Routes()


@routes.reads("GET", "/api/v1/statuses", scope="read:statuses", token=Token.MAYBE)
def several(tx: Connection, call: Call) -> list[Status]:
    wanted = call.params.ids("id") or call.params.ids("ids")
    return statuses.present(tx, call, wanted[:MOST_AT_ONCE])


@routes.reads("GET", "/api/v1/statuses/{id}", scope="read:statuses", token=Token.MAYBE)
def show(tx: Connection, call: Call) -> Status:
    return statuses.one(tx, call, call.id())


@routes.reads("GET", "/api/v1/statuses/{id}/context", scope="read:statuses", token=Token.MAYBE)
def context(tx: Connection, call: Call) -> Context:
    """What was said before and after. A stranger is shown the beginning of it."""
    post_id = target(tx, call).post.id
    thread = lines.thread(tx, post_id=post_id, viewer=call.viewer)
    before, after, deepest = (ANCESTORS, DESCENDANTS, DEEPEST) if call.viewer is None else (EVERYTHING,) * 3
    above = [knot.post.id for knot in _ancestors(thread, post_id)][:before][::-1]
    below = [key for key, depth in _descendants(thread, post_id) if depth <= deepest][:after]
    found = statuses.shown(tx, call, [Line(thread[key].post) for key in (*above, *below)])
    return Context(found[: len(above)], found[len(above) :])


def _ancestors(thread: Mapping[int, Knot], post_id: int) -> Iterator[Knot]:
    """From the one that is answered upwards."""
    met, at = {post_id}, thread.get(post_id)
    while at is not None and at.answers is not None and at.answers not in met:
        met.add(at.answers)
        at = thread.get(at.answers)
        if at is not None:
            yield at


def _descendants(thread: Mapping[int, Knot], post_id: int) -> Iterator[tuple[int, int]]:
    """Each answer right after what it answers, and how deep it stands."""
    answers: dict[int, list[int]] = {}
    for key, knot in thread.items():
        if knot.answers is not None:
            answers.setdefault(knot.answers, []).append(key)
    rest = [(key, 1) for key in reversed(answers.get(post_id, []))]
    met = {post_id}
    while rest:
        key, depth = rest.pop()
        if key in met:
            continue
        met.add(key)
        yield key, depth
        rest += [(child, depth + 1) for child in reversed(answers.get(key, []))]


@routes.reads("GET", "/api/v1/statuses/{id}/history", scope="read:statuses", token=Token.MAYBE)
def history(tx: Connection, call: Call) -> list[StatusEdit]:
    """Oldest first; the first is the post as it was published, the last as it is now."""
    return edits.history(tx, call, target(tx, call).post.id)


@routes.reads("GET", "/api/v1/statuses/{id}/source", scope="read:statuses")
def source(tx: Connection, call: Call) -> StatusSource:
    """What its author wrote. To anybody else, the text that they can read anyway."""
    post = target(tx, call).post
    had = source_of(tx, post.id)
    text = had.text if post.author_id == call.me else edits.plain_text(tx, post.id)
    return StatusSource(str(post.id), text, had.warning or "")


@routes.reads("GET", "/api/v1/statuses/{id}/card", scope="read:statuses", token=Token.MAYBE)
def card(tx: Connection, call: Call) -> PreviewCard | None:
    return statuses.plainly(tx, call, target(tx, call).post.id).plain.card


@routes.reads("GET", "/api/v1/statuses/{id}/reblogged_by", scope="read:statuses", token=Token.MAYBE)
def reblogged_by(tx: Connection, call: Call) -> Answer:
    return _people(tx, call, ReactionKind.BOOST)


@routes.reads("GET", "/api/v1/statuses/{id}/favourited_by", scope="read:statuses", token=Token.MAYBE)
def favourited_by(tx: Connection, call: Call) -> Answer:
    return _people(tx, call, ReactionKind.LIKE)


def _people(tx: Connection, call: Call, kind: ReactionKind) -> Answer:
    page, post_id = call.page(usual=ACCOUNTS), target(tx, call).post.id
    rows = lines.reacted(tx, viewer=call.viewer, span=span_of(page), post_id=post_id, kind=kind)
    found = accounts.present(tx, call, [actor_id for _, actor_id in rows])
    newest, oldest = (rows[0][0], rows[-1][0]) if rows else (None, None)
    return call.listed(found, page=page, newest=newest, oldest=oldest, is_full=len(rows) >= page.limit)


@routes.reads("GET", "/api/v1/statuses/{id}/quotes", scope="read:statuses")
def quoted_by(tx: Connection, call: Call) -> Answer:
    page, post_id = call.page(usual=20), target(tx, call).post.id
    rows = lines.quotes(tx, viewer=call.viewer, span=span_of(page), post_id=post_id)
    return answer(tx, call, rows, page)


@routes.writes("POST", "/api/v1/statuses/{id}/quotes/{quoting}/revoke", scope="write:statuses")
def revoke(tx: Connection, call: Call) -> Status:
    """Its author does not want it to be quoted there any more; the quoting post stays, without it."""
    post, other = target(tx, call).post, target(tx, call, name="quoting").post
    if post.author_id != call.me:
        raise nothing()
    stamps = [line.id for line in quoting.of_post(tx, post_id=post.id) if line.quoting_id == other.id]
    if not stamps:
        raise nothing()
    for stamp_id in stamps:
        quotes.withdraw(tx, call.here, by_id=call.me, stamp_id=stamp_id)
    return statuses.one(tx, call, other.id)


@routes.writes("PUT", "/api/v1/statuses/{id}/interaction_policy", scope="write:statuses")
def set_policy(tx: Connection, call: Call) -> Status:
    """Who may quote a post from now on."""
    post, policy = target(tx, call).post, wishes.policy(call.params)
    if post.author_id != call.me:
        raise nothing()
    if policy is None:
        raise Invalid("Validation failed: Quote approval policy can't be blank")
    quotes.set_policy(tx, post_id=post.id, policy=policy)
    enqueue(tx, PublishAgain(post.id), due=call.now)
    return statuses.one(tx, call, post.id)


@routes.writes("POST", "/api/v1/statuses/{id}/translate", scope="read:statuses")
def translate(tx: Connection, call: Call) -> None:
    """This node asks nobody to translate what its people read."""
    post = target(tx, call).post
    if statuses.plainly(tx, call, post.id).visibility not in OPEN:
        raise Refused("This action is not allowed")
    raise Unreachable("Translation is not available on this server", retry_after=86_400)
