"""What happens here becomes one activity and one delivery for each inbox, however often the job runs."""

from functools import partial
from typing import Any

import msgspec
import pytest
from sqlalchemy import Connection, select, update

from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.db.follows import Block, Follow
from fedishare.db.nodes import Node
from fedishare.db.people import Actor
from fedishare.db.posts import Mention, Post
from fedishare.db.reactions import Reaction
from fedishare.db.reports import Report
from fedishare.db.resources import Use
from fedishare.db.rooms import Pin
from fedishare.db.work import Activity, Delivery, Job
from fedishare.domain.audience import PUBLIC_IRI, Visibility
from fedishare.domain.kinds import FollowState, Kind, ReactionKind
from fedishare.jobs import types
from fedishare.jobs.tools import Tools
from fedishare.net import keys, proofs
from fedishare.outbox import activities, publish
from fedishare.outbox.letters import Outgoing, letter, send
from fedishare.queries import outgoing
from fedishare.services import moves, pins, reactions
from tests.builders import FrozenClock, Made, a_follow_row, a_person, a_post, a_resource, a_room, add, an_ed25519_pair
from tests.outbox.town import bodies, sent


async def a_colleague(db: Database, here: Here, domain: str, *, shared: bool = True, **over: Any) -> Made:
    """Somebody elsewhere; without a shared inbox if their server has none."""
    return await a_person(db, here, local=False, domain=domain, **(over if shared else over | {"shared_inbox": None}))


async def a_like(db: Database, here: Here, *, by: Made, of: Made, kind: ReactionKind = ReactionKind.LIKE) -> int:
    reaction_id = here.ids.new()
    uri = here.uris.activity(reaction_id) if by.uri.startswith(here.uris.origin) else f"{by.uri}#like"
    values = {"id": reaction_id, "uri": uri, "kind": kind, "actor_id": by.id, "post_id": of.id}
    await db.write(add, Reaction, created_at=here.now(), **values)
    return reaction_id


def distributed(tx: Connection) -> list[tuple[int, str, int | None]]:
    """What rooms were asked to pass on."""
    jobs = [msgspec.json.decode(row.payload) for row in tx.execute(select(Job.kind, Job.payload).order_by(Job.id))]
    return [(job["room_id"], job["activity_uri"], job["post_id"]) for job in jobs if job["type"] == "Distribute"]


def proven(body: dict[str, Any]) -> bool:
    return proofs.verify(body, keys.public_ed25519(an_ed25519_pair().public))


async def test_a_post_goes_once_to_each_server_of_its_audience(desk: Tools, here: Here) -> None:
    db = desk.db
    anna, carl = await a_person(db, here), await a_person(db, here)
    for domain, number in (("oak.test", 3), ("elm.test", 2)):
        for _ in range(number):
            await a_follow_row(db, here, by=await a_colleague(db, here, domain), of=anna)
    loner = await a_colleague(db, here, "small.test", shared=False)
    await a_follow_row(db, here, by=loner, of=anna)
    await a_follow_row(db, here, by=carl, of=anna)
    asked = await a_colleague(db, here, "asked.test")
    await a_follow_row(db, here, by=asked, of=anna, state=FollowState.REQUESTED)
    named = await a_colleague(db, here, "named.test")
    room = await a_room(db, here, local=False, domain="hants.test")
    cc = [f"{anna.uri}/followers", named.uri, carl.uri, room.uri]
    post = await a_post(db, here, by=anna, room_id=room.id, addressed_cc=cc)
    await db.write(add, Mention, post_id=post.id, actor_id=named.id, silent=False)

    await publish.publish_post(desk, types.PublishPost(post.id))
    await publish.publish_post(desk, types.PublishPost(post.id))

    assert await db.read(sent) == [
        (
            "Create",
            f"{post.uri}/activity",
            [
                "https://elm.test/inbox",
                "https://hants.test/inbox",
                "https://named.test/inbox",
                "https://oak.test/inbox",
                f"{loner.uri}/inbox",
            ],
        )
    ]
    [create] = await db.read(bodies)
    assert (proven(create), proven(create["object"])) == (True, True)
    assert {name: create[name] for name in ("id", "type", "actor", "published", "to", "cc", "audience")} == {
        "id": f"{post.uri}/activity",
        "type": "Create",
        "actor": anna.uri,
        "published": "2026-09-07T08:30:00Z",
        "to": [PUBLIC_IRI],
        "cc": cc,
        "audience": room.uri,
    }
    assert await db.read(distributed) == []


