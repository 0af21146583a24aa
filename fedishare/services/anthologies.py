"""Collections of resources that a person, a room or a handle of this node curates: made, filled, put in order, deleted.

Each is an actor, so that people on any server can follow it. What is put in is boosted by it. Whoever
changes one passes `admit` in the commit that does so: who no longer looks after a room can do nothing more.
"""

import re
import unicodedata
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, bindparam, delete, func, select, update

from fedishare.core import uris
from fedishare.core.errors import Invalid, NotFound, Refused
from fedishare.core.here import Here
from fedishare.core.uris import Place
from fedishare.db.anthologies import Anthology
from fedishare.db.base import aliased
from fedishare.db.follows import Follow
from fedishare.db.handles import Handle
from fedishare.db.people import Actor
from fedishare.db.posts import Home, Post
from fedishare.db.reactions import Reaction
from fedishare.db.resources import Resource
from fedishare.db.rooms import Steward
from fedishare.domain import markup
from fedishare.domain.audience import OPEN, Visibility
from fedishare.domain.kinds import Access, DeedKind, Kind, NoticeKind, ReactionKind
from fedishare.jobs.queue import enqueue
from fedishare.jobs.types import PublishFarewell
from fedishare.net.keys import Keypair
from fedishare.queries import privacy, sight
from fedishare.services import collected, handles, notices, people, reactions
from fedishare.services.collected import LONGEST_LINE, MOST, Item

MOST_OF_ONE_CURATOR: Final = 50
LONGEST_TITLE: Final = 100
LONGEST_ABOUT: Final = 2000
NOT_YOURS: Final = "Only those who curate a collection can change it."
NO_COLLECTION: Final = "There is no such collection."
FOR_WHOM: Final = {
    Visibility.FOLLOWERS: "for the followers of its author",
    Visibility.ROOM: "for the members of a room",
    Visibility.MENTIONED: "for the people it names",
}
_WORD: Final = re.compile(r"[a-z0-9]+", re.ASCII)
_LONGEST_NAME: Final = 24
_TRIES: Final = 200
_curator: Any = aliased(Actor)
_exists: Final = (_curator.local, _curator.suspended_at.is_(None), _curator.deleted_at.is_(None))
CURATOR: Final = (
    select(_curator.id, _curator.uri, _curator.kind, Handle.actor_id.label("handle"))
    .outerjoin(Handle, Handle.actor_id == _curator.id)
    .where(*_exists)
)
BY_ID: Final = CURATOR.where(_curator.id == bindparam("curator"))
OF: Final = (
    CURATOR.add_columns(Actor.name, Actor.uri.label("anthology_uri"))
    .join(Anthology, Anthology.curator_uri == _curator.uri)
    .join(Actor, Actor.id == Anthology.actor_id)
    .where(Anthology.actor_id == bindparam("anthology"), Actor.local, Actor.deleted_at.is_(None))
)
# Holds the row until the commit: a dismissal that happens meanwhile comes before or after, never between.
LOOKS_AFTER: Final = (
    select(Steward.actor_id)
    .where(Steward.room_id == bindparam("room"), Steward.actor_id == bindparam("actor"))
    .with_for_update()
)
COUNT: Final = (
    select(func.count())
    .select_from(Anthology)
    .join(Actor, Actor.id == Anthology.actor_id)
    .where(Anthology.curator_uri == bindparam("named"), Actor.deleted_at.is_(None))
)
NAME_TAKEN: Final = select(Actor.id).where(Actor.handle_key == bindparam("handle"))
RESOURCE: Final = (
    select(Post.visibility, Post.author_id, Resource.post_id.label("resource"))
    .outerjoin(Resource, Resource.post_id == Post.id)
    .where(Post.id == bindparam("post"))
)
TAKE_FROM_HOMES: Final = delete(Home).where(Home.booster_id == bindparam("anthology"))
_boosted: Final = select(Reaction.post_id).where(
    Reaction.actor_id == bindparam("anthology"), Reaction.kind == ReactionKind.BOOST
)
UNCOUNT: Final = update(Post).where(Post.id.in_(_boosted)).values(boosts_count=Post.boosts_count - 1)
END_BOOSTS: Final = delete(Reaction).where(Reaction.actor_id == bindparam("anthology"))
END_FOLLOWS: Final = delete(Follow).where(Follow.followee_id == bindparam("anthology"))
MARK_DELETED: Final = (
    update(Actor)
    .where(Actor.id == bindparam("anthology"))
    .values(deleted_at=bindparam("now"), summary="", summary_source="", name="")
)


class Held(NamedTuple):
    """A collection of ours, for somebody who may change it."""

    id: int
    title: str
    curator_id: int


