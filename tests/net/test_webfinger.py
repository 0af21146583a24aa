"""Handles and actors; rows are named after the attack they try."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import NamedTuple

import msgspec
import pytest

from fedishare.core.errors import FediShareError, Gone, Invalid, NotFound, Refused, Unreachable
from fedishare.net import webfinger
from fedishare.net.client import Client
from fedishare.net.webfinger import Found
from tests.net.peers import Asked, Names, Peer, a_client, a_peer, a_redirect, a_reply, some_trust

ACTIVITY = "application/activity+json"
LD = 'application/ld+json; profile="https://www.w3.org/ns/activitystreams"'
SUBSCRIBE = "http://ostatus.org/schema/1.0/subscribe"

HOSTS = ("good.test", "evil.test", "example.test", "ap.example.test")


class Jrd(NamedTuple):
    """What a fake host says about a handle. In all texts `*` stands for the port that the test got."""

    subject: object
    actor: object
    rel: str = "self"
    type: str = ACTIVITY
    more: tuple[dict[str, object], ...] = ()

    def reply(self, port: int) -> bytes:
        links = [*self.more, {"rel": self.rel, "type": self.type, "href": self.actor}]
        body = msgspec.json.encode({"subject": self.subject, "links": links})
        return a_reply(body.replace(b"*", str(port).encode()), headers=[("Content-Type", "application/jrd+json")])


Web = Mapping[str, Jrd | bytes]


class World(NamedTuple):
    client: Client
    peer: Peer

    def full(self, text: str) -> str:
        return text.replace("*", str(self.peer.port))

    def asked(self) -> list[str]:
        """Which host was asked for which resource, in order."""
        return [
            f"{asked.host.partition(':')[0]} {asked.target.partition('resource=')[2]}".replace(
                f":{self.peer.port}", ":*"
            )
            for asked in self.peer.asked
        ]


@asynccontextmanager
async def a_world(web: Web) -> AsyncIterator[World]:
    """Several hosts on one port; `web` maps "host resource" to what that host says."""
    trust = some_trust()
    async with (
        a_peer(_speaking(web), tls=trust.serve(*HOSTS)) as peer,
        a_client(resolver=Names(), ca_file=trust.ca_file) as client,
    ):
        yield World(client, peer)


def _speaking(web: Web) -> Callable[[Asked], bytes]:
    def answering(asked: Asked) -> bytes:
        host, _, port = asked.host.partition(":")
        handle = asked.target.partition("resource=acct:")[2].replace(f":{port}", ":*")
        said = web.get(f"{host} {handle}", a_reply(status=404))
        if isinstance(said, bytes):
            head, _, body = said.partition(b"\r\n\r\n")
            return head.replace(b"*", port.encode()) + b"\r\n\r\n" + body
        return said.reply(int(port))

    return answering


BOB = Jrd("acct:bob@good.test:*", "https://good.test:*/users/bob")


@pytest.mark.parametrize("handle", ["@bob@good.test:*", "bob@good.test:*", "acct:bob@good.test:*"])
async def test_a_handle_leads_to_its_actor(handle: str) -> None:
    async with a_world({"good.test bob@good.test:*": BOB}) as world:
        found = await webfinger.look_up(world.client, world.full(handle))

    assert found == Found(
        handle=world.full("bob@good.test:*"), actor_uri=world.full("https://good.test:*/users/bob"), subscribe=None
    )
    assert world.asked() == ["good.test acct:bob@good.test:*"]
    assert world.peer.asked[0].target.startswith("/.well-known/webfinger?resource=acct:")
    assert world.peer.asked[0].headers["accept"] == "application/jrd+json, application/json"
    assert "signature" not in world.peer.asked[0].headers


async def test_name_and_host_are_compared_without_case() -> None:
    web = {"good.test Bob@good.test:*": Jrd("acct:BOB@GOOD.test:*", "https://good.test:*/users/bob")}

    async with a_world(web) as world:
        found = await webfinger.look_up(world.client, world.full("@Bob@Good.Test:*"))

    assert found.handle == world.full("bob@good.test:*")


async def test_the_subscribe_template_and_the_first_fitting_link_are_found() -> None:
    more: tuple[dict[str, object], ...] = (
        {"rel": SUBSCRIBE, "template": "javascript:{uri}"},
        {"rel": SUBSCRIBE, "template": "https://good.test/follow?uri={uri}"},
        {"rel": "self", "type": "text/html", "href": "https://good.test:*/@bob"},
        {"rel": "self", "type": LD, "href": "https://good.test:*/users/first"},
    )
    web = {"good.test bob@good.test:*": BOB._replace(more=more)}

    async with a_world(web) as world:
        found = await webfinger.look_up(world.client, world.full("bob@good.test:*"))

    assert found.subscribe == "https://good.test/follow?uri={uri}"
    assert found.actor_uri == world.full("https://good.test:*/users/first")


@pytest.mark.parametrize(
    ("status", "expected"), [(404, NotFound), (410, Gone), (400, Invalid), (403, Refused), (500, Unreachable)]
)
async def test_the_status_says_why_there_is_no_actor(status: int, expected: type[Exception]) -> None:
    async with a_world({"good.test bob@good.test:*": a_reply(status=status)}) as world:
        with pytest.raises(expected) as caught:
            await webfinger.look_up(world.client, world.full("bob@good.test:*"))

    assert type(caught.value) is expected


async def test_a_local_name_is_asked_over_http() -> None:
    def answering(asked: Asked) -> bytes:
        links = [{"rel": "self", "type": ACTIVITY, "href": f"http://{asked.host}/users/bob"}]
        return a_reply(msgspec.json.encode({"subject": f"acct:bob@{asked.host}", "links": links}))

    async with a_peer(answering) as peer, a_client() as client:
        host = f"school.localhost:{peer.port}"
        found = await webfinger.look_up(client, f"@bob@{host}")
        handle = await webfinger.verify_handle(client, username="Bob", actor_uri=f"http://{host}/users/bob")

    assert (found.handle, found.actor_uri) == (f"bob@{host}", f"http://{host}/users/bob")
    assert handle == f"bob@{host}"


# Two hosts for one handle


SPLIT = {
    "example.test bob@example.test:*": Jrd("acct:bob@example.test:*", "https://ap.example.test:*/users/bob"),
    "ap.example.test bob@ap.example.test:*": Jrd("acct:bob@example.test:*", "https://ap.example.test:*/users/bob"),
}


@pytest.mark.parametrize("handle", ["bob@example.test:*", "bob@ap.example.test:*"])
async def test_a_split_domain_is_one_handle_when_both_hosts_say_so(handle: str) -> None:
    async with a_world(SPLIT) as world:
        found = await webfinger.look_up(world.client, world.full(handle))
        shown = await webfinger.verify_handle(world.client, username="bob", actor_uri=found.actor_uri)

    assert found.handle == shown == world.full("bob@example.test:*")


async def test_a_split_domain_may_pass_questions_on() -> None:
    web: Web = {
        "example.test bob@example.test:*": a_redirect(
            "https://ap.example.test:*/.well-known/webfinger?resource=acct:bob@example.test:*"
        ),
        "ap.example.test bob@example.test:*": Jrd("acct:bob@example.test:*", "https://ap.example.test:*/users/bob"),
        "ap.example.test bob@ap.example.test:*": Jrd("acct:bob@example.test:*", "https://ap.example.test:*/users/bob"),
    }

    async with a_world(web) as world:
        found = await webfinger.look_up(world.client, world.full("bob@example.test:*"))
        shown = await webfinger.verify_handle(world.client, username="bob", actor_uri=found.actor_uri)

    assert found.handle == shown == world.full("bob@example.test:*")


async def test_org_17_a_stolen_subject_is_shown_under_the_thiefs_own_name() -> None:
    web: Web = {
        "evil.test eve@evil.test:*": Jrd("acct:bob@good.test:*", "https://evil.test:*/users/eve"),
        "good.test bob@good.test:*": BOB,
    }

    async with a_world(web) as world:
        found = await webfinger.look_up(world.client, world.full("eve@evil.test:*"))
        shown = await webfinger.verify_handle(world.client, username="eve", actor_uri=found.actor_uri)

    assert found.handle == shown == world.full("eve@evil.test:*")
    assert found.actor_uri == world.full("https://evil.test:*/users/eve")


@pytest.mark.parametrize("good", [404, 410, 403])
async def test_org_17_a_subject_its_host_does_not_know_is_not_used(good: int) -> None:
    web: Web = {
        "evil.test eve@evil.test:*": Jrd("acct:bob@good.test:*", "https://evil.test:*/users/eve"),
        "good.test bob@good.test:*": a_reply(status=good),
    }

    async with a_world(web) as world:
        actor_uri = world.full("https://evil.test:*/users/eve")
        shown = await webfinger.verify_handle(world.client, username="eve", actor_uri=actor_uri)

    assert shown == world.full("eve@evil.test:*")


async def test_a_subject_whose_host_is_silent_is_asked_again_later() -> None:
    web: Web = {
        "evil.test eve@evil.test:*": Jrd("acct:bob@good.test:*", "https://evil.test:*/users/eve"),
        "good.test bob@good.test:*": a_reply(status=503),
    }

    async with a_world(web) as world:
        with pytest.raises(Unreachable):
            await webfinger.look_up(world.client, world.full("eve@evil.test:*"))


# ORG-18: what is rejected


EVIL = "evil.test eve@evil.test:*"
EVE = Jrd("acct:eve@evil.test:*", "https://evil.test:*/users/eve")
AT_GOOD = "https://good.test:*/.well-known/webfinger?resource=acct:bob@good.test:*"


@pytest.mark.parametrize(
    "web",
    [
        pytest.param(
            {
                EVIL: EVE._replace(subject="acct:a@example.test:*"),
                "example.test a@example.test:*": Jrd("acct:bob@good.test:*", EVE.actor),
                "good.test bob@good.test:*": Jrd("acct:bob@good.test:*", EVE.actor),
            },
            id="subjects in a chain",
        ),
        pytest.param({EVIL: a_redirect(AT_GOOD), "good.test bob@good.test:*": BOB}, id="redirect to another host"),
        pytest.param(
            {
                EVIL: a_redirect("https://good.test:*/open?resource=acct:eve@evil.test:*"),
                "good.test eve@evil.test:*": Jrd("acct:eve@evil.test:*", "https://good.test:*/users/bob"),
            },
            id="redirect to another path of another host",
        ),
        pytest.param({EVIL: EVE._replace(rel="alternate")}, id="wrong rel"),
        pytest.param({EVIL: EVE._replace(type="application/json")}, id="wrong type"),
        pytest.param({EVIL: EVE._replace(type="application/ld+json")}, id="no profile"),
        pytest.param({EVIL: EVE._replace(type=f"{ACTIVITY}; charset=utf-8")}, id="type with more"),
        pytest.param({EVIL: EVE._replace(type="APPLICATION/ACTIVITY+JSON")}, id="type in capitals"),
        pytest.param({EVIL: EVE._replace(actor="http://evil.test:*/users/eve")}, id="http"),
        pytest.param({EVIL: EVE._replace(actor="javascript:alert(1)")}, id="script"),
        pytest.param({EVIL: EVE._replace(actor="/users/eve")}, id="relative"),
        pytest.param({EVIL: EVE._replace(actor="https://x@evil.test:*/users/eve")}, id="user in the link"),
        pytest.param({EVIL: EVE._replace(actor=["https://evil.test:*/users/eve"])}, id="list"),
        pytest.param({EVIL: EVE._replace(actor=None)}, id="no href"),
        pytest.param(
            {EVIL: EVE._replace(actor="https://good.test:*/users/bob"), "good.test eve@good.test:*": BOB},
            id="actor at a host that knows it by another name",
        ),
        pytest.param(
            {
                EVIL: EVE._replace(actor="https://good.test:*/users/bob"),
                "good.test eve@good.test:*": Jrd("acct:eve@evil.test:*", "https://good.test:*/users/other"),
            },
            id="actor at a host that means another one",
        ),
        pytest.param({EVIL: EVE._replace(subject="a@b@c")}, id="three parts"),
        pytest.param({EVIL: EVE._replace(subject="https://evil.test/users/eve")}, id="subject is a URL"),
        pytest.param({EVIL: EVE._replace(subject="")}, id="empty subject"),
        pytest.param({EVIL: EVE._replace(subject=None)}, id="no subject"),
        pytest.param({EVIL: EVE._replace(subject=["acct:eve@evil.test:*"])}, id="list of subjects"),
        pytest.param({EVIL: EVE._replace(subject="acct:eve@evil.test\t:*")}, id="tab in the subject"),
        pytest.param({EVIL: EVE._replace(more=({"x": "a" * (1 << 20)},))}, id="a megabyte"),
        pytest.param({EVIL: a_reply(b"[]")}, id="list for a document"),
        pytest.param({EVIL: a_reply(b"{")}, id="not JSON"),
        pytest.param({EVIL: a_reply(b'{"subject": "acct:eve@evil.test", "links": {}}')}, id="links are an object"),
        pytest.param({EVIL: a_reply(b'{"subject": "acct:eve@evil.test", "links": [1, null]}')}, id="links are none"),
    ],
)
async def test_org_18_an_answer_that_cannot_be_right_is_rejected(web: Web) -> None:
    async with a_world(web) as world:
        with pytest.raises(Invalid):
            await webfinger.look_up(world.client, world.full("eve@evil.test:*"))

    assert len(world.peer.asked) <= 2


async def test_org_18_an_actor_at_a_host_that_does_not_know_the_handle_is_rejected() -> None:
    async with a_world({EVIL: EVE._replace(actor="https://good.test:*/users/bob")}) as world:
        with pytest.raises(NotFound):
            await webfinger.look_up(world.client, world.full("eve@evil.test:*"))

    assert world.asked() == ["evil.test acct:eve@evil.test:*", "good.test acct:eve@good.test:*"]


@pytest.mark.parametrize("actor", ["https://us.example/users/ann", "https://10.0.0.1/users/ann"])
async def test_an_actor_of_ours_or_inside_is_not_asked_for(actor: str) -> None:
    async with a_world({EVIL: EVE._replace(actor=actor)}) as world:
        with pytest.raises(Refused):
            await webfinger.look_up(world.client, world.full("eve@evil.test:*"))


# The way back


async def test_an_actor_its_host_knows_by_another_id_has_no_handle() -> None:
    async with a_world({"good.test bob@good.test:*": BOB}) as world:
        with pytest.raises(Invalid):
            await webfinger.verify_handle(
                world.client, username="bob", actor_uri=world.full("https://good.test:*/users/BOB")
            )


@pytest.mark.parametrize(
    "username", ["", "bob@good.test", "b ob", "bób", ".bob", "bob-", "~bob", "a" * 2049, "bob/../x"]
)
async def test_a_username_outside_the_syntax_is_not_asked_for(username: str) -> None:
    async with a_world({}) as world:
        with pytest.raises(Invalid):
            await webfinger.verify_handle(
                world.client, username=username, actor_uri=world.full("https://good.test:*/users/bob")
            )

    assert world.peer.connections == 0


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("bob@us.example", ("bob", "us.example")),
        ("@bob@us.example", ("bob", "us.example")),
        ("acct:bob@us.example", ("bob", "us.example")),
        ("Bob@US.Example.", ("Bob", "us.example")),
        ("b.o-b_1@münchen.example", ("b.o-b_1", "xn--mnchen-3ya.example")),
        ("us.example@us.example", ("us.example", "us.example")),
        ("_@us.example", ("_", "us.example")),
        ("bob@us.example:443", ("bob", "us.example")),
        ("bob@us.example:8443", ("bob", "us.example:8443")),
        ("bob@school.localhost:8000", ("bob", "school.localhost:8000")),
        ("bob@school.localhost:80", ("bob", "school.localhost")),
        ("bob@[::1]:8000", ("bob", "[::1]:8000")),
    ],
)
def test_handles_are_read(text: str, parsed: tuple[str, str]) -> None:
    assert webfinger.parse_handle(text) == parsed


@pytest.mark.parametrize(
    "text",
    [
        "",
        "@",
        "@@",
        "bob",
        "@bob",
        "bob@",
        "@us.example",
        "@@bob@us.example",
        "bob@us.example@evil",
        "a@b@c",
        "bob@us.example/x",
        "bob@us.example?x",
        "bob@us.example#x",
        "bob@us.example:",
        "bob@us.example:99999",
        "bob@us example",
        "bob@us\t.example",
        "bob@us%2eexample",
        " bob@us.example",
        "bob @us.example",
        "bob\n@us.example",
        "-bob@us.example",
        "bob.@us.example",
        "böb@us.example",
        "b&resource=acct:x@us.example",
        "a" * 2049 + "@us.example",
        "a@" * 50_000,
        "@" * 100_000,
        "a@" + "-." * 50_000,
        "a" + "-." * 50_000 + "@us.example",
    ],
)
def test_what_is_no_handle_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        webfinger.parse_handle(text)


async def test_many_questions_at_once_stay_apart() -> None:
    web: Web = {
        f"good.test u{i}@good.test:*": Jrd(f"acct:u{i}@good.test:*", f"https://good.test:*/users/{i}")
        for i in range(20)
    }

    async with a_world(web) as world:
        found = await asyncio.gather(
            *(webfinger.look_up(world.client, world.full(f"u{i}@good.test:*")) for i in range(20))
        )

    assert [each.actor_uri for each in found] == [world.full(f"https://good.test:*/users/{i}") for i in range(20)]


async def test_every_refusal_is_one_of_ours() -> None:
    async with a_world({EVIL: b"nonsense\r\n\r\n"}) as world:
        with pytest.raises(FediShareError):
            await webfinger.look_up(world.client, world.full("eve@evil.test:*"))
