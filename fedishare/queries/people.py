"""Finding actors: columns in, frozen rows out."""

from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, and_, bindparam, exists, func, or_, select

from fedishare.core.errors import Gone, NotFound
from fedishare.core.here import Here
from fedishare.db.accounts import Account, Session
from fedishare.db.follows import Block, Endorsement, Follow, Mute
from fedishare.db.handles import Runner
from fedishare.db.notices import Notice
from fedishare.db.people import Actor, FeaturedTag
from fedishare.domain.kinds import FollowState, Kind, RunnerState
from fedishare.domain.permissions import Role
from fedishare.queries import held
from fedishare.queries.cards import Face, face, face_columns
from fedishare.queries.privacy import is_private_room
from fedishare.queries.profiles import FOLLOWED_BY, FOLLOWS, POSTS
from fedishare.queries.timelines import NEWEST

FOUND_AT_MOST: Final = 20


class Profile(NamedTuple):
    id: int
    uri: str
    kind: Kind
    username: str
    domain: str
    name: str
    summary: str
    summary_source: str
    url: str
    icon_url: str | None
    image_url: str | None
    fields: list[dict[str, Any]]
    locked: bool
    discoverable: bool
    indexable: bool
    local: bool
    created_at: datetime
    moved_to: str | None
    posts_count: int
    followers_count: int
    following_count: int

    @property
    def full_handle(self) -> str:
        return f"{self.username}@{self.domain}"

    @property
    def may_be_indexed(self) -> bool:
        """Whether search engines may show the page: a person has to have said so (FEP-5feb)."""
        return self.local and (self.indexable or self.kind is not Kind.PERSON)

    @property
    def handle(self) -> str:
        return self.username if self.local else self.full_handle


class Relation(NamedTuple):
    following: FollowState | None
    followed_by: FollowState | None
    blocking: bool
    muting: bool
    boosts: bool = True
    notify: bool = False
    endorsing: bool = False


class Muted(NamedTuple):
    """Whether the notices are muted, too, and when it ends by itself."""

    face: Face
    notices: bool
    ends_at: datetime | None


class SignedIn(NamedTuple):
    account_id: int
    actor_id: int
    username: str
    name: str
    role: Role
    unseen: int
    runs: int


