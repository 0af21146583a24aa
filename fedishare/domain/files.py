"""What a file is, by its bytes before its name, and how to name it and speak of it."""

import re
import unicodedata
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Final

from fedishare.domain.html import HIDDEN

UNKNOWN: Final = "application/octet-stream"
ZIP: Final = "application/zip"
TEXT: Final = "text/plain"
MAX_NAME: Final = 120

# Most file systems stop at 255 bytes, and a name of 120 characters may have 480.
MAX_NAME_BYTES: Final = 240
MAX_SUFFIX: Final = 20

# Readers look this far for the beginning of a PDF, because mail gateways put lines before it.
PDF_WITHIN: Final = 1024

_OPEN_XML: Final = "application/vnd.openxmlformats-officedocument."
_ODF: Final = "application/vnd.oasis.opendocument."
_DOCX: Final = _OPEN_XML + "wordprocessingml.document"
_PPTX: Final = _OPEN_XML + "presentationml.presentation"
_XLSX: Final = _OPEN_XML + "spreadsheetml.sheet"
_DOCM: Final = "application/vnd.ms-word.document.macroenabled.12"
_PPTM: Final = "application/vnd.ms-powerpoint.presentation.macroenabled.12"
_XLSM: Final = "application/vnd.ms-excel.sheet.macroenabled.12"
_OLE: Final = "application/x-ole-storage"

