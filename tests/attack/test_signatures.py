"""SIG-01 to SIG-26 (security.md 3.1): who may speak, over HTTP against a live node."""

import json
from base64 import b64encode
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final, NamedTuple

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.attack import shots, world
from tests.attack.rig import Rig, often
from tests.attack.shots import Reply, Shot
from tests.attack.world import Answer, Villain
from tests.builders import an_rsa_pair
from tests.live.peers import AS2, Json
from tests.live.signing import ACTIVITY

pytestmark = pytest.mark.asyncio(loop_scope="module")

UNKNOWN: Final = frozenset({401})
MALFORMED: Final = frozenset({400})
EITHER: Final = frozenset({400, 401})
HS2019: Final = '"hs2019"'


class Row(NamedTuple):
    """What is sent, and what may be answered. Nothing changes, and nobody is asked.

    Only where the signature reads well and does not fit may the key be looked up once more (SIG-24).
    """

    id: str
    make: Callable[[Rig], Shot]
    allowed: frozenset[int] = UNKNOWN
    asks: bool = False


def harmless(rig: Rig, villain: Villain | None = None) -> Json:
    return shots.like((villain or rig.mallory).uri, number=world.number())


def by_mallory(rig: Rig, **how: Any) -> Shot:
    return rig.signed(rig.mallory, harmless(rig), **how)


def newer(rig: Rig, **how: Any) -> Shot:
    return shots.rfc9421(rig.mallory.key, harmless(rig), at=rig.clock.now(), **how)


def stated(rig: Rig, *, created: str | None = None, expires: str | None = None, more: str = "") -> Shot:
    """Signed in hs2019 over (created) and (expires), as far as they are named in `more`."""
    parameters = {"algorithm": HS2019, "created": created, "expires": expires}
    names = f"(request-target) host digest{more}"
    return by_mallory(rig, names=names, parameters=parameters)


def seconds(rig: Rig, **by: float) -> str:
    return str(int((rig.clock.now() + timedelta(**by)).timestamp()))


def signature_is(text: str) -> Callable[[Rig], Shot]:
    return lambda rig: by_mallory(rig, signature=text)


def twice(name: str, value: str) -> Callable[[Rig], Shot]:
    return lambda rig: by_mallory(rig).with_header(name, value)


def by_algorithm(name: str) -> Callable[[Rig], Shot]:
    return lambda rig: by_mallory(rig, parameters={"algorithm": f'"{name}"'})


def flagged(flag: str) -> Callable[[Rig], Shot]:
    return lambda rig: newer(rig, covered=f'"@method" "@target-uri" "content-digest";{flag}')


def coded(coding: str) -> Callable[[Rig], Shot]:
    return lambda rig: by_mallory(rig).with_header("Content-Encoding", coding)


