"""A post written here: published, edited, deleted. Each is one change, and what follows from it are jobs."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Row, bindparam, select

from fedishare.core import crash
from fedishare.core.errors import Gone, Invalid, NotFound, Refused
from fedishare.core.here import Here
from fedishare.db.base import insert
from fedishare.db.people import Actor
from fedishare.db.posts import Post
from fedishare.domain import audience, markup
from fedishare.domain.audience import Visibility
from fedishare.domain.kinds import Kind, NoticeKind, PostKind
from fedishare.jobs.queue import enqueue
from fedishare.jobs.types import PublishAgain, PublishDeletion, PublishEdit, PublishPost
from fedishare.queries import known, links, privacy
from fedishare.services import (
    descriptions,
    hearing,
    library,
    lineage,
    media,
    notices,
    polls,
    questions,
    quotes,
    resources,
    rooms,
    talks,
    threads,
    timelines,
    versions,
)
from fedishare.services.drafts import Change, Draft
from fedishare.services.threads import Wording

LONGEST_TITLE: Final = 200
ONE_SECOND: Final = timedelta(seconds=1)
LONGEST_WARNING: Final = 500
AUTHOR: Final = select(
    Actor.id,
    Actor.uri,
    Actor.followers,
    Actor.suspended_at,
    Actor.deleted_at,
    known.is_awaited(Actor.id).label("is_awaited"),
).where(Actor.id == bindparam("actor"))
# What of somebody's posts those hear of who want to hear of each.
AWAITED: Final = frozenset({Visibility.PUBLIC, Visibility.QUIET, Visibility.FOLLOWERS})
ROOM: Final = select(Actor.id, Actor.uri, Actor.followers, Actor.local).where(
    Actor.id == bindparam("room"), Actor.kind == Kind.GROUP, Actor.deleted_at.is_(None)
)
FACES: Final = select(Actor.id, Actor.uri, Actor.url, Actor.username, Actor.local).where(
    Actor.id.in_(bindparam("ids", expanding=True))
)
RECORD: Final = insert(Post)
OWN: Final = (
    select(
        Post.id,
        Post.uri,
        Post.author_id,
        Post.title,
        Post.warning,
        Post.content,
        Post.source,
        Post.language,
        Post.sensitive,
        Post.room_id,
        Post.published_at,
        Post.edited_at,
        Post.deleted_at,
        Post.in_reply_to_uri,
        Post.local,
        Post.quote_policy,
    )
    .where(Post.id == bindparam("post"))
    .with_for_update()
)


class Person(NamedTuple):
    id: int
    uri: str
    url: str
    username: str
    local: bool


class Written(NamedTuple):
    html: str
    people: tuple[Person, ...]
    tags: tuple[str, ...]


def publish(tx: Connection, here: Here, *, author_id: int, draft: Draft, people: Mapping[str, int]) -> int:
    """Write a post of ours, with all that shows at once; sending it out is a job in the same commit.

    `people` maps the handles found in the text to actors. Raises Invalid for what the author can
    put right, Refused for a room they are not in, NotFound for an answer to something they may not see.
    """
    author = tx.execute(AUTHOR, {"actor": author_id}).one()
    if author.suspended_at is not None or author.deleted_at is not None:
        raise Refused("This account may not post.")
    parent = threads.parent_of(tx, post_id=draft.in_reply_to, reader=author_id) if draft.in_reply_to else None
    room = _room(tx, here, draft, parent, author_id)
    if room is not None and draft.visibility is Visibility.ROOM:
        people = _members_of(tx, room, people)
    written = _write(tx, here, draft.text, people)
    title = markup.text(draft.title, limit=LONGEST_TITLE) if draft.title and parent is None else None
    _refuse_incomplete(draft, written, title=title)

    post_id, now = here.ids.new(), here.now()
    uri = here.uris.resource(post_id) if draft.resource is not None else here.uris.post(post_id)
    answered = [parent.author_uri] if parent is not None and parent.author_id != author_id else []
    if draft.visibility is Visibility.ROOM:
        # The room tells its members, and knows who they are now.
        answered = []
    addressed = audience.address(
        draft.visibility,
        followers=author.followers,
        mentioned=list(dict.fromkeys([*answered, *(person.uri for person in written.people)])),
        room=room.uri if room else None,
        room_followers=room.followers if room else None,
    )
    tx.execute(
        RECORD,
        {
            "id": post_id,
            "uri": uri,
            "url": uri,
            "kind": polls.QUESTION if draft.poll is not None else "Note",
            "author_id": author_id,
            "local": True,
            "title": title,
            "warning": markup.text(draft.warning, limit=LONGEST_WARNING) if draft.warning else None,
            "content": written.html,
            "source": draft.text,
            "language": draft.language,
            "sensitive": draft.sensitive or bool(draft.warning),
            "visibility": draft.visibility,
            "addressed_to": list(addressed.to),
            "addressed_cc": list(addressed.cc),
            "in_reply_to_uri": parent.uri if parent else None,
            "in_reply_to_id": parent.id if parent else None,
            "thread_id": parent.thread_id if parent else post_id,
            # A room of ours files the post itself when it admits it; one elsewhere hears of it from us.
            "room_id": room.id if room and not room.local else None,
            "filed_id": post_id if room and not room.local else None,
            "published_at": now,
            "quote_policy": draft.quote_policy,
        },
    )
    keywords = draft.resource.keywords if draft.resource else ()
    topics = [questions.topic(tx, room_id=room.id, name=draft.topic)] if draft.topic and room is not None else []
    threads.tag(tx, post_id=post_id, labels=(*topics, *written.tags, *descriptions.tags(keywords)))
    named = {person.id for person in written.people}
    threads.mention(tx, post_id=post_id, loud=named, silent={parent.author_id} - named if parent else set())
    if draft.visibility is Visibility.MENTIONED:
        talks.record(tx, here, post_id=post_id)
    media.claim(tx, here, keys=draft.media, owner_id=author_id, post_id=post_id)
    _enrich(tx, here, post_id=post_id, author_id=author_id, draft=draft)
    if parent is not None:
        threads.count_reply(tx, parent_id=parent.id, more=1)
    _show(tx, post_id=post_id, author_id=author_id, draft=draft, parent=parent)
    if not _has_left(tx, draft, room, parent):
        _tell(tx, here, post_id=post_id, uri=uri, author_id=author_id, parent=parent, named=named)
    if author.is_awaited and draft.visibility in AWAITED and (parent is None or parent.author_id == author_id):
        hearing.tell(tx, here, author_id=author_id, post_id=post_id, uri=uri, but={author_id, *named})
    if room is not None and room.local:  # That it may go in was asked above.
        rooms.admit(tx, here, room_id=room.id, post_id=post_id, activity_uri=None)
    if draft.resource is not None and draft.resource.based_on:
        lineage.tell_sources(tx, here, post_id=post_id, uri=uri, author_id=author_id)
    crash.point("post.written")
    enqueue(tx, PublishPost(post_id), due=now)
    return post_id


def _refuse_incomplete(draft: Draft, written: Written, *, title: str | None) -> None:
    if draft.resource is not None and not title:
        raise Invalid("Please give the resource a title.")
    if not written.html and not draft.media and draft.resource is None:
        raise Invalid("There is nothing to post yet: write something first.")
    if draft.resource is not None and (draft.poll is not None or draft.quote is not None):
        raise Invalid("A resource has no poll and quotes nothing: write a post for that.")
    if draft.poll is not None and draft.quote is not None:
        raise Invalid("A poll cannot quote another post: write two posts.")
    if draft.poll is not None and not written.html:
        raise Invalid("Say what the poll is about.")


def _enrich(tx: Connection, here: Here, *, post_id: int, author_id: int, draft: Draft) -> None:
    """What makes it more than a text: a resource, a poll, a quote, what it is for."""
    if draft.purpose is not PostKind.NOTE and draft.in_reply_to is None and draft.resource is None:
        questions.keep(tx, post_id=post_id, purpose=draft.purpose)
    if draft.resource is not None:
        by, said, text, language = author_id, draft.resource, draft.text, draft.language
        resources.attach(tx, here, post_id=post_id, author_id=by, description=text, draft=said, language=language)
    if draft.poll is not None:
        polls.attach(tx, here, post_id=post_id, draft=draft.poll)
    if draft.quote is not None:
        by, visibility = author_id, draft.visibility
        quotes.attach(tx, here, post_id=post_id, author_id=by, quoted_id=draft.quote, visibility=visibility)


class Where(NamedTuple):
    id: int
    uri: str
    followers: str | None
    local: bool


def _room(tx: Connection, here: Here, draft: Draft, parent: threads.Parent | None, author_id: int) -> Where | None:
    room_id = draft.room or (_room_of(tx, parent, author_id) if parent is not None else None)
    if room_id is None or draft.visibility in {Visibility.FOLLOWERS, Visibility.MENTIONED}:
        return None
    found = tx.execute(ROOM, {"room": room_id}).one_or_none()
    if found is None:
        raise NotFound("This room is no longer there.")
    if parent is None and not rooms.is_member(tx, room_id=room_id, actor_id=author_id):
        raise Refused("Join the room first; then you can post into it.")
    thread_id = parent.thread_id if parent is not None else 0
    seen_by = draft.visibility
    why = rooms.why_not(tx, here, room_id=room_id, author_id=author_id, thread_id=thread_id, visibility=seen_by)
    if why is not None:
        raise Refused(why)
    return Where(*found)


def _room_of(tx: Connection, parent: threads.Parent, author_id: int) -> int | None:
    """Where an answer is written: where the conversation is; if linked rooms have it too, where its author is in."""
    if parent.room_id is None or rooms.is_member(tx, room_id=parent.room_id, actor_id=author_id):
        return parent.room_id
    return links.room_for(tx, post_id=parent.id, actor_id=author_id) or parent.room_id


def _members_of(tx: Connection, room: Where, people: Mapping[str, int]) -> dict[str, int]:
    """Whom a post for the members of a room alone can name; the names of others stay plain text."""
    rows = tx.execute(FACES, {"ids": list(people.values())}).all() if people else []
    found = privacy.members_by_address(tx, room_id=room.id, uris=[row.uri for row in rows])
    members = {row.id for row in rows if row.uri in found}
    return {handle: actor_id for handle, actor_id in people.items() if actor_id in members}


def _has_left(tx: Connection, draft: Draft, room: Where | None, parent: threads.Parent | None) -> bool:
    """Whether whoever is answered is no longer in the private room, so that nothing new there is for them."""
    if draft.visibility is not Visibility.ROOM or room is None or parent is None:
        return False
    return not privacy.members_by_address(tx, room_id=room.id, uris=[parent.author_uri])


def _write(tx: Connection, here: Here, source: str, people: Mapping[str, int]) -> Written:
    rows = tx.execute(FACES, {"ids": list(people.values())}).all() if people else []
    by_id = {row.id: Person(*row) for row in rows}
    by_handle = {handle.lower(): by_id[actor_id] for handle, actor_id in people.items() if actor_id in by_id}
    used: dict[int, Person] = {}

    def link(handle: str) -> tuple[str, str] | None:
        person = by_handle.get(handle.lower())
        if person is None:
            return None
        used[person.id] = person
        return person.url, person.username

    rendered = markup.render(source, mention_url=link, tag_url=here.uris.tag)
    return Written(rendered.html, tuple(used.values()), rendered.hashtags)


def _show(tx: Connection, *, post_id: int, author_id: int, draft: Draft, parent: threads.Parent | None) -> None:
    """Into the homes of the author and of those who may see it and follow."""
    timelines.lay(tx, readers=[author_id], entry_id=post_id, post_id=post_id)
    if draft.visibility in {Visibility.MENTIONED, Visibility.ROOM}:
        return
    if parent is None and draft.visibility is Visibility.PUBLIC:
        timelines.spread_tagged(tx, post_id=post_id, author_id=author_id)
    if parent is None or parent.author_id == author_id:
        timelines.spread(tx, entry_id=post_id, post_id=post_id, by_id=author_id)
    else:
        timelines.spread_answer(tx, entry_id=post_id, post_id=post_id, by_id=author_id, to_id=parent.author_id)


def _tell(
    tx: Connection,
    here: Here,
    *,
    post_id: int,
    uri: str,
    author_id: int,
    parent: threads.Parent | None,
    named: set[int],
) -> None:
    if parent is not None:
        notices.tell(
            tx,
            here,
            recipient_id=parent.author_id,
            kind=NoticeKind.REPLY,
            actor_id=author_id,
            cause=uri,
            post_id=post_id,
        )
    for actor_id in named - ({parent.author_id} if parent else set()):
        notices.tell(
            tx, here, recipient_id=actor_id, kind=NoticeKind.MENTION, actor_id=author_id, cause=uri, post_id=post_id
        )


def hold(tx: Connection, *, post_id: int) -> None:
    """Until this is committed nobody else changes this post: what is read from now on is what is changed."""
    tx.execute(OWN, {"post": post_id})


def edit(
    tx: Connection, here: Here, *, editor_id: int, post_id: int, change: Change, people: Mapping[str, int]
) -> None:
    """Rewrite a post of ours; what it said before is kept, and everybody who has it is told. No change is no edit."""
    post = _own(tx, post_id=post_id, actor_id=editor_id)
    written = _write(tx, here, change.text, people)
    title = markup.text(change.title, limit=LONGEST_TITLE) if change.title and not post.in_reply_to_uri else None
    is_resource = resources.is_resource(tx, post_id=post_id)
    if not written.html and not is_resource and not change.media:
        raise Invalid("An empty text cannot be saved: delete the post instead.")
    if is_resource and not title:
        raise Invalid("Please give the resource a title.")
    warning = markup.text(change.warning, limit=LONGEST_WARNING) if change.warning else None
    sensitive = change.sensitive or bool(warning)
    said = (title, warning, change.text, change.language, sensitive)
    if change.quote_policy is not post.quote_policy:
        quotes.set_policy(tx, post_id=post_id, policy=change.quote_policy)
    is_new_poll = _ask_anew(tx, here, post_id=post_id, change=change)
    former = versions.standing(tx, post_id=post_id) if is_resource else None
    has_new_files = _exchange(tx, here, post_id=post_id, owner_id=editor_id, change=change)
    said_anew = change.resource is not None and descriptions.change(
        tx, here, post_id=post_id, author_id=editor_id, said=change.resource
    )
    is_same = said == (post.title, post.warning, post.source, post.language, post.sensitive)
    if is_same and not is_new_poll and not has_new_files and not said_anew:
        if change.quote_policy is not post.quote_policy:
            enqueue(tx, PublishAgain(post_id), due=here.now())
        return
    threads.keep_revision(tx, post_id=post_id, until=here.now())
    if former is not None:
        versions.keep(tx, former)
    wording = Wording(title, warning, written.html, change.text, change.language, sensitive)
    # Other servers compare whole seconds, and pass over an edit that is not newer.
    at = max(here.now(), (post.edited_at or post.published_at) + ONE_SECOND)
    threads.rewrite(tx, here, post_id=post_id, said=wording, at=at)
    resources.describe(tx, post_id=post_id, description=change.text, changed=change.changed)
    if is_resource:
        library.keep(tx, post_id=post_id)
    keywords = change.resource.keywords if change.resource else descriptions.keywords(tx, post_id=post_id)
    topics = questions.topics_of(tx, post_id=post_id)
    threads.tag(tx, post_id=post_id, labels=(*topics, *written.tags, *descriptions.tags(keywords)))
    if former is not None:
        versions.announce(tx, here, post_id=post_id)
    if change.resource is not None and change.resource.based_on:
        lineage.tell_sources(tx, here, post_id=post_id, uri=post.uri, author_id=editor_id)
    enqueue(tx, PublishEdit(post_id), due=here.now())


def _ask_anew(tx: Connection, here: Here, *, post_id: int, change: Change) -> bool:
    """Another poll than before, or none any more."""
    if change.poll is not None:
        return polls.redraft(tx, here, post_id=post_id, draft=change.poll)
    return change.drops_poll and polls.end_as_note(tx, post_id=post_id)


def _exchange(tx: Connection, here: Here, *, post_id: int, owner_id: int, change: Change) -> bool:
    keys = change.media
    is_new = keys is not None and media.exchange(tx, here, keys=keys, owner_id=owner_id, post_id=post_id)
    if change.files is None or not resources.is_resource(tx, post_id=post_id):
        return is_new
    return resources.exchange_files(tx, here, post_id=post_id, files=change.files) or is_new


def delete(tx: Connection, here: Here, *, by_id: int, post_id: int, as_moderator: bool = False) -> None:
    """Take a post down: text, files and pictures go, the address stays empty for ever (SEQ-01)."""
    post = tx.execute(OWN, {"post": post_id}).one_or_none()
    if post is None or post.deleted_at is not None:
        raise Gone("This post is already deleted.")
    if post.author_id != by_id and not as_moderator:
        raise Refused("Only its author or a moderator can delete a post.")
    threads.empty(tx, here, post_id=post_id, uri=post.uri)
    if post.local or post.room_id is not None:
        moderator = by_id if post.author_id != by_id else None
        enqueue(tx, PublishDeletion(post_id, moderator), due=here.now())


def _own(tx: Connection, *, post_id: int, actor_id: int) -> Row[*tuple[Any, ...]]:
    post = tx.execute(OWN, {"post": post_id}).one_or_none()
    if post is None:
        raise NotFound("There is no such post.")
    if post.deleted_at is not None:
        raise Gone("This post was deleted.")
    if post.author_id != actor_id:
        raise Refused("Only its author can edit a post.")
    return post