@pytest.mark.parametrize(
    ("visibility", "to_followers", "is_proven"),
    [
        (Visibility.PUBLIC, True, True),
        (Visibility.QUIET, True, True),
        (Visibility.FOLLOWERS, True, False),
        (Visibility.MENTIONED, False, False),
    ],
)
async def test_who_gets_a_post_is_whom_it_is_addressed_to(
    desk: Tools, here: Here, visibility: Visibility, to_followers: bool, is_proven: bool
) -> None:
    db = desk.db
    anna = await a_person(db, here)
    await a_follow_row(db, here, by=await a_colleague(db, here, "follower.test"), of=anna)
    named = await a_colleague(db, here, "named.test")
    followers = f"{anna.uri}/followers"
    addressed = {
        Visibility.PUBLIC: ([PUBLIC_IRI], [followers, named.uri]),
        Visibility.QUIET: ([followers], [PUBLIC_IRI, named.uri]),
        Visibility.FOLLOWERS: ([followers], [named.uri]),
        Visibility.MENTIONED: ([named.uri], []),
    }[visibility]
    post = await a_post(db, here, by=anna, visibility=visibility, addressed_to=addressed[0], addressed_cc=addressed[1])
    await db.write(add, Mention, post_id=post.id, actor_id=named.id, silent=False)

    await publish.publish_post(desk, types.PublishPost(post.id))

    [(_, _, inboxes)] = await db.read(sent)
    [create] = await db.read(bodies)
    expected = {"https://follower.test/inbox": to_followers, "https://named.test/inbox": True}
    assert inboxes == [inbox for inbox, is_told in expected.items() if is_told]
    assert ("proof" in create, "proof" in create["object"]) == (is_proven, is_proven)
    assert await db.read(_is_public) is (visibility in {Visibility.PUBLIC, Visibility.QUIET})


def _is_public(tx: Connection) -> bool:
    return bool(tx.scalar(select(Activity.public)))


async def test_a_public_answer_reaches_whom_it_answers(desk: Tools, here: Here) -> None:
    db = desk.db
    anna, ben = await a_person(db, here), await a_colleague(db, here, "birch.test")
    root = await a_post(db, here, by=ben)
    post = await a_post(db, here, by=anna, in_reply_to_uri=root.uri, in_reply_to_id=root.id, thread_id=root.id)

    await publish.publish_post(desk, types.PublishPost(post.id))

    [(_, _, inboxes)] = await db.read(sent)
    assert inboxes == [f"{ben.uri}/inbox"]


async def test_a_post_in_a_room_of_ours_is_passed_on_by_the_room_once(desk: Tools, here: Here) -> None:
    db = desk.db
    anna, room = await a_person(db, here), await a_room(db, here)
    post = await a_post(db, here, by=anna, room_id=room.id, addressed_cc=[room.uri])

    await publish.publish_post(desk, types.PublishPost(post.id))
    await publish.publish_post(desk, types.PublishPost(post.id))

    assert await db.read(distributed) == [(room.id, f"{post.uri}/activity", post.id)]


async def test_a_post_for_a_room_alone_is_proven_because_it_travels_through_the_rooms_server(
    desk: Tools, here: Here
) -> None:
    db = desk.db
    anna = await a_person(db, here)
    await a_follow_row(db, here, by=await a_colleague(db, here, "follower.test"), of=anna)
    room = await a_room(db, here, local=False, domain="hants.test")
    to = [room.uri, f"{room.uri}/followers"]
    post = await a_post(
        db, here, by=anna, room_id=room.id, visibility=Visibility.ROOM, addressed_to=to, addressed_cc=[]
    )

    await publish.publish_post(desk, types.PublishPost(post.id))

    [create] = await db.read(bodies)
    assert (await db.read(sent))[0][2] == ["https://hants.test/inbox"]
    assert proven(create)
    assert await db.read(_is_public) is False


