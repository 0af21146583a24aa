"""Shared handles across servers: invitations, offers of those who run one, and of those who do not."""

from typing import Any

import pytest
from sqlalchemy import Connection, select

from fedishare.core.errors import Refused
from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.db.handles import Deed, Offer, Runner, Scheduled
from fedishare.db.posts import Post
from fedishare.db.reactions import Reaction
from fedishare.db.work import Activity
from fedishare.domain.audience import PUBLIC_IRI
from fedishare.domain.kinds import DeedKind, OfferState, ReactionKind, RunnerState
from fedishare.jobs.tools import Tools
from fedishare.services import handles, offers, runners
from fedishare.services.offers import Wish
from tests.builders import FrozenClock, Made, a_person, a_post, a_teacher, an_ed25519_pair, an_rsa_pair
from tests.inbox.elsewhere import Document, Elsewhere, a_note, an_activity, jobs, rows, send

HANDLE = "https://alder.test/users/hantsprimslt"


async def a_handle(tools: Tools, *, runner: Made | None = None) -> Made:
    owner = await a_teacher(tools.db, tools.here, username="hana")

    def make(tx: Connection) -> int:
        made = handles.open_handle(
            tx,
            tools.here,
            owner_id=owner.id,
            username="hantsprimslt",
            name="Hants",
            about="",
            rsa=an_rsa_pair(),
            ed25519=an_ed25519_pair(),
        )
        if runner is not None:
            runners.invite(tx, tools.here, handle_id=made, by_id=owner.id, actor_id=runner.id)
            runners.answer(tx, tools.here, handle_id=made, actor_id=runner.id, accepts=True)
        return made

    return Made(await tools.db.write(make), HANDLE)


def a_wish(**over: Any) -> Document:
    return {
        "id": "https://birch.test/o/1#object",
        "type": "Note",
        "attributedTo": HANDLE,
        "to": [PUBLIC_IRI],
        "cc": [f"{HANDLE}/followers"],
        "content": "<p>ignored</p>",
        "source": {"content": "We meet on **Thursday**.", "mediaType": "text/markdown"},
    } | over


def an_offer(by: Made, wish: Document | None = None, **over: Any) -> Document:
    return an_activity("Offer", by.uri, wish or a_wish(), target=HANDLE, to=[HANDLE], **over)


async def written(db: Database) -> list[tuple[Any, ...]]:
    return await rows(db, Post.author_id, Post.content)


async def test_whoever_runs_a_handle_from_elsewhere_posts_under_its_name_and_id(tools: Tools, db: Database) -> None:
    ben = await a_person(db, tools.here, local=False, username="ben")
    handle = await a_handle(tools, runner=ben)

    became = await send(tools, an_offer(ben))

    assert became == "done: offer taken"
    assert await written(db) == [(handle.id, "<p>We meet on <strong>Thursday</strong>.</p>")]
    assert (await rows(db, Post.uri))[0][0].startswith("https://alder.test/posts/")
    log = await rows(db, Deed.id, Deed.by_handle, Deed.kind)
    assert log[-1][1:] == ("ben@birch.test", DeedKind.POST)
    assert (await db.read(jobs)).count("AnswerOffer") == 1


async def test_the_same_offer_is_carried_out_once(tools: Tools, db: Database) -> None:
    ben = await a_person(db, tools.here, local=False, username="ben")
    await a_handle(tools, runner=ben)
    offer = an_offer(ben, id="https://birch.test/o/1")

    await send(tools, offer)
    await send(tools, offer | {"summary": "signed anew"})
    # Even where the first is long forgotten.
    await db.write(lambda tx: tx.exec_driver_sql("DELETE FROM received WHERE type = 'Offer'"))
    again = await send(tools, offer | {"summary": "much later"})

    assert again == "done: offer taken"
    assert len(await written(db)) == 1


@pytest.mark.parametrize("wish", [a_wish(), {"type": "Announce", "actor": HANDLE, "object": "https://birch.test/1"}])
async def test_whoever_never_ran_it_is_refused_without_a_trace(tools: Tools, db: Database, wish: Document) -> None:
    ben = await a_person(db, tools.here, local=False, username="ben")
    eve = await a_person(db, tools.here, local=False, username="eve")
    await a_handle(tools, runner=ben)
    before = await db.read(jobs)

    with pytest.raises(Refused):
        await send(tools, an_offer(eve, wish))

    assert (await written(db), await db.read(jobs)) == ([], before)
    assert await rows(db, Activity.uri) == []


