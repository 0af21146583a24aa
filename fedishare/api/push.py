"""The device of an app that wants to hear of notices at once (client-api.md 7)."""

from typing import Final

import msgspec
from aiohttp import web
from sqlalchemy import Connection

from fedishare.api.calls import Call, nothing
from fedishare.api.params import Params
from fedishare.api.routes import Routes, bearer_of
from fedishare.core.errors import Invalid, Refused
from fedishare.domain.push import ALERTS, Policy
from fedishare.http.keys import CLIENT, DATABASE, TOOLS
from fedishare.net import webpush
from fedishare.net.webpush import Device
from fedishare.queries import push
from fedishare.queries.push import SubscriptionRow
from fedishare.services import push as services

PATH: Final = "/api/v1/push/subscription"
LONGEST_ENDPOINT: Final = 2_048

routes: Final = Routes()


class WebPushSubscription(msgspec.Struct, frozen=True, kw_only=True):
    """`id` is a number and no text: three apps read it so (decision C2)."""

    id: int
    endpoint: str
    standard: bool
    alerts: dict[str, bool]
    server_key: str
    policy: str


@routes.runs("POST", PATH, scope="push")
async def subscribe(request: web.Request, call: Call) -> WebPushSubscription:
    sent, lockbox, token = call.params, request.app[TOOLS].lockbox, bearer_of(request)
    if lockbox is None or token is None:
        raise Invalid("This node cannot push.")
    device = _device(sent.within("subscription"))
    try:
        request.app[CLIENT].require_allowed(device.endpoint)
    except Refused as error:
        raise Invalid(str(error)) from error
    alerts, policy = _wanted(sent)
    return await request.app[DATABASE].write(
        _subscribe, call, device=device, alerts=alerts, policy=policy, locked=lockbox.lock(token)
    )


def _subscribe(
    tx: Connection, call: Call, *, device: Device, alerts: list[str], policy: Policy, locked: bytes
) -> WebPushSubscription:
    return _shown(
        tx,
        services.subscribe(
            tx, call.here, token_id=_token_id(call), device=device, alerts=alerts, policy=policy, locked=locked
        ),
    )


@routes.reads("GET", PATH, scope="push")
def show(tx: Connection, call: Call) -> WebPushSubscription:
    return _shown(tx, push.of_token(tx, token_id=_token_id(call)))


@routes.writes("PUT", PATH, scope="push")
def change(tx: Connection, call: Call) -> WebPushSubscription:
    alerts, policy = _wanted(call.params)
    return _shown(tx, services.change(tx, token_id=_token_id(call), alerts=alerts, policy=policy))


@routes.writes("DELETE", PATH, scope="push")
def drop(tx: Connection, call: Call) -> None:
    services.drop_of(tx, token_ids=[_token_id(call)])


def _shown(tx: Connection, row: SubscriptionRow | None) -> WebPushSubscription:
    if row is None:
        raise nothing()
    return WebPushSubscription(
        id=row.id,
        endpoint=row.endpoint,
        standard=row.standard,
        alerts={name: name in row.alerts for name in ALERTS},
        server_key=push.key(tx).public,
        policy=row.policy,
    )


def _device(sent: Params) -> Device:
    endpoint, keys = sent.text("endpoint"), sent.within("keys")
    if not endpoint or len(endpoint) > LONGEST_ENDPOINT:
        raise Invalid("subscription[endpoint] is no address of a push service.")
    p256dh, auth = webpush.from_text(keys.text("p256dh")), webpush.from_text(keys.text("auth"))
    webpush.point(p256dh)
    if len(auth) != webpush.AUTH:
        raise Invalid("subscription[keys][auth] is not as long as such a key is.")
    return Device(endpoint, p256dh, auth, standard=bool(sent.flag("standard")))


def _wanted(sent: Params) -> tuple[list[str], Policy]:
    """What the device is to hear of. The policy stands inside or outside of `data`."""
    data = sent.within("data")
    alerts, policy = data.within("alerts"), data.text("policy") or sent.text("policy") or Policy.ALL
    if policy not in set(Policy):
        raise Invalid("policy must be all, followed, follower or none.")
    return [name for name in ALERTS if alerts.flag(name)], Policy(policy)


def _token_id(call: Call) -> int:
    return call.who.token_id or 0
