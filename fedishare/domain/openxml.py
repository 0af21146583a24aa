"""What is hidden in a file of Word, PowerPoint or Excel, and what becomes of its parts without that (ECMA-376)."""

import re
from collections import defaultdict
from collections.abc import Mapping
from typing import Final

from fedishare.core.errors import Invalid
from fedishare.domain.cuts import UNREADABLE, Element, Walk
from fedishare.domain.parcels import Parcel
from fedishare.domain.parts import ROOT, TYPES, Relation, Relations, Types, related, relating, relations
from fedishare.domain.revisions import Revisions
from fedishare.domain.traces import Found, Kind, counted, named

# Relationships by the last word of their type. What is reached through these alone is not needed to show the file.
_COMMENTS: Final = frozenset(("comments", "threadedcomment"))
_ABOUT_COMMENTS: Final = frozenset((
    "commentsextended",
    "commentsids",
    "commentsextensible",
    "people",
    "person",
    "commentauthors",
    "authors",
))  # fmt: skip
_DROPPED: Final = _COMMENTS | _ABOUT_COMMENTS | frozenset((
    "revisionheaders",
    "revisionlog",
    "usernames",
    "printersettings",
    "custom-properties",
    "attachedtemplate",
    "classificationlabels",
))  # fmt: skip
_WORDS: Final = frozenset((
    "header",
    "footer",
    "footnotes",
    "endnotes",
    "glossarydocument",
    "styles",
    "numbering",
))  # fmt: skip
# Elements that only point to what is gone; of all others the pointer goes.
_POINTERS: Final = frozenset(("legacyDrawing", "attachedTemplate", "printerSettings"))
_PLAIN_TEMPLATES: Final = re.compile(r"normal(?:\.dot[mx]?)?|office theme|default.*|", re.IGNORECASE)
_NOTE: Final = re.compile(rb"<(\w+):shape\b(?:(?!</\1:shape>).)*?ObjectType=[\"']Note[\"'].*?</\1:shape>", re.DOTALL)
_DRAWN: Final = re.compile(rb"<\w+:shape\b")
_LEFT_OUT_OF_CORE: Final = frozenset(("creator", "lastModifiedBy", "description", "lastPrinted", "revision", "version"))
_LEFT_OUT_OF_APP: Final = frozenset(("Company", "Manager", "HyperlinkBase", "Template", "TotalTime"))


class _Properties(Walk):
    """What the small files say that are made of one word for each property."""

    def __init__(self, body: bytes, left_out: frozenset[str]) -> None:
        super().__init__(body)
        self.found: dict[str, str] = {}
        self._left_out = left_out

    def opened(self, _: Element, /) -> None:
        self.said, self.hears = "", len(self.open) == 1

    def closed(self, element: Element) -> None:
        name = element.name.partition(":")[2]
        if len(self.open) == 1:
            self.found[name] = self.said.strip()
            if name in self._left_out:
                self.drop(element)


class _Count(Walk):
    """How many elements of a name there are, and what they say of who made them."""

    def __init__(self, body: bytes, name: str) -> None:
        super().__init__(body)
        self.count = 0
        self.hands: list[str] = []
        self._name = name

    def opened(self, element: Element) -> None:
        local = element.name.partition(":")[2]
        self.count += local == self._name
        said = element.attributes
        if local in {"comment", "cmAuthor", "person", "author"}:
            hand = next((said[key] for key in said if key.rpartition(" ")[2] in {"author", "name", "displayName"}), "")
            if hand and hand not in self.hands:
                self.hands.append(hand)
        self.said, self.hears = "", local == "author"

    def closed(self, _: Element, /) -> None:
        if self.hears and self.said.strip() and not self.said.startswith("tc="):
            self.hands.append(self.said.strip())
        self.hears = False


class _Sheet(Walk):
    """A part that points to others: without its pointers to what is gone, and the folder that Excel notes."""

    def __init__(self, body: bytes, gone: set[str]) -> None:
        super().__init__(body)
        self.hidden = 0
        self.is_hidden_slide = False
        self.folder = ""
        self._gone = gone

    def opened(self, element: Element) -> None:
        local = element.name.partition(":")[2]
        if local == "sheet":
            self.hidden += element.attributes.get("state", "visible") != "visible"
        if local == "sld" and not self.open:
            self.is_hidden_slide = element.attributes.get("show", "1") in {"0", "false"}
        if local == "absPath":
            self.folder = element.attributes.get("url", "")

    def closed(self, element: Element) -> None:
        local = element.name.partition(":")[2]
        if local in {"absPath", "rsids", "docVars"}:
            self.drop(element)
            return
        gone = [value for key, value in element.attributes.items() if value in self._gone and _is_id(key)]
        if gone and local in _POINTERS:
            self.drop(element)
        else:
            for value in gone:
                self.drop_attribute(element, value)


