"""A question in a room across nodes: topics, filters, and an accepted answer, also from Mastodon (S9, S10)."""

import pytest

from tests.live.conftest import OpenNode
from tests.live.nodes import until_quiet
from tests.live.peers_mastodon import Mastodon
from tests.live.teachers import number_of
from tests.live.town import until

# Three nodes, and one story from question to answer.
pytestmark = pytest.mark.timeout(180)
ROOM = "maths@hampshire.test"


async def test_an_answer_from_mastodon_settles_a_question_on_all_nodes(open_node: OpenNode, toot: Mastodon) -> None:
    h = await open_node("hampshire.test", "Hampshire Alliance")
    a = await open_node("cornerstone.test", "Cornerstone")
    b = await open_node("hawesside.test", "Hawes Side")
    hana = await h.enrol("hana", "Hana Hughes")
    anna, ben = await a.enrol("anna", "Anna Abbott"), await b.enrol("ben", "Ben Booth")
    mia = toot.enrol("mia")
    opened = await hana.post("/rooms/new", name="Maths", username="maths", description="Sums.", access="open")
    room = opened.find(r"/rooms/(\d+)/settings")
    saved = await hana.post(
        f"/rooms/{room}/settings", name="Maths", access="open", posting="", topics="Fractions\nTime"
    )
    assert saved.status == 200
    for teacher in (anna, ben):
        await teacher.follow(ROOM)
        await teacher.wait_for(f"/@{ROOM}", "Leave the room")
    uri_of_room = await toot.follow(mia, ROOM)
    await until_quiet(h, a, b)
    number = (await anna.get(f"/@{ROOM}")).find(r"/compose\?room=(\d+)")
    assert "Fractions" in (await anna.get(f"/compose?room={number}")).text

    asked = await anna.write("How do you begin?", title="Halves", room=number, purpose="question", topic="Fractions")
    await anna.write("We won the cup!", room=number, purpose="achievement")
    uri = a.url + asked.path
    await until(lambda: uri in toot.boosts_by(uri_of_room), what="Mia has the question")
    assert "<strong>Question: Halves</strong>" in toot.statuses[uri].content
    assert "fractions" in [tag.lower() for tag in toot.statuses[uri].tags]
    await toot.post(mia, "With an apple.", answering=uri, mentions=[uri_of_room])
    answered = await anna.wait_for(asked.path, "With an apple.", "Accept this answer")
    await ben.wait_for(f"/@{ROOM}?show=unanswered&topic=fractions", "Halves", without=["cup"])
    await ben.wait_for(f"/@{ROOM}?show=achievements", "cup", without=["Halves"])
    on_b = await b.one("SELECT id FROM post WHERE uri = :uri", uri=uri)
    await ben.wait_for(f"/posts/{on_b}", "With an apple.", without=["Accepted answer"])
    answer = answered.find(r'action="/posts/(\d+)/settle"')

    assert (await anna.post(f"/posts/{answer}/settle")).status == 200
    await anna.wait_for(asked.path, "Accepted answer")
    shown = await ben.wait_for(f"/posts/{on_b}", "Accepted answer")
    assert "Accept this answer" not in shown.text
    await hana.wait_for("/@maths?show=questions", "answered")
    await ben.wait_for(f"/@{ROOM}?show=unanswered", without=["Halves"])

    # A moderator of the room thinks otherwise, and then the asker again.
    on_h = await h.one("SELECT id FROM post WHERE uri = :uri", uri=uri)
    there = (await hana.get(f"/posts/{on_h}")).find(r'action="/posts/(\d+)/reopen"')
    await hana.post(f"/posts/{there}/reopen")
    await anna.wait_for(asked.path, without=["Accepted answer"])
    await ben.wait_for(f"/posts/{on_b}", without=["Accepted answer"])
    await hana.post(f"/posts/{there}/settle")
    await ben.wait_for(f"/posts/{on_b}", "Accepted answer")
    await anna.wait_for(asked.path, "Accepted answer")
    # An edit changes neither the topic nor the answer.
    await anna.post(f"/posts/{number_of(asked.path)}/edit", text="How do you start?", title="Halves", language="en")
    await ben.wait_for(f"/posts/{on_b}", "How do you start?", "Accepted answer")
    await ben.wait_for(f"/@{ROOM}?show=questions&topic=fractions", "Halves")
    there = await b.one("SELECT id FROM post WHERE in_reply_to_id = :id", id=on_b)
    assert (await ben.post(f"/posts/{there}/settle")).status == 403
