"""Lists that people make of those they follow."""

from enum import StrEnum


class RepliesPolicy(StrEnum):
    """Which answers to others a list shows: to whomever its owner follows, to those on the list, or none."""

    FOLLOWED = "followed"
    LIST = "list"
    NONE = "none"
