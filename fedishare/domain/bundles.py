"""One zip out of several files, whose bytes need not be in memory: what stands before, between and behind them.

Sizes and checksums are known before it is sent, so that every program can open it while it comes in (APPNOTE.TXT
4.3). Files are stored as they are: what teachers share is nearly always packed already.
"""

import struct
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from fedishare.domain import files

# Beyond this a zip takes another form, which not every program reads.
MOST_BYTES: Final = (1 << 32) - (1 << 20)
_VERSION: Final = 20
_UTF_8: Final = 0x800
_STORED: Final = 0
_LOCAL: Final = struct.Struct("<4s5H3I2H")
_CENTRAL: Final = struct.Struct("<4s6H3I5H2I")
_END: Final = struct.Struct("<4s4H2IH")


class Entry(NamedTuple):
    name: str
    size: int
    crc: int


def names(wanted: Iterable[str]) -> list[str]:
    """Safe names, no two of which are the same to a computer that knows no capitals."""
    found: list[str] = []
    taken: set[str] = set()
    for each in wanted:
        name = files.safe_name(each)
        stem, suffix = files.parted(name)
        number = 1
        while name.casefold() in taken:
            number += 1
            name = f"{stem} ({number}){suffix}"
        taken.add(name.casefold())
        found.append(name)
    return found


def before(entry: Entry, *, at: datetime) -> bytes:
    """What stands before the bytes of a file."""
    name = entry.name.encode()
    return _LOCAL.pack(b"PK\x03\x04", _VERSION, _UTF_8, _STORED, *_dos(at), *_facts(entry), len(name), 0) + name


def ending(entries: Sequence[Entry], *, at: datetime) -> bytes:
    """What stands behind the last of the files."""
    lines, offset = [], 0
    for entry in entries:
        name = entry.name.encode()
        head = (b"PK\x01\x02", _VERSION, _VERSION, _UTF_8, _STORED, *_dos(at), *_facts(entry), len(name))
        lines.append(_CENTRAL.pack(*head, 0, 0, 0, 0, 0, offset) + name)
        offset += _LOCAL.size + len(name) + entry.size
    listed = b"".join(lines)
    count = len(entries)
    return listed + _END.pack(b"PK\x05\x06", 0, 0, count, count, len(listed), offset, 0)


def length(entries: Sequence[Entry], *, at: datetime) -> int:
    """How many bytes the whole zip has."""
    return sum(len(before(entry, at=at)) + entry.size for entry in entries) + len(ending(entries, at=at))


def _facts(entry: Entry) -> tuple[int, int, int]:
    return entry.crc, entry.size, entry.size


def _dos(at: datetime) -> tuple[int, int]:
    """A time and a day as they were written on floppy disks: no earlier than 1980."""
    time = at.hour << 11 | at.minute << 5 | at.second // 2
    return time, max(at.year - 1980, 0) << 9 | at.month << 5 | at.day
