"""The pictures of a room are changed by those who look after it, one's own by oneself, and other servers are told."""

import io
from typing import Any

import msgspec
from PIL import Image
from sqlalchemy import Connection, select

from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.db.rooms import Steward
from fedishare.db.work import Activity
from fedishare.domain.kinds import StewardRole
from tests.builders import a_follow_row, a_person, a_room, add
from tests.files import picture
from tests.web.builders import form, png
from tests.web.conftest import Node

AS2 = "application/activity+json"


def told(tx: Connection) -> list[dict[str, Any]]:
    found = tx.scalars(select(Activity.body).where(Activity.type == "Update").order_by(Activity.id))
    return [msgspec.json.decode(body)["object"] for body in found]


async def test_who_looks_after_a_room_gives_it_pictures_and_other_servers_are_told(
    node: Node, db: Database, here: Here
) -> None:
    owner, _ = await node.a_teacher()
    moderator, browser = await node.a_teacher()
    room = await a_room(db, here, owner=owner, username="slt", name="Primary SLT")
    await db.write(add, Steward, room_id=room.id, actor_id=moderator.id, role=StewardRole.MODERATOR)
    await a_follow_row(db, here, by=await a_person(db, here, domain="birch.test", local=False), of=room)
    path = f"/rooms/{room.id}/pictures"
    exif = Image.Exif()
    exif[0x010E] = "kept secret"

    saved = await browser.post(
        path, form({}, [("picture_1", "a.png", png()), ("picture_2", "b.jpg", picture(size=(3000, 1000), exif=exif))])
    )
    await node.work()

    assert (saved.status, saved.location) == (303, "/@slt")
    shown = (await node.stranger.get("/@slt")).root
    icon, banner = shown.one("span", class_="large").one("img")["src"], shown.one("img", class_="cover")["src"]
    actor = msgspec.json.decode((await node.stranger.get("/groups/slt", Accept=AS2)).body)
    assert (actor["icon"]["url"], actor["image"]["url"]) == (icon, banner)
    body = (await node.stranger.get(banner.removeprefix("https://alder.test"))).body
    assert b"secret" not in body
    assert Image.open(io.BytesIO(body)).size == (1500, 500)
    updates = await db.read(told)
    assert [(each["id"], each["icon"]["url"], each["image"]["url"]) for each in updates[-1:]] == [
        (room.uri, icon, banner)
    ]
    taken = await browser.post(path, form({"drop_1": "1"}))
    await node.work()
    assert taken.status == 303
    assert "icon" not in (await db.read(told))[-1]
    assert (await node.stranger.get(icon.removeprefix("https://alder.test"))).status == 404
    assert (await node.stranger.get("/@slt")).root.one("img", class_="cover")["src"] == banner


async def test_nobody_else_changes_the_pictures_of_a_room(node: Node, db: Database, here: Here) -> None:
    owner, _ = await node.a_teacher()
    _, other = await node.a_teacher()
    room = await a_room(db, here, owner=owner, username="slt")
    path = f"/rooms/{room.id}/pictures"

    answers = [await other.get(path), await other.post(path, form({}, [("picture_1", "a.png", png())]))]

    assert [answer.status for answer in answers] == [403, 403]
    assert "Only those who look after this room can do this." in answers[0].html
    assert (await other.get("/rooms/77/pictures")).status == 404
    assert await db.read(told) == []
    assert node.stored == []


async def test_one_gives_oneself_a_picture_and_is_told_what_is_none(node: Node) -> None:
    _, teacher = await node.a_teacher("anna")

    wrong = await teacher.post("/settings/pictures", form({}, [("picture_1", "a.png", b"no picture")]))
    saved = await teacher.post("/settings/pictures", form({}, [("picture_1", "a.png", png())]))

    assert (wrong.status, wrong.errors) == (
        422,
        ["This picture cannot be read: save it as JPEG or PNG and add it again."],
    )
    assert (saved.status, saved.location) == (303, "/@anna")
    assert (
        (await teacher.get("/settings/pictures"))
        .root.one("img", class_="portrait")["src"]
        .startswith("https://alder.test/portraits/")
    )
