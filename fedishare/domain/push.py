"""Which notices somebody wants on a device, and what is said there."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from fedishare.domain.kinds import NoticeKind
from fedishare.domain.notices import SAID, TYPES

LONGEST_BODY: Final = 140
ALERTS: Final = (
    "mention",
    "status",
    "reblog",
    "follow",
    "follow_request",
    "favourite",
    "poll",
    "update",
    "quote",
    "quoted_update",
    "moderation_warning",
    "admin.sign_up",
    "admin.report",
)
_TITLES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "mention": "{name} mentioned you",
        "status": "{name} wrote something",
        "reblog": "{name} boosted your post",
        "follow": "{name} follows you",
        "follow_request": "{name} asks to follow you",
        "favourite": "{name} likes your post",
        "poll": "A poll has ended",
        "update": "{name} edited a post",
        "quote": "{name} quoted your post",
        "admin.report": "{name} reported something",
    }
)


class Policy(StrEnum):
    """From whom notices come to a device: anybody, whom one follows, who follows one, or nobody."""

    ALL = "all"
    FOLLOWED = "followed"
    FOLLOWER = "follower"
    NONE = "none"


def title(kind: NoticeKind, *, name: str) -> str:
    """What happened, in one line."""
    return (SAID.get(kind) or _TITLES.get(TYPES.get(kind, ""), "Something new from {name}")).format(name=name)
