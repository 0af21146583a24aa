"""A packed file that is read part by part, and packed again with some of its parts changed or left out."""

import struct
import zlib
from collections.abc import Iterable, Iterator
from typing import Final

from fedishare.core.errors import Invalid
from fedishare.domain import archives
from fedishare.domain.archives import Entry, Read
from fedishare.domain.cuts import UNREADABLE

LARGEST_PART: Final = 48 << 20
LARGEST_IN_ALL: Final = 128 << 20
BLOCK: Final = 1 << 20
_LOCAL: Final = struct.Struct("<4s5H3L2H")
_IN_DIRECTORY: Final = struct.Struct("<4s6H3L5H2L")
_END: Final = struct.Struct("<4s4H2LH")
_STORED, _DEFLATED = 0, 8
_ENCRYPTED: Final = 1
_UTF8: Final = 1 << 11
_VERSION: Final = 20
_MOST: Final = 0xFFFF
_LARGEST: Final = 0xFFFFFFFF


class Parcel:
    """What is in it by name, and what has been changed of that."""

    def __init__(self, read: Read, size: int) -> None:
        """Raises Invalid for what is no zip, has two parts of one name, or is packed in a way that we do not read."""
        self._read = read
        self._entries = {entry.name: entry for entry in _listed(read, size)}
        self._bodies: dict[str, bytes] = {}
        self._changed: dict[str, bytes] = {}
        self._gone: set[str] = set()
        self._taken = 0

    @property
    def names(self) -> list[str]:
        return [name for name in self._entries if name not in self._gone]

    def __contains__(self, name: str) -> bool:
        return name in self._entries and name not in self._gone

    def body(self, name: str) -> bytes:
        """A part of it, as it is by now. Raises Invalid for what is too large, and for what is not as announced."""
        if name not in self._bodies:
            self._bodies[name] = self._unpacked(self._entries[name])
        return self._changed.get(name, self._bodies[name])

    def _unpacked(self, entry: Entry) -> bytes:
        # What does not get smaller by packing gets a little larger.
        most = max(entry.packed, entry.unpacked)
        self._taken += most
        if most > LARGEST_PART or self._taken > LARGEST_IN_ALL:
            raise Invalid(UNREADABLE)
        found = archives.beginning(self._read, entry, limit=most + 1) if entry.unpacked else b""
        if len(found) != entry.unpacked or zlib.crc32(found) != entry.crc:
            raise Invalid(UNREADABLE)
        return found

    def change(self, name: str, body: bytes) -> None:
        self._changed[name] = body

    def drop(self, names: Iterable[str]) -> None:
        self._gone.update(names)

    def packed(self) -> Iterator[bytes]:
        """The whole file anew: what did not change goes over as it is packed, and nothing lies between the parts."""
        directory, at = list[bytes](), 0
        for name in self.names:
            entry, body = self._entries[name], self._changed.get(name)
            packed = None
            if body is not None:
                packed = _deflated(body)
                entry = entry._replace(
                    method=_DEFLATED, packed=len(packed), unpacked=len(body), crc=zlib.crc32(body), start=0
                )
            head = _head(entry)
            directory.append(_line(entry, at))
            yield head
            yield from (packed,) if packed is not None else self._raw(entry)
            at += len(head) + entry.packed
            if at > _LARGEST:
                raise Invalid(UNREADABLE)
        listed = b"".join(directory)
        yield listed + _END.pack(b"PK\x05\x06", 0, 0, len(directory), len(directory), len(listed), at, 0)

    def _raw(self, entry: Entry) -> Iterator[bytes]:
        """What is packed, in pieces. Raises Invalid where it is not what the directory says."""
        start, left = _begins(self._read, entry), entry.packed
        while left:
            block = self._read(start, min(left, BLOCK))
            if not block:
                raise Invalid(UNREADABLE)
            yield block
            start, left = start + len(block), left - len(block)


def _listed(read: Read, size: int) -> list[Entry]:
    listed = archives.entries(read, size)
    if not listed or len(listed) > _MOST:
        raise Invalid(UNREADABLE)
    names = {entry.name.casefold() for entry in listed}
    # Of two parts with one name, one program shows this and another that.
    if len(names) != len(listed) or any("\ufffd" in entry.name for entry in listed):
        raise Invalid(UNREADABLE)
    if any(entry.flags & _ENCRYPTED or entry.method not in {_STORED, _DEFLATED} for entry in listed):
        raise Invalid(UNREADABLE)
    return listed


def _begins(read: Read, entry: Entry) -> int:
    header = read(entry.start, _LOCAL.size)
    if len(header) < _LOCAL.size or not header.startswith(b"PK\x03\x04"):
        raise Invalid(UNREADABLE)
    length, extra = struct.unpack_from("<2H", header, _LOCAL.size - 4)
    # Some programs go by the name that stands before a part, and others by the one in the directory.
    if read(entry.start + _LOCAL.size, length).decode(errors="replace") != entry.name:
        raise Invalid(UNREADABLE)
    return int(entry.start + _LOCAL.size + length + extra)


def _deflated(body: bytes) -> bytes:
    packer = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(body) + packer.flush()


def _figures(entry: Entry) -> tuple[int, ...]:
    """What stands of a part before it and in the directory (APPNOTE 4.3.7)."""
    name = entry.name.encode()
    flags = _UTF8 if len(name) != len(entry.name) else 0
    time, date = entry.stamp & _MOST, entry.stamp >> 16
    return (_VERSION, flags, entry.method, time, date, entry.crc, entry.packed, entry.unpacked, len(name), 0)


def _head(entry: Entry) -> bytes:
    return _LOCAL.pack(b"PK\x03\x04", *_figures(entry)) + entry.name.encode()


def _line(entry: Entry, at: int) -> bytes:
    return _IN_DIRECTORY.pack(b"PK\x01\x02", _VERSION, *_figures(entry), 0, 0, 0, 0, at) + entry.name.encode()