async def test_a_post_that_was_deleted_meanwhile_is_not_published(desk: Tools, here: Here) -> None:
    anna = await a_person(desk.db, here)
    post = await a_post(desk.db, here, by=anna, deleted_at=here.now())

    await publish.publish_post(desk, types.PublishPost(post.id))

    assert await desk.db.read(sent) == []


async def test_an_edit_goes_to_all_who_have_the_post_once_for_each_edit(
    desk: Tools, here: Here, clock: FrozenClock
) -> None:
    db = desk.db
    anna = await a_person(db, here)
    await a_follow_row(db, here, by=await a_colleague(db, here, "follower.test"), of=anna)
    booster, answerer = await a_colleague(db, here, "booster.test"), await a_colleague(db, here, "answerer.test")
    post = await a_post(db, here, by=anna)
    await a_like(db, here, by=booster, of=post, kind=ReactionKind.BOOST)
    await a_post(db, here, by=answerer, in_reply_to_id=post.id)

    for text in ("<p>One</p>", "<p>Two</p>"):
        await db.write(_edit, post.id, edited_at=clock.now(), content=text)
        for _ in range(2):
            await publish.publish_edit(desk, types.PublishEdit(post.id))

    found = await db.read(sent)
    inboxes = ["https://answerer.test/inbox", "https://booster.test/inbox", "https://follower.test/inbox"]
    assert [(kind, where) for kind, _, where in found] == [("Update", inboxes), ("Update", inboxes)]
    assert [body["object"]["content"] for body in await db.read(bodies)] == ["<p>One</p>", "<p>Two</p>"]
    assert all(map(proven, await db.read(bodies)))


def _edit(tx: Connection, /, post_id: int, **values: Any) -> None:
    tx.execute(update(Post).where(Post.id == post_id).values(**values))


async def test_a_deletion_goes_to_all_who_may_have_the_post_and_leaves_a_tombstone(desk: Tools, here: Here) -> None:
    db = desk.db
    anna = await a_person(db, here)
    await a_follow_row(db, here, by=await a_colleague(db, here, "follower.test"), of=anna)
    await a_like(db, here, by=await a_colleague(db, here, "booster.test"), of=(post := await a_post(db, here, by=anna)))
    await db.write(_edit, post.id, deleted_at=here.now(), content="")

    for _ in range(2):
        await publish.publish_deletion(desk, types.PublishDeletion(post.id, moderator_id=None))

    [(kind, uri, inboxes)] = await db.read(sent)
    [body] = await db.read(bodies)
    proof = body.pop("proof")
    assert (kind, inboxes) == ("Delete", ["https://booster.test/inbox", "https://follower.test/inbox"])
    assert body == {
        "@context": ["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/data-integrity/v2"],
        "id": uri,
        "type": "Delete",
        "actor": anna.uri,
        "to": [PUBLIC_IRI],
        "cc": [f"{anna.uri}/followers"],
        "object": {"id": post.uri, "type": "Tombstone", "formerType": "Note", "deleted": "2026-09-07T08:30:00Z"},
    }
    assert proof["verificationMethod"] == f"{anna.uri}#ed25519-key"


async def test_a_moderator_takes_a_foreign_post_out_of_the_room_in_their_own_name(desk: Tools, here: Here) -> None:
    db = desk.db
    moderator, room = await a_person(db, here), await a_room(db, here)
    post = await a_post(db, here, by=await a_colleague(db, here, "oak.test"), room_id=room.id, deleted_at=here.now())

    await publish.publish_deletion(desk, types.PublishDeletion(post.id, moderator_id=moderator.id))

    [(_, uri, inboxes)] = await db.read(sent)
    [body] = await db.read(bodies)
    assert (body["actor"], body["summary"], inboxes) == (moderator.uri, "Taken down by a moderator.", [])
    assert await db.read(distributed) == [(room.id, uri, post.id)]


