"""Two real files for the demo, made on the spot: a Word document and a PDF of a fraction wall."""

import io
import zipfile
from typing import Final

TITLE: Final = "Fraction wall investigation (Year 4)"
PIECES: Final = ("one whole", "halves", "thirds", "quarters", "fifths", "sixths", "eighths", "tenths", "twelfths")
WORD_TYPE: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
WORD: Final = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
XML: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


def lines() -> list[str]:
    tasks = [f"Shade the row of {piece} and write which other rows fit it exactly." for piece in PIECES]
    return [TITLE, "Cut out the wall. Find as many equal fractions as you can.", *tasks]


def word() -> bytes:
    """A small document that Word, LibreOffice and Pages open."""
    paragraphs = "".join(f"<w:p><w:r><w:t>{line}</w:t></w:r></w:p>" for line in lines())
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/word/document.xml" ContentType="{WORD_TYPE}.main+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
        f'<Relationship Id="r1" Type="{OFFICE}" Target="word/document.xml"/></Relationships>',
        "word/document.xml": f'<w:document xmlns:w="{WORD}"><w:body>{paragraphs}</w:body></w:document>',
    }
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, XML + text)
    return held.getvalue()


def pdf() -> bytes:
    """One A4 page with the wall drawn as rows of boxes."""
    rows = []
    for row, pieces in enumerate((1, 2, 3, 4, 5, 6, 8, 10, 12)):
        width = 480 / pieces
        rows += [f"{58 + n * width:.1f} {660 - row * 44} {width:.1f} 40 re S" for n in range(pieces)]
    drawing = f"BT /F1 20 Tf 58 740 Td ({TITLE.replace('(', '[').replace(')', ']')}) Tj ET\n" + "\n".join(rows)
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources 6 0 R >>",
        f"<< /Length {len(drawing)} >>\nstream\n{drawing}\nendstream",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        "<< /Font << /F1 5 0 R >> >>",
    ]
    body, offsets = "%PDF-1.4\n", []
    for number, text in enumerate(objects, start=1):
        offsets.append(len(body))
        body += f"{number} 0 obj\n{text}\nendobj\n"
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    size = len(objects) + 1
    tail = f"xref\n0 {size}\n0000000000 65535 f \n{table}trailer\n<< /Size {size} /Root 1 0 R >>\n"
    return f"{body}{tail}startxref\n{len(body)}\n%%EOF\n".encode("latin-1")
