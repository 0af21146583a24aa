"""Moving to another server, and here from one."""

from typing import Any

from sqlalchemy import Connection, select, update

from fedishare.core.here import Here
from fedishare.db.accounts import Account
from fedishare.db.engine import Database
from fedishare.db.people import Actor
from fedishare.db.work import Job
from fedishare.services import accounts
from tests.builders import Made, a_person
from tests.web.conftest import Browser, Node

PASSWORD = "correct horse battery"


async def anna_of(node: Node, db: Database) -> tuple[Made, Browser]:
    anna, browser = await node.a_teacher("anna")
    hashed = accounts.hash_password(PASSWORD)
    await db.write(_set_password, hashed)
    return anna, browser


def _set_password(tx: Connection, hashed: str) -> None:
    tx.execute(update(Account).values(password_hash=hashed))


def moved(tx: Connection) -> list[Any]:
    return list(tx.scalars(select(Actor.moved_to).where(Actor.local, Actor.username == "anna")))


async def test_another_account_is_named_and_taken_away(node: Node, db: Database, here: Here) -> None:
    _, browser = await anna_of(node, db)
    # The same node knows it, so nothing has to be fetched.
    old = await a_person(db, here, username="annaold")

    named = await browser.post("/settings/move", {"part": "name", "other": "@annaold"})
    shown = (await browser.get("/settings/move")).root
    await browser.post("/settings/move", {"part": "forget", "uri": old.uri})

    assert named.location == "/settings/move?said=named"
    assert [each.text for each in shown.one("ul", class_="lines").all("bdi")] == [old.uri]
    assert old.uri not in (await browser.get("/settings/move")).html


async def test_an_account_moves_with_its_password_and_comes_back(node: Node, db: Database, here: Here) -> None:
    anna, browser = await anna_of(node, db)
    new = await a_person(db, here, username="annanew", also_known_as=[anna.uri])
    fields = {"part": "leave", "target": "annanew"}

    wrong = await browser.post("/settings/move", fields | {"current": "guess"})
    done = await browser.post("/settings/move", fields | {"current": PASSWORD})

    assert (wrong.status, wrong.errors) == (422, ["This is not your password. Check it and try again."])
    assert (done.location, await db.read(moved)) == ("/settings/move?said=moved", [new.uri])
    assert "SendMove" in await db.read(lambda tx: tx.scalars(select(Job.kind)).all())
    page = (await node.stranger.get("/@anna")).root
    assert page.one("p", class_="said").one("a")["href"] == new.uri
    await browser.post("/settings/move", {"part": "back"})
    assert await db.read(moved) == [None]


async def test_what_stands_in_the_way_of_a_move_is_said(node: Node, db: Database, here: Here) -> None:
    anna, browser = await anna_of(node, db)
    await a_person(db, here, username="annanew")

    answer = await browser.post("/settings/move", {"part": "leave", "target": "annanew", "current": PASSWORD})

    assert (answer.status, await db.read(moved)) == (422, [None])
    assert f"add {anna.uri} as another account of yours" in answer.errors[0]
