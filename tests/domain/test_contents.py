"""What a whole file is, by both of its ends, and what is said of it to those who open it."""

import gzip
import io
import struct
import tarfile
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedishare.domain import archives, contents, files
from fedishare.domain.contents import Look

DOCM = "application/vnd.ms-word.document.macroenabled.12"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
ODP = "application/vnd.oasis.opendocument.presentation"
ADL = '<manifest xmlns:adlcp="http://www.adlnet.org/xsd/adlcp_v1p3"><schema>ADL SCORM</schema></manifest>'
CARTRIDGE = "<manifest><metadata><schema>IMS Common Cartridge</schema></metadata></manifest>"
INSTALLER = bytes.fromhex("84100c0000000000c000000000000046")
PADDING = "x" * 100_000


def a_zip(**members: str) -> bytes:
    """Names with two underscores are in a folder, and those with one have an ending."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in members.items():
            archive.writestr(name.replace("__", "/").replace("_dot_", "."), body)
    return packed.getvalue()


def stored(**members: str) -> bytes:
    """As above, but nothing is packed, so that what comes later lies far behind the beginning."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name, body in members.items():
            archive.writestr(name.replace("__", "/").replace("_dot_", "."), body)
    return packed.getvalue()


def a_tar(*names: str) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name in names:
            info = tarfile.TarInfo(name)
            info.size = 3
            archive.addfile(info, io.BytesIO(b"abc"))
    return packed.getvalue()


def an_old_office_file(*streams: str, root: bytes = bytes(16)) -> bytes:
    """A compound file with nothing in it but its directory, which takes as many sectors as it needs."""
    names = ["Root Entry", *streams]
    entries = [
        name.encode("utf-16-le").ljust(64, b"\0") + struct.pack("<H", len(name) * 2 + 2) + bytes(14)
        + (root if name == "Root Entry" else bytes(16)) + bytes(32)
        for name in names
    ]  # fmt: skip
    sectors = [b"".join(entries[at : at + 4]).ljust(512, b"\0") for at in range(0, len(entries), 4)]
    chain = [*range(2, len(sectors) + 1), 0xFFFFFFFE]
    table = struct.pack(f"<{1 + len(chain)}L", 0xFFFFFFFD, *chain).ljust(512, b"\xff")
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<3H", 62, 3, 0xFFFE) + struct.pack("<H", 9)
    header = header.ljust(48, b"\0") + struct.pack("<L", 1) + bytes(24) + struct.pack("<L", 0)
    # The sector size stands at 30 and the byte order at 28.
    header = header[:28] + struct.pack("<2H", 0xFFFE, 9) + header[32:]
    return header.ljust(512, b"\xff") + table + b"".join(sectors)


def look(body: bytes, name: str) -> Look:
    return contents.look(lambda start, length: body[start : start + length], len(body), name)