ROWS: Final = [
    Row("SIG-01", lambda rig: shots.bare(harmless(rig))),
    Row("SIG-02-nonsense", signature_is("nonsense"), EITHER),
    Row("SIG-02-20KB", signature_is('keyId="' + "x" * 20_000 + '"'), EITHER),
    Row("SIG-02-7KB", signature_is('keyId="' + "x" * 7_000 + '"'), EITHER),
    Row("SIG-02-not-ascii", signature_is('keyId="https://evil.test/é",signature="YQ=="'), EITHER),
    Row("SIG-02-unquoted", signature_is("keyId=https://evil.test/users/mallory,signature=YQ=="), EITHER),
    Row("SIG-02-no-key", lambda rig: by_mallory(rig, parameters={"keyId": None}), EITHER),
    Row("SIG-02-no-signature", lambda rig: by_mallory(rig, parameters={"signature": None}), EITHER),
    Row("SIG-02-empty-signature", lambda rig: by_mallory(rig, parameters={"signature": '""'}), EITHER),
    Row("SIG-02-not-base64", lambda rig: by_mallory(rig, parameters={"signature": '"&&&"'}), EITHER),
    Row("SIG-03", lambda rig: by_mallory(rig, names="host date digest content-type")),
    Row("SIG-04", lambda rig: by_mallory(rig, names="(request-target) host digest")),
    Row("SIG-05-present-unsigned", lambda rig: by_mallory(rig, names="(request-target) host date")),
    Row("SIG-05-absent", lambda rig: by_mallory(rig, names="(request-target) host date", headers={"Digest": None})),
    Row("SIG-06", lambda rig: by_mallory(rig)._replace(body=json.dumps(harmless(rig)).encode())),
    Row("SIG-07-digest", twice("Digest", "SHA-256=YQ=="), MALFORMED),
    Row("SIG-07-date", twice("Date", "Mon, 07 Sep 2026 08:30:00 GMT"), MALFORMED),
    Row("SIG-07-host", twice("Host", "evil.test"), MALFORMED),
    Row("SIG-07-signature", twice("Signature", 'keyId="https://evil.test/a",signature="YQ=="'), MALFORMED),
    Row("SIG-08-host-as-captured", lambda rig: by_mallory(rig, host="evil.test")),
    Row(
        "SIG-08-host-replaced",
        lambda rig: Shot("/inbox", (("Host", "us.test"), *by_mallory(rig, host="evil.test").headers[1:]), b"{}"),
    ),
    Row("SIG-09-theirs", lambda rig: by_mallory(rig, target="https://evil.test/inbox"), frozenset({400, 421})),
    Row(
        "SIG-09-ours-at-theirs",
        lambda rig: by_mallory(rig, target="https://us.test/inbox", host="evil.test"),
        frozenset({400, 421}),
    ),
    Row(
        "SIG-10-another-inbox",
        lambda rig: by_mallory(rig, target="/users/ben/inbox", signed_target="/users/anna/inbox"),
        asks=True,
    ),
    Row(
        "SIG-10-shared-inbox",
        lambda rig: by_mallory(rig, target="/inbox", signed_target="/users/anna/inbox"),
        asks=True,
    ),
    Row("SIG-11-two-hours-ago", lambda rig: by_mallory(rig, at=rig.clock.now() - timedelta(hours=2))),
    Row("SIG-11-in-two-hours", lambda rig: by_mallory(rig, at=rig.clock.now() + timedelta(hours=2))),
    Row(
        "SIG-11-50-minutes-ago",
        lambda rig: by_mallory(rig, at=rig.clock.now() - timedelta(minutes=50)),
        frozenset({202}),
    ),
    Row(
        "SIG-11-in-50-minutes",
        lambda rig: by_mallory(rig, at=rig.clock.now() + timedelta(minutes=50)),
        frozenset({202}),
    ),
    Row("SIG-12-created-absent", lambda rig: stated(rig, more=" (created)")),
    Row("SIG-12-expires-absent", lambda rig: stated(rig, created=seconds(rig), more=" (created) (expires)")),
    Row(
        "SIG-12-expired",
        lambda rig: stated(
            rig, created=seconds(rig, minutes=-9), expires=seconds(rig, minutes=-5), more=" (created) (expires)"
        ),
    ),
    Row("SIG-12-negative", lambda rig: stated(rig, created="-1", more=" (created)")),
    Row("SIG-12-1e20", lambda rig: stated(rig, created="1e20", more=" (created)")),
    Row("SIG-12-huge", lambda rig: stated(rig, created="100000000000000000000", more=" (created)")),
    Row("SIG-12-not-whole", lambda rig: stated(rig, created=f"{seconds(rig)}.5", more=" (created)")),
    Row(
        "SIG-12-created-after-expires",
        lambda rig: stated(
            rig, created=seconds(rig, minutes=9), expires=seconds(rig, minutes=5), more=" (created) (expires)"
        ),
    ),
    Row(
        "SIG-12-far-future",
        lambda rig: stated(rig, created=seconds(rig), expires=seconds(rig, days=3650), more=" (created) (expires)"),
    ),
    *(Row(f"SIG-13-{name}", by_algorithm(name)) for name in ("none", "hmac-sha256", "rsa-sha1", "rot13")),
    Row(
        "SIG-14-another-host",
        lambda rig: rig.signed(rig.mallory, harmless(rig, rig.vera)),
        frozenset({403}),
    ),
    Row("SIG-14-same-host", lambda rig: rig.signed(rig.mallory, harmless(rig, rig.mole)), frozenset({403})),
    Row("SIG-14-ours", lambda rig: rig.signed(rig.mallory, activity_of_anna(rig)), frozenset({403})),
    Row(
        "SIG-16",
        lambda rig: (
            by_mallory(rig)
            .without("Signature")
            .with_header("Authorization", "Signature " + dict(by_mallory(rig).headers)["Signature"])
        ),
    ),
    Row("SIG-18-no-method", lambda rig: newer(rig, covered='"@target-uri" "content-digest"'), EITHER),
    Row("SIG-18-no-target", lambda rig: newer(rig, covered='"@method" "content-digest"'), EITHER),
    Row("SIG-18-no-digest", lambda rig: newer(rig, covered='"@method" "@target-uri"'), EITHER),
    Row("SIG-18-no-created", lambda rig: newer(rig, parameters=f';keyid="{rig.mallory.key.key_id}"'), EITHER),
    Row("SIG-18-two-labels", lambda rig: newer(rig, inputs='sig1={},sig2=();created=1;keyid="x"'), EITHER),
    Row("SIG-18-unknown", lambda rig: newer(rig, covered='"@method" "@target-uri" "content-digest" "@moon"'), EITHER),
    *(Row(f"SIG-18-{flag}", flagged(flag), EITHER) for flag in ("sf", "bs", "req")),
    Row("SIG-18-twice", lambda rig: newer(rig, covered='"@method" "@target-uri" "content-digest" "@method"'), EITHER),
    *(Row(f"SIG-19-{coding}", coded(coding), frozenset({415})) for coding in ("gzip", "br", "deflate", "gzip, gzip")),
    Row("SIG-21-date-date", lambda rig: by_mallory(rig, names="(request-target) host date date digest"), EITHER),
    Row("SIG-21-upper-case", lambda rig: by_mallory(rig, names="(request-target) Host Date Digest"), EITHER),
    Row("SIG-21-folded", lambda rig: by_mallory(rig, headers={"Host": "us.test\r\n evil.test"}), EITHER),
    Row("SIG-21-nul", lambda rig: by_mallory(rig, headers={"X-Note": "a\0b"}), EITHER),
    Row("SIG-21-cr", lambda rig: by_mallory(rig, headers={"X-Note": "a\rb"}), EITHER),
    Row(
        "SIG-21-200-names",
        lambda rig: by_mallory(
            rig,
            names=" ".join(["(request-target) host date digest", *(f"x-{n}" for n in range(196))]),
        ),
        EITHER,
    ),
]


