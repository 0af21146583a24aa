"""What a page shows of a file before it is downloaded: to whom, and what of it."""

import hashlib
import io
import json
from urllib.parse import urlsplit

from PIL import Image
from sqlalchemy import select

from fedishare.db.engine import Database
from fedishare.db.previews import Preview
from tests.files import package, pdf, picture
from tests.web.builders import RESOURCE, form
from tests.web.conftest import Browser, Node


async def share(teacher: Browser, name: str, body: bytes, **over: str) -> str:
    answer = await teacher.post("/compose", form(RESOURCE | over, [("files", name, body)]))
    assert answer.status == 303, answer.errors
    return answer.location


async def test_the_first_page_of_a_pdf_is_shown_on_its_page_in_lists_and_to_other_servers(node: Node) -> None:
    _, teacher = await node.a_teacher()
    path = await share(teacher, "fraction wall.pdf", pdf())
    before = (await node.stranger.get(path)).root.all("img", class_="preview")

    await node.work()

    address = f"https://alder.test{path}/files/fraction%20wall.pdf/preview.webp"
    page = (await node.stranger.get(path)).root
    shown = page.one("img", class_="preview")
    assert before == []
    assert (shown["src"], shown["alt"], shown["width"], shown["height"]) == (
        address,
        "Preview of fraction wall.pdf",
        "900",
        "1200",
    )
    assert page.one("meta", property="og:image")["content"] == address
    assert json.loads(page.all("script", type="application/ld+json")[0].text)["image"] == address
    assert (await teacher.get("/")).root.one("img", class_="preview")["src"] == address
    note = json.loads((await node.stranger.get(path, Accept="application/activity+json")).body)
    assert note["image"] == {
        "type": "Image",
        "url": address,
        "mediaType": "image/webp",
        "name": "Preview of fraction wall.pdf",
        "width": 900,
        "height": 1200,
    }
    answer = await node.stranger.get(urlsplit(address).path)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "image/webp")
    assert Image.open(io.BytesIO(answer.body)).size == (900, 1200)


async def test_the_preview_of_a_private_resource_is_as_private_as_its_file(node: Node) -> None:
    _, teacher = await node.a_teacher()
    _, colleague = await node.a_teacher()
    path = await share(teacher, "plan.pdf", pdf(), visibility="followers")
    await node.work()
    address = f"{path}/files/plan.pdf/preview.webp"

    found = [await browser.get(address) for browser in (teacher, colleague, node.stranger)]

    assert [answer.status for answer in found] == [200, 404, 404]
    assert found[0].headers["Cache-Control"] == "private, no-store"
    missing = await node.stranger.get("/resources/404/files/plan.pdf/preview.webp")
    assert found[2].body.replace(path.encode(), b"") == missing.body.replace(b"/resources/404", b"")


async def test_a_file_without_a_picture_has_none(node: Node) -> None:
    _, teacher = await node.a_teacher()
    path = await share(teacher, "notes.txt", b"Remember the rulers.")
    await node.work()

    assert (await teacher.get(path)).root.all("img", class_="preview") == []
    assert (await teacher.get(f"{path}/files/notes.txt/preview.webp")).status == 404


async def test_what_carries_a_warning_is_not_shown_before_it(node: Node) -> None:
    _, teacher = await node.a_teacher()
    path = await share(teacher, "spider.jpg", picture(), warning="Spiders")
    await node.work()

    assert (await teacher.get("/")).root.all("img", class_="preview") == []
    page = (await teacher.get(path)).root
    assert page.all("meta", property="og:image") == []
    assert len(page.all("img", class_="preview")) == 1
    assert page.one("details", class_="previews").one("img", class_="preview")["alt"] == "Preview of spider.jpg"


async def test_a_package_that_may_harm_a_computer_is_left_out_in_plain_words(node: Node) -> None:
    _, teacher = await node.a_teacher()
    bombs = [package({"zeros.txt": bytes(80 << 20)}), package({"../../evil.txt": "x"})]

    said = [await teacher.post("/compose", form(RESOURCE, [("files", "week 1.zip", bomb)])) for bomb in bombs]

    assert [answer.status for answer in said] == [422, 422]
    first, second = (" ".join(answer.errors) for answer in said)
    assert "week 1.zip was left out: it would unpack to far more than it is." in first
    assert "week 1.zip was left out: there are names in it that would put files in other folders" in second
    assert node.stored == []


async def test_the_contents_of_a_package_are_listed(node: Node) -> None:
    _, teacher = await node.a_teacher()
    path = await share(teacher, "quiz.h5p", package({"h5p.json": "{}", "content/<b>.json": "{}"}))
    await node.work()

    listed = (await node.stranger.get(path)).root.one("ul", class_="contents").all("li")

    assert [line.text for line in listed] == ["h5p.json 2 bytes", "content/<b>.json 2 bytes"]


async def test_words_and_code_are_shown_and_never_run(node: Node) -> None:
    _, teacher = await node.a_teacher()
    body = b"print('<script>alert(1)</script>')\n" * 4000
    path = await share(teacher, "guess.py", body)

    page = await node.stranger.get(path)

    assert page.root.one("pre", class_="excerpt").raw.removeprefix("\n") == body[: 64 << 10].decode()
    assert "<script>alert" not in page.html


async def test_films_and_sounds_have_players(node: Node) -> None:
    _, teacher = await node.a_teacher()
    path = await share(teacher, "song.mp3", b"ID3" + bytes(5000))
    sound = (await node.stranger.get(path)).root.one("audio")
    assert (sound["src"], sound["preload"], sound.has("controls", "")) == (
        f"https://alder.test{path}/files/song.mp3",
        "none",
        True,
    )

    part = await node.stranger.get(f"{path}/files/song.mp3", Range="bytes=100-199")

    assert (part.status, len(part.body)) == (206, 100)


async def test_a_preview_goes_with_its_file(node: Node, db: Database) -> None:
    _, teacher = await node.a_teacher()
    path = await share(teacher, "wall.pdf", pdf())
    await node.work()
    assert len(node.stored) == 2

    answer = await teacher.post(f"/posts/{path.rpartition('/')[2]}/delete")
    await node.work()

    assert answer.status == 303
    assert node.stored == []
    assert await db.read(lambda tx: tx.scalars(select(Preview.storage_key)).all()) == []


async def test_med_06_a_photo_in_a_resource_forgets_where_it_was_taken(node: Node) -> None:
    _, teacher = await node.a_teacher()
    exif = Image.Exif()
    exif[0x010E], exif[0x0112] = "51.5007 kept secret", 6
    photo = picture(exif=exif, comment=b"kept secret")

    path = await share(teacher, "playground.jpg", photo)

    answer = await node.stranger.get(f"{path}/files/playground.jpg")
    assert (answer.status, int(answer.headers["Content-Length"])) == (200, len(answer.body))
    assert b"secret" in photo
    assert b"secret" not in answer.body
    assert answer.headers["ETag"] == f'"{hashlib.sha256(answer.body).hexdigest()}"'
    assert dict(Image.open(io.BytesIO(answer.body)).getexif()) == {0x0112: 6}
    assert len(node.stored) == 1
