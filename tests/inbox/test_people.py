"""What actors elsewhere say of themselves: a changed profile, a move; and what they pin and report."""

from typing import Any

import pytest

from fedishare.core.errors import Refused
from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.db.follows import Follow
from fedishare.db.nodes import BlockedDomain
from fedishare.db.people import Actor, ActorKey
from fedishare.db.reports import Report
from fedishare.db.rooms import Pin
from fedishare.domain.audience import Visibility
from fedishare.domain.kinds import FollowState, Kind
from fedishare.jobs.tools import Tools
from fedishare.services import suspensions
from tests.builders import MONDAY, FrozenClock, Made, a_follow_row, a_person, a_post, add, an_rsa_pair
from tests.inbox.elsewhere import Elsewhere, an_activity, an_actor, rows, send

ADA = "https://birch.test/users/ada"
NEW = "https://cedar.test/users/ada"


async def ada_of(tools: Tools, **over: Any) -> Made:
    return await a_person(tools.db, tools.here, local=False, uri=ADA, username="ada", **over)


async def test_org_20_a_changed_profile_is_fetched_and_not_taken_from_the_activity(
    tools: Tools, db: Database, elsewhere: Elsewhere
) -> None:
    await ada_of(tools)
    elsewhere.settle(an_actor(ADA, name="Ada L.") | {"publicKey": an_actor(ADA)["publicKey"]})
    pushed = an_actor(ADA, name="Forged", pair=3)

    became = await send(tools, an_activity("Update", ADA, pushed))

    assert became == "done: profile"
    assert (ADA, "Ada L.") in await rows(db, Actor.uri, Actor.name)
    assert (f"{ADA}#main-key", an_rsa_pair().public) in await rows(db, ActorKey.key_id, ActorKey.public)


async def test_a_profile_named_by_its_address_alone_is_fetched_too(
    tools: Tools, db: Database, elsewhere: Elsewhere
) -> None:
    await ada_of(tools)
    elsewhere.settle(an_actor(ADA, name="Ada L."))

    assert await send(tools, an_activity("Update", ADA, ADA)) == "done: profile"
    assert (ADA, "Ada L.") in await rows(db, Actor.uri, Actor.name)


async def test_whom_their_own_server_suspends_is_out_of_sight_until_it_brings_them_back(
    tools: Tools, db: Database, here: Here, elsewhere: Elsewhere
) -> None:
    ada = await ada_of(tools)

    async def after(number: int, *, suspended: bool) -> tuple[bool, bool]:
        elsewhere.settle(an_actor(ADA, suspended=suspended))
        said = an_activity("Update", ADA, ADA) | {"id": f"{ADA}#updates/{number}"}
        assert await send(tools, said) == "done: profile"
        found = {row[0]: row[1:] for row in await rows(db, Actor.uri, Actor.suspended_at, Actor.suspended_there)}
        return found[ADA][0] is not None, found[ADA][1]

    assert await after(1, suspended=True) == (True, True)
    assert await after(2, suspended=False) == (False, False)
    # What moderators here decided is not for others to take back.
    await db.write(suspensions.suspend, here, actor_id=ada.id, is_local=False)
    assert await after(3, suspended=False) == (True, False)


async def test_nobody_changes_anothers_profile(tools: Tools, db: Database, here: Here, elsewhere: Elsewhere) -> None:
    await ada_of(tools)
    eve = await a_person(db, here, local=False)

    with pytest.raises(Refused):
        await send(tools, an_activity("Update", eve.uri, an_actor(ADA, name="Forged")))

    assert elsewhere.asked == []


async def a_move(tools: Tools, elsewhere: Elsewhere, **over: Any) -> Made:
    """A reader here, and Ada who moves from birch to cedar; both sides say so unless told otherwise."""
    await ada_of(tools, moved_at=over.pop("moved_at", None))
    reader = await a_person(tools.db, tools.here)
    await a_follow_row(tools.db, tools.here, by=reader, of=await made(tools, ADA))
    elsewhere.settle(an_actor(ADA, movedTo=over.pop("moved_to", NEW)))
    elsewhere.settle(an_actor(NEW, alsoKnownAs=over.pop("known_as", [ADA]), **over))
    return reader


async def made(tools: Tools, uri: str) -> Made:
    found = {row[1]: row[0] for row in await rows(tools.db, Actor.id, Actor.uri)}
    return Made(found[uri], uri)


async def test_followers_here_go_along_with_a_move(tools: Tools, db: Database, elsewhere: Elsewhere) -> None:
    reader = await a_move(tools, elsewhere)

    became = await send(tools, an_activity("Move", ADA, ADA, target=NEW))

    assert became == "done: move of 1"
    new = await made(tools, NEW)
    assert await rows(db, Follow.follower_id, Follow.followee_id, Follow.state) == [
        (reader.id, new.id, FollowState.REQUESTED)
    ]


async def test_a_signed_move_counts_where_the_old_account_does_not_show_it(
    tools: Tools, db: Database, elsewhere: Elsewhere
) -> None:
    """As snac 2.94 moves: the old account signed the Move, and the new one names the old."""
    await a_move(tools, elsewhere, moved_to=None)

    assert await send(tools, an_activity("Move", ADA, ADA, target=NEW)) == "done: move of 1"
    assert len(await rows(db, Follow.id)) == 1


