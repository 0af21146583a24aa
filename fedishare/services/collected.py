"""What is in collections of resources, here and elsewhere, and who is told. Who may change one is in anthologies."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, and_, bindparam, delete, exists, or_, select, update

from fedishare.core.here import Here
from fedishare.db.anthologies import Anthology, AnthologyItem
from fedishare.db.base import aliased, insert
from fedishare.db.follows import Follow, Mute
from fedishare.db.people import Actor
from fedishare.db.posts import Post
from fedishare.db.resources import Resource
from fedishare.domain.audience import OPEN
from fedishare.domain.kinds import FollowState, NoticeKind, ReactionKind
from fedishare.jobs.queue import enqueue
from fedishare.jobs.types import PublishItem
from fedishare.services import notices, reactions

MOST: Final = 200
LONGEST_LINE: Final = 300
DESCRIBE: Final = insert(Anthology)
DESCRIBE_AGAIN: Final = DESCRIBE.on_conflict_do_update(
    index_elements=["actor_id"],
    set_={name: getattr(DESCRIBE.excluded, name) for name in ("items_uri", "curator_uri")},
)
# Two who put something in at once wait for each other.
HOLD: Final = select(Anthology.actor_id).where(Anthology.actor_id == bindparam("anthology")).with_for_update()
FITTING: Final = (
    select(Post.id)
    .join(Resource, Resource.post_id == Post.id)
    .where(Post.id.in_(bindparam("posts", expanding=True)), Post.visibility.in_(OPEN), Post.deleted_at.is_(None))
)
STANDING: Final = (
    select(AnthologyItem.post_id, AnthologyItem.position, AnthologyItem.line, AnthologyItem.added_at)
    .where(AnthologyItem.anthology_id == bindparam("anthology"))
    .order_by(AnthologyItem.position)
)
PUT: Final = insert(AnthologyItem).on_conflict_do_nothing().returning(AnthologyItem.post_id)
TAKE: Final = (
    delete(AnthologyItem)
    .where(AnthologyItem.anthology_id == bindparam("anthology"), AnthologyItem.post_id == bindparam("post"))
    .returning(AnthologyItem.post_id)
)
PLACE: Final = (
    update(AnthologyItem)
    .where(AnthologyItem.anthology_id == bindparam("anthology"), AnthologyItem.post_id == bindparam("post"))
    .values(position=bindparam("place"))
)
CLEAR: Final = delete(AnthologyItem).where(AnthologyItem.anthology_id == bindparam("anthology"))
SAY: Final = (
    update(AnthologyItem)
    .where(AnthologyItem.anthology_id == bindparam("anthology"), AnthologyItem.post_id == bindparam("post"))
    .values(line=bindparam("said"))
    .returning(AnthologyItem.post_id)
)
END: Final = delete(Anthology).where(Anthology.actor_id == bindparam("anthology")).returning(Anthology.actor_id)
EARS: Final = (
    select(Follow.follower_id)
    .join(Actor, Actor.id == Follow.follower_id)
    .where(Follow.followee_id == bindparam("anthology"), Follow.state == FollowState.ACCEPTED, Actor.local)
    .where(Follow.follower_id != bindparam("by"))
    .where(~exists().where(Mute.muter_id == Follow.follower_id, Mute.muted_id == bindparam("anthology"), Mute.notices))
    .order_by(Follow.follower_id)
)
_held: Final = (
    select(AnthologyItem.anthology_id, AnthologyItem.post_id)
    .join(Actor, Actor.id == AnthologyItem.anthology_id)
    .where(Actor.local)
)
HELD: Final = _held.where(AnthologyItem.post_id == bindparam("post"))
HELD_OF_AUTHOR: Final = _held.where(
    AnthologyItem.post_id.in_(select(Post.id).where(Post.author_id == bindparam("author")))
)
_curator: Any = aliased(Actor)
_of_one_by_other: Final = exists().where(
    Post.id == AnthologyItem.post_id,
    or_(
        and_(Post.author_id == bindparam("one"), _curator.id == bindparam("other")),
        and_(Post.author_id == bindparam("other"), _curator.id == bindparam("one")),
        and_(Post.author_id == bindparam("one"), AnthologyItem.anthology_id == bindparam("other")),
    ),
)
HELD_BETWEEN: Final = (
    _held.join(Anthology, Anthology.actor_id == AnthologyItem.anthology_id)
    .join(_curator, _curator.uri == Anthology.curator_uri)
    .where(_of_one_by_other)
)


class Item(NamedTuple):
    post_id: int
    line: str


class Placed(NamedTuple):
    post_id: int
    position: int
    line: str
    added_at: datetime


def describe(tx: Connection, *, actor_id: int, items_uri: str, curator_uri: str | None) -> None:
    """An actor is a collection, and whose."""
    tx.execute(DESCRIBE_AGAIN, {"actor_id": actor_id, "items_uri": items_uri, "curator_uri": curator_uri})


def standing(tx: Connection, *, anthology_id: int) -> list[Placed]:
    """What is in a collection now, in order, whoever may see it. Held until the commit."""
    tx.execute(HOLD, {"anthology": anthology_id})
    return [Placed(*row) for row in tx.execute(STANDING, {"anthology": anthology_id})]


def put(tx: Connection, here: Here, *, anthology_id: int, item: Item) -> bool:
    """At the end of the collection, once. Answers False for what is in it, or does not belong there, or is too much."""
    there = standing(tx, anthology_id=anthology_id)
    if len(there) >= MOST or not tx.scalars(FITTING, {"posts": [item.post_id]}).all():
        return False
    position = there[-1].position + 1 if there else 0
    row = {"anthology_id": anthology_id, "post_id": item.post_id, "position": position, "line": item.line}
    return tx.execute(PUT, row | {"added_at": here.now()}).scalar() is not None


def place(tx: Connection, *, anthology_id: int, post_id: int, index: int) -> int | None:
    """Give something in a collection another place, counted from 0. Answers which it has, if it is in it."""
    order = [each.post_id for each in standing(tx, anthology_id=anthology_id)]
    if post_id not in order:
        return None
    order.remove(post_id)
    index = min(max(index, 0), len(order))
    order.insert(index, post_id)
    rows = [{"anthology": anthology_id, "post": each, "place": number} for number, each in enumerate(order)]
    tx.execute(PLACE, rows)
    return index


def index_behind(tx: Connection, *, anthology_id: int, post_id: int, previous_id: int) -> int | None:
    """Where in a collection something is to stand to come right behind something else, if that is in it."""
    order = [each.post_id for each in standing(tx, anthology_id=anthology_id) if each.post_id != post_id]
    return order.index(previous_id) + 1 if previous_id in order else None


def take(tx: Connection, *, anthology_id: int, post_id: int) -> bool:
    return tx.execute(TAKE, {"anthology": anthology_id, "post": post_id}).scalar() is not None


def say(tx: Connection, *, anthology_id: int, item: Item) -> bool:
    """Another line about something in a collection. Answers False where it is not in it."""
    return tx.execute(SAY, {"anthology": anthology_id, "post": item.post_id, "said": item.line}).scalar() is not None


def replace(tx: Connection, here: Here, *, anthology_id: int, items: Sequence[Item]) -> None:
    """Exactly these, in this order, as far as they are resources that everybody may see."""
    since = {each.post_id: each.added_at for each in standing(tx, anthology_id=anthology_id)}
    wanted = {item.post_id: item for item in items}
    fitting = set(tx.scalars(FITTING, {"posts": list(wanted)})) if wanted else set()
    kept = [item for item in wanted.values() if item.post_id in fitting][:MOST]
    tx.execute(CLEAR, {"anthology": anthology_id})
    for position, item in enumerate(kept):
        row = {"anthology_id": anthology_id, "post_id": item.post_id, "position": position, "line": item.line}
        tx.execute(PUT, row | {"added_at": since.get(item.post_id) or here.now()})


def tell(tx: Connection, here: Here, *, anthology_id: int, post_id: int, by_id: int = 0) -> None:
    """Those of us who follow a collection hear of what is new in it, but not whoever put it there."""
    ears = tx.scalars(EARS, {"anthology": anthology_id, "by": by_id}).all()
    cause = f"{anthology_id}:{post_id}"
    notices.spread(tx, here, ears=ears, kind=NoticeKind.COLLECTED, actor_id=anthology_id, cause=cause, post_id=post_id)


def end(tx: Connection, here: Here, *, anthology_id: int, title: str, by_id: int = 0) -> bool:
    """A collection is no more; those of us who follow it are told. Answers False for what is none."""
    if tx.execute(END, {"anthology": anthology_id}).scalar() is None:
        return False
    ears = tx.scalars(EARS, {"anthology": anthology_id, "by": by_id}).all()
    kind, cause = NoticeKind.COLLECTION_GONE, f"{anthology_id}"
    notices.spread(tx, here, ears=ears, kind=kind, actor_id=anthology_id, cause=cause, line=title)
    return True


def publish(tx: Connection, here: Here, *, anthology_id: int, post_id: int) -> None:
    """Have told what is so of something in a collection of ours."""
    before = None
    for number, each in enumerate(standing(tx, anthology_id=anthology_id), start=1):
        if each.post_id == post_id:
            job = PublishItem(anthology_id, post_id, added=True, said=each.line, position=number, previous_id=before)
            enqueue(tx, job, due=here.now())
        before = each.post_id


def lose(tx: Connection, here: Here, *, post_id: int) -> None:
    """A post is about to be deleted: collections of ours have it no longer, and say so."""
    _drop(tx, here, tx.execute(HELD, {"post": post_id}).all())


def lose_all(tx: Connection, here: Here, *, author_id: int) -> None:
    """The same for all posts of somebody who leaves."""
    _drop(tx, here, tx.execute(HELD_OF_AUTHOR, {"author": author_id}).all())


def part(tx: Connection, here: Here, *, blocker_id: int, blocked_id: int) -> None:
    """Two who have nothing more to do with each other have nothing in each other's collections here either."""
    _drop(tx, here, tx.execute(HELD_BETWEEN, {"one": blocker_id, "other": blocked_id}).all())


def _drop(tx: Connection, here: Here, held: Sequence[Any]) -> None:
    for row in held:
        drop(tx, here, anthology_id=row.anthology_id, post_id=row.post_id)


def drop(tx: Connection, here: Here, *, anthology_id: int, post_id: int) -> bool:
    """Take something out of a collection of ours, and have it told."""
    if not take(tx, anthology_id=anthology_id, post_id=post_id):
        return False
    reactions.remove(tx, here, kind=ReactionKind.BOOST, actor_id=anthology_id, post_id=post_id)
    enqueue(tx, PublishItem(anthology_id, post_id, added=False), due=here.now())
    return True
