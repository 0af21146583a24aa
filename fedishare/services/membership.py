"""Coming into a room, the parts people play in it, and being let go; and what its owners settle about it."""

from typing import Final

import msgspec
from sqlalchemy import Connection, bindparam, delete, select, update

from fedishare.core.errors import Invalid, NotFound, Refused
from fedishare.core.here import Here
from fedishare.db.accounts import Account
from fedishare.db.base import insert
from fedishare.db.follows import Follow
from fedishare.db.people import Actor
from fedishare.db.rooms import Room, RulesAcceptance, Steward, Watch
from fedishare.domain import markup, membership
from fedishare.domain.kinds import Access, FollowState, Kind, Level, StewardRole
from fedishare.jobs.queue import enqueue
from fedishare.jobs.types import PublishActor, SendInvitation
from fedishare.queries import privacy, rooms, rulings
from fedishare.services import follows, invitations, mutes, notices, people, topics
from fedishare.services import rooms as room_services
from fedishare.services import rulings as decisions
from fedishare.services.rooms import LONGEST_RULES
from fedishare.services.rulings import Ruling

LONGEST_TOPIC: Final = 40
_accepted = insert(RulesAcceptance)
ACCEPT_RULES: Final = _accepted.on_conflict_do_update(
    index_elements=["room_id", "actor_id"],
    set_={"version": _accepted.excluded.version, "accepted_at": _accepted.excluded.accepted_at},
)
_role = insert(Steward)
SET_ROLE: Final = _role.on_conflict_do_update(
    index_elements=["room_id", "actor_id"], set_={"role": _role.excluded.role}
)
HAS_ACCOUNT: Final = select(Account.id).where(Account.actor_id == bindparam("actor"), Account.disabled_at.is_(None))
PERSON: Final = select(Actor.local, Actor.host, Actor.suspended_at, Actor.deleted_at).where(
    Actor.id == bindparam("actor")
)
ROOM: Final = (
    select(Room.rules, Room.rules_version, Actor.locked, Actor.discoverable)
    .join(Actor, Actor.id == Room.actor_id)
    .where(Room.actor_id == bindparam("room"))
    .with_for_update()
)
SETTLE: Final = (
    update(Room)
    .where(Room.actor_id == bindparam("room"))
    .values(
        rules=bindparam("text"),
        rules_version=bindparam("version"),
        members_only_posting=bindparam("by_members"),
        stewards_only_posting=bindparam("by_stewards"),
    )
)
ASKING: Final = (
    select(Follow.follower_id)
    .join(Actor, Actor.id == Follow.follower_id)
    .where(Follow.followee_id == bindparam("room"), Follow.state == FollowState.REQUESTED)
    .where(Actor.kind != Kind.GROUP)
)
WATCH: Final = insert(Watch).on_conflict_do_nothing()
UNWATCH: Final = delete(Watch).where(Watch.room_id == bindparam("room"), Watch.actor_id == bindparam("actor"))


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What the owners of a room settle. `access` cannot make a private room of another, nor the other way round."""

    name: str
    description: str
    rules: str
    access: Access
    members_only: bool
    stewards_only: bool


def follow(tx: Connection, here: Here, *, follower_id: int, followee_id: int) -> None:
    """Follow somebody, or join a room that has no rules, or whose rules were accepted. Raises Refused for others."""
    terms = rooms.terms(tx, room_id=followee_id, actor_id=follower_id, now=here.now())
    if terms is not None and terms.rules and terms.accepted_version != terms.rules_version:
        raise Refused("This room has rules. Open its page and press Join there, to read and accept them first.")
    follows.request(tx, here, follower_id=follower_id, followee_id=followee_id)


def join(
    tx: Connection, here: Here, *, room_id: int, actor_id: int, version: int | None, link: str | None = None
) -> FollowState:
    """One of us joins a room, here or elsewhere; `version` is that of the rules they accepted.

    Raises Invalid where the rules were not accepted as they are now, Refused by a room that did not invite them.
    """
    terms = rooms.terms(tx, room_id=room_id, actor_id=actor_id, now=here.now())
    if terms is None:
        raise NotFound("There is no such room here.")
    if terms.rules and version is None:
        raise Invalid("Read the rules of the room, and tick that you accept them.")
    if terms.rules and version != terms.rules_version:
        raise Invalid("The rules of the room have just been changed. Please read them again.")
    state = follows.request(tx, here, follower_id=actor_id, followee_id=room_id, link=link)
    if terms.rules:
        accept_rules(tx, here, room_id=room_id, actor_id=actor_id, version=terms.rules_version)
    return state


def accept_rules(tx: Connection, here: Here, *, room_id: int, actor_id: int, version: int) -> None:
    row = {"room_id": room_id, "actor_id": actor_id, "version": version, "accepted_at": here.now()}
    tx.execute(ACCEPT_RULES, row)


def invite(tx: Connection, here: Here, *, room_id: int, by_id: int, actor_id: int) -> None:
    """Somebody may come into a room of ours, and is told. Raises Refused for whom it cannot be, with the reason."""
    person = tx.execute(PERSON, {"actor": actor_id}).one_or_none()
    if person is None or person.suspended_at is not None or person.deleted_at is not None:
        raise NotFound("There is no such person.")
    if room_services.is_member(tx, room_id=room_id, actor_id=actor_id):
        raise Invalid("They are in the room already.")
    if rulings.is_banned(tx, room_id=room_id, actor_id=actor_id, now=here.now()):
        raise Refused("They are banned from the room. Lift the ban first.")
    is_private = privacy.access(tx, room_id=room_id) is Access.PRIVATE
    if is_private and not person.local and not privacy.is_discreet(tx, host=person.host):
        raise Refused(membership.WHY_NOT_HERE)
    invitations.invite(tx, here, room_id=room_id, by_id=by_id, actor_id=actor_id)
    if person.local:
        notices.tell_of_invitation(tx, here, room_id=room_id, actor_id=actor_id)
    else:
        enqueue(tx, SendInvitation(room_id, actor_id), due=here.now())


def make_owner(tx: Connection, here: Here, by: Ruling, *, actor_id: int) -> bool:
    """A member becomes an owner, beside those who are. Raises Refused for whoever could not do the work."""
    if not room_services.is_member(tx, room_id=by.room_id, actor_id=actor_id):
        raise Refused("Only a member of the room can own it: ask them to join first.")
    if tx.scalar(HAS_ACCOUNT, {"actor": actor_id}) is None:
        raise Refused("An owner needs an account on this node, because the settings of the room are here.")
    decisions.appoint(tx, here, by, actor_id=actor_id)
    tx.execute(SET_ROLE, {"room_id": by.room_id, "actor_id": actor_id, "role": StewardRole.OWNER})
    return True


def step_down(tx: Connection, _here: Here, by: Ruling, *, actor_id: int) -> bool:
    """An owner becomes a moderator. Raises Refused for the last one, and for somebody else than themselves."""
    if rulings.role(tx, room_id=by.room_id, actor_id=actor_id) is not StewardRole.OWNER:
        return False
    if by.by_id != actor_id:
        raise Refused("An owner can only step down themselves.")
    if rulings.is_last_owner(tx, room_id=by.room_id, actor_id=actor_id):
        raise Refused("You are the only owner of this room. Make another member an owner first.")
    tx.execute(SET_ROLE, {"room_id": by.room_id, "actor_id": actor_id, "role": StewardRole.MODERATOR})
    return True


def let_go(tx: Connection, here: Here, by: Ruling, *, actor_id: int) -> bool:
    """Somebody is no longer in the room. Unlike after a ban, they may come again: as new, or invited."""
    if rulings.role(tx, room_id=by.room_id, actor_id=actor_id) is not None:
        raise Refused("They look after the room. An owner has to dismiss them first.")
    invitations.use_up(tx, room_id=by.room_id, actor_id=actor_id)
    return follows.reject(tx, here, follower_id=actor_id, followee_id=by.room_id)


def change(tx: Connection, here: Here, *, room_id: int, wish: Settings) -> None:
    """What the owners settled; members' servers are told. Raises Invalid with what to do."""
    row = tx.execute(ROOM, {"room": room_id}).one_or_none()
    if row is None:
        raise NotFound("There is no such room here.")
    now_is = membership.access(locked=row.locked, discoverable=row.discoverable)
    if (wish.access is Access.PRIVATE) != (now_is is Access.PRIVATE):
        raise Invalid("A public room cannot be made private, nor a private one public: open a new room for that.")
    rules = wish.rules.strip()
    if len(rules) > LONGEST_RULES:
        raise Invalid(f"Please keep the rules under {LONGEST_RULES} characters.")
    people.update_profile(
        tx,
        here,
        actor_id=room_id,
        name=wish.name,
        summary_source=wish.description,
        locked=wish.access is not Access.OPEN,
        discoverable=wish.access is not Access.PRIVATE,
    )
    tx.execute(
        SETTLE,
        {
            "room": room_id,
            "text": rules,
            "version": row.rules_version + (rules != row.rules),
            "by_members": wish.members_only,
            "by_stewards": wish.stewards_only,
        },
    )
    if now_is is Access.ASK and wish.access is Access.OPEN:
        for actor_id in tx.scalars(ASKING, {"room": room_id}).all():
            follows.accept(tx, here, follower_id=actor_id, followee_id=room_id)