def open_anthology(
    tx: Connection,
    here: Here,
    *,
    by_id: int,
    curator_id: int,
    username: str,
    title: str,
    about: str,
    rsa: Keypair,
    ed25519: Keypair,
) -> int:
    """A new collection, with nothing in it. Without a `username` it gets one that is made from its title."""
    curator = tx.execute(BY_ID, {"curator": curator_id}).one_or_none()
    if curator is None:
        raise Invalid("Choose who curates the collection.")
    _require_curator(tx, here, curator, actor_id=by_id, said="made a collection")
    if curator.kind is Kind.GROUP and privacy.access(tx, room_id=curator.id) is Access.PRIVATE:
        raise Invalid("A private room cannot curate a collection, because everybody can read a collection.")
    if (tx.scalar(COUNT, {"named": curator.uri}) or 0) >= MOST_OF_ONE_CURATOR:
        raise Invalid(f"There are {MOST_OF_ONE_CURATOR} collections already. Delete one that nobody needs first.")
    shown = _title(title)
    name = username or _name_for(tx, here, shown)
    actor_id = people.add(
        tx,
        here,
        kind=Kind.SERVICE,
        username=name,
        name=shown,
        rsa=rsa,
        ed25519=ed25519,
        summary_source=_about(about),
    )
    items = uris.items(here.uris.actor(Place.COLLECTION, name))
    collected.describe(tx, actor_id=actor_id, items_uri=items, curator_uri=curator.uri)
    return actor_id


def admit(tx: Connection, here: Here, *, anthology_id: int, actor_id: int, said: str) -> Held:
    """The collection of ours that somebody may change; raises Refused for everybody else, NotFound for what is none.

    `said` is what they are about to do, for the log of a handle; nothing, where it changes nothing.
    """
    row = tx.execute(OF, {"anthology": anthology_id}).one_or_none()
    if row is None:
        raise NotFound(NO_COLLECTION)
    _require_curator(tx, here, row, actor_id=actor_id, said=f"{said}: {row.name}" if said else "")
    return Held(anthology_id, row.name, row.id)


def _require_curator(tx: Connection, here: Here, curator: Any, *, actor_id: int, said: str) -> None:
    if curator.handle is not None:
        speaker = handles.admit(tx, handle_id=curator.id, actor_id=actor_id)
        if said:
            handles.note(tx, here, speaker, DeedKind.CURATE, line=said)
    elif curator.id != actor_id and not _looks_after(tx, curator, actor_id=actor_id):
        raise Refused(NOT_YOURS)


def _looks_after(tx: Connection, curator: Any, *, actor_id: int) -> bool:
    asked = {"room": curator.id, "actor": actor_id}
    return curator.kind is Kind.GROUP and tx.scalar(LOOKS_AFTER, asked) is not None


def put(tx: Connection, here: Here, *, anthology_id: int, by_id: int, post_id: int, line: str) -> bool:
    """A resource that everybody can read comes in at the end, wherever it is from; `line` says why it is there.

    The collection boosts it, so that followers on any server see it. Answers False for what is in it already.
    """
    said = _line(line)
    held = admit(tx, here, anthology_id=anthology_id, actor_id=by_id, said="put something into a collection")
    row = tx.execute(RESOURCE, {"post": post_id}).one_or_none()
    # An author who blocked any of the three does not want to be in it.
    if row is None or not _may_all_see(tx, post_id, (by_id, held.curator_id, anthology_id)):
        raise NotFound("There is no such resource, or it is not for you.")
    if row.resource is None:
        raise Invalid("Only teaching resources can be put into a collection, and this post is none.")
    if row.visibility not in OPEN:
        raise Invalid(
            "Everybody can read a collection, so only what everybody can read can be put into it. "
            f"This resource is {FOR_WHOM[row.visibility]}."
        )
    there = [each.post_id for each in collected.standing(tx, anthology_id=anthology_id)]
    if post_id in there:
        return False
    if len(there) >= MOST:
        raise Invalid(f"A collection holds up to {MOST} resources. Take one out first, or begin another collection.")
    collected.put(tx, here, anthology_id=anthology_id, item=Item(post_id, said))
    reactions.add(tx, here, kind=ReactionKind.BOOST, actor_id=anthology_id, post_id=post_id)
    _tell_author(tx, here, anthology_id=anthology_id, author_id=row.author_id, by_id=by_id, post_id=post_id)
    collected.tell(tx, here, anthology_id=anthology_id, post_id=post_id, by_id=by_id)
    collected.publish(tx, here, anthology_id=anthology_id, post_id=post_id)
    return True


def _may_all_see(tx: Connection, post_id: int, viewers: Sequence[int]) -> bool:
    """Whoever puts it in may see it; and nobody whose name is on the collection was blocked by its author."""
    first, *others = viewers
    if not sight.may_see(tx, post_id=post_id, viewer=first):
        return False
    is_open = sight.may_see(tx, post_id=post_id, viewer=None)
    return not is_open or all(sight.may_see(tx, post_id=post_id, viewer=other) for other in others)


