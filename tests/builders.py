"""Builders: one call makes one believable thing; name only what the test is about."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, insert

from fedishare.core.here import Here
from fedishare.db.accounts import Account
from fedishare.db.base import Base
from fedishare.db.engine import Database
from fedishare.db.follows import Follow
from fedishare.db.people import Actor, ActorKey
from fedishare.db.posts import Post
from fedishare.db.resources import Resource, ResourceFile, ResourceTerm
from fedishare.db.rooms import Room, Steward
from fedishare.domain.audience import PUBLIC_IRI, Visibility
from fedishare.domain.kinds import FollowState, KeyKind, Kind, StewardRole
from fedishare.domain.permissions import Role
from fedishare.domain.terms import Term, TermKind
from fedishare.net import keys

MONDAY: Final = datetime(2026, 9, 7, 8, 30, tzinfo=UTC)
FOLDERS: Final = {Kind.PERSON: "users", Kind.GROUP: "groups", Kind.ORGANISATION: "organisations"}
# How a worksheet on fractions for Year 4 is described.
WORKSHEET: Final = (
    Term(TermKind.SUBJECT, "mathematics", "Mathematics", "http://w3id.org/kim/schulfaecher/s1017"),
    Term(
        TermKind.LEVEL,
        "england:year-4",
        "Year 4",
        "https://w3id.org/uk/oak/curriculum/nationalcurriculum/year-group-4",
        "National Curriculum for England",
    ),
    Term(TermKind.STAGE, "level_1", "Primary education", "https://w3id.org/kim/educationalLevel/level_1"),
    Term(TermKind.TYPE, "worksheet", "Worksheet", "https://w3id.org/kim/hcrt/worksheet"),
)
_serial = count(1)


class FrozenClock:
    """Time stands still until a test moves it; sleeping moves it."""

    def __init__(self, now: datetime = MONDAY) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    async def sleep(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)

    def tick(self, **by: float) -> None:
        self._now += timedelta(**by)


class Made(NamedTuple):
    id: int
    uri: str


@cache
def an_rsa_pair(number: int = 0) -> keys.Keypair:  # noqa: ARG001 -- each number is another pair, made once
    return keys.new_rsa()


@cache
def an_ed25519_pair(number: int = 0) -> keys.Keypair:  # noqa: ARG001 -- as above
    return keys.new_ed25519()


def add(tx: Connection, /, table: type[Base], **values: Any) -> None:
    tx.execute(insert(table).values(**values))


def add_terms(tx: Connection, post_id: int, terms: Iterable[Term]) -> None:
    for position, term in enumerate(terms):
        add(tx, ResourceTerm, post_id=post_id, position=position, **term._asdict())


async def a_person(db: Database, here: Here, *, local: bool = True, **over: Any) -> Made:
    """An actor with keys. `domain` decides where a foreign one lives; `kind` what it is."""
    n = next(_serial)
    kind = over.pop("kind", Kind.PERSON)
    domain = over.pop("domain", here.uris.authority if local else "birch.test")
    origin = here.uris.origin if local else f"https://{domain}"
    username = over.pop("username", f"p{n}")
    uri = over.pop("uri", f"{origin}/{FOLDERS.get(kind, 'users')}/{username}")
    values = {
        "id": here.ids.new(),
        "uri": uri,
        "kind": kind,
        "username": username,
        "domain": domain,
        "handle_key": f"{username}@{domain}".lower(),
        "host": domain,
        "local": local,
        "name": f"Person {n}",
        "url": f"{origin}/@{username}",
        "inbox": f"{uri}/inbox",
        "shared_inbox": f"{origin}/inbox",
        "outbox": f"{uri}/outbox",
        "followers": f"{uri}/followers",
        "following": f"{uri}/following",
        "featured": f"{uri}/featured",
        "moderators": f"{uri}/moderators" if kind is Kind.GROUP else None,
        "created_at": MONDAY,
        "fetched_at": MONDAY,
    } | over

    def make(tx: Connection) -> None:
        add(tx, Actor, **values)
        for kind_of_key, fragment, pair in (
            (KeyKind.RSA, "main-key", an_rsa_pair()),
            (KeyKind.ED25519, "ed25519-key", an_ed25519_pair()),
        ):
            add(
                tx,
                ActorKey,
                actor_id=values["id"],
                key_id=f"{uri}#{fragment}",
                kind=kind_of_key,
                public=pair.public,
                private=pair.private_pem if local else None,
                fetched_at=MONDAY,
            )

    await db.write(make)
    return Made(int(values["id"]), uri)


async def a_room(db: Database, here: Here, *, local: bool = True, owner: Made | None = None, **over: Any) -> Made:
    members_only = over.pop("members_only", False)
    made = await a_person(db, here, local=local, kind=Kind.GROUP, **over)
    if local:
        await db.write(add, Room, actor_id=made.id, members_only_posting=members_only)
        if owner is not None:
            await db.write(add, Steward, room_id=made.id, actor_id=owner.id, role=StewardRole.OWNER)
    return made


async def a_post(db: Database, here: Here, *, by: Made, **over: Any) -> Made:
    """A post as the table holds it, without anything that follows from publishing it."""
    local = by.uri.startswith(here.uris.origin)
    post_id = here.ids.new()
    uri = over.pop("uri", here.uris.post(post_id) if local else f"{by.uri}/posts/{post_id}")
    values = {
        "id": post_id,
        "uri": uri,
        "url": uri,
        "kind": "Note",
        "author_id": by.id,
        "local": local,
        "content": f"<p>Post {post_id}</p>",
        "source": f"Post {post_id}",
        "language": "en",
        "visibility": Visibility.PUBLIC,
        "addressed_to": [PUBLIC_IRI],
        "addressed_cc": [f"{by.uri}/followers"],
        "thread_id": post_id,
        "published_at": here.now(),
    } | over
    await db.write(add, Post, **values)
    return Made(post_id, uri)


async def a_follow_row(db: Database, here: Here, *, by: Made, of: Made, **over: Any) -> Made:
    follow_id = here.ids.new()
    uri = f"{by.uri}#follow-{follow_id}"
    values = {
        "id": follow_id,
        "follower_id": by.id,
        "followee_id": of.id,
        "uri": uri,
        "state": FollowState.ACCEPTED,
        "created_at": here.now(),
    } | over
    await db.write(add, Follow, **values)
    return Made(follow_id, str(values["uri"]))


async def a_resource(db: Database, here: Here, *, by: Made, **over: Any) -> Made:
    """A post with the metadata of a worksheet for Year 4 and one file."""
    level = over.pop("level", "england:year-4")
    post = await a_post(db, here, by=by, **({"title": "Fraction wall"} | over))
    facts = {
        "description": "A printable fraction wall.",
        "age_min": 8,
        "age_max": 9,
        "licence": "CC-BY-SA-4.0",
        "licence_label": "CC BY-SA 4.0",
        "licence_url": "https://creativecommons.org/licenses/by-sa/4.0/",
    }
    file = {"position": 0, "name": "wall.pdf", "media_type": "application/pdf", "size": 4, "sha256": "0" * 64}
    await db.write(add, Resource, post_id=post.id, **facts)
    await db.write(add_terms, post.id, (*WORKSHEET[:1], WORKSHEET[1]._replace(slug=level), *WORKSHEET[2:]))
    await db.write(add, ResourceFile, post_id=post.id, url=f"{post.uri}/files/wall.pdf", **file)
    return post


async def a_teacher(db: Database, here: Here, *, role: Role = Role.MEMBER, **over: Any) -> Made:
    """A person of this node who can sign in; the password is never asked."""
    made = await a_person(db, here, **over)
    email = f"p{made.id}@alder.test"
    account = {"actor_id": made.id, "email": email, "email_key": email, "password_hash": "", "role": role}
    await db.write(add, Account, created_at=here.now(), **account)
    return made
