"""Files of office programs with things in them that their authors may not want to hand out, written by hand."""

import zipfile
from collections.abc import Mapping

from tests.files import package

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
P = "http://schemas.openxmlformats.org/package/2006"


def relations(targets: Mapping[str, tuple[str, str]]) -> str:
    """Types without an address are of the usual kind; a target with a colon lies elsewhere."""
    lines = ""
    for key, (kind, target) in targets.items():
        address, mode = kind if ":" in kind else f"{R}/{kind}", ' TargetMode="External"' if ":" in target else ""
        lines += f'<Relationship Id="{key}" Type="{address}" Target="{target}"{mode}/>'
    return f'<?xml version="1.0"?><Relationships xmlns="{P}/relationships">{lines}</Relationships>'


def about(
    main: str, *, author: str = "Jane Doe", last: str = "John Roe", company: str = "Hawes Side"
) -> dict[str, str]:
    """The parts that every file of these programs has; `main` is the one that the whole is about."""
    return {
        "[Content_Types].xml": f'<Types xmlns="{P}/content-types"><Default Extension="xml" ContentType="x"/>'
        f'<Override PartName="/{main}" ContentType="x"/>'
        '<Override PartName="/word/comments.xml" ContentType="y"/></Types>',
        "_rels/.rels": relations(
            {
                "rId1": ("officeDocument", main),
                "rId2": (f"{P}/relationships/metadata/core-properties", "docProps/core.xml"),
                "rId3": ("extended-properties", "docProps/app.xml"),
            }
        ),
        "docProps/core.xml": '<cp:coreProperties xmlns:cp="c" xmlns:dc="d"><dc:title>Tides</dc:title>'
        f"<dc:creator>{author}</dc:creator><cp:lastModifiedBy>{last}</cp:lastModifiedBy></cp:coreProperties>",
        "docProps/app.xml": f'<Properties xmlns="e"><Application>Word</Application>'
        f"<Company>{company}</Company></Properties>",
    }


def word(body: str, *, comments: str = "", more: Mapping[str, str] | None = None, **said: str) -> bytes:
    parts = about("word/document.xml", **said) | {
        "word/document.xml": f'<?xml version="1.0" encoding="UTF-8"?>\n<w:document {W}><w:body>{body}'
        "<w:sectPr/></w:body></w:document>"
    }
    if comments:
        parts |= {
            "word/comments.xml": f"<w:comments {W}>{comments}</w:comments>",
            "word/_rels/comments.xml.rels": relations({"rId1": ("image", "media/face.png")}),
            "word/media/face.png": "a face",
            "word/_rels/document.xml.rels": relations({"rId5": ("comments", "comments.xml")}),
        }
    return package(parts | dict(more or {}))


def open_document(kind: str, content: str, *, more: Mapping[str, str] | None = None) -> bytes:
    names = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "text", "table", "meta", "config", "presentation", "style")
    )
    names += (
        ' xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0" xmlns:dc="http://purl.org/dc/elements/1.1/"'
    )
    names += ' xmlns:xlink="http://www.w3.org/1999/xlink"'
    media_type = f"application/vnd.oasis.opendocument.{kind}"
    meta = (
        "<dc:title>Tides</dc:title><meta:initial-creator>Jane Doe</meta:initial-creator>"
        "<dc:creator>John Roe</dc:creator>"
        '<meta:template xlink:href="/home/jane/letters.ott"/>'
        '<meta:user-defined meta:name="Pupil">Sam</meta:user-defined>'
    )
    parts = {
        "mimetype": media_type,
        "content.xml": f"<office:document-content {names}>{content}</office:document-content>",
        "meta.xml": f"<office:document-meta {names}><office:meta>{meta}</office:meta></office:document-meta>",
        "settings.xml": f"<office:document-settings {names}><config:config-item config:name='PrinterName'>Staffroom"
        "</config:config-item><config:config-item config:name='Zoom'>100</config:config-item>"
        "</office:document-settings>",
        **(more or {}),
    }
    entries = "".join(f'<m:file-entry m:full-path="{name}" m:media-type="text/xml"/>' for name in parts)
    manifest = f'<m:manifest xmlns:m="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">{entries}</m:manifest>'
    return package(parts | {"META-INF/manifest.xml": manifest}, method=zipfile.ZIP_STORED)
