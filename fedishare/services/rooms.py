"""Staffrooms: opening one, and what enters it.

A room that lives here *admits* a post and passes it on to its members; a room elsewhere
*approves* one by announcing it to us.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, and_, bindparam, delete, exists, select

from fedishare.core.errors import Invalid
from fedishare.core.here import Here
from fedishare.db.base import BigId, insert
from fedishare.db.follows import Block, Follow, Mute
from fedishare.db.notices import Notice
from fedishare.db.people import Actor
from fedishare.db.posts import Post
from fedishare.db.reactions import Reaction
from fedishare.db.rooms import Removal, Room, Steward, Watch
from fedishare.domain import markup, membership
from fedishare.domain.audience import Visibility
from fedishare.domain.kinds import Access, FollowState, Kind, NoticeKind, ReactionKind, StewardRole
from fedishare.jobs.queue import enqueue
from fedishare.jobs.types import Distribute, RefusePost
from fedishare.net.keys import Keypair
from fedishare.queries import rulings, sight
from fedishare.services import follows, invitations, notices, people, shelves, timelines

LONGEST_RULES: Final = 5_000
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
        Post.visibility,
        Post.addressed_to,
    )
    .where(Post.id == bindparam("post"))
    .with_for_update()
)
RECORD: Final = insert(Reaction).on_conflict_do_nothing().returning(Reaction.id)
POLICY: Final = (
    select(
        Room.members_only_posting,
        Room.stewards_only_posting,
        Actor.locked,
        Actor.discoverable,
        Actor.followers,
        Actor.moved_to,
    )
    .select_from(Actor)
    .outerjoin(Room, Room.actor_id == Actor.id)
    .where(Actor.id == bindparam("room"))
)
KEEP_OUT: Final = insert(Removal).on_conflict_do_nothing(index_elements=["post_id", "room_id"])
WATCHERS: Final = (
    select(Watch.actor_id)
    .join(Follow, and_(Follow.follower_id == Watch.actor_id, Follow.followee_id == Watch.room_id))
    .where(Watch.room_id == bindparam("room"), Follow.state == FollowState.ACCEPTED)
    .where(Watch.actor_id != bindparam("author"))
    .where(~exists().where(Block.blocker_id == Watch.actor_id, Block.blocked_id == bindparam("author")))
    .where(~exists().where(Mute.muter_id == Watch.actor_id, Mute.muted_id == bindparam("author"), Mute.notices))
    .where(~sight.shuns(Watch.actor_id, bindparam("author", type_=BigId)))
)
UNTELL: Final = delete(Notice).where(
    Notice.post_id == bindparam("post"),
    Notice.recipient_id.in_(select(Mute.muter_id).where(Mute.muted_id == bindparam("room"), Mute.notices)),
)
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
    access: Access = Access.OPEN,
    rules: str = "",
) -> int:
    """A new staffroom on this node; whoever opens it owns it and is its first member."""
    shown = markup.text(name, limit=100)
    if not shown:
        raise Invalid("Please give the room a name that people can read.")
    room_id = people.add(
        tx,
        here,
        kind=Kind.GROUP,
        username=username,
        name=shown,
        rsa=rsa,
        ed25519=ed25519,
        summary_source=description,
        locked=access is not Access.OPEN,
        discoverable=access is not Access.PRIVATE,
    )
    tx.execute(OPEN, {"actor_id": room_id, "rules": rules.strip()[:LONGEST_RULES]})
    tx.execute(APPOINT, {"room_id": room_id, "actor_id": owner_id, "role": StewardRole.OWNER})
    invitations.invite(tx, here, room_id=room_id, by_id=owner_id, actor_id=owner_id)
    follows.request(tx, here, follower_id=owner_id, followee_id=room_id)
    return room_id


def is_member(tx: Connection, *, room_id: int, actor_id: int) -> bool:
    return bool(tx.scalar(IS_MEMBER, {"actor": actor_id, "room": room_id}))


def why_not(
    tx: Connection,
    here: Here,
    *,
    room_id: int,
    author_id: int,
    thread_id: int,
    visibility: Visibility,
    to: Collection[str] | None = None,
) -> str | None:
    """What keeps somebody from writing into a room, or into one conversation of it, in words for them.

    `to` is whom the post is for, where that is settled already. What is for the members of one room enters no other.
    """
    standing = rulings.standing(tx, room_id=room_id, actor_id=author_id, thread_id=thread_id, now=here.now())
    if standing.is_banned:
        return "You were banned from this room by its moderators."
    if standing.is_locked:
        return "The moderators of the room closed this conversation."
    policy = tx.execute(POLICY, {"room": room_id}).one()
    if policy.moved_to is not None:
        return f"This room has moved. Join the new one, and write there: {policy.moved_to}"
    is_private = membership.access(locked=policy.locked, discoverable=policy.discoverable) is Access.PRIVATE
    if (is_private or policy.members_only_posting) and not is_member(tx, room_id=room_id, actor_id=author_id):
        return "Only members may write into this room."
    if policy.stewards_only_posting and not thread_id and rulings.role(tx, room_id=room_id, actor_id=author_id) is None:
        return "Only those who look after this room begin conversations in it. You can answer them."
    return _why_not_so(visibility, is_private=is_private, is_for_others=to is not None and policy.followers not in to)


def _why_not_so(visibility: Visibility, *, is_private: bool, is_for_others: bool) -> str | None:
    """What is for the members of one room is in no other, and a private room has nothing else."""
    if is_private and visibility is not Visibility.ROOM:
        return "This room is private: what is written into it is for its members alone."
    if visibility is Visibility.ROOM and is_for_others:
        return "This is for the members of another room."
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
    thread_id = post.thread_id if post.in_reply_to_uri is not None else 0
    why = refused or why_not(
        tx,
        here,
        room_id=room_id,
        author_id=post.author_id,
        thread_id=thread_id,
        visibility=post.visibility,
        to=post.addressed_to,
    )
    if why is not None:
        row = {"post_id": post_id, "room_id": room_id, "by_id": None, "uri": None, "reason": why, "boost_uri": None}
        tx.execute(KEEP_OUT, row | {"created_at": here.now()})
        if activity_uri is not None:
            enqueue(tx, RefusePost(room_id, post.author_id, activity_uri, why), due=here.now())
        return False
    shelves.put(tx, here, post_id=post_id, room_id=room_id)
    tell_members(tx, here, room_id=room_id, post=post)
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

    Answers False for a repeat. A post that is already in another room stays in that one, and is in both.
    """
    post = tx.execute(ENTRY, {"post": post_id}).one()
    if post.deleted_at is not None or rulings.is_removed(tx, post_id=post_id, room_id=room_id):
        return False
    is_new = shelves.put(tx, here, post_id=post_id, room_id=room_id)
    if is_new:
        tell_members(tx, here, room_id=room_id, post=post)
    if post.in_reply_to_uri is not None:
        return is_new
    return _boost(tx, here, here.ids.new(), room_id=room_id, post_id=post_id, uri=uri, at=at)


def tell_members(tx: Connection, here: Here, *, room_id: int, post: Row[*tuple[Any, ...]]) -> None:
    """Those of us who want to hear of everything in a room are told of what is new; who muted it, of nothing there."""
    tx.execute(UNTELL, {"post": post.id, "room": room_id})
    if post.in_reply_to_uri is not None:
        return
    ears = tx.scalars(WATCHERS, {"room": room_id, "author": post.author_id}).all()
    kind, who = NoticeKind.ROOM_POST, post.author_id
    notices.spread(tx, here, ears=ears, kind=kind, actor_id=who, cause=post.uri, post_id=post.id)


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
