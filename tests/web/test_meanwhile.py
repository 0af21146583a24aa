"""Two people who have the same form open at once: what each of them changed is kept, and nobody's words are lost."""

import pytest

from fedishare.core.here import Here
from fedishare.db.engine import Database
from tests.builders import a_resource
from tests.web.builders import RESOURCE, form
from tests.web.conftest import Browser, Node, Page
from tests.web.test_anthologies import a_collection, put
from tests.web.test_drafts import fields_of, filled
from tests.web.test_handles import a_handle, runs_too

TOLD = "Somebody else saved this page while you wrote"


@pytest.fixture
async def pair(node: Node) -> tuple[Browser, Browser]:
    _, anna = await node.a_teacher("anna", name="Anna Abbott")
    _, ben = await node.a_teacher("ben", name="Ben Bright")
    return anna, ben


def fields(page: Page, action: str) -> dict[str, str]:
    return fields_of(page.root.one("form", action=action))


async def a_room(anna: Browser, ben: Browser) -> str:
    """One that both of them own."""
    new = {"name": "Leaders", "username": "slt", "description": "For heads.", "rules": "Be kind.", "access": "open"}
    await anna.post("/rooms/new", new)
    links = [link["href"] for link in (await anna.get("/@slt")).root.all("a")]
    path = next(href for href in links if href.startswith("/rooms/") and href.endswith("/settings"))
    room = path.split("/")[2]
    await ben.post(f"/rooms/{room}/join", {"accepted": "1"})
    members = await anna.get(f"/rooms/{room}/members")
    own = next(each for each in members.root.all("form") if {"own"} & {one["value"] for one in each.all("input")})
    assert (await anna.post(own["action"], fields_of(own))).status == 303
    return path


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_two_owners_change_the_settings_of_a_room_and_both_are_heard(pair: tuple[Browser, Browser]) -> None:
    anna, ben = pair
    path = await a_room(anna, ben)
    mine, theirs = [fields(await each.get(path), path) for each in pair]

    first = await anna.post(path, mine | {"name": "Senior leaders", "rules": "Be kind and brief.", "access": "ask"})
    other = await ben.post(path, theirs | {"topics": "Phonics", "posting": "members"})
    stored = fields(await anna.get(path), path)

    assert (first.status, other.status) == (303, 303)
    wanted = {"name": "Senior leaders", "description": "For heads.", "rules": "Be kind and brief."}
    wanted |= {"access": "ask", "posting": "members", "topics": "Phonics"}
    assert {name: stored[name] for name in wanted} == wanted


