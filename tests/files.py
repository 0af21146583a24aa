"""Files of the kinds that teachers share, small and whole: programs that open such files open these."""

import io
import zipfile
from collections.abc import Mapping
from typing import Any

from PIL import Image


def picture(kind: str = "JPEG", *, size: tuple[int, int] = (400, 300), colour: str = "teal", **options: Any) -> bytes:
    held = io.BytesIO()
    Image.new("RGB", size, colour).save(held, kind, **options)
    return held.getvalue()


def package(entries: Mapping[str, bytes | str], *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", method) as archive:
        for name, body in entries.items():
            archive.writestr(zipfile.ZipInfo(name), body, compress_type=method)
    return held.getvalue()


def pdf(*, width: int = 600, height: int = 800) -> bytes:
    """One page, whose left half is red."""
    drawing = f"1 0 0 rg 0 0 {width // 2} {height} re f".encode()
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 %d %d]/Contents 4 0 R>>" % (width, height),
        b"<</Length %d>>stream\n%s\nendstream" % (len(drawing), drawing),
    ]
    body, places = b"%PDF-1.7\n", []
    for number, each in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return body + (
        b"xref\n0 5\n0000000000 65535 f \n%strailer<</Size 5/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (table, len(body))
    )
