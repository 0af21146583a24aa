"""J1, the main job (mission.md): a resource crosses districts, and outlives the node of the room it crossed in."""

import hashlib
from typing import Final
from urllib.parse import quote

from fedishare.cli import handouts
from tests.live.conftest import OpenNode
from tests.live.nodes import until_quiet
from tests.live.peers_mastodon import Card, Mastodon
from tests.live.teachers import Upload, number_of
from tests.live.town import until

TITLE: Final = "Fraction wall investigation (Year 4)"
ABSTRACT: Final = "A one-hour investigation with a printable fraction wall."
FILES: Final = (
    Upload("files", "fraction-wall.docx", handouts.WORD_TYPE, handouts.word()),
    Upload("files", "fraction-wall.pdf", "application/pdf", handouts.pdf()),
)
ANSWER: Final = "Lovely. My Year 4s will cut the wall out on card."
LINE: Final = "We found 21 equal fractions in an hour."
QUESTION: Final = "Does it work with Year 5, too?"
ROOM: Final = "primary-slt@hampshire.test"


async def test_a_resource_crosses_districts(open_node: OpenNode, toot: Mastodon) -> None:  # noqa: PLR0915  # one story
    a = await open_node("cornerstone.test", "Cornerstone")
    b = await open_node("hawesside.test", "Hawes Side")
    h = await open_node("hampshire.test", "Hampshire Alliance")
    anna = await a.enrol("anna", "Anna Abbott")
    ben = await b.enrol("ben", "Ben Booth")
    hana = await h.enrol("hana", "Hana Hughes")
    mia = toot.enrol("mia")

    # The staffroom, and who is in it.
    opened = await hana.post("/rooms/new", name="Primary SLT", username="primary-slt", description="Senior leaders.")
    assert opened.status == 200
    for teacher in (anna, ben):
        await teacher.follow(ROOM)
        await teacher.wait_for(f"/@{ROOM}", "Leave the room")
    room = await toot.follow(mia, ROOM)
    await toot.follow(mia, anna.handle)
    await until(lambda: set(toot.following[mia].values()) == {"accepted"}, what="Mia follows Anna and the room")
    await until_quiet(a, b, h)

    # Anna shares.
    number = (await anna.get(f"/@{ROOM}")).find(r"/compose\?room=(\d+)")
    on_a = await anna.write(
        f"{ABSTRACT} #fractions",
        FILES,
        kind="resource",
        title=TITLE,
        subject="mathematics",
        level="england:year-4",
        type="worksheet",
        licence="CC-BY-SA-4.0",
        room=number,
    )
    resource = f"{a.url}{on_a.path}"

    # Ben finds it in the room on B, and its bytes are the same.
    found = await ben.wait_for(f"/@{ROOM}?show=resources&level=england:year-4", TITLE, "CC BY-SA", "Year 4")
    assert TITLE not in (await ben.get(f"/@{ROOM}?show=resources&level=england:year-5")).text
    on_b = number_of(found.find(r'href="([^"]*/posts/\d+)"'))
    for file in FILES:
        fetched = await ben.get(f"/resources/{on_b}/files/{quote(file.name)}")
        assert (fetched.status, fetched.sha256) == (200, hashlib.sha256(file.body).hexdigest())
        assert fetched.headers["Content-Disposition"].startswith("attachment")

    # Ben answers, and tells Anna, and nobody else, how it went.
    await ben.upload("/compose", {"reply_to": on_b, "text": ANSWER, "visibility": "public"}, [])
    await ben.post(f"/posts/{on_b}/used", line=LINE, level="england:year-4")
    shown = await anna.wait_for(on_a.path, ANSWER, LINE, "Used once")
    assert "ben@hawesside.test" in shown.text
    await anna.wait_for("/notices", LINE)
    assert LINE not in (await hana.wait_for("/@primary-slt", TITLE)).text

    # Mia sees it once, as Anna's, with everything that Mastodon can show of it.
    await until(lambda: resource in toot.boosts_by(room), what="the room boosts the resource to Mia")
    await until_quiet(a, b, h)
    status = toot.statuses[resource]
    assert (status.author, status.visibility, status.warning) == (anna.uri, "public", None)
    assert toot.home(mia).count(resource) == 1
    assert f"<strong>{TITLE}</strong>" in status.content
    assert ABSTRACT in status.content
    assert "Worksheet · Mathematics · Year 4 (ages 8\N{EN DASH}9) · CC BY-SA 4.0" in status.content
    assert (status.media, status.unavailable, "fractions" in status.tags) == ([], [], True)
    assert await toot.card(status) == Card(resource, TITLE, (await toot.card(status)).description, "Cornerstone")
    assert ABSTRACT in (await toot.card(status)).description
    assert toot.boosts_by(room) == [resource], "answers are never boosted"

    # Mia asks, and her question is in the thread on A and on B.
    await toot.post(mia, QUESTION, answering=resource, mentions=[room])
    await anna.wait_for(on_a.path, QUESTION)
    await ben.wait_for(f"/posts/{on_b}", QUESTION, ANSWER)
    await until_quiet(a, b, h)
    assert toot.boosts_by(room) == [resource], "answers are never boosted"

    # With H switched off, A and B still show it all.
    await h.stop()
    await anna.wait_for(on_a.path, TITLE, ANSWER, QUESTION, "Used once")
    await ben.wait_for(f"/posts/{on_b}", TITLE, ANSWER, QUESTION)
    await ben.wait_for(f"/@{ROOM}", TITLE)
    again = await ben.get(f"/resources/{on_b}/files/fraction-wall.pdf")
    assert again.sha256 == hashlib.sha256(FILES[1].body).hexdigest()
