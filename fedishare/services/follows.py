"""The life of a follow: requested, accepted, refused, undone; and blocks, which end it."""

from typing import Final, NamedTuple

from sqlalchemy import Connection, bindparam, delete, exists, or_, select, update

from fedishare.core import crash
from fedishare.core.errors import Refused
from fedishare.core.here import Here
from fedishare.db.anthologies import Anthology
from fedishare.db.base import BigId, aliased, insert, lock
from fedishare.db.follows import Block, Follow
from fedishare.db.people import Actor
from fedishare.db.rooms import Member, Steward
from fedishare.domain import membership
from fedishare.domain.kinds import Access, FollowState, Kind, NoticeKind
from fedishare.jobs.queue import enqueue
from fedishare.jobs.types import (
    AnswerFollow,
    FetchFeatured,
    FetchMembers,
    PublishMember,
    SendBlock,
    SendFollow,
    SendUnblock,
    SendUnfollow,
)
from fedishare.queries import anthologies, privacy, rulings, sight
from fedishare.services import belongings, collected, invitations, nodes, notices

BETWEEN: Final = exists().where(
    or_(
        (Block.blocker_id == bindparam("one")) & (Block.blocked_id == bindparam("other")),
        (Block.blocker_id == bindparam("other")) & (Block.blocked_id == bindparam("one")),
    )
)
BLOCKED: Final = select(
    or_(
        BETWEEN,
        sight.shuns(bindparam("one", type_=BigId), bindparam("other", type_=BigId)),
        sight.shuns(bindparam("other", type_=BigId), bindparam("one", type_=BigId)),
    )
)
PARTIES: Final = select(
    Actor.id,
    Actor.kind,
    Actor.local,
    Actor.locked,
    Actor.discoverable,
    Actor.host,
    Actor.name,
    Actor.moved_to,
    Actor.suspended_at,
    Actor.deleted_at,
).where(Actor.id.in_(bindparam("ids", expanding=True)))
# Two may ask at once on PostgreSQL; the loser of the race waits here and then finds the winner's row.
EXISTING: Final = (
    select(Follow.id, Follow.state, Follow.uri)
    .where(Follow.follower_id == bindparam("follower"), Follow.followee_id == bindparam("followee"))
    .with_for_update()
)
RECORD: Final = (
    insert(Follow).on_conflict_do_nothing(index_elements=["follower_id", "followee_id"]).returning(Follow.id)
)
RENAME: Final = update(Follow).where(Follow.id == bindparam("row")).values(uri=bindparam("named"))
SETTLE: Final = update(Follow).where(Follow.id == bindparam("row")).values(state=bindparam("settled"))
CURATOR: Final = (
    select(Actor.id)
    .join(Anthology, Anthology.curator_uri == Actor.uri)
    .where(Anthology.actor_id == bindparam("anthology"))
)
REMOVE: Final = delete(Follow).where(Follow.id == bindparam("row"))
STEP_DOWN: Final = delete(Steward).where(Steward.room_id == bindparam("room"), Steward.actor_id == bindparam("actor"))
_reader = aliased(Actor)
# Who is in a room elsewhere is for those of us who are in it themselves.
FORGET_MEMBERS: Final = delete(Member).where(
    Member.room_id == bindparam("room"),
    ~exists().where(
        Follow.followee_id == Member.room_id,
        Follow.state == FollowState.ACCEPTED,
        _reader.id == Follow.follower_id,
        _reader.local,
    ),
)
RECORD_BLOCK: Final = (
    insert(Block).on_conflict_do_nothing(index_elements=["blocker_id", "blocked_id"]).returning(Block.id)
)
REMOVE_BLOCK: Final = (
    delete(Block)
    .where(Block.blocker_id == bindparam("blocker"), Block.blocked_id == bindparam("blocked"))
    .returning(Block.uri)
)


class Party(NamedTuple):
    id: int
    kind: Kind
    local: bool
    locked: bool
    discoverable: bool
    host: str
    name: str
    moved_to: str | None
    is_gone: bool

    @property
    def is_room(self) -> bool:
        return self.kind is Kind.GROUP

    @property
    def is_private(self) -> bool:
        return self.is_room and membership.access(locked=self.locked, discoverable=self.discoverable) is Access.PRIVATE


