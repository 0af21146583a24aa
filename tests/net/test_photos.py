"""Photos lose what the camera wrote into them, and not one point of the picture."""

import io
import struct
from typing import Final

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from fedishare.core.errors import Invalid
from fedishare.net import photos
from tests.files import picture

SECRET: Final = "51.5007 kept secret"


def exif(*, turned: int = 1) -> Image.Exif:
    told = Image.Exif()
    told[0x010E], told[0x013B], told[0x0112] = SECRET, SECRET, turned
    told.get_ifd(0x8825)[29] = SECRET
    return told


def points(body: bytes) -> bytes:
    with Image.open(io.BytesIO(body)) as opened:
        return opened.convert("RGBA").tobytes()


def a_png() -> bytes:
    told = PngInfo()
    told.add_text("Author", SECRET)
    told.add_itxt("Place", SECRET, zip=False)
    return picture("PNG", pnginfo=told, exif=exif(), icc_profile=b"colours")


PHOTOS: Final = {
    "jpeg": picture(exif=exif(), comment=SECRET.encode(), icc_profile=b"colours", xmp=SECRET.encode()),
    "progressive": picture(exif=exif(), progressive=True),
    "one behind another": picture(exif=exif()) + picture(comment=SECRET.encode()),
    "png": a_png(),
    "webp": picture("WEBP", exif=exif(), xmp=SECRET.encode(), lossless=True),
}


@pytest.mark.parametrize("kind", PHOTOS)
def test_a_photo_forgets_what_the_camera_told_and_keeps_every_point(kind: str) -> None:
    body = PHOTOS[kind]
    assert SECRET.encode() in body

    clean = photos.bare(body)

    assert SECRET.encode() not in clean
    assert points(clean) == points(body)
    with Image.open(io.BytesIO(clean)) as opened:
        assert not opened.getexif()
        assert (opened.info.get("icc_profile") is None) == (kind not in {"jpeg", "png"})
    assert photos.bare(clean) == clean


@pytest.mark.parametrize("turned", [3, 6, 8])
def test_a_photo_that_was_taken_sideways_still_says_so_and_nothing_else(turned: int) -> None:
    clean = photos.bare(picture(exif=exif(turned=turned)))

    with Image.open(io.BytesIO(clean)) as opened:
        assert dict(opened.getexif()) == {0x0112: turned}
    assert SECRET.encode() not in clean


def test_what_is_cut_off_or_no_picture_is_refused() -> None:
    whole = PHOTOS["jpeg"]
    for body in (b"", b"%PDF-1.7", whole[:40], whole[:-2], a_png()[:60], struct.pack(">2sH", b"\xff\xd8", 9) * 9):
        with pytest.raises(Invalid):
            photos.bare(body)
