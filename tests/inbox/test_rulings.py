"""Moderators' decisions: those that rooms elsewhere tell us of, and those of moderators elsewhere in our rooms."""

from typing import Any, Final

import pytest

from fedishare.core.errors import Refused
from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.db.follows import Block, Follow
from fedishare.db.notices import Notice
from fedishare.db.people import Actor
from fedishare.db.posts import Post
from fedishare.db.reactions import Reaction
from fedishare.db.rooms import Ban, Lock, Pin, Removal, Steward
from fedishare.db.work import Job
from fedishare.domain.audience import Visibility
from fedishare.domain.kinds import ReactionKind, StewardRole
from fedishare.jobs.tools import Tools
from fedishare.services import posts
from fedishare.services.drafts import Draft
from tests.builders import Made, a_follow_row, a_person, a_post, a_room, a_teacher, add
from tests.inbox.elsewhere import Elsewhere, a_note, an_activity, an_actor, rows, send

ROOM: Final = "https://birch.test/groups/maths"
MOD: Final = "https://birch.test/users/mod"
CARL: Final = "https://cedar.test/users/carl"


async def a_room_elsewhere(db: Database, here: Here) -> tuple[Made, Made, Made]:
    """A room on Birch, our Ben in it, and a post of his there."""
    room, ben = await a_room(db, here, local=False, uri=ROOM), await a_teacher(db, here)
    await a_follow_row(db, here, by=ben, of=room)
    post = await a_post(db, here, by=ben, room_id=room.id, addressed_cc=[ROOM])
    return room, ben, post


async def a_room_of_ours(db: Database, here: Here) -> tuple[Made, Made, Made]:
    """A room of ours, a moderator of it who lives on Cedar, and somebody else's post in it."""
    room, mod, ada = await a_room(db, here), await a_person(db, here, local=False, uri=CARL), await a_person(db, here)
    for who in (mod, ada):
        await a_follow_row(db, here, by=who, of=room)
    await db.write(add, Steward, room_id=room.id, actor_id=mod.id, role=StewardRole.MODERATOR)
    return room, mod, await a_post(db, here, by=ada, room_id=room.id)


def passed_on(activity: dict[str, Any]) -> dict[str, Any]:
    return an_activity("Announce", ROOM, activity)


async def test_a_room_elsewhere_takes_a_post_out_and_puts_it_back(tools: Tools, db: Database, here: Here) -> None:
    room, _, post = await a_room_elsewhere(db, here)
    delete = an_activity("Delete", MOD, post.uri, summary="Off topic")

    became = [await send(tools, passed_on(delete))]
    out = await rows(db, Post.room_id, Post.deleted_at), await rows(db, Removal.room_id, Removal.reason)
    became += [await send(tools, passed_on(an_activity("Undo", MOD, delete)))]

    assert became == ["done: remove in a room", "done: restore in a room"]
    assert out == ([(None, None)], [(room.id, "Off topic")])
    assert (await rows(db, Post.room_id), await rows(db, Removal.post_id)) == ([(room.id,)], [])
    said = {line for (line,) in await rows(db, Notice.line)}
    assert said == {"Your post was taken out: Off topic", "Your post is back in the room."}


async def test_an_empty_summary_is_a_moderators_too(tools: Tools, db: Database, here: Here) -> None:
    _, _, post = await a_room_elsewhere(db, here)

    became = await send(tools, passed_on(an_activity("Delete", MOD, post.uri, summary="")))

    assert became == "done: remove in a room"


async def test_an_authors_own_deletion_through_a_room_is_no_removal(tools: Tools, db: Database, here: Here) -> None:
    room, _, _ = await a_room_elsewhere(db, here)
    bea = await a_person(db, here, local=False)
    post = await a_post(db, here, by=bea, room_id=room.id)

    became = await send(tools, passed_on(an_activity("Delete", bea.uri, post.uri)))

    assert became == "done: deletion"
    assert await rows(db, Removal.post_id) == []


async def test_what_was_taken_out_does_not_come_back_with_a_late_announcement(
    tools: Tools, db: Database, here: Here
) -> None:
    _, ben, post = await a_room_elsewhere(db, here)
    await send(tools, passed_on(an_activity("Delete", MOD, post.uri, summary="No")))

    await send(tools, passed_on(an_activity("Create", ben.uri, a_note(ben.uri, id=post.uri))))

    assert await rows(db, Post.room_id) == [(None,)]


