"""What somebody is told, in the words of the page."""

from fedishare.core.here import Here
from fedishare.db.engine import Database
from tests.builders import a_room
from tests.web.conftest import Node


async def test_whoever_looks_after_a_room_is_told_who_came_and_who_asks_and_where(
    node: Node, db: Database, here: Here
) -> None:
    ada, browser = await node.a_teacher("ada")
    _, colleague = await node.a_teacher("bea", name="Bea")
    maths = await a_room(db, here, owner=ada, username="maths", name="Maths")
    circle = await a_room(db, here, owner=ada, username="circle", name="Circle", locked=True, discoverable=True)
    phonics = await a_room(db, here, owner=ada, username="phonics", name="Phonics", locked=True, discoverable=True)
    for each in (ada, maths, circle, phonics):
        await colleague.post("/follow", {"actor": str(each.id)})

    page = (await browser.get("/notices")).root

    said = [line.one("p", class_="sentence").text.partition(" ·")[0] for line in page.all("li", class_="notice")]
    assert said == ["Bea asks to join Phonics", "Bea asks to join Circle", "Bea joined Maths", "Bea follows you now"]
    doors = [link["href"] for link in page.one("main").all("a") if link["href"].endswith("/members")]
    assert doors == [f"/rooms/{phonics.id}/members", f"/rooms/{circle.id}/members"]


async def test_letting_somebody_into_one_room_leaves_what_they_ask_of_another(
    node: Node, db: Database, here: Here
) -> None:
    ada, browser = await node.a_teacher("ada")
    bea, colleague = await node.a_teacher("bea", name="Bea")
    circle = await a_room(db, here, owner=ada, username="circle", name="Circle", locked=True, discoverable=True)
    phonics = await a_room(db, here, owner=ada, username="phonics", name="Phonics", locked=True, discoverable=True)
    for each in (circle, phonics):
        await colleague.post("/follow", {"actor": str(each.id)})

    await browser.post(f"/rooms/{circle.id}/members", {"act": "accept", "actor": str(bea.id)})

    page = (await browser.get("/notices")).root
    said = [line.one("p", class_="sentence").text.partition(" ·")[0] for line in page.all("li", class_="notice")]
    assert said == ["Bea joined Circle", "Bea asks to join Phonics"]
