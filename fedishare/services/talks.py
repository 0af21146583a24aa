"""Keeping conversations for the people named in them: what is said comes into each one's own."""

import hashlib
from collections.abc import Iterable
from typing import Final

from sqlalchemy import Connection, bindparam, delete, exists, or_, select, update

from fedishare.core.errors import NotFound
from fedishare.core.here import Here
from fedishare.db.accounts import Account
from fedishare.db.base import insert
from fedishare.db.follows import Block
from fedishare.db.handles import Handle
from fedishare.db.people import Actor
from fedishare.db.posts import Mention, Post
from fedishare.db.talks import Talk, TalkPost
from fedishare.domain.audience import Visibility

SAID: Final = select(Post.author_id).where(Post.id == bindparam("post"), Post.visibility == Visibility.MENTIONED)
NAMED: Final = select(Mention.actor_id).where(Mention.post_id == bindparam("post"))
# Of those who take part, whoever reads here and will hear from the author.
OURS: Final = (
    select(Actor.id)
    .where(Actor.id.in_(bindparam("ids", expanding=True)), Actor.local)
    .where(or_(exists().where(Account.actor_id == Actor.id), exists().where(Handle.actor_id == Actor.id)))
    .where(~exists().where(Block.blocker_id == Actor.id, Block.blocked_id == bindparam("author")))
)
_kept = insert(Talk)
KEEP: Final = _kept.on_conflict_do_update(
    index_elements=["owner_id", "key"],
    set_={"last_post_id": _kept.excluded.last_post_id, "unread": _kept.excluded.unread},
).returning(Talk.id)
ADD: Final = insert(TalkPost).on_conflict_do_nothing()
_own = (Talk.id == bindparam("talk"), Talk.owner_id == bindparam("owner"))
MARK: Final = update(Talk).where(*_own).values(unread=bindparam("is_unread")).returning(Talk.id)
END: Final = delete(Talk).where(*_own).returning(Talk.id)


def record(tx: Connection, here: Here, *, post_id: int) -> None:
    """A post was written or came in. Of one that is not for those named in it alone, nothing is kept here."""
    author_id = tx.scalar(SAID, {"post": post_id})
    if author_id is None:
        return
    parties = {author_id, *tx.scalars(NAMED, {"post": post_id})}
    for owner in tx.scalars(OURS, {"ids": list(parties), "author": author_id}).all():
        others = sorted(parties - {owner})
        row = {"id": here.ids.new(), "owner_id": owner, "key": key_of(others), "others": list(map(str, others))}
        talk_id = tx.execute(KEEP, row | {"last_post_id": post_id, "unread": owner != author_id}).scalar_one()
        tx.execute(ADD, {"talk_id": talk_id, "post_id": post_id})


def key_of(others: Iterable[int]) -> str:
    """The same for the same people, and of one length however many they are."""
    return hashlib.sha256(",".join(map(str, others)).encode()).hexdigest()


def mark(tx: Connection, *, owner_id: int, talk_id: int, unread: bool) -> None:
    """Raises NotFound for a conversation that is not this owner's."""
    if tx.execute(MARK, {"talk": talk_id, "owner": owner_id, "is_unread": unread}).scalar() is None:
        raise NotFound("Record not found")


def end(tx: Connection, *, owner_id: int, talk_id: int) -> None:
    """Their owner is done with it. The others keep theirs, and the posts stay."""
    if tx.execute(END, {"talk": talk_id, "owner": owner_id}).scalar() is None:
        raise NotFound("Record not found")
