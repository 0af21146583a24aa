"""What is found in office files that their authors may not want to hand out, and what a clean copy leaves of them."""

import io
import re
import struct
import zipfile
from xml.etree import ElementTree as ET

import pytest

from fedishare.core.errors import Invalid
from fedishare.domain import hidden, traces
from tests.files import package
from tests.office import R, W, about, open_document, relations, word

OPEN_XML = "application/vnd.openxmlformats-officedocument."
WORD = f"{OPEN_XML}wordprocessingml.document"
EXCEL = f"{OPEN_XML}spreadsheetml.sheet"
SLIDES = f"{OPEN_XML}presentationml.presentation"
TEXT = "application/vnd.oasis.opendocument.text"
COMMENT = '<w:comment w:id="0" w:author="Ann Lee"><w:p><w:r><w:t>Is Sam ready?</w:t></w:r></w:p></w:comment>'


def found(body: bytes, media_type: str) -> list[str]:
    return hidden.find(lambda start, length: body[start : start + max(0, length)], len(body), media_type)


def copied(body: bytes, media_type: str) -> dict[str, bytes]:
    """The parts of a clean copy, each read with other programs than our own: it is whole, and XML is XML."""
    copy = b"".join(hidden.clean(lambda start, length: body[start : start + max(0, length)], len(body), media_type))
    assert traces.remaining(found(copy, media_type)) == []
    with zipfile.ZipFile(io.BytesIO(copy)) as archive:
        assert archive.testzip() is None
        parts = {name: archive.read(name) for name in archive.namelist()}
    for name, part in parts.items():
        if name.endswith((".xml", ".rels")):
            ET.fromstring(part)  # noqa: S314 -- our own
    return parts


def text_of(parts: dict[str, bytes], name: str = "word/document.xml") -> list[str]:
    """The text of a document, by paragraph."""
    root = ET.fromstring(parts[name])  # noqa: S314 -- our own
    return ["".join(each.itertext()) for each in root.iter() if each.tag.endswith("}p")]


def said(*words: str) -> str:
    return "".join(f"<w:r><w:t>{word}</w:t></w:r>" for word in words)


def struck(*words: str) -> str:
    return f'<w:del w:author="Ann Lee">{said(*words).replace("w:t>", "w:delText>")}</w:del>'


STRUCK_END = '<w:pPr><w:jc w:val="left"/><w:rPr><w:del w:id="9" w:author="Ann Lee"/></w:rPr></w:pPr>'


def test_a_document_tells_who_wrote_it_and_what_was_remarked() -> None:
    body = f'<w:p>{said("Tides")}{struck("old")}<w:ins w:author="Bo Lind">{said("new")}</w:ins></w:p>'

    assert found(word(body, comments=COMMENT), WORD) == [
        "author:Jane Doe",
        "saved_by:John Roe",
        "company:Hawes Side",
        "comments:1",
        "changes:2",
        "by:Ann Lee",
        "by:Bo Lind",
    ]


def test_a_clean_copy_has_no_names_no_comments_and_what_the_changes_came_to() -> None:
    anchors = '<w:commentRangeStart w:id="0"/>{}<w:commentRangeEnd w:id="0"/><w:r><w:commentReference w:id="0"/></w:r>'
    body = f'<w:p>{anchors.format(said("High "))}{struck("and low ")}<w:ins w:author="Bo">{said("tide")}</w:ins></w:p>'

    parts = copied(word(body, comments=COMMENT), WORD)

    assert text_of(parts) == ["High tide"]
    assert {"word/comments.xml", "word/media/face.png", "word/_rels/comments.xml.rels"}.isdisjoint(parts)
    everything = b"".join(parts.values())
    for name in (b"Jane", b"John", b"Ann", b"Hawes", b"comment", b"Sam"):
        assert name not in everything
    assert b"<dc:title>Tides</dc:title>" in parts["docProps/core.xml"]


def test_what_is_not_hidden_stays_to_the_last_byte() -> None:
    body = (
        '<w:p w:rsidR="00A1"><w:r><w:rPr><w:b/></w:rPr><w:t xml:space="preserve"> a &amp; b &#233; </w:t></w:r></w:p>'
        "<!-- kept --><w:tbl><w:tr><w:tc><w:p/></w:tc></w:tr></w:tbl>"
    )
    whole = word(body)

    parts = copied(whole, WORD)

    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        assert parts["word/document.xml"] == archive.read("word/document.xml")