def request(
    tx: Connection,
    here: Here,
    *,
    follower_id: int,
    followee_id: int,
    uri: str | None = None,
    link: str | None = None,
) -> FollowState:
    """`follower` asks to follow `followee`; one of the two, or both, live here.

    A Follow from elsewhere of somebody open is accepted at once. A repeat is answered again,
    because our first Accept may never have arrived; its new id is kept, for the answer must
    name it. `link` is the invitation into a room that the follower brings. Raises Refused when either
    has blocked the other, or the followee is gone, or is a private room that did not invite them.
    """
    _lock_pair(tx, follower_id, followee_id)
    follower, followee = _party(tx, follower_id), _party(tx, followee_id)
    if follower_id == followee_id:
        raise Refused("You cannot follow yourself.")
    if followee.local and followee.moved_to is not None:
        raise Refused("This account has moved. Follow the new one, which its page names.")
    if followee.is_gone or _have_blocked(tx, follower, followee):
        raise Refused("This account cannot be followed.")
    if followee.kind is Kind.GROUP and rulings.is_banned(tx, room_id=followee_id, actor_id=follower_id, now=here.now()):
        raise Refused("The moderators of this room banned this account.")

    found = tx.execute(EXISTING, {"follower": follower_id, "followee": followee_id}).one_or_none()
    if found is None:
        return _begin(tx, here, follower, followee, uri=uri, link=link)
    if follower.local and not followee.local:
        enqueue(tx, SendFollow(found.id, follower_id, followee_id, link or ""), due=here.now())
    if found.state == FollowState.REQUESTED and followee.local and _is_welcome(tx, here, follower, followee, link):
        accept(tx, here, follower_id=follower_id, followee_id=followee_id)
        return FollowState.ACCEPTED
    if not follower.local:
        named = uri or found.uri
        tx.execute(RENAME, {"row": found.id, "named": named})
        if found.state == FollowState.ACCEPTED:
            enqueue(tx, AnswerFollow(follower.id, followee.id, named, accept=True), due=here.now())
    return FollowState(found.state)


def _have_blocked(tx: Connection, follower: Party, followee: Party) -> bool:
    """One the other; of a collection, its curator counts too."""
    if tx.scalar(BLOCKED, {"one": follower.id, "other": followee.id}):
        return True
    is_list = followee.kind is Kind.SERVICE
    return is_list and anthologies.is_shut(tx, anthology_id=followee.id, actor_id=follower.id)


def _is_welcome(tx: Connection, here: Here, follower: Party, followee: Party, link: str | None) -> bool:
    """Whether a room of ours that does not let in everybody invited this one; another room it has to have asked."""
    if not followee.is_room:
        return False
    if follower.is_room:
        return tx.execute(EXISTING, {"follower": followee.id, "followee": follower.id}).one_or_none() is not None
    return invitations.is_welcome(tx, here, room_id=followee.id, actor_id=follower.id, link=link)


def _refuse_strangers(tx: Connection, follower: Party, followee: Party, *, is_invited: bool) -> None:
    """Into a private room of ours come those it invited, if their server keeps private what is."""
    if not followee.local or not followee.is_private:
        return
    if follower.is_room:
        raise Refused(membership.ONLY_PUBLIC_LINKS)
    if not follower.local and not privacy.is_discreet(tx, host=follower.host):
        raise Refused(membership.WHY_NOT_HERE)
    if not is_invited:
        raise Refused("This room is private. Ask one of its moderators for an invitation.")


def _begin(
    tx: Connection, here: Here, follower: Party, followee: Party, *, uri: str | None, link: str | None
) -> FollowState:
    # What is in one room is in the other when they are linked, so no room is let in like a person (FEP-d36d).
    is_link = follower.is_room and followee.is_room
    is_shut = followee.locked or is_link
    is_invited = followee.local and is_shut and _is_welcome(tx, here, follower, followee, link)
    _refuse_strangers(tx, follower, followee, is_invited=is_invited)
    is_open = followee.local and (not is_shut or is_invited)
    state = FollowState.ACCEPTED if is_open else FollowState.REQUESTED
    follow_id = here.ids.new()
    named = uri or here.uris.activity(follow_id)
    row = {"id": follow_id, "follower_id": follower.id, "followee_id": followee.id, "uri": named, "state": state}
    if tx.execute(RECORD, row | {"created_at": here.now()}).scalar() is None:
        return request(tx, here, follower_id=follower.id, followee_id=followee.id, uri=uri, link=link)
    crash.point("follow.recorded")
    if not followee.local:
        enqueue(tx, SendFollow(follow_id, follower.id, followee.id, link or ""), due=here.now())
        enqueue(tx, FetchFeatured(followee.id), due=here.now())
        return state
    if not follower.local:
        nodes.meet(tx, here, host=follower.host)
        if is_open:
            enqueue(tx, AnswerFollow(follower.id, followee.id, named, accept=True), due=here.now())
    if is_link:
        return state
    if is_open:
        _entered(tx, here, follower, followee)
    kind = NoticeKind.FOLLOW if is_open else NoticeKind.FOLLOW_REQUEST
    cause, ear = _cause(follower, followee), _ear(tx, followee)
    notices.tell(tx, here, recipient_id=ear, kind=kind, actor_id=follower.id, cause=cause)
    return state