async def test_whoever_was_removed_is_answered_and_nothing_is_posted(tools: Tools, db: Database) -> None:
    ben = await a_person(db, tools.here, local=False, username="ben")
    handle = await a_handle(tools, runner=ben)
    owner = await db.read(lambda tx: tx.scalars(select(Runner.actor_id).where(Runner.role == "owner")).one())
    await db.write(runners.remove, tools.here, handle_id=handle.id, by_id=owner, actor_id=ben.id)

    became = await send(tools, an_offer(ben))

    assert became == "done: offer refused"
    assert await written(db) == []
    assert (await db.read(jobs))[-2:] == ["EndInvitation", "AnswerOffer"]


async def test_nobody_offers_in_the_name_of_another_actor(tools: Tools, db: Database) -> None:
    ben = await a_person(db, tools.here, local=False, username="ben")
    await a_handle(tools, runner=ben)

    became = await send(tools, an_offer(ben, a_wish(attributedTo=ben.uri)))

    assert became == "done: offer refused"
    assert await written(db) == []


@pytest.mark.parametrize("over", [{"to": ["https://birch.test/users/ben"], "cc": []}, {"to": [], "cc": []}])
async def test_a_handle_says_nothing_to_single_people_for_those_elsewhere(
    tools: Tools, db: Database, over: dict[str, Any]
) -> None:
    ben = await a_person(db, tools.here, local=False, username="ben")
    await a_handle(tools, runner=ben)

    assert await send(tools, an_offer(ben, a_wish(**over))) == "done: offer refused"

    assert await written(db) == []


async def test_an_offer_for_later_waits_and_can_be_withdrawn_by_its_author_alone(tools: Tools, db: Database) -> None:
    ben = await a_person(db, tools.here, local=False, username="ben")
    eve = await a_person(db, tools.here, local=False, username="eve")
    await a_handle(tools, runner=ben)
    offer = an_offer(ben, id="https://birch.test/o/1", startTime="2026-09-08T08:00:00Z")

    await send(tools, offer)
    waiting = await rows(db, Scheduled.offer_uri, Scheduled.writer_id)
    not_hers = await send(tools, an_activity("Undo", eve.uri, {**offer, "actor": eve.uri}))
    still = await rows(db, Scheduled.offer_uri)
    await send(tools, an_activity("Undo", ben.uri, offer))

    assert (waiting, await written(db)) == ([("https://birch.test/o/1", ben.id)], [])
    assert not_hers.startswith("ignored")
    assert (len(still), await rows(db, Scheduled.id)) == (1, [])


async def test_what_is_answered_is_fetched_first(tools: Tools, db: Database, elsewhere: Elsewhere) -> None:
    ben = await a_person(db, tools.here, local=False, username="ben")
    mia = await a_person(db, tools.here, local=False, username="mia")
    handle = await a_handle(tools, runner=ben)
    question = a_note(mia.uri, id="https://birch.test/notes/9")
    elsewhere.say("https://birch.test/notes/9", question)

    became = await send(tools, an_offer(ben, a_wish(inReplyTo="https://birch.test/notes/9")))

    assert became == "done: offer taken"
    answers = await rows(db, Post.id, Post.author_id, Post.in_reply_to_uri)
    assert answers[-1][1:] == (handle.id, "https://birch.test/notes/9")


async def test_a_handle_likes_boosts_and_deletes_for_those_elsewhere(tools: Tools, db: Database) -> None:
    ben = await a_person(db, tools.here, local=False, username="ben")
    handle = await a_handle(tools, runner=ben)
    post = await a_post(db, tools.here, by=ben)
    own = await a_post(db, tools.here, by=handle)

    for kind, uri in (("Like", post.uri), ("Announce", post.uri), ("Delete", own.uri)):
        assert await send(tools, an_offer(ben, {"type": kind, "actor": HANDLE, "object": uri})) == "done: offer taken"
    given = await rows(db, Reaction.kind, Reaction.actor_id)
    undo = {"type": "Undo", "actor": HANDLE, "object": {"type": "Like", "actor": HANDLE, "object": post.uri}}
    await send(tools, an_offer(ben, undo))

    assert given == [(ReactionKind.BOOST, handle.id), (ReactionKind.LIKE, handle.id)]
    assert await rows(db, Reaction.kind) == [(ReactionKind.BOOST,)]
    gone = await db.read(lambda tx: tx.scalar(select(Post.deleted_at).where(Post.id == own.id)))
    assert gone is not None


