"""Photos without what a camera wrote into them: the place, the time, the owner, a second picture.

Not one point of the picture changes, because nothing is decoded: the parts of the file that
hold such things are left out. A photo that was taken sideways says so still, and nothing else.
"""

import struct
from collections.abc import Iterator
from typing import Final

from fedishare.core.errors import Invalid

KINDS: Final = frozenset(("image/jpeg", "image/png", "image/webp"))
LARGEST: Final = 256 << 20
_JPEG: Final = b"\xff\xd8"
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_EXIF: Final = b"Exif\0\0"
_ORIENTATION: Final = 0x0112
# JPEG: the frame of JFIF, colour profiles, and how Adobe stored colours. All other application data goes, and comments.
_KEPT: Final = {0xE0: b"JFIF\0", 0xE2: b"ICC_PROFILE\0", 0xEE: b"Adobe"}
_COMMENT: Final = 0xFE
_APPLICATION: Final = range(0xE0, 0xF0)
_SCAN, _END = 0xDA, 0xD9
_IN_SCAN: Final = frozenset((0x00, *range(0xD0, 0xD8)))
_TOLD_IN_PNG: Final = frozenset((b"tEXt", b"zTXt", b"iTXt", b"eXIf", b"tIME"))
_TOLD_IN_WEBP: Final = frozenset((b"EXIF", b"XMP "))


def bare(body: bytes) -> bytes:
    """The same picture without its metadata. Raises Invalid for what is cut off or no picture."""
    try:
        if body.startswith(_JPEG):
            return _JPEG + b"".join(_jpeg(body))
        if body.startswith(_PNG):
            return _PNG + b"".join(_png(body))
        if body.startswith(b"RIFF") and body[8:12] == b"WEBP":
            inside = b"WEBP" + b"".join(_webp(body))
            return b"RIFF" + struct.pack("<I", len(inside)) + inside
    except (struct.error, IndexError) as error:
        raise Invalid("This picture is cut off: save it once more and add it again.") from error
    raise Invalid("This is no picture.")


def _jpeg(body: bytes) -> Iterator[bytes]:
    """The segments to keep, and what is drawn between them (ITU T.81, B.1)."""
    at = 2
    while True:
        # Any number of fill bytes may stand before a marker.
        while body[at] == body[at + 1] == 0xFF:  # noqa: PLR2004 -- the byte that begins every marker
            at += 1
        marker = body[at + 1]
        if body[at] != 0xFF:  # noqa: PLR2004 -- as above
            raise IndexError(at)
        if marker == _END:
            yield body[at : at + 2]
            return
        (length,) = struct.unpack_from(">H", body, at + 2)
        segment = body[at : at + 2 + length]
        at += 2 + length
        if marker == _SCAN:
            end = _after_scan(body, at)
            yield segment + body[at:end]
            at = end
        elif _is_kept(marker, segment):
            yield segment
        elif segment[4:].startswith(_EXIF) and (turned := _orientation(segment[10:])) > 1:
            yield _says_only(turned)


def _is_kept(marker: int, segment: bytes) -> bool:
    if marker not in _APPLICATION:
        return marker != _COMMENT
    return marker in _KEPT and segment[4:].startswith(_KEPT[marker])


def _after_scan(body: bytes, at: int) -> int:
    """Where the next marker stands that is no part of the drawing."""
    while (at := body.find(b"\xff", at)) >= 0:
        if body[at + 1] not in _IN_SCAN and body[at + 1] != 0xFF:  # noqa: PLR2004 -- the byte that begins every marker
            return at
        at += 1 if body[at + 1] == 0xFF else 2  # noqa: PLR2004 -- as above
    raise IndexError(at)


def _orientation(tiff: bytes) -> int:
    """How the camera was held, from 1 (upright) to 8; 1 where it does not say so."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None or len(tiff) < 10:  # noqa: PLR2004 -- the header, and how many entries follow
        return 1
    (start,) = struct.unpack_from(f"{order}I", tiff, 4)
    if start + 2 > len(tiff):
        return 1
    (count,) = struct.unpack_from(f"{order}H", tiff, start)
    for at in range(start + 2, min(start + 2 + 12 * count, len(tiff) - 11), 12):
        tag, kind, _, value = struct.unpack_from(f"{order}HHIH", tiff, at)
        if (tag, kind) == (_ORIENTATION, 3) and 1 <= value <= 8:  # noqa: PLR2004 -- EXIF 4.6.4: a SHORT from 1 to 8
            return int(value)
    return 1


def _says_only(turned: int) -> bytes:
    """An EXIF segment that says how the camera was held, and nothing besides."""
    body = _EXIF + b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, _ORIENTATION, 3, 1, turned, 0, 0)
    return struct.pack(">HH", 0xFFE1, len(body) + 2) + body


def _png(body: bytes) -> Iterator[bytes]:
    """The chunks to keep, as far as the one that ends the picture."""
    at, name = len(_PNG), b""
    while name != b"IEND":
        length, name = struct.unpack_from(">I4s", body, at)
        chunk = body[at : at + 12 + length]
        if len(chunk) < 12 + length:
            raise IndexError(at)
        at += len(chunk)
        if name not in _TOLD_IN_PNG:
            yield chunk


def _webp(body: bytes) -> Iterator[bytes]:
    at, end = 12, min(len(body), 8 + struct.unpack_from("<I", body, 4)[0])
    while at + 8 <= end:
        name, length = struct.unpack_from("<4sI", body, at)
        chunk = body[at : at + 8 + length + length % 2]
        at += 8 + length + length % 2
        if name == b"VP8X":
            # Two of its bits promise EXIF and XMP.
            yield chunk[:8] + bytes([chunk[8] & ~0x0C]) + chunk[9:]
        elif name not in _TOLD_IN_WEBP:
            yield chunk
