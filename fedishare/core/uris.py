"""Mints and reads our own addresses; the only file that spells out a path."""

import re
from enum import StrEnum
from typing import Final, NamedTuple
from urllib.parse import quote

import msgspec

from fedishare.core.hosts import origin_of, same_origin


class Place(StrEnum):
    """What one of our own addresses names."""

    PERSON = "users"
    GROUP = "groups"
    ORGANISATION = "organisations"
    COLLECTION = "collections"
    NODE = "actor"
    POST = "posts"
    RESOURCE = "resources"
    ACTIVITY = "activities"


class Ours(NamedTuple):
    place: Place
    key: str


_FOLDERS: Final = {place.value: place for place in Place if place is not Place.NODE}
_KEY: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")


class Uris(msgspec.Struct, frozen=True):
    """The addresses of one node. `origin` is its public address without a slash at the end."""

    origin: str

    @property
    def authority(self) -> str:
        """Host, and port where it is not the usual one: what follows the @ in a handle."""
        return origin_of(self.origin).authority

    @property
    def node(self) -> str:
        return f"{self.origin}/actor"

    @property
    def shared_inbox(self) -> str:
        return f"{self.origin}/inbox"

    def actor(self, place: Place, username: str) -> str:
        return self.node if place is Place.NODE else f"{self.origin}/{place.value}/{username}"

    def profile(self, handle: str) -> str:
        """The page of a person or room: ours by `name`, someone else's by `name@host`."""
        return f"{self.origin}/@{handle}"

    def post(self, post_id: int) -> str:
        return f"{self.origin}/posts/{post_id}"

    def resource(self, post_id: int) -> str:
        return f"{self.origin}/resources/{post_id}"

    def file(self, post_id: int, name: str) -> str:
        return f"{self.origin}/resources/{post_id}/files/{quote(name)}"

    def preview(self, post_id: int, name: str) -> str:
        """A picture of what is in a file."""
        return f"{self.file(post_id, name)}/preview.webp"

    def activity(self, activity_id: int) -> str:
        return f"{self.origin}/activities/{activity_id}"

    def stamp(self, stamp_id: int) -> str:
        """The word of an author of ours that they may be quoted (FEP-044f)."""
        return f"{self.origin}/stamps/{stamp_id}"

    def invitation(self, secret: str) -> str:
        """A link into a room, for whoever has it."""
        return f"{self.origin}/join/{secret}"

    def thread(self, root_id: int) -> str:
        return f"{self.origin}/threads/{root_id}"

    def media(self, key: str) -> str:
        return f"{self.origin}/media/{key}"

    def portrait(self, key: str) -> str:
        """The picture of somebody here, for everybody."""
        return f"{self.origin}/portraits/{key}"

    def tag(self, name: str) -> str:
        return f"{self.origin}/tags/{quote(name)}"

    def feed(self, page: str) -> str:
        """The Atom feed of what the page of a person, room or hashtag of ours shows."""
        return f"{page}.atom"

    def subject_feed(self, slug: str) -> str:
        return f"{self.origin}/subjects/{slug}.atom"

    def sitemap(self, kind: str, first: int) -> str:
        """The part of the sitemap that begins with the thing of this id."""
        return f"{self.origin}/sitemaps/{kind}-{first}.xml"

    def is_ours(self, uri: str) -> bool:
        """Whether the address lies on this node, however its host is written."""
        return same_origin(uri, self.origin)

    def read(self, uri: str) -> Ours | None:
        """What one of our addresses names, or nothing: not ours, or not a thing with an id."""
        if not uri.startswith(self.origin + "/"):
            return None
        path = uri[len(self.origin) + 1 :]
        if path == Place.NODE.value:
            return Ours(Place.NODE, "")
        folder, _, key = path.partition("/")
        place = _FOLDERS.get(folder)
        return Ours(place, key) if place and _KEY.fullmatch(key) else None


def inbox(actor: str) -> str:
    return f"{actor}/inbox"


def outbox(actor: str) -> str:
    return f"{actor}/outbox"


def followers(actor: str) -> str:
    return f"{actor}/followers"


def followers_synchronization(actor: str) -> str:
    """Those of its followers who live where the asker lives (FEP-8fcf)."""
    return f"{actor}/followers_synchronization"


def following(actor: str) -> str:
    return f"{actor}/following"


def featured(actor: str) -> str:
    return f"{actor}/featured"


def moderators(group: str) -> str:
    return f"{group}/moderators"


def members(group: str) -> str:
    """Who is in a room, for the servers of those who are."""
    return f"{group}/members"


def answers(group: str) -> str:
    """The answers in a room that settled a question."""
    return f"{group}/answers"


def past(group: str) -> str:
    """What was written in a room that has moved, for its new home."""
    return f"{group}/past"


def decisions(group: str) -> str:
    """What was decided in a room that has moved and still counts, for its new home."""
    return f"{group}/decisions"


def items(collection: str) -> str:
    """The resources in a collection that people follow, in its curator's order."""
    return f"{collection}/items"


def main_key(actor: str) -> str:
    """The RSA key that signs requests. Lemmy's verifier wants this very fragment."""
    return f"{actor}#main-key"


def proof_key(actor: str) -> str:
    """The Ed25519 key that signs objects (FEP-521a)."""
    return f"{actor}#ed25519-key"


def create(post: str) -> str:
    """The Create activity of a post of ours."""
    return f"{post}/activity"


def replies(post: str) -> str:
    return f"{post}/replies"


def likes(post: str) -> str:
    return f"{post}/likes"


def shares(post: str) -> str:
    return f"{post}/shares"
