"""Forms as browsers send them, and small files to go with them."""

import io
import zipfile
from collections.abc import Sequence
from functools import cache
from typing import Final

from aiohttp import FormData
from PIL import Image

PDF: Final = b"%PDF-1.7\n" + b"A fraction wall. " * 200
DOCX_TYPE: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@cache
def docx() -> bytes:
    """A Word file, the same at every call: a zip remembers the time at which it was packed."""
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", "<document/>")
    return body.getvalue()


def png(size: tuple[int, int] = (40, 30)) -> bytes:
    body = io.BytesIO()
    Image.new("RGB", size, "teal").save(body, "PNG")
    return body.getvalue()


def form(fields: dict[str, str] | None = None, files: Sequence[tuple[str, str, bytes]] = ()) -> FormData:
    """A form as a browser sends it: files last, each with the name and the type that the browser believes in."""
    data = FormData(default_to_multipart=True, quote_fields=False)
    for name, value in ({"visibility": "public", "kind": "talk"} | (fields or {})).items():
        data.add_field(name, value)
    for name, file_name, body in files:
        data.add_field(name, io.BytesIO(body), filename=file_name, content_type="application/octet-stream")
    return data


RESOURCE: Final = {
    "kind": "resource",
    "title": "Fraction wall investigation",
    "text": "A one-hour investigation. #fractions",
    "subject": "mathematics",
    "level": "england:year-4",
    "type": "worksheet",
    "licence": "CC-BY-SA-4.0",
}