@pytest.mark.parametrize(
    ("body", "name", "media_type"),
    [
        pytest.param(a_zip(imsmanifest_dot_xml=ADL, index_dot_html="x"), "course.zip", files.SCORM, id="scorm"),
        pytest.param(a_zip(imsmanifest_dot_xml=CARTRIDGE), "course.zip", files.CARTRIDGE, id="cartridge-named-zip"),
        pytest.param(a_zip(imsmanifest_dot_xml=CARTRIDGE), "course.imscc", files.CARTRIDGE, id="imscc"),
        pytest.param(a_zip(a_dot_txt="a"), "course.imscc", files.ZIP, id="zip-named-imscc"),
        pytest.param(a_zip(moodle_backup_dot_xml="<x/>"), "a.zip", files.MOODLE, id="moodle-zip"),
        pytest.param(a_tar(".ARCHIVE_INDEX", "moodle_backup.xml"), "a.gz", files.MOODLE, id="moodle-tar"),
        pytest.param(a_tar("x.txt"), "a.tar.gz", files.GZIP, id="tar"),
        pytest.param(a_zip(imsmanifest_dot_xml="<m/>", page0_dot_svg="<svg/>"), "a", files.SMART, id="smart-notebook"),
        pytest.param(a_zip(flipchart_dot_xml="<x/>"), "a.flipchart", files.FLIPCHART, id="flipchart"),
        pytest.param(b"\x00\x01\x02\x03", "a.flipchart", files.FLIPCHART, id="flipchart-of-another-age"),
        pytest.param(a_zip(project_dot_json='{"targets": []}'), "a.zip", files.SCRATCH, id="scratch-named-zip"),
        pytest.param(a_zip(project_dot_json="{}"), "a.sb3", files.ZIP, id="zip-named-sb3"),
        pytest.param(a_zip(geogebra_dot_xml="<x/>"), "a.zip", "application/vnd.geogebra.file", id="geogebra"),
        pytest.param(a_zip(h5p_dot_json="{}"), "a.zip", "application/vnd.h5p+zip", id="h5p"),
        pytest.param(a_zip(Index__Slide_dot_iwa="x"), "a.zip", files.KEYNOTE, id="keynote"),
        pytest.param(a_zip(Index__Document_dot_iwa="x"), "a.pages", files.PAGES, id="pages"),
        pytest.param(a_zip(Index__Document_dot_iwa="x"), "a.numbers", files.NUMBERS, id="numbers"),
        pytest.param(a_zip(a_dot_txt="x"), "a.pages", files.ZIP, id="zip-named-pages"),
        pytest.param(stored(mimetype=ODP, content_dot_xml="x"), "a.zip", ODP, id="odp"),
        pytest.param(stored(a_dot_xml=PADDING, word__document_dot_xml="x"), "a.bin", DOCX, id="word-far-behind"),
        pytest.param(an_old_office_file("WordDocument"), "a.xls", files.WORD, id="doc-named-xls"),
        pytest.param(an_old_office_file("PowerPoint Document"), "a.ppt", files.POWERPOINT, id="ppt"),
        pytest.param(an_old_office_file(*"abcdefgh", "Workbook"), "a", files.EXCEL, id="xls-in-the-third-sector"),
        pytest.param(b'{"cells": [{"cell_type": "code"}]}', "a.json", files.NOTEBOOK, id="notebook-named-json"),
        pytest.param(b"#!/usr/bin/env python3\nprint(1)", "a.py", "text/x-python", id="python"),
        pytest.param(b"\x1a\x45\xdf\xa3\x01\x42\x82\x84webm", "a.webm", "video/webm", id="webm"),
        pytest.param(b"\x1a\x45\xdf\xa3\x01\x42\x82\x88matroska", "a.webm", "video/x-matroska", id="mkv-named-webm"),
        pytest.param(b"RIFF\x24\x00\x00\x00WAVEfmt \x10\x00", "a.mp3", "audio/wav", id="wav-named-mp3"),
        pytest.param(b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1", "a.jpg", "image/heic", id="heic-named-jpg"),
        pytest.param(b"\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00mif1heic", "a.heic", "image/heic", id="heic-in-brands"),
        pytest.param(b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00isom", "a.m4a", "audio/mp4", id="m4a-of-another-maker"),
        pytest.param(b"{\\rtf1\\ansi x}", "a.doc", "application/rtf", id="rtf-named-doc"),
        pytest.param(b"a,b\n1,2\n", "a.csv", "text/csv", id="csv"),
        pytest.param(b"# Plan\n", "a.md", "text/markdown", id="markdown"),
        pytest.param(b"<html><body>x</body></html>", "a.pdf", "text/html", id="html-named-pdf"),
    ],
)  # fmt: skip
def test_the_whole_file_says_what_it_is(body: bytes, name: str, media_type: str) -> None:
    assert look(body, name).media_type == media_type


@pytest.mark.parametrize(
    ("body", "name"),
    [
        pytest.param(b"MZ\x90\x00\x03", "plan.pdf", id="exe"),
        pytest.param(an_old_office_file(root=INSTALLER), "a.doc", id="msi"),
        pytest.param(a_zip(a_dot_txt="x"), "plan.jar", id="jar-by-name"),
        pytest.param(b"#!/bin/bash\nrm -r x\n", "plan.txt", id="shell"),
        pytest.param(b"#! /usr/bin/env zsh\n", "plan", id="shell-through-env"),
        pytest.param(bytes(0x8001) + b"CD001" + bytes(600), "plan.pdf", id="iso"),
        pytest.param(bytes(900) + b"koly" + bytes(508), "plan.key", id="dmg"),
        pytest.param(b"!<arch>\ndebian-binary   1", "plan.zip", id="deb"),
        pytest.param(b"ITSF\x03\x00\x00\x00", "help.pdf", id="compiled-help"),
        pytest.param(a_zip(AndroidManifest_dot_xml="x"), "game.zip", id="apk"),
        pytest.param(a_zip(AppxManifest_dot_xml="x"), "game.zip", id="appx"),
        pytest.param(b"Write-Host 1", "plan.ps1", id="powershell"),
        pytest.param(b"echo off", "plan.cmd", id="batch"),
    ],
)  # fmt: skip
def test_med_11_what_runs_is_refused_under_any_name(body: bytes, name: str) -> None:
    assert contents.why_not(look(body, name), name, allows_macros=True) == contents.PROGRAM


def test_med_11_a_jar_whose_manifest_lies_far_behind_is_found() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.txt", PADDING)
        archive.writestr("META-INF/MANIFEST.MF", "Main-Class: a")

    assert look(packed.getvalue(), "plan.docx").media_type == "application/java-archive"


def test_macros_are_found_wherever_they_are_and_refused_where_nobody_wants_them() -> None:
    far_behind = stored(word__document_dot_xml=PADDING, word__vbaProject_dot_bin="x")

    found = [look(far_behind, "plan.docx"), look(an_old_office_file("WordDocument", "Macros"), "plan.doc")]

    assert found == [Look(DOCM, has_macros=True), Look(files.WORD, has_macros=True)]
    assert [contents.why_not(each, "plan.docx", allows_macros=True) for each in found] == [None, None]
    assert [contents.why_not(each, "plan.docx", allows_macros=False) for each in found] == [contents.MACROS] * 2


@pytest.mark.parametrize(
    ("name", "media_type", "said"),
    [
        ("wall.pdf", "application/pdf", []),
        ("wall.PDF", "image/png", ["Its name says PDF, but what is inside is Image."]),
        ("wall.jpg", "image/png", ["Its name says image/jpeg, but what is inside is image/png."]),
        ("wall.docx", "application/octet-stream", ["Its name says Word, but that is not what is inside."]),
        ("wall.docm", DOCM, [contents.MAY_RUN]),
        ("wall.docx", DOCM, [contents.MAY_RUN, "Its name says Word, but what is inside is Word with macros."]),
        ("course.zip", files.SCORM, []),
        ("notes.csv", "text/plain", []),
        ("letter.doc", "application/rtf", []),
        ("wall", "application/pdf", []),
        ("wall.xyz", "application/pdf", []),
    ],
)
def test_a_name_that_promises_something_else_is_remarked(name: str, media_type: str, said: list[str]) -> None:
    assert contents.remarks(name, media_type, has_macros=False) == said


@given(
    st.binary(max_size=600)
    | st.binary(max_size=200).map(lambda rest: b"PK\x03\x04" + rest + b"PK\x05\x06" + rest[:30])
    | st.binary(min_size=600, max_size=900).map(lambda rest: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + rest)
    | st.binary(max_size=200).map(gzip.compress),
    st.text(max_size=12),
)
def test_no_bytes_break_the_look(body: bytes, name: str) -> None:
    assert look(body, name).media_type.count("/") == 1


def test_med_05_a_bomb_in_a_manifest_is_not_unpacked() -> None:
    body = a_zip(imsmanifest_dot_xml="<m>" + " " * (50 << 20))
    entry = (archives.entries(lambda start, length: body[start : start + length], len(body)) or [])[0]

    found = archives.beginning(lambda start, length: body[start : start + length], entry, limit=contents.PEEK)

    assert len(found) == contents.PEEK
    assert look(body, "a.zip").media_type == files.ZIP


def test_a_directory_that_lies_about_itself_is_passed_over() -> None:
    body = bytearray(a_zip(word__document_dot_xml="x"))
    at = body.rfind(b"PK\x05\x06")
    body[at + 12 : at + 20] = struct.pack("<2L", 0xFFFFFFFF, 0xFFFFFFFF)

    assert look(bytes(body), "a.bin").media_type == DOCX
