"""What is hidden in a file of LibreOffice and its kin, and what becomes of its parts without that (ODF 1.3)."""

from collections.abc import Mapping
from typing import Final

from fedishare.core.errors import Invalid
from fedishare.domain.cuts import UNREADABLE, Element, Walk
from fedishare.domain.parcels import Parcel
from fedishare.domain.traces import Found, Kind, counted, named

MANIFEST: Final = "META-INF/manifest.xml"
SIGNATURES: Final = "META-INF/documentsignatures.xml"
VERSIONS: Final = "VersionList.xml"
_PARTS_OF_VERSIONS: Final = "Versions/"
_PICTURE: Final = "Thumbnails/thumbnail.png"
_ODF: Final = "urn:oasis:names:tc:opendocument:xmlns:"
_NAMES: Final[Mapping[str, str]] = {
    f"{_ODF}{name}:1.0": name for name in ("office", "text", "table", "meta", "config", "presentation", "manifest")
} | {
    f"{_ODF}style:1.0": "style",
    f"{_ODF}drawing:1.0": "draw",
    "http://purl.org/dc/elements/1.1/": "dc",
}  # fmt: skip
# What was struck out stands in the list of changes alone, so that everything is accepted once the list is gone.
_DROPPED: Final = frozenset((
    "office:annotation",
    "office:annotation-end",
    "text:tracked-changes",
    "text:change",
    "text:change-start",
    "text:change-end",
    "table:tracked-changes",
))  # fmt: skip
_ABOUT: Final = frozenset((
    "meta:initial-creator",
    "dc:creator",
    "dc:contributor",
    "dc:description",
    "meta:printed-by",
    "meta:print-date",
    "meta:template",
    "meta:editing-duration",
    "meta:editing-cycles",
    "meta:user-defined",
))  # fmt: skip
_OF_PRINTERS: Final = frozenset(("PrinterName", "PrinterSetup"))


class _Content(Walk):
    names = _NAMES

    def __init__(self, body: bytes) -> None:
        super().__init__(body)
        self.comments = self.changes = self.notes = 0
        self.hands: list[str] = []
        self.sheets = self.slides = 0
        self._style = ""
        self._unseen: set[str] = set()
        self._is_noted = False

    def opened(self, element: Element) -> None:
        match element.name:
            case "office:annotation":
                self.comments += 1
            case "text:changed-region" | "office:change-info" if not self.inside("text:changed-region"):
                self.changes += 1
            case "style:style":
                self._style = _attribute(element, "name")
            case "style:table-properties" if _attribute(element, "display") == "false":
                self._unseen.add(f"table {self._style}")
            case "style:drawing-page-properties" if _attribute(element, "visibility") == "hidden":
                self._unseen.add(f"page {self._style}")
            case "table:table":
                self.sheets += f"table {_attribute(element, 'style-name')}" in self._unseen
            case "draw:page":
                self.slides += f"page {_attribute(element, 'style-name')}" in self._unseen
            case "presentation:notes":
                self._is_noted = False
            case _:
                pass
        is_name = element.name == "dc:creator"
        is_note = element.name in {"text:p", "text:span"} and self.inside("presentation:notes")
        self.said, self.hears = "", is_name or is_note

    def closed(self, element: Element) -> None:
        if self.hears and element.name == "dc:creator" and self.said.strip() and self.said not in self.hands:
            self.hands.append(self.said)
        elif self.hears and self.said.strip():
            self._is_noted = True
        self.hears = False
        if element.name == "presentation:notes":
            self.notes += self._is_noted
        if element.name in _DROPPED:
            self.drop(element)


class _About(Walk):
    names = _NAMES

    def __init__(self, body: bytes) -> None:
        super().__init__(body)
        self.found: dict[str, str] = {}
        self.properties = 0

    def opened(self, element: Element) -> None:
        self.said, self.hears = "", element.name in _ABOUT
        self.properties += element.name == "meta:user-defined"

    def closed(self, element: Element) -> None:
        if element.name in _ABOUT:
            self.found[element.name] = self.said.strip() or _attribute(element, "href")
            self.drop(element)


