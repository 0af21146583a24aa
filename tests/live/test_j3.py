"""J3, the shared handle (mission.md): three deputies on two nodes speak as one account of a third."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest

from fedishare.services import accounts
from tests.live import signing
from tests.live.conftest import OpenNode
from tests.live.nodes import LiveNode, until_quiet
from tests.live.peers import AS2, PUBLIC
from tests.live.peers_mastodon import Mastodon
from tests.live.signing import Key
from tests.live.teachers import Page, Teacher
from tests.live.town import until

pytestmark = pytest.mark.timeout(240)  # Three nodes, and minutes that pass on one of them.
HANDLE: Final = "hantsprimslt@hampshire.test"
LONDON: Final = ZoneInfo("Europe/London")


class Ahead:
    """The time of day, and some minutes more whenever a test says so."""

    def __init__(self) -> None:
        self.minutes = 0

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(minutes=self.minutes)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


async def agree(teacher: Teacher) -> str:
    """Whoever is asked agrees on their own node; the number under which it knows the handle."""
    page = await teacher.wait_for("/handles", "You are asked to run", "Hants Primary SLT")
    number = page.find(r"/handles/(\d+)/answer")
    assert (await teacher.post(f"/handles/{number}/answer", act="accept")).status == 200
    return number


async def write_as(teacher: Teacher, number: str, text: str, **fields: str) -> Page:
    form = {"kind": "talk", "text": text, "visibility": "public", "language": "en", "as": number}
    return await teacher.upload("/compose", form | fields, [])


def later(**by: float) -> dict[str, str]:
    """The two fields of a form, for a moment soon."""
    local = (datetime.now(UTC) + timedelta(**by)).astimezone(LONDON)
    return {"due_day": f"{local:%Y-%m-%d}", "due_time": f"{local:%H:%M}"}


async def offer_by_hand(node: LiveNode, teacher: Teacher, handle: str, text: str) -> int:
    """What a program could send that has somebody's key; how the handle's node answers."""
    private = await node.one("SELECT private FROM actor_key WHERE key_id = :key", key=f"{teacher.uri}#main-key")
    offer: dict[str, Any] = {
        "@context": AS2,
        "id": f"{node.url}/activities/{abs(hash(text)) % 10**9}",
        "type": "Offer",
        "actor": teacher.uri,
        "to": [handle],
        "cc": [],
        "target": handle,
        "object": {
            "id": f"{node.url}/activities/1#object",
            "type": "Note",
            "attributedTo": handle,
            "to": [PUBLIC],
            "cc": [],
            "content": f"<p>{text}</p>",
        },
    }
    body, inbox = json.dumps(offer).encode(), f"{handle}/inbox"
    headers = signing.signed_headers(
        Key(f"{teacher.uri}#main-key", bytes(private)), "POST", inbox, body=body, names=signing.POST_NAMES
    )
    async with node.town.session() as session, session.post(inbox, data=body, headers=headers) as answer:
        return answer.status


async def test_a_handle_is_run_by_several_people_on_several_nodes(  # noqa: PLR0915  # one story
    open_node: OpenNode, toot: Mastodon
) -> None:
    clock = Ahead()
    a = await open_node("cornerstone.test", "Cornerstone")
    b = await open_node("hawesside.test", "Hawes Side")
    h = await open_node("hampshire.test", "Hampshire Alliance", clock=clock)
    anna, ada = await a.enrol("anna", "Anna Abbott"), await a.enrol("ada", "Ada Ames")
    ben, olga = await b.enrol("ben", "Ben Booth"), await b.enrol("olga", "Olga Other")
    hana = await h.enrol("hana", "Hana Hughes")
    mia = toot.enrol("mia")

    # The handle, who runs it, and who follows it.
    opened = await hana.post("/handles/new", name="Hants Primary SLT", username="hantsprimslt", about="Deputies.")
    desk = opened.path
    for teacher in (anna, ada, ben):
        asked = await hana.post(f"{desk}/people", act="invite", handle=f"@{teacher.handle}")
        assert asked.status == 200, asked.text
    numbers = {teacher: await agree(teacher) for teacher in (anna, ada, ben)}
    await hana.wait_for(desk, anna.handle, ada.handle, ben.handle, without=["has not answered yet"])
    handle = await toot.follow(mia, HANDLE)
    await until(lambda: toot.following[mia].get(handle) == "accepted", what="Mia follows the handle")

    # Each posts once, one with her name; one schedules.
    await write_as(anna, numbers[anna], "Anna asks: who moderates writing?")
    await write_as(ada, numbers[ada], "Ada says: we do.", byline="1")
    await write_as(ben, numbers[ben], "Ben says: @anna@cornerstone.test, so do we.")
    kept = await write_as(anna, numbers[anna], "Anna for later: agenda by Friday.", **later(minutes=5))
    assert "asked to publish" in kept.text
    await until(lambda: len(toot.home(mia)) == 3, what="Mia has three posts")
    await h.wait_for("SELECT count(*) FROM scheduled", what="what Anna scheduled waits")
    await until_quiet(a, b, h)
    assert len(toot.home(mia)) == 3
    clock.minutes = 10
    await until(lambda: len(toot.home(mia)) == 4, what="what Anna scheduled is posted")

    # Mia sees one account and four posts; nothing tells her who they were, but for what Ada wished.
    shown = [toot.statuses[uri] for uri in toot.home(mia)]
    assert {status.author for status in shown} == {handle}
    assert toot.known[handle]["type"] == "Person"
    told = json.dumps([toot.known[handle], *(seen.activity for seen in toot.seen)])
    for uri in (ada.uri, ben.uri, hana.uri):
        assert uri not in told
    assert [status.content for status in shown if "Ada" in status.content] == [
        "<p>Ada says: we do.</p><p>\N{EM DASH} Ada Ames</p>"
    ]
    await anna.wait_for("/scheduled", "published", without=["on its way"])

    # The log names the authors, for those who run the handle.
    log = await hana.wait_for(desk, "agenda by Friday")
    for line in (f"@{anna.handle}</bdi></strong> posted", f"@{ada.handle}</bdi></strong> posted",
                 f"@{ben.handle}</bdi></strong> posted"):  # fmt: skip
        assert line in log.text
    h_olga = await h.enrol("otto", "Otto Outside")
    assert (await h_olga.get(desk)).status == 404

    # Mia answers, and somebody else on A boosts in the name of the handle.
    question = await toot.post(mia, "When do you meet?", answering=shown[0].uri)
    await hana.wait_for(f"{desk}/notices", "When do you meet?")
    await anna.get(f"/search?q={question}")
    here = await a.wait_for("SELECT id FROM post WHERE uri = :uri", what="Anna has the question", uri=question)
    await anna.post(f"/posts/{here}/as", handle=numbers[anna], act="boost")
    await until(lambda: toot.boosts_by(handle) == [question], what="the handle boosts what Mia asked")

    # Ben leaves something for later, and is removed.
    await write_as(ben, numbers[ben], "Ben for later: never to be seen.", **later(minutes=15))
    await h.wait_for("SELECT count(*) FROM scheduled", what="what Ben scheduled waits")
    on_h = await h.one("SELECT id FROM actor WHERE uri = :uri", uri=ben.uri)
    removed = await hana.post(f"{desk}/people", act="remove", actor=str(on_h))
    assert removed.status == 200

    # From now on he cannot post as it: by a signed activity, on the web, or with a program's token.
    assert await offer_by_hand(b, ben, handle, "Ben once more") == 202
    assert await offer_by_hand(b, olga, handle, "Olga, who never ran it") == 403
    await ben.wait_for("/handles", "You run no handle yet")
    refused = await write_as(ben, numbers[ben], "Ben on the web")
    assert (refused.status, "You do not run this handle" in refused.text) == (422, True)
    token = await b.tools.db.write(accounts.issue_token, b.tools.here, username="ben", scopes="read write")
    bearer = {"Authorization": f"Bearer {token}", "Origin": b.url}
    async with b.town.session() as session:
        for path in ("/api/v1/statuses", "/compose"):
            form = {"status": "Ben by program", "text": "Ben by program", "visibility": "public", "as": numbers[ben]}
            async with session.post(b.url + path, data=form, headers=bearer) as answer:
                if path == "/compose":
                    assert answer.status in {401, 404, 405}
                    continue
                # His own token speaks as himself, whatever else it says.
                assert answer.status == 200
                assert (await answer.json())["account"]["acct"] == "ben"
    clock.minutes = 30
    await hana.wait_for("/scheduled", "never to be seen", "does not run this handle any more")
    await until_quiet(a, b, h)
    assert len(toot.home(mia)) == 5, "four posts, and what was boosted"
    assert {status.author for status in toot.statuses.values() if "Ben" in status.content} == {handle}
    assert [status.content for status in toot.statuses.values() if "Ben" in status.content] == [
        status.content for status in shown if "Ben" in status.content
    ]
    assert await h.one("SELECT count(*) FROM post WHERE content LIKE '%Ben once more%'") == 0

    # The others go on.
    await write_as(ada, numbers[ada], "Ada again.")
    await until(lambda: len(toot.home(mia)) == 6, what="Ada can still post")
