"""Rooms as apps that know FediShare read them; to other apps each is an account that one follows, and a list."""

import msgspec

from fedishare.api.entities.accounts import Account
from fedishare.domain.kinds import Access, Level, StewardRole


class RoomSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A room as lists show it. `id` is also that of its account; `about` is HTML.

    `unseen` is how many posts came since you last looked at its news, where you are in it.
    """

    id: str
    account: Account
    name: str
    about: str
    members_count: int
    is_private: bool
    is_member: bool
    unseen: int | None


class Room(msgspec.Struct, frozen=True, kw_only=True):
    """One room. Of a private one somebody who is invited sees its name and its rules, and the rest once they are in.

    `role` is what you are in it besides a member; `level` how much you hear of it. Send `rules_version` back to join.
    """

    id: str
    account: Account
    name: str
    about: str
    access: Access
    rules: str
    rules_version: int
    has_new_rules: bool
    is_member: bool
    is_requested: bool
    is_invited: bool
    role: StewardRole | None
    level: Level | None
    members_count: int
    stewards: tuple[Account, ...]
    topics: tuple[str, ...]


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody in a room. `id` is null for a member of a room elsewhere whom this node has not met."""

    id: str | None
    uri: str
    handle: str
    name: str
    school: str
    role: str
    is_local: bool
