"""Quotes as they are sent, and what is said about them: asked, answered, withdrawn (FEP-044f; mastodon.md 3.5)."""

from typing import Any

import pytest

from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.db.quotes import Quote, Stamp
from fedishare.domain.audience import PUBLIC_IRI, Visibility
from fedishare.domain.kinds import QuotePolicy
from fedishare.jobs.tools import Tools
from fedishare.jobs.types import AnswerQuote, AskToQuote, PublishAgain, PublishPost, WithdrawStamp
from fedishare.outbox import publish, stamps
from fedishare.services import posts, quotes
from fedishare.services.drafts import Draft
from tests.builders import Made, a_follow_row, a_person, a_post, a_teacher
from tests.inbox.elsewhere import rows
from tests.outbox.town import bodies, sent


async def our_quote(db: Database, here: Here) -> tuple[Made, Made, Made, str]:
    """Anna, whom somebody at cedar.test follows, quotes Ben at birch.test: her post, his post, he, the request."""
    anna, ben = await a_teacher(db, here), await a_person(db, here, local=False)
    fan = await a_person(db, here, local=False, domain="cedar.test")
    await a_follow_row(db, here, by=fan, of=anna)
    theirs = await a_post(db, here, by=ben, quote_policy=QuotePolicy.PUBLIC)
    draft = Draft(text="Look", visibility=Visibility.PUBLIC, quote=theirs.id)
    post_id = await db.write(posts.publish, here, author_id=anna.id, draft=draft, people={})
    [(request,)] = await rows(db, Quote.request_uri)
    return Made(post_id, here.uris.post(post_id)), theirs, ben, request


async def a_stamp(db: Database, here: Here) -> tuple[Made, Made, Made, int]:
    """Ben at birch.test quotes Anna, who lets him, and whom somebody at cedar.test follows."""
    anna, ben = await a_teacher(db, here), await a_person(db, here, local=False)
    fan = await a_person(db, here, local=False, domain="cedar.test")
    await a_follow_row(db, here, by=fan, of=anna)
    post = await a_post(db, here, by=anna)
    quoting = f"{ben.uri}/posts/1"
    assert await db.write(
        quotes.answer_request,
        here,
        post_uri=post.uri,
        quoter_id=ben.id,
        quoting_uri=quoting,
        quoting_id=None,
        request=f"{ben.uri}/asked/1",
    )
    [(stamp_id,)] = await rows(db, Stamp.id)
    return anna, ben, post, stamp_id


def line(uri: str) -> str:
    return f'<p class="quote-inline">RE: <a href="{uri}">{uri}</a></p>'


async def test_a_quote_says_so_in_every_spelling_and_in_words(desk: Tools, db: Database, here: Here) -> None:
    post, theirs, _, _ = await our_quote(db, here)

    await publish.publish_post(desk, PublishPost(post.id))

    [create] = await db.read(bodies)
    note = create["object"]
    assert [note[term] for term in ("quote", "_misskey_quote", "quoteUri")] == [theirs.uri] * 3
    assert note["content"] == line(theirs.uri) + "<p>Look</p>"
    assert note["contentMap"] == {"en": note["content"]}
    assert "quoteAuthorization" not in note
    assert create["@context"][-1]["quote"] == {"@id": "https://w3id.org/fep/044f#quote", "@type": "@id"}


async def test_the_quoted_author_is_asked_and_shown_the_post(desk: Tools, db: Database, here: Here) -> None:
    post, theirs, ben, request = await our_quote(db, here)

    for _ in range(2):
        await stamps.ask(desk, AskToQuote(post.id))

    [(kind, uri, inboxes)] = await db.read(sent)
    [asked] = await db.read(bodies)
    assert (kind, uri, inboxes) == ("QuoteRequest", request, [f"{ben.uri}/inbox"])
    assert (asked["object"], asked["to"], asked["cc"]) == (theirs.uri, [ben.uri], [])
    assert (asked["instrument"]["id"], asked["instrument"]["quote"]) == (post.uri, theirs.uri)
    assert asked["@context"][-1]["QuoteRequest"] == "https://w3id.org/fep/044f#QuoteRequest"


async def test_once_let_through_the_post_carries_the_stamp_and_is_no_edit(
    desk: Tools, db: Database, here: Here
) -> None:
    post, _, ben, request = await our_quote(db, here)
    stamp = f"{ben.uri}/stamps/1"
    await db.write(quotes.accept, here, request_uri=request, by_id=ben.id, stamp_uri=stamp)

    await publish.publish_again(desk, PublishAgain(post.id))

    [(kind, _, inboxes)] = await db.read(sent)
    [update] = await db.read(bodies)
    assert (kind, inboxes) == ("Update", ["https://birch.test/inbox", "https://cedar.test/inbox"])
    assert update["object"]["quoteAuthorization"] == stamp
    assert "updated" not in update["object"]