@pytest.mark.parametrize(
    ("body", "left"),
    [
        pytest.param(
            f"<w:p>{STRUCK_END}{said('One')}</w:p><w:p>{said(' two')}</w:p>",
            ["One two"],
            id="an-end-joins-what-follows",
        ),
        pytest.param(
            f"<w:p>{said('A')}</w:p><w:p>{STRUCK_END}{struck('gone')}</w:p><w:p>{said('B')}</w:p>",
            ["A", "B"],
            id="a-whole-paragraph-goes",
        ),
        pytest.param(
            f"<w:p>{STRUCK_END}{said('A')}</w:p><w:p>{STRUCK_END}{struck('x')}</w:p><w:p>{said('B')}</w:p>",
            ["AB"],
            id="one-that-goes-lies-between-two-that-join",
        ),
        pytest.param(
            f"<w:p>{STRUCK_END}{said('A')}</w:p><w:p>{STRUCK_END}{said('B')}</w:p><w:p>{said('C')}</w:p>",
            ["ABC"],
            id="three-become-one",
        ),
        pytest.param(
            f"<w:tbl><w:tr><w:tc><w:p>{STRUCK_END}{struck('x')}</w:p></w:tc></w:tr></w:tbl>",
            [""],
            id="the-last-of-a-cell-stays",
        ),
        pytest.param(
            f"<w:tbl><w:tr><w:trPr><w:del w:id='1'/></w:trPr><w:tc><w:p>{struck('x')}</w:p></w:tc></w:tr>"
            f"<w:tr><w:tc><w:p>{said('kept')}</w:p></w:tc></w:tr></w:tbl>",
            ["kept"],
            id="a-row-goes",
        ),
        pytest.param(
            f"<w:tbl><w:tr><w:trPr><w:del w:id='1'/></w:trPr><w:tc><w:p/></w:tc></w:tr></w:tbl><w:p>{said('A')}</w:p>",
            ["A"],
            id="a-table-without-rows-goes",
        ),
        pytest.param(
            f"<w:p>{STRUCK_END}{said('A')}</w:p><w:tbl><w:tr><w:tc><w:p/></w:tc></w:tr></w:tbl><w:p>{said('B')}</w:p>",
            ["A", "", "B"],
            id="nothing-joins-across-a-table",
        ),
        pytest.param(
            f"<w:p><w:moveFromRangeStart w:id='1' w:name='m'/><w:moveFrom w:id='2'>{said('moved')}</w:moveFrom>"
            f"<w:moveFromRangeEnd w:id='1'/>{said('A')}<w:moveTo w:id='3'>{said('moved')}</w:moveTo></w:p>",
            ["Amoved"],
            id="what-was-moved-is-there-once",
        ),
        pytest.param(
            "<w:p><w:pPr><w:rPr><w:ins w:id='1' w:author='Bo'/></w:rPr>"
            "<w:pPrChange w:id='2'><w:pPr/></w:pPrChange></w:pPr>"
            f"<w:ins w:id='3'><w:r><w:rPr><w:b/><w:rPrChange w:id='4'><w:rPr/></w:rPrChange></w:rPr><w:t>A</w:t></w:r>"
            f"{struck('b')}</w:ins></w:p>",
            ["A"],
            id="looks-that-changed",
        ),
        pytest.param(
            f"<w:p>{STRUCK_END}{said('A')}</w:p><w:p><w:pPr><w:sectPr/></w:pPr>{said('B')}</w:p><w:p/>",
            ["A", "B", ""],
            id="the-end-of-a-section-stays",
        ),
    ],
)
def test_tracked_changes_are_accepted(body: str, left: list[str]) -> None:
    parts = copied(word(body), WORD)

    assert text_of(parts) == left
    assert not re.search(rb"<w:(?:ins|del|move|pPrChange|rPrChange)", parts["word/document.xml"])


def test_settings_forget_a_template_and_variables_and_nothing_else() -> None:
    more = {
        "word/_rels/document.xml.rels": relations({"rId7": ("settings", "settings.xml")}),
        "word/settings.xml": f'<w:settings {W} xmlns:r="{R}"><w:zoom w:percent="90"/><w:attachedTemplate r:id="rId1"/>'
        '<w:docVars><w:docVar w:name="Pupil" w:val="Sam"/></w:docVars><w:rsids><w:rsidRoot w:val="00A1"/></w:rsids>'
        "</w:settings>",
        "word/_rels/settings.xml.rels": relations({"rId1": ("attachedTemplate", "file:///C:/Users/jdoe/Letter.dotx")}),
    }
    whole = word("<w:p/>", more=more)

    parts = copied(whole, WORD)

    assert {"template:file:///C:/Users/jdoe/Letter.dotx", "properties:1"} <= set(found(whole, WORD))
    assert parts["word/settings.xml"] == f'<w:settings {W} xmlns:r="{R}"><w:zoom w:percent="90"/></w:settings>'.encode()
    assert b"jdoe" not in parts["word/_rels/settings.xml.rels"]