def _tell_author(tx: Connection, here: Here, *, anthology_id: int, author_id: int, by_id: int, post_id: int) -> None:
    """In place of the notice of a boost, which says less; and nobody is told of what they did themselves."""
    cause = f"{anthology_id}:{post_id}"
    notices.withdraw(tx, recipient_id=author_id, kind=NoticeKind.BOOST, cause=cause)
    if author_id != by_id:
        kind = NoticeKind.COLLECTED
        notices.tell(tx, here, recipient_id=author_id, kind=kind, actor_id=anthology_id, cause=cause, post_id=post_id)


def take_out(tx: Connection, here: Here, *, anthology_id: int, by_id: int, post_id: int) -> bool:
    admit(tx, here, anthology_id=anthology_id, actor_id=by_id, said="took something out of a collection")
    return collected.drop(tx, here, anthology_id=anthology_id, post_id=post_id)


def say(tx: Connection, here: Here, *, anthology_id: int, by_id: int, post_id: int, line: str) -> None:
    """Another line about why something is there."""
    said = _line(line)
    before = {each.post_id: each.line for each in collected.standing(tx, anthology_id=anthology_id)}
    is_new = before.get(post_id, said) != said
    deed = "changed a line in a collection" if is_new else ""
    admit(tx, here, anthology_id=anthology_id, actor_id=by_id, said=deed)
    if is_new:
        collected.say(tx, anthology_id=anthology_id, item=Item(post_id, said))
        collected.publish(tx, here, anthology_id=anthology_id, post_id=post_id)


def move(tx: Connection, here: Here, *, anthology_id: int, by_id: int, post_id: int, steps: int) -> None:
    """Further up by so many places, or down; it stops at either end. Two who sort at once both get their way."""
    admit(tx, here, anthology_id=anthology_id, actor_id=by_id, said="sorted a collection")
    order = [each.post_id for each in collected.standing(tx, anthology_id=anthology_id)]
    if post_id not in order:
        raise NotFound("This is no longer in the collection.")
    at = order.index(post_id)
    if collected.place(tx, anthology_id=anthology_id, post_id=post_id, index=at - steps) != at:
        collected.publish(tx, here, anthology_id=anthology_id, post_id=post_id)


def describe(tx: Connection, here: Here, *, anthology_id: int, by_id: int, title: str, about: str) -> None:
    """Another title, or other words about it; followers elsewhere are told."""
    shown, said = _title(title), _about(about)
    admit(tx, here, anthology_id=anthology_id, actor_id=by_id, said="described a collection")
    people.update_profile(
        tx, here, actor_id=anthology_id, name=shown, summary_source=said, locked=False, discoverable=True
    )


def close(tx: Connection, here: Here, *, anthology_id: int, by_id: int, as_moderator: bool = False) -> None:
    """Delete a collection: its followers are told, its boosts are gone, and its name is never given out again.

    The resources stay with their authors.
    """
    row = tx.execute(OF, {"anthology": anthology_id}).one_or_none()
    if row is None:
        raise NotFound(NO_COLLECTION)
    if not as_moderator:
        admit(tx, here, anthology_id=anthology_id, actor_id=by_id, said="deleted a collection")
    collected.end(tx, here, anthology_id=anthology_id, title=row.name, by_id=by_id)
    for statement in (TAKE_FROM_HOMES, UNCOUNT, END_BOOSTS):
        tx.execute(statement, {"anthology": anthology_id})
    tx.execute(MARK_DELETED, {"anthology": anthology_id, "now": here.now()})
    enqueue(tx, PublishFarewell(anthology_id), due=here.now())


def part(tx: Connection, *, anthology_id: int) -> None:
    """Its followers were told that it is gone: nobody follows it any more."""
    tx.execute(END_FOLLOWS, {"anthology": anthology_id})


def _title(title: str) -> str:
    shown = markup.text(title, limit=LONGEST_TITLE + 1)
    if not shown:
        raise Invalid("Give the collection a title that says what is in it.")
    if len(shown) > LONGEST_TITLE:
        raise Invalid(f"Please keep the title under {LONGEST_TITLE} characters.")
    return shown


def _about(about: str) -> str:
    if len(about) > LONGEST_ABOUT:
        raise Invalid(f"Please keep it under {LONGEST_ABOUT} characters.")
    return about


def _line(line: str) -> str:
    said = markup.text(line, limit=LONGEST_LINE + 1)
    if len(said) > LONGEST_LINE:
        raise Invalid(f"Please say it in under {LONGEST_LINE} characters.")
    return said


def _name_for(tx: Connection, here: Here, title: str) -> str:
    """A short name out of a title: "Great fractions!" becomes great-fractions, or great-fractions-2."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    first, *more = _WORD.findall(plain) or ["collection"]
    stem = first[:_LONGEST_NAME]
    for word in more:
        # No word is cut off in the middle.
        if len(stem) + 1 + len(word) > _LONGEST_NAME:
            break
        stem = f"{stem}-{word}"
    for number in range(1, _TRIES):
        name = stem if number == 1 else f"{stem}-{number}"
        if tx.scalar(NAME_TAKEN, {"handle": f"{name}@{here.uris.authority}".lower()}) is None:
            return name
    raise Invalid("Choose a short name for it.")