async def test_two_owners_who_change_the_same_see_both_and_lose_nothing(pair: tuple[Browser, Browser]) -> None:
    anna, ben = pair
    path = await a_room(anna, ben)
    mine, theirs = [fields(await each.get(path), path) for each in pair]
    await anna.post(path, mine | {"rules": "Be kind.\r\nBe brief.", "posting": "members", "topics": "Phonics"})

    wish = theirs | {"rules": "Be bold.", "posting": "moderators", "name": "Heads"}
    clash = await ben.post(path, wish)
    twice = await ben.post(path, wish | {"name": ""})
    kept = fields(await anna.get(path), path)
    again = await ben.post(path, fields(clash, path) | {"rules": "Be kind, brief and bold."})
    stored = fields(await anna.get(path), path)

    assert (clash.status, clash.headers["Cache-Control"]) == (409, "private, no-store")
    assert TOLD in clash.root.one("div", class_="error-summary").text
    said = [each.text for each in clash.root.all("div", class_="theirs")]
    assert said == ["Somebody else saved: Be kind. Be brief.", "Somebody else saved: Members"]
    shown = fields(clash, path)
    assert (shown["rules"], shown["posting"], shown["name"]) == ("Be bold.", "moderators", "Heads")
    # What only the other changed is in the form already.
    assert shown["topics"] == "Phonics"
    # Another mistake first does not hide that somebody else saved.
    assert twice.status == 422
    assert (await ben.post(path, fields(twice, path) | {"name": "Heads"})).status == 409
    assert (kept["name"], kept["rules"]) == ("Leaders", "Be kind.\nBe brief.")
    assert again.status == 303
    assert (stored["rules"], stored["posting"], stored["topics"]) == (
        "Be kind, brief and bold.",
        "moderators",
        "Phonics",
    )


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_the_page_of_a_handle_keeps_what_two_who_run_it_wrote(pair: tuple[Browser, Browser]) -> None:
    anna, ben = pair
    handle = await a_handle(anna)
    await runs_too(anna, handle, "ben", ben)
    desk, path = f"/handles/{handle}", f"/handles/{handle}/profile"
    mine, theirs = [fields(await each.get(desk), path) for each in pair]

    await anna.post(path, mine | {"about": "Deputies of Hampshire."})
    name = await ben.post(path, theirs | {"name": "Hants SLT"})
    clash = await ben.post(path, theirs | {"about": "Heads and deputies."})

    assert (name.status, clash.status) == (303, 409)
    assert clash.root.one("div", class_="theirs").text == "Somebody else saved: Deputies of Hampshire."
    shown = fields(clash, path)
    assert (shown["name"], shown["about"]) == ("Hants SLT", "Heads and deputies.")
    assert (await ben.post(path, shown)).status == 303
    stored = fields(await anna.get(desk), path)
    assert (stored["name"], stored["about"]) == ("Hants SLT", "Heads and deputies.")


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_curators_of_one_collection_overwrite_neither_title_nor_lines(
    pair: tuple[Browser, Browser], node: Node, db: Database, here: Here
) -> None:
    anna, ben = pair
    handle = await a_handle(anna)
    await runs_too(anna, handle, "ben", ben)
    olga, _ = await node.a_teacher("olga")
    walls, lines = [await a_resource(db, here, by=olga, title=title) for title in ("Walls", "Lines")]
    collection = await a_collection(anna, curator=str(handle))
    for each in (walls, lines):
        await put(anna, collection, each, "For pairs")
    path = f"/curate/{collection}"
    mine, theirs = await anna.get(path), await ben.get(path)
    of_lines = [next(each for each in page.root.all("form", action=f"{path}/items") if str(lines.id) in {
        one["value"] for one in each.all("input")}) for page in (mine, theirs)]  # fmt: skip
    my_line, their_line = [fields_of(each) for each in of_lines]

    await anna.post(path, fields(mine, path) | {"title": "Fractions"})
    about = await ben.post(path, fields(theirs, path) | {"about": "For Year 5."})
    title = await ben.post(path, fields(theirs, path) | {"title": "Year 5"})
    await anna.post(f"{path}/items", my_line | {"act": "save", "line": "For groups"})
    moved = await ben.post(f"{path}/items", their_line | {"act": "up"})
    clash = await ben.post(f"{path}/items", their_line | {"act": "save", "line": "For one"})
    await anna.post(f"{path}/items", my_line | {"act": "remove"})
    gone = await ben.post(f"{path}/items", their_line | {"act": "save", "line": "For the quick"})

    assert [each.status for each in (about, title, moved, clash, gone)] == [303, 409, 303, 409, 422]
    assert title.root.one("div", class_="theirs").text == "Somebody else saved: Fractions"
    assert clash.root.one("div", class_="theirs").text == "Somebody else saved: For groups"
    assert clash.root.one("input", id=f"line-{lines.id}")["value"] == "For one"
    assert "You had written: “For the quick”" in gone.root.one("div", class_="error-summary").text
    stored = fields(await anna.get(path), path)
    assert (stored["title"], stored["about"]) == ("Fractions", "For Year 5.")


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_two_who_run_a_handle_change_one_resource_and_nothing_of_it_is_put_back(
    pair: tuple[Browser, Browser],
) -> None:
    anna, ben = pair
    handle = await a_handle(anna)
    await runs_too(anna, handle, "ben", ben)
    shared = await anna.post("/compose", form(RESOURCE | {"as": str(handle)}, [("files", "a.pdf", b"%PDF-1.7\n" * 9)]))
    path = f"/posts/{shared.location.rpartition('/')[2]}/edit"
    mine, theirs = [filled((await each.get(path)).root) for each in pair]

    first = await anna.post(path, form(mine | {"minutes": "45"}))
    repeated = await anna.post(path, form(mine | {"minutes": "45"}))
    beside = await ben.post(path, form(theirs | {"credit": "Ben"}))
    words = await ben.post(path, form(theirs | {"text": "Two hours."}))

    assert [each.status for each in (first, repeated, beside, words)] == [303, 303, 409, 409]
    assert beside.errors[0].startswith("The files, or what is said of them, were changed")
    assert words.root.one("div", class_="theirs").text == f"Somebody else saved: {RESOURCE['text']}"
    assert filled((await anna.get(path)).root)["minutes"] == "45"