class _Talk(Walk):
    """Whether somebody wrote something into the notes of a slide, beside its number."""

    def __init__(self, body: bytes) -> None:
        super().__init__(body)
        self.is_said = False

    def opened(self, element: Element) -> None:
        local = element.name.partition(":")[2]
        self.said, self.hears = "", local == "t" and not any(each.name.endswith(":fld") for each in self.open)

    def closed(self, _: Element, /) -> None:
        self.is_said = self.is_said or (self.hears and bool(self.said.strip()))
        self.hears = False


def look(parcel: Parcel) -> Found:
    """Raises Invalid for what cannot be read to the end: then nothing is known, and nothing is changed."""
    return _Look(parcel).all()


class _Look:
    def __init__(self, parcel: Parcel) -> None:
        self._parcel = parcel
        self._relations = [each for name in relating(parcel) for each in relations(parcel, name)]
        if not any(each.kind == "officedocument" and each.target in parcel for each in self._relations):
            raise Invalid(UNREADABLE)
        self._to: dict[str, list[str]] = defaultdict(list)
        for each in self._relations:
            if each.is_part and each.target in parcel:
                self._to[each.kind].append(each.target)
        self._dropped = [each for each in self._relations if each.kind in _DROPPED]
        self._changed: dict[str, bytes] = {}
        self._hands: list[str] = []

    def all(self) -> Found:
        comments, changes = self._comments(), self._revisions()
        traces = [*self._about(), *comments, *changes, *self._pointers()]
        if comments or changes:
            # The small picture of the first page may show them.
            self._dropped += [each for each in self._relations if each.kind == "thumbnail"]
        traces += named(Kind.BY, *self._hands)
        traces += counted(Kind.PROPERTIES, self._custom())
        traces += counted(Kind.PRINTER, len(self._to["printersettings"]))
        traces += self._hints()
        if self._to["origin"]:
            # Whatever is changed in it, the signature would be broken.
            return Found([*traces, Kind.SIGNED], {}, set())
        gone = self._without_the_rest()
        changed = {name: body for name, body in self._changed.items() if name not in gone}
        return Found(list(dict.fromkeys(traces)), changed, gone)

    def _about(self) -> list[str]:
        core = self._properties("core-properties", _LEFT_OUT_OF_CORE)
        app = self._properties("extended-properties", _LEFT_OUT_OF_APP)
        author, last = core.get("creator", ""), core.get("lastModifiedBy", "")
        template = app.get("Template", "")
        paths = [each.target for each in self._relations if each.kind == "attachedtemplate" and not each.is_part]
        return [
            *named(Kind.AUTHOR, author),
            *named(Kind.SAVED_BY, last if last != author else ""),
            *named(Kind.MANAGER, app.get("Manager", "")),
            *named(Kind.COMPANY, app.get("Company", "")),
            *named(Kind.TEMPLATE, *paths, "" if _PLAIN_TEMPLATES.fullmatch(template) or paths else template),
            *named(Kind.FOLDER, app.get("HyperlinkBase", "")),
        ]

    def _properties(self, kind: str, left_out: frozenset[str]) -> Mapping[str, str]:
        found: dict[str, str] = {}
        for name in dict.fromkeys(self._to[kind]):
            walk = _Properties(self._parcel.body(name), left_out)
            self._note(name, walk.go())
            found |= walk.found
        return found

    def _comments(self) -> list[str]:
        counts: dict[str, int] = defaultdict(int)
        for kind in _COMMENTS | _ABOUT_COMMENTS:
            for name in dict.fromkeys(self._to[kind]):
                local = "cm" if name.startswith("ppt/") else "comment"
                walk = _Count(self._parcel.body(name), "threadedComment" if kind == "threadedcomment" else local)
                walk.go()
                counts[kind] += walk.count
                self._hands += [hand for hand in walk.hands if hand not in self._hands]
        return counted(Kind.COMMENTS, max(counts["comments"], counts["threadedcomment"]))

    def _revisions(self) -> list[str]:
        """Of Word the tracked changes; Excel keeps a diary of them beside a table that has them all."""
        changes = marks = unseen = 0
        for name in self._written():
            walk = Revisions(self._parcel.body(name))
            self._note(name, walk.go())
            changes, marks, unseen = changes + walk.changes, marks + walk.marks, unseen + walk.unseen
            self._hands += [hand for hand in walk.hands if hand not in self._hands]
        logs = dict.fromkeys(self._to["revisionlog"])
        return [*counted(Kind.CHANGES, changes or marks or len(logs)), *counted(Kind.UNSEEN, unseen)]

    def _written(self) -> list[str]:
        """The parts in which words stand that somebody may have changed."""
        if not any(name.startswith("word/") for name in self._to["officedocument"]):
            return []
        return list(dict.fromkeys(name for kind in ("officedocument", *_WORDS) for name in self._to[kind]))

    def _pointers(self) -> list[str]:
        """Parts that point to what goes, and what they say besides."""
        by_source: dict[str, set[str]] = defaultdict(set)
        for each in self._dropped:
            by_source[each.source].add(each.id)
        notes = self._notes_on_sheets()
        for each in notes:
            by_source[each.source].add(each.id)
        self._dropped += notes
        folder = ""
        books = {name for name in self._to["officedocument"] if not name.startswith("word/")}
        for name in sorted({*by_source, *books, *self._to["settings"]}):
            if name in self._parcel:
                walk = _Sheet(self._changed.get(name) or self._parcel.body(name), by_source[name])
                self._note(name, walk.go())
                folder = folder or walk.folder
        return named(Kind.FOLDER, folder)

    def _notes_on_sheets(self) -> list[Relation]:
        """Excel draws each comment; a drawing that holds nothing else goes, and of another what belongs to comments."""
        gone = []
        for each in self._relations:
            if each.kind == "vmldrawing" and each.source.startswith("xl/") and each.target in self._to["vmldrawing"]:
                body = self._parcel.body(each.target)
                left = _NOTE.sub(b"", body)
                if left != body and not _DRAWN.search(left):
                    gone.append(each)
                elif left != body:
                    self._changed[each.target] = left
        return gone

    def _custom(self) -> int:
        count = 0
        for name in dict.fromkeys(self._to["custom-properties"]):
            walk = _Count(self._parcel.body(name), "property")
            walk.go()
            count += walk.count
        for name in dict.fromkeys(self._to["settings"]):
            walk = _Count(self._parcel.body(name), "docVar")
            walk.go()
            count += walk.count
        return count + len(self._to["classificationlabels"])

    def _hints(self) -> list[str]:
        slides = [_Sheet(self._parcel.body(name), set()) for name in dict.fromkeys(self._to["slide"])]
        books = [name for name in self._to["officedocument"] if name.startswith("xl/")]
        sheets = [_Sheet(self._parcel.body(name), set()) for name in books]
        notes = [_Talk(self._parcel.body(name)) for name in dict.fromkeys(self._to["notesslide"])]
        for walk in (*slides, *sheets, *notes):
            walk.go()
        return [
            *counted(Kind.SLIDES, sum(walk.is_hidden_slide for walk in slides)),
            *counted(Kind.SHEETS, sum(walk.hidden for walk in sheets)),
            *counted(Kind.NOTES, sum(walk.is_said for walk in notes)),
            *counted(Kind.EMBEDDED, len(dict.fromkeys((*self._to["package"], *self._to["oleobject"])))),
        ]

    def _without_the_rest(self) -> set[str]:
        """Parts that nothing leads to any more, such as the pictures in comments."""
        dropped = {(each.source, each.id) for each in self._dropped}
        kept = [each for each in self._relations if (each.source, each.id) not in dropped]
        reached, edge = {TYPES, ROOT}, {""}
        to: dict[str, set[str]] = defaultdict(set)
        for each in kept:
            if each.is_part:
                to[each.source].add(each.target)
        while edge:
            edge = {target for source in edge for target in to[source]} - reached
            reached |= edge
        gone = {
            name for name in self._parcel.names
            if not name.endswith("/") and name not in reached and related(name) not in reached
        }  # fmt: skip
        self._untie({(source, id_) for source, id_ in dropped if source not in gone}, gone)
        return gone

    def _untie(self, dropped: set[tuple[str, str]], gone: set[str]) -> None:
        by_source: dict[str, set[str]] = defaultdict(set)
        for source, id_ in dropped:
            by_source[source].add(id_)
        for name in relating(self._parcel):
            walk = Relations(self._parcel.body(name), name)
            if ids := by_source[walk.source]:
                self._note(name, walk.without(ids))
        if gone:
            self._note(TYPES, Types(self._parcel.body(TYPES), gone).go())

    def _note(self, name: str, body: bytes) -> None:
        if body != (self._changed.get(name) or self._parcel.body(name)):
            self._changed[name] = body


def _is_id(key: str) -> bool:
    address, _, name = key.rpartition(" ")
    return name == "id" and address.endswith("/relationships")