def set_level(tx: Connection, here: Here, *, room_id: int, actor_id: int, level: Level) -> None:
    """How much somebody wants to hear of a room: everything new, only what concerns them, or nothing at all."""
    watch(tx, room_id=room_id, actor_id=actor_id, wanted=level is Level.ALL)
    if level is Level.NOTHING:
        mutes.mute(tx, here, muter_id=actor_id, muted_id=room_id)
    else:
        mutes.unmute(tx, muter_id=actor_id, muted_id=room_id)


def watch(tx: Connection, *, room_id: int, actor_id: int, wanted: bool) -> None:
    """Whether somebody wants to be told of everything that is new in a room."""
    if wanted:
        tx.execute(WATCH, {"room_id": room_id, "actor_id": actor_id})
    else:
        tx.execute(UNWATCH, {"room": room_id, "actor": actor_id})


def _in_one_word(label: str) -> str:
    """Times tables is TimesTables, as people write hashtags, so that listeners hear the words apart."""
    first, *rest = label.split() or [""]
    return first + "".join(word[:1].upper() + word[1:] for word in rest)


def set_topics(tx: Connection, here: Here, *, room_id: int, labels: list[str]) -> None:
    """The topics of a room of ours, in this order. Raises Invalid for what cannot be a hashtag."""
    found: dict[str, str] = {}
    for label in labels:
        plain = _in_one_word(label.strip().removeprefix("#"))
        name = markup.fold_tag(plain)
        if not name or markup.render(f"#{plain}", mention_url=lambda _: None, tag_url=str).hashtags != (plain,):
            raise Invalid(f"“{label.strip()}” will not do: letters and digits alone, such as Phonics.")
        if len(plain) > LONGEST_TOPIC:
            raise Invalid(f"Please keep each topic under {LONGEST_TOPIC} characters.")
        found.setdefault(name, plain)
    if len(found) > topics.MOST:
        raise Invalid(f"A room has {topics.MOST} topics at most.")
    topics.store(tx, room_id=room_id, labels=list(found.values()))
    enqueue(tx, PublishActor(room_id), due=here.now())
