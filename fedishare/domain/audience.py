"""The audience ladder: who may see a thing, to and from `to` and `cc`, and the plain sentence that says so."""

from collections.abc import Collection, Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from fedishare.core.errors import Invalid

PUBLIC_IRI: Final = "https://www.w3.org/ns/activitystreams#Public"
PUBLIC_SPELLINGS: Final = frozenset((PUBLIC_IRI, "as:Public", "Public"))


class Visibility(StrEnum):
    """From the widest audience to the narrowest."""

    PUBLIC = "public"
    QUIET = "quiet"
    FOLLOWERS = "followers"
    ROOM = "room"
    MENTIONED = "mentioned"


LADDER: Final = tuple(Visibility)
# What everybody may see.
OPEN: Final = (Visibility.PUBLIC, Visibility.QUIET)

# What a person may choose for a post, but for the room that it is for.
OFFERED: Final = (Visibility.PUBLIC, Visibility.QUIET, Visibility.FOLLOWERS, Visibility.MENTIONED)
LABELS: Final = {
    Visibility.PUBLIC: "Everyone",
    Visibility.QUIET: "Everyone, quietly",
    Visibility.FOLLOWERS: "My followers",
    Visibility.ROOM: "Members of the room",
    Visibility.MENTIONED: "Only the people I name",
}


class Addressed(NamedTuple):
    to: tuple[str, ...]
    cc: tuple[str, ...]


def is_public(uri: str) -> bool:
    """Whether an address means everybody; ActivityPub 5.6 knows three spellings of it."""
    return uri in PUBLIC_SPELLINGS


def address(
    visibility: Visibility,
    *,
    followers: str,
    mentioned: Sequence[str],
    room: str | None = None,
    room_followers: str | None = None,
) -> Addressed:
    """The `to` and `cc` of a new object; `classify` reads the same visibility back from them.

    The room is addressed in a public or quiet post, and in one for the room alone, which raises `Invalid` when there is
    no room. What is named as mentioned can never widen the audience: collections and Public are left out (VIS-13).
    """
    people = [uri for uri in mentioned if not is_public(uri) and uri not in {followers, room_followers}]
    match visibility:
        case Visibility.PUBLIC:
            return _addressed([PUBLIC_IRI], [followers, *people, room])
        case Visibility.QUIET:
            return _addressed([followers], [PUBLIC_IRI, *people, room])
        case Visibility.FOLLOWERS:
            return _addressed([followers], people)
        case Visibility.ROOM:
            if not room or not room_followers:
                raise Invalid("Choose the staffroom this is for.")
            return _addressed([room, room_followers], people)
        case Visibility.MENTIONED:
            return _addressed(people, [])


def classify(
    *, to: Sequence[str], cc: Sequence[str], author_followers: str | None, rooms_followers: Collection[str] = ()
) -> Visibility:
    """The visibility of an object by its addresses; what we cannot place is for the people mentioned only (VIS-08).

    Followers count only in `to`, as Mastodon reads it: in `cc` they may stand beside an audience we do not know.
    `rooms_followers` are the member collections of the rooms we know among the addressed.
    """
    if any(map(is_public, to)):
        return Visibility.PUBLIC
    if any(map(is_public, cc)):
        return Visibility.QUIET
    if author_followers and author_followers in to:
        return Visibility.FOLLOWERS
    if any(uri in rooms_followers for uri in to):
        return Visibility.ROOM
    return Visibility.MENTIONED


def offered(answered: Visibility | None) -> Sequence[Visibility]:
    """What somebody may choose from. An answer never reaches further than what it answers (VIS-13)."""
    if answered is None:
        return OFFERED
    narrow = LADDER[LADDER.index(answered) :]
    return [each for each in narrow if each in OFFERED or each is answered]


def narrower(one: Visibility, other: Visibility) -> Visibility:
    """The more private of two: what a reply starts from, so that an audience never widens by itself (VIS-13)."""
    return max(one, other, key=LADDER.index)


def explain(visibility: Visibility, *, room_name: str | None, follower_count: int | None = None) -> str:
    """One plain sentence for the person who writes or reads: who can see this."""
    match visibility:
        case Visibility.PUBLIC:
            also = f", and it goes to {room_name}" if room_name else ""
            return f"Anyone can see this, on this server and elsewhere{also}."
        case Visibility.QUIET:
            also = f", and it goes to {room_name}" if room_name else ""
            return f"Anyone with the link can see this, but it stays out of public timelines and searches{also}."
        case Visibility.FOLLOWERS:
            return f"Only {_followers(follower_count)} and the people mentioned can see this."
        case Visibility.ROOM:
            return f"Only members of {room_name or 'the staffroom'} can see this."
        case Visibility.MENTIONED:
            return "Only the people mentioned can see this."


def _followers(count: int | None) -> str:
    match count:
        case None:
            return "followers"
        case 0:
            return "followers (nobody yet)"
        case 1:
            return "1 follower"
        case _:
            return f"{count} followers"


def _addressed(to: Sequence[str | None], cc: Sequence[str | None]) -> Addressed:
    first = dict.fromkeys(uri for uri in to if uri)
    second = dict.fromkeys(uri for uri in cc if uri and uri not in first)
    return Addressed(tuple(first), tuple(second))
