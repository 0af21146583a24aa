"""What an app may be allowed to do: the scopes of Mastodon's API, which of them hold which, and in plain words."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from fedishare.core.errors import Invalid

_READ: Final = (
    "accounts",
    "blocks",
    "bookmarks",
    "collections",
    "favourites",
    "filters",
    "follows",
    "lists",
    "mutes",
    "notifications",
    "search",
    "statuses",
)
_WRITE: Final = (
    "accounts",
    "blocks",
    "bookmarks",
    "collections",
    "conversations",
    "favourites",
    "filters",
    "follows",
    "lists",
    "media",
    "mutes",
    "notifications",
    "reports",
    "statuses",
)
_ADMIN: Final = (
    "accounts",
    "reports",
    "domain_allows",
    "domain_blocks",
    "ip_blocks",
    "email_domain_blocks",
    "canonical_email_blocks",
)
_FOLLOW: Final = ("blocks", "follows", "mutes")


def _granular(broad: str, names: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"{broad}:{name}" for name in names)


# Each scope that holds others, with those it holds.
HOLDS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "read": _granular("read", _READ),
        "write": _granular("write", _WRITE),
        "follow": (*_granular("read", _FOLLOW), *_granular("write", _FOLLOW)),
        "push": (),
        "profile": (),
        "admin:read": _granular("admin:read", _ADMIN),
        "admin:write": _granular("admin:write", _ADMIN),
    }
)
ALL: Final = tuple(dict.fromkeys(name for broad, held in HOLDS.items() for name in (broad, *held)))
KNOWN: Final = frozenset(ALL)
DEFAULT: Final = "read"
LONGEST: Final = 2_000
_SAID: Final[Mapping[str, str]] = MappingProxyType(
    {
        "read": "Read everything that you can read here, messages to you alone included",
        "read:accounts": "See people's profiles, and your own with what only you see of it",
        "read:blocks": "See whom and which servers you have blocked",
        "read:bookmarks": "See what you have bookmarked",
        "read:collections": "See your collections",
        "read:favourites": "See what you liked",
        "read:filters": "See your filters",
        "read:follows": "See whom you follow, and who follows you",
        "read:lists": "See your lists",
        "read:mutes": "See whom you have muted",
        "read:notifications": "See your notices",
        "read:search": "Search as you",
        "read:statuses": "Read all posts that you can read, messages to you alone included",
        "write": "Do everything that you can do here: post, answer, delete, change your profile",
        "write:accounts": "Change your profile",
        "write:blocks": "Block people and servers",
        "write:bookmarks": "Bookmark posts",
        "write:collections": "Change your collections",
        "write:conversations": "Mark conversations as read, and hide them",
        "write:favourites": "Like posts",
        "write:filters": "Change your filters",
        "write:follows": "Follow people and join rooms, and leave them",
        "write:lists": "Change your lists",
        "write:media": "Upload pictures and files",
        "write:mutes": "Mute people and conversations",
        "write:notifications": "Clear your notices",
        "write:reports": "Report posts and people",
        "write:statuses": "Post, answer, edit and delete as you",
        "follow": "Follow, block and mute people, and see whom you follow, blocked and muted",
        "push": "Send notices to your device",
        "profile": "See your name and your picture, and nothing else",
        "admin:read": "Read what only moderators and administrators can read, such as reports and e-mail addresses",
        "admin:write": "Do what only moderators and administrators can do, such as closing accounts",
    }
)


def parse(text: str) -> tuple[str, ...]:
    """The scopes of a text, in its order. Raises Invalid for one that does not exist, and for none at all."""
    wanted = tuple(text.replace("+", " ").replace(",", " ").split()) if len(text) <= LONGEST else ()
    unknown = [name for name in wanted if name not in KNOWN]
    if unknown or not wanted:
        raise Invalid(f"The scope {unknown[0]} does not exist." if unknown else "No scope was asked for.")
    return wanted


@lru_cache(maxsize=512)
def granted(text: str) -> frozenset[str]:
    """Everything that a token with these scopes holds, the granular ones that a broad one implies included."""
    names = frozenset(text.split())
    return names.union(*(HOLDS.get(name, ()) for name in names))


def is_within(wanted: Iterable[str], allowed: str) -> bool:
    """Whether whoever was allowed the one may have the other."""
    return granted(" ".join(allowed.split())).issuperset(wanted)


def in_words(wanted: Iterable[str]) -> list[str]:
    """What somebody who allows these scopes agrees to, each sentence once; what a broader one says is left out."""
    names = list(dict.fromkeys(wanted))
    implied = {held for name in names for held in HOLDS.get(name, ())}
    kept = [name for name in names if name not in implied]
    return list(dict.fromkeys(_SAID.get(name) or _SAID[name.rpartition(":")[0]] for name in kept))


def needs_a_role(wanted: Iterable[str]) -> bool:
    """Whether some of it is for moderators and administrators alone."""
    return any(name.startswith("admin:") for name in wanted)