# (where, what stands there, what that means); the first that fits wins.
MAGIC: Final = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (8, b"WAVE", "audio/wav"),
    (0, b"BM", "image/bmp"),
    (0, b"II*\x00", "image/tiff"),
    (0, b"MM\x00*", "image/tiff"),
    (0, b"OggS", "audio/ogg"),
    (0, b"fLaC", "audio/flac"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
    (0, b"\xff\xf3", "audio/mpeg"),
    (0, b"\xff\xf2", "audio/mpeg"),
    (0, b"\x1a\x45\xdf\xa3", "video/webm"),
    (0, b"{\\rtf", "application/rtf"),
    (0, b"%!PS", "application/postscript"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", _OLE),
    (0, b"\x1f\x8b", "application/gzip"),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (0, b"Rar!\x1a\x07", "application/vnd.rar"),
    (257, b"ustar", "application/x-tar"),
    (0, b"MZ", "application/vnd.microsoft.portable-executable"),
    (0, b"\x7fELF", "application/x-executable"),
    (0, b"\xca\xfe\xba\xbe", "application/x-mach-binary"),
    (0, b"\xcf\xfa\xed\xfe", "application/x-mach-binary"),
    (0, b"\xfe\xed\xfa\xcf", "application/x-mach-binary"),
    (0, b"L\x00\x00\x00\x01\x14\x02\x00", "application/x-ms-shortcut"),
    (0x8001, b"CD001", "application/x-iso9660-image"),
    (0, b"CWS", "application/x-shockwave-flash"),
    (0, b"FWS", "application/x-shockwave-flash"),
)
_BRANDS: Final = {
    b"M4A ": "audio/mp4",
    b"M4B ": "audio/mp4",
    b"qt  ": "video/quicktime",
    b"avif": "image/avif",
    b"heic": "image/heic",
    b"mif1": "image/heif",
}

# What the entries of a zip say, most telling first.
_ZIP_ENTRIES: Final = (
    ("META-INF/MANIFEST.MF", "application/java-archive"),
    ("AndroidManifest.xml", "application/vnd.android.package-archive"),
    ("word/vbaProject.bin", _DOCM),
    ("ppt/vbaProject.bin", _PPTM),
    ("xl/vbaProject.bin", _XLSM),
    ("word/", _DOCX),
    ("ppt/", _PPTX),
    ("xl/", _XLSX),
    ("h5p.json", "application/vnd.h5p+zip"),
    ("geogebra.xml", "application/vnd.geogebra.file"),
)
# What a packed file says of itself in its first entry.
_MIMETYPES: Final = {
    f"{_ODF}text": f"{_ODF}text",
    f"{_ODF}presentation": f"{_ODF}presentation",
    f"{_ODF}spreadsheet": f"{_ODF}spreadsheet",
    f"{_ODF}graphics": f"{_ODF}graphics",
    "application/epub+zip": "application/epub+zip",
}
# Where the bytes leave a choice, the name may pick from these and from nothing else.
_ZIP_HINTS: Final = {
    ".docx": _DOCX,
    ".pptx": _PPTX,
    ".xlsx": _XLSX,
    ".docm": _DOCM,
    ".pptm": _PPTM,
    ".xlsm": _XLSM,
    ".h5p": "application/vnd.h5p+zip",
    ".ggb": "application/vnd.geogebra.file",
    ".sb3": "application/x.scratch.sb3",
    ".pages": "application/vnd.apple.pages",
    ".key": "application/vnd.apple.keynote",
    ".numbers": "application/vnd.apple.numbers",
    ".imscc": "application/vnd.ims.imsccv1p1",
    ".mbz": "application/vnd.moodle.backup",
    ".notebook": "application/x-smarttech-notebook",
}
_MACROS: Final = {_DOCX: (".docm", _DOCM), _PPTX: (".pptm", _PPTM), _XLSX: (".xlsm", _XLSM)}
_OLE_HINTS: Final = {
    ".doc": "application/msword",
    ".xls": "application/vnd.ms-excel",
    ".ppt": "application/vnd.ms-powerpoint",
    ".pub": "application/x-mspublisher",
}
_TEXT_HINTS: Final = {
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
    ".md": "text/markdown",
    ".py": "text/x-python",
    ".ipynb": "application/x-ipynb+json",
    ".json": "application/json",
    ".ics": "text/calendar",
    ".vcf": "text/vcard",
    ".vtt": "text/vtt",
    ".srt": "application/x-subrip",
    ".tex": "application/x-tex",
    ".css": "text/css",
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".hta": "application/hta",
    ".htm": "text/html",
    ".html": "text/html",
    ".xhtml": "application/xhtml+xml",
    ".svg": "image/svg+xml",
    ".xml": "application/xml",
}
_CHOICES: Final = {_OLE: _OLE_HINTS, "application/gzip": {".mbz": "application/vnd.moodle.backup"}}

WORDS: Final = {
    "application/pdf": "PDF",
    _DOCX: "Word",
    _DOCM: "Word with macros",
    "application/msword": "Word",
    _PPTX: "PowerPoint",
    _PPTM: "PowerPoint with macros",
    "application/vnd.ms-powerpoint": "PowerPoint",
    _XLSX: "Excel",
    _XLSM: "Excel with macros",
    "application/vnd.ms-excel": "Excel",
    "application/x-mspublisher": "Publisher",
    f"{_ODF}text": "OpenDocument text",
    f"{_ODF}presentation": "OpenDocument presentation",
    f"{_ODF}spreadsheet": "OpenDocument spreadsheet",
    f"{_ODF}graphics": "OpenDocument drawing",
    "application/vnd.apple.pages": "Pages",
    "application/vnd.apple.keynote": "Keynote",
    "application/vnd.apple.numbers": "Numbers",
    "application/epub+zip": "E-book",
    "application/rtf": "Rich text",
    "application/vnd.h5p+zip": "H5P",
    "application/vnd.geogebra.file": "GeoGebra",
    "application/x.scratch.sb3": "Scratch",
    "application/vnd.ims.imsccv1p1": "Common Cartridge",
    "application/vnd.moodle.backup": "Moodle backup",
    "application/x-smarttech-notebook": "SMART Notebook",
    "application/x-ipynb+json": "Notebook",
    "text/x-python": "Python",
    "text/csv": "CSV table",
    "text/markdown": "Markdown",
    "text/html": "Web page",
    "text/calendar": "Calendar",
    TEXT: "Text",
    ZIP: "ZIP archive",
}
_WORDS_BY_KIND: Final = {"image": "Image", "audio": "Audio", "video": "Video", "text": "Text"}

_UNITS: Final = (("GB", 10**9), ("MB", 10**6), ("KB", 10**3))
_TENTHS_BELOW: Final = 9.95

INLINE_IMAGES: Final = frozenset(("image/png", "image/jpeg", "image/gif", "image/webp"))
MACRO_TYPES: Final = frozenset((_DOCM, _PPTM, _XLSM))

# Nothing a teacher shares on purpose: programs, scripts that run on a double click, shortcuts and disk images (MED-11).
REFUSED_TYPES: Final = frozenset((
    "application/hta",
    "application/java-archive",
    "application/vnd.android.package-archive",
    "application/vnd.microsoft.portable-executable",
    "application/x-executable",
    "application/x-iso9660-image",
    "application/x-mach-binary",
    "application/x-ms-shortcut",
    "application/x-shockwave-flash",
    "text/javascript",
))  # fmt: skip
REFUSED_SUFFIXES: Final = frozenset((
    ".apk", ".app", ".application", ".appx", ".bat", ".chm", ".cmd", ".com", ".cpl", ".deb", ".desktop", ".dll", ".dmg",
    ".exe", ".gadget", ".hta", ".img", ".inf", ".iso", ".jar", ".js", ".jse", ".lnk", ".mjs", ".msc", ".msi", ".msix",
    ".msp", ".pif", ".pkg", ".ps1", ".psm1", ".reg", ".rpm", ".scf", ".scr", ".sct", ".swf", ".sys", ".url", ".vb",
    ".vbe", ".vbs", ".vhd", ".vhdx", ".webloc", ".website", ".wsc", ".wsf", ".wsh", ".xll",
))  # fmt: skip

_RESERVED_STEM: Final = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])", re.IGNORECASE)
_UNFIT_IN_NAME: Final = re.compile(f"[\x00-\x1f\x7f-\x9f\u200c\u200d\u2028\u2029\U000e0000-\U000e007f{HIDDEN}]")
_PUNCTUATION: Final = re.compile(r'[<>:"|?*]')
_ENTRY: Final = b"PK\x03\x04"
_CONTROLS: Final = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_PROLOGUE: Final = re.compile(rb"\s++|<\?[^>]*+>|<!--.*?-->|<!doctype svg[^>]*+>", re.DOTALL)
_WEB_TEXT: Final = re.compile(rb"<(!doctype html|html|head|body|script|iframe|svg)\b")


