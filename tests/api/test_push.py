"""Notices for devices: subscriptions, and what arrives at a push service."""

from collections.abc import AsyncIterator, Mapping
from types import SimpleNamespace
from typing import Any, Final

import mastodon.push
import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives.asymmetric import ec
from mastodon import Mastodon
from mastodon.return_types import PushNotification
from sqlalchemy import Connection, select, update

from fedishare.db.accounts import Token
from fedishare.db.engine import Database
from fedishare.db.push import Subscription
from fedishare.db.work import Job
from fedishare.domain.audience import Visibility
from fedishare.http.keys import CLIENT
from fedishare.net.addresses import Allowed
from fedishare.net.webpush import from_text, to_text
from fedishare.services import posts, tokens
from fedishare.services.drafts import Draft
from tests.api.conftest import Phone, School
from tests.builders import FrozenClock, Made, a_follow_row
from tests.net.devices import Device

PATH: Final = "/api/v1/push/subscription"
AUTH: Final = b"sixteen secrets!"


class Service:
    """A push service, and the device behind it that opens what came."""

    def __init__(self) -> None:
        self.status = 201
        self.got: list[tuple[Mapping[str, str], bytes]] = []
        self.device = Device(ec.generate_private_key(ec.SECP256R1()), AUTH)
        self.url = ""

    async def take(self, request: web.Request) -> web.Response:
        self.got.append((request.headers, await request.read()))
        return web.Response(status=self.status, headers={"Location": "https://elsewhere.example/"})

    def opened(self) -> list[dict[str, Any]]:
        return [msgspec.json.decode(self.device.open(headers, body)) for headers, body in self.got]


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    made, app = Service(), web.Application()
    app.router.add_post("/push/{device}", made.take)
    async with TestServer(app) as server:
        made.url = f"http://127.0.0.1:{server.port}/push/phone"
        yield made


def wish(service: Service, *, standard: bool = True, policy: str = "all", **alerts: Any) -> dict[str, Any]:
    subscription = {"endpoint": service.url, "keys": service.device.keys, "standard": standard}
    return {"subscription": subscription, "data": {"alerts": alerts or {"mention": True}, "policy": policy}}


async def mentions(school: School, by: Made, whom: Made, text: str = "@ada hello there") -> int:
    draft = Draft(text=text, visibility=Visibility.PUBLIC)
    people = {"@ada": whom.id, "ada": whom.id, "ada@alder.test": whom.id}
    return await school.db.write(posts.publish, school.here, author_id=by.id, draft=draft, people=people)


def _subscriptions(tx: Connection) -> int:
    return len(tx.execute(select(Subscription.id)).all())


def _waiting(tx: Connection) -> list[str]:
    return list(tx.scalars(select(Job.error).where(Job.kind == "SendPush")))


async def a_pair(school: School) -> tuple[Made, Phone, Made]:
    ada, phone = await school.a_teacher("ada", name="Ada")
    ben, _ = await school.a_teacher("ben", name="Ben")
    return ada, phone, ben


@pytest.mark.parametrize("standard", [True, False])
async def test_a_mention_arrives_sealed_at_the_device(school: School, service: Service, standard: bool) -> None:
    ada, phone, ben = await a_pair(school)
    made = (await phone.post(PATH, json=wish(service, standard=standard))).json

    await mentions(school, ben, ada, "@ada hello **there** " + "x" * 200)
    await school.node.work()

    (message,), (headers, body) = service.opened(), service.got[0]
    notice = (await phone.get("/api/v1/notifications")).json[0]
    assert message | {"body": ""} == {
        "access_token": phone.token,
        "preferred_locale": "en",
        "notification_id": int(notice["id"]),
        "notification_type": "mention",
        "icon": message["icon"],
        "title": "Ben mentioned you",
        "body": "",
    }
    assert message["icon"].startswith("https://")
    assert message["body"].startswith("@ada hello there")
    assert len(message["body"]) <= 140
    assert (headers["TTL"], headers["Urgency"]) == ("172800", "normal")
    assert made["server_key"] in (headers["Authorization"] + headers.get("Crypto-Key", ""))
    assert "Signature" not in headers
    assert (phone.token or "").encode() not in body
    assert b"hello" not in body