async def test_once_refused_the_post_is_a_plain_link(desk: Tools, db: Database, here: Here) -> None:
    post, theirs, ben, request = await our_quote(db, here)
    stamp = f"{ben.uri}/stamps/1"
    await db.write(quotes.accept, here, request_uri=request, by_id=ben.id, stamp_uri=stamp)
    await db.write(quotes.revoke, here, stamp_uri=stamp, by_id=ben.id)

    await publish.publish_again(desk, PublishAgain(post.id))

    [update] = await db.read(bodies)
    terms = {"quote", "_misskey_quote", "quoteUri", "quoteAuthorization"}
    assert terms & set(update["object"]) == set()
    assert update["object"]["content"] == line(theirs.uri) + "<p>Look</p>"


async def test_a_request_is_answered_with_the_stamp_to_the_asker_alone(desk: Tools, db: Database, here: Here) -> None:
    anna, ben, post, stamp_id = await a_stamp(db, here)
    job = AnswerQuote(post.id, ben.id, f"{ben.uri}/asked/1", f"{ben.uri}/posts/1", stamp_id)

    await stamps.answer(desk, job)

    [(kind, _, inboxes)] = await db.read(sent)
    [answer] = await db.read(bodies)
    assert (kind, inboxes) == ("Accept", [f"{ben.uri}/inbox"])
    assert (answer["actor"], answer["to"], answer["result"]) == (anna.uri, [ben.uri], here.uris.stamp(stamp_id))
    assert answer["object"] == {
        "id": f"{ben.uri}/asked/1",
        "type": "QuoteRequest",
        "actor": ben.uri,
        "object": post.uri,
        "instrument": f"{ben.uri}/posts/1",
    }


@pytest.mark.parametrize("withdrawn", [False, True])
async def test_without_a_good_stamp_the_answer_is_no(desk: Tools, db: Database, here: Here, *, withdrawn: bool) -> None:
    anna, ben, post, stamp_id = await a_stamp(db, here)
    if withdrawn:
        await db.write(quotes.withdraw, here, by_id=anna.id, stamp_id=stamp_id)
    job = AnswerQuote(post.id, ben.id, f"{ben.uri}/asked/1", f"{ben.uri}/posts/1", stamp_id if withdrawn else None)

    await stamps.answer(desk, job)

    [answer] = await db.read(bodies)
    assert (answer["type"], "result" in answer) == ("Reject", False)


async def test_a_withdrawn_stamp_is_deleted_for_both_audiences(desk: Tools, db: Database, here: Here) -> None:
    anna, ben, _, stamp_id = await a_stamp(db, here)
    await db.write(quotes.withdraw, here, by_id=anna.id, stamp_id=stamp_id)

    for _ in range(2):
        await stamps.withdraw(desk, WithdrawStamp(stamp_id))

    [(kind, _, inboxes)] = await db.read(sent)
    [deletion] = await db.read(bodies)
    assert (kind, inboxes) == ("Delete", ["https://birch.test/inbox", "https://cedar.test/inbox"])
    assert (deletion["actor"], deletion["object"]) == (anna.uri, here.uris.stamp(stamp_id))
    assert (deletion["to"], deletion["cc"]) == ([PUBLIC_IRI], [f"{anna.uri}/followers", ben.uri])


@pytest.mark.parametrize(
    ("over", "quoters"),
    [
        pytest.param({}, [PUBLIC_IRI], id="everybody"),
        pytest.param({"visibility": Visibility.QUIET}, [PUBLIC_IRI], id="everybody-quietly"),
        pytest.param({"quote_policy": QuotePolicy.FOLLOWERS}, ["{}/followers"], id="followers"),
        pytest.param({"quote_policy": QuotePolicy.NOBODY}, ["{}"], id="nobody"),
        pytest.param({"visibility": Visibility.FOLLOWERS}, ["{}"], id="a-post-for-followers"),
        pytest.param({"visibility": Visibility.MENTIONED, "quote_policy": QuotePolicy.PUBLIC}, ["{}"], id="named"),
    ],
)
async def test_a_post_says_who_may_quote_it(
    desk: Tools, db: Database, here: Here, *, over: dict[str, Any], quoters: list[str]
) -> None:
    anna = await a_teacher(db, here)
    post = await a_post(db, here, by=anna, **over)

    await publish.publish_post(desk, PublishPost(post.id))

    [create] = await db.read(bodies)
    expected = [each.format(anna.uri) for each in quoters]
    assert create["object"]["interactionPolicy"] == {"canQuote": {"automaticApproval": expected, "manualApproval": []}}
