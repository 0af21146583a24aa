"""People, rooms and schools as apps read them: Mastodon's Account, made for any number in one statement.

`many` is what a list of anything with authors asks; most of them stand ready already.
"""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Final

import msgspec
from msgspec import UNSET, UnsetType
from sqlalchemy import Connection

from fedishare.api.calls import Call, nothing, stamp
from fedishare.domain.kinds import Kind
from fedishare.queries import profiles
from fedishare.queries.profiles import ProfileRow

AVATAR: Final = "avatar.png"
HEADER: Final = "header.png"


class Field(msgspec.Struct, frozen=True):
    """A line of a profile."""

    name: str
    value: str
    verified_at: str | None = None


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """A person, a room or a school. Pictures are never missing: whoever has none gets one of ours (decision C4)."""

    id: str
    username: str
    acct: str
    display_name: str
    locked: bool
    bot: bool
    discoverable: bool
    indexable: bool
    group: bool
    created_at: str
    note: str
    url: str
    uri: str
    avatar: str
    avatar_static: str
    header: str
    header_static: str
    followers_count: int
    following_count: int
    statuses_count: int
    last_status_at: str | None
    hide_collections: bool | None
    noindex: bool
    emojis: tuple[()] = ()
    roles: tuple[()] = ()
    fields: tuple[Field, ...] = ()
    moved: "Account | UnsetType" = UNSET


class _Row(msgspec.Struct, frozen=True):
    """What is kept: the entity, who they moved to, and whether anybody is to see them."""

    account: Account
    moved_id: int | None
    is_gone: bool


def many(tx: Connection, call: Call, ids: Iterable[int]) -> dict[int, Account]:
    """The accounts of these ids, those who are gone included: their posts name them. One statement, or none.

    It takes one more where somebody has moved.
    """
    found = _rows(tx, call, ids)
    successors = _rows(tx, call, [row.moved_id for row in found.values() if row.moved_id is not None])
    return {key: _with_successor(row, successors) for key, row in found.items()}


def present(tx: Connection, call: Call, ids: Iterable[int]) -> list[Account]:
    """The same for lists of people, in the order of the ids; whoever is gone is left out."""
    wanted = list(ids)
    found, gone = many(tx, call, wanted), {key for key, row in _rows(tx, call, wanted).items() if row.is_gone}
    return [found[key] for key in wanted if key in found and key not in gone]


def one(tx: Connection, call: Call, actor_id: int) -> Account:
    """Raises NotFound for who is not known here, or gone."""
    found = present(tx, call, [actor_id])
    if not found:
        raise nothing()
    return found[0]


def _rows(tx: Connection, call: Call, ids: Iterable[int]) -> dict[int, _Row]:
    return call.kept.accounts.get(ids, partial(_make, tx, call), at=call.moment)


def _make(tx: Connection, call: Call, ids: list[int]) -> dict[int, _Row]:
    return {key: _row(call, row) for key, row in profiles.by_ids(tx, ids).items()}


def _row(call: Call, row: ProfileRow) -> _Row:
    is_node = row.kind is Kind.NODE and row.local
    is_gone = row.deleted_at is not None or row.suspended_at is not None or is_node
    return _Row(_account(call, row), row.moved_id, is_gone)


def _account(call: Call, row: ProfileRow) -> Account:
    avatar, header = picture(call, row.icon_url, AVATAR), picture(call, row.image_url, HEADER)
    return Account(
        id=str(row.id),
        username=row.username,
        acct=row.handle,
        display_name=row.name or row.username,
        locked=row.locked,
        bot=row.kind in {Kind.SERVICE, Kind.NODE},
        discoverable=row.discoverable,
        indexable=row.indexable,
        group=row.kind is Kind.GROUP,
        created_at=stamp(row.published_at or row.created_at),
        note=row.summary,
        url=row.url,
        uri=row.uri,
        avatar=avatar,
        avatar_static=avatar,
        header=header,
        header_static=header,
        followers_count=row.followers_count,
        following_count=row.following_count,
        statuses_count=row.posts_count,
        last_status_at=row.last_post_at.date().isoformat() if row.last_post_at else None,
        hide_collections=row.is_private or None,
        noindex=row.local and not row.indexable,
        fields=tuple(Field(str(field.get("name", "")), str(field.get("value", ""))) for field in row.fields),
    )


def picture(call: Call, url: str | None, default: str) -> str:
    """An absolute address of a picture, whatever is known of one."""
    if url is not None and url.startswith(("https://", "http://")):
        return url
    return f"{call.here.uris.origin}{call.static.path(default)}"


def _with_successor(row: _Row, successors: Mapping[int, _Row]) -> Account:
    successor = successors.get(row.moved_id) if row.moved_id is not None else None
    return msgspec.structs.replace(row.account, moved=successor.account) if successor else row.account
