"""What a file is, what it may be called, and how we speak of it."""

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedishare.domain.files import (
    ZIP,
    describe,
    detect,
    has_macros,
    human_size,
    is_inline_image,
    is_refused,
    safe_name,
)

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
WORD_MACROS = "application/vnd.ms-word.document.macroenabled.12"
SLIDES = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ODT = "application/vnd.oasis.opendocument.text"
EPUB = "application/epub+zip"
EXE = "application/vnd.microsoft.portable-executable"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 40


def a_zip(*names: str, mimetype: str = "") -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        if mimetype:
            archive.writestr("mimetype", mimetype, zipfile.ZIP_STORED)
        for name in names:
            archive.writestr(name, "some content")
    return packed.getvalue()


@pytest.mark.parametrize(
    ("head", "name", "media_type"),
    [
        pytest.param(b"%PDF-1.7\n%\xe2\xe3", "a.pdf", "application/pdf", id="pdf"),
        pytest.param(b"Received: by gateway\r\n%PDF-1.4\x00", "a", "application/pdf", id="pdf-after-a-line"),
        pytest.param(b"\x89PNG\r\n\x1a\n\x00", "a.jpg", "image/png", id="png-named-jpg"),
        pytest.param(b"\xff\xd8\xff\xe0\x00", "a.png", "image/jpeg", id="jpeg-named-png"),
        pytest.param(b"GIF89a\x01\x00", "a", "image/gif", id="gif"),
        pytest.param(b"RIFF\x00\x00\x00\x00WEBPVP8 ", "a", "image/webp", id="webp"),
        pytest.param(b"\x00\x00\x00\x18ftypisom", "a.mp4", "video/mp4", id="mp4"),
        pytest.param(b"\x00\x00\x00\x18ftypM4A ", "a.mp4", "audio/mp4", id="m4a"),
        pytest.param(b"ID3\x04\x00", "a.mp3", "audio/mpeg", id="mp3-with-tags"),
        pytest.param(b"\xff\xfb\x90\x64\x00", "a.mp3", "audio/mpeg", id="mp3"),
        pytest.param(b"OggS\x00\x02", "a.ogg", "audio/ogg", id="ogg"),
        pytest.param(a_zip("[Content_Types].xml", "_rels/.rels", "word/document.xml"), "a.bin", WORD, id="docx"),
        pytest.param(a_zip("[Content_Types].xml", "ppt/presentation.xml"), "a.docx", SLIDES, id="pptx-named-docx"),
        pytest.param(a_zip("[Content_Types].xml", "xl/workbook.xml"), "a.xlsx", SHEET, id="xlsx"),
        pytest.param(
            a_zip("word/document.xml", "word/vbaProject.bin"), "a.docx", WORD_MACROS, id="MED-11-macros-inside"
        ),
        pytest.param(a_zip("word/document.xml"), "a.docm", WORD_MACROS, id="MED-11-macros-by-name"),
        pytest.param(a_zip("[Content_Types].xml"), "a.docx", WORD, id="docx-whose-parts-come-later"),
        pytest.param(a_zip("content.xml", mimetype=ODT), "a.zip", ODT, id="odt"),
        pytest.param(a_zip("META-INF/container.xml", mimetype=EPUB), "a", EPUB, id="epub"),
        pytest.param(a_zip("h5p.json", "content/content.json"), "a.zip", "application/vnd.h5p+zip", id="h5p"),
        pytest.param(a_zip("geogebra.xml"), "a.ggb", "application/vnd.geogebra.file", id="ggb"),
        pytest.param(a_zip("project.json"), "a.sb3", "application/x.scratch.sb3", id="scratch"),
        pytest.param(a_zip("META-INF/MANIFEST.MF"), "a.docx", "application/java-archive", id="MED-11-jar-named-docx"),
        pytest.param(a_zip("x.txt"), "a.exe", ZIP, id="zip-keeps-to-zips"),
        pytest.param(b"PK\x05\x06" + b"\x00" * 18, "a.zip", ZIP, id="empty-zip"),
        pytest.param(OLE, "a.doc", "application/msword", id="doc"),
        pytest.param(OLE, "a.msi", "application/x-ole-storage", id="ole"),
        pytest.param(b"\x1f\x8b\x08\x00", "a.mbz", "application/vnd.moodle.backup", id="moodle-backup"),
        pytest.param(b"\x1f\x8b\x08\x00", "a.gz", "application/gzip", id="gzip"),
        pytest.param(b"MZ\x90\x00\x03", "a.pdf", EXE, id="MED-11-exe-named-pdf"),
        pytest.param(b"L\x00\x00\x00\x01\x14\x02\x00", "a.docx", "application/x-ms-shortcut", id="MED-11-lnk"),
        pytest.param(b"a,b\n1,2\n", "a.csv", "text/csv", id="csv"),
        pytest.param(b"caf\xe9,\x93quoted\x94\n", "a.csv", "text/csv", id="csv-of-an-older-windows"),
        pytest.param("é".encode() * 40 + b"\xc3", "a.txt", "text/plain", id="text-cut-inside-a-character"),
        pytest.param(b"\xff\xfea\x00", "a.txt", "text/plain", id="utf-16"),
        pytest.param(b"MZ is how this diary begins", "a.txt", "text/plain", id="a-text-that-begins-like-a-program"),
        pytest.param(b"print('x')", "a.py", "text/x-python", id="python"),
        pytest.param(b"x", "a.pdf", "text/plain", id="text-named-pdf"),
        pytest.param(b"GIF89a=1;alert(1)//", "a.gif", "text/plain", id="MED-02-a-script-that-begins-like-a-gif"),
        pytest.param(b" <!-- x -->\n<!DOCTYPE HTML><html>", "a.txt", "text/html", id="XSS-13-html-named-txt"),
        pytest.param(b'<?xml version="1.0"?>\n<svg xmlns="">', "a.png", "image/svg+xml", id="XSS-13-svg-named-png"),
        pytest.param(b"plain words", "a.html", "text/html", id="text-named-html"),
        pytest.param(b"\x00\x01\x02\x03", "a.txt", "application/octet-stream", id="bytes-named-txt"),
        pytest.param(b"", "a.txt", "application/octet-stream", id="MED-05-empty"),
    ],
)
def test_bytes_decide_what_a_file_is(head: bytes, name: str, media_type: str) -> None:
    assert detect(head, name) == media_type


