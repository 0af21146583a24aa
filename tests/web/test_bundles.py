"""All files of a resource in one zip."""

import io
import zipfile

import pytest
from sqlalchemy import update

from fedishare.db.engine import Database
from fedishare.db.resources import ResourceFile
from fedishare.domain import bundles
from fedishare.domain.kinds import FileState
from tests.builders import MONDAY
from tests.web.builders import PDF, RESOURCE, docx, form
from tests.web.conftest import Browser, Node, Page

FILES = [("files", "wall.pdf", PDF), ("files", "Wall.PDF", PDF + b"!"), ("files", "plan.docx", docx())]


async def shared(teacher: Browser, **over: str) -> str:
    posted = await teacher.post("/compose", form(RESOURCE | over, FILES))
    assert posted.status == 303, posted.errors
    return posted.location


def opened(answer: Page) -> zipfile.ZipFile:
    assert (answer.status, answer.headers["Content-Length"]) == (200, str(len(answer.body)))
    found = zipfile.ZipFile(io.BytesIO(answer.body))
    assert found.testzip() is None
    return found


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_all_files_come_down_as_one_zip_with_who_made_them(node: Node) -> None:
    _, teacher = await node.a_teacher("ada", name="Ada Adams")
    page = await shared(teacher)

    button = next(link for link in (await node.stranger.get(page)).root.all("a") if link["href"].endswith("/all.zip"))
    answer = await node.stranger.get(button["href"])
    known = await node.stranger.get(button["href"], **{"If-None-Match": answer.headers["ETag"]})

    found = opened(answer)
    assert found.namelist() == ["About this resource.txt", "wall.pdf", "Wall (2).PDF", "plan.docx"]
    assert [found.read(name) for name in found.namelist()[1:]] == [body for _, _, body in FILES]
    about = found.read("About this resource.txt").decode()
    assert about.startswith("Fraction wall investigation\r\nAda Adams")
    assert "https://creativecommons.org/licenses/by-sa/4.0/" in about
    assert "Fraction wall investigation.zip" in answer.headers["Content-Disposition"]
    assert (answer.headers["Content-Type"], known.status) == ("application/zip", 304)


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_a_zip_is_for_those_alone_who_may_see_the_resource(node: Node, db: Database) -> None:
    _, teacher = await node.a_teacher()
    _, other = await node.a_teacher()
    path = f"{await shared(teacher, visibility='followers')}/all.zip"

    answers = [await each.get(path) for each in (node.stranger, other, teacher)]
    await db.write(lambda tx: tx.execute(update(ResourceFile).values(state=FileState.PENDING)))
    pending = await teacher.get(path)
    await db.write(lambda tx: tx.execute(update(ResourceFile).values(state=FileState.REFUSED)))
    refused = await teacher.get(path)

    assert [each.status for each in (*answers, pending, refused)] == [404, 404, 200, 503, 410]
    assert answers[2].headers["Cache-Control"] == "private, no-store"
    assert (await node.stranger.get("/resources/1/all.zip")).html == answers[0].html


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (["a.pdf", "A.pdf", "a.PDF"], ["a.pdf", "A (2).pdf", "a (3).PDF"]),
        (["a.pdf", "a (2).pdf", "a.pdf"], ["a.pdf", "a (2).pdf", "a (3).pdf"]),
        (["../../etc/passwd", "C:\\x\\y.txt", "nul.txt"], ["passwd", "y.txt", "_nul.txt"]),
        (["", "Übung.odt"], ["file", "Übung.odt"]),
    ],
)
def test_names_in_a_zip_are_safe_and_differ(wanted: list[str], found: list[str]) -> None:
    assert bundles.names(wanted) == found


def test_the_length_is_known_before_anything_is_sent() -> None:
    entries = [bundles.Entry("Übung.odt", 3, 0x352441C2), bundles.Entry("leer", 0, 0)]

    body = bundles.before(entries[0], at=MONDAY) + b"abc" + bundles.before(entries[1], at=MONDAY)
    body += bundles.ending(entries, at=MONDAY)

    found = zipfile.ZipFile(io.BytesIO(body))
    assert len(body) == bundles.length(entries, at=MONDAY)
    assert (found.namelist(), found.testzip(), found.read("Übung.odt")) == (["Übung.odt", "leer"], None, b"abc")
    assert found.getinfo("leer").date_time[:5] == MONDAY.timetuple()[:5]