def detect(head: bytes, name: str) -> str:
    """The media type of a file by its first bytes; 64 KiB of them are plenty, 512 mostly do.

    The name only chooses where the bytes leave a choice: between kinds of zip, of old Office files and of plain text.
    """
    suffix = _suffix(name)
    if head.startswith((_ENTRY, b"PK\x05\x06")):
        return _zip_type(head, suffix)
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], "video/mp4")
    is_text = _is_text(head)
    # A text may begin with the letters of a sign, as a diary of the FWS or a list of BMX clubs does.
    found = next(
        (kind for start, sign, kind in MAGIC if head.startswith(sign, start) and not (is_text and sign.isalnum())), None
    )
    if found:
        return _CHOICES.get(found, {}).get(suffix, found)
    if b"%PDF-" in head[:PDF_WITHIN]:
        return "application/pdf"
    return _text_type(head, suffix) if is_text else UNKNOWN


def safe_name(name: str) -> str:
    """A file's name as a label: no path, nothing hidden or reserved, at most 120 characters, with its ending (MED-01).

    Where a file is stored is never derived from it.
    """
    last = unicodedata.normalize("NFC", _UNFIT_IN_NAME.sub("", name)).replace("\\", "/").rpartition("/")[2]
    shown = " ".join(_PUNCTUATION.sub("_", last).split()).strip(". ")
    stem, suffix = _parted(shown)
    if _RESERVED_STEM.fullmatch(stem.partition(".")[0].rstrip()):
        stem = f"_{stem}"
    room = MAX_NAME - len(suffix)
    stem = stem[:room].encode()[: MAX_NAME_BYTES - len(suffix.encode())].decode(errors="ignore").rstrip(". ")
    return (stem + suffix) or "file"


