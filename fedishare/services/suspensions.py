"""People taken out of sight: suspended until taken back, or deleted for good. Other servers are told of both."""

from typing import Any, Final

from sqlalchemy import BindParameter, Connection, bindparam, delete, exists, or_, select, update

from fedishare.core.errors import Refused
from fedishare.core.here import Here
from fedishare.db.accounts import Account
from fedishare.db.apps import Marker
from fedishare.db.base import BigId, UtcDateTime, aliased
from fedishare.db.bookmarks import Bookmark, Hush
from fedishare.db.drafts import SavedDraft
from fedishare.db.filters import Filter
from fedishare.db.follows import Block, Declined, Endorsement, FollowedTag, HostBlock, Mute
from fedishare.db.handles import Affiliation, Scheduled
from fedishare.db.lists import List
from fedishare.db.notices import Notice, NoticePermission, NoticePolicy
from fedishare.db.people import Actor, FeaturedTag, Portrait, Remark
from fedishare.db.rooms import Steward, Watch
from fedishare.db.talks import Talk
from fedishare.domain.kinds import StewardRole
from fedishare.jobs.queue import enqueue
from fedishare.jobs.types import Forget, PublishActor, SayGone
from fedishare.services import people

SUSPEND: Final = (
    update(Actor)
    .where(Actor.id == bindparam("actor"))
    .values(suspended_at=bindparam("moment", type_=UtcDateTime()), suspended_there=False)
)
# Whose name is somebody else's by now does not come back.
RETURN: Final = (
    update(Actor)
    .where(Actor.id == bindparam("actor"), Actor.handle_key.is_not(None))
    .values(suspended_at=None, suspended_there=False)
    .returning(Actor.id)
)
_actor: Final[BindParameter[int]] = bindparam("actor", type_=BigId)
_other: Final[Any] = aliased(Steward)
ALONE: Final = (
    select(Actor.name)
    .join(Steward, Steward.room_id == Actor.id)
    .where(Steward.actor_id == _actor, Steward.role == StewardRole.OWNER, Actor.local, Actor.deleted_at.is_(None))
    .where(~exists().where(_other.room_id == Actor.id, _other.role == StewardRole.OWNER, _other.actor_id != _actor))
    .order_by(Actor.id)
    .limit(1)
)
PORTRAITS: Final = delete(Portrait).where(Portrait.actor_id == _actor).returning(Portrait.storage_key)
# What was theirs alone, what they kept about others, and what others kept about them.
OWN: Final = tuple(
    delete(table).where(condition)
    for table, condition in (
        (Account, Account.actor_id == _actor),
        (Affiliation, Affiliation.actor_id == _actor),
        (Block, or_(Block.blocker_id == _actor, Block.blocked_id == _actor)),
        (Bookmark, Bookmark.actor_id == _actor),
        (Declined, or_(Declined.actor_id == _actor, Declined.other_id == _actor)),
        (SavedDraft, SavedDraft.owner_id == _actor),
        (Endorsement, or_(Endorsement.actor_id == _actor, Endorsement.endorsed_id == _actor)),
        (FeaturedTag, FeaturedTag.actor_id == _actor),
        (Filter, Filter.owner_id == _actor),
        (FollowedTag, FollowedTag.actor_id == _actor),
        (HostBlock, HostBlock.actor_id == _actor),
        (Hush, Hush.actor_id == _actor),
        (List, List.owner_id == _actor),
        (Marker, Marker.actor_id == _actor),
        (Mute, or_(Mute.muter_id == _actor, Mute.muted_id == _actor)),
        (Notice, or_(Notice.recipient_id == _actor, Notice.actor_id == _actor)),
        (NoticePermission, or_(NoticePermission.recipient_id == _actor, NoticePermission.sender_id == _actor)),
        (NoticePolicy, NoticePolicy.actor_id == _actor),
        (Remark, or_(Remark.by_id == _actor, Remark.about_id == _actor)),
        (Scheduled, Scheduled.author_id == _actor),
        (Steward, Steward.actor_id == _actor),
        (Talk, Talk.owner_id == _actor),
        (Watch, Watch.actor_id == _actor),
    )
)


def suspend(tx: Connection, here: Here, *, actor_id: int, is_local: bool) -> None:
    """Nobody is shown them or what they wrote, here; of one of ours other servers are told that they do the same."""
    tx.execute(SUSPEND, {"actor": actor_id, "moment": here.now()})
    if is_local:
        enqueue(tx, PublishActor(actor_id), due=here.now())


def bring_back(tx: Connection, here: Here, *, actor_id: int, is_local: bool) -> None:
    """All is as it was. Raises Refused where their name is somebody else's."""
    if tx.execute(RETURN, {"actor": actor_id}).scalar() is None:
        raise Refused("The name of this account is somebody else's by now.")
    if is_local:
        enqueue(tx, PublishActor(actor_id), due=here.now())


def delete_for_good(tx: Connection, here: Here, *, actor_id: int) -> None:
    """One of ours who was suspended: what they wrote and kept goes, and every server we know is told to forget them.

    Their name is never given out again. Raises Refused where a room would be left without an owner.
    """
    room = tx.scalar(ALONE, {"actor": actor_id})
    if room is not None:
        raise Refused(f"They are the only owner of the room {room}. Give it another owner first.")
    pictures = tuple(tx.scalars(PORTRAITS, {"actor": actor_id}))
    people.remove(tx, actor_id=actor_id, here=here)
    for statement in OWN:
        tx.execute(statement, {"actor": actor_id})
    if pictures:
        enqueue(tx, Forget(pictures), due=here.now())
    enqueue(tx, SayGone(actor_id), due=here.now())
