"""What is made of a file in the process that opens it, and what becomes of one that would break it."""

import io
import zipfile
from pathlib import Path
from typing import Final

import pytest
from PIL import Image

from fedishare.domain import files
from fedishare.jobs import darkroom, renditions
from fedishare.jobs.renditions import Made
from tests.attack.test_files import a_bomb
from tests.files import package, pdf, picture

WORD: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def made(tmp_path: Path, body: bytes, name: str) -> Made:
    path = tmp_path / "stored"
    path.write_bytes(body)
    return renditions.make(path, files.detect(body[:4096], name))


def shown(found: Made) -> Image.Image:
    image = Image.open(io.BytesIO(found.picture), formats=["WEBP"])
    assert image.size == (found.facts.width, found.facts.height)
    return image.convert("RGB")


def test_a_pdf_shows_its_first_page(tmp_path: Path) -> None:
    page = shown(made(tmp_path, pdf(), "a.pdf"))

    assert page.size == (900, 1200)
    red, white = page.getpixel((100, 600)), page.getpixel((800, 600))
    assert isinstance(red, tuple)
    assert isinstance(white, tuple)
    assert (red[0] > 200, red[1] < 60, min(white) > 240) == (True, True, True)


def test_a_photo_is_shown_upright_and_forgets_where_it_was_taken(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "kept secret"

    found = made(tmp_path, picture(size=(3000, 1000), exif=exif), "a.jpg")

    assert shown(found).size == (400, 1200)
    assert b"secret" not in found.picture
    assert not Image.open(io.BytesIO(found.picture)).getexif()


@pytest.mark.parametrize(
    ("name", "entry", "beside"),
    [
        ("a.docx", "docProps/thumbnail.jpeg", "word/document.xml"),
        ("a.odp", "Thumbnails/thumbnail.png", "content.xml"),
        ("a.pages", "preview.jpg", "Index/Document.iwa"),
        ("a.ggb", "geogebra_thumbnail.png", "geogebra.xml"),
        ("a.epub", "OEBPS/images/cover.jpg", "META-INF/container.xml"),
    ],
)
def test_the_picture_in_a_package_is_written_anew(tmp_path: Path, name: str, entry: str, beside: str) -> None:
    inside = picture("PNG" if entry.endswith("png") else "JPEG", colour="orange") + b"<script>alert(1)</script>"

    found = made(tmp_path, package({beside: "<a/>", entry: inside}), name)

    assert shown(found).size == (400, 300)
    assert b"script" not in found.picture


def test_the_contents_of_a_package_are_listed_without_folders_and_noise(tmp_path: Path) -> None:
    body = package({"h5p.json": "{}", "content/": "", "content/content.json": "{1}", "__MACOSX/._a": "x"})

    found = made(tmp_path, body, "quiz.h5p")

    assert [(line.name, line.size) for line in found.facts.lines] == [("h5p.json", 2), ("content/content.json", 3)]
    assert (found.facts.count, found.picture) == (2, b"")


def test_of_a_long_list_the_first_are_kept_and_all_are_counted(tmp_path: Path) -> None:
    found = made(tmp_path, package({f"{number}.txt": "" for number in range(1000)}), "a.zip")

    assert (len(found.facts.lines), found.facts.count) == (300, 1000)


def not_a_picture() -> bytes:
    return package({"word/document.xml": "<a/>", "docProps/thumbnail.jpeg": b"%!PS-Adobe (/etc/passwd)"})


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("bomb.png", a_bomb()),
        ("bomb.docx", package({"word/document.xml": "", "docProps/thumbnail.png": a_bomb()})),
        ("not.docx", not_a_picture()),
        ("cut.jpg", picture()[:200]),
        ("cut.pdf", pdf()[:60]),
        ("empty.pdf", b"%PDF-1.7\n%%EOF"),
        ("huge.pdf", pdf(width=2_000_000_000)),
        ("cut.zip", package({"a": "b" * 9000})[:80]),
        ("zeros.zip", package({"a.txt": bytes(80 << 20)})),
        ("places.zip", package({"../../evil.txt": "x"})),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_read_or_should_not_be_yields_nothing(tmp_path: Path, name: str, body: bytes) -> None:
    found = made(tmp_path, body, name)

    assert (found.picture, found.facts.lines) == (b"", ())


async def test_a_file_is_opened_in_a_process_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "stored"
    path.write_bytes(pdf())

    found = await darkroom.develop(path, "application/pdf")

    assert shown(found).size == (900, 1200)


async def test_a_file_that_takes_too_long_is_given_up(tmp_path: Path) -> None:
    path = tmp_path / "stored"
    path.write_bytes(pdf())

    assert await darkroom.develop(path, "application/pdf", seconds=0.001) == darkroom.NOTHING


async def test_a_file_that_is_gone_yields_nothing(tmp_path: Path) -> None:
    assert await darkroom.develop(tmp_path / "gone", "application/pdf") == darkroom.NOTHING


def test_the_fixtures_are_whole() -> None:
    with zipfile.ZipFile(io.BytesIO(package({"a": "b"}))) as archive:
        assert archive.testzip() is None
