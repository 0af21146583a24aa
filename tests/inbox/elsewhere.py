"""What other servers hold and say, and the letters they send us."""

from collections.abc import Callable
from itertools import count
from typing import Any, Final

import msgspec
from aiohttp.abc import AbstractResolver, ResolveResult
from sqlalchemy import Connection, select

from fedishare.as2.node import CONTEXT, EVERYBODY
from fedishare.core.errors import Unreachable
from fedishare.core.here import Here
from fedishare.db.base import insert
from fedishare.db.engine import Database
from fedishare.db.follows import Follow
from fedishare.db.people import Actor
from fedishare.db.work import Job, Received
from fedishare.domain.kinds import FollowState
from fedishare.inbox import receive
from fedishare.jobs.tools import Tools
from fedishare.jobs.types import Receive
from fedishare.net import keys, proofs, signatures
from fedishare.net.signatures import Request, Scheme, Signer
from tests.builders import Made, an_ed25519_pair, an_rsa_pair
from tests.net.peers import LOOPBACK, Asked, a_reply

HOSTS: Final = ("birch.test", "cedar.test", "elm.test", "evil.test", "www.birch.test")
ACTIVITY: Final = "application/activity+json"
_serial: Final = count(1)

Document = dict[str, Any]
Said = Document | bytes | Callable[[Asked], bytes]


