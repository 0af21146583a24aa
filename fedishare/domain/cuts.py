"""Goes through an XML file once, and takes pieces out of it; every other byte stays as it was.

Nothing is written anew from what was read: office programs are particular about prefixes, order and spaces.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final
from xml.parsers import expat  # no document type is let in, and entities cannot be declared without one

from fedishare.core.errors import Invalid

DEEPEST: Final = 400
_HEAD: Final = re.compile(rb"""<[^<>"']+(?:"[^"<]*"[^<>"']*|'[^'<]*'[^<>"']*)*>""")
UNREADABLE: Final = "This file cannot be looked into."


class Element:
    """An element that is open, or has just been closed. `kept` and `notes` are for whoever walks."""

    __slots__ = ("attributes", "body", "end", "name", "notes", "start", "tail")

    def __init__(self, name: str, attributes: Mapping[str, str], body: bytes, start: int) -> None:
        self.name = name
        self.attributes = attributes
        self.body = body
        self.start = start
        # Where its closing tag begins and ends; where it has none both are the end of the only one.
        self.tail = self.end = start
        self.notes: dict[str, int] = {}

    @property
    def head(self) -> int:
        """Where its opening tag ends."""
        found = _HEAD.match(self.body, self.start)
        if found is None:
            raise Invalid(UNREADABLE)
        return found.end()


class Walk:
    """What `names` says of a namespace is the prefix that stands for it here, whatever the file calls it.

    Whoever wants to know what is in an element takes it from `said`, if `hears` is set while it is open.
    """

    names: Mapping[str, str] = {}

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.cuts: list[tuple[int, int]] = []
        self.open: list[Element] = []
        self.said = ""
        self.hears = False
        self._known: dict[str, str] = {}
        # Whatever a file says of its encoding, office programs write UTF-8; anything else is left alone.
        if b"\0" in body[:4] or body.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise Invalid(UNREADABLE)
        self._parser = parser = expat.ParserCreate("UTF-8", namespace_separator=" ")
        parser.StartElementHandler = self._opened
        parser.EndElementHandler = self._closed
        parser.CharacterDataHandler = self._told
        parser.StartDoctypeDeclHandler = self._refuse
        parser.buffer_text = True

    def opened(self, element: Element, /) -> None:
        """Its opening tag was read. `self.open` ends with the element that it is in."""

    def closed(self, element: Element, /) -> None:
        """All of it was read."""

    def go(self) -> bytes:
        """Raises Invalid for what is no XML, or more than a file of words."""
        try:
            self._parser.Parse(self.body, True)
        except expat.ExpatError as error:
            raise Invalid(UNREADABLE) from error
        return without(self.body, self.cuts)

    def drop(self, element: Element) -> None:
        self.cuts.append((element.start, element.end))

    def unwrap(self, element: Element) -> None:
        """The element goes, and what is in it stays."""
        self.cuts += [(element.start, element.head), (element.tail, element.end)]

    def drop_attribute(self, element: Element, value: str) -> None:
        """Of an id that points to something which is gone."""
        head = self.body[element.start : element.head]
        said = value.encode()
        found = re.search(rb"\s+[\w.-]+:id\s*=\s*(?:\"" + re.escape(said) + rb"\"|'" + re.escape(said) + rb"')", head)
        if found is None:
            raise Invalid(UNREADABLE)
        self.cuts.append((element.start + found.start(), element.start + found.end()))

    def inside(self, name: str) -> bool:
        return any(element.name == name for element in self.open)

    def parent(self) -> Element | None:
        return self.open[-1] if self.open else None

    def _opened(self, name: str, attributes: dict[str, str]) -> None:
        element = Element(self._named(name), attributes, self.body, self._parser.CurrentByteIndex)
        self.opened(element)
        self.open.append(element)
        if len(self.open) > DEEPEST:
            raise Invalid(UNREADABLE)

    def _closed(self, _: str) -> None:
        element = self.open.pop()
        at = self._parser.CurrentByteIndex
        # An element without a closing tag is closed where its only tag ends.
        has_tag = self.body.startswith(b"</", at) and self._is_closing(element, at)
        element.tail, element.end = at, self.body.index(b">", at) + 1 if has_tag else at
        self.closed(element)

    def _is_closing(self, element: Element, at: int) -> bool:
        """Whether the closing tag that stands here is its own, and not that of the element around it."""
        return self.body[at - 2 : at] != b"/>" or element.head != at

    def _told(self, text: str) -> None:
        if self.hears:
            self.said += text

    def _named(self, name: str) -> str:
        if name not in self._known:
            address, _, local = name.rpartition(" ")
            self._known[name] = f"{self.names.get(address, '?')}:{local}"
        return self._known[name]

    def _refuse(self, *_: object) -> None:
        raise Invalid(UNREADABLE)


def without(body: bytes, cuts: Iterable[tuple[int, int]]) -> bytes:
    """What is left of `body`. Cuts may touch, overlap and lie in one another."""
    kept, at = [], 0
    for start, end in sorted(cuts):
        if start > at:
            kept.append(body[at:start])
        at = max(at, end)
    return b"".join((*kept, body[at:]))
