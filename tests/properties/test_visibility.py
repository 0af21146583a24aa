"""Nobody sees what is not for them: every list, page and document against a model that knows no SQL.

A small town lives through chance events, by the services that the product uses; then each viewer
looks everywhere. What may be seen is said here once more, in the words of the product.
"""

import random
from contextlib import suppress
from typing import Any, Final, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, select, update

from fedishare.core.errors import FediShareError, NotFound
from fedishare.core.here import Here
from fedishare.core.ids import Ids
from fedishare.core.uris import Uris
from fedishare.db.follows import Block, Follow
from fedishare.db.people import Actor
from fedishare.db.posts import Mention, Post
from fedishare.db.rooms import Room, Steward
from fedishare.domain.audience import LADDER, OPEN, PUBLIC_IRI, Visibility
from fedishare.domain.kinds import FollowState, Kind, ReactionKind, StewardRole
from fedishare.queries import collections, published, sight, timelines
from fedishare.services import follows, pins, posts, reactions
from fedishare.services.drafts import Draft
from tests.builders import MONDAY, FrozenClock, add

EVENTS: Final = 30


class Seen(NamedTuple):
    """A post, as far as it matters who may see it."""

    id: int
    uri: str
    author: int
    visibility: Visibility
    room: int | None
    local: bool
    is_deleted: bool
    named: frozenset[int]


class Facts(NamedTuple):
    """All that the answer to "may they see it?" depends on."""

    posts: tuple[Seen, ...]
    members: frozenset[tuple[int, int]]
    blocks: frozenset[tuple[int, int]]
    suspended: frozenset[int]

    def may_see(self, viewer: int | None, post: Seen) -> bool:
        """Whether a person of this node sees a post on its pages; None is a visitor."""
        if post.is_deleted or post.author in self.suspended:
            return False
        if viewer is None:
            return post.visibility in OPEN
        if (viewer, post.author) in self.blocks or (post.author, viewer) in self.blocks:
            return False
        return self._is_for(viewer, post)

    def may_fetch(self, reader: int | None, post: Seen) -> bool:
        """Whether somebody elsewhere gets a post of ours, or the word that it was deleted, by a signed request."""
        if post.author in self.suspended:
            return False
        if post.visibility in OPEN:
            return True
        if reader is None or reader in self.suspended or (post.author, reader) in self.blocks:
            return False
        return self._is_for(reader, post) or reader == post.room

    def _is_for(self, viewer: int, post: Seen) -> bool:
        match post.visibility:
            case Visibility.FOLLOWERS:
                is_among = (viewer, post.author) in self.members
            case Visibility.ROOM:
                is_among = (viewer, post.room) in self.members
            case Visibility.MENTIONED:
                is_among = False
            case _:
                is_among = True
        # Being named gives no right in a room: whoever is in it has it, and nobody else.
        is_named = viewer in post.named and post.visibility is not Visibility.ROOM
        return is_among or viewer == post.author or is_named


