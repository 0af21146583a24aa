"""What moderators and administrators of a node decide."""

from enum import StrEnum


class DecisionKind(StrEnum):
    RESOLVE = "resolve"
    REOPEN = "reopen"
    WARN = "warn"
    DISABLE = "disable"
    ENABLE = "enable"
    SUSPEND = "suspend"
    UNSUSPEND = "unsuspend"
    DELETE = "delete"
    BLOCK_SERVER = "block_server"
    UNBLOCK_SERVER = "unblock_server"