async def test_mastodon_py_opens_what_arrives(
    school: School, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It reads the headers and the message itself. To unseal, it wants http_ece, which is no wheel: the device does."""
    ada, phone, ben = await a_pair(school)
    stock: Any = Mastodon(api_base_url="https://alder.test", access_token=phone.token, mastodon_version="4.5.0")
    private, public = stock.push_subscription_generate_keys()
    device = Device(ec.derive_private_key(private["privkey"], ec.SECP256R1()), private["auth"])
    keys = {"p256dh": to_text(public["pubkey"]), "auth": to_text(public["auth"])}
    assert keys == device.keys
    subscription = {"endpoint": service.url, "keys": keys}
    said = {"subscription": subscription, "data": {"alerts": {"mention": True}, "policy": "all"}}
    made = (await phone.post(PATH, json=said)).json
    await mentions(school, ben, ada)
    await school.node.work()
    (headers, body), unsealed = service.got[0], list[bytes]()

    def decrypt(sealed: bytes, *, salt: bytes, key: bytes, dh: bytes, version: str, **_rest: Any) -> bytes:
        assert (to_text(key), version) == (made["server_key"].rstrip("="), "aesgcm")
        named = {"Encryption": f"salt={to_text(salt)}", "Crypto-Key": f"dh={to_text(dh)}"}
        unsealed.append(device.open({"Content-Encoding": version} | named, sealed))
        return unsealed[0]

    monkeypatch.setattr(mastodon.push, "IMPL_HAS_ECE", True)
    monkeypatch.setattr(mastodon.push, "http_ece", SimpleNamespace(decrypt=decrypt), raising=False)
    told = stock.push_subscription_decrypt_push(body, private, headers["Encryption"], headers["Crypto-Key"])

    assert isinstance(told, PushNotification)
    assert (told.notification_type, told.title, told.access_token) == ("mention", "Ben mentioned you", phone.token)
    assert str(told.notification_id) == (await phone.get("/api/v1/notifications")).json[0]["id"]


async def test_a_subscription_is_made_shown_changed_and_dropped(school: School, service: Service) -> None:
    _, phone, _ = await a_pair(school)
    none = await phone.get(PATH)
    form = {f"subscription[keys][{name}]": value for name, value in service.device.keys.items()}
    form |= {"subscription[endpoint]": service.url, "data[alerts][mention]": "true", "data[policy]": "followed"}

    made = await phone.post(PATH, **form)
    changed = await phone.put(PATH, json={"data": {"alerts": {"follow": "on"}, "policy": "none"}})
    again = await phone.post(PATH, json=wish(service))
    shown = await phone.get(PATH)
    dropped = [await phone.delete(PATH), await phone.delete(PATH)]

    assert none.status == 404
    assert made.json | {"alerts": 0, "server_key": 0} == {
        "id": made.json["id"],
        "endpoint": service.url,
        "standard": False,
        "alerts": 0,
        "server_key": 0,
        "policy": "followed",
    }
    assert isinstance(made.json["id"], int)
    assert [name for name, wanted in made.json["alerts"].items() if wanted] == ["mention"]
    assert len(from_text(made.json["server_key"])) == 65
    assert ([name for name, wanted in changed.json["alerts"].items() if wanted], changed.json["policy"]) == (
        ["follow"],
        "none",
    )
    assert again.json["id"] > made.json["id"]
    assert shown.json == again.json
    assert [reply.json for reply in dropped] == [{}, {}]
    assert (await phone.get(PATH)).status == 404
    assert (await phone.put(PATH, json={})).status == 404


async def test_the_key_of_the_node_is_told_to_apps_and_stays_the_same(school: School, service: Service) -> None:
    _, phone, _ = await a_pair(school)

    subscribed = (await phone.post(PATH, json=wish(service))).json["server_key"]
    instance = (await school.stranger.get("/api/v2/instance")).json["configuration"]["vapid"]["public_key"]

    assert subscribed == instance


@pytest.mark.parametrize(
    "over",
    [
        {"endpoint": ""},
        {"endpoint": "nothing"},
        {"endpoint": "ftp://push.example/x"},
        {"endpoint": "http://push.example/x"},
        {"endpoint": "https://push.example:8443/x"},
        {"endpoint": "https://10.0.0.1/x"},
        {"endpoint": "https://alder.test/inbox"},
        {"endpoint": "https://push.example/" + "x" * 3000},
        {"keys": {}},
        {"keys": {"p256dh": "AAAA", "auth": to_text(AUTH)}},
        {"keys": "none"},
    ],
)
async def test_a_device_that_cannot_be_reached_is_refused(
    school: School, service: Service, over: dict[str, Any]
) -> None:
    _, phone, _ = await a_pair(school)
    asked = wish(service)
    asked["subscription"] |= over

    reply = await phone.post(PATH, json=asked)

    assert (reply.status, set(reply.json)) == (422, {"error"})
    assert await school.db.read(_subscriptions) == 0


async def test_a_device_hears_what_it_asked_for_and_from_whom(school: School, service: Service) -> None:
    ada, phone, ben = await a_pair(school)
    await phone.post(PATH, json=wish(service, follow=True))
    await mentions(school, ben, ada)
    await phone.put(PATH, json=wish(service, policy="followed"))
    await mentions(school, ben, ada)
    await phone.put(PATH, json=wish(service, policy="follower"))
    await mentions(school, ben, ada)
    await phone.put(PATH, json=wish(service, policy="none"))
    await mentions(school, ben, ada)
    await school.node.work()
    strange = list(service.got)
    await a_follow_row(school.db, school.here, by=ada, of=ben)
    await phone.put(PATH, json=wish(service, policy="followed"))
    await mentions(school, ben, ada)
    await school.node.work()

    assert strange == []
    assert [message["notification_type"] for message in service.opened()] == ["mention"]


@pytest.mark.parametrize(
    ("status", "left", "waiting"),
    [(410, 0, 0), (404, 0, 0), (400, 0, 0), (408, 1, 1), (429, 1, 1), (500, 1, 1), (307, 1, 0)],
)
async def test_what_a_push_service_answers_decides(
    school: School, service: Service, status: int, left: int, waiting: int
) -> None:
    """A device that is gone is forgotten; a service that has trouble is asked again; nobody is led elsewhere."""
    ada, phone, ben = await a_pair(school)
    await phone.post(PATH, json=wish(service))
    service.status = status

    await mentions(school, ben, ada)
    await school.node.work()

    assert len(service.got) == 1
    assert await school.db.read(_subscriptions) == left
    assert len(await school.db.read(_waiting)) == waiting


async def test_it_is_tried_again_and_in_the_end_no_more(school: School, service: Service, clock: FrozenClock) -> None:
    ada, phone, ben = await a_pair(school)
    await phone.post(PATH, json=wish(service))
    service.status = 503
    await mentions(school, ben, ada)
    await school.node.work()
    service.status = 201

    clock.tick(minutes=5)
    await school.node.work()
    await mentions(school, ben, ada)
    clock.tick(days=3)
    await school.node.work()

    assert len(service.got) == 2
    assert await school.db.read(_waiting) == []


async def test_a_device_ends_with_its_token(school: School, service: Service, db: Database) -> None:
    """Given back, it is forgotten; taken away behind our back, nothing is sent all the same."""
    ada, phone, ben = await a_pair(school)
    other = await school.phone(ada)
    for each in (phone, other):
        await each.post(PATH, json=wish(service))

    def give_back(tx: Connection) -> None:
        first = tx.scalars(select(Token.id).order_by(Token.id)).first()
        assert tokens.end(tx, token_id=first or 0, now=school.here.now())

    def take_away(tx: Connection) -> None:
        tx.execute(update(Token).values(revoked_at=school.here.now()))

    await db.write(give_back)
    left = await db.read(_subscriptions)
    await mentions(school, ben, ada)
    await db.write(take_away)
    await school.node.work()

    assert left == 1
    assert service.got == []


async def test_the_token_does_not_stand_in_the_database(school: School, service: Service) -> None:
    _, phone, _ = await a_pair(school)
    await phone.post(PATH, json=wish(service))

    def held(tx: Connection) -> bytes:
        return bytes(tx.execute(select(Subscription.token)).scalar_one())

    assert (phone.token or "").encode() not in await school.db.read(held)


async def test_a_device_inside_the_school_is_not_reached(school: School, service: Service) -> None:
    """Whoever names an address that leads inwards reaches nothing (SSRF-07)."""
    ada, phone, ben = await a_pair(school)
    await phone.post(PATH, json=wish(service))
    client = school.client.app[CLIENT]
    client._allowed = Allowed()  # noqa: SLF001 -- as on a node on the internet

    await mentions(school, ben, ada)
    await school.node.work()

    assert service.got == []