async def test_a_move_to_one_of_ours_counts_once_they_have_named_the_old_account(
    tools: Tools, db: Database, elsewhere: Elsewhere
) -> None:
    anna = await a_person(db, tools.here, also_known_as=[ADA])
    bea = await a_person(db, tools.here)
    reader = await a_move(tools, elsewhere, moved_to=anna.uri)

    became = [await send(tools, an_activity("Move", ADA, ADA, target=new.uri)) for new in (bea, anna)]

    assert became == ["ignored: the two accounts do not name each other", "done: move of 1"]
    assert await rows(db, Follow.follower_id, Follow.followee_id, Follow.state) == [
        (reader.id, anna.id, FollowState.ACCEPTED)
    ]


@pytest.mark.parametrize(
    ("over", "target"),
    [
        pytest.param({"known_as": []}, NEW, id="the-new-one-does-not-know-the-old"),
        pytest.param({"moved_to": f"{NEW}-third"}, NEW, id="the-old-one-names-a-third"),
        pytest.param({"movedTo": ADA}, NEW, id="a-circle"),
        pytest.param({"moved_at": MONDAY}, NEW, id="twice-in-a-week"),
        pytest.param({}, "https://alder.test/users/ada", id="to-us"),
        pytest.param({}, "https://evil.test/users/ada", id="to-a-blocked-server"),
        pytest.param({}, ADA, id="to-itself"),
        pytest.param({}, None, id="to-nowhere"),
    ],
)
async def test_org_10_a_move_that_does_not_add_up_is_ignored(
    tools: Tools, db: Database, *, elsewhere: Elsewhere, over: dict[str, Any], target: str | None
) -> None:
    reader = await a_move(tools, elsewhere, **over)
    await db.write(add, BlockedDomain, domain="evil.test", reason="", created_at=MONDAY)

    became = await send(tools, an_activity("Move", ADA, ADA, target=target))

    assert became.startswith("ignored: ")
    old = await made(tools, ADA)
    assert await rows(db, Follow.follower_id, Follow.followee_id) == [(reader.id, old.id)]


async def test_a_second_move_after_a_week_is_followed(tools: Tools, elsewhere: Elsewhere, clock: FrozenClock) -> None:
    await a_move(tools, elsewhere, moved_at=MONDAY)
    clock.tick(days=8)

    assert await send(tools, an_activity("Move", ADA, ADA, target=NEW)) == "done: move of 1"


async def test_a_post_is_pinned_and_taken_down(tools: Tools, db: Database, here: Here) -> None:
    ada = await ada_of(tools)
    post = await a_post(db, here, by=ada)
    target = {"target": f"{ADA}/featured"}

    became = [await send(tools, an_activity("Add", ADA, post.uri, **target))]
    pinned = await rows(db, Pin.actor_id, Pin.post_id)
    became += [await send(tools, an_activity("Remove", ADA, post.uri, **target))]

    assert became == ["done: pin", "done: pin taken down"]
    assert (pinned, await rows(db, Pin.post_id)) == ([(ada.id, post.id)], [])


async def test_a_room_pins_what_is_in_it(tools: Tools, db: Database, here: Here) -> None:
    room = await a_person(db, here, local=False, kind=Kind.GROUP)
    post = await a_post(db, here, by=await ada_of(tools), room_id=room.id)

    became = await send(tools, an_activity("Add", room.uri, post.uri, target=f"{room.uri}/featured"))

    assert became == "done: pin"


@pytest.mark.parametrize(
    "target",
    [
        pytest.param("https://cedar.test/users/carl/featured", id="another-list"),
        pytest.param(f"{ADA}/moderators", id="not-the-featured"),
        pytest.param(None, id="no-list"),
    ],
)
async def test_nobody_pins_into_another_list(tools: Tools, db: Database, here: Here, target: str | None) -> None:
    post = await a_post(db, here, by=await ada_of(tools))

    became = await send(tools, an_activity("Add", ADA, post.uri, target=target))

    assert became.startswith("ignored: ")
    assert await rows(db, Pin.post_id) == []


async def test_nobody_pins_anothers_post(tools: Tools, db: Database, here: Here) -> None:
    await ada_of(tools)
    post = await a_post(db, here, by=await a_person(db, here))

    became = await send(tools, an_activity("Add", ADA, post.uri, target=f"{ADA}/featured"))

    assert became.startswith("ignored: ")
    assert await rows(db, Pin.post_id) == []


async def test_org_30_a_report_names_only_what_everybody_may_see(tools: Tools, db: Database, here: Here) -> None:
    ada, ben, eve = await ada_of(tools), await a_person(db, here), await a_person(db, here)
    shown = await a_post(db, here, by=ben)
    hidden = await a_post(db, here, by=ben, visibility=Visibility.MENTIONED)
    others = await a_post(db, here, by=eve)
    named = [ben.uri, shown.uri, hidden.uri, others.uri, *(f"https://alder.test/posts/{n}" for n in range(10_000))]

    became = await send(tools, an_activity("Flag", ADA, named, content="<p>Rude</p>"))

    assert became == "done: report"
    assert await rows(db, Report.reporter_id, Report.target_id, Report.posts, Report.comment) == [
        (ada.id, ben.id, [shown.uri], "Rude")
    ]


async def test_a_report_of_nobody_here_is_ignored(tools: Tools, db: Database, here: Here) -> None:
    await ada_of(tools)
    stranger = await a_person(db, here, local=False)

    became = await send(tools, an_activity("Flag", ADA, [stranger.uri, "https://alder.test/posts/1"]))

    assert became == "ignored: reports nobody here"
    assert await rows(db, Report.id) == []
