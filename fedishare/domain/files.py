"""What a file is, by its bytes before its name, and how to name it and speak of it."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
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
_XLSB: Final = "application/vnd.ms-excel.sheet.binary.macroenabled.12"
OLE: Final = "application/x-ole-storage"
GZIP: Final = "application/gzip"
SCORM: Final = "application/x.scorm+zip"
CARTRIDGE: Final = "application/vnd.ims.imsccv1p1"
SMART: Final = "application/x-smarttech-notebook"
FLIPCHART: Final = "application/x-activinspire-flipchart"
MOODLE: Final = "application/vnd.moodle.backup"
SCRATCH: Final = "application/x.scratch.sb3"
PAGES: Final = "application/vnd.apple.pages"
KEYNOTE: Final = "application/vnd.apple.keynote"
NUMBERS: Final = "application/vnd.apple.numbers"
WORD: Final = "application/msword"
EXCEL: Final = "application/vnd.ms-excel"
POWERPOINT: Final = "application/vnd.ms-powerpoint"
PUBLISHER: Final = "application/x-mspublisher"
INSTALLER: Final = "application/x-msi"
NOTEBOOK: Final = "application/x-ipynb+json"

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
    (0, b"\xff\xfa", "audio/mpeg"),
    (0, b"\xff\xf1", "audio/aac"),
    (0, b"\xff\xf9", "audio/aac"),
    (8, b"AVI LIST", "video/x-msvideo"),
    (0, b"\x1a\x45\xdf\xa3", "video/webm"),
    (0, b"{\\rtf", "application/rtf"),
    (0, b"%!PS", "application/postscript"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", OLE),
    (0, b"\x1f\x8b", GZIP),
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
    (0x8001, b"BEA01", "application/x-iso9660-image"),
    (0, b"!<arch>\ndebian", "application/vnd.debian.binary-package"),
    (0, b"\xed\xab\xee\xdb", "application/x-rpm"),
    (0, b"ITSF\x03", "application/vnd.ms-htmlhelp"),
    (0, b"vhdxfile", "application/x-vhdx"),
    (0, b"\xfe\xed\xfa\xce", "application/x-mach-binary"),
    (0, b"\xce\xfa\xed\xfe", "application/x-mach-binary"),
    (0, b"CWS", "application/x-shockwave-flash"),
    (0, b"FWS", "application/x-shockwave-flash"),
)
_BRANDS: Final = {
    b"M4A ": "audio/mp4",
    b"M4B ": "audio/mp4",
    b"qt  ": "video/quicktime",
    b"avif": "image/avif",
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"heim": "image/heic",
    b"hevc": "image/heic",
    b"3gp4": "video/3gpp",
    b"3gp5": "video/3gpp",
    b"mif1": "image/heif",
}

# What the entries of a zip say, most telling first.
_ZIP_ENTRIES: Final = (
    ("META-INF/MANIFEST.MF", "application/java-archive"),
    ("AppxManifest.xml", "application/appx"),
    ("AndroidManifest.xml", "application/vnd.android.package-archive"),
    ("word/vbaProject.bin", _DOCM),
    ("ppt/vbaProject.bin", _PPTM),
    ("xl/vbaProject.bin", _XLSM),
    ("xl/workbook.bin", _XLSB),
    ("word/", _DOCX),
    ("ppt/", _PPTX),
    ("xl/", _XLSX),
    ("h5p.json", "application/vnd.h5p+zip"),
    ("geogebra.xml", "application/vnd.geogebra.file"),
    ("moodle_backup.xml", MOODLE),
    ("flipchart.xml", FLIPCHART),
    ("Index/Slide", KEYNOTE),
    ("index.apxl", KEYNOTE),
    ("index.numbers", NUMBERS),
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
    ".sb3": SCRATCH,
    ".pages": PAGES,
    ".key": KEYNOTE,
    ".numbers": NUMBERS,
    ".imscc": CARTRIDGE,
    ".mbz": MOODLE,
    ".notebook": SMART,
    ".flipchart": FLIPCHART,
}
_SILENT_HINTS: Final = {suffix: _ZIP_HINTS[suffix] for suffix in (".pages", ".numbers", ".notebook", ".flipchart")}
_MACROS: Final = {_DOCX: (".docm", _DOCM), _PPTX: (".pptm", _PPTM), _XLSX: (".xlsm", _XLSM)}
_OLE_HINTS: Final = {
    ".doc": WORD,
    ".xls": EXCEL,
    ".ppt": POWERPOINT,
    ".pub": PUBLISHER,
    ".notebook": SMART,
    ".flipchart": FLIPCHART,
}
_TEXT_HINTS: Final = {
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
    ".md": "text/markdown",
    ".py": "text/x-python",
    ".ipynb": NOTEBOOK,
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
HINTS: Final = _ZIP_HINTS | _OLE_HINTS | _TEXT_HINTS
TEXTS: Final = frozenset({*_TEXT_HINTS.values(), TEXT}) - {"text/html", "image/svg+xml", "application/xhtml+xml"}
_CHOICES: Final = {
    OLE: _OLE_HINTS,
    GZIP: {".mbz": MOODLE, ".flipchart": FLIPCHART},
    "video/mp4": {".m4a": "audio/mp4", ".m4b": "audio/mp4"},
    UNKNOWN: {".flipchart": FLIPCHART},
}

WORDS: Final = {
    "application/pdf": "PDF",
    _DOCX: "Word",
    _DOCM: "Word with macros",
    _XLSB: "Excel with macros",
    WORD: "Word",
    _PPTX: "PowerPoint",
    _PPTM: "PowerPoint with macros",
    POWERPOINT: "PowerPoint",
    _XLSX: "Excel",
    _XLSM: "Excel with macros",
    EXCEL: "Excel",
    PUBLISHER: "Publisher",
    f"{_ODF}text": "OpenDocument text",
    f"{_ODF}presentation": "OpenDocument presentation",
    f"{_ODF}spreadsheet": "OpenDocument spreadsheet",
    f"{_ODF}graphics": "OpenDocument drawing",
    PAGES: "Pages",
    KEYNOTE: "Keynote",
    NUMBERS: "Numbers",
    "application/epub+zip": "E-book",
    "application/rtf": "Rich text",
    "application/vnd.h5p+zip": "H5P",
    "application/vnd.geogebra.file": "GeoGebra",
    SCRATCH: "Scratch",
    SCORM: "SCORM package",
    CARTRIDGE: "Common Cartridge",
    MOODLE: "Moodle backup",
    SMART: "SMART Notebook",
    FLIPCHART: "ActivInspire flipchart",
    NOTEBOOK: "Jupyter notebook",
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
MACRO_TYPES: Final = frozenset((_DOCM, _PPTM, _XLSM, _XLSB))
# Files of office programs, by what they are made of.
OPEN_XML: Final = frozenset((_DOCX, _PPTX, _XLSX, _DOCM, _PPTM, _XLSM))
OPEN_DOCUMENT: Final = frozenset(f"{_ODF}{kind}" for kind in ("text", "presentation", "spreadsheet", "graphics"))
OLD_OFFICE: Final = frozenset((WORD, EXCEL, POWERPOINT, PUBLISHER))

# Nothing a teacher shares on purpose: programs, scripts that run on a double click, shortcuts and disk images (MED-11).
REFUSED_TYPES: Final = frozenset((
    "application/appx",
    "application/hta",
    "application/java-archive",
    "application/vnd.android.package-archive",
    "application/vnd.debian.binary-package",
    "application/vnd.microsoft.portable-executable",
    "application/vnd.ms-htmlhelp",
    "application/x-apple-diskimage",
    "application/x-executable",
    "application/x-iso9660-image",
    "application/x-mach-binary",
    "application/x-ms-shortcut",
    INSTALLER,
    "application/x-rpm",
    "application/x-sh",
    "application/x-vhdx",
    "application/x-shockwave-flash",
    "text/javascript",
))  # fmt: skip
REFUSED_SUFFIXES: Final = frozenset((
    ".apk", ".app", ".appimage", ".application", ".appx", ".bash", ".bat", ".chm", ".cmd", ".com", ".command", ".cpl",
    ".csh", ".deb", ".desktop", ".dll", ".dmg", ".fish", ".ksh", ".msixbundle", ".settingcontent-ms", ".sh", ".zsh",
    ".exe", ".gadget", ".hta", ".img", ".inf", ".iso", ".jar", ".js", ".jse", ".lnk", ".mjs", ".msc", ".msi", ".msix",
    ".msp", ".pif", ".pkg", ".ps1", ".psm1", ".reg", ".rpm", ".scf", ".scr", ".sct", ".swf", ".sys", ".url", ".vb",
    ".vbe", ".vbs", ".vhd", ".vhdx", ".webloc", ".website", ".wsc", ".wsf", ".wsh", ".xll",
))  # fmt: skip

_RESERVED_STEM: Final = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])", re.IGNORECASE)
_UNFIT_IN_NAME: Final = re.compile(f"[\x00-\x1f\x7f-\x9f\u200c\u200d\u2028\u2029\U000e0000-\U000e007f{HIDDEN}]")
_BETWEEN_WORDS: Final = re.compile(r"[_.-]+")
_PUNCTUATION: Final = re.compile(r'[<>:"|?*]')
_ENTRY: Final = b"PK\x03\x04"
_CONTROLS: Final = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_PROLOGUE: Final = re.compile(rb"\s++|<\?[^>]*+>|<!--.*?-->|<!doctype svg[^>]*+>", re.DOTALL)
# The shells of Unix; a Python program may begin the same way, and is something to teach with.
_SHELL: Final = re.compile(rb"#![^\n]{0,80}?\b(?:ba|z|k|c|tc|fi|da)?sh\b")
_CELLS: Final = re.compile(rb"\"(?:cell_type|nbformat)\"\s*:")
_WEB_TEXT: Final = re.compile(rb"<(!doctype html|html|head|body|script|iframe|svg)\b")


def detect(head: bytes, name: str, *, names: Sequence[str] | None = None) -> str:
    """The media type of a file by its first bytes; 64 KiB of them are plenty, 512 mostly do.

    The name only chooses where the bytes leave a choice: between kinds of zip, of old Office files and of plain text.
    `names` are those of everything in a zip, where somebody has read its directory; else its beginning has to do.
    """
    suffix = suffix_of(name)
    if head.startswith((_ENTRY, b"PK\x05\x06")):
        return _zip_type(head, suffix, names)
    if head[4:8] == b"ftyp":
        return _film_type(head, suffix)
    if head.startswith(b"\x1a\x45\xdf\xa3") and b"matroska" in head[:64]:
        return "video/x-matroska"
    is_text = _is_text(head)
    # A text may begin with the letters of a sign, as a diary of the FWS or a list of BMX clubs does.
    found = next(
        (kind for start, sign, kind in MAGIC if head.startswith(sign, start) and not (is_text and sign.isalnum())), None
    )
    if found:
        return _CHOICES.get(found, {}).get(suffix, found)
    if b"%PDF-" in head[:PDF_WITHIN]:
        return "application/pdf"
    return _text_type(head, suffix) if is_text else _CHOICES[UNKNOWN].get(suffix, UNKNOWN)


def safe_name(name: str) -> str:
    """A file's name as a label: no path, nothing hidden or reserved, at most 120 characters, with its ending (MED-01).

    Where a file is stored is never derived from it.
    """
    last = unicodedata.normalize("NFC", _UNFIT_IN_NAME.sub("", name)).replace("\\", "/").rpartition("/")[2]
    shown = " ".join(_PUNCTUATION.sub("_", last).split()).strip(". ")
    stem, suffix = parted(shown)
    if _RESERVED_STEM.fullmatch(stem.partition(".")[0].rstrip()):
        stem = f"_{stem}"
    room = MAX_NAME - len(suffix)
    stem = stem[:room].encode()[: MAX_NAME_BYTES - len(suffix.encode())].decode(errors="ignore").rstrip(". ")
    return (stem + suffix) or "file"


def title_of(name: str) -> str:
    """What a file might be called where nobody said: fraction-wall_v2.docx is Fraction wall v2. May be nothing."""
    words = " ".join(_BETWEEN_WORDS.sub(" ", parted(name)[0]).split())
    return words[:1].upper() + words[1:]


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
    return media_type in REFUSED_TYPES or suffix_of(name) in REFUSED_SUFFIXES


def suffix_of(name: str) -> str:
    """The ending of a name with its dot, in small letters, as Windows would read it."""
    # Windows drops dots and spaces at the end, so `a.exe. ` would still run.
    return PurePosixPath(_UNFIT_IN_NAME.sub("", name).rstrip(". ")).suffix.lower()


def parted(name: str) -> tuple[str, str]:
    """The stem of a name, and its ending with the dot."""
    stem, dot, ending = name.rpartition(".")
    if not stem or not ending or len(ending) >= MAX_SUFFIX or " " in ending:
        return name, ""
    return stem, f"{dot}{ending}"


def _film_type(head: bytes, suffix: str) -> str:
    """ISO base media: films, sound and the pictures of telephones, which say so in their brands."""
    length = min(int.from_bytes(head[:4], "big"), 256)
    brands = (head[8:12], *(head[start : start + 4] for start in range(16, length, 4)))
    found = _BRANDS.get(brands[0])
    if found in {None, "image/heif"}:
        found = next((_BRANDS[brand] for brand in brands if _BRANDS.get(brand) == "image/heic"), found)
    kind = found or "video/mp4"
    return _CHOICES.get(kind, {}).get(suffix, kind)


def _zip_type(head: bytes, suffix: str, names: Sequence[str] | None) -> str:
    entries = list(_entries(head))
    if entries and entries[0][0] == "mimetype":
        # ODF 1.3 part 2, 3.3, and EPUB OCF 4.3: stored first and unpacked, so that it can be read right here.
        said = next((kind for written, kind in _MIMETYPES.items() if entries[0][1].startswith(written.encode())), None)
        if said:
            return said
    known = list(names) if names is not None else [entry for entry, _ in entries]
    for start, kind in _ZIP_ENTRIES:
        if any(each == start or (start.endswith(("/", "Slide")) and each.startswith(start)) for each in known):
            macro_suffix, macro = _MACROS.get(kind, ("", kind))
            return macro if suffix == macro_suffix else kind
    # Once everything in it is known, only those kinds are left that do not show in the names.
    return (_ZIP_HINTS if names is None else _SILENT_HINTS).get(suffix, ZIP)


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
    if _SHELL.match(written):
        return "application/x-sh"
    if written.lstrip().startswith(b"{") and _CELLS.search(written):
        return NOTEBOOK
    return _TEXT_HINTS.get(suffix, TEXT)
