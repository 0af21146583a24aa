"""What is in a packed file: a list, the small picture that it carries of itself, and whether it is a bomb."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from fedishare.domain import archives
from fedishare.domain.archives import Entry, Read

MOST_LISTED: Final = 300
LARGEST_THUMBNAIL: Final = 8 << 20
# Packed so tightly, and so much of it, is nothing that a teacher has.
HIGHEST_RATIO: Final = 200
RATIO_FROM: Final = 64 << 20
MOST_UNPACKED: Final = 16 << 30
DEEPEST: Final = 2
MOST_NESTED: Final = 40
LARGEST_NESTED: Final = 4 << 20
BOMB: Final = "it would unpack to far more than it is. It may be meant to harm a computer."
ODD_NAMES: Final = "there are names in it that would put files in other folders when it is unpacked."

# These are packages that people open with other programs than the one they were made with, or take to pieces.
LISTED: Final = frozenset((
    "application/zip",
    "application/gzip",
    "application/vnd.h5p+zip",
    "application/x.scorm+zip",
    "application/vnd.ims.imsccv1p1",
    "application/vnd.moodle.backup",
    "application/epub+zip",
))  # fmt: skip
_THUMBNAILS: Final = (
    "docProps/thumbnail.jpeg",
    "docProps/thumbnail.jpg",
    "docProps/thumbnail.png",
    "Thumbnails/thumbnail.png",
    "preview.jpg",
    "QuickLook/Thumbnail.jpg",
    "geogebra_thumbnail.png",
    "preview.png",
)
_COVER: Final = re.compile(r"(?:.*/)?cover\.(?:jpe?g|png)", re.IGNORECASE)
_PACKED: Final = re.compile(r"\.(?:zip|jar|docx|pptx|xlsx|h5p|imscc|mbz|epub|ggb|sb3)$", re.IGNORECASE)
_PLACE: Final = re.compile(r"[/\\]|[A-Za-z]:|(?:.*[/\\])?\.\.(?:[/\\]|$)|.*\x00", re.DOTALL)
_NOISE: Final = ("__MACOSX/", ".DS_Store")


class Line(NamedTuple):
    """Something in a package. `size` is None where only its name is known."""

    name: str
    size: int | None


def lines(read: Read, size: int) -> list[Line]:
    """All that is in a package, without its folders; nothing for what cannot be read."""
    listed = archives.entries(read, size)
    if listed is None:
        names = archives.names_in_tar(read(0, 4 << 20), limit=4 << 20)
        return [Line(name, None) for name in names if not name.endswith("/")]
    return [
        Line(entry.name, entry.unpacked)
        for entry in listed
        if not entry.name.endswith("/") and not entry.name.startswith(_NOISE) and not entry.name.endswith(_NOISE)
    ]


def thumbnails(read: Read, size: int) -> Iterator[bytes]:
    """The pictures that a package carries of itself, the best first. Nobody has looked whether they are pictures."""
    listed = archives.entries(read, size) or []
    by_name = {entry.name: entry for entry in listed}
    covers = [entry for entry in listed if _COVER.fullmatch(entry.name)]
    for entry in (*(by_name[name] for name in _THUMBNAILS if name in by_name), *covers[:1]):
        if entry.unpacked <= LARGEST_THUMBNAIL:
            yield archives.beginning(read, entry, limit=LARGEST_THUMBNAIL)


def why_not(read: Read, size: int) -> str | None:
    """Why nobody should unpack this file, to stand after its name; None for all that is no zip, or a good one."""
    listed = archives.entries(read, size) if read(0, 2) == b"PK" else None
    if listed is None:
        return None
    if any(_PLACE.match(entry.name) for entry in listed):
        return ODD_NAMES
    if _overlaps(listed):
        return BOMB
    unpacked = _unpacked(read, listed, depth=0)
    is_dense = unpacked > RATIO_FROM and unpacked > HIGHEST_RATIO * size
    return BOMB if is_dense or unpacked > MOST_UNPACKED or len(listed) >= archives.MOST_ENTRIES else None


def _overlaps(listed: Sequence[Entry]) -> bool:
    """Whether the same bytes are unpacked more than once, as in the densest bombs."""
    in_order = sorted(listed, key=lambda entry: entry.start)
    return any(one.start + one.packed > other.start for one, other in pairwise(in_order))


def _unpacked(read: Read, listed: Sequence[Entry], *, depth: int) -> int:
    """How much comes out in all, with what comes out of the packages inside, as far as they can be looked into."""
    total = sum(entry.unpacked for entry in listed)
    nested = [entry for entry in listed if _PACKED.search(entry.name) and entry.unpacked <= LARGEST_NESTED]
    for entry in nested[:MOST_NESTED] if depth < DEEPEST else ():
        body = archives.beginning(read, entry, limit=LARGEST_NESTED)
        inside = archives.entries(_reading(body), len(body))
        if inside:
            total += _unpacked(_reading(body), inside, depth=depth + 1)
        if total > MOST_UNPACKED:
            break
    return total


def _reading(body: bytes) -> Read:
    return lambda start, length: body[start : start + max(0, length)]
