"""Hashtags as apps read them."""

from hashlib import sha256

import msgspec

from fedishare.api.calls import Call
from fedishare.queries.interests import Shown


class History(msgspec.Struct, frozen=True):
    """One day of a hashtag. All three are texts: Ice Cubes reads nothing else."""

    day: str
    uses: str
    accounts: str


class Tag(msgspec.Struct, frozen=True, kw_only=True):
    """`id` is a number, as apps want it, that is made of the folded name."""

    id: str
    name: str
    url: str
    history: tuple[History, ...] = ()
    following: bool = False
    featuring: bool = False


class FeaturedTag(msgspec.Struct, frozen=True, kw_only=True):
    """`statuses_count` is a text: Ice Cubes reads nothing else."""

    id: str
    name: str
    url: str
    statuses_count: str
    last_status_at: str | None


def number(name: str) -> int:
    """The same for every spelling and on every node."""
    return int.from_bytes(sha256(name.encode()).digest()[:8]) >> 1


def tag(
    call: Call,
    name: str,
    label: str,
    *,
    following: bool = False,
    featuring: bool = False,
    history: tuple[History, ...] = (),
) -> Tag:
    url = call.here.uris.tag(name)
    return Tag(id=str(number(name)), name=label, url=url, history=history, following=following, featuring=featuring)


def featured(shown: Shown, *, page: str) -> FeaturedTag:
    """`page` is the address of whoever shows it."""
    return FeaturedTag(
        id=str(number(shown.name)),
        name=shown.label,
        url=page,
        statuses_count=str(shown.posts),
        last_status_at=shown.last_at.date().isoformat() if shown.last_at else None,
    )
