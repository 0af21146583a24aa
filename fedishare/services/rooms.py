"""Staffrooms: opening one, and what enters it.

A room that lives here *admits* a post and passes it on to its members; a room elsewhere
*approves* one by announcing it to us.
"""

from datetime import datetime
from typing import Final

from sqlalchemy import Connection, bindparam, exists, select, update

from fedishare.core.errors import Invalid
from fedishare.core.here import Here
from fedishare.db.base import insert
from fedishare.db.follows import Follow
from fedishare.db.people import Actor
from fedishare.db.posts import Post
from fedishare.db.reactions import Reaction
from fedishare.db.rooms import Removal, Room, Steward
from fedishare.domain import markup
from fedishare.domain.kinds import FollowState, Kind, ReactionKind, StewardRole
from fedishare.jobs.queue import enqueue
from fedishare.jobs.types import Distribute, RefusePost
from fedishare.net.keys import Keypair
from fedishare.queries import rulings
from fedishare.services import follows, people, timelines

OPEN: Final = insert(Room)
APPOINT: Final = insert(Steward).on_conflict_do_nothing()
ROOM_OF: Final = (
    select(Post.room_id, Actor.local).join(Actor, Actor.id == Post.room_id).where(Post.id == bindparam("post"))
)
ENTRY: Final = (
    select(
        Post.id,
        Post.uri,
        Post.author_id,
        Post.thread_id,
        Post.in_reply_to_uri,
        Post.room_id,
        Post.deleted_at,
        Post.local,
    )
    .where(Post.id == bindparam("post"))
    .with_for_update()
)
FILE_IN: Final = (
    update(Post)
    .where(Post.id == bindparam("post"), Post.room_id.is_(None))
    .values(room_id=bindparam("room"), filed_id=bindparam("entry"))
)
RECORD: Final = insert(Reaction).on_conflict_do_nothing().returning(Reaction.id)
MEMBERS_ONLY: Final = select(Room.members_only_posting).where(Room.actor_id == bindparam("room"))
KEEP_OUT: Final = insert(Removal).on_conflict_do_nothing(index_elements=["post_id"])
IS_MEMBER: Final = select(
    exists().where(
        Follow.follower_id == bindparam("actor"),
        Follow.followee_id == bindparam("room"),
        Follow.state == FollowState.ACCEPTED,
    )
)


def open_room(
    tx: Connection,
    here: Here,
    *,
    owner_id: int,
    username: str,
    name: str,
    description: str,
    rsa: Keypair,
    ed25519: Keypair,
) -> int:
    """A new staffroom on this node; whoever opens it owns it and is its first member."""
    shown = markup.text(name, limit=100)
    if not shown:
        raise Invalid("Please give the room a name that people can read.")
    room_id = people.add(
        tx, here, kind=Kind.GROUP, username=username, name=shown, rsa=rsa, ed25519=ed25519, summary_source=description
    )
    tx.execute(OPEN, {"actor_id": room_id})
    tx.execute(APPOINT, {"room_id": room_id, "actor_id": owner_id, "role": StewardRole.OWNER})
    follows.request(tx, here, follower_id=owner_id, followee_id=room_id)
    return room_id


def is_member(tx: Connection, *, room_id: int, actor_id: int) -> bool:
    return bool(tx.scalar(IS_MEMBER, {"actor": actor_id, "room": room_id}))


def why_not(tx: Connection, here: Here, *, room_id: int, author_id: int, thread_id: int) -> str | None:
    """What keeps somebody from writing into a room, or into one conversation of it, in words for them."""
    standing = rulings.standing(tx, room_id=room_id, actor_id=author_id, thread_id=thread_id, now=here.now())
    if standing.is_banned:
        return "You were banned from this room by its moderators."
    if standing.is_locked:
        return "The moderators of the room closed this conversation."
    if tx.scalar(MEMBERS_ONLY, {"room": room_id}) and not is_member(tx, room_id=room_id, actor_id=author_id):
        return "Only members may write into this room."
    return None


def admit(
    tx: Connection, here: Here, *, room_id: int, post_id: int, activity_uri: str | None, refused: str | None = None
) -> bool:
    """Take a post into a room of ours, once; or answer False, and tell a server elsewhere why not.

    With `activity_uri` the activity is there already and is passed on; a post written here is
    passed on by the job that writes its activity, and was checked before it was written. `refused`
    says why it is not taken in any case.
    """
    post = tx.execute(ENTRY, {"post": post_id}).one()
    if post.room_id is not None:
        return bool(post.room_id == room_id)
    why = refused or why_not(tx, here, room_id=room_id, author_id=post.author_id, thread_id=post.thread_id)
    if why is not None:
        row = {"post_id": post_id, "room_id": room_id, "by_id": None, "uri": None, "reason": why, "boost_uri": None}
        tx.execute(KEEP_OUT, row | {"created_at": here.now()})
        if activity_uri is not None:
            enqueue(tx, RefusePost(room_id, post.author_id, activity_uri, why), due=here.now())
        return False
    tx.execute(FILE_IN, {"post": post_id, "room": room_id, "entry": here.ids.new()})
    if post.in_reply_to_uri is None:
        show(tx, here, room_id=room_id, post_id=post_id)
    if activity_uri is not None:
        enqueue(tx, Distribute(room_id, activity_uri, post_id), due=here.now())
    return True


def show(tx: Connection, here: Here, *, room_id: int, post_id: int) -> None:
    """A room of ours boosts the beginning of a conversation that it has."""
    reaction_id = here.ids.new()
    _boost(tx, here, reaction_id, room_id=room_id, post_id=post_id, uri=here.uris.activity(reaction_id))


def approve(tx: Connection, here: Here, *, room_id: int, post_id: int, uri: str, at: datetime) -> bool:
    """A room elsewhere announced a post: file it there, and show it to the room's members here.

    Answers False for a repeat. A post that is already in another room stays in that one.
    """
    post = tx.execute(ENTRY, {"post": post_id}).one()
    if post.deleted_at is not None or rulings.removed_from(tx, post_id=post_id) == room_id:
        return False
    if post.room_id is None:
        tx.execute(FILE_IN, {"post": post_id, "room": room_id, "entry": here.ids.new()})
    if post.in_reply_to_uri is not None:
        return post.room_id is None
    return _boost(tx, here, here.ids.new(), room_id=room_id, post_id=post_id, uri=uri, at=at)


def pass_on(tx: Connection, here: Here, *, activity_uri: str, post_id: int) -> None:
    """Something happened to a post in a room of ours: its members' nodes are told."""
    found = tx.execute(ROOM_OF, {"post": post_id}).one_or_none()
    if found is not None and found.local:
        enqueue(tx, Distribute(found.room_id, activity_uri, post_id), due=here.now())


def _boost(
    tx: Connection, here: Here, reaction_id: int, *, room_id: int, post_id: int, uri: str, at: datetime | None = None
) -> bool:
    """The room's own boost. It is not counted: the room shows every post it takes."""
    row = {"id": reaction_id, "uri": uri, "kind": ReactionKind.BOOST, "actor_id": room_id, "post_id": post_id}
    if tx.execute(RECORD, row | {"created_at": at or here.now()}).scalar() is None:
        return False
    timelines.spread(tx, entry_id=reaction_id, post_id=post_id, by_id=room_id, booster_id=room_id)
    return True
