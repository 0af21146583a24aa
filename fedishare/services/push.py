"""Devices that want to hear of notices: subscribed, changed, given up; and a message for each when there is one."""

from collections.abc import Collection, Sequence
from typing import Final

from sqlalchemy import Connection, bindparam, delete, update

from fedishare.core.here import Here
from fedishare.db.base import insert
from fedishare.db.push import PushKey, Subscription
from fedishare.domain.kinds import NoticeKind
from fedishare.domain.notices import TYPES
from fedishare.domain.push import Policy
from fedishare.jobs.queue import enqueue
from fedishare.jobs.types import SendPush
from fedishare.net.keys import Keypair
from fedishare.net.webpush import Device
from fedishare.queries import push
from fedishare.queries.push import SubscriptionRow

KEEP_KEY: Final = insert(PushKey).on_conflict_do_nothing(index_elements=["id"])
ADD: Final = insert(Subscription)
CHANGE: Final = (
    update(Subscription)
    .where(Subscription.token_id == bindparam("of_token"))
    .values(alerts=bindparam("wanted"), policy=bindparam("from_whom"))
)
DROP: Final = delete(Subscription).where(Subscription.id == bindparam("subscription"))
DROP_OF: Final = delete(Subscription).where(Subscription.token_id.in_(bindparam("tokens", expanding=True)))


def keep_key(tx: Connection, pair: Keypair) -> None:
    """At the first start; where another process was quicker, its key stands."""
    tx.execute(KEEP_KEY, {"id": push.THE_ONE, "private": pair.private_pem, "public": pair.public})


def subscribe(
    tx: Connection,
    here: Here,
    *,
    token_id: int,
    device: Device,
    alerts: Sequence[str],
    policy: Policy,
    locked: bytes,
) -> SubscriptionRow | None:
    """The one device of a token; another one takes its place, under another number."""
    drop_of(tx, token_ids=[token_id])
    row = device._asdict() | {"token_id": token_id, "policy": policy, "alerts": list(alerts), "token": locked}
    tx.execute(ADD, row | {"created_at": here.now()})
    return push.of_token(tx, token_id=token_id)


def change(tx: Connection, *, token_id: int, alerts: Sequence[str], policy: Policy) -> SubscriptionRow | None:
    """What the device is to hear of from now on; None where there is none."""
    tx.execute(CHANGE, {"of_token": token_id, "wanted": list(alerts), "from_whom": policy})
    return push.of_token(tx, token_id=token_id)


def drop(tx: Connection, *, subscription_id: int) -> None:
    tx.execute(DROP, {"subscription": subscription_id})


def drop_of(tx: Connection, *, token_ids: Collection[int]) -> None:
    """With a token goes its device."""
    if token_ids:
        tx.execute(DROP_OF, {"tokens": list(token_ids)})


def announce(tx: Connection, here: Here, *, recipient_id: int, notice_id: int, kind: NoticeKind) -> None:
    """Somebody was told something: their devices hear of it as soon as it is on disk."""
    if kind not in TYPES:
        return
    for subscription_id in push.wanting(tx, actor_id=recipient_id, type_=TYPES[kind]):
        enqueue(tx, SendPush(subscription_id, notice_id), due=here.now())