def a_table() -> bytes:
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    vml = (
        '<xml xmlns:v="urn:schemas-microsoft-com:vml" xmlns:x="urn:schemas-microsoft-com:office:excel">'
        '<v:shape id="s1">'
        '<x:ClientData ObjectType="Note"><x:Row>0</x:Row></x:ClientData></v:shape>{}</xml>'
    )
    button = '<v:shape id="s2"><x:ClientData ObjectType="Button"/></v:shape>'
    return package(
        about("xl/workbook.xml")
        | {
            "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{R}" xmlns:a="x15ac">'
            '<a:absPath url="C:\\Users\\jdoe\\"/>'
            '<sheets><sheet name="Marks" sheetId="1" r:id="rId1"/>'
            '<sheet name="Keys" sheetId="2" state="hidden" r:id="rId2"/>'
            "</sheets></workbook>",
            "xl/_rels/workbook.xml.rels": relations(
                {"rId1": ("worksheet", "worksheets/sheet1.xml"), "rId2": ("worksheet", "/xl/Worksheets/Sheet2.xml")}
            ),
            "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}" xmlns:r="{R}"><sheetData><row><c><v>7</v></c></row>'
            '</sheetData><pageSetup orientation="portrait" r:id="rId3"/><legacyDrawing r:id="rId2"/></worksheet>',
            "xl/worksheets/_rels/sheet1.xml.rels": relations(
                {
                    "rId1": ("comments", "../comments1.xml"),
                    "rId2": ("vmlDrawing", "../drawings/vmlDrawing1.vml"),
                    "rId3": ("printerSettings", "../printerSettings/printerSettings1.bin"),
                }
            ),
            "xl/worksheets/sheet2.xml": f'<worksheet xmlns="{main}" xmlns:r="{R}"><legacyDrawing r:id="rId2"/>'
            "</worksheet>",
            "xl/worksheets/_rels/sheet2.xml.rels": relations(
                {"rId1": ("comments", "../comments2.xml"), "rId2": ("vmlDrawing", "../drawings/vmlDrawing2.vml")}
            ),
            "xl/comments1.xml": f'<comments xmlns="{main}"><authors><author>Ann Lee</author></authors><commentList>'
            '<comment ref="A1" authorId="0"><text><t>Sam was ill</t></text></comment></commentList></comments>',
            "xl/comments2.xml": f'<comments xmlns="{main}"><authors/><commentList><comment ref="B2"/></commentList>'
            "</comments>",
            "xl/drawings/vmlDrawing1.vml": vml.format(""),
            "xl/drawings/vmlDrawing2.vml": vml.format(button),
            "xl/printerSettings/printerSettings1.bin": "\\\\office\\laser",
        }
    )


def test_a_table_loses_comments_printers_and_its_folder_but_neither_figures_nor_sheets() -> None:
    parts = copied(a_table(), EXCEL)

    assert found(a_table(), EXCEL) == [
        "author:Jane Doe",
        "saved_by:John Roe",
        "company:Hawes Side",
        "comments:2",
        "folder:C:\\Users\\jdoe\\",
        "by:Ann Lee",
        "printer:1",
        "sheets:1",
    ]
    assert sorted(name for name in parts if name.startswith("xl/") and "_rels" not in name) == [
        "xl/drawings/vmlDrawing2.vml",
        "xl/workbook.xml",
        "xl/worksheets/sheet1.xml",
        "xl/worksheets/sheet2.xml",
    ]
    assert (
        b'<v>7</v></c></row></sheetData><pageSetup orientation="portrait"/></worksheet>'
        in parts["xl/worksheets/sheet1.xml"]
    )
    assert b'<legacyDrawing r:id="rId2"/>' in parts["xl/worksheets/sheet2.xml"]
    assert (b"Note" in parts["xl/drawings/vmlDrawing2.vml"], b"Button" in parts["xl/drawings/vmlDrawing2.vml"]) == (
        False,
        True,
    )
    assert b"jdoe" not in parts["xl/workbook.xml"]