@given(st.binary(max_size=200) | st.binary(max_size=60).map(lambda rest: b"PK\x03\x04" + rest), st.text(max_size=20))
def test_no_bytes_and_no_name_break_detection(head: bytes, name: str) -> None:
    media_type = detect(head, name)

    assert media_type.count("/") == 1
    assert describe(media_type)


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        pytest.param("Fraction wall (Year 4).docx", "Fraction wall (Year 4).docx", id="as-it-is"),
        pytest.param("../../etc/passwd", "passwd", id="MED-01-path"),
        pytest.param("C:\\Users\\ada\\plan.pdf", "plan.pdf", id="MED-01-windows-path"),
        pytest.param("/etc/", "file", id="MED-01-only-a-path"),
        pytest.param("a\x00b\n.pdf", "ab.pdf", id="MED-01-controls"),
        pytest.param("CON", "_CON", id="MED-01-reserved"),
        pytest.param("nul.txt", "_nul.txt", id="MED-01-reserved-with-ending"),
        pytest.param("com1.tar.gz", "_com1.tar.gz", id="MED-01-reserved-with-two-endings"),
        pytest.param("cod\u202efdp.exe", "codfdp.exe", id="MED-01-right-to-left"),
        pytest.param(".htaccess", "htaccess", id="MED-01-hidden"),
        pytest.param('a<b>:"c|d?*.pdf', "a_b___c_d__.pdf", id="MED-01-signs"),
        pytest.param("plan.pdf. . ", "plan.pdf", id="MED-01-dots-at-the-end"),
        pytest.param("...", "file", id="MED-01-only-dots"),
        pytest.param("", "file", id="MED-01-empty"),
        pytest.param("a" * 4096 + ".docx", "a" * 115 + ".docx", id="MED-01-too-long"),
        pytest.param("Größe 数学.odt", "Größe 数学.odt", id="other-scripts"),
    ],
)
def test_a_file_name_is_only_a_label(name: str, safe: str) -> None:
    assert safe_name(name) == safe