async def test_a_like_goes_to_the_author_and_to_the_posts_room(desk: Tools, here: Here) -> None:
    db = desk.db
    anna, ben = await a_person(db, here), await a_colleague(db, here, "birch.test")
    room = await a_room(db, here, local=False, domain="hants.test")
    post = await a_post(db, here, by=ben, room_id=room.id)
    like = await a_like(db, here, by=anna, of=post)

    for _ in range(2):
        await publish.publish_reaction(desk, types.PublishReaction(like))

    [(kind, uri, inboxes)] = await db.read(sent)
    [body] = await db.read(bodies)
    assert proven(body)
    assert (kind, inboxes) == ("Like", [f"{ben.uri}/inbox", f"{room.uri}/inbox"])
    assert {name: value for name, value in body.items() if name not in {"proof", "@context"}} == {
        "id": here.uris.activity(like),
        "type": "Like",
        "actor": anna.uri,
        "to": [ben.uri],
        "cc": [room.uri],
        "audience": room.uri,
        "object": post.uri,
    }
    assert uri == here.uris.activity(like)


async def test_a_boost_goes_to_followers_and_the_author_once_each(desk: Tools, here: Here) -> None:
    db = desk.db
    anna, ben = await a_person(db, here), await a_colleague(db, here, "birch.test")
    for host in ("birch.test", "follower.test"):
        await a_follow_row(db, here, by=await a_colleague(db, here, host), of=anna)
    post = await a_post(db, here, by=ben)
    boost = await a_like(db, here, by=anna, of=post, kind=ReactionKind.BOOST)

    await publish.publish_reaction(desk, types.PublishReaction(boost))

    [(_, _, inboxes)] = await db.read(sent)
    [body] = await db.read(bodies)
    assert inboxes == ["https://birch.test/inbox", "https://follower.test/inbox"]
    assert {name: value for name, value in body.items() if name not in {"proof", "@context"}} == {
        "id": here.uris.activity(boost),
        "type": "Announce",
        "actor": anna.uri,
        "published": "2026-09-07T08:30:00Z",
        "to": [PUBLIC_IRI],
        "cc": [ben.uri, f"{anna.uri}/followers"],
        "object": post.uri,
    }


async def test_a_like_taken_back_embeds_the_like_and_follows_it(desk: Tools, here: Here) -> None:
    db = desk.db
    anna, ben = await a_person(db, here), await a_colleague(db, here, "birch.test")
    post = await a_post(db, here, by=ben)
    uri = here.uris.activity(77)

    for _ in range(2):
        await publish.publish_undo(desk, types.PublishUndo(ReactionKind.LIKE, uri, anna.id, post.id))

    [(kind, _, inboxes)] = await db.read(sent)
    [body] = await db.read(bodies)
    like = {"id": uri, "type": "Like", "actor": anna.uri, "to": [ben.uri], "cc": [], "object": post.uri}
    assert (kind, inboxes, body["object"]) == ("Undo", [f"{ben.uri}/inbox"], like)


async def test_a_changed_profile_is_told_once_for_each_change(desk: Tools, here: Here) -> None:
    db = desk.db
    anna = await a_person(db, here)
    await a_follow_row(db, here, by=await a_colleague(db, here, "follower.test"), of=anna)

    def rename(tx: Connection, name: str) -> None:
        tx.execute(update(Actor).where(Actor.id == anna.id).values(name=name))

    for name in ("One", "Two", "One"):
        await db.write(rename, name)
        for _ in range(2):
            await publish.publish_actor(desk, types.PublishActor(anna.id))

    found = await db.read(bodies)
    assert [(body["type"], body["object"]["name"]) for body in found] == [
        ("Update", "One"),
        ("Update", "Two"),
        ("Update", "One"),
    ]
    assert [inboxes for _, _, inboxes in await db.read(sent)] == [["https://follower.test/inbox"]] * 3
    assert (found[0]["to"], found[0]["cc"]) == ([PUBLIC_IRI], [f"{anna.uri}/followers"])


async def test_pinning_and_taking_down_are_told_in_turn(desk: Tools, here: Here) -> None:
    db = desk.db
    anna = await a_person(db, here)
    await a_follow_row(db, here, by=await a_colleague(db, here, "follower.test"), of=anna)
    post = await a_post(db, here, by=anna)

    for is_added in (True, True, False, True):
        change = pins.pin if is_added else pins.unpin
        await db.write(change, here, actor_id=anna.id, post_id=post.id)
        await publish.publish_pin(desk, types.PublishPin(anna.id, post.id, added=is_added))

    found = await db.read(bodies)
    assert [(body["type"], body["object"], body["target"]) for body in found] == [
        ("Add", post.uri, f"{anna.uri}/featured"),
        ("Remove", post.uri, f"{anna.uri}/featured"),
        ("Add", post.uri, f"{anna.uri}/featured"),
    ]