@pytest.mark.parametrize(
    ("listed", "became"),
    [
        pytest.param([CARL], "done: remove in a room", id="on-the-list"),
        pytest.param([], "ignored: it is no moderator of this room who says so", id="not-on-it"),
    ],
)
async def test_a_moderator_on_another_server_is_looked_for_on_the_rooms_list(
    tools: Tools, db: Database, here: Here, *, elsewhere: Elsewhere, listed: list[str], became: str
) -> None:
    _, _, post = await a_room_elsewhere(db, here)
    elsewhere.settle(an_actor(CARL))
    moderators = f"{ROOM}/moderators"
    elsewhere.say(
        moderators,
        {
            "@context": "https://www.w3.org/ns/activitystreams",
            "id": moderators,
            "type": "OrderedCollection",
            "orderedItems": listed,
        },
    )

    outcome = await send(tools, passed_on(an_activity("Delete", CARL, post.uri, summary="Rude")))

    assert outcome == became
    assert moderators in elsewhere.asked


async def test_nobody_takes_a_post_out_without_the_room(tools: Tools, db: Database, here: Here) -> None:
    room, _, post = await a_room_elsewhere(db, here)
    mod = await a_person(db, here, local=False, uri=MOD)
    await db.write(add, Steward, room_id=room.id, actor_id=mod.id, role=StewardRole.MODERATOR)

    with pytest.raises(Refused):
        await send(tools, an_activity("Delete", MOD, post.uri, summary="Off topic"))
    became = await send(tools, an_activity("Lock", MOD, post.uri))

    assert became == "ignored: not about anything in a room of ours"
    assert (await rows(db, Removal.post_id), await rows(db, Lock.thread_id)) == ([], [])


async def test_one_room_decides_nothing_about_another(tools: Tools, db: Database, here: Here) -> None:
    _, ben, _ = await a_room_elsewhere(db, here)
    other = await a_room(db, here, local=False, domain="cedar.test")
    await a_follow_row(db, here, by=ben, of=other)
    post = await a_post(db, here, by=ben, room_id=other.id)

    became = await send(tools, passed_on(an_activity("Lock", MOD, post.uri)))

    assert became == "ignored: what it is about is not in this room"


async def test_a_closed_conversation_takes_no_answer_from_here_until_it_is_opened(
    tools: Tools, db: Database, here: Here
) -> None:
    _, ben, post = await a_room_elsewhere(db, here)
    lock = an_activity("Lock", MOD, post.uri)
    answer = Draft(text="Me too", visibility=Visibility.PUBLIC, in_reply_to=post.id)

    closed = await send(tools, passed_on(lock))
    with pytest.raises(Refused, match="closed this conversation"):
        await db.write(posts.publish, here, author_id=ben.id, draft=answer, people={})
    opened = await send(tools, passed_on(an_activity("Undo", MOD, lock)))
    await db.write(posts.publish, here, author_id=ben.id, draft=answer, people={})

    assert (closed, opened) == ("done: lock in a room", "done: unlock in a room")
    assert len(await rows(db, Post.id)) == 2


async def test_a_ban_by_a_room_elsewhere_ends_a_membership_and_keeps_its_post_out(
    tools: Tools, db: Database, here: Here
) -> None:
    room, ben, _ = await a_room_elsewhere(db, here)
    cleo = await a_person(db, here)
    await a_follow_row(db, here, by=cleo, of=room)
    ban = an_activity("Block", MOD, ben.uri, target=ROOM, summary="Spam", removeData=True)

    became = await send(tools, passed_on(ban))

    assert became == "done: ban in a room"
    assert await rows(db, Follow.follower_id) == [(cleo.id,)]
    assert await rows(db, Post.room_id) == [(None,)]
    assert await rows(db, Ban.room_id, Ban.actor_id, Ban.until) == [(room.id, ben.id, None)]
    assert (await rows(db, Block.id), await rows(db, Notice.line)) == ([], [("You were banned from the room: Spam",)])
    draft = Draft(text="Still here", visibility=Visibility.PUBLIC, in_reply_to=None, room=room.id)
    await a_follow_row(db, here, by=ben, of=room)
    with pytest.raises(Refused, match="banned"):
        await db.write(posts.publish, here, author_id=ben.id, draft=draft, people={})

    assert await send(tools, passed_on(an_activity("Undo", MOD, ban))) == "done: unban in a room"
    assert await rows(db, Ban.actor_id) == []