_columns = (*(getattr(Actor, name) for name in Profile._fields[:-3]), POSTS, FOLLOWED_BY, FOLLOWS)
BY_HANDLE: Final = select(Actor.deleted_at, Actor.suspended_at, *_columns).where(
    Actor.handle_key == bindparam("handle")
)
BY_ID: Final = select(Actor.deleted_at, Actor.suspended_at, *_columns).where(Actor.id == bindparam("actor"))
FOLLOW: Final = select(Follow.state).where(
    Follow.follower_id == bindparam("one"), Follow.followee_id == bindparam("other")
)
OWN_FOLLOW: Final = select(
    Follow.state,
    Follow.boosts,
    Follow.notify,
    exists().where(Endorsement.actor_id == bindparam("one"), Endorsement.endorsed_id == bindparam("other")),
).where(Follow.follower_id == bindparam("one"), Follow.followee_id == bindparam("other"))
RECOMMENDED: Final = (
    select(*face_columns(Actor))
    .join(Endorsement, Endorsement.endorsed_id == Actor.id)
    .join(Follow, and_(Follow.follower_id == Endorsement.actor_id, Follow.followee_id == Endorsement.endorsed_id))
    .where(Endorsement.actor_id == bindparam("actor"), Follow.state == FollowState.ACCEPTED)
    .where(Actor.suspended_at.is_(None), Actor.deleted_at.is_(None))
    .order_by(Endorsement.id.desc())
    .limit(FOUND_AT_MOST)
)
BLOCKING: Final = select(exists().where(Block.blocker_id == bindparam("one"), Block.blocked_id == bindparam("other")))
MUTING: Final = select(exists().where(Mute.muter_id == bindparam("one"), Mute.muted_id == bindparam("other")))
BLOCKED: Final = (
    select(*face_columns(Actor))
    .join(Block, Block.blocked_id == Actor.id)
    .where(Block.blocker_id == bindparam("actor"))
    .order_by(Block.id.desc())
)
MUTED: Final = (
    select(Mute.notices, Mute.ends_at, *face_columns(Actor))
    .join(Mute, Mute.muted_id == Actor.id)
    .where(Mute.muter_id == bindparam("actor"))
    .order_by(Mute.created_at.desc())
)
ALSO_KNOWN_AS: Final = select(Actor.also_known_as).where(Actor.id == bindparam("actor"))
FEATURED_TAGS: Final = (
    select(FeaturedTag.label).where(FeaturedTag.actor_id == bindparam("actor")).order_by(FeaturedTag.name)
)
FIND: Final = (
    select(*face_columns(Actor))
    .where(Actor.suspended_at.is_(None), Actor.deleted_at.is_(None), ~is_private_room())
    # Some servers publish bots as applications; the actors of whole servers are named like their host.
    .where(~and_(Actor.kind == Kind.NODE, or_(Actor.local, Actor.host == Actor.username)))
    .where(
        or_(
            Actor.handle_key.like(bindparam("beginning"), escape="\\"),
            func.lower(Actor.name).like(bindparam("within"), escape="\\"),
        )
    )
    .order_by(Actor.local.desc(), Actor.id)
    .limit(bindparam("limit"))
)
DISCOVERABLE: Final = (
    select(Actor.id)
    .where(Actor.local, Actor.discoverable, Actor.kind != Kind.NODE)
    .where(Actor.suspended_at.is_(None), Actor.deleted_at.is_(None))
    .order_by(Actor.id.desc())
    .offset(bindparam("skipped"))
    .limit(bindparam("limit"))
)
_side = select(Follow.id, *face_columns(Actor)).where(
    Follow.state == FollowState.ACCEPTED, Follow.id < bindparam("before")
)
FOLLOWERS: Final = (
    _side.join(Actor, Actor.id == Follow.follower_id)
    .where(Follow.followee_id == bindparam("actor"))
    .order_by(Follow.id.desc())
    .limit(bindparam("limit"))
)
FOLLOWING: Final = (
    _side.join(Actor, Actor.id == Follow.followee_id)
    .where(Follow.follower_id == bindparam("actor"), ~is_private_room())
    .order_by(Follow.id.desc())
    .limit(bindparam("limit"))
)
REQUESTS: Final = (
    select(*face_columns(Actor))
    .join(Follow, Follow.follower_id == Actor.id)
    .where(Follow.followee_id == bindparam("actor"), Follow.state == FollowState.REQUESTED)
    .order_by(Follow.id)
)
SIGNED_IN: Final = (
    select(
        Account.id,
        Account.actor_id,
        Actor.username,
        Actor.name,
        Account.role,
        select(func.count())
        .select_from(Notice)
        .where(Notice.recipient_id == Account.actor_id, Notice.seen_at.is_(None), held.is_shown(Account.actor_id))
        .correlate(Account)
        .scalar_subquery(),
        select(func.count())
        .select_from(Runner)
        .where(Runner.actor_id == Account.actor_id, Runner.state != RunnerState.ENDED)
        .correlate(Account)
        .scalar_subquery(),
    )
    .join(Session, Session.account_id == Account.id)
    .join(Actor, Actor.id == Account.actor_id)
    .where(Session.secret_hash == bindparam("hashed"), Session.expires_at > bindparam("now"))
    .where(Account.disabled_at.is_(None), Actor.suspended_at.is_(None))
)
BY_HANDLES: Final = select(Actor.handle_key, Actor.id).where(
    Actor.handle_key.in_(bindparam("handles", expanding=True)), Actor.deleted_at.is_(None)
)


def profile(tx: Connection, here: Here, *, handle: str) -> Profile:
    """The actor known as `name` (ours) or `name@host`. Raises NotFound or Gone."""
    key = handle.lower().removeprefix("@")
    return _profile(tx.execute(BY_HANDLE, {"handle": key if "@" in key else f"{key}@{here.uris.authority}".lower()}))


def by_id(tx: Connection, *, actor_id: int) -> Profile:
    """Raises NotFound or Gone."""
    return _profile(tx.execute(BY_ID, {"actor": actor_id}))


def _profile(rows: Any) -> Profile:
    row = rows.one_or_none()
    if row is None or row[1] is not None:
        raise NotFound("There is nobody of that name here.")
    if row[0] is not None:
        raise Gone("This account was deleted.")
    return Profile(*row[2:])