class _Settings(Walk):
    names = _NAMES

    def __init__(self, body: bytes) -> None:
        super().__init__(body)
        self.printers = 0

    def opened(self, element: Element) -> None:
        self.said, self.hears = "", element.name == "config:config-item"

    def closed(self, element: Element) -> None:
        if element.name == "config:config-item" and _attribute(element, "name") in _OF_PRINTERS:
            self.printers += bool(self.said.strip())
            self.drop(element)


class _Manifest(Walk):
    names = _NAMES

    def __init__(self, body: bytes, gone: set[str]) -> None:
        super().__init__(body)
        self._gone = gone

    def opened(self, element: Element) -> None:
        if element.name == "manifest:encryption-data":
            raise Invalid(UNREADABLE)

    def closed(self, element: Element) -> None:
        if element.name == "manifest:file-entry" and _attribute(element, "full-path") in self._gone:
            self.drop(element)


def look(parcel: Parcel) -> Found:
    """Raises Invalid for what cannot be read to the end, or is locked with a password."""
    if "content.xml" not in parcel or MANIFEST not in parcel:
        raise Invalid(UNREADABLE)
    _Manifest(parcel.body(MANIFEST), set()).go()
    changed: dict[str, bytes] = {}
    contents = [_Content(parcel.body(name)) for name in _parts(parcel, "content.xml", "styles.xml")]
    abouts = [_About(parcel.body(name)) for name in _parts(parcel, "meta.xml")]
    settings = [_Settings(parcel.body(name)) for name in _parts(parcel, "settings.xml")]
    names = _parts(parcel, "content.xml", "styles.xml") + _parts(parcel, "meta.xml") + _parts(parcel, "settings.xml")
    for name, walk in zip(names, (*contents, *abouts, *settings), strict=True):
        body = walk.go()
        if body != walk.body:
            changed[name] = body
    comments, changes = sum(walk.comments for walk in contents), sum(walk.changes for walk in contents)
    older = [name for name in parcel.names if name.startswith(_PARTS_OF_VERSIONS) and not name.endswith("/")]
    traces = [
        *_of_whole(abouts),
        *counted(Kind.COMMENTS, comments),
        *counted(Kind.CHANGES, changes),
        *named(Kind.BY, *(hand for walk in contents for hand in walk.hands)),
        *counted(Kind.PROPERTIES, sum(walk.properties for walk in abouts)),
        *counted(Kind.VERSIONS, len(older)),
        *counted(Kind.PRINTER, sum(walk.printers for walk in settings)),
        *counted(Kind.SLIDES, sum(walk.slides for walk in contents)),
        *counted(Kind.SHEETS, sum(walk.sheets for walk in contents)),
        *counted(Kind.NOTES, sum(walk.notes for walk in contents)),
    ]
    if SIGNATURES in parcel:
        return Found([*traces, Kind.SIGNED], {}, set())
    gone = {*older, *({VERSIONS} & set(parcel.names))}
    if comments or changes:
        # The small picture of the first page may show them.
        gone |= {_PICTURE} & set(parcel.names)
    if gone:
        changed[MANIFEST] = _Manifest(parcel.body(MANIFEST), gone).go()
    return Found(traces, changed, gone)


def _of_whole(abouts: list[_About]) -> list[str]:
    """Who made it, by what it says of itself; tables and drawings inside say so as well."""
    found = {name: value for walk in reversed(abouts) for name, value in walk.found.items() if value}
    author, last = found.get("meta:initial-creator", ""), found.get("dc:creator", "")
    return [
        *named(Kind.AUTHOR, author or last),
        *named(Kind.SAVED_BY, last if author and last != author else ""),
        *named(Kind.TEMPLATE, found.get("meta:template", "")),
    ]


def _parts(parcel: Parcel, *lasts: str) -> list[str]:
    """Those of the document and of what is inside it; an older version is a file of its own."""
    return sorted(
        (name for name in parcel.names if name.rpartition("/")[2] in lasts and not name.startswith("META-INF/")),
        key=lambda name: (name.count("/"), name),
    )


def _attribute(element: Element, name: str) -> str:
    return next((value for key, value in element.attributes.items() if key.rpartition(" ")[2] == name), "")
