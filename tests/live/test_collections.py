"""Collections (mission.md S32): followed on another node, which shows what is in them as their curator has it."""

from urllib.parse import quote

from fedishare.cli import handouts
from tests.live.conftest import OpenNode
from tests.live.teachers import Page, Teacher, Upload, number_of

FILE = Upload("files", "fraction-wall.pdf", "application/pdf", handouts.pdf())
LICENCE = {"kind": "resource", "subject": "mathematics", "level": "england:year-4", "licence": "CC-BY-SA-4.0"}


async def share(teacher: Teacher, title: str) -> str:
    """A resource; its address."""
    page = await teacher.write(f"About {title}.", [FILE], title=title, type="worksheet", **LICENCE)
    return f"{teacher.url}{page.path}"


async def known_as(teacher: Teacher, address: str) -> str:
    """The number of a resource on the teacher's own node, which fetches it where it is elsewhere."""
    if address.startswith(f"{teacher.url}/"):
        return number_of(address)
    return number_of((await teacher.get(f"/search?q={quote(address, safe='')}")).path)


async def put(teacher: Teacher, collection: str, address: str, line: str = "") -> str:
    number = await known_as(teacher, address)
    page = await teacher.post(f"/posts/{number}/collect", into=collection, line=line)
    assert page.status == 200, page.text
    return number


def in_order(page: Page, *titles: str) -> bool:
    listed = page.text[page.text.index('id="items"') :]
    places = [listed.find(title) for title in titles]
    return -1 not in places and places == sorted(places)


async def test_a_collection_is_followed_from_another_node_which_shows_it_as_its_curator_has_it(
    open_node: OpenNode,
) -> None:
    a = await open_node("cornerstone.test", "Cornerstone")
    b = await open_node("hawesside.test", "Hawes Side")
    c = await open_node("pinewood.test", "Pinewood")
    anna, ben = await a.enrol("anna", "Anna Abbott"), await b.enrol("ben", "Ben Booth")
    cleo = await c.enrol("cleo", "Cleo Clark")
    wall, line = await share(anna, "Fraction wall"), await share(cleo, "Number line")

    # Anna makes it, of a resource of her own and one from a third node.
    made = await anna.post("/curate/new", title="Year 4 fractions", about="What I would give to a new colleague.")
    collection = made.path.rpartition("/")[2]
    await put(anna, collection, wall, "Begin here")
    on_a = await put(anna, collection, line)

    # Ben finds it by its handle: what was in it before he came is there, in order.
    handle = "year-4-fractions@cornerstone.test"
    await ben.follow(handle)
    page = await ben.wait_for(f"/@{handle}", "Fraction wall", "Number line", "Begin here", "curated by")
    assert in_order(page, "Fraction wall", "Number line")
    assert "Anna Abbott" in page.text
    await anna.wait_for("/@year-4-fractions", "<strong>1</strong> follower")

    # What is new comes by itself, into his home and his notices.
    game = await share(anna, "Fraction bingo")
    await put(anna, collection, game, "For a wet Friday")
    await ben.wait_for(f"/@{handle}", "Fraction bingo", "For a wet Friday")
    await ben.wait_for("/notices", "has a new resource", "Fraction bingo")
    await ben.wait_for("/", "Fraction bingo", "Year 4 fractions boosted this")

    # The order and the lines follow.
    on_a_game = number_of(game)
    await anna.post(f"/curate/{collection}/items", post=on_a_game, act="first", line="For a wet Friday")
    await anna.post(f"/curate/{collection}/items", post=on_a, act="save", line="On the floor")
    page = await ben.wait_for(f"/@{handle}", "On the floor")
    assert in_order(page, "Fraction bingo", "Fraction wall", "Number line")

    # What is taken out goes, and what its author deletes goes too, though Ben's node never heard of it from her.
    await anna.post(f"/curate/{collection}/items", post=on_a_game, act="remove")
    await ben.wait_for(f"/@{handle}", "Fraction wall", "Number line", without=["Fraction bingo"])
    await cleo.post(f"/posts/{number_of(line)}/delete", sure="1")
    await ben.wait_for(f"/@{handle}", "Fraction wall", without=["Number line"])

    # Another title arrives, and in the end that it is gone.
    await anna.post(f"/curate/{collection}", title="Fractions, all years", about="More.")
    await ben.wait_for(f"/@{handle}", "Fractions, all years")
    await anna.post(f"/curate/{collection}/delete", sure="1")
    await ben.wait_for("/notices", "A collection that you followed was deleted", "Fractions, all years")
    assert (await ben.get(f"/@{handle}")).status == 410
    assert (await ben.get(f"/posts/{await known_as(ben, wall)}")).status == 200
