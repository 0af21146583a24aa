"""How a server reads what a group announces, as far as the name of its software tells.

There is no better sign (decision F10); so what a server was seen to do beats it, and what an
admin says beats both.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from fedishare.domain.kinds import Dialect

OURS: Final = "fedishare"
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
