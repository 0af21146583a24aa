"""Accepts the tracked changes of a Word document, and takes its comments out.

What somebody wrote stays, what somebody struck out goes (ECMA-376, part 1, 17.13.5).
"""

from collections.abc import Mapping
from typing import Final

from fedishare.domain.cuts import Element, Walk

NAMES: Final[Mapping[str, str]] = {
    "http://schemas.openxmlformats.org/wordprocessingml/2006/main": "w",
    "http://purl.oclc.org/ooxml/wordprocessingml/main": "w",
    "http://schemas.openxmlformats.org/markup-compatibility/2006": "mc",
}
_STRUCK: Final = frozenset(("w:del", "w:moveFrom"))
_WRITTEN: Final = frozenset(("w:ins", "w:moveTo"))
_PROPERTIES_BEFORE: Final = frozenset(
    f"w:{name}Change"
    for name in ("rPr", "pPr", "sectPr", "tblPr", "tblPrEx", "tcPr", "trPr", "tblGrid", "numbering")
)  # fmt: skip
_CHANGES: Final = _STRUCK | {"w:ins", "w:cellIns", "w:cellDel", "w:cellMerge"} | _PROPERTIES_BEFORE
_DROPPED: Final = _STRUCK | _PROPERTIES_BEFORE | frozenset((
    "w:cellIns",
    "w:cellDel",
    "w:cellMerge",
    "w:commentRangeStart",
    "w:commentRangeEnd",
    "w:commentReference",
    "w:moveFromRangeStart",
    "w:moveFromRangeEnd",
    "w:moveToRangeStart",
    "w:moveToRangeEnd",
    *(f"w:customXml{what}Range{end}" for what in ("Ins", "Del", "MoveFrom", "MoveTo") for end in ("Start", "End")),
))  # fmt: skip
# What may be left of a paragraph of which everything was struck out.
_NOTHING: Final = frozenset(("w:pPr", "w:r", "w:rPr", "w:proofErr", "w:bookmarkStart", "w:bookmarkEnd")) | _WRITTEN
_FALLBACK: Final = "mc:Fallback"


class Revisions(Walk):
    """`changes` is how many there were, `marks` how many of them to the ends of paragraphs alone; `hands` made them."""

    names = NAMES

    def __init__(self, body: bytes) -> None:
        super().__init__(body)
        self.changes = 0
        self.marks = 0
        self.unseen = 0
        self.hands: list[str] = []
        self._struck: list[Element] = []
        # Of each block that is open: the paragraph whose end was struck out, and those that may go altogether.
        self._joined: dict[int, tuple[int, int]] = {}
        self._empty: dict[int, list[Element]] = {}

    def opened(self, element: Element) -> None:
        name, parent = element.name, self.parent()
        if name in _CHANGES or name == "w:moveTo":
            self._count(element, parent)
        if name == "w:vanish" and self._is_in("w:r"):
            self.unseen += not {"0", "false", "off"} & set(element.attributes.values())
        if name in _STRUCK:
            self._struck.append(element)
            self._mark(parent)
        elif name == "w:cellDel":
            self._outer("w:tc", "struck")
        elif not self._struck and name not in _NOTHING and name not in _DROPPED and not self._is_in("w:pPr", "w:rPr"):
            self._outer("w:p", "kept")

    def closed(self, element: Element) -> None:
        name, parent = element.name, self.parent()
        if name in _STRUCK:
            self._struck.pop()
        if name in _DROPPED:
            self.drop(element)
        elif name in _WRITTEN:
            self.unwrap(element)
        elif name == "w:pPr" and parent is not None and parent.name == "w:p":
            parent.notes["content"] = element.end
        elif name == "w:sectPr" and self._is_in("w:pPr"):
            self._outer("w:p", "section")
        elif name in {"w:tc", "w:tr"}:
            self._end_part(element, parent)
        elif name in {"w:tbl", "w:sdt", "w:customXml"}:
            self._end_block(element)
        elif name == "w:p":
            self._end_paragraph(element)
        self._joined.pop(id(element), None)
        self._empty.pop(id(element), None)

    def _count(self, element: Element, parent: Element | None) -> None:
        if any(each.name == _FALLBACK for each in self.open):
            return
        hand = next((value for key, value in element.attributes.items() if key.endswith(" author")), "")
        if hand and hand not in self.hands:
            self.hands.append(hand)
        if element.name == "w:moveTo":
            return
        is_mark = parent is not None and parent.name == "w:rPr" and element.name in _STRUCK | _WRITTEN
        self.marks += is_mark
        self.changes += not is_mark

    def _is_in(self, *names: str) -> bool:
        return any(element.name in names for element in self.open[-4:])

    def _outer(self, name: str, note: str) -> None:
        for element in reversed(self.open):
            if element.name == name:
                element.notes[note] = 1
                return

    def _mark(self, parent: Element | None) -> None:
        """A change may stand among the properties of what it strikes out: the end of a paragraph, or a row."""
        if parent is None:
            return
        above = self.open[-2].name if len(self.open) > 1 else ""
        if parent.name == "w:rPr" and above == "w:pPr":
            self._outer("w:p", "struck")
        elif parent.name == "w:trPr":
            self._outer("w:tr", "struck")

    def _end_part(self, element: Element, parent: Element | None) -> None:
        """A row without cells is no row, and a table without rows no table."""
        is_gone = "struck" in element.notes or (element.name == "w:tr" and not element.notes.get("parts", 1))
        if is_gone:
            self.drop(element)
        holder = next((each for each in reversed(self.open) if each.name in {"w:tr", "w:tbl"}), parent)
        if holder is not None:
            holder.notes["parts"] = holder.notes.get("parts", 0) + (not is_gone)

    def _end_block(self, element: Element) -> None:
        if element.name == "w:tbl" and not element.notes.get("parts", 1):
            self.drop(element)
        self._settle()
        self._joined.pop(id(self.parent()), None)

    def _end_paragraph(self, element: Element) -> None:
        """Where the end of a paragraph was struck out, it and the next become one."""
        holder = id(self.parent())
        is_struck, has_section = "struck" in element.notes, "section" in element.notes
        if is_struck and not has_section and "kept" not in element.notes:
            self._settle()
            self._empty.setdefault(holder, []).append(element)
            return
        self._settle()
        content = element.notes.get("content", element.head)
        before = self._joined.pop(holder, None)
        if before is not None and not has_section and element.tail != element.end:
            self.cuts += [before, (element.start, content)]
        if is_struck and not has_section and element.tail != element.end:
            self._joined[holder] = (element.tail, element.end)

    def _settle(self) -> None:
        """Something follows in this block, so that what was struck out before may go: the last of all has to stay."""
        for each in self._empty.pop(id(self.parent()), ()):
            self.drop(each)
