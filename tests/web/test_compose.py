"""Writing posts, answers and resources: what comes of a form, and that a mistake in it loses nothing."""

import hashlib
import io
from typing import Any

import pytest
from aiohttp import FormData
from PIL import Image
from sqlalchemy import Connection, func, select

from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.db.media import Media
from fedishare.db.posts import Post
from fedishare.db.resources import ResourceFile
from fedishare.domain.audience import Visibility
from fedishare.queries import timelines
from fedishare.queries.cards import Card
from tests.builders import a_follow_row, a_person, a_post, a_room
from tests.web.builders import DOCX_TYPE, PDF, RESOURCE, docx, form, png
from tests.web.conftest import Browser, Node, Page


async def posted(db: Database, answer: Page, viewer: int | None = None) -> Card:
    assert answer.status == 303, answer.errors
    return await db.read(timelines.card, post_id=int(answer.location.rpartition("/")[2]), viewer=viewer)


def count(tx: Connection, table: type[Any]) -> int:
    return tx.scalar(select(func.count()).select_from(table)) or 0


async def test_a_post_is_written_and_shown_at_its_page(node: Node, db: Database) -> None:
    _, teacher = await node.a_teacher("ada")

    answer = await teacher.post("/compose", form({"text": "**Hello** colleagues", "language": "cy"}))

    card = await posted(db, answer)
    assert answer.location == f"/posts/{card.id}"
    assert (card.content, card.visibility, card.language) == (
        "<p><strong>Hello</strong> colleagues</p>",
        Visibility.PUBLIC,
        "cy",
    )
    page = (await node.stranger.get(answer.location)).root
    assert page.one("div", class_="prose")["lang"] == "cy"
    assert page.one("strong").text == "Hello"


async def test_a_resource_comes_with_its_files_to_the_byte(node: Node, db: Database) -> None:
    _, teacher = await node.a_teacher()
    files = [("files", "wall.docx", docx()), ("files", "Übersicht.pdf", PDF), ("files", "", b"")]

    answer = await teacher.post("/compose", form(RESOURCE, files))

    card = await posted(db, answer)
    assert answer.location == f"/resources/{card.id}"
    assert card.resource is not None
    assert [(file.name, file.media_type, file.size, file.sha256) for file in card.resource.files] == [
        ("wall.docx", DOCX_TYPE, len(docx()), hashlib.sha256(docx()).hexdigest()),
        ("Übersicht.pdf", "application/pdf", len(PDF), hashlib.sha256(PDF).hexdigest()),
    ]
    assert (card.resource.level_label, card.resource.licence) == ("Year 4", "CC-BY-SA-4.0")


async def test_a_mistake_keeps_everything_that_was_typed_and_sent(node: Node, db: Database) -> None:
    _, teacher = await node.a_teacher()
    files = [("files", "wall.docx", docx()), ("files", "setup.exe", b"MZ\x90\x00\x00"), ("picture_1", "a.png", png())]
    fields = RESOURCE | {"minutes": "an hour", "warning": "long & <odd>", "alt_1": "A wall of fractions"}

    answer = await teacher.post("/compose", form(fields, files))

    page = answer.root
    assert answer.status == 422
    assert answer.errors == [
        "setup.exe was left out: programs and shortcuts cannot be shared, because they may harm a computer.",
        "Say how long it takes as a whole number of minutes, such as 60.",
    ]
    assert page.one("textarea", name="text").text == RESOURCE["text"]
    assert page.one("input", name="warning")["value"] == "long & <odd>"
    chosen = [each["value"] for each in page.one("select", name="level").all("option") if "selected" in each.attributes]
    assert chosen == ["england:year-4"]
    assert "checked" in page.one("input", name="licence", value="CC-BY-SA-4.0").attributes
    assert "checked" in page.one("input", id="resource").attributes
    assert page.one("li", class_="file").one("bdi").text == "wall.docx"
    assert page.one("img", class_="thumb")["alt"] == "A wall of fractions"
    assert page.one("input", name="minutes")["aria-describedby"] == "minutes-hint minutes-wrong"

    again = RESOURCE | {
        "upload": page.one("input", name="upload")["value"],
        "picture_key_1": page.one("input", name="picture_key_1")["value"],
        "alt_1": "A wall of fractions, one to twelfths",
    }
    card = await posted(db, await teacher.post("/compose", form(again)))

    assert card.resource is not None
    assert [file.name for file in card.resource.files] == ["wall.docx"]
    assert [picture.alt for picture in card.pictures] == ["A wall of fractions, one to twelfths"]