class Lane(AbstractResolver):
    """All names lead to the one port where everybody else lives, so addresses need no port of their own."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
        return [ResolveResult(hostname=host, host=LOOPBACK, port=self._port, family=family, proto=0, flags=0)]

    async def close(self) -> None:
        pass


class Elsewhere:
    """`asked` lists the addresses that were asked for, in order."""

    def __init__(self) -> None:
        self.port = 0
        self.asked: list[str] = []
        self._said: dict[str, Said] = {}
        self._handles: dict[str, str] = {}

    def say(self, address: str, said: Said) -> None:
        self._said[address] = said

    def fail(self, address: str, status: int, **headers: str) -> None:
        self.say(address, a_reply(status=status, headers=list(headers.items())))

    def name(self, handle: str, actor: str) -> None:
        self._handles[handle] = actor

    def settle(self, document: Document) -> str:
        """Somebody lives elsewhere: their document and their handle."""
        uri = str(document["id"])
        host = uri.split("/")[2]
        self.say(uri, document)
        self.name(f"{document['preferredUsername']}@{host}".lower(), uri)
        return uri

    def answer(self, asked: Asked) -> bytes:
        address = f"https://{asked.host}{asked.target}"
        self.asked.append(address)
        _, _, handle = asked.target.partition("/.well-known/webfinger?resource=acct:")
        if handle.lower() in self._handles:
            jrd = _jrd(handle, self._handles[handle.lower()])
            return a_reply(jrd, headers=[("Content-Type", "application/jrd+json")])
        said = self._said.get(address)
        match said:
            case None:
                return a_reply(status=404)
            case bytes():
                return said
            case dict():
                return a_document(said)
            case _:
                return said(asked)


def _jrd(handle: str, actor: str) -> bytes:
    link = {"rel": "self", "type": ACTIVITY, "href": actor}
    return msgspec.json.encode({"subject": f"acct:{handle}", "links": [link]})


def a_document(document: Document, *, content_type: str = ACTIVITY) -> bytes:
    return a_reply(msgspec.json.encode(document), headers=[("Content-Type", content_type)])


def an_actor(uri: str = "https://birch.test/users/ada", *, pair: int = 0, **over: Any) -> Document:
    base = {
        "@context": CONTEXT,
        "id": uri,
        "type": "Person",
        "preferredUsername": uri.rpartition("/")[2],
        "name": "Ada",
        "inbox": f"{uri}/inbox",
        "outbox": f"{uri}/outbox",
        "followers": f"{uri}/followers",
        "featured": f"{uri}/featured",
        "publicKey": {"id": f"{uri}#main-key", "owner": uri, "publicKeyPem": _rsa(pair).public},
        "assertionMethod": [
            {
                "id": f"{uri}#ed25519-key",
                "type": "Multikey",
                "controller": uri,
                "publicKeyMultibase": _ed25519(pair).public,
            }
        ],
    }
    return base | over


def a_note(author: str = "https://birch.test/users/ada", *, number: int = 1, **over: Any) -> Document:
    base = {
        "@context": CONTEXT,
        "id": f"{author}/posts/{number}",
        "type": "Note",
        "attributedTo": author,
        "content": "<p>Fractions go well with cake.</p>",
        "published": "2026-09-07T08:00:00Z",
        "to": [EVERYBODY],
        "cc": [f"{author}/followers"],
    }
    return base | over


def _rsa(pair: int) -> keys.Keypair:
    """Number 0 is the pair that every builder gives."""
    return an_rsa_pair(pair) if pair else an_rsa_pair()


def _ed25519(pair: int) -> keys.Keypair:
    return an_ed25519_pair(pair) if pair else an_ed25519_pair()


def an_activity(kind: str, actor: str, about: Any, **over: Any) -> Document:
    base = {"@context": CONTEXT, "id": f"{actor}#{kind.lower()}-{next(_serial)}", "type": kind, "actor": actor}
    return base | {"object": about} | over


def a_proof(document: Document, *, by: str, pair: int = 0, tools: Tools) -> Document:
    return proofs.attach(
        document, key_id=f"{by}#ed25519-key", private_pem=_ed25519(pair).private_pem, now=tools.here.now()
    )


def a_letter(
    tools: Tools,
    activity: Document | bytes,
    *,
    by: str,
    pair: int | keys.Keypair = 0,
    key_id: str | None = None,
    target: str = "/inbox",
    scheme: Scheme = Scheme.CAVAGE,
) -> Request:
    """A signed POST as it comes in. `by` is whose key signs; `pair` says which key they have."""
    body = activity if isinstance(activity, bytes) else msgspec.json.encode(activity)
    private = _rsa(pair).private_pem if isinstance(pair, int) else pair.private_pem
    headers = signatures.sign(
        Signer(key_id or f"{by}#main-key", private),
        scheme=scheme,
        method="POST",
        url=tools.here.uris.origin + target,
        body=body,
        now=tools.here.now(),
    )
    origin = tools.here.uris.origin
    return Request(method="POST", target=target, headers=tuple(headers.items()), body=body, origin=origin)


async def post(tools: Tools, letter: Request, *, recipient: str | None = None, **over: str) -> None:
    await receive.receive(
        tools,
        letter,
        content_type=over.get("content_type", ACTIVITY),
        content_encoding=over.get("content_encoding", ""),
        recipient=recipient,
    )


async def send(
    tools: Tools, activity: Document, *, by: Made | str | None = None, pair: int = 0, by_stranger: bool = False
) -> str:
    """Deliver an activity, do what it left to be done later, and say what became of it.

    Whoever sends a post for everybody is followed by our node, unless it is sent `by_stranger`.
    """
    sender = by.uri if isinstance(by, Made) else by or str(activity["actor"])
    if activity.get("type") in {"Create", "Update"} and not by_stranger:
        await tools.db.write(_get_followed, tools.here, uri=sender)
    await post(tools, a_letter(tools, activity, by=sender, pair=pair))
    await catch_up(tools)
    return await outcome(tools, str(activity.get("id", "")))


def _get_followed(tx: Connection, here: Here, *, uri: str) -> None:
    ids = {
        row.uri: row.id for row in tx.execute(select(Actor.uri, Actor.id).where(Actor.uri.in_([uri, here.uris.node])))
    }
    if len(ids) == len({uri, here.uris.node}):
        by, of = ids[here.uris.node], ids[uri]
        follow = {"id": here.ids.new(), "uri": f"{here.uris.node}#follow-{of}", "follower_id": by, "followee_id": of}
        follow |= {"state": FollowState.ACCEPTED, "created_at": here.now()}
        tx.execute(insert(Follow).on_conflict_do_nothing(), follow)


async def catch_up(tools: Tools) -> None:
    """Apply what waits for something to be fetched; what is unreachable goes on waiting."""
    for uri in await tools.db.read(waiting):
        try:
            await receive.apply_later(tools, Receive(uri))
        except Unreachable:
            continue


async def outcome(tools: Tools, uri: str) -> str:
    found = await tools.db.read(outcomes)
    return found.get(uri, "nothing came")


def outcomes(tx: Connection) -> dict[str, str]:
    return {row.uri: row.outcome or "waiting" for row in tx.execute(select(Received.uri, Received.outcome))}


def waiting(tx: Connection) -> list[str]:
    decode = msgspec.json.Decoder(Receive).decode
    payloads = tx.scalars(select(Job.payload).where(Job.kind == "Receive").order_by(Job.id))
    return [decode(payload).uri for payload in payloads]


def jobs(tx: Connection) -> list[str]:
    return list(tx.scalars(select(Job.kind).order_by(Job.id)))


async def rows(db: Database, *columns: Any) -> list[tuple[Any, ...]]:
    """All values of these columns, in the order of the first."""

    def found(tx: Connection) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in tx.execute(select(*columns).order_by(columns[0]))]

    return await db.read(found)