def activity_of_anna(rig: Rig) -> Json:
    return {"@context": AS2, "id": f"{rig.node.url}/x", "type": "Like", "actor": rig.anna.uri, "object": rig.verse}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
async def test_a_request_that_proves_nothing_changes_nothing(rig: Rig, row: Row) -> None:
    async with rig.unmoved(fetches=lambda: [rig.mallory.uri] if row.asks else []):
        reply = await rig.fire(row.make(rig))

    assert reply.status in row.allowed, reply


@pytest.mark.parametrize("scheme", ["cavage", "rfc9421"])
async def test_the_same_request_without_the_fault_is_taken(rig: Rig, scheme: str) -> None:
    """Otherwise the rows above would pass for the wrong reason."""
    reply = await rig.fire(by_mallory(rig) if scheme == "cavage" else newer(rig))

    assert reply.status == 202, reply


async def test_sig_12_good_times_are_taken(rig: Rig) -> None:
    shot = stated(rig, created=seconds(rig), expires=seconds(rig, minutes=5), more=" (created) (expires)")

    assert (await rig.fire(shot)).status == 202


@pytest.mark.parametrize("victim", ["vera", "mole"])
async def test_sig_15_a_key_that_only_claims_an_owner_is_not_kept(rig: Rig, victim: str) -> None:
    owner: Villain = getattr(rig, victim)
    address = f"https://{rig.mallory.host}/keys/{world.number()}"
    key = rig.mallory.key._replace(key_id=address)
    rig.world.publish({"id": address, "owner": owner.uri, "publicKeyPem": rig.mallory.public}, at=address)

    async with rig.unmoved(tables=("actor_key", "post", "follow", "reaction"), fetches=lambda: [address, owner.uri]):
        reply = await rig.fire(shots.cavage(key, harmless(rig, owner), at=rig.clock.now()))

    assert reply.status == 401


async def test_sig_17_a_request_sent_again_and_again_has_one_effect(rig: Rig) -> None:
    once, often = world.create(rig.fay, content="<p>once</p>"), world.create(rig.fay, content="<p>often</p>")
    shot, storm = rig.signed(rig.fay, once), rig.signed(rig.fay, often)

    twice_ = [await rig.fire(shot), await rig.fire(shot)]
    fifty = await rig.volley([storm] * 50)
    await rig.quiet()

    assert {reply.status for reply in [*twice_, *fifty]} == {202}
    for activity in (once, often):
        uri = activity["object"]["id"]
        assert await rig.node.one("SELECT count(*) FROM post WHERE uri = :uri", uri=uri) == 1
        shown = (
            "SELECT count(*) FROM home JOIN post ON post.id = home.post_id WHERE post.uri = :uri AND reader_id = :anna"
        )
        assert await rig.node.one(shown, uri=uri, anna=rig.anna.id) == 1