async def test_what_was_kept_can_be_left_out(node: Node) -> None:
    _, teacher = await node.a_teacher()
    files = [("files", "wall.docx", docx()), ("picture_1", "a.png", png())]
    page = (await teacher.post("/compose", form(RESOURCE | {"minutes": "an hour"}, files))).root
    again = RESOURCE | {
        "upload": page.one("input", name="upload")["value"],
        "drop_upload": page.one("input", name="upload")["value"],
        "picture_key_1": page.one("input", name="picture_key_1")["value"],
        "drop_1": "1",
    }

    answer = await teacher.post("/compose", form(again))

    assert answer.errors == ["Add at least one file: that is what colleagues come for."]
    assert answer.root.all("img", class_="thumb") == []


async def test_nobody_else_can_use_a_kept_file_or_picture(node: Node, db: Database) -> None:
    _, teacher = await node.a_teacher()
    _, other = await node.a_teacher()
    files = [("files", "wall.docx", docx()), ("picture_1", "a.png", png())]
    page = (await teacher.post("/compose", form(RESOURCE | {"minutes": "an hour"}, files))).root
    file, key = page.one("input", name="upload")["value"], page.one("input", name="picture_key_1")["value"]

    answer = await other.post("/compose", form(RESOURCE | {"upload": file, "picture_key_1": key}))
    forged = await teacher.post("/compose", form(RESOURCE | {"upload": file[:-8] + "AAAAAAAA"}))

    assert answer.errors == [
        "A file that was here before is gone: please add it again.",
        "A picture that was here before is gone: please add it again.",
    ]
    assert forged.errors == ["A file that was here before is gone: please add it again."]
    assert await db.read(count, Post) == 0


async def test_a_form_sent_twice_makes_one_resource(node: Node, db: Database) -> None:
    _, teacher = await node.a_teacher()
    page = (
        await teacher.post("/compose", form(RESOURCE | {"minutes": "an hour"}, [("files", "wall.docx", docx())]))
    ).root
    again = RESOURCE | {"upload": page.one("input", name="upload")["value"]}

    first, second = await teacher.post("/compose", form(again)), await teacher.post("/compose", form(again))

    assert first.status == 303
    assert second.errors == ["These files have been shared already: look at your page before you send them again."]
    assert await db.read(count, ResourceFile) == 1


async def test_a_file_over_the_limit_says_the_limit(node: Node) -> None:
    _, teacher = await node.a_teacher()

    answer = await teacher.post("/compose", form(RESOURCE, [("files", "film.pdf", b"%PDF" + bytes(1 << 20))]))

    assert (answer.status, answer.errors) == (413, ["film.pdf was left out: a file may have up to 1 MB."])
    assert answer.root.one("textarea", name="text").text == RESOURCE["text"]
    assert node.stored == []


@pytest.mark.parametrize(
    ("name", "title"),
    [("fraction-wall_final.docx", "Fraction wall final"), ("Übungen.v2.docx", "Übungen v2")],
)
async def test_a_resource_without_a_title_is_named_after_its_first_file(
    node: Node, db: Database, name: str, title: str
) -> None:
    _, teacher = await node.a_teacher()

    card = await posted(db, await teacher.post("/compose", form(RESOURCE | {"title": ""}, [("files", name, docx())])))

    assert card.title == title


async def test_files_mean_a_resource_whatever_the_button_said(node: Node) -> None:
    _, teacher = await node.a_teacher()

    answer = await teacher.post("/compose", form({"text": "Here you are"}, [("files", "wall.docx", docx())]))

    assert answer.errors == ["Choose what colleagues may do with it."]
    assert "checked" in answer.root.one("input", id="resource").attributes


