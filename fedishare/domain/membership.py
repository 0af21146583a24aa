"""Who may join a room, what its members may do there, and which servers keep to themselves what is private."""

import re
from hashlib import sha256
from typing import Final

from fedishare.domain import markup
from fedishare.domain.dialects import OURS
from fedishare.domain.kinds import Access, Dialect

# They show what is for members to members alone. Other servers that know groups do not say so (fediverse.md 1.9).
DISCREET: Final = frozenset({OURS, "lemmy"})


def access(*, locked: bool, discoverable: bool) -> Access:
    """What the document of a group says of it (decision F9), ours and others' alike."""
    if not locked:
        return Access.OPEN
    return Access.ASK if discoverable else Access.PRIVATE


def is_discreet(software: str | None, dialect_set: Dialect | None) -> bool:
    """Whether people of a server may be in private rooms; an admin who sets its dialect to that of groups vouches."""
    return (software or "").lower() in DISCREET or dialect_set is Dialect.THREADIVERSE


WHY_NOT_HERE: Final = (
    "This room is private. Its members have accounts on FediShare or Lemmy servers, because other servers, such as "
    "Mastodon, can neither show a private room nor keep it private."
)

ONLY_PUBLIC_LINKS: Final = (
    "Only public rooms can be linked: what is written in a private room is for its own members, and for nobody else."
)

# What stands above the rules of our rooms on other servers.
RULES_HEADING: Final = "Rules of the room"
_HEADING: Final = re.compile(
    r"(?:<(h[1-6])>|<p>\s*<(strong|b)>)[^<]{0,60}\brules\b[^<]{0,60}</(?:\1|\2)>", re.IGNORECASE
)


def rules_in(summary: str) -> str:
    """The rules of a room elsewhere, as plain text: what stands below a heading that calls it so.

    Our own rooms write them there, and the communities of Lemmy and its like mostly do.
    """
    heading = _HEADING.search(summary)
    return markup.plain(summary[heading.end() :]).strip() if heading else ""


def about_in(summary: str) -> str:
    """What a room elsewhere says of itself but for its rules, as safe HTML."""
    heading = _HEADING.search(summary)
    return markup.clean(summary[: heading.start()]) if heading else summary


def rules_version(rules: str) -> int:
    """Which rules somebody accepted where nobody counts their versions."""
    return (int.from_bytes(sha256(rules.encode()).digest()[:4]) >> 1) or 1
