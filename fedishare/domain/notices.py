"""What people are told, as apps name it; and what somebody would rather be asked about first."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple

from fedishare.domain.kinds import NoticeKind


class Verdict(StrEnum):
    """What becomes of notices from somebody: shown, held back until the person agrees, or not shown at all."""

    ACCEPT = "accept"
    FILTER = "filter"
    DROP = "drop"


class Policy(NamedTuple):
    """What somebody decided about notices from people of five kinds."""

    for_not_following: Verdict = Verdict.ACCEPT
    for_not_followers: Verdict = Verdict.ACCEPT
    for_new_accounts: Verdict = Verdict.ACCEPT
    for_private_mentions: Verdict = Verdict.ACCEPT
    for_limited_accounts: Verdict = Verdict.ACCEPT


# Kinds that apps do not know go by the word that comes nearest: what happens when it is pressed is what should happen.
# What has neither a post nor a profile worth opening is left to the pages: places in rooms, handles, what is scheduled.
TYPES: Final[Mapping[NoticeKind, str]] = MappingProxyType(
    {
        NoticeKind.MENTION: "mention",
        NoticeKind.REPLY: "mention",
        NoticeKind.ADAPTED: "mention",
        NoticeKind.ACTION: "mention",
        NoticeKind.MINUTES: "status",
        NoticeKind.ROOM_POST: "status",
        NoticeKind.POSTED: "status",
        NoticeKind.BOOST: "reblog",
        NoticeKind.FOLLOW: "follow",
        NoticeKind.INVITATION: "follow",
        NoticeKind.FOLLOW_REQUEST: "follow_request",
        NoticeKind.LIKE: "favourite",
        NoticeKind.USED: "favourite",
        NoticeKind.SETTLED: "favourite",
        NoticeKind.POLL: "poll",
        NoticeKind.CHANGED: "update",
        NoticeKind.QUOTE: "quote",
        NoticeKind.REPORT: "admin.report",
        NoticeKind.RULING: "moderation_warning",
    }
)
# These say it in words, too, for apps that show them.
SAID: Final[Mapping[NoticeKind, str]] = MappingProxyType(
    {
        NoticeKind.ADAPTED: "{name} adapted your resource",
        NoticeKind.ACTION: "{name} noted an action for you",
        NoticeKind.MINUTES: "The minutes of a meeting of {name} are out",
        NoticeKind.ROOM_POST: "{name} wrote something new in a room",
        NoticeKind.INVITATION: "{name} invites you into the room: follow it to join",
        NoticeKind.USED: "{name} used your resource",
        NoticeKind.SETTLED: "{name} accepted your answer",
        NoticeKind.CHANGED: "There is a new version of a resource by {name}",
        NoticeKind.RULING: "The moderators of {name} decided something",
    }
)
# Apps show nothing of these without the post.
WITH_POST: Final = frozenset({"mention", "status", "reblog", "favourite", "poll", "update", "quote"})
# Of these, many are told as one: who liked or boosted the same post, or began to follow, in the same half of a day.
GROUPED: Final[Mapping[str, NoticeKind]] = MappingProxyType(
    {"favourite": NoticeKind.LIKE, "reblog": NoticeKind.BOOST, "follow": NoticeKind.FOLLOW}
)
LASTS: Final = timedelta(hours=12)
# What somebody did to one; not what a moderator, a poll or an edit tells.
FROM_PEOPLE: Final = tuple(
    kind for kind, word in TYPES.items() if word in {"mention", "status", "reblog", "follow", "favourite", "quote"}
)
NEW_FOR: Final = timedelta(days=30)


class Key(NamedTuple):
    """What notices that are told as one have in common; `post_id` is None for followers."""

    kind: NoticeKind
    post_id: int | None
    bucket: int

    @property
    def text(self) -> str:
        name = TYPES[self.kind]
        return f"{name}-{self.bucket}" if self.post_id is None else f"{name}-{self.post_id}-{self.bucket}"


def key(kind: NoticeKind, post_id: int | None, at: datetime) -> Key | None:
    """The group of a notice; none for one that is told by itself."""
    if GROUPED.get(TYPES.get(kind, "")) is not kind:
        return None
    return Key(kind, None if kind is NoticeKind.FOLLOW else post_id, int(at.timestamp() // LASTS.total_seconds()))


def read_key(text: str) -> Key | None:
    """The group that a text names, if it can be one."""
    name, *numbers = text.split("-")
    kind = GROUPED.get(name)
    is_whole = all(each.isascii() and each.isdecimal() and len(each) < 20 for each in numbers)  # noqa: PLR2004 -- digits of an id
    if kind is None or not is_whole or len(numbers) != (1 if kind is NoticeKind.FOLLOW else 2):
        return None
    post_id = int(numbers[0]) if len(numbers) > 1 else None
    bucket = int(numbers[-1])
    is_kept = bucket < MOST_BUCKETS and (post_id or 0) < 1 << 63
    return Key(kind, post_id, bucket) if is_kept else None


# Some time in the year 5000; later ones are no times that anybody means.
MOST_BUCKETS: Final = 2_200_000


def kinds_of(types: frozenset[str], *, without: frozenset[str]) -> tuple[NoticeKind, ...]:
    """The kinds that these words of apps name, all where none does, but for some."""
    return tuple(kind for kind, word in TYPES.items() if (not types or word in types) and word not in without)