async def test_a_picture_loses_its_place_and_keeps_its_words(node: Node, db: Database) -> None:
    _, teacher = await node.a_teacher()
    photo, exif = io.BytesIO(), Image.Exif()
    exif[0x0110] = "A phone"
    exif.get_ifd(0x8825)[2] = (50.0, 55.0, 0.0)
    Image.new("RGB", (64, 48), "teal").save(photo, "JPEG", exif=exif)

    answer = await teacher.post(
        "/compose",
        form({"text": "", "alt_1": "A teal wall", "focus_1": "top"}, [("picture_1", "photo.jpg", photo.getvalue())]),
    )

    card = await posted(db, answer)
    picture = card.pictures[0]
    assert (picture.focal_x, picture.focal_y) == (0.0, 0.8)
    shown = await node.stranger.get(picture.url.removeprefix("https://alder.test"))
    assert (picture.alt, picture.width, picture.height) == ("A teal wall", 64, 48)
    assert (shown.status, shown.headers["Content-Type"]) == (200, "image/jpeg")
    assert b"A phone" not in shown.body
    assert dict(Image.open(io.BytesIO(shown.body)).getexif()) == {}


async def test_a_picture_sent_again_takes_its_new_words_and_focal_point(node: Node, db: Database) -> None:
    _, teacher = await node.a_teacher()
    page = (
        await teacher.post("/compose", form(RESOURCE | {"minutes": "an hour"}, [("picture_1", "a.png", png())]))
    ).root
    key = page.one("input", name="picture_key_1")["value"]

    sent = {"text": "", "picture_key_1": key, "alt_1": "A wall", "focus_1": "left"}
    (picture,) = (await posted(db, await teacher.post("/compose", form(sent)))).pictures

    assert (picture.alt, picture.focal_x, picture.focal_y) == ("A wall", -0.8, 0.0)


async def test_a_picture_that_is_none_is_refused_and_the_text_stays(node: Node) -> None:
    _, teacher = await node.a_teacher()
    svg = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'

    answer = await teacher.post("/compose", form({"text": "Look"}, [("picture_1", "x.png", svg)]))

    assert answer.errors == ["This picture cannot be read: save it as JPEG or PNG and add it again."]
    assert answer.root.one("textarea", name="text").text == "Look"


async def test_nothing_at_all_is_not_posted(node: Node) -> None:
    _, teacher = await node.a_teacher()

    answer = await teacher.post("/compose", form({"text": "  \r\n "}))

    assert (answer.status, answer.errors) == (422, ["Write something first, or add a picture."])


async def test_a_message_that_names_nobody_is_kept_back(node: Node) -> None:
    _, teacher = await node.a_teacher()

    answer = await teacher.post("/compose", form({"text": "Hello @nobody-here", "visibility": "mentioned"}))

    assert answer.errors == ["Nobody would see this: name at least one person, such as @name@school.example."]


async def test_a_message_reaches_who_is_named_and_nobody_else(node: Node) -> None:
    _, teacher = await node.a_teacher("ada")
    _, named = await node.a_teacher("bea")
    _, other = await node.a_teacher("cy")

    answer = await teacher.post("/compose", form({"text": "@bea between us", "visibility": "mentioned"}))

    found = [(await each.get(answer.location)).status for each in (teacher, named, other, node.stranger)]
    assert found == [200, 200, 404, 404]


async def test_a_post_goes_into_a_room_that_its_author_is_in(node: Node, db: Database, here: Here) -> None:
    person, teacher = await node.a_teacher()
    room = await a_room(db, here, name="Primary SLT")
    await a_follow_row(db, here, by=person, of=room)

    asked = (await teacher.get(f"/compose?room={room.id}")).root
    answer = await teacher.post("/compose", form({"text": "Hello room", "room": str(room.id)}))

    options = asked.one("select", name="room").all("option")
    assert [option["value"] for option in options if "selected" in option.attributes] == [str(room.id)]
    card = await posted(db, answer)
    assert card.room is not None
    assert card.room.id == room.id


async def test_a_room_one_is_not_in_is_refused_beside_the_text(node: Node, db: Database, here: Here) -> None:
    _, teacher = await node.a_teacher()
    room = await a_room(db, here)

    answer = await teacher.post("/compose", form({"text": "Hello room", "room": str(room.id)}))

    assert answer.errors == ["Join the room first; then you can post into it."]


