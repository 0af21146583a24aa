"""Quotes with consent, as other servers ask, answer and prove (FEP-044f; mastodon.md 3.5, ORG-23)."""

from typing import Any, Final

import msgspec
import pytest
from sqlalchemy import Connection, select

from fedishare.as2.node import CONTEXT, EVERYBODY
from fedishare.core.errors import Invalid, Refused, Unreachable
from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.db.notices import Notice
from fedishare.db.posts import Post
from fedishare.db.quotes import Quote, Stamp
from fedishare.db.work import Job
from fedishare.domain.audience import Visibility
from fedishare.domain.kinds import NoticeKind, QuotePolicy, QuoteState
from fedishare.inbox import quotes as inbox_quotes
from fedishare.jobs.tools import Tools
from fedishare.jobs.types import AnswerQuote, VerifyQuote
from fedishare.queries import timelines
from fedishare.services import follows, housekeeping, posts, quotes
from fedishare.services.drafts import Draft
from tests.builders import FrozenClock, Made, a_follow_row, a_person, a_post, a_teacher
from tests.inbox.elsewhere import Document, Elsewhere, a_note, an_activity, an_actor, jobs, rows, send

ADA: Final = "https://birch.test/users/ada"
BEN: Final = "https://cedar.test/users/ben"
STAMP: Final = f"{BEN}/stamps/1"


async def ada_of(db: Database, here: Here) -> Made:
    return await a_person(db, here, local=False, username="ada")


async def ben_of(db: Database, here: Here) -> Made:
    return await a_person(db, here, local=False, username="ben", domain="cedar.test")


def a_quoting(of: str, *, author: str = ADA, stamp: str | None = None, number: int = 1, **over: Any) -> Document:
    """As Mastodon writes it, with the line for servers that show no quotes."""
    line = f'<p class="quote-inline">RE: <a href="{of}">{of}</a></p>'
    words = {"content": f"{line}<p>Look at this.</p>", "quote": of, "_misskey_quote": of, "quoteUri": of}
    given = {"quoteAuthorization": stamp} if stamp else {}
    return a_note(author, number=number, **(words | given | over))


def a_request(of: str, instrument: Document | str, *, by: str = ADA, **over: Any) -> Document:
    return an_activity("QuoteRequest", by, of, instrument=instrument) | over


def a_stamp(of: str, *, quoting: str = f"{ADA}/posts/1", **over: Any) -> Document:
    base = {
        "@context": CONTEXT,
        "id": STAMP,
        "type": "QuoteAuthorization",
        "attributedTo": BEN,
        "interactingObject": quoting,
        "interactionTarget": of,
    }
    return base | over


async def states(db: Database) -> list[tuple[Any, ...]]:
    return await rows(db, Quote.quoted_uri, Quote.state, Quote.stamp_uri)


def answers(tx: Connection) -> list[AnswerQuote]:
    decode = msgspec.json.Decoder(AnswerQuote).decode
    return [decode(body) for body in tx.scalars(select(Job.payload).where(Job.kind == "AnswerQuote"))]


def looks(tx: Connection) -> list[VerifyQuote]:
    decode = msgspec.json.Decoder(VerifyQuote).decode
    return [decode(body) for body in tx.scalars(select(Job.payload).where(Job.kind == "VerifyQuote"))]


async def look(tools: Tools) -> None:
    """Do what there is to look at, once."""
    for job in await tools.db.read(looks):
        await inbox_quotes.verify(tools, job)


# --- Somebody elsewhere wants to quote us ---