async def test_a_deletion_of_somebody_elses_post_is_refused(tools: Tools, db: Database) -> None:
    ben = await a_person(db, tools.here, local=False, username="ben")
    await a_handle(tools, runner=ben)
    other = await a_post(db, tools.here, by=await a_person(db, tools.here))

    became = await send(tools, an_offer(ben, {"type": "Delete", "actor": HANDLE, "object": other.uri}))

    assert became == "done: offer refused"
    assert await db.read(lambda tx: tx.scalar(select(Post.deleted_at).where(Post.id == other.id))) is None


# --- A handle elsewhere, and people here ---------------------------------------------------------------------------


def an_invitation(handle: Made, person: Made, **over: Any) -> Document:
    return an_activity("Invite", handle.uri, handle.uri, target=person.uri, **over)


async def test_an_invitation_is_kept_once_and_taken_back_by_the_handle_alone(
    tools: Tools, db: Database, here: Here
) -> None:
    handle, eve = await a_person(db, here, local=False), await a_person(db, here, local=False)
    anna = await a_teacher(db, here)
    invited = an_invitation(handle, anna, id="https://birch.test/i/1")

    became = [await send(tools, invited), await send(tools, invited | {"id": "https://birch.test/i/2"})]
    await send(tools, an_activity("Undo", eve.uri, {**invited, "id": "https://birch.test/i/2", "actor": eve.uri}))
    before = await rows(db, Runner.handle_id, Runner.actor_id, Runner.state)
    await send(tools, an_activity("Undo", handle.uri, {**invited, "id": "https://birch.test/i/2"}))

    assert became == ["done: invitation", "done: invitation"]
    assert before == [(handle.id, anna.id, RunnerState.INVITED)]
    assert await rows(db, Runner.state) == [(RunnerState.ENDED,)]


async def test_nobody_is_invited_to_anything_but_the_sender(tools: Tools, db: Database, here: Here) -> None:
    handle, other = await a_person(db, here, local=False), await a_person(db, here, local=False)
    anna = await a_teacher(db, here)

    became = await send(tools, an_activity("Invite", other.uri, handle.uri, target=anna.uri))

    assert became.startswith("ignored")
    assert await rows(db, Runner.state) == []


async def test_only_the_handle_says_what_became_of_an_offer(
    tools: Tools, db: Database, here: Here, clock: FrozenClock
) -> None:
    handle, eve = await a_person(db, here, local=False), await a_person(db, here, local=False)
    anna = await a_teacher(db, here)
    await send(tools, an_invitation(handle, anna, id="https://birch.test/i/1"))
    await db.write(runners.answer, here, handle_id=handle.id, actor_id=anna.id, accepts=True)
    clock.tick(seconds=1)
    await db.write(offers.make, here, handle_id=handle.id, by_id=anna.id, wish=Wish(text="Hello"))
    uri = (await rows(db, Offer.uri))[0][0]
    about = {"id": uri, "type": "Offer", "actor": anna.uri, "target": handle.uri}

    by_eve = await send(tools, an_activity("Accept", eve.uri, about, result="https://birch.test/p/1"))
    after_eve = await rows(db, Offer.state)
    by_handle = await send(tools, an_activity("Accept", handle.uri, about, result="https://birch.test/p/1"))

    assert (by_eve, after_eve) == ("ignored: nobody here offered that", [(OfferState.SENT,)])
    assert by_handle == "done: answer to an offer"
    assert await rows(db, Offer.state, Offer.result_uri) == [(OfferState.DONE, "https://birch.test/p/1")]
    assert (await db.read(jobs)).count("SendOffer") == 1


async def test_nobody_offers_to_a_handle_that_they_were_not_let_run(tools: Tools, db: Database, here: Here) -> None:
    handle = await a_person(db, here, local=False)
    anna = await a_teacher(db, here)
    await send(tools, an_invitation(handle, anna))

    with pytest.raises(Refused):
        await db.write(offers.make, here, handle_id=handle.id, by_id=anna.id, wish=Wish(text="Not yet"))

    assert await rows(db, Offer.uri) == []