async def test_an_answer_never_reaches_further_than_what_it_answers(node: Node, db: Database, here: Here) -> None:
    person, teacher = await node.a_teacher("ada")
    quiet = await a_post(db, here, by=person, visibility=Visibility.FOLLOWERS)

    asked = (await teacher.get(f"/compose?reply_to={quiet.id}")).root
    answer = await teacher.post("/compose", form({"text": "And more", "reply_to": str(quiet.id)}))

    assert [choice["value"] for choice in asked.all("input", name="visibility")] == ["followers", "mentioned"]
    assert "checked" in asked.one("input", name="visibility", value="followers").attributes
    assert answer.errors == ["Choose who can see this."]


async def test_an_answer_names_whom_it_answers(node: Node, db: Database, here: Here) -> None:
    _, teacher = await node.a_teacher()
    bea = await a_person(db, here, local=False, username="bea", domain="birch.test")
    question = await a_post(db, here, by=bea, content="<p>Who knows?</p>")

    box = (await teacher.get(f"/posts/{question.id}")).root.one("form", action="/compose")
    fields = {field["name"]: field["value"] for field in box.all("input")} | {"text": "@bea@birch.test I do"}
    card = await posted(db, await teacher.post("/compose", form(fields)))

    assert box.one("textarea").text == "@bea@birch.test"
    assert (card.in_reply_to_id, card.thread_id) == (question.id, question.id)
    assert 'href="https://birch.test/@bea"' in card.content


async def test_what_one_may_not_see_cannot_be_answered(node: Node, db: Database, here: Here) -> None:
    _, teacher = await node.a_teacher()
    other = await a_person(db, here)
    secret = await a_post(db, here, by=other, visibility=Visibility.FOLLOWERS, content="<p>Ours</p>")

    asked = await teacher.get(f"/compose?reply_to={secret.id}")
    answer = await teacher.post("/compose", form({"text": "Hm", "reply_to": str(secret.id)}))

    assert (asked.status, answer.status) == (404, 404)


async def test_an_edit_keeps_what_was_said_before(node: Node, db: Database) -> None:
    _, teacher = await node.a_teacher()
    path = (await teacher.post("/compose", form({"text": "Frist", "title": "A title"}))).location

    shown = (await teacher.get(f"{path}/edit")).root
    answer = await teacher.post(f"{path}/edit", form({"text": "First", "title": "A title", "warning": "Spelling"}))

    assert (shown.one("textarea", name="text").text, shown.one("input", name="title")["value"]) == ("Frist", "A title")
    card = await posted(db, answer)
    assert (card.content, card.warning, card.edited_at is not None) == ("<p>First</p>", "Spelling", True)
    history = (await node.stranger.get(f"{path}/history")).root
    assert [version.text for version in history.all("div", class_="prose")] == ["First", "Frist"]


async def test_an_empty_edit_is_refused_and_only_authors_may_edit(node: Node) -> None:
    _, teacher = await node.a_teacher()
    _, other = await node.a_teacher()
    path = (await teacher.post("/compose", form({"text": "Mine"}))).location

    empty = await teacher.post(f"{path}/edit", form({"text": ""}))
    theirs = [await other.get(f"{path}/edit"), await other.post(f"{path}/edit", form({"text": "Yours"}))]

    assert (empty.status, empty.errors) == (422, ["An empty text cannot be saved: delete the post instead."])
    assert [answer.status for answer in theirs] == [403, 403]


async def test_a_broken_or_endless_form_is_an_answer_and_not_an_accident(node: Node) -> None:
    _, teacher = await node.a_teacher()
    many = FormData(default_to_multipart=True, quote_fields=False)
    for number in range(250):
        many.add_field(f"field_{number}", "x")
    long = form({"text": "x" * (200 << 10)})

    broken = await _raw(teacher, b"--x\r\nnonsense", "multipart/form-data; boundary=x")
    answers = [await teacher.post("/compose", many), await teacher.post("/compose", long)]

    assert broken.status in {400, 422}
    assert [answer.status for answer in answers] == [413, 413]


async def _raw(browser: Browser, body: bytes, content_type: str) -> Page:
    return await browser.ask(
        "POST", "/compose", headers={"Content-Type": content_type, "Sec_Fetch_Site": "same-origin"}, data=body
    )


async def test_media_rows_are_made_for_pictures_only_once(node: Node, db: Database) -> None:
    _, teacher = await node.a_teacher()

    await teacher.post(
        "/compose", form({"text": "Two"}, [("picture_1", "a.png", png()), ("picture_3", "b.png", png())])
    )

    assert await db.read(count, Media) == 2