async def test_a_request_for_a_public_post_is_let_through_with_a_stamp(tools: Tools, db: Database, here: Here) -> None:
    anna, ada = await a_teacher(db, here), await ada_of(db, here)
    post = await a_post(db, here, by=anna)
    quoting = a_quoting(post.uri)
    asked = a_request(post.uri, quoting)

    became = await send(tools, asked)

    [(stamp_id, stamp_uri)] = await rows(db, Stamp.id, Stamp.uri)
    assert became == "done: quote let through"
    assert await rows(db, Stamp.post_id, Stamp.quoting_uri, Stamp.quoter_id) == [(post.id, quoting["id"], ada.id)]
    assert await db.read(answers) == [AnswerQuote(post.id, ada.id, asked["id"], quoting["id"], stamp_id)]
    assert await states(db) == [(post.uri, QuoteState.ACCEPTED, stamp_uri)]
    [(told, kind, about)] = await rows(db, Notice.recipient_id, Notice.kind, Notice.post_id)
    [(quoting_id,)] = [row for row in await rows(db, Post.id) if row[0] != post.id]
    assert (told, kind, about) == (anna.id, NoticeKind.QUOTE, quoting_id)


async def test_asking_twice_gives_one_stamp_two_answers_and_one_notice(tools: Tools, db: Database, here: Here) -> None:
    anna = await a_teacher(db, here)
    await ada_of(db, here)
    post = await a_post(db, here, by=anna)

    became = [await send(tools, a_request(post.uri, a_quoting(post.uri))) for _ in range(2)]

    assert became == ["done: quote let through"] * 2
    assert len(await rows(db, Stamp.id)) == len(await rows(db, Notice.id)) == 1
    assert len(await db.read(answers)) == 2


async def test_the_quoting_post_may_come_first_or_never(tools: Tools, db: Database, here: Here) -> None:
    anna = await a_teacher(db, here)
    await ada_of(db, here)
    post = await a_post(db, here, by=anna)
    quoting = a_quoting(post.uri)
    await send(tools, an_activity("Create", ADA, quoting))
    before = await states(db)

    became = await send(tools, a_request(post.uri, str(quoting["id"])))

    assert before == [(post.uri, QuoteState.PENDING, None)]
    assert became == "done: quote let through"
    assert [state for _, state, _ in await states(db)] == [QuoteState.ACCEPTED]
    assert await db.read(looks) == []


async def test_a_quoting_post_that_was_only_named_is_fetched(
    tools: Tools, db: Database, here: Here, elsewhere: Elsewhere
) -> None:
    anna = await a_teacher(db, here)
    await ada_of(db, here)
    post = await a_post(db, here, by=anna)
    quoting = a_quoting(post.uri)
    elsewhere.say(str(quoting["id"]), quoting)

    became = await send(tools, a_request(post.uri, str(quoting["id"])))

    assert became == "done: quote let through"
    assert elsewhere.asked == [quoting["id"]]


@pytest.mark.parametrize(
    ("over", "follows_anna", "is_let"),
    [
        pytest.param({}, False, True, id="everybody"),
        pytest.param({"visibility": Visibility.QUIET}, False, True, id="everybody-quietly"),
        pytest.param({"quote_policy": QuotePolicy.FOLLOWERS}, True, True, id="followers-a-follower"),
        pytest.param({"quote_policy": QuotePolicy.FOLLOWERS}, False, False, id="followers-a-stranger"),
        pytest.param({"quote_policy": QuotePolicy.NOBODY}, True, False, id="nobody"),
        pytest.param({"visibility": Visibility.FOLLOWERS}, True, False, id="a-post-for-followers"),
    ],
)
async def test_who_may_quote_is_what_the_author_allows(
    tools: Tools, db: Database, here: Here, *, over: dict[str, Any], follows_anna: bool, is_let: bool
) -> None:
    anna, ada = await a_teacher(db, here), await ada_of(db, here)
    post = await a_post(db, here, by=anna, **over)
    if follows_anna:
        await a_follow_row(db, here, by=ada, of=anna)

    became = await send(tools, a_request(post.uri, a_quoting(post.uri)))

    assert became == ("done: quote let through" if is_let else "done: quote refused")
    assert [answer.stamp_id is not None for answer in await db.read(answers)] == [is_let]
    assert len(await rows(db, Stamp.id)) == is_let