async def test_a_rooms_own_word_on_a_pin_goes_to_microblogs_alone(desk: Tools, here: Here) -> None:
    db = desk.db
    room = await a_room(db, here)
    for domain, software in (("m.test", "mastodon"), ("l.test", "lemmy")):
        await a_follow_row(db, here, by=await a_colleague(db, here, domain), of=room)
        await db.write(add, Node, host=domain, software=software)
    post = await a_post(db, here, by=await a_person(db, here), room_id=room.id, addressed_cc=[room.uri])
    await db.write(add, Pin, actor_id=room.id, post_id=post.id)

    await publish.publish_pin(desk, types.PublishPin(room.id, post.id, added=True))

    [(_, _, inboxes)] = await db.read(sent)
    assert inboxes == ["https://m.test/inbox"]
    assert await db.read(distributed) == []


async def test_a_follow_is_sent_to_the_own_inbox_and_again_when_asked_again(desk: Tools, here: Here) -> None:
    db = desk.db
    anna, ben = await a_person(db, here), await a_colleague(db, here, "birch.test")
    follow_id = here.ids.new()
    uri = here.uris.activity(follow_id)
    values = {"id": follow_id, "uri": uri, "follower_id": anna.id, "followee_id": ben.id}
    await db.write(add, Follow, state=FollowState.REQUESTED, created_at=here.now(), **values)

    await publish.send_follow(desk, types.SendFollow(follow_id))
    await publish.send_follow(desk, types.SendFollow(follow_id))

    assert await db.read(sent) == [("Follow", uri, [f"{ben.uri}/inbox"])]
    assert await db.read(bodies) == [
        {
            "@context": ["https://www.w3.org/ns/activitystreams"],
            "id": uri,
            "type": "Follow",
            "actor": anna.uri,
            "to": [ben.uri],
            "cc": [],
            "object": ben.uri,
        }
    ]


@pytest.mark.parametrize(("accept", "kind"), [(True, "Accept"), (False, "Reject")])
async def test_a_follow_is_answered_with_its_own_id(desk: Tools, here: Here, accept: bool, kind: str) -> None:
    db = desk.db
    anna, ben = await a_person(db, here), await a_colleague(db, here, "birch.test")

    await db.write(publish.answer_follow, here, types.AnswerFollow(ben.id, anna.id, "https://birch.test/f/1", accept))

    [(_, uri, inboxes)] = await db.read(sent)
    assert inboxes == [f"{ben.uri}/inbox"]
    assert await db.read(bodies) == [
        {
            "@context": ["https://www.w3.org/ns/activitystreams"],
            "id": uri,
            "type": kind,
            "actor": anna.uri,
            "to": [ben.uri],
            "cc": [],
            "object": {"id": "https://birch.test/f/1", "type": "Follow", "actor": ben.uri, "object": anna.uri},
        }
    ]


async def test_unfollowing_and_unblocking_embed_what_they_undo(desk: Tools, here: Here) -> None:
    db = desk.db
    anna, ben = await a_person(db, here), await a_colleague(db, here, "birch.test")
    uris = [here.uris.activity(number) for number in (1, 2)]
    block_id = here.ids.new()
    values = {"id": block_id, "uri": uris[1], "blocker_id": anna.id, "blocked_id": ben.id}
    await db.write(add, Block, created_at=here.now(), **values)

    await publish.send_unfollow(desk, types.SendUnfollow(anna.id, ben.id, uris[0]))
    await publish.send_block(desk, types.SendBlock(block_id))
    await publish.send_unblock(desk, types.SendUnblock(anna.id, ben.id, uris[1]))

    found = [(body["type"], body["object"]) for body in await db.read(bodies)]
    about = {"actor": anna.uri, "to": [ben.uri], "cc": [], "object": ben.uri}
    assert found == [
        ("Undo", {"id": uris[0], "type": "Follow", **about}),
        ("Block", ben.uri),
        ("Undo", {"id": uris[1], "type": "Block", **about}),
    ]


