"""Looks into packed files: the directory of a zip, the streams of an old Office file, the names in a tar.

Nothing here trusts a figure that a file gives of itself, and nothing unpacks more than it was asked for.
"""

import struct
import zlib
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple, TypeAlias

# So many bytes from there on, or fewer where the file ends.
Read: TypeAlias = Callable[[int, int], bytes]

MOST_ENTRIES: Final = 20_000
LARGEST_DIRECTORY: Final = 4 << 20
_END: Final = b"PK\x05\x06"
_END_WITHIN: Final = (1 << 16) + 22
_IN_DIRECTORY: Final = struct.Struct("<4s6H3L5H2L")
_LOCAL: Final = struct.Struct("<4s5H3L2H")
_STORED: Final = 0
_DEFLATED: Final = 8

_OLE_HEADER: Final = 512
_SECTOR_ENDS: Final = 0xFFFFFFFA
_MOST_SECTORS: Final = 64
_STREAM: Final = 128
_TAR: Final = 512


class Entry(NamedTuple):
    """Something in a zip: how it is packed, how long it is said to be, and where it begins.

    `stamp` is the date and the time as they stand there, one behind the other.
    """

    name: str
    method: int
    packed: int
    unpacked: int
    start: int
    flags: int = 0
    crc: int = 0
    stamp: int = 0


def entries(read: Read, size: int) -> list[Entry] | None:
    """What the directory at the end of a zip lists; None where there is none that can be read (APPNOTE 4.3.12)."""
    tail = read(max(0, size - _END_WITHIN), _END_WITHIN)
    at = tail.rfind(_END)
    if at < 0 or len(tail) < at + 22:
        return None
    length, start = struct.unpack_from("<2L", tail, at + 12)
    if length > LARGEST_DIRECTORY or start + length > size:
        return None
    return list(_listed(read(start, length)))


def _listed(directory: bytes) -> Iterator[Entry]:
    at = 0
    for _ in range(MOST_ENTRIES):
        if len(directory) < at + _IN_DIRECTORY.size:
            return
        found = _IN_DIRECTORY.unpack_from(directory, at)
        if found[0] != b"PK\x01\x02":
            return
        method, packed, unpacked, length, extra, comment, start = (
            *(found[each] for each in (4, 8, 9, 10, 11, 12)),
            found[16],
        )
        at += _IN_DIRECTORY.size
        name = directory[at : at + length].decode(errors="replace")
        yield Entry(name, method, packed, unpacked, start, found[3], found[7], found[6] << 16 | found[5])
        at += length + extra + comment


def beginning(read: Read, entry: Entry, *, limit: int) -> bytes:
    """The first `limit` bytes of something in a zip; none where it is packed in a way that we do not read."""
    header = read(entry.start, _LOCAL.size)
    if len(header) < _LOCAL.size or not header.startswith(b"PK\x03\x04"):
        return b""
    *_, length, extra = _LOCAL.unpack(header)
    body = read(entry.start + _LOCAL.size + length + extra, min(entry.packed, limit))
    return (
        _inflated(body, -zlib.MAX_WBITS, limit)
        if entry.method == _DEFLATED
        else body
        if entry.method == _STORED
        else b""
    )


def streams(read: Read, size: int) -> tuple[frozenset[str], bytes]:
    """What an old Office file is made of, by name, and the class of the whole ([MS-CFB] 2.6)."""
    header = read(0, _OLE_HEADER)
    shift = int.from_bytes(header[30:32], "little")
    if len(header) < _OLE_HEADER or shift not in {9, 12}:
        return frozenset(), b""
    sector = 1 << shift
    tables = struct.unpack_from("<109L", header, 76)
    found, root = set[str](), b""
    for number in _chain(read, tables, int.from_bytes(header[48:52], "little"), sector=sector, size=size):
        body = read((number + 1) * sector, sector)
        for at in range(0, len(body) - _STREAM + 1, _STREAM):
            length = int.from_bytes(body[at + 64 : at + 66], "little")
            name = body[at : at + max(0, min(length, 64) - 2)].decode("utf-16-le", errors="replace")
            if name == "Root Entry":
                root = body[at + 80 : at + 96]
            found.add(name)
    return frozenset(found - {""}), root


def _chain(read: Read, tables: tuple[int, ...], first: int, *, sector: int, size: int) -> Iterator[int]:
    """The sectors that hold the directory, one after the other; a ring of them ends as well."""
    number, each = first, sector // 4
    for _ in range(_MOST_SECTORS):
        if number >= _SECTOR_ENDS or (number + 1) * sector >= size:
            return
        yield number
        table, place = divmod(number, each)
        if table >= len(tables) or tables[table] >= _SECTOR_ENDS:
            return
        found = read((tables[table] + 1) * sector + place * 4, 4)
        if len(found) < 4:  # noqa: PLR2004 -- a number of 32 bits
            return
        number = int.from_bytes(found, "little")


def names_in_tar(head: bytes, *, limit: int = 256 << 10) -> list[str]:
    """The first names in a tar that was packed with gzip, as far as its beginning tells."""
    body = _inflated(head, zlib.MAX_WBITS | 16, limit)
    found, at = list[str](), 0
    while len(body) >= at + _TAR and body[at + 257 : at + 262] == b"ustar":
        found.append(body[at : at + 100].partition(b"\0")[0].decode(errors="replace"))
        try:
            length = int(body[at + 124 : at + 136].strip(b" \0") or b"0", 8)
        except ValueError:
            break
        at += _TAR + (length + _TAR - 1) // _TAR * _TAR
    return found


def _inflated(body: bytes, window: int, limit: int) -> bytes:
    try:
        return zlib.decompressobj(window).decompress(body, limit)
    except zlib.error:
        return b""