@pytest.mark.parametrize("case", ["private", "unknown", "boost", "deleted", "blocked"])
async def test_what_the_asker_may_not_see_is_not_even_refused(
    tools: Tools, db: Database, here: Here, case: str
) -> None:
    anna, ada = await a_teacher(db, here), await ada_of(db, here)
    post = await a_post(db, here, by=anna, visibility=Visibility.FOLLOWERS if case == "private" else Visibility.PUBLIC)
    uri = {"unknown": here.uris.post(7), "boost": here.uris.activity(7)}.get(case, post.uri)
    if case == "deleted":
        await db.write(posts.delete, here, by_id=anna.id, post_id=post.id)
    if case == "blocked":
        await db.write(follows.block, here, blocker_id=anna.id, blocked_id=ada.id)

    became = await send(tools, a_request(uri, a_quoting(uri)))

    assert became == "ignored: there is no such post here"
    assert (await db.read(answers), await rows(db, Stamp.id)) == ([], [])


@pytest.mark.parametrize(
    ("instrument", "error"),
    [
        pytest.param({"attributedTo": BEN}, Refused, id="somebody-elses-post"),
        pytest.param({"id": "https://cedar.test/posts/1"}, Refused, id="a-post-on-another-server"),
        pytest.param({"id": "https://alder.test/posts/1"}, Refused, id="a-post-of-ours"),
        pytest.param(None, Invalid, id="no-post"),
    ],
)
async def test_a_request_speaks_for_its_senders_own_post(
    tools: Tools, db: Database, here: Here, *, instrument: Document | None, error: type[Exception]
) -> None:
    anna = await a_teacher(db, here)
    await ada_of(db, here)
    post = await a_post(db, here, by=anna)
    quoting = a_quoting(post.uri) | instrument if instrument is not None else None

    with pytest.raises(error):
        await send(tools, an_activity("QuoteRequest", ADA, post.uri, instrument=quoting))

    assert (await db.read(answers), await rows(db, Stamp.id)) == ([], [])


@pytest.mark.parametrize(
    ("over", "became"),
    [
        pytest.param({"quote": f"{ADA}/posts/3"}, "ignored: the quoting post quotes something else", id="another"),
        pytest.param({"quote": None}, "ignored: the quoting post quotes something else", id="legacy-terms-only"),
        pytest.param({"type": "Person"}, "ignored: what wants to quote is no post", id="no-post"),
    ],
)
async def test_a_request_whose_post_does_not_quote_what_it_asks_for_comes_to_nothing(
    tools: Tools, db: Database, here: Here, *, over: dict[str, Any], became: str
) -> None:
    anna = await a_teacher(db, here)
    await ada_of(db, here)
    post = await a_post(db, here, by=anna)

    assert await send(tools, a_request(post.uri, a_quoting(post.uri, **over))) == became
    assert await rows(db, Stamp.id) == []


async def test_a_request_about_a_post_elsewhere_is_not_ours_to_answer(tools: Tools, db: Database, here: Here) -> None:
    await ada_of(db, here)

    assert await send(tools, a_request(f"{BEN}/posts/1", a_quoting(f"{BEN}/posts/1"))) == (
        "ignored: this is no post of ours"
    )


async def test_what_was_withdrawn_is_not_let_through_again(tools: Tools, db: Database, here: Here) -> None:
    anna = await a_teacher(db, here)
    await ada_of(db, here)
    post = await a_post(db, here, by=anna)
    quoting = a_quoting(post.uri)
    await send(tools, a_request(post.uri, quoting))
    [(stamp_id, stamp)] = await rows(db, Stamp.id, Stamp.uri)

    await db.write(quotes.withdraw, here, by_id=anna.id, stamp_id=stamp_id)
    after = await states(db)
    became = await send(tools, a_request(post.uri, quoting))
    update = a_quoting(post.uri, stamp=stamp, updated="2026-09-07T08:20:00Z")
    await send(tools, an_activity("Update", ADA, update))

    assert after == [(post.uri, QuoteState.REVOKED, None)]
    assert became == "done: quote refused"
    assert [state for _, state, _ in await states(db)] == [QuoteState.REJECTED]


