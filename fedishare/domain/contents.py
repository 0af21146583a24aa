"""What a whole file is, looked at from both ends; and what has to be said of it to those who open it."""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from fedishare.domain import archives, files, packages
from fedishare.domain.archives import Entry, Read

HEAD: Final = 64 << 10
PEEK: Final = 64 << 10

PROGRAM: Final = "programs and shortcuts cannot be shared, because they may harm a computer."
MACROS: Final = "files with macros cannot be shared here. Save it without macros and add it again."
MAY_RUN: Final = "It contains macros, which are small programs. Run them only if you trust who made it."

_INSTALLER_CLASS: Final = bytes.fromhex("84100c0000000000c000000000000046")
_OF_STREAMS: Final = (
    ("WordDocument", files.WORD),
    ("PowerPoint Document", files.POWERPOINT),
    ("Workbook", files.EXCEL),
    ("Book", files.EXCEL),
    ("Quill", files.PUBLISHER),
)
_VBA: Final = frozenset({"Macros", "VBA", "_VBA_PROJECT_CUR", "_VBA_PROJECT"})
_PAGE_OF_SMART: Final = re.compile(r"page\d+\.svg")
_TAR_OF_MOODLE: Final = frozenset({".ARCHIVE_INDEX", "moodle_backup.xml", "./moodle_backup.xml"})
_IWORK: Final = ("Index/Document.iwa", "Index.zip", "index.xml")
_IWORK_HINTS: Final = {".pages": files.PAGES, ".key": files.KEYNOTE, ".numbers": files.NUMBERS}
_TRAILERS: Final = {b"koly": "application/x-apple-diskimage", b"conectix": "application/x-vhdx"}
_TRAILER: Final = 512

# What a name promises, where it promises something. The kinds below are one kind to those who choose a name.
_PROMISES: Final = {
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".heic": "image/heic",
    ".svg": "image/svg+xml",
    ".mp3": "audio/mpeg",
    ".wav": "audio/wav",
    ".m4a": "audio/mp4",
    ".mp4": "video/mp4",
    ".webm": "video/webm",
    ".mov": "video/quicktime",
    ".epub": "application/epub+zip",
    ".rtf": "application/rtf",
    ".odt": "application/vnd.oasis.opendocument.text",
    ".odp": "application/vnd.oasis.opendocument.presentation",
    ".ods": "application/vnd.oasis.opendocument.spreadsheet",
    ".zip": files.ZIP,
    ".gz": files.GZIP,
    ".txt": files.TEXT,
} | files.HINTS
_ALSO: Final = {
    ".zip": frozenset({files.SCORM, files.CARTRIDGE, files.MOODLE, "application/vnd.h5p+zip"}),
    ".imscc": frozenset({files.SCORM}),
    ".mp4": frozenset({"video/quicktime", "audio/mp4"}),
    ".mov": frozenset({"video/mp4"}),
    ".heic": frozenset({"image/heif"}),
    ".m4a": frozenset({"video/mp4"}),
    # Word has always saved these as .doc, and registers save tables as .xls.
    ".doc": frozenset({"application/rtf"}),
    ".html": frozenset({"application/xhtml+xml"}),
    ".htm": frozenset({"application/xhtml+xml"}),
}


class Look(NamedTuple):
    """`danger` is why nobody should unpack it, where that is so."""

    media_type: str
    has_macros: bool
    danger: str | None = None


def look(read: Read, size: int, name: str) -> Look:
    """What a file is, by its bytes before its name."""
    head = read(0, HEAD)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _of_zip(read, size, head, name)._replace(danger=packages.why_not(read, size))
    kind = files.detect(head, name)
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return _of_ole(read, size, kind)
    if head.startswith(b"\x1f\x8b") and _TAR_OF_MOODLE & set(archives.names_in_tar(head)):
        return Look(files.MOODLE, has_macros=False)
    trailer = read(max(0, size - _TRAILER), _TRAILER)
    hidden = next((found for sign, found in _TRAILERS.items() if size >= _TRAILER and trailer.startswith(sign)), None)
    return Look(hidden or kind, has_macros=False)


def why_not(found: Look, name: str, *, allows_macros: bool) -> str | None:
    """Why a file may not be shared, to stand after its name; None where it may."""
    if files.is_refused(found.media_type, name):
        return PROGRAM
    if found.danger is not None:
        return found.danger
    return MACROS if found.has_macros and not allows_macros else None


def remarks(name: str, media_type: str, *, has_macros: bool) -> list[str]:
    """What whoever opens a file should know: that it runs programs, that its name says something else."""
    said = [MAY_RUN] if has_macros or files.has_macros(media_type) else []
    promised = _PROMISES.get(files.suffix_of(name))
    if (
        promised is None
        or media_type in {promised, *_ALSO.get(files.suffix_of(name), ())}
        or _are_words(promised, media_type)
    ):
        return said
    if media_type == files.UNKNOWN:
        return [*said, f"Its name says {files.describe(promised)}, but that is not what is inside."]
    inside, outside = files.describe(media_type), files.describe(promised)
    if inside == outside:
        inside, outside = media_type, promised
    return [*said, f"Its name says {outside}, but what is inside is {inside}."]


def _are_words(promised: str, found: str) -> bool:
    """Plain text is whatever kind of text its author says it is."""
    return promised in files.TEXTS and found == files.TEXT


def _of_zip(read: Read, size: int, head: bytes, name: str) -> Look:
    listed = archives.entries(read, size)
    if listed is None:
        kind = files.detect(head, name)
        return Look(kind, files.has_macros(kind))
    by_name = {entry.name: entry for entry in listed}
    kind = files.detect(head, name, names=list(by_name))
    if kind in {files.ZIP, *_IWORK_HINTS.values(), files.SMART}:
        kind = _of_course(read, by_name) or _of_smart(by_name) or _of_iwork(by_name, name) or kind
    return Look(kind, files.has_macros(kind))


def _of_course(read: Read, listed: dict[str, Entry]) -> str | None:
    """Packages whose kind stands in a file inside: courses, and what Scratch saves."""
    if "project.json" in listed and b'"targets"' in archives.beginning(read, listed["project.json"], limit=PEEK):
        return files.SCRATCH
    manifest = listed.get("imsmanifest.xml")
    if manifest is None or _of_smart(listed):
        return None
    said = archives.beginning(read, manifest, limit=PEEK).lower()
    return (
        files.CARTRIDGE if b"common cartridge" in said or b"imscc" in said else files.SCORM if b"adl" in said else None
    )


def _of_smart(listed: Sequence[str] | dict[str, Entry]) -> str | None:
    return files.SMART if any(_PAGE_OF_SMART.fullmatch(name) for name in listed) else None


def _of_iwork(listed: dict[str, Entry], name: str) -> str | None:
    """What Pages and Numbers save has the same parts, so that the name has to choose."""
    hint = _IWORK_HINTS.get(files.suffix_of(name))
    if hint is None:
        return None
    return hint if any(part in listed for part in _IWORK) else files.ZIP


def _of_ole(read: Read, size: int, kind: str) -> Look:
    found, root = archives.streams(read, size)
    if root == _INSTALLER_CLASS:
        return Look(files.INSTALLER, has_macros=False)
    by_content = next((each for stream, each in _OF_STREAMS if stream in found), None)
    return Look(by_content or kind, has_macros=bool(_VBA & found))