async def test_a_ban_that_ends_is_over_when_it_says(tools: Tools, db: Database, here: Here) -> None:
    room, ben, _ = await a_room_elsewhere(db, here)
    ban = an_activity("Block", MOD, ben.uri, target=ROOM, endTime="2026-09-07T08:31:00Z")
    await send(tools, passed_on(ban))
    await a_follow_row(db, here, by=ben, of=room)
    draft = Draft(text="Back", visibility=Visibility.PUBLIC, in_reply_to=None, room=room.id)

    await here.clock.sleep(61)

    assert await db.write(posts.publish, here, author_id=ben.id, draft=draft, people={})


async def test_a_ban_from_a_whole_server_is_no_ones_own_block(tools: Tools, db: Database, here: Here) -> None:
    await a_room_elsewhere(db, here)
    ben = await a_person(db, here)
    mod = await a_person(db, here, local=False, uri=MOD)

    became = await send(tools, an_activity("Block", mod.uri, ben.uri, target="https://birch.test/"))

    assert became == "ignored: a ban from something that is not ours"
    assert await rows(db, Block.id) == []


async def test_a_moderators_pin_in_a_room_elsewhere_is_the_rooms(tools: Tools, db: Database, here: Here) -> None:
    room, _, post = await a_room_elsewhere(db, here)
    pin = an_activity("Add", MOD, post.uri, target=f"{ROOM}/featured")

    became = [await send(tools, passed_on(pin))]
    pinned = await rows(db, Pin.actor_id, Pin.post_id)
    became += [await send(tools, passed_on(pin | {"type": "Remove", "id": f"{MOD}#unpin"}))]

    assert became == ["done: pin in a room", "done: unpin in a room"]
    assert (pinned, await rows(db, Pin.post_id)) == ([(room.id, post.id)], [])


async def test_a_new_moderator_elsewhere_is_who_the_rooms_list_says(
    tools: Tools, db: Database, here: Here, elsewhere: Elsewhere
) -> None:
    room, _, _ = await a_room_elsewhere(db, here)
    carl, eve = [await a_person(db, here, local=False, uri=f"https://cedar.test/users/{name}") for name in ("c", "e")]
    moderators = f"{ROOM}/moderators"
    listed = {"@context": "https://www.w3.org/ns/activitystreams", "id": moderators, "type": "OrderedCollection"}
    elsewhere.say(moderators, listed | {"orderedItems": [carl.uri]})

    became = await send(tools, passed_on(an_activity("Add", MOD, eve.uri, target=moderators)))

    assert became == "done: the moderators of a room"
    assert await rows(db, Steward.room_id, Steward.actor_id) == [(room.id, carl.id)]


async def test_a_changed_room_is_read_where_it_is(tools: Tools, db: Database, here: Here, elsewhere: Elsewhere) -> None:
    room, _, _ = await a_room_elsewhere(db, here)
    shown = an_actor(ROOM, type="Group", preferredUsername="p1", name="Maths, all ages")
    name = (await rows(db, Actor.id, Actor.username))[[row[0] for row in await rows(db, Actor.id)].index(room.id)][1]
    elsewhere.settle(shown | {"preferredUsername": name})

    became = await send(tools, passed_on(an_activity("Update", MOD, shown | {"name": "Forged"})))

    names = dict(await rows(db, Actor.uri, Actor.name))
    assert (became, names[ROOM]) == ("done: the room's page", "Maths, all ages")


@pytest.mark.parametrize("kind", ["Resolve", "Flag", "Warn", "Move"])
async def test_what_is_the_rooms_own_business_is_left_to_it(tools: Tools, db: Database, here: Here, kind: str) -> None:
    _, _, post = await a_room_elsewhere(db, here)

    became = await send(tools, passed_on(an_activity(kind, MOD, an_activity("Flag", MOD, post.uri))))

    assert became.endswith("is not something we act on")