async def test_a_use_is_a_private_mention_to_everybody_but_us(desk: Tools, here: Here) -> None:
    db = desk.db
    anna = await a_person(db, here, username="anna")
    ben = await a_colleague(db, here, "birch.test", username="ben")
    resource = await a_resource(db, here, by=ben, title="Fraction <wall>")
    use_id = here.ids.new()
    values = {"id": use_id, "uri": here.uris.activity(use_id), "actor_id": anna.id, "post_id": resource.id}
    values |= {"line": "Went well & fast", "level": "england:year-4", "created_at": here.now()}
    await db.write(add, Use, **values)

    await publish.send_use(desk, types.SendUse(use_id))

    [(_, uri, inboxes)] = await db.read(sent)
    [body] = await db.read(bodies)
    assert (uri, inboxes) == (here.uris.activity(use_id), [f"{ben.uri}/inbox"])
    assert (body["type"], body["actor"], body["to"], body["cc"], "proof" in body) == (
        "Create",
        anna.uri,
        [ben.uri],
        [],
        False,
    )
    assert body["object"] == {
        "id": here.uris.post(use_id),
        "type": "Note",
        "attributedTo": anna.uri,
        "inReplyTo": resource.uri,
        "published": "2026-09-07T08:30:00Z",
        "to": [ben.uri],
        "cc": [],
        "sensitive": False,
        "content": (
            '<p><span class="h-card" translate="no"><a href="https://birch.test/@ben" class="u-url mention">'
            f'@<span>ben</span></a></span> I used <a href="{resource.uri}">Fraction &lt;wall&gt;</a> with Year 4: '
            "Went well &amp; fast</p>"
        ),
        "mediaType": "text/html",
        "tag": [{"type": "Mention", "name": "@ben@birch.test", "href": ben.uri}],
        "attachment": [],
        "schema:mainEntity": {
            "type": ["schema:UseAction"],
            "schema:object": {"id": resource.uri},
            "schema:description": "Went well & fast",
            "schema:educationalLevel": "Year 4",
        },
    }


async def test_a_report_is_made_in_the_nodes_name_and_names_the_account_first(desk: Tools, here: Here) -> None:
    db = desk.db
    node = await a_person(db, here, kind=Kind.NODE, uri=here.uris.node)
    anna, ben = await a_person(db, here), await a_colleague(db, here, "birch.test")
    report_id = here.ids.new()
    uri = here.uris.activity(report_id)
    values = {
        "id": report_id,
        "uri": uri,
        "reporter_id": anna.id,
        "target_id": ben.id,
        "posts": ["https://birch.test/1"],
    }
    await db.write(add, Report, comment="Spam", created_at=here.now(), **values)

    await publish.send_report(desk, types.SendReport(report_id))

    [(_, _, inboxes)] = await db.read(sent)
    [body] = await db.read(bodies)
    assert inboxes == [f"{ben.uri}/inbox"]
    assert (body["actor"], body["object"], body["content"]) == (node.uri, [ben.uri, "https://birch.test/1"], "Spam")
    assert anna.uri not in msgspec.json.encode(body).decode()


async def test_what_came_to_nothing_meanwhile_is_not_sent(desk: Tools) -> None:
    for job in (
        publish.publish_reaction(desk, types.PublishReaction(1)),
        publish.send_follow(desk, types.SendFollow(1)),
        publish.send_block(desk, types.SendBlock(1)),
        publish.send_use(desk, types.SendUse(1)),
        publish.send_report(desk, types.SendReport(1)),
    ):
        await job

    assert await desk.db.read(sent) == []


