"""What a file tells of people is said before it is shared; a clean copy is made of it, and the original is not lost."""

import io
import zipfile
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, select

from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.db.uploads import Upload
from fedishare.jobs import darkroom
from fedishare.services import housekeeping, uploads
from tests.builders import FrozenClock
from tests.office import word
from tests.web.builders import PDF, RESOURCE, form
from tests.web.conftest import Browser, Element, Node, Page
from tests.web.test_drafts import filled
from tests.web.test_uploads import begin, tus

COMMENT = '<w:comment w:id="0" w:author="Ann Lee"><w:p/></w:comment>'
BODY = "<w:p><w:r><w:t>Tides</w:t></w:r><w:ins w:author='Ann Lee'><w:r><w:t> rise</w:t></w:r></w:ins></w:p>"
PLAN = word(BODY, comments=COMMENT)
TOLD = (
    "This file names Jane Doe as author and Hawes Side as company, was last saved by John Roe, and has 1 comment and 1 "
    "tracked change by Ann Lee."
)


def sent(page: Element, **more: str) -> dict[str, Any]:
    """What a browser sends of the form, with one of its buttons pressed."""
    return filled(page) | more


async def press(who: Browser, page: Page, button: str) -> Page:
    """Send the form with a button that stands beside its one file."""
    return await who.post("/compose", form(sent(page.root, **{button: page.root.one("button", name=button)["value"]})))


def lines(page: Page) -> list[str]:
    return [each.text for each in page.root.all("span", class_="traces")]