async def test_a_quote_of_ours_under_a_stamp_that_we_never_gave_is_no_quote(
    tools: Tools, db: Database, here: Here
) -> None:
    anna = await a_teacher(db, here)
    await ada_of(db, here)
    post = await a_post(db, here, by=anna)

    await send(tools, an_activity("Create", ADA, a_quoting(post.uri, stamp=here.uris.stamp(7))))

    assert [state for _, state, _ in await states(db)] == [QuoteState.REJECTED]
    assert await db.read(looks) == []


# --- Somebody elsewhere quotes somebody elsewhere ---


async def quoted_elsewhere(db: Database, here: Here) -> Made:
    """A post by Ben on a third server, known here."""
    ben = await ben_of(db, here)
    return await a_post(db, here, by=ben, content="<p>The very first</p>")


async def test_a_quote_is_shown_once_its_stamp_was_looked_at(
    tools: Tools, db: Database, here: Here, elsewhere: Elsewhere
) -> None:
    await ada_of(db, here)
    post = await quoted_elsewhere(db, here)
    elsewhere.say(STAMP, a_stamp(post.uri))

    await send(tools, an_activity("Create", ADA, a_quoting(post.uri, stamp=STAMP)))
    before = await states(db)
    await look(tools)

    assert before == [(post.uri, QuoteState.PENDING, STAMP)]
    assert await states(db) == [(post.uri, QuoteState.ACCEPTED, STAMP)]


@pytest.mark.parametrize(
    "over",
    [
        pytest.param({"type": "Note"}, id="no-stamp"),
        pytest.param({"attributedTo": ADA}, id="by-the-quoter"),
        pytest.param({"attributedTo": f"{BEN}/"}, id="by-almost-the-author"),
        pytest.param({"interactingObject": f"{ADA}/posts/2"}, id="for-another-quote"),
        pytest.param({"interactionTarget": f"{BEN}/posts/2"}, id="for-another-post"),
        pytest.param({"interactionTarget": None}, id="for-nothing"),
        pytest.param({"id": f"{BEN}/stamps/2"}, id="under-another-address"),
        pytest.param({"endTime": "2026-09-07T08:00:00Z"}, id="over"),
        pytest.param({"@context": None}, id="no-activitystreams"),
    ],
)
async def test_a_forged_stamp_is_none_and_a_good_one_later_still_works(
    tools: Tools, db: Database, here: Here, elsewhere: Elsewhere, over: dict[str, Any]
) -> None:
    await ada_of(db, here)
    post = await quoted_elsewhere(db, here)
    good = f"{BEN}/stamps/9"
    elsewhere.say(STAMP, a_stamp(post.uri, **over))
    elsewhere.say(good, a_stamp(post.uri, id=good))

    await send(tools, an_activity("Create", ADA, a_quoting(post.uri, stamp=STAMP)))
    await look(tools)
    forged = await states(db)
    await send(tools, an_activity("Update", ADA, a_quoting(post.uri, stamp=good)))
    await look(tools)

    assert forged == [(post.uri, QuoteState.REJECTED, STAMP)]
    assert await states(db) == [(post.uri, QuoteState.ACCEPTED, good)]


async def test_a_stamp_on_another_server_than_the_author_is_none(
    tools: Tools, db: Database, here: Here, elsewhere: Elsewhere
) -> None:
    await ada_of(db, here)
    post = await quoted_elsewhere(db, here)
    forged = "https://birch.test/stamps/1"
    elsewhere.say(forged, a_stamp(post.uri, id=forged))

    await send(tools, an_activity("Create", ADA, a_quoting(post.uri, stamp=forged)))
    await look(tools)

    assert await states(db) == [(post.uri, QuoteState.REJECTED, forged)]


@pytest.mark.parametrize(("status", "state"), [(404, QuoteState.REJECTED), (410, QuoteState.REJECTED)])
async def test_a_stamp_that_is_not_there_is_none(
    tools: Tools, db: Database, here: Here, elsewhere: Elsewhere, *, status: int, state: QuoteState
) -> None:
    await ada_of(db, here)
    post = await quoted_elsewhere(db, here)
    elsewhere.fail(STAMP, status)

    await send(tools, an_activity("Create", ADA, a_quoting(post.uri, stamp=STAMP)))
    await look(tools)

    assert await states(db) == [(post.uri, state, STAMP)]