async def test_a_like_taken_back_at_once_goes_out_before_its_undoing_or_not_at_all(
    desk: Tools, db: Database, here: Here
) -> None:
    anna, bea = await a_person(db, here), await a_colleague(db, here, "birch.test")
    post = await a_post(db, here, by=bea)
    await db.write(reactions.add, here, kind=ReactionKind.LIKE, actor_id=anna.id, post_id=post.id)
    (like,) = await db.read(_reaction_ids)
    facts = await db.read(outgoing.reaction_facts, like)
    assert facts is not None
    await db.write(reactions.remove, here, kind=ReactionKind.LIKE, actor_id=anna.id, post_id=post.id)
    await publish.publish_undo(desk, types.PublishUndo(ReactionKind.LIKE, facts.uri, anna.id, post.id))

    # The slower of the two jobs had read the like before it was taken back.
    said = activities.like(uri=facts.uri, actor=anna.uri, post=post.uri, author=bea.uri)
    slow = letter(said, actor=facts.actor, object_uri=post.uri, public=True, at=here.now())
    still = partial(outgoing.is_reaction, uri=facts.uri)
    await send(desk, Outgoing(slow, ["https://birch.test/inbox"], still=still))

    assert [kind for kind, _, _ in await db.read(sent)] == ["Undo"]


@pytest.mark.parametrize("kind", list(ReactionKind))
async def test_a_reaction_and_its_undoing_wait_for_each_other(
    desk: Tools, db: Database, here: Here, kind: ReactionKind
) -> None:
    anna, bea = await a_person(db, here), await a_colleague(db, here, "birch.test")
    await a_follow_row(db, here, by=bea, of=anna)
    post = await a_post(db, here, by=bea)
    await db.write(reactions.add, here, kind=kind, actor_id=anna.id, post_id=post.id)
    (reaction,) = await db.read(_reaction_ids)
    uri = here.uris.activity(reaction)
    await publish.publish_reaction(desk, types.PublishReaction(reaction))
    await db.write(reactions.remove, here, kind=kind, actor_id=anna.id, post_id=post.id)
    await publish.publish_undo(desk, types.PublishUndo(kind, uri, anna.id, post.id))

    about = await db.read(lambda tx: tx.scalars(select(Delivery.object_uri).order_by(Delivery.id)).all())

    assert about == [post.uri, post.uri]


@pytest.mark.parametrize("added", [True, False])
async def test_a_pin_that_was_changed_meanwhile_is_not_sent(
    desk: Tools, db: Database, here: Here, *, added: bool
) -> None:
    anna, bea = await a_person(db, here), await a_colleague(db, here, "birch.test")
    await a_follow_row(db, here, by=bea, of=anna)
    post = await a_post(db, here, by=anna)
    if not added:
        await db.write(add, Pin, actor_id=anna.id, post_id=post.id)

    await publish.publish_pin(desk, types.PublishPin(anna.id, post.id, added=added))

    assert await db.read(sent) == []


def _reaction_ids(tx: Connection) -> list[int]:
    return list(tx.scalars(select(Reaction.id)))


async def test_a_move_goes_to_all_followers_behind_the_profile_that_says_so(desk: Tools, here: Here) -> None:
    db = desk.db
    anna = await a_person(db, here)
    new = await a_colleague(db, here, "new.test", also_known_as=[anna.uri])
    await a_follow_row(db, here, by=await a_colleague(db, here, "follower.test"), of=anna)
    await db.write(moves.leave, here, actor_id=anna.id, target_id=new.id)

    for _ in range(2):
        await publish.send_move(desk, types.SendMove(anna.id))

    assert [(kind, inboxes) for kind, _, inboxes in await db.read(sent)] == [
        ("Update", ["https://follower.test/inbox"]),
        ("Move", ["https://follower.test/inbox"]),
    ]
    update, move = await db.read(bodies)
    assert (update["object"]["movedTo"], move["object"], move["target"]) == (new.uri, anna.uri, new.uri)
    assert (move["to"], move["cc"], proven(move)) == ([f"{anna.uri}/followers"], [], True)
    about = await db.read(lambda tx: set(tx.scalars(select(Delivery.object_uri))))
    assert about == {anna.uri}


async def test_a_move_that_was_taken_back_is_not_sent(desk: Tools, here: Here) -> None:
    anna = await a_person(desk.db, here)
    await a_follow_row(desk.db, here, by=await a_colleague(desk.db, here, "follower.test"), of=anna)

    await publish.send_move(desk, types.SendMove(anna.id))

    assert "Move" not in [kind for kind, _, _ in await desk.db.read(sent)]
