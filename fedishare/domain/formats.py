"""The kinds of files as a teacher speaks of them, by their media types."""

from typing import Final, NamedTuple

OTHER: Final = "other"
_OPEN_XML: Final = "application/vnd.openxmlformats-officedocument."
_ODF: Final = "application/vnd.oasis.opendocument."


class Format(NamedTuple):
    """`types` are whole media types, `families` what a media type begins with; the first format that fits counts."""

    slug: str
    label: str
    types: tuple[str, ...] = ()
    families: tuple[str, ...] = ()


FORMATS: Final = (
    Format("pdf", "PDF", ("application/pdf",)),
    Format(
        "slides",
        "Slides",
        ("application/vnd.apple.keynote",),
        (f"{_OPEN_XML}presentationml", f"{_ODF}presentation", "application/vnd.ms-powerpoint"),
    ),
    Format(
        "spreadsheet",
        "Spreadsheet",
        ("application/vnd.apple.numbers", "text/csv"),
        (f"{_OPEN_XML}spreadsheetml", f"{_ODF}spreadsheet", "application/vnd.ms-excel"),
    ),
    Format(
        "document",
        "Document",
        ("application/msword", "application/rtf", "application/vnd.apple.pages", "application/epub+zip"),
        (f"{_OPEN_XML}wordprocessingml", f"{_ODF}text", "application/vnd.ms-word", "text/"),
    ),
    Format(
        "board",
        "Whiteboard file",
        ("application/x-smarttech-notebook", "application/x-activinspire-flipchart"),
    ),
    Format("picture", "Picture", (), ("image/",)),
    Format("video", "Video", (), ("video/",)),
    Format("audio", "Sound", (), ("audio/",)),
    Format("package", "Package", ("application/zip", "application/x.scorm+zip", "application/x.h5p+zip")),
    Format(OTHER, "Other"),
)
LABELS: Final = {each.slug: each.label for each in FORMATS}