def slides() -> bytes:
    p = 'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main" xmlns:a="a"'
    newer = "http://schemas.microsoft.com/office/2018/10/relationships"
    return package(
        about("ppt/presentation.xml")
        | {
            "ppt/presentation.xml": f"<p:presentation {p}/>",
            "ppt/_rels/presentation.xml.rels": relations(
                {
                    "rId1": ("slide", "slides/slide1.xml"),
                    "rId2": ("slide", "slides/slide2.xml"),
                    "rId3": (f"{newer}/authors", "authors.xml"),
                }
            ),
            "ppt/slides/slide1.xml": f"<p:sld {p}><a:t>Tides</a:t></p:sld>",
            "ppt/slides/slide2.xml": f'<p:sld {p} show="0"><a:t>Answers</a:t></p:sld>',
            "ppt/slides/_rels/slide1.xml.rels": relations(
                {
                    "rId1": ("notesSlide", "../notesSlides/notesSlide1.xml"),
                    "rId2": (f"{newer}/comments", "../comments/modernComment_1.xml"),
                }
            ),
            "ppt/notesSlides/notesSlide1.xml": f"<p:notes {p}><a:t>Say hello</a:t><a:fld><a:t>1</a:t></a:fld>"
            "</p:notes>",
            "ppt/comments/modernComment_1.xml": "<c:cmLst xmlns:c='m'><c:cm authorId='1'/>"
            "<c:cm authorId='1'/></c:cmLst>",
            "ppt/authors.xml": "<c:authorLst xmlns:c='m'><c:author name='Ann Lee'/></c:authorLst>",
        }
    )


def test_slides_keep_what_belongs_to_the_lesson() -> None:
    parts = copied(slides(), SLIDES)

    assert found(slides(), SLIDES)[3:] == ["comments:2", "by:Ann Lee", "slides:1", "notes:1"]
    assert {"ppt/slides/slide2.xml", "ppt/notesSlides/notesSlide1.xml"} <= set(parts)
    assert {"ppt/authors.xml", "ppt/comments/modernComment_1.xml"}.isdisjoint(parts)


def test_a_text_of_libreoffice_is_cleaned_too() -> None:
    content = (
        "<office:body><office:text><text:tracked-changes><text:changed-region><text:deletion><office:change-info>"
        "<dc:creator>Ann Lee</dc:creator></office:change-info><text:p>struck out</text:p></text:deletion>"
        "</text:changed-region></text:tracked-changes><text:p>High <text:change/><office:annotation>"
        "<dc:creator>Bo Lind</dc:creator><text:p>Is Sam ready?</text:p></office:annotation>tide<office:annotation-end/>"
        "</text:p></office:text></office:body>"
    )
    more = {"Versions/Version1": "an older one", "VersionList.xml": "<v/>", "Thumbnails/thumbnail.png": "a picture"}
    whole = open_document("text", content, more=more)

    parts = copied(whole, TEXT)

    assert found(whole, TEXT) == [
        "author:Jane Doe",
        "saved_by:John Roe",
        "template:/home/jane/letters.ott",
        "comments:1",
        "changes:1",
        "by:Ann Lee",
        "by:Bo Lind",
        "properties:1",
        "versions:1",
        "printer:1",
    ]
    assert text_of(parts, "content.xml") == ["High tide"]
    assert sorted(parts) == ["META-INF/manifest.xml", "content.xml", "meta.xml", "mimetype", "settings.xml"]
    assert next(iter(parts)) == "mimetype"
    everything = b"".join(parts.values())
    for name in (b"Jane", b"jane", b"John", b"Ann", b"Bo Lind", b"Sam", b"Staffroom", b"Versions", b"thumbnail"):
        assert name not in everything
    assert b"<dc:title>Tides</dc:title>" in parts["meta.xml"]


def test_hidden_sheets_and_notes_of_libreoffice_are_only_mentioned() -> None:
    content = (
        "<office:automatic-styles><style:style style:name='ta2'>"
        "<style:table-properties table:display='false'/></style:style>"
        "<style:style style:name='dp2'><style:drawing-page-properties presentation:visibility='hidden'/></style:style>"
        "</office:automatic-styles><office:body><table:table table:style-name='ta1'/>"
        "<table:table table:style-name='ta2'/>"
        "<draw:page draw:style-name='dp2'><presentation:notes><text:p>Say hello</text:p>"
        "</presentation:notes></draw:page>"
        "<draw:page><presentation:notes><text:p/></presentation:notes></draw:page></office:body>"
    )

    traced = found(open_document("presentation", content), "application/vnd.oasis.opendocument.presentation")

    assert traced[-3:] == ["slides:1", "sheets:1", "notes:1"]


