"""The library on the search page: words, choices, ways back from them, and who finds what."""

from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.domain.audience import Visibility
from tests.builders import a_person, a_post
from tests.web.conftest import Browser, Node
from tests.web.test_markup import flaws
from tests.web.test_resources import share

DROP = " \N{MULTIPLICATION SIGN}"


async def found(teacher: Browser, address: str) -> tuple[str, list[str]]:
    """What the page says of the number of resources, and the choices that can be taken away."""
    page = (await teacher.get(address)).root
    return page.one("h2", id="found").text, [chip.text.removesuffix(DROP) for chip in page.all("a", class_="chip")]


async def two_resources(node: Node) -> Browser:
    _, teacher = await node.a_teacher("ada")
    await share(teacher)
    closed = {"licence": "all-rights-reserved", "level": "england:year-9"}
    await share(teacher, title="Rhythm investigation", subject="music", **closed)
    return teacher


async def test_resources_are_narrowed_down_and_every_choice_can_be_taken_away(node: Node) -> None:
    teacher = await two_resources(node)
    both, chosen = "/search?in=library&q=invest", "/search?in=library&q=invest&subject=mathematics&adapt=1"

    chips = (await teacher.get(chosen)).root.all("a", class_="chip")

    assert await found(teacher, both) == ("2 resources", [])
    assert await found(teacher, chosen) == ("1 resource", ["Mathematics", "May be adapted"])
    assert await found(teacher, chips[1]["href"]) == ("1 resource", ["Mathematics"])
    assert await found(teacher, "/search?in=library&q=invest&level=england:year-8") == ("0 resources", ["Year 8"])


async def test_beside_each_choice_stands_how_many_it_leaves(node: Node) -> None:
    teacher = await two_resources(node)

    page = (await teacher.get("/search?in=library&subject=music")).root

    ticks = [(each.one("input")["name"], each.text) for each in page.all("label", class_="tick")]
    assert [text for name, text in ticks if name == "subject"] == ["Music (1)", "Mathematics (1)"]
    assert [text for name, text in ticks if name == "level"] == ["Key stage 3 (1)", "Year 9 (1)"]
    assert [text for name, text in ticks if name == "licence"] == ["All rights reserved (1)"]
    assert [text for name, text in ticks if name == "format"] == ["PDF (1)"]
    assert [text for name, text in ticks if name == "adapt"] == ["May be adapted (0)"]


async def test_what_only_followers_may_see_is_neither_found_nor_counted(node: Node) -> None:
    _, teacher = await node.a_teacher("ada")
    _, stranger = await node.a_teacher("bea")
    await share(teacher, visibility=Visibility.FOLLOWERS)

    assert await found(teacher, "/search?in=library") == ("1 resource", [])
    assert await found(stranger, "/search?in=library") == ("0 resources", [])


async def test_nonsense_finds_nothing_and_says_what_to_do(node: Node) -> None:
    teacher = await two_resources(node)

    nonsense = "q=%22%27*(&subject=alchemy&level=zz&page=99999999999&host=nowhere.test&sort="

    odd = await teacher.get(f"/search?in=library&{nonsense}")
    control = await teacher.get("/search?in=library&q=wall%00%1F&subject=%00&host=%1F&level=%00")
    none = await teacher.get("/search?in=library&q=zebra")

    assert (odd.status, odd.root.one("div", class_="empty").one("h2").text) == (200, "Nothing fits all of this")
    assert control.status == 400
    assert none.root.one("div", class_="empty").one("h2").text == "Nothing found"
    assert [flaws(page.root) for page in (odd, none, await teacher.get("/search?in=library"))] == [[], [], []]


async def test_an_address_is_looked_up_from_here_too(node: Node, db: Database, here: Here) -> None:
    _, teacher = await node.a_teacher()
    post = await a_post(db, here, by=await a_person(db, here, local=False))

    assert (await teacher.get(f"/search?in=library&q={post.uri}")).location == f"/posts/{post.id}"