def blocked(tx: Connection, *, actor_id: int) -> list[Face]:
    """Whom somebody has blocked, the latest first."""
    return [face(row) for row in tx.execute(BLOCKED, {"actor": actor_id})]


def muted(tx: Connection, *, actor_id: int) -> list[Muted]:
    """Whom somebody has muted, the latest first."""
    return [Muted(face(row[2:]), row[0], row[1]) for row in tx.execute(MUTED, {"actor": actor_id})]


def also_known_as(tx: Connection, *, actor_id: int) -> list[str]:
    """The other accounts that somebody says are theirs, by address."""
    return list(tx.execute(ALSO_KNOWN_AS, {"actor": actor_id}).scalar_one())


def featured_tags(tx: Connection, *, actor_id: int) -> list[str]:
    """The hashtags somebody shows on their page, as they write them."""
    return list(tx.scalars(FEATURED_TAGS, {"actor": actor_id}))


def relation(tx: Connection, *, viewer: int, other: int) -> Relation:
    own = tx.execute(OWN_FOLLOW, {"one": viewer, "other": other}).one_or_none()
    return Relation(
        own[0] if own else None,
        tx.scalar(FOLLOW, {"one": other, "other": viewer}),
        bool(tx.scalar(BLOCKING, {"one": viewer, "other": other})),
        bool(tx.scalar(MUTING, {"one": viewer, "other": other})),
        *(map(bool, own[1:]) if own else ()),
    )


def recommended(tx: Connection, *, actor_id: int) -> list[Face]:
    """Whom somebody recommends on their page, the latest first."""
    return [face(row) for row in tx.execute(RECOMMENDED, {"actor": actor_id})]


def find(tx: Connection, *, words: str, limit: int = FOUND_AT_MOST) -> list[Face]:
    """People and rooms known here whose handle begins with, or whose name contains, `words`."""
    plain = words.strip().lower().removeprefix("@").replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    if not plain:
        return []
    rows = tx.execute(FIND, {"beginning": f"{plain}%", "within": f"%{plain}%", "limit": limit})
    return [face(row) for row in rows]


def discoverable(tx: Connection, *, offset: int, limit: int) -> list[int]:
    """Who lives here and wants to be found, the latest first."""
    return list(tx.scalars(DISCOVERABLE, {"skipped": offset, "limit": limit}))


def followers(
    tx: Connection, *, actor_id: int, before: int = NEWEST, limit: int = FOUND_AT_MOST
) -> list[tuple[int, Face]]:
    """Who follows an actor, newest first, each with the key to page by."""
    rows = tx.execute(FOLLOWERS, {"actor": actor_id, "before": before, "limit": limit})
    return [(row[0], face(row[1:])) for row in rows]


def following(
    tx: Connection, *, actor_id: int, before: int = NEWEST, limit: int = FOUND_AT_MOST
) -> list[tuple[int, Face]]:
    rows = tx.execute(FOLLOWING, {"actor": actor_id, "before": before, "limit": limit})
    return [(row[0], face(row[1:])) for row in rows]


def requests(tx: Connection, *, actor_id: int) -> list[Face]:
    """Who asks to follow and waits for an answer."""
    return [face(row) for row in tx.execute(REQUESTS, {"actor": actor_id})]


def signed_in(tx: Connection, *, secret_hash: bytes, now: datetime) -> SignedIn | None:
    """Who a session's cookie stands for, if it still stands."""
    row = tx.execute(SIGNED_IN, {"hashed": secret_hash, "now": now, "new_since": held.since(now)}).one_or_none()
    return SignedIn(*row) if row else None


def known_handles(tx: Connection, here: Here, *, handles: tuple[str, ...]) -> dict[str, int]:
    """Which of the handles somebody wrote are actors we know; the others may be looked up elsewhere."""
    full = {handle: (handle if "@" in handle else f"{handle}@{here.uris.authority}").lower() for handle in handles}
    rows = tx.execute(BY_HANDLES, {"handles": list(full.values())}).all() if full else []
    found = {row.handle_key: row.id for row in rows}
    return {handle: found[key] for handle, key in full.items() if key in found}
