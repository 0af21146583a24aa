"""How a server reads what a group announces, as far as the name of its software tells.

There is no better sign (decision F10); so what a server was seen to do beats it, and what an
admin says beats both.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from fedishare.domain.kinds import Dialect

OURS: Final = "fedishare"
LEMMY: Final = "lemmy"
_THREADIVERSE: Final = (
    "bonfire discourse fedishare forte friendica ghost hubzilla kbin lemmy mbin mitra nodebb piefed streams wordpress"
)
_MICROBLOG: Final = (
    "akkoma fedibird firefish glitch glitchcafe gotosocial hollo hometown iceshrimp iceshrimp.net kmyblue mastodon "
    "misskey pixelfed pleroma sharkey snac takahe threads"
)
SOFTWARE: Final[Mapping[str, Dialect]] = MappingProxyType(
    dict.fromkeys(_THREADIVERSE.split(), Dialect.THREADIVERSE) | dict.fromkeys(_MICROBLOG.split(), Dialect.MICROBLOG)
)


def usual(software: str | None) -> Dialect:
    """The dialect of a software, whatever the case of its name; both for one that we do not know."""
    return SOFTWARE.get((software or "").lower(), Dialect.BOTH)


# Who takes an activity from another server than its author's, by the signature that the activity itself
# carries (fediverse.md 1.4 rule 9, 1.5): Mastodon verifies proofs from 4.7 on, and linked-data signatures always.
_READS_PROOFS: Final[Mapping[str, tuple[int, int]]] = MappingProxyType({"mastodon": (4, 7), "mitra": (0, 0)})
_READS_LINKED_SIGNATURES: Final = frozenset({"mastodon"})
_VERSION: Final = re.compile(r"v?([0-9]{1,4})\.([0-9]{1,4})")


def takes_forwarded(software: str | None, version: str | None, *, has_proof: bool, has_linked_signature: bool) -> bool:
    """Whether a server believes an activity that a room forwards unwrapped, by what the activity carries."""
    name = (software or "").lower()
    if has_linked_signature and name in _READS_LINKED_SIGNATURES:
        return True
    since = _READS_PROOFS.get(name)
    found = _VERSION.match(version or "")
    known = (int(found[1]), int(found[2])) if found else (0, 0)
    return has_proof and since is not None and known >= since
