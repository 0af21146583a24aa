"""The asker's own account, with what only they and their apps know of it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec
from sqlalchemy import Connection

from fedishare.api.calls import Call
from fedishare.api.entities import accounts
from fedishare.api.entities.accounts import Account, Field
from fedishare.domain.audience import Visibility
from fedishare.domain.permissions import Role
from fedishare.queries import people, relations
from fedishare.queries.relations import Habits

# Our words for an audience, in those of Mastodon. What apps do not know is shown as narrower, never as wider.
VISIBILITY: Final[Mapping[Visibility, str]] = MappingProxyType(
    {
        Visibility.PUBLIC: "public",
        Visibility.QUIET: "unlisted",
        Visibility.FOLLOWERS: "private",
        Visibility.ROOM: "private",
        Visibility.MENTIONED: "direct",
    }
)
AUDIENCE: Final[Mapping[str, Visibility]] = MappingProxyType(
    {
        "public": Visibility.PUBLIC,
        "unlisted": Visibility.QUIET,
        "private": Visibility.FOLLOWERS,
        "direct": Visibility.MENTIONED,
    }
)
# Mastodon's bits: administrator; or reports, users and blocked servers.
_PERMISSIONS: Final[Mapping[Role, str]] = MappingProxyType(
    {Role.MEMBER: "0", Role.MODERATOR: str(0x10 | 0x20 | 0x400), Role.ADMIN: "1"}
)
_ROLES: Final[Mapping[Role, tuple[str, str]]] = MappingProxyType(
    {Role.MEMBER: ("-99", ""), Role.MODERATOR: ("1", "Moderator"), Role.ADMIN: ("2", "Administrator")}
)
# A handle has no account, so it begins its posts as everybody does.
_PLAIN: Final = Habits(Role.MEMBER, Visibility.PUBLIC, default_sensitive=False, default_language=None)


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """What the profile was written as, and what new posts begin with."""

    note: str
    fields: tuple[Field, ...]
    privacy: str
    sensitive: bool
    language: str | None
    follow_requests_count: int
    discoverable: bool
    indexable: bool
    hide_collections: bool = False
    attribution_domains: tuple[()] = ()
    quote_policy: str = "public"


class RoleEntity(msgspec.Struct, frozen=True, kw_only=True):
    """`permissions` is a number written as a text."""

    id: str
    name: str
    permissions: str
    color: str = ""
    highlighted: bool = False


class CredentialAccount(Account, frozen=True, kw_only=True):
    source: Source
    role: RoleEntity


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """The asker's own profile as they wrote it; a picture that they have not is null, unlike in an account."""

    id: str
    display_name: str
    note: str
    fields: tuple[Field, ...]
    avatar: str | None
    avatar_static: str | None
    header: str | None
    header_static: str | None
    locked: bool
    bot: bool
    hide_collections: bool
    discoverable: bool
    indexable: bool
    # Nobody describes their pictures here yet, and what pages show is the same for everybody.
    avatar_description: str = ""
    header_description: str = ""
    show_media: bool = True
    show_media_replies: bool = True
    show_featured: bool = True
    attribution_domains: tuple[()] = ()


def raw(tx: Connection, call: Call) -> Profile:
    """Raises NotFound for an account that is gone."""
    account, profile = accounts.one(tx, call, call.me), people.by_id(tx, actor_id=call.me)
    avatar, header = (account.avatar if profile.icon_url else None), (account.header if profile.image_url else None)
    return Profile(
        id=account.id,
        display_name=profile.name,
        note=profile.summary_source,
        fields=_written(profile),
        avatar=avatar,
        avatar_static=avatar,
        header=header,
        header_static=header,
        locked=profile.locked,
        bot=account.bot,
        hide_collections=account.hide_collections or False,
        discoverable=profile.discoverable,
        indexable=profile.indexable,
    )


def _written(profile: people.Profile) -> tuple[Field, ...]:
    return tuple(Field(str(each.get("name", "")), str(each.get("source", ""))) for each in profile.fields)


def own(tx: Connection, call: Call) -> CredentialAccount:
    """The account as which the app acts. Raises NotFound for one that is gone."""
    account, profile = accounts.one(tx, call, call.me), people.by_id(tx, actor_id=call.me)
    habits = _PLAIN if call.who.is_as_handle else relations.habits(tx, actor_id=call.me)
    source = Source(
        note=profile.summary_source,
        fields=_written(profile),
        privacy=VISIBILITY[Visibility(habits.default_visibility)],
        sensitive=habits.default_sensitive,
        language=habits.default_language,
        follow_requests_count=relations.asking_count(tx, actor_id=call.me),
        discoverable=profile.discoverable,
        indexable=profile.indexable,
    )
    number, name = _ROLES[habits.role]
    role = RoleEntity(id=number, name=name, permissions=_PERMISSIONS[habits.role])
    return CredentialAccount(**msgspec.structs.asdict(account), source=source, role=role)


def preferences(tx: Connection, call: Call) -> dict[str, object]:
    habits = _PLAIN if call.who.is_as_handle else relations.habits(tx, actor_id=call.me)
    return {
        "posting:default:visibility": VISIBILITY[Visibility(habits.default_visibility)],
        "posting:default:sensitive": habits.default_sensitive,
        "posting:default:language": habits.default_language,
        "posting:default:quote_policy": "public",
        "reading:expand:media": "default",
        "reading:expand:spoilers": False,
        "reading:autoplay:gifs": False,
    }
