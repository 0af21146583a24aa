"""Which devices want to hear of a notice, and all that is told there."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, bindparam, select

from fedishare.db.accounts import Token
from fedishare.db.follows import Follow
from fedishare.db.people import Actor
from fedishare.db.posts import Post
from fedishare.db.push import PushKey, Subscription
from fedishare.domain.kinds import FollowState
from fedishare.domain.notices import TYPES
from fedishare.domain.push import Policy
from fedishare.net.keys import Keypair
from fedishare.net.webpush import Device
from fedishare.queries import notifications, sight, tokens
from fedishare.queries.notifications import Told, Wanted

THE_ONE: Final = 1
KEY: Final = select(PushKey.private, PushKey.public).where(PushKey.id == THE_ONE)
_columns = (
    Subscription.id,
    Subscription.token_id,
    Subscription.endpoint,
    Subscription.p256dh,
    Subscription.auth,
    Subscription.standard,
    Subscription.policy,
    Subscription.alerts,
    Subscription.token,
    Token.actor_id,
)
_with_token = select(*_columns).join(Token, Token.id == Subscription.token_id)
OF_TOKEN: Final = _with_token.where(Subscription.token_id == bindparam("token_of"))
ONE: Final = _with_token.where(Subscription.id == bindparam("subscription"))
FOR_ACTOR: Final = (
    select(Subscription.id, Subscription.alerts, Subscription.policy)
    .join(Token, Token.id == Subscription.token_id)
    .where(Token.actor_id == bindparam("actor"), Token.revoked_at.is_(None))
)
FOLLOWS: Final = select(Follow.id).where(
    Follow.follower_id == bindparam("follower"),
    Follow.followee_id == bindparam("followee"),
    Follow.state == FollowState.ACCEPTED,
)
SENDER: Final = select(Actor.name, Actor.username, Actor.icon_url).where(Actor.id == bindparam("actor"))
TEXT: Final = select(Post.title, Post.warning, Post.content).where(Post.id == bindparam("post"), sight.visible())


class SubscriptionRow(NamedTuple):
    id: int
    token_id: int
    endpoint: str
    p256dh: bytes
    auth: bytes
    standard: bool
    policy: Policy
    alerts: Sequence[str]
    token: bytes
    actor_id: int

    @property
    def device(self) -> Device:
        return Device(self.endpoint, self.p256dh, self.auth, self.standard)


class Words(NamedTuple):
    """Of a post; `warning` stands before it instead of the rest."""

    title: str | None
    warning: str | None
    content: str


class Letter(NamedTuple):
    """One notice for one device."""

    to: SubscriptionRow
    notice: Told
    name: str
    icon_url: str | None
    words: Words | None
    vapid: Keypair


def key(tx: Connection) -> Keypair:
    """The pair by which push services know this node."""
    return Keypair(*tx.execute(KEY).one())


def has_key(tx: Connection) -> bool:
    return tx.execute(KEY).one_or_none() is not None


def of_token(tx: Connection, *, token_id: int) -> SubscriptionRow | None:
    row = tx.execute(OF_TOKEN, {"token_of": token_id}).one_or_none()
    return _row(row) if row is not None else None


def _row(row: Any) -> SubscriptionRow:
    return SubscriptionRow(*row)


def wanting(tx: Connection, *, actor_id: int, type_: str) -> list[int]:
    """The subscriptions of whoever acts as this actor that ask for this type. One statement."""
    rows = tx.execute(FOR_ACTOR, {"actor": actor_id})
    return [row.id for row in rows if type_ in row.alerts and row.policy is not Policy.NONE]


def letter(tx: Connection, *, subscription_id: int, notice_id: int, now: datetime) -> Letter | None:
    """What is to be sent; nothing where the subscription or the notice has gone, or is not for this device any more."""
    row = tx.execute(ONE, {"subscription": subscription_id}).one_or_none()
    to = _row(row) if row is not None else None
    if to is None or not tokens.still(tx, ids=[to.token_id]):
        return None
    notice = notifications.one(tx, Wanted(recipient_id=to.actor_id, now=now), notice_id=notice_id)
    if notice is None or notice.is_held or TYPES[notice.kind] not in to.alerts or not _is_near(tx, to, notice):
        return None
    name, username, icon_url = tx.execute(SENDER, {"actor": notice.actor_id}).one()
    words = tx.execute(TEXT, {"post": notice.post_id or 0, "viewer": to.actor_id}).one_or_none()
    return Letter(to, notice, name or username, icon_url, Words(*words) if words is not None else None, key(tx))


def _is_near(tx: Connection, to: SubscriptionRow, notice: Told) -> bool:
    match Policy(to.policy):
        case Policy.ALL:
            return True
        case Policy.FOLLOWED:
            return _follows(tx, to.actor_id, notice.actor_id)
        case Policy.FOLLOWER:
            return _follows(tx, notice.actor_id, to.actor_id)
        case Policy.NONE:
            return False


def _follows(tx: Connection, follower: int, followee: int) -> bool:
    return tx.scalar(FOLLOWS, {"follower": follower, "followee": followee}) is not None