# --- SIG-20: keys that nobody should trust ------------------------------------------------------------


def _der(tag: int, body: bytes) -> bytes:
    size = len(body)
    if size < 128:
        return bytes([tag, size]) + body
    length = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes([tag, 128 | len(length)]) + length + body


def _integer(value: int) -> bytes:
    return _der(2, value.to_bytes(value.bit_length() // 8 + 1))


def rsa_pem(*, bits: int, exponent: int) -> str:
    """A public key of any size, written by hand, because libraries no longer make the weak ones."""
    modulus = (1 << (bits - 1)) | (1 << (bits // 2)) | 0x6D2B79F5 | 1
    key = _der(0x30, _integer(modulus) + _integer(exponent))
    algorithm = _der(0x30, bytes.fromhex("06092a864886f70d010101") + bytes.fromhex("0500"))
    spki = _der(0x30, algorithm + _der(3, b"\0" + key))
    return f"-----BEGIN PUBLIC KEY-----\n{b64encode(spki).decode()}\n-----END PUBLIC KEY-----\n"


def _pem(key: Any) -> str:
    return str(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode())


BAD_KEYS: Final[dict[str, Callable[[Rig], Any]]] = {
    "512-bits": lambda _: rsa_pem(bits=512, exponent=65537),
    "16384-bits": lambda _: rsa_pem(bits=16384, exponent=65537),
    "e-3": lambda _: rsa_pem(bits=2048, exponent=3),
    "e-even": lambda _: rsa_pem(bits=2048, exponent=65536),
    "e-huge": lambda _: rsa_pem(bits=2048, exponent=(1 << 1023) | 1),
    "dsa": lambda _: _pem(dsa.generate_private_key(1024)),  # noqa: S505  # it is there to be refused
    "ec": lambda _: _pem(ec.generate_private_key(ec.SECP256R1())),
    "private": lambda _: an_rsa_pair(1).private_pem.decode(),
    "certificate": lambda rig: rig.town.ca_file.read_text(),
    "long": lambda _: "-----BEGIN PUBLIC KEY-----\n" + "A" * 900_000 + "\n-----END PUBLIC KEY-----\n",
}


@pytest.mark.parametrize("kind", BAD_KEYS)
async def test_sig_20_a_key_that_is_weak_or_no_key_is_refused(rig: Rig, kind: str) -> None:
    villain = rig.world.stranger()
    key = {"id": villain.key.key_id, "owner": villain.uri, "publicKeyPem": BAD_KEYS[kind](rig)}
    rig.world.publish(rig.world.described(villain) | {"publicKey": key})

    async with rig.unmoved(tables=("actor_key", "post", "follow"), fetches=lambda: [villain.uri, *_asked(villain)]):
        reply = await rig.fire(rig.signed(villain, harmless(rig, villain)))

    assert reply.status == 401


async def test_sig_20_of_fifty_keys_the_last_is_none(rig: Rig) -> None:
    villain = rig.world.stranger()
    others = [{"id": f"{villain.uri}#key-{n}", "owner": villain.uri, "publicKeyPem": villain.public} for n in range(49)]
    last = {"id": villain.key.key_id, "owner": villain.uri, "publicKeyPem": villain.public}
    rig.world.publish(rig.world.described(villain) | {"publicKey": [*others, last]})

    reply = await rig.fire(rig.signed(villain, harmless(rig, villain)))
    await rig.quiet()

    assert reply.status == 401
    assert await rig.node.one("SELECT count(*) FROM actor_key WHERE key_id LIKE :uri", uri=f"{villain.uri}%") <= 10


def _asked(villain: Villain) -> list[str]:
    """What may be asked about somebody new."""
    handle = f"{villain.name}@{villain.host}"
    return [
        f"{villain.origin}/.well-known/webfinger?resource=acct:{handle}",
        f"{villain.origin}/.well-known/nodeinfo",
    ]


async def test_sig_22_a_flood_of_unknown_keys_is_slowed_down(rig: Rig) -> None:
    host = f"s{world.number()}.evil.test"
    heard, fired = len(rig.world.log), often(1_000, else_=150)
    # However long the volley takes here, in the row it takes less than ten seconds.
    begun = rig.clock.stopped()

    def shot(number: int) -> Shot:
        uri = f"https://{host}/users/u{number}"
        key = rig.mallory.key._replace(key_id=f"{uri}#main-key")
        like = shots.like(uri, number=world.number())
        return shots.cavage(key, like, at=rig.clock.now(), parameters={"signature": '"YWFhYQ=="'})

    with begun:
        replies: list[Reply] = await rig.volley(shot(number) for number in range(fired))

    fetches = [line for line in rig.world.log[heard:] if host in line]
    turned_away = [reply for reply in replies if reply.status in {429, 503}]
    assert len(fetches) <= 20
    assert len(turned_away) >= fired - 20
    assert all(int(reply.headers["retry-after"]) > 0 for reply in turned_away)
    # Those that were looked up in vain are remembered.
    first = len(rig.world.log)
    rig.clock.tick(seconds=30)
    assert (await rig.fire(shot(0))).status in {401, 429, 503}
    assert len(rig.world.log) - first <= 1


async def test_sig_23_nobody_takes_over_the_key_of_another(rig: Rig) -> None:
    thief = rig.world.stranger()
    taken = rig.mole.key._replace(private_pem=thief.key.private_pem)
    for shown in ("#main-key", "?x", "/main-key"):
        key = {"id": f"{rig.mole.uri}{shown}", "owner": thief.uri, "publicKeyPem": thief.public}
        rig.world.publish(rig.world.described(thief) | {"publicKey": [key, {**key, "owner": rig.mole.uri}]})

        async with rig.unmoved(
            tables=("actor_key", "post", "follow"),
            fetches=lambda: [thief.uri, rig.mole.uri, f"{rig.mole.uri}?x", f"{rig.mole.uri}/main-key", *_asked(thief)],
        ):
            forged = shots.cavage(
                taken._replace(key_id=f"{rig.mole.uri}{shown}"), harmless(rig, rig.mole), at=rig.clock.now()
            )
            assert (await rig.fire(forged)).status == 401
            own = shots.cavage(
                taken._replace(key_id=f"{rig.mole.uri}{shown}"), harmless(rig, thief), at=rig.clock.now()
            )
            assert (await rig.fire(own)).status in {401, 403}


async def test_sig_24_a_key_that_was_replaced_is_looked_up_once(rig: Rig) -> None:
    villain = rig.world.stranger()
    await rig.accepted(villain, harmless(rig, villain))
    new = an_rsa_pair(world.FIRST_PAIR - 2)
    renewed = villain._replace(key=villain.key._replace(private_pem=new.private_pem), public=new.public)
    rig.world.publish(rig.world.described(renewed))
    rig.clock.tick(minutes=6)
    heard = len(rig.world.log)

    fresh = await rig.fire(rig.signed(renewed, harmless(rig, villain)))
    old = [await rig.fire(rig.signed(villain, harmless(rig, villain))) for _ in range(3)]

    assert (fresh.status, [reply.status for reply in old]) == (202, [401, 401, 401])
    fetched = [line for line in rig.world.log[heard:] if line == f"GET {villain.uri}"]
    assert len(fetched) == 1


@pytest.mark.parametrize("ended", ["expires", "revoked"])
async def test_sig_25_a_key_that_has_ended_is_none(rig: Rig, ended: str) -> None:
    villain = rig.world.stranger()
    key = rig.world.described(villain)["publicKey"] | {ended: "2020-01-01T00:00:00Z"}
    rig.world.publish(rig.world.described(villain) | {"publicKey": key})

    reply = await rig.fire(rig.signed(villain, harmless(rig, villain)))

    assert reply.status == 401


@pytest.mark.parametrize(
    ("answer", "allowed"),
    [
        pytest.param(Answer(410), {401}, id="SIG-26-gone"),
        pytest.param(Answer(404), {401}, id="SIG-26-not-found"),
        pytest.param(Answer(500), {503}, id="SIG-26-broken"),
        pytest.param(Answer(cut=True), {503}, id="SIG-26-cut-off"),
        pytest.param(Answer(200, {"Content-Type": ACTIVITY}, b"{"), {401}, id="SIG-26-not-json"),
    ],
)
async def test_sig_26_what_the_server_of_the_key_answers_decides(rig: Rig, answer: Answer, allowed: set[int]) -> None:
    villain = rig.world.stranger()
    rig.world.pages[villain.uri] = answer
    farewell = world.activity("Delete", villain, villain.uri)

    async with rig.unmoved(fetches=lambda: [villain.uri]):
        reply = await rig.fire(rig.signed(villain, harmless(rig, villain)))
        gone = await rig.fire(rig.signed(villain, farewell))

    assert reply.status in allowed
    assert ("retry-after" in reply.headers) == (reply.status == 503)
    assert gone.status == 202
