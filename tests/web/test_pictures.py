"""Uploaded pictures come out as pictures and nothing else."""

import io
import struct
import zlib

import pytest
from PIL import Image

from fedishare.core.errors import FediShareError, Invalid, TooLarge
from fedishare.net import pictures


def written(image: Image.Image, kind: str, **options: object) -> bytes:
    body = io.BytesIO()
    image.save(body, kind, **options)
    return body.getvalue()


def huge_png(width: int, height: int) -> bytes:
    """A file of a few bytes that says it is a very large picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("kind", "mode", "media_type"),
    [
        ("JPEG", "RGB", "image/jpeg"),
        ("JPEG", "CMYK", "image/jpeg"),
        ("JPEG", "L", "image/jpeg"),
        ("PNG", "RGB", "image/jpeg"),
        ("PNG", "RGBA", "image/png"),
        ("PNG", "P", "image/jpeg"),
        ("WEBP", "RGBA", "image/png"),
        ("GIF", "P", "image/jpeg"),
    ],
)
def test_the_four_kinds_come_out_as_jpeg_or_png(kind: str, mode: str, media_type: str) -> None:
    clean = pictures.clean(written(Image.new(mode, (50, 20)), kind))

    assert (clean.media_type, clean.width, clean.height) == (media_type, 50, 20)
    assert Image.open(io.BytesIO(clean.body)).size == (50, 20)


def test_a_photo_stands_upright_without_its_metadata() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "Class 4B"

    clean = pictures.clean(written(Image.new("RGB", (60, 20), "red"), "JPEG", exif=exif, comment=b"a comment"))

    shown = Image.open(io.BytesIO(clean.body))
    assert (clean.width, clean.height, dict(shown.getexif())) == (20, 60, {})
    assert b"Class 4B" not in clean.body
    assert b"a comment" not in clean.body


def test_what_was_hidden_behind_a_picture_is_gone() -> None:
    clean = pictures.clean(written(Image.new("RGB", (9, 9)), "PNG") + b"PK\x03\x04<script>alert(1)</script>")

    assert b"script" not in clean.body


def test_a_large_picture_is_made_smaller() -> None:
    clean = pictures.clean(written(Image.new("RGB", (4000, 1000)), "JPEG"))

    assert (clean.width, clean.height) == (2560, 640)


@pytest.mark.parametrize("size", [(30_000, 30_000), (7000, 6000), (100_000, 1)], ids=str)
def test_more_points_than_anyone_needs_are_never_decoded(size: tuple[int, int]) -> None:
    with pytest.raises((TooLarge, Invalid)):
        pictures.clean(huge_png(*size))


def test_a_file_of_too_many_bytes_is_not_even_looked_at() -> None:
    with pytest.raises(TooLarge):
        pictures.clean(bytes(pictures.MAX_BYTES + 1))


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"hello", id="text"),
        pytest.param(b'<svg xmlns="http://www.w3.org/2000/svg"/>', id="svg"),
        pytest.param(b"%PDF-1.7", id="pdf"),
        pytest.param(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n", id="eps"),
        pytest.param(written(Image.new("RGB", (9, 9)), "BMP"), id="bmp"),
        pytest.param(written(Image.new("RGB", (9, 9)), "TIFF"), id="tiff"),
        pytest.param(written(Image.new("RGB", (400, 400), "red"), "JPEG")[:300], id="half-a-jpeg"),
        pytest.param(written(Image.new("RGB", (400, 400), "red"), "PNG")[:200], id="half-a-png"),
        pytest.param(b"GIF89a\xff\xff\xff\xff", id="half-a-gif"),
    ],
)
def test_what_is_no_picture_is_refused_with_what_to_do(body: bytes) -> None:
    with pytest.raises(FediShareError) as refused:
        pictures.clean(body)

    assert str(refused.value) == "This picture cannot be read: save it as JPEG or PNG and add it again."