async def test_a_dislike_takes_back_a_like_and_is_not_counted(tools: Tools, db: Database, here: Here) -> None:
    await a_room_elsewhere(db, here)
    bea = await a_person(db, here, local=False)
    [(uri,)] = await rows(db, Post.uri)
    await send(tools, passed_on(an_activity("Like", bea.uri, uri)))
    dislike = an_activity("Dislike", bea.uri, uri)

    became = await send(tools, passed_on(dislike))
    kinds = await rows(db, Reaction.kind)
    undone = await send(tools, passed_on(an_activity("Undo", bea.uri, dislike)))

    assert (became, kinds) == ("done: dislike", [(ReactionKind.DISLIKE,)])
    assert (undone, await rows(db, Post.likes_count), await rows(db, Reaction.kind)) == (
        "done: dislike undone",
        [(0,)],
        [],
    )


async def decided(db: Database) -> list[str]:
    tables = {"removal": Removal.room_id, "lock": Lock.room_id, "ban": Ban.room_id, "pin": Pin.actor_id}
    return [name for name, column in tables.items() if await rows(db, column)]


@pytest.mark.parametrize(
    ("kind", "more", "about", "expected"),
    [
        ("Delete", {"summary": "Rude"}, "post", "removal"),
        ("Lock", {}, "post", "lock"),
        ("Add", {"target": "featured"}, "post", "pin"),
        ("Block", {"target": "room"}, "person", "ban"),
    ],
)
@pytest.mark.parametrize("is_steward", [True, False])
async def test_a_moderator_elsewhere_decides_in_our_room_and_it_is_passed_on(
    tools: Tools,
    db: Database,
    here: Here,
    *,
    kind: str,
    more: dict[str, str],
    about: str,
    expected: str,
    is_steward: bool,
) -> None:
    room, mod, post = await a_room_of_ours(db, here)
    by = mod if is_steward else await a_person(db, here, local=False, domain="elm.test")
    places = {"featured": f"{room.uri}/featured", "room": room.uri}
    more = {name: places.get(value, value) for name, value in more.items()}
    ada = next(uri for uri, local in await rows(db, Actor.uri, Actor.local) if local and "/users/" in uri)
    activity = an_activity(kind, by.uri, post.uri if about == "post" else ada, **more)

    if kind == "Delete" and not is_steward:
        with pytest.raises(Refused):
            await send(tools, activity)
    else:
        await send(tools, activity)

    told = [job for (job,) in await rows(db, Job.kind) if job == "Distribute"]
    assert (await decided(db), told) == (([expected], ["Distribute"]) if is_steward else ([], []))


async def test_an_author_does_not_put_their_own_post_back_into_our_room(tools: Tools, db: Database, here: Here) -> None:
    room, mod, _ = await a_room_of_ours(db, here)
    bea = await a_person(db, here, local=False)
    post = await a_post(db, here, by=bea, room_id=room.id)
    delete = an_activity("Delete", mod.uri, post.uri, summary="Rude")
    await send(tools, delete)

    became = await send(tools, an_activity("Undo", bea.uri, delete))

    assert became == "ignored: it is no moderator of this room who says so"
    assert await rows(db, Removal.post_id) == [(post.id,)]


async def test_an_answer_to_a_closed_conversation_of_ours_is_refused_with_a_word(
    tools: Tools, db: Database, here: Here
) -> None:
    _, mod, post = await a_room_of_ours(db, here)
    bea = await a_person(db, here, local=False)
    await send(tools, an_activity("Lock", mod.uri, post.uri))

    await send(tools, an_activity("Create", bea.uri, a_note(bea.uri, inReplyTo=post.uri)))

    assert ("RefusePost",) in await rows(db, Job.kind)
    assert [reason for (reason,) in await rows(db, Removal.reason)] == [
        "The moderators of the room closed this conversation."
    ]


async def test_a_room_that_takes_no_post_of_ours_is_heard(tools: Tools, db: Database, here: Here) -> None:
    _, _, post = await a_room_elsewhere(db, here)

    became = await send(tools, an_activity("Reject", ROOM, f"{post.uri}/activity", summary="Members only."))

    assert became == "done: a room did not take a post"
    assert await rows(db, Post.room_id) == [(None,)]
    assert await rows(db, Notice.line) == [("The room did not take your post: Members only.",)]


async def test_nobody_rejects_what_was_not_written_to_them(tools: Tools, db: Database, here: Here) -> None:
    _, _, post = await a_room_elsewhere(db, here)
    eve = await a_person(db, here, local=False, domain="evil.test")

    with pytest.raises(Refused):
        await send(tools, an_activity("Reject", eve.uri, f"{post.uri}/activity"))

    assert await rows(db, Removal.post_id) == []
