"""What a post is for, as other servers read it: the first word of what it says."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from fedishare.domain.kinds import PostKind

WORDS: Final[Mapping[PostKind, str]] = MappingProxyType(
    {PostKind.QUESTION: "Question", PostKind.NEWS: "News", PostKind.ACHIEVEMENT: "Achievement"}
)


def heading(kind: PostKind | None, title: str | None) -> str:
    """What stands above a text: what it is for, its title, or both."""
    word = WORDS.get(kind) if kind is not None else None
    return ": ".join(part for part in (word, title) if part)