async def test_a_server_that_does_not_answer_is_asked_again_later(
    tools: Tools, db: Database, here: Here, elsewhere: Elsewhere
) -> None:
    await ada_of(db, here)
    post = await quoted_elsewhere(db, here)
    elsewhere.fail(STAMP, 503)
    await send(tools, an_activity("Create", ADA, a_quoting(post.uri, stamp=STAMP)))

    with pytest.raises(Unreachable):
        await look(tools)

    assert await states(db) == [(post.uri, QuoteState.PENDING, STAMP)]


async def test_a_quote_without_a_stamp_waits_and_nobody_is_asked(
    tools: Tools, db: Database, here: Here, elsewhere: Elsewhere
) -> None:
    await ada_of(db, here)
    post = await quoted_elsewhere(db, here)

    await send(tools, an_activity("Create", ADA, a_quoting(post.uri)))

    assert await states(db) == [(post.uri, QuoteState.PENDING, None)]
    assert (await db.read(looks), elsewhere.asked) == ([], [])


async def test_what_is_quoted_is_fetched_where_there_is_a_stamp_and_its_own_quotes_are_not(
    tools: Tools, db: Database, here: Here, elsewhere: Elsewhere
) -> None:
    await ada_of(db, here)
    first, second = f"{BEN}/posts/1", f"{BEN}/posts/2"
    elsewhere.settle(an_actor(BEN))
    elsewhere.say(STAMP, a_stamp(first))
    elsewhere.say(first, a_quoting(second, author=BEN, stamp=f"{BEN}/stamps/2"))

    await send(tools, an_activity("Create", ADA, a_quoting(first, stamp=STAMP)))
    await look(tools)

    assert sorted(await states(db)) == sorted(
        [(first, QuoteState.ACCEPTED, STAMP), (second, QuoteState.PENDING, f"{BEN}/stamps/2")]
    )
    assert len(await db.read(looks)) == 1
    assert second not in elsewhere.asked


async def test_everybody_may_quote_themselves(tools: Tools, db: Database, here: Here) -> None:
    await ada_of(db, here)
    await send(tools, an_activity("Create", ADA, a_note(ADA, number=2)))

    await send(tools, an_activity("Create", ADA, a_quoting(f"{ADA}/posts/2")))

    assert await states(db) == [(f"{ADA}/posts/2", QuoteState.ACCEPTED, None)]


async def test_quoting_a_neighbour_is_not_quoting_oneself(
    tools: Tools, db: Database, here: Here, elsewhere: Elsewhere
) -> None:
    await ada_of(db, here)
    eve = "https://birch.test/users/eve"
    elsewhere.settle(an_actor(eve))
    elsewhere.say(f"{eve}/posts/1", a_note(eve))

    await send(tools, an_activity("Create", ADA, a_quoting(f"{eve}/posts/1")))
    await look(tools)

    assert await states(db) == [(f"{eve}/posts/1", QuoteState.PENDING, None)]


@pytest.mark.parametrize("kind", ["id", "Tombstone", "QuoteAuthorization"])
async def test_a_stamp_that_its_author_takes_back_takes_the_quote_along(
    tools: Tools, db: Database, here: Here, elsewhere: Elsewhere, kind: str
) -> None:
    await ada_of(db, here)
    post = await quoted_elsewhere(db, here)
    elsewhere.say(STAMP, a_stamp(post.uri))
    await send(tools, an_activity("Create", ADA, a_quoting(post.uri, stamp=STAMP)))
    await look(tools)

    became = await send(tools, an_activity("Delete", BEN, STAMP if kind == "id" else {"id": STAMP, "type": kind}))
    await send(tools, an_activity("Update", ADA, a_quoting(post.uri, stamp=STAMP)))

    assert became == "done: quote taken back"
    assert await states(db) == [(post.uri, QuoteState.REJECTED, STAMP)]