def test_a_signed_file_is_left_as_it_is() -> None:
    more = {"_xmlsignatures/origin.sigs": ""}
    whole = word("<w:p/>", more=more | {"_rels/.rels": relations({
        "rId1": ("officeDocument", "word/document.xml"),
        "rId2": (f"{R}/metadata/core-properties", "docProps/core.xml"),
        "rId4": ("http://x.example/digital-signature/origin", "_xmlsignatures/origin.sigs"),
    })})  # fmt: skip

    assert found(whole, WORD) == ["author:Jane Doe", "saved_by:John Roe", "signed"]
    with pytest.raises(Invalid):
        copied(whole, WORD)


LAUGHS = '<!DOCTYPE a [<!ENTITY a "haha"><!ENTITY b "&a;&a;&a;">]>'
THEFT = '<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


def with_part(name: str, body: str | bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(word("<w:p/>", comments=COMMENT))) as archive:
        return package({each: archive.read(each) for each in archive.namelist()} | {name: body})


def twice() -> bytes:
    """Two parts of one name, of which each program shows another."""
    held = io.BytesIO(word("<w:p/>"))
    with zipfile.ZipFile(held, "a") as archive:
        archive.writestr("WORD/document.xml", "<other/>")
    return held.getvalue()


def lying() -> bytes:
    """The directory says a small part where much comes out."""
    body = bytearray(with_part("word/document.xml", b" " * 5_000_000))
    at = body.rindex(b"word/document.xml") - 46
    struct.pack_into("<L", body, at + 24, 1000)
    return bytes(body)


@pytest.mark.parametrize(
    "whole",
    [
        pytest.param(with_part("word/document.xml", f"{LAUGHS}<a>&b;</a>"), id="entities"),
        pytest.param(with_part("docProps/core.xml", f"{THEFT}<a>&a;</a>"), id="an-entity-from-elsewhere"),
        pytest.param(with_part("word/document.xml", f"<w:document {W}><w:p>"), id="cut-off"),
        pytest.param(with_part("word/document.xml", "<a>" * 5_000), id="deep"),
        pytest.param(with_part("word/document.xml", f"<w:document {W}/>".encode("utf-16")), id="other-letters"),
        pytest.param(with_part("_rels/.rels", relations({})), id="nothing-in-it"),
        pytest.param(twice(), id="two-of-one-name"),
        pytest.param(lying(), id="a-lie-about-sizes"),
        pytest.param(b"PK\x03\x04" + b"\0" * 400, id="no-directory"),
        pytest.param(package({"word/document.xml": "x"}), id="no-relations"),
    ],
)
def test_a_hostile_file_is_not_cleaned_and_says_that_nobody_looked(whole: bytes) -> None:
    assert found(whole, WORD) == ["unread"]
    with pytest.raises(Invalid):
        copied(whole, WORD)


def test_too_much_to_read_is_not_read() -> None:
    whole = with_part("word/document.xml", f"<w:document {W}>".encode() + b" " * (49 << 20) + b"</w:document>")

    assert found(whole, WORD) == ["unread"]


def test_old_files_are_known_to_tell_who_wrote_them() -> None:
    assert found(b"\xd0\xcf\x11\xe0", "application/msword") == ["old"]
    assert found(b"words", "text/plain") == []


@pytest.mark.parametrize(
    ("traced", "said", "mentioned"),
    [
        pytest.param(
            ["author:Jane Doe", "comments:3", "changes:2"],
            "This file names Jane Doe as author, and has 3 comments and 2 tracked changes.",
            "",
            id="as-one-would-say-it",
        ),
        pytest.param(["comments:1", "by:Ann Lee"], "This file has 1 comment by Ann Lee.", "", id="one-thing"),
        pytest.param(
            ["author:A", "company:C", "saved_by:B", "printer:1", "slides:1", "notes:4"],
            "This file names A as author and C as company, was last saved by B, and keeps the settings of a printer.",
            "It has 1 hidden slide and speaker notes on 4 slides. That stays in it, because it may belong to the "
            "lesson.",
            id="much",
        ),
        pytest.param(["unread", "from-another-time:1"], "", "", id="nothing"),
    ],
)
def test_traces_are_put_into_a_sentence(traced: list[str], said: str, mentioned: str) -> None:
    read = traces.read(traced)

    assert (traces.sentence(read), traces.mention(read)) == (said, mentioned)
