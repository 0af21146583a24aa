"""Linking two rooms of one node from their pages: asked, agreed, declined and ended, by those who may."""

from typing import NamedTuple

import pytest

from tests.web.conftest import Browser, Node


class Scene(NamedTuple):
    hana: Browser
    ben: Browser
    maths: str
    numbers: str


async def a_room_of(browser: Browser, name: str) -> str:
    new = {"name": name.title(), "username": name, "description": "For all."}
    assert (await browser.post("/rooms/new", new)).status == 303
    found = [link["href"] for link in (await browser.get(f"/@{name}")).root.all("a")]
    return next(href for href in found if href.endswith("/linked")).split("/")[2]


@pytest.fixture
async def scene(node: Node) -> Scene:
    _, hana = await node.a_teacher("hana", name="Hana Hughes")
    _, ben = await node.a_teacher("ben", name="Ben Bright")
    return Scene(hana, ben, await a_room_of(hana, "maths"), await a_room_of(ben, "numbers"))


async def states(browser: Browser, room: str) -> list[str]:
    page = await browser.get(f"/rooms/{room}/linked")
    (shown,) = page.root.all("section", id="linked")
    return [line.all("p")[0].text for line in shown.all("li")]


async def test_a_room_asks_another_agrees_and_what_is_new_is_in_both(scene: Scene) -> None:
    hana, ben, maths, numbers = scene

    asked = await hana.post(f"/rooms/{maths}/linked", {"act": "ask", "other": "@numbers"})
    before = await states(hana, maths), await states(ben, numbers)
    agreed = await ben.post(f"/rooms/{numbers}/linked", {"act": "agree", "room": maths})
    after = await states(hana, maths), await states(ben, numbers)

    assert (asked.status, agreed.status) == (303, 303)
    assert before == (["Asked. Its owners have not answered yet."], ["Asks to be linked with this room."])
    assert after == (["Linked: what is in one room is in the other."],) * 2
    for browser, name, other in ((hana, "maths", "Numbers"), (ben, "numbers", "Maths")):
        page = await browser.get(f"/@{name}")
        assert other in [link.text for link in page.root.all("a", class_="name")]
    assert "It is linked with your room Maths now" in (await hana.get("/notices")).html


async def test_what_was_asked_can_be_declined_or_taken_back(scene: Scene) -> None:
    hana, ben, maths, numbers = scene

    for browser, room, other in ((ben, numbers, maths), (hana, maths, numbers)):
        await hana.post(f"/rooms/{maths}/linked", {"act": "ask", "other": "@numbers"})
        await browser.post(f"/rooms/{room}/linked", {"act": "leave", "room": other})
        assert (await states(hana, maths), await states(ben, numbers)) == ([], [])
    assert "or no longer" in (await hana.get("/notices")).html


async def test_moderators_ask_and_leave_and_owners_agree(scene: Scene, node: Node) -> None:
    hana, ben, maths, numbers = scene
    made, carl = await node.a_teacher("carl", name="Carl Clay")
    await carl.post(f"/rooms/{numbers}/join", {})
    await ben.post(f"/rooms/{numbers}/members", {"act": "appoint", "actor": str(made.id)})
    await hana.post(f"/rooms/{maths}/linked", {"act": "ask", "other": "@numbers"})

    agreed = await carl.post(f"/rooms/{numbers}/linked", {"act": "agree", "room": maths})
    again = await carl.post(f"/rooms/{numbers}/linked", {"act": "ask", "other": "@maths"})
    stranger = await carl.get(f"/rooms/{maths}/linked")
    declined = await carl.post(f"/rooms/{numbers}/linked", {"act": "leave", "room": maths})

    assert (agreed.status, agreed.errors) == (422, ["Only its owners can do this."])
    assert (again.status, again.errors) == (422, ["Only its owners can do this."])
    assert stranger.status == 403
    assert declined.status == 303


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ("@maths", "This is the room itself. Give the address of another one."),
        ("@ben", "That is not a room, but a person or something else. Give the address of a room."),
        ("", "Give the address of the other room, such as @maths@school.example."),
        ("@nobody", "Nobody here has this name."),
        (
            "@heads",
            (
                "Only public rooms can be linked: what is written in a private room is for its own members, "
                "and for nobody else."
            ),
        ),
    ],
)
async def test_what_cannot_be_linked_is_said_in_plain_words(scene: Scene, other: str, words: str) -> None:
    hana, ben, maths, _ = scene
    await ben.post("/rooms/new", {"name": "Heads", "username": "heads", "description": "-", "access": "private"})

    answer = await hana.post(f"/rooms/{maths}/linked", {"act": "ask", "other": other})

    assert (answer.status, answer.errors) == (422, [words])
    assert answer.root.all("input", id="other")[0]["value"] == other
