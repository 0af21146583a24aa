"""Who may do what on this node: every permission in one table, and silence means no."""

from enum import StrEnum
from typing import Final, NamedTuple


class Role(StrEnum):
    """What an account is on this node; being a moderator of a staffroom is not a role but a fact about that room."""

    MEMBER = "member"
    MODERATOR = "moderator"
    ADMIN = "admin"


class Verb(StrEnum):
    POST = "post"
    UPLOAD = "upload"
    REACT = "react"
    FOLLOW = "follow"
    REPORT = "report"
    CREATE_ROOM = "create_room"
    EDIT_POST = "edit_post"
    DELETE_POST = "delete_post"
    EDIT_ROOM = "edit_room"
    MODERATE_ROOM = "moderate_room"
    DECIDE_REPORTS = "decide_reports"
    BLOCK_NODES = "block_nodes"
    INVITE = "invite"
    MANAGE_ACCOUNTS = "manage_accounts"
    CHANGE_SETTINGS = "change_settings"
    CREATE_HANDLE = "create_handle"
    CREATE_SCHOOL = "create_school"
    MANAGE_HANDLE = "manage_handle"
    CURATE = "curate"
    CLOSE_COLLECTION = "close_collection"


class _Rule(NamedTuple):
    roles: frozenset[Role]
    owner: bool = False
    room_moderator: bool = False


_NOBODY: Final = frozenset[Role]()
_EVERYBODY: Final = frozenset(Role)
_MODERATORS: Final = frozenset({Role.MODERATOR, Role.ADMIN})
_ADMINS: Final = frozenset({Role.ADMIN})

# The words of a post are its author's: others may take it away, but not change it.
RULES: Final = {
    Verb.POST: _Rule(_EVERYBODY),
    Verb.UPLOAD: _Rule(_EVERYBODY),
    Verb.REACT: _Rule(_EVERYBODY),
    Verb.FOLLOW: _Rule(_EVERYBODY),
    Verb.REPORT: _Rule(_EVERYBODY),
    Verb.CREATE_ROOM: _Rule(_EVERYBODY),
    Verb.EDIT_POST: _Rule(_NOBODY, owner=True),
    Verb.DELETE_POST: _Rule(_MODERATORS, owner=True),
    # Rules, roles and who may join are for the owners of a room to settle; moderators keep it in order.
    Verb.EDIT_ROOM: _Rule(_ADMINS, owner=True),
    Verb.MODERATE_ROOM: _Rule(_ADMINS, owner=True, room_moderator=True),
    Verb.DECIDE_REPORTS: _Rule(_MODERATORS),
    Verb.BLOCK_NODES: _Rule(_MODERATORS),
    Verb.INVITE: _Rule(_MODERATORS),
    Verb.MANAGE_ACCOUNTS: _Rule(_ADMINS),
    Verb.CHANGE_SETTINGS: _Rule(_ADMINS),
    Verb.CREATE_HANDLE: _Rule(_EVERYBODY),
    Verb.CREATE_SCHOOL: _Rule(_ADMINS),
    Verb.MANAGE_HANDLE: _Rule(_ADMINS, owner=True),
    Verb.CURATE: _Rule(_EVERYBODY),
    Verb.CLOSE_COLLECTION: _Rule(_MODERATORS, owner=True),
}


def may(role: Role, verb: Verb, *, owns: bool = False, moderates: bool = False) -> bool:
    """Whether an account of this role may do this; `owns` the thing in question, `moderates` the room it is in."""
    rule = RULES.get(verb, _Rule(_NOBODY))
    return role in rule.roles or (owns and rule.owner) or (moderates and rule.room_moderator)
