"""What we understand of other people's activities, actors and posts, as frozen structs.

These hold what was said, cut to our limits and no further: who may say it, and what of it is
safe to show, is decided in the inbox.
"""

from datetime import datetime

import msgspec

from fedishare.as2.node import Node


class Activity(msgspec.Struct, frozen=True, kw_only=True):
    """`id` is None where the sender gave none. `inner` is the object where it was sent along."""

    id: str | None
    type: str
    actor: str
    object: str | None
    objects: tuple[str, ...]
    inner: Node | None
    target: str | None
    content: str
    published: datetime | None
    to: tuple[str, ...]
    cc: tuple[str, ...]
    audience: tuple[str, ...]

    @property
    def object_type(self) -> str:
        return self.inner.type if self.inner else ""


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """A public key: `pem` for requests, or `multibase` for proofs."""

    id: str
    owner: str
    pem: str | None = None
    multibase: str | None = None
    ends_at: datetime | None = None


class Field(msgspec.Struct, frozen=True):
    name: str
    value: str


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """Who somebody says they are. That their addresses lie where they may is for the inbox to see."""

    id: str
    type: str
    username: str
    name: str
    summary: str
    url: str | None
    inbox: str
    shared_inbox: str | None
    outbox: str | None
    followers: str | None
    following: str | None
    featured: str | None
    moderators: str | None
    icon: str | None
    image: str | None
    fields: tuple[Field, ...]
    locked: bool
    discoverable: bool
    indexable: bool
    also_known_as: tuple[str, ...]
    moved_to: str | None
    published: datetime | None
    keys: tuple[Key, ...]
    webfinger: str | None = None
    tags: tuple[str, ...] = ()
    # Of a collection of resources: where it lists them, and who chose them.
    items: str | None = None
    curator: str | None = None
    # Its own server shows it to nobody for now.
    suspended: bool = False


class Media(msgspec.Struct, frozen=True, kw_only=True):
    """An attachment. `is_link` where it points at a page and not at a file."""

    type: str
    url: str
    media_type: str
    alt: str
    width: int | None = None
    height: int | None = None
    focal: tuple[float, float] | None = None
    is_link: bool = False


class Concept(msgspec.Struct, frozen=True):
    """A term of a vocabulary: its address, what its sender calls it, and the framework it belongs to."""

    uri: str | None
    label: str
    framework: str | None = None


class File(msgspec.Struct, frozen=True, kw_only=True):
    url: str
    name: str
    media_type: str
    size: int
    sha256: str


class Work(msgspec.Struct, frozen=True):
    """What a resource is based on: its address, and what its sender knows of it."""

    uri: str
    name: str
    licence: str | None


class Learning(msgspec.Struct, frozen=True, kw_only=True):
    """The `schema:mainEntity` of a post that is a teaching resource (resources.md 3.7).

    `levels` are those of somebody's curriculum, `stages` what stands in `educationalLevel`.
    """

    id: str
    description: str
    subjects: tuple[Concept, ...]
    levels: tuple[Concept, ...]
    stages: tuple[Concept, ...]
    types: tuple[Concept, ...]
    audiences: tuple[Concept, ...]
    objectives: tuple[Concept, ...]
    keywords: tuple[str, ...]
    features: tuple[str, ...]
    licence: Concept | None
    ages: str
    duration: str
    credit: str
    based_on: tuple[Work, ...]
    version: int
    files: tuple[File, ...]
    changed: str = ""


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """The `schema:mainEntity` of a post that says somebody used a resource."""

    resource: str
    line: str
    level: str | None


class Option(msgspec.Struct, frozen=True):
    """One answer of a poll. `votes` is None where no whole number is given."""

    name: str
    votes: int | None


class Poll(msgspec.Struct, frozen=True, kw_only=True):
    """What a Question asks. `is_closed` where it is over and nobody says since when."""

    options: tuple[Option, ...]
    multiple: bool
    ends: datetime | None
    closed: datetime | None
    is_closed: bool
    voters: int | None


class Quote(msgspec.Struct, frozen=True):
    """Which post another one quotes. `is_asked` where its author is asked for leave, as FEP-044f has it."""

    uri: str
    stamp: str | None
    is_asked: bool


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """Anything with an author and a text, whatever its type.

    `quote_policy` holds whom its server lets quote it at once, and whom after asking its author. `entity`
    is what it is about, in the words of schema.org.
    """

    id: str
    type: str
    author: str | None
    name: str | None
    summary: str | None
    content: str
    is_html: bool
    source: str | None
    language: str | None
    url: str | None
    in_reply_to: str | None
    context: str | None
    published: datetime | None
    updated: datetime | None
    starts: datetime | None
    ends: datetime | None
    place: str
    to: tuple[str, ...]
    cc: tuple[str, ...]
    audience: tuple[str, ...]
    sensitive: bool
    hashtags: tuple[str, ...]
    mentions: tuple[str, ...]
    media: tuple[Media, ...]
    poll: Poll | None
    quote: Quote | None
    quote_policy: tuple[tuple[str, ...], tuple[str, ...]] | None
    learning: Learning | None
    usage: Usage | None
    entity: Node | None = None
    genre: str | None = None
    accepted_answer: str | None = None