def _cause(follower: Party, followee: Party) -> str:
    """A room or a collection has no eyes of its own: whoever looks after it, and others, is told which one it was."""
    is_looked_after = followee.kind in {Kind.GROUP, Kind.SERVICE}
    return notices.into_room(follower.id, followee.id) if is_looked_after else f"{follower.id}"


def _ear(tx: Connection, followee: Party) -> int:
    """Who is told of a follower of somebody here: of a collection its curator, who may be a handle or a room."""
    curator = tx.scalar(CURATOR, {"anthology": followee.id}) if followee.kind is Kind.SERVICE else None
    return followee.id if curator is None else curator


def accept(tx: Connection, here: Here, *, follower_id: int, followee_id: int) -> bool:
    """The followee agreed: our own person just now, or somebody elsewhere whose Accept arrived.

    Answers False where nobody had asked, or all was settled before.
    """
    found = tx.execute(EXISTING, {"follower": follower_id, "followee": followee_id}).one_or_none()
    if found is None or found.state == FollowState.ACCEPTED:
        return False
    follower, followee = _party(tx, follower_id), _party(tx, followee_id)
    tx.execute(SETTLE, {"row": found.id, "settled": FollowState.ACCEPTED})
    _entered(tx, here, follower, followee)
    if followee.is_room and followee.locked and not follower.is_room:
        _say(tx, here, follower, followee, "You are in the room now.")
    cause = _cause(follower, followee)
    if notices.withdraw(tx, recipient_id=followee_id, kind=NoticeKind.FOLLOW_REQUEST, cause=cause):
        notices.tell(tx, here, recipient_id=followee_id, kind=NoticeKind.FOLLOW, actor_id=follower_id, cause=cause)
    if followee.local and not follower.local:
        enqueue(tx, AnswerFollow(follower_id, followee_id, found.uri, accept=True), due=here.now())
    return True


def _entered(tx: Connection, here: Here, follower: Party, followee: Party) -> None:
    """Somebody is in a room: who else is in it may have to know, and the invitation has done its work."""
    if not followee.is_room or follower.is_room:
        return
    invitations.use_up(tx, room_id=followee.id, actor_id=follower.id)
    if followee.local:
        belongings.arrive(tx, room_id=followee.id, actor_id=follower.id)
    if followee.local and followee.is_private:
        enqueue(tx, PublishMember(followee.id, follower.id, entered=True), due=here.now())
    elif not followee.local:
        enqueue(tx, FetchMembers(followee.id), due=here.now())


def _left(tx: Connection, here: Here, follower: Party, followee: Party) -> None:
    """Somebody is out of a room, and looks after it no longer."""
    if not followee.is_room or follower.is_room:
        return
    if followee.local:
        tx.execute(STEP_DOWN, {"room": followee.id, "actor": follower.id})
    if followee.local and followee.is_private:
        enqueue(tx, PublishMember(followee.id, follower.id, entered=False), due=here.now())
    elif not followee.local:
        tx.execute(FORGET_MEMBERS, {"room": followee.id})


def _say(tx: Connection, here: Here, follower: Party, room: Party, line: str) -> None:
    cause = f"{room.id} {here.now().isoformat()} {line}"
    notices.tell(
        tx, here, recipient_id=follower.id, kind=NoticeKind.MEMBERSHIP, actor_id=room.id, cause=cause, line=line
    )


def believe(tx: Connection, here: Here, *, follower_id: int, followee_id: int) -> None:
    """The server of somebody elsewhere counts one of ours as a follower.

    If our person asked, the answer was lost, and this is it. If not, their server is told that
    it is not so (FEP-8fcf).
    """
    found = tx.execute(EXISTING, {"follower": follower_id, "followee": followee_id}).one_or_none()
    if found is not None:
        accept(tx, here, follower_id=follower_id, followee_id=followee_id)
        return
    enqueue(tx, SendUnfollow(follower_id, followee_id, here.uris.activity(here.ids.new())), due=here.now())


