"""How the parts of a packed Office file point to each other (ECMA-376, part 2, 9.3)."""

import posixpath
from collections.abc import Mapping
from typing import Final, NamedTuple
from urllib.parse import unquote

from fedishare.core.errors import Invalid
from fedishare.domain.cuts import UNREADABLE, Element, Walk
from fedishare.domain.parcels import Parcel

TYPES: Final = "[Content_Types].xml"
ROOT: Final = "_rels/.rels"


class Relation(NamedTuple):
    """`source` is the part that points, and `target` the one pointed to; a target elsewhere is no part."""

    source: str
    id: str
    kind: str
    target: str
    is_part: bool


class Relations(Walk):
    names = {"http://schemas.openxmlformats.org/package/2006/relationships": "r"}  # noqa: RUF012 -- a table

    def __init__(self, body: bytes, path: str) -> None:
        super().__init__(body)
        folder, _, name = path.rpartition("_rels/")
        self.source = folder + name.removesuffix(".rels")
        self.found: list[Relation] = []
        self._gone: frozenset[str] = frozenset()

    def without(self, gone: set[str]) -> bytes:
        self._gone = frozenset(gone)
        return self.go()

    def closed(self, element: Element) -> None:
        if element.name != "r:Relationship":
            return
        said = element.attributes
        kind = said.get("Type", "").rsplit("/", 1)[-1].lower()
        is_part = said.get("TargetMode") != "External"
        target = said.get("Target", "")
        self.found.append(Relation(self.source, said.get("Id", ""), kind, target, is_part))
        if said.get("Id", "") in self._gone:
            self.drop(element)


class Types(Walk):
    def __init__(self, body: bytes, gone: set[str]) -> None:
        super().__init__(body)
        self._gone = {f"/{name}".casefold() for name in gone}

    def closed(self, element: Element) -> None:
        if unquote(element.attributes.get("PartName", "")).casefold() in self._gone:
            self.drop(element)


def relating(parcel: Parcel) -> list[str]:
    if TYPES not in parcel or ROOT not in parcel:
        raise Invalid(UNREADABLE)
    return [name for name in parcel.names if name.endswith(".rels") and "_rels/" in name]


def relations(parcel: Parcel, name: str) -> list[Relation]:
    walk = Relations(parcel.body(name), name)
    walk.go()
    real = {each.casefold(): each for each in parcel.names}
    return [each._replace(target=_resolved(each, real)) if each.is_part else each for each in walk.found]


def _resolved(relation: Relation, real: Mapping[str, str]) -> str:
    """The part that a target is, as seen from the part which points to it. Names are the same in small letters."""
    folder, target = posixpath.dirname(relation.source), relation.target.partition("#")[0]
    for path in (target, unquote(target)):
        found = posixpath.normpath(path if path.startswith("/") else posixpath.join(folder, path)).lstrip("/")
        if found.casefold() in real:
            return real[found.casefold()]
    return relation.target


def related(name: str) -> str:
    """The part that a file of relationships belongs to; that of the whole belongs to nothing, and is always reached."""
    if not name.endswith(".rels"):
        return ""
    folder, _, last = name.rpartition("_rels/")
    return folder + last.removesuffix(".rels")
