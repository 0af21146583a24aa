"""What is hidden in a file that an office program made, and the file without it."""

import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from fedishare.core.errors import Invalid
from fedishare.domain import files, opendocument, openxml, traces
from fedishare.domain.archives import Read
from fedishare.domain.parcels import Parcel
from fedishare.domain.traces import Found, Kind

_LOOKS: Final[Mapping[str, Callable[[Parcel], Found]]] = MappingProxyType(
    dict.fromkeys(files.OPEN_XML, openxml.look) | dict.fromkeys(files.OPEN_DOCUMENT, opendocument.look)
)
PDF: Final = "application/pdf"
# Where a PDF names its author, holds remarks or files; or is packed, so that it might.
_NAMES_SOMEBODY: Final = re.compile(rb"/(?:Author|Annots|EmbeddedFiles|ObjStm|Encrypt)\b")
_BLOCK: Final = 1 << 20
_OVERLAP: Final = 32


def is_known_at_once(read: Read, size: int, media_type: str) -> bool:
    """Whether a glance is enough to know that there is nothing to look for. Most PDFs say nothing of anybody."""
    if media_type == PDF:
        return not any(_NAMES_SOMEBODY.search(read(at, _BLOCK + _OVERLAP)) for at in range(0, size, _BLOCK))
    return media_type not in _LOOKS


def find(read: Read, size: int, media_type: str) -> list[str]:
    """The traces in a file of an office program; of others none. One that cannot be looked into says so."""
    if media_type in files.OLD_OFFICE:
        return [Kind.OLD]
    if media_type not in _LOOKS:
        return []
    try:
        return _LOOKS[media_type](Parcel(read, size)).traces
    except Invalid:
        return [Kind.UNREAD]


def clean(read: Read, size: int, media_type: str) -> Iterator[bytes]:
    """The file without them, piece by piece.

    Raises Invalid, before the first piece, where that cannot be done for certain.
    """
    if media_type not in _LOOKS:
        raise Invalid(traces.CANNOT)
    parcel = Parcel(read, size)
    found = _LOOKS[media_type](parcel)
    if Kind.SIGNED in found.traces:
        raise Invalid(traces.CANNOT)
    for name, body in found.changed.items():
        parcel.change(name, body)
    parcel.drop(found.gone)
    # What was made is read once more, as anybody will read it: each part is whole, and nothing is left.
    if traces.remaining(_LOOKS[media_type](parcel).traces):
        raise Invalid(traces.CANNOT)
    return parcel.packed()