@given(st.text(max_size=300) | st.text(st.sampled_from("a./\\ C:ON\u202eé数\x00")))
def test_a_safe_name_is_short_and_stays_as_it_is(name: str) -> None:
    safe = safe_name(name)

    assert 0 < len(safe) <= 120
    assert len(safe.encode()) <= 240
    assert not set(safe) & set('/\\\x00\n<>:"|?*')
    assert safe_name(safe) == safe


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1000, "1 KB"),
        (96_211, "96 KB"),
        (184_320, "184 KB"),
        (999_499, "999 KB"),
        (999_500, "1.0 MB"),
        (1_234_567, "1.2 MB"),
        (9_940_000, "9.9 MB"),
        (9_960_000, "10 MB"),
        (23_400_000, "23 MB"),
        (5_000_000_000, "5.0 GB"),
        (5_000_000_000_000, "5000 GB"),
    ],
)
def test_sizes_are_said_in_thousands(size: int, words: str) -> None:
    assert human_size(size) == words


@pytest.mark.parametrize(
    ("media_type", "words"),
    [
        (WORD, "Word"),
        (SLIDES, "PowerPoint"),
        (SHEET, "Excel"),
        ("application/pdf", "PDF"),
        ("image/png", "Image"),
        ("video/x-unheard-of", "Video"),
        ("application/x-unheard-of", "File"),
        ("nonsense", "File"),
    ],
)
def test_types_are_described_in_a_teachers_words(media_type: str, words: str) -> None:
    assert describe(media_type) == words


def test_only_pictures_that_cannot_run_script_are_shown_inside_a_page() -> None:
    kinds = ("image/png", "image/jpeg", "image/gif", "image/webp", "image/svg+xml", "image/tiff", "text/html")

    assert [kind for kind in kinds if is_inline_image(kind)] == ["image/png", "image/jpeg", "image/gif", "image/webp"]


def test_macros_are_noticed() -> None:
    assert has_macros(WORD_MACROS)
    assert not has_macros(WORD)


@pytest.mark.parametrize(
    ("head", "name"),
    [
        pytest.param(b"MZ\x90\x00", "plan.docx", id="MED-11-exe-by-content"),
        pytest.param(b"x", "plan.exe", id="MED-11-exe-by-name"),
        pytest.param(b"x", "plan.pdf.EXE. ", id="MED-11-exe-with-dots-behind"),
        pytest.param(b"x", "plan.e\u200bxe", id="MED-11-exe-with-something-hidden"),
        pytest.param(b"[InternetShortcut]", "plan.url", id="MED-11-url"),
        pytest.param(b"L\x00\x00\x00\x01\x14\x02\x00", "plan.lnk", id="MED-11-lnk"),
        pytest.param(b"\x00" * 100, "plan.iso", id="MED-11-iso"),
        pytest.param(b"x", "plan.js", id="MED-11-js"),
        pytest.param(b"x", "plan.hta", id="MED-11-hta"),
        pytest.param(OLE, "plan.msi", id="MED-11-msi"),
    ],
)
def test_programs_shortcuts_and_disk_images_are_refused(head: bytes, name: str) -> None:
    assert is_refused(detect(head, name), name)


@pytest.mark.parametrize("name", ["plan.docx", "plan.pdf", "game.html", "code.py", "slides.odp", "course.mbz", "plan"])
def test_what_teachers_share_is_not_refused(name: str) -> None:
    assert not is_refused(detect(b"words", name), name)
