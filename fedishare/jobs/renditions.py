"""What a page shows of a file before anybody downloads it: one picture, and what is in a package.

Runs in a process of its own with little memory and time (`jobs.darkroom`), for files come from anywhere and some
decoders are large. Whatever picture lies in a file is decoded and written anew, never passed on.
"""

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from fedishare.core.errors import TooLarge
from fedishare.domain import hidden, packages
from fedishare.domain.archives import Read
from fedishare.domain.packages import Line
from fedishare.domain.traces import Kind, counted, named
from fedishare.net import pictures

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

LONGEST_SIDE: Final = 1200
SMALLEST_SIDE: Final = 32
QUALITY: Final = 80
NOTHING: Final = (b"", 0, 0)
LARGEST_PICTURE: Final = 64 << 20
LONGEST_NAME: Final = 200
PDF: Final = hidden.PDF
MOST_PAGES: Final = 300
# Marks that somebody else made on a page, by their number in PDF 32000-1, 12.5.6; links and forms are none.
REMARKS: Final = frozenset((1, 3, 9, 10, 11, 12, 13, 14, 15))
PICTURES: Final = frozenset(("image/png", "image/jpeg", "image/gif", "image/webp"))


class Facts(msgspec.Struct, frozen=True):
    """What was found out about a file. `lines` are the first of `count` things in a package; see domain.traces."""

    width: int = 0
    height: int = 0
    lines: tuple[Line, ...] = ()
    count: int = 0
    traces: tuple[str, ...] = ()


class Made(msgspec.Struct, frozen=True):
    """`picture` is WebP, and empty where none can be made."""

    facts: Facts
    picture: bytes


def make(path: Path, media_type: str) -> Made:
    """All that can be made of a file. What cannot be read yields nothing and no error."""
    with path.open("rb") as file:

        def read(start: int, length: int) -> bytes:
            file.seek(start)
            return file.read(max(0, length))

        size = path.stat().st_size
        is_package = read(0, 2) == b"PK"
        if is_package and packages.why_not(read, size) is not None:
            return Made(Facts(), b"")
        lines = packages.lines(read, size) if media_type in packages.LISTED else []
        picture, width, height = _picture(path, media_type, read if is_package else None, size)
        traces = _of_pdf(path) if media_type == PDF else hidden.find(read, size, media_type)
    shown = tuple(Line(line.name[:LONGEST_NAME], line.size) for line in lines[: packages.MOST_LISTED])
    return Made(Facts(width, height, shown, len(lines), tuple(traces)), picture)


def _picture(path: Path, media_type: str, package: Read | None, size: int) -> tuple[bytes, int, int]:
    if media_type == PDF:
        return _first_page(path)
    if media_type in PICTURES and size <= LARGEST_PICTURE:
        return _of_picture(path.read_bytes())
    for body in packages.thumbnails(package, size) if package is not None else ():
        found = _of_picture(body)
        if min(found[1:]) >= SMALLEST_SIDE:
            return found
    return NOTHING


def _of_picture(body: bytes) -> tuple[bytes, int, int]:
    from PIL import Image  # noqa: PLC0415 -- megabytes, and only this process needs them
    from PIL.Image import DecompressionBombError, DecompressionBombWarning  # noqa: PLC0415 -- as above

    try:
        with Image.open(io.BytesIO(body), formats=pictures.DECODERS) as opened:
            return _written(pictures.bare(opened, longest=LONGEST_SIDE))
    except (DecompressionBombWarning, DecompressionBombError, TooLarge, OSError, SyntaxError, ValueError, EOFError):
        return NOTHING


def _first_page(path: Path) -> tuple[bytes, int, int]:
    import pypdfium2 as pdfium  # type: ignore[import-untyped]  # noqa: PLC0415 -- it brings no types; as above

    try:
        with pdfium.PdfDocument(path) as document:
            page = document[0]
            longest = max(page.get_size())
            if not 1 <= longest <= 1e6:  # noqa: PLR2004 -- a page of nothing, or of kilometres
                return NOTHING
            return _written(page.render(scale=LONGEST_SIDE / longest, may_draw_forms=False).to_pil().convert("RGB"))
    except (pdfium.PdfiumError, ValueError, IndexError):
        return NOTHING


def _of_pdf(path: Path) -> list[str]:
    """Who wrote a PDF by its own account, what was remarked in it, and whether files hang on it."""
    import pypdfium2 as pdfium  # type: ignore[import-untyped,unused-ignore]  # noqa: PLC0415 -- as above
    from pypdfium2 import raw  # noqa: PLC0415 -- as above

    try:
        with pdfium.PdfDocument(path) as document:
            author = document.get_metadata_value("Author")
            remarks = sum(_remarks_on(raw, document[number]) for number in range(min(len(document), MOST_PAGES)))
            attached = document.count_attachments()
    except (pdfium.PdfiumError, ValueError, IndexError):
        return []
    found = [*named(Kind.AUTHOR, author), *counted(Kind.COMMENTS, remarks), *counted(Kind.ATTACHED, attached)]
    return [*found, Kind.PAPER] if found else []


def _remarks_on(raw: Any, page: Any) -> int:
    """The library brings no types. Not named here: small windows that belong to remarks already counted."""
    count = 0
    for number in range(raw.FPDFPage_GetAnnotCount(page)):
        remark = raw.FPDFPage_GetAnnot(page, number)
        count += raw.FPDFAnnot_GetSubtype(remark) in REMARKS
        raw.FPDFPage_CloseAnnot(remark)
    return count


def _written(picture: "Picture") -> tuple[bytes, int, int]:
    held = io.BytesIO()
    picture.save(held, "WEBP", quality=QUALITY, method=4)
    return held.getvalue(), picture.width, picture.height