def inside(body: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        assert archive.testzip() is None
        return b"".join(archive.read(name) for name in archive.namelist())


async def held(teacher: Browser, name: str = "plan.docx", body: bytes = PLAN) -> Page:
    """The form once more, because of what its file tells."""
    page = await teacher.post("/compose", form(RESOURCE, [("files", name, body)]))
    assert page.status == 422
    return page


async def test_a_file_is_shared_only_after_its_owner_was_told_what_it_tells(node: Node) -> None:
    _, teacher = await node.a_teacher()

    page = await held(teacher)

    assert page.errors == [
        (
            "plan.docx says more than you may want to hand out: look at what stands beside it. Make a clean copy, or "
            "share it once more to keep it as it is."
        )
    ]
    assert [TOLD in line for line in lines(page)] == [True]
    shared = await teacher.post("/compose", form(sent(page.root)))
    assert shared.status == 303, shared.errors
    assert (await teacher.get(f"{shared.location}/files/plan.docx")).body == PLAN


async def test_a_clean_copy_is_shared_in_place_of_the_file(node: Node) -> None:
    _, teacher = await node.a_teacher()
    page = await held(teacher)

    cleaned = await teacher.post(
        "/compose", form(sent(page.root, clean=page.root.one("button", name="clean")["value"]))
    )
    shared = await teacher.post("/compose", form(sent(cleaned.root)))

    assert (cleaned.status, cleaned.errors) == (200, [])
    assert ["This is a clean copy" in line for line in lines(cleaned)] == [True]
    assert shared.status == 303, shared.errors
    await node.work()
    body = (await node.stranger.get(f"{shared.location}/files/plan.docx")).body
    assert b"Tides" in inside(body)
    assert [name in inside(body) for name in (b"Jane", b"John", b"Ann", b"Hawes")] == [False] * 4


async def test_the_original_comes_back_and_the_same_copy_again(node: Node, db: Database) -> None:
    _, teacher = await node.a_teacher()
    page = await held(teacher)
    cleaned = await teacher.post(
        "/compose", form(sent(page.root, clean=page.root.one("button", name="clean")["value"]))
    )
    copy = cleaned.root.one("button", name="original")["value"]

    back = await teacher.post("/compose", form(sent(cleaned.root, original=copy)))
    again = await press(teacher, back, "clean")

    assert [TOLD in line for line in lines(back)] == [True]
    assert again.root.one("button", name="original")["value"] == copy
    assert len(await db.read(_keys)) == 2


def _keys(tx: Connection) -> list[str]:
    return list(tx.scalars(select(Upload.key)))


async def test_a_file_may_be_kept_as_it_is_and_is_not_asked_about_again(node: Node) -> None:
    _, teacher = await node.a_teacher()
    page = await held(teacher)

    kept = await press(teacher, page, "keep")

    assert (kept.status, kept.errors) == (200, [])
    assert [TOLD in line for line in lines(kept)] == [False]
    assert "Kept as it is." in kept.root.one("li", class_="upload").text
    draft = await teacher.post("/drafts", form(sent(kept.root)))
    reopened = await teacher.get(draft.location)
    assert "Kept as it is." in reopened.root.one("li", class_="upload").text
    assert (await teacher.post("/compose", form(sent(reopened.root)))).status == 303


async def test_a_file_that_went_up_before_is_told_of_beside_it_and_shared_at_once(node: Node) -> None:
    _, teacher = await node.a_teacher()
    begun = await begin(
        teacher, name="plan.docx", size=len(PLAN), body=PLAN, Content_Type="application/offset+octet-stream"
    )

    line = await tus(teacher, "GET", begun.location)

    assert TOLD in line.root.text
    fields = RESOURCE | {"upload": line.root.one("li")["data-key"], "told": line.root.one("li")["data-key"]}
    assert (await teacher.post("/compose", form(fields))).status == 303


async def test_nobody_makes_a_clean_copy_of_somebody_elses_file(node: Node, db: Database) -> None:
    _, teacher = await node.a_teacher()
    _, other = await node.a_teacher()
    await held(teacher)
    (key,) = await db.read(_keys)

    answer = await other.post("/compose", form(RESOURCE | {"upload": key, "clean": key}))

    assert answer.errors == ["A file that was here before is gone: please add it again."]
    assert await db.read(_keys) == [key]


async def test_a_new_file_of_an_edited_resource_is_told_of_and_cleaned_too(node: Node) -> None:
    _, teacher = await node.a_teacher()
    shared = await teacher.post("/compose", form(RESOURCE, [("files", "wall.pdf", PDF)]))
    path = f"/posts/{shared.location.rpartition('/')[2]}/edit"
    before = filled((await teacher.get(path)).root)
    uploaded = [each["value"] for each in (await teacher.get(path)).root.all("input", name="upload")]

    page = await teacher.post(path, form(before | {"upload": uploaded[-1]}, [("files", "plan.docx", PLAN)]))
    keys = [each["value"] for each in page.root.all("input", name="upload") if each["value"]]
    fields = filled(page.root) | {"clean": page.root.one("button", name="clean")["value"]}
    cleaned = await teacher.post(path, several(fields, upload=keys))
    keys = [each["value"] for each in cleaned.root.all("input", name="upload") if each["value"]]
    saved = await teacher.post(path, several(filled(cleaned.root), upload=keys))

    assert (page.status, cleaned.status, cleaned.errors, saved.status) == (422, 200, [], 303)
    assert b"Jane" not in inside((await teacher.get(f"{shared.location}/files/plan.docx")).body)
    assert (await teacher.get(f"{shared.location}/files/wall.pdf")).body == PDF


def several(fields: dict[str, str], **lists: list[str]) -> Any:
    data = form({name: value for name, value in fields.items() if name not in lists})
    for name, values in lists.items():
        for value in values:
            data.add_field(name, value)
    return data


async def test_what_cannot_be_cleaned_stays_and_says_why(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    _, teacher = await node.a_teacher()
    page = await held(teacher)
    monkeypatch.setattr(darkroom, "SECONDS", 0.0)
    monkeypatch.setattr(darkroom.cleaned, "__kwdefaults__", {"seconds": 0.0})

    answer = await press(teacher, page, "clean")

    assert answer.errors == [
        "plan.docx: We cannot make a clean copy of this file. You can take the names out in the program that made it."
    ]
    assert [TOLD in line for line in lines(answer)] == [True]
    assert len(node.stored) == 1


async def test_the_original_is_kept_as_long_as_its_copy_is_not_shared(
    node: Node, db: Database, here: Here, clock: FrozenClock
) -> None:
    _, teacher = await node.a_teacher()
    page = await held(teacher)
    cleaned = await teacher.post(
        "/compose", form(sent(page.root, clean=page.root.one("button", name="clean")["value"]))
    )
    draft = await teacher.post("/drafts", form(sent(cleaned.root)))
    clock.tick(days=3)

    await db.write(housekeeping.sweep, here)

    reopened = await teacher.get(draft.location)
    copy = reopened.root.one("button", name="original")["value"]
    back = await teacher.post("/compose", form(sent(reopened.root, original=copy)))
    assert (back.errors, [TOLD in line for line in lines(back)]) == ([], [True])
    shared = await teacher.post("/compose", form(sent(reopened.root)))
    assert shared.status == 303, shared.errors
    await db.write(housekeeping.sweep, here)
    assert await db.read(_keys) == [copy]
    assert timedelta(days=3) > uploads.LOOSE_KEPT