async def test_only_who_is_quoted_takes_a_stamp_back(
    tools: Tools, db: Database, here: Here, elsewhere: Elsewhere
) -> None:
    await ada_of(db, here)
    post = await quoted_elsewhere(db, here)
    eve = await a_person(db, here, local=False, username="eve", domain="cedar.test")
    elsewhere.say(STAMP, a_stamp(post.uri))
    await send(tools, an_activity("Create", ADA, a_quoting(post.uri, stamp=STAMP)))
    await look(tools)

    for somebody in (ADA, eve.uri):
        with pytest.raises(Refused):
            await send(tools, an_activity("Delete", somebody, STAMP))

    assert await states(db) == [(post.uri, QuoteState.ACCEPTED, STAMP)]


async def test_a_stamp_taken_back_before_the_quote_came_is_none(
    tools: Tools, db: Database, here: Here, elsewhere: Elsewhere
) -> None:
    await ada_of(db, here)
    post = await quoted_elsewhere(db, here)
    elsewhere.say(STAMP, a_stamp(post.uri))

    await send(tools, an_activity("Delete", BEN, STAMP))
    await send(tools, an_activity("Create", ADA, a_quoting(post.uri, stamp=STAMP)))
    await look(tools)

    assert await states(db) == [(post.uri, QuoteState.REJECTED, STAMP)]


async def test_an_edit_may_bring_another_quote_or_none(
    tools: Tools, db: Database, here: Here, elsewhere: Elsewhere
) -> None:
    await ada_of(db, here)
    post = await quoted_elsewhere(db, here)
    elsewhere.say(STAMP, a_stamp(post.uri))
    await send(tools, an_activity("Create", ADA, a_quoting(post.uri, stamp=STAMP)))
    await look(tools)
    other = a_quoting(f"{BEN}/posts/2", updated="2026-09-07T08:10:00Z")

    await send(tools, an_activity("Update", ADA, other))
    changed = await states(db)
    await send(tools, an_activity("Update", ADA, a_note(ADA, updated="2026-09-07T08:20:00Z")))

    assert changed == [(f"{BEN}/posts/2", QuoteState.PENDING, None)]
    assert await states(db) == []


async def test_stamps_are_looked_at_again_every_week(
    tools: Tools, db: Database, here: Here, elsewhere: Elsewhere, clock: FrozenClock
) -> None:
    await ada_of(db, here)
    post = await quoted_elsewhere(db, here)
    elsewhere.say(STAMP, a_stamp(post.uri))
    await send(tools, an_activity("Create", ADA, a_quoting(post.uri, stamp=STAMP)))
    await look(tools)

    clock.tick(days=6)
    await db.write(housekeeping.sweep, here)
    early = len(await db.read(looks))
    clock.tick(days=2)
    for _ in range(2):
        await db.write(housekeeping.sweep, here)
    late = len(await db.read(looks))
    elsewhere.fail(STAMP, 404)
    await look(tools)

    assert (early, late) == (1, 2)
    assert await states(db) == [(post.uri, QuoteState.REJECTED, STAMP)]


@pytest.mark.parametrize("term", ["_misskey_quote", "quoteUrl", "quoteUri"])
async def test_a_quote_that_asks_nobody_is_a_plain_link(tools: Tools, db: Database, here: Here, term: str) -> None:
    await ada_of(db, here)
    uri = f"{BEN}/posts/1?a=1&b=2"
    note = a_note(ADA) | {term: uri}

    await send(tools, an_activity("Create", ADA, note))

    [(content,)] = await rows(db, Post.content)
    shown = uri.replace("&", "&amp;")
    assert content == (
        "<p>Fractions go well with cake.</p>"
        f'<p>RE: <a href="{shown}" rel="nofollow noopener noreferrer">{shown}</a></p>'
    )
    assert await states(db) == []