def describe(media_type: str) -> str:
    """A media type in a teacher's words: Word, PDF, Image, or just File."""
    return WORDS.get(media_type) or _WORDS_BY_KIND.get(media_type.partition("/")[0], "File")


def human_size(size: int) -> str:
    """A size in bytes as people read it, counted in thousands: 999 bytes, 184 KB, 1.2 MB."""
    for unit, scale in _UNITS:
        # What would be rounded to 1000 of one unit is 1 of the next.
        if size >= scale - scale // 2000:
            amount = size / scale
            return f"{amount:.1f} {unit}" if unit != "KB" and amount < _TENTHS_BELOW else f"{amount:.0f} {unit}"
    return "1 byte" if size == 1 else f"{size} bytes"


def is_inline_image(media_type: str) -> bool:
    """Whether a browser may show it inside a page; SVG can run script and may not."""
    return media_type in INLINE_IMAGES


def has_macros(media_type: str) -> bool:
    """Whether it is an Office file that carries programs, which deserves a warning."""
    return media_type in MACRO_TYPES


def is_refused(media_type: str, name: str) -> bool:
    """Whether by its bytes or its name it is a kind of file that nobody may share here."""
    return media_type in REFUSED_TYPES or _suffix(name) in REFUSED_SUFFIXES


def _suffix(name: str) -> str:
    # Windows drops dots and spaces at the end, so `a.exe. ` would still run.
    return PurePosixPath(_UNFIT_IN_NAME.sub("", name).rstrip(". ")).suffix.lower()


def _parted(name: str) -> tuple[str, str]:
    stem, dot, ending = name.rpartition(".")
    if not stem or not ending or len(ending) >= MAX_SUFFIX or " " in ending:
        return name, ""
    return stem, f"{dot}{ending}"


def _zip_type(head: bytes, suffix: str) -> str:
    entries = list(_entries(head))
    if entries and entries[0][0] == "mimetype":
        # ODF 1.3 part 2, 3.3, and EPUB OCF 4.3: stored first and unpacked, so that it can be read right here.
        said = next((kind for written, kind in _MIMETYPES.items() if entries[0][1].startswith(written.encode())), None)
        if said:
            return said
    for start, kind in _ZIP_ENTRIES:
        if any(entry == start or (start.endswith("/") and entry.startswith(start)) for entry, _ in entries):
            macro_suffix, macro = _MACROS.get(kind, ("", kind))
            return macro if suffix == macro_suffix else kind
    return _ZIP_HINTS.get(suffix, ZIP)


def _entries(head: bytes) -> Iterator[tuple[str, bytes]]:
    """Names of the entries whose local headers lie in the head, each with the first bytes that follow it."""
    start = head.find(_ENTRY)
    while start >= 0:
        length = int.from_bytes(head[start + 26 : start + 28], "little")
        extra = int.from_bytes(head[start + 28 : start + 30], "little")
        after = start + 30 + length
        yield head[start + 30 : after].decode(errors="replace"), head[after + extra : after + extra + 100]
        start = head.find(_ENTRY, start + 4)


def _is_text(head: bytes) -> bool:
    # Whatever the encoding, text has no controls in it and everything else soon has one; UTF-16 alone is different.
    return bool(head) and (head.startswith((b"\xff\xfe", b"\xfe\xff")) or not _CONTROLS.search(head))


def _text_type(head: bytes, suffix: str) -> str:
    """Text that a browser would run is what it is, whatever its name says."""
    written = head.removeprefix(b"\xef\xbb\xbf").lower()
    start = 0
    while prologue := _PROLOGUE.match(written, start):
        start = prologue.end()
    if found := _WEB_TEXT.match(written, start):
        return "image/svg+xml" if found[1] == b"svg" or suffix == ".svg" else "text/html"
    return _TEXT_HINTS.get(suffix, TEXT)
