"""Pictures that people upload, made harmless: decoded by the four decoders we trust and written anew.

Whatever else was in the file (the place and time of a photo, a thumbnail, a second file
behind the picture) is gone afterwards. Pure functions; a caller runs them in a thread.
"""

import io
from typing import TYPE_CHECKING, Final, NamedTuple

from fedishare.core.errors import Invalid, TooLarge
from fedishare.net import blurhash

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

MAX_BYTES: Final = 16 << 20
MAX_PIXELS: Final = 40_000_000
LONGEST_SIDE: Final = 2560
QUALITY: Final = 85
# Only these decoders are ever asked, whatever the bytes say they are (MED-03, MED-12).
DECODERS: Final = ("JPEG", "PNG", "WEBP", "GIF")
BLUR_SIDE: Final = 20
OPAQUE: Final = frozenset({"RGB", "L"})


class Clean(NamedTuple):
    body: bytes
    media_type: str
    width: int
    height: int
    blurhash: str


def clean(body: bytes, *, longest: int = LONGEST_SIDE) -> Clean:
    """The picture in `body`, upright, at most so many pixels long and without metadata.

    It comes out as JPEG, or as PNG where it is see-through; a moving picture keeps its first
    frame. Raises TooLarge and Invalid with what to do.
    """
    if len(body) > MAX_BYTES:
        raise TooLarge(f"This picture is larger than {MAX_BYTES >> 20} MB: save it smaller and add it again.")
    from PIL import Image, UnidentifiedImageError  # noqa: PLC0415 -- megabytes, and most nodes see no picture for hours
    from PIL.Image import DecompressionBombError, DecompressionBombWarning  # noqa: PLC0415 -- as above

    try:
        with Image.open(io.BytesIO(body), formats=DECODERS) as opened:
            return _rewritten(opened, longest)
    except (DecompressionBombWarning, DecompressionBombError):
        raise _too_many_pixels() from None
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError) as error:
        raise Invalid("This picture cannot be read: save it as JPEG or PNG and add it again.") from error


def bare(opened: "Picture", *, longest: int) -> "Picture":
    """The pixels alone of a picture that was opened, upright and at most so long. Raises TooLarge."""
    from PIL import Image, ImageOps  # noqa: PLC0415 -- as above

    # The size stands in the header: nothing has been decoded yet (MED-04).
    if opened.width * opened.height > MAX_PIXELS:
        raise _too_many_pixels()
    # JPEG can be decoded at a half, a quarter or an eighth, which spares memory and time.
    opened.draft("RGB", (longest, longest))
    upright = ImageOps.exif_transpose(opened)
    see_through = upright.has_transparency_data
    picture = upright.convert("RGBA" if see_through else "RGB") if upright.mode not in OPAQUE else upright
    picture.thumbnail((longest, longest), Image.Resampling.LANCZOS)
    # A copy of the pixels: `info` would carry profiles and comments into the new file.
    alone = Image.new(picture.mode, picture.size)
    alone.paste(picture)
    return alone


def _rewritten(opened: "Picture", longest: int) -> Clean:
    alone = bare(opened, longest=longest)
    written = io.BytesIO()
    if alone.mode == "RGBA":
        alone.save(written, "PNG", optimize=True)
        return Clean(written.getvalue(), "image/png", alone.width, alone.height, _blurred(alone))
    alone.save(written, "JPEG", quality=QUALITY, progressive=True)
    return Clean(written.getvalue(), "image/jpeg", alone.width, alone.height, _blurred(alone))


def _blurred(picture: "Picture") -> str:
    """The picture as a few characters, made from a very small one."""
    small = picture.convert("RGB")
    small.thumbnail((BLUR_SIDE, BLUR_SIDE))
    body = small.tobytes()
    points = list(zip(body[0::3], body[1::3], body[2::3], strict=True))
    return blurhash.encode(points, width=small.width, height=small.height)


def _too_many_pixels() -> TooLarge:
    most = MAX_PIXELS // 1_000_000
    return TooLarge(f"This picture has more than {most} million points: save it smaller and add it again.")