class Town:
    """Three people and two rooms here, two people elsewhere."""

    def __init__(self, tx: Connection, chance: random.Random) -> None:
        self.tx = tx
        self.chance = chance
        clock = FrozenClock()
        self.clock = clock
        self.here = Here(Uris("https://alder.test"), Ids(clock, worker=1), clock)
        self.locals = [self._enrol(name) for name in ("anna", "ben", "cleo")]
        self.foreign = [self._enrol(name, domain="birch.test") for name in ("ravi", "rosa")]
        self.rooms = [self._enrol(name, kind=Kind.GROUP) for name in ("maths", "music")]
        self.people = [*self.locals, *self.foreign]
        self.posts: list[int] = []

    def _enrol(self, name: str, *, domain: str = "alder.test", kind: Kind = Kind.PERSON) -> int:
        actor_id, folder = self.here.ids.new(), "groups" if kind is Kind.GROUP else "users"
        uri, is_local = f"https://{domain}/{folder}/{name}", domain == "alder.test"
        row = {"id": actor_id, "uri": uri, "kind": kind, "username": name, "domain": domain, "host": domain}
        row |= {"handle_key": f"{name}@{domain}", "local": is_local, "name": name, "url": uri, "inbox": f"{uri}/inbox"}
        row |= {"followers": f"{uri}/followers", "locked": self.chance.random() < 0.3, "created_at": MONDAY}
        add(self.tx, Actor, outbox=f"{uri}/outbox", discoverable=True, fetched_at=MONDAY, **row)
        if kind is Kind.GROUP:
            add(self.tx, Room, actor_id=actor_id, members_only_posting=False)
            add(self.tx, Steward, room_id=actor_id, actor_id=self.locals[0], role=StewardRole.OWNER)
        return actor_id

    def live(self) -> None:
        events = (*[self.follow] * 6, *[self.join] * 4, *[self.write] * 8, self.arrive, self.arrive)
        events += (self.block, self.unblock, self.boost, self.boost, self.pin, self.delete, self.suspend)
        for _ in range(EVENTS):
            self.clock.tick(seconds=1)
            # What the product refuses is part of life, and changes nothing.
            with suppress(FediShareError), self.tx.begin_nested():
                self.chance.choice(events)()

    def follow(self) -> None:
        follower, followee = self.chance.sample(self.people, 2)
        follows.request(self.tx, self.here, follower_id=follower, followee_id=followee, uri=self._uri())
        if self.chance.random() < 0.6:
            follows.accept(self.tx, self.here, follower_id=follower, followee_id=followee)

    def join(self) -> None:
        member, room = self.chance.choice(self.people), self.chance.choice(self.rooms)
        follows.request(self.tx, self.here, follower_id=member, followee_id=room, uri=self._uri())
        if self.chance.random() < 0.6:
            follows.accept(self.tx, self.here, follower_id=member, followee_id=room)

    def write(self) -> None:
        named = self.chance.sample(self.people, self.chance.choice((0, 0, 1, 2)))
        handles = {f"p{actor_id}": actor_id for actor_id in named}
        draft = Draft(
            text=f"#fractions {' '.join(f'@{handle}' for handle in handles)}",
            visibility=self.chance.choice(LADDER),
            in_reply_to=self.chance.choice([None, *self.posts[-3:]]),
            room=self.chance.choice([None, *self.rooms]),
        )
        author = self.chance.choice(self.locals)
        self.posts.append(posts.publish(self.tx, self.here, author_id=author, draft=draft, people=handles))

    def arrive(self) -> None:
        """Something that was written elsewhere, as the inbox keeps it."""
        post_id, author = self.here.ids.new(), self.chance.choice(self.foreign)
        visibility, uri = self.chance.choice(LADDER), f"https://birch.test/posts/{post_id}"
        room = self.chance.choice(self.rooms) if visibility is Visibility.ROOM else None
        to = [PUBLIC_IRI] if visibility in OPEN else []
        row: dict[str, Any] = {"id": post_id, "uri": uri, "url": uri, "kind": "Note", "author_id": author}
        row |= {"content": "<p>x</p>", "visibility": visibility, "room_id": room, "local": False}
        row |= {"addressed_to": to, "addressed_cc": []}
        add(self.tx, Post, thread_id=post_id, published_at=self.here.now(), **row)
        for actor_id in self.chance.sample(self.locals, self.chance.choice((0, 1))):
            add(self.tx, Mention, post_id=post_id, actor_id=actor_id)
        self.posts.append(post_id)

    def block(self) -> None:
        one, other = self.chance.sample(self.people, 2)
        follows.block(self.tx, self.here, blocker_id=one, blocked_id=other, uri=self._uri())

    def unblock(self) -> None:
        one, other = self.chance.sample(self.people, 2)
        follows.unblock(self.tx, self.here, blocker_id=one, blocked_id=other)

    def boost(self) -> None:
        actor, post = self.chance.choice(self.locals), self.chance.choice([0, *self.posts])
        reactions.add(self.tx, self.here, kind=ReactionKind.BOOST, actor_id=actor, post_id=post)

    def pin(self) -> None:
        actor, post = self.chance.choice(self.locals), self.chance.choice([0, *self.posts])
        pins.pin(self.tx, self.here, actor_id=actor, post_id=post)

    def delete(self) -> None:
        post = self.chance.choice([0, *self.posts])
        author = self.tx.scalar(select(Post.author_id).where(Post.id == post))
        posts.delete(self.tx, self.here, by_id=author or 0, post_id=post)

    def suspend(self) -> None:
        if self.chance.random() < 0.3:
            who = self.chance.choice(self.people)
            self.tx.execute(update(Actor).where(Actor.id == who).values(suspended_at=MONDAY))

    def _uri(self) -> str:
        return self.here.uris.activity(self.here.ids.new())

    def facts(self) -> Facts:
        named: dict[int, set[int]] = {}
        for row in self.tx.execute(select(Mention.post_id, Mention.actor_id)):
            named.setdefault(row.post_id, set()).add(row.actor_id)
        columns = (Post.id, Post.uri, Post.author_id, Post.visibility, Post.room_id, Post.local, Post.deleted_at)
        said = tuple(
            Seen(*row[:6], is_deleted=row.deleted_at is not None, named=frozenset(named.get(row.id, ())))
            for row in self.tx.execute(select(*columns))
        )
        accepted = select(Follow.follower_id, Follow.followee_id).where(Follow.state == FollowState.ACCEPTED)
        return Facts(
            said,
            frozenset((row[0], row[1]) for row in self.tx.execute(accepted)),
            frozenset((row[0], row[1]) for row in self.tx.execute(select(Block.blocker_id, Block.blocked_id))),
            frozenset(self.tx.scalars(select(Actor.id).where(Actor.suspended_at.is_not(None)))),
        )


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**48))
def test_nobody_is_shown_what_is_not_for_them(empty: Connection, seed: int) -> None:
    with empty.begin_nested() as savepoint:
        town = Town(empty, random.Random(seed))  # noqa: S311 -- it has to come out the same again
        town.live()
        facts = town.facts()
        for viewer in (None, *town.locals):
            check_pages(town, facts, viewer)
        for reader in (None, *town.foreign, *town.rooms):
            check_documents(town, facts, reader)
        savepoint.rollback()