async def test_a_plain_link_that_is_there_is_not_written_twice(tools: Tools, db: Database, here: Here) -> None:
    await ada_of(db, here)
    words = f'<p>See <a href="{BEN}/posts/1">there</a></p>'

    await send(tools, an_activity("Create", ADA, a_note(ADA, content=words, _misskey_quote=f"{BEN}/posts/1")))

    assert (await rows(db, Post.content))[0][0].count(f"{BEN}/posts/1") == 1


@pytest.mark.parametrize("uri", [EVERYBODY, "javascript:alert(1)", 7, None, ["nothing"]])
async def test_a_quote_of_nothing_is_none(tools: Tools, db: Database, here: Here, uri: Any) -> None:
    await ada_of(db, here)

    await send(tools, an_activity("Create", ADA, a_note(ADA, quote=uri)))

    assert await rows(db, Post.content) == [("<p>Fractions go well with cake.</p>",)]
    assert await states(db) == []


# --- We quote somebody elsewhere ---


async def our_quote(db: Database, here: Here) -> tuple[Made, Made, str]:
    """A post of Anna's that quotes Ben's: its author, its own row, and the id of the request."""
    anna, ben = await a_teacher(db, here), await ben_of(db, here)
    theirs = await a_post(db, here, by=ben, quote_policy=QuotePolicy.PUBLIC)
    draft = Draft(text="Look", visibility=Visibility.PUBLIC, quote=theirs.id)
    post_id = await db.write(posts.publish, here, author_id=anna.id, draft=draft, people={})
    [(request,)] = await rows(db, Quote.request_uri)
    return anna, Made(post_id, here.uris.post(post_id)), request


@pytest.mark.parametrize("wrapped", [True, False])
async def test_who_is_asked_agrees_and_the_post_is_sent_anew(
    tools: Tools, db: Database, here: Here, *, wrapped: bool
) -> None:
    _, post, request = await our_quote(db, here)
    before = await states(db)
    answered = {"id": request, "type": "QuoteRequest"} if wrapped else request

    became = [await send(tools, an_activity("Accept", BEN, answered, result=STAMP)) for _ in range(2)]

    assert [state for _, state, _ in before] == [QuoteState.PENDING]
    assert became == ["done: quote accepted", "ignored: was accepted before, or taken back since"]
    assert [row[1:] for row in await states(db)] == [(QuoteState.ACCEPTED, STAMP)]
    assert (await db.read(jobs)).count("PublishAgain") == 1
    assert post.id


@pytest.mark.parametrize("wrapped", [True, False])
async def test_who_is_asked_refuses(tools: Tools, db: Database, here: Here, *, wrapped: bool) -> None:
    _, _, request = await our_quote(db, here)
    answered = {"id": request, "type": "QuoteRequest"} if wrapped else request

    became = [await send(tools, an_activity("Reject", BEN, answered)) for _ in range(2)]

    assert became == ["done: quote rejected", "ignored: was rejected before"]
    assert [row[1:] for row in await states(db)] == [(QuoteState.REJECTED, None)]


async def test_nobody_else_agrees_and_nothing_is_agreed_to_in_advance(tools: Tools, db: Database, here: Here) -> None:
    _, _, request = await our_quote(db, here)
    await a_person(db, here, local=False, username="eve", domain="cedar.test")
    eve = "https://cedar.test/users/eve"
    unknown = here.uris.activity(7)

    became = [
        await send(tools, an_activity("Accept", eve, request, result=STAMP)),
        await send(tools, an_activity("Accept", BEN, {"id": unknown, "type": "QuoteRequest"}, result=STAMP)),
        await send(tools, an_activity("Accept", BEN, request)),
        await send(tools, an_activity("Accept", BEN, request, result="https://elm.test/stamps/1")),
    ]
    later = await send(tools, an_activity("Accept", BEN, request, result=STAMP))

    no_stamp = "ignored: there is no stamp of their own with it"
    assert became == ["ignored: nobody here asked", "ignored: nobody here asked", no_stamp, no_stamp]
    assert later == "done: quote accepted"