def reject(tx: Connection, here: Here, *, follower_id: int, followee_id: int) -> bool:
    """The followee refuses, or removes a follower: the row goes, and a follower elsewhere is told."""
    found = tx.execute(EXISTING, {"follower": follower_id, "followee": followee_id}).one_or_none()
    if found is None:
        return False
    follower, followee = _party(tx, follower_id), _party(tx, followee_id)
    tx.execute(REMOVE, {"row": found.id})
    cause = _cause(follower, followee)
    notices.withdraw(tx, recipient_id=followee_id, kind=NoticeKind.FOLLOW_REQUEST, cause=cause)
    if found.state == FollowState.ACCEPTED:
        _left(tx, here, follower, followee)
    if followee.is_room and not follower.is_room:
        was_in = found.state == FollowState.ACCEPTED
        _say(tx, here, follower, followee, "You are no longer in the room." if was_in else "You were not let in.")
    if followee.local and not follower.local:
        enqueue(tx, AnswerFollow(follower_id, followee_id, found.uri, accept=False), due=here.now())
    return True


def undo(tx: Connection, here: Here, *, follower_id: int, followee_id: int) -> bool:
    """The follower stops following; a followee elsewhere is told."""
    found = tx.execute(EXISTING, {"follower": follower_id, "followee": followee_id}).one_or_none()
    if found is None:
        return False
    follower, followee = _party(tx, follower_id), _party(tx, followee_id)
    if (
        followee.is_room
        and followee.local
        and follower.local
        and rulings.is_last_owner(tx, room_id=followee_id, actor_id=follower_id)
    ):
        raise Refused("You are the only owner of this room. Make another member an owner first; then you can leave.")
    tx.execute(REMOVE, {"row": found.id})
    if found.state == FollowState.ACCEPTED:
        _left(tx, here, follower, followee)
    if follower.local and not followee.local:
        enqueue(tx, SendUnfollow(follower_id, followee_id, found.uri), due=here.now())
    return True


def block(tx: Connection, here: Here, *, blocker_id: int, blocked_id: int, uri: str | None = None) -> None:
    """Have nothing more to do with each other: follows end both ways, nothing is shown or told."""
    if blocker_id == blocked_id:
        raise Refused("You cannot block yourself.")
    _lock_pair(tx, blocker_id, blocked_id)
    block_id = here.ids.new()
    row = {"id": block_id, "uri": uri or here.uris.activity(block_id), "created_at": here.now()}
    made = tx.execute(RECORD_BLOCK, row | {"blocker_id": blocker_id, "blocked_id": blocked_id}).scalar()
    for one, other in ((blocker_id, blocked_id), (blocked_id, blocker_id)):
        found = tx.execute(EXISTING, {"follower": one, "followee": other}).one_or_none()
        if found is not None:
            tx.execute(REMOVE, {"row": found.id})
        for anthology_id in anthologies.of_actor(tx, curator_id=other):
            _end_with(tx, here, follower_id=one, anthology_id=anthology_id)
    collected.part(tx, here, blocker_id=blocker_id, blocked_id=blocked_id)
    if made is not None and _party(tx, blocker_id).local and not _party(tx, blocked_id).local:
        enqueue(tx, SendBlock(block_id, blocker_id, blocked_id), due=here.now())


def _end_with(tx: Connection, here: Here, *, follower_id: int, anthology_id: int) -> None:
    """Whoever has nothing more to do with a curator follows none of their collections."""
    if _party(tx, anthology_id).local:
        reject(tx, here, follower_id=follower_id, followee_id=anthology_id)
    else:
        undo(tx, here, follower_id=follower_id, followee_id=anthology_id)


def unblock(tx: Connection, here: Here, *, blocker_id: int, blocked_id: int) -> bool:
    uri = tx.execute(REMOVE_BLOCK, {"blocker": blocker_id, "blocked": blocked_id}).scalar()
    if uri is None:
        return False
    if _party(tx, blocker_id).local and not _party(tx, blocked_id).local:
        enqueue(tx, SendUnblock(blocker_id, blocked_id, uri), due=here.now())
    return True


def refuse(tx: Connection, here: Here, *, follower_id: int, followee_id: int, uri: str) -> None:
    """Answer a Follow from elsewhere that cannot be, so that nobody there waits for ever."""
    enqueue(tx, AnswerFollow(follower_id, followee_id, uri, accept=False), due=here.now())


def _lock_pair(tx: Connection, one: int, other: int) -> None:
    """A follow and a block between two people wait for each other."""
    lock(tx, f"pair {min(one, other)} {max(one, other)}")


def _party(tx: Connection, actor_id: int) -> Party:
    row = tx.execute(PARTIES, {"ids": [actor_id]}).one_or_none()
    if row is None:
        raise Refused("This account is not known here.")
    gone = row.suspended_at is not None or row.deleted_at is not None
    return Party(row.id, row.kind, row.local, row.locked, row.discoverable, row.host, row.name, row.moved_to, gone)