def check_pages(town: Town, facts: Facts, viewer: int | None) -> None:
    """Every list that people of this node, or visitors, are shown."""
    tx, most = town.tx, 100
    visible = {post.id for post in facts.posts if facts.may_see(viewer, post)}
    public = {post.id for post in facts.posts if post.visibility is Visibility.PUBLIC}
    lists = [timelines.tag(tx, name="fractions", viewer=viewer, limit=most)]
    lists += [timelines.room(tx, room_id=room, viewer=viewer, limit=most) for room in town.rooms]
    lists += [timelines.author(tx, actor_id=actor, viewer=viewer, limit=most) for actor in (*town.people, *town.rooms)]
    if viewer is not None:
        lists.append(timelines.home(tx, reader=viewer, limit=most))

    for cards in lists:
        assert {card.id for card in cards} <= visible
    for everybodys in (timelines.local, timelines.resources):
        assert {card.id for card in everybodys(tx, viewer=viewer, limit=most)} <= visible & public
    for author in town.people:
        written = {post.id for post in facts.posts if post.author == author}
        shown = {card.id for card in timelines.author(tx, actor_id=author, viewer=viewer, limit=most)}
        assert shown & written == visible & written
    for post in facts.posts:
        assert sight.may_see(tx, post_id=post.id, viewer=viewer) is (post.id in visible)
        check_thread(town, post, viewer, visible)


def check_thread(town: Town, post: Seen, viewer: int | None, visible: set[int]) -> None:
    try:
        shown = {card.id for card in timelines.thread(town.tx, post_id=post.id, viewer=viewer)}
    except NotFound:
        assert post.id not in visible
        return
    assert post.id in shown
    assert shown <= visible


def check_documents(town: Town, facts: Facts, reader: int | None) -> None:
    """Every document and collection that other servers are given; `reader` is who signed, if anybody did."""
    tx = town.tx
    by_uri = {post.uri: post for post in facts.posts}
    everybodys = {post.uri for post in facts.posts if facts.may_see(None, post)}

    for post in facts.posts:
        found = published.post(tx, uri=post.uri, reader=reader)
        assert (found is not None) is (post.local and facts.may_fetch(reader, post))
        replies = collections.replies(tx, post_id=post.id, limit=100)
        assert {reply.uri for reply in replies} <= everybodys
        thread = published.thread(tx, root_id=post.id, reader=reader)
        if thread is not None:
            assert facts.may_fetch(reader, post)
            assert all(facts.may_fetch(reader, by_uri[uri]) for uri in thread.uris)
    # Nothing of a suspended account is served, so its collections are not asked for either.
    for owner in {*town.locals, *town.rooms} - facts.suspended:
        entries = collections.entries(tx, owner_id=owner, limit=100)
        assert {entry.post_uri for entry in entries} <= everybodys
        assert len(entries) == collections.count_entries(tx, owner_id=owner)
        assert set(collections.pinned(tx, owner_id=owner)) <= everybodys