async def test_the_author_may_take_their_stamp_back_and_agree_again(tools: Tools, db: Database, here: Here) -> None:
    _, _, request = await our_quote(db, here)
    await send(tools, an_activity("Accept", BEN, request, result=STAMP))

    became = await send(tools, an_activity("Delete", BEN, STAMP))
    after = await states(db)
    same = await send(tools, an_activity("Accept", BEN, request, result=STAMP))
    another = await send(tools, an_activity("Accept", BEN, request, result=f"{BEN}/stamps/2"))

    assert became == "done: quote taken back"
    assert [row[1:] for row in after] == [(QuoteState.REVOKED, None)]
    assert (same, another) == ("ignored: was accepted before, or taken back since", "done: quote accepted")
    assert (await db.read(jobs)).count("PublishAgain") == 3


# --- Who gets to see it ---


async def test_a_quoted_post_is_shown_to_those_alone_who_may_see_it(tools: Tools, db: Database, here: Here) -> None:
    ada, anna, ben = await ada_of(db, here), await a_teacher(db, here), await a_teacher(db, here)
    await a_follow_row(db, here, by=anna, of=ada)
    private = a_note(ADA, number=2, to=[f"{ADA}/followers"], cc=[])
    await send(tools, an_activity("Create", ADA, private))
    await send(tools, an_activity("Create", ADA, a_quoting(f"{ADA}/posts/2")))
    [(quoting_id,)] = await rows(db, Quote.post_id)

    seen = [await db.read(timelines.card, post_id=quoting_id, viewer=who) for who in (anna.id, ben.id, None)]

    shown = [card.quote.post is not None if card.quote else None for card in seen]
    assert shown == [True, False, False]


async def test_a_quoted_post_is_hidden_from_whoever_blocked_its_author_or_is_blocked(
    tools: Tools, db: Database, here: Here, elsewhere: Elsewhere
) -> None:
    await ada_of(db, here)
    anna, cem, dora = [await a_teacher(db, here) for _ in range(3)]
    post = await quoted_elsewhere(db, here)
    elsewhere.say(STAMP, a_stamp(post.uri))
    await send(tools, an_activity("Create", ADA, a_quoting(post.uri, stamp=STAMP)))
    await look(tools)
    [(quoting_id,)] = await rows(db, Quote.post_id)
    [ben_id] = [author for post_id, author in await rows(db, Post.id, Post.author_id) if post_id == post.id]
    await db.write(follows.block, here, blocker_id=cem.id, blocked_id=ben_id)
    await db.write(follows.block, here, blocker_id=ben_id, blocked_id=dora.id, uri=f"{BEN}#block")

    seen = [await db.read(timelines.card, post_id=quoting_id, viewer=who.id) for who in (anna, cem, dora)]

    assert [card.quote.post is not None if card.quote else None for card in seen] == [True, False, False]


async def test_a_chain_of_quotes_is_shown_one_deep(tools: Tools, db: Database, here: Here) -> None:
    await ada_of(db, here)
    await send(tools, an_activity("Create", ADA, a_note(ADA, number=3)))
    await send(tools, an_activity("Create", ADA, a_quoting(f"{ADA}/posts/3", number=2)))
    await send(tools, an_activity("Create", ADA, a_quoting(f"{ADA}/posts/2", number=1)))
    newest = max(await rows(db, Quote.post_id))[0]

    card = await db.read(timelines.card, post_id=newest, viewer=None)

    assert card.quote is not None
    assert card.quote.post is not None
    assert card.quote.post.quote is not None
    assert card.quote.post.quote.post is None


async def test_a_post_that_quotes_itself_is_shown_once(tools: Tools, db: Database, here: Here) -> None:
    await ada_of(db, here)

    await send(tools, an_activity("Create", ADA, a_quoting(f"{ADA}/posts/1")))
    await look(tools)
    [(post_id,)] = await rows(db, Quote.post_id)
    card = await db.read(timelines.card, post_id=post_id, viewer=None)

    assert card.quote is not None
    assert card.quote.post is None or card.quote.post.quote is not None
