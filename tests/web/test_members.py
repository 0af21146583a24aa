"""Who is in a room and as what; rules, requests and invitations; what a member hears of it."""

from typing import NamedTuple

import pytest
from sqlalchemy import Connection, select, update

from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.db.follows import Follow
from fedishare.db.notices import Notice
from fedishare.db.people import Actor
from fedishare.db.rooms import RulesAcceptance, Steward
from fedishare.domain.kinds import FollowState
from tests.builders import FrozenClock, Made, a_room
from tests.web.builders import form
from tests.web.conftest import Browser, Node

NEW = {"name": "Senior leaders", "username": "slt", "description": "For heads."}


class Scene(NamedTuple):
    hana: Browser
    hana_is: Made
    ben: Browser
    ben_is: Made


@pytest.fixture
async def scene(node: Node) -> Scene:
    hana_is, hana = await node.a_teacher("hana", name="Hana Hughes")
    ben_is, ben = await node.a_teacher("ben", name="Ben Bright")
    return Scene(hana, hana_is, ben, ben_is)


async def open_room(scene: Scene, **over: str) -> str:
    assert (await scene.hana.post("/rooms/new", NEW | over)).status == 303
    found = [link["href"] for link in (await scene.hana.get("/@slt")).root.all("a")]
    return next(href for href in found if href.endswith("/settings") and "/rooms/" in href).split("/")[2]


async def act(browser: Browser, room: str, what: str, actor: int) -> tuple[int, list[str]]:
    answer = await browser.post(f"/rooms/{room}/members", {"act": what, "actor": str(actor)})
    return answer.status, answer.errors


def roles(tx: Connection) -> dict[int, str]:
    return {row.actor_id: str(row.role) for row in tx.execute(select(Steward.actor_id, Steward.role))}


async def test_the_last_owner_stays_until_somebody_else_owns_the_room(scene: Scene, db: Database) -> None:
    room = await open_room(scene)
    await scene.ben.post(f"/rooms/{room}/join", {})

    alone = await scene.hana.post("/unfollow", {"actor": room})
    down = await act(scene.hana, room, "step_down", scene.hana_is.id)
    by_ben = await act(scene.ben, room, "own", scene.ben_is.id)
    handed = await act(scene.hana, room, "own", scene.ben_is.id)
    gone = await scene.hana.post("/unfollow", {"actor": room})

    assert (alone.status, "You are the only owner of this room." in alone.html) == (403, True)
    assert down == (422, ["You are the only owner of this room. Make another member an owner first."])
    assert by_ben[0] == 403
    assert (handed[0], gone.status) == (303, 303)
    assert await db.read(roles) == {scene.ben_is.id: "owner"}


async def test_rules_are_accepted_on_joining_and_again_when_they_change(
    scene: Scene, db: Database, clock: FrozenClock
) -> None:
    room = await open_room(scene, rules="Be kind.")

    by_button = await scene.ben.post("/follow", {"actor": room})
    unticked = await scene.ben.post(f"/rooms/{room}/join", {})
    ticked = await scene.ben.post(f"/rooms/{room}/join", {"accepted": "1"})
    clock.tick(days=1)
    changed = {"name": "Senior leaders", "rules": "Be kind, and brief.", "access": "open", "posting": ""}
    assert (await scene.hana.post(f"/rooms/{room}/settings", changed)).status == 303
    shown = await scene.ben.get("/@slt")
    stale = await scene.ben.post(f"/rooms/{room}/join", {"accepted": "1"})
    again = await scene.ben.post(f"/rooms/{room}/join", {"accepted": "2"})

    assert (by_button.status, unticked.status, ticked.status) == (403, 422, 303)
    assert unticked.errors == ["Read the rules of the room, and tick that you accept them."]
    assert "The rules of this room have changed" in shown.html
    assert stale.errors == ["The rules of the room have just been changed. Please read them again."]
    assert again.status == 303

    def accepted(tx: Connection) -> list[int]:
        return list(tx.scalars(select(RulesAcceptance.version)))

    assert await db.read(accepted) == [2]


SUMMARY = "<p>For heads.</p><p><strong>Rules of the room</strong></p><p>Be kind.<br>Be brief.</p>"


async def test_the_rules_of_a_room_elsewhere_are_accepted_before_it_is_asked(
    scene: Scene, db: Database, here: Here
) -> None:
    room = await a_room(db, here, local=False, username="slt", name="Leaders", summary=SUMMARY)
    path = f"/rooms/{room.id}/join"

    profile = await scene.ben.get("/@slt@birch.test")
    by_button = await scene.ben.post("/follow", {"actor": str(room.id)})
    unticked = await scene.ben.post(path, {})
    door = (await scene.ben.get(path)).root
    before = await db.read(follows_of, room.id)
    version = door.one("input", name="accepted")["value"]
    ticked = await scene.ben.post(path, {"accepted": version})

    assert path in [link["href"] for link in profile.root.all("a")]
    assert (by_button.status, unticked.status, before, ticked.status) == (403, 422, [], 303)
    assert door.one("p", class_="pre-line").text == "Be kind. Be brief."
    assert await db.read(follows_of, room.id) == [scene.ben_is.id]
    again = (await scene.ben.get("/@slt@birch.test")).html
    await db.write(lambda tx: tx.execute(update(Actor).where(Actor.id == room.id).values(summary=f"{SUMMARY}!")))
    await db.write(lambda tx: tx.execute(update(Follow).values(state=FollowState.ACCEPTED)))
    changed = (await scene.ben.get("/@slt@birch.test")).html
    assert ["The rules of this room have changed" in html for html in (again, changed)] == [False, True]
    stale = await scene.ben.post(path, {"accepted": version})
    assert stale.errors == ["The rules of the room have just been changed. Please read them again."]


def follows_of(tx: Connection, room_id: int) -> list[int]:
    return list(tx.scalars(select(Follow.follower_id).where(Follow.followee_id == room_id)))


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_whoever_invites_reads_that_mastodon_asks_nobody(scene: Scene) -> None:
    room = await open_room(scene)
    plain = (await scene.hana.get(f"/rooms/{room}/members")).html

    await scene.hana.post(f"/rooms/{room}/settings", NEW | {"rules": "Be kind.", "access": "open"})

    pages = [plain, (await scene.hana.get(f"/rooms/{room}/members")).html]
    assert ["Whoever follows it from Mastodon and other servers is not asked" in html for html in pages] == [
        False,
        True,
    ]


async def test_whoever_asks_waits_and_is_told(scene: Scene) -> None:
    room = await open_room(scene, access="ask")

    await scene.ben.post(f"/rooms/{room}/join", {})
    waiting = await scene.ben.get(f"/rooms/{room}/members")
    asked = await scene.hana.get(f"/rooms/{room}/members")
    refused = await act(scene.hana, room, "refuse", scene.ben_is.id)
    told = (await scene.ben.get("/notices")).html
    await scene.ben.post(f"/rooms/{room}/join", {})
    let_in = await act(scene.hana, room, "accept", scene.ben_is.id)

    assert waiting.status == 404
    assert "1 person asks to join" in asked.html
    assert (refused[0], let_in[0]) == (303, 303)
    assert "You were not let in." in told
    assert "You are in the room now." in (await scene.ben.get("/notices")).html
    assert (await scene.ben.get(f"/rooms/{room}/members")).status == 200


async def test_a_link_lets_in_until_it_ends_or_is_withdrawn(scene: Scene, node: Node, clock: FrozenClock) -> None:
    room = await open_room(scene, access="private")
    made = await scene.hana.post(f"/rooms/{room}/link")
    link = made.root.one("input", id="link")["value"]
    path = link.removeprefix("https://alder.test")

    uninvited = await scene.ben.post(f"/rooms/{room}/join", {})
    landed = await node.stranger.get(path)
    clock.tick(days=15)
    late = await node.stranger.get(path)
    too_late = await scene.ben.post(f"/rooms/{room}/join", {"link": link})
    fresh = (await scene.hana.post(f"/rooms/{room}/link")).root.one("input", id="link")["value"]
    joined = await scene.ben.post(f"/rooms/{room}/join", {"link": fresh})

    assert (uninvited.status, late.status, too_late.status) == (403, 404, 403)
    assert "An account on Mastodon does not do" in landed.html
    assert link not in (await scene.hana.get(f"/rooms/{room}/members")).html
    assert joined.status == 303
    assert "Ben Bright" in (await scene.ben.get(f"/rooms/{room}/members")).html


async def test_a_public_room_is_never_made_private(scene: Scene) -> None:
    room = await open_room(scene)

    answer = await scene.hana.post(f"/rooms/{room}/settings", {"name": "Senior leaders", "access": "private"})

    assert answer.status == 422
    assert answer.errors == [
        "A public room cannot be made private, nor a private one public: open a new room for that."
    ]


@pytest.mark.parametrize(("level", "told"), [("all", 1), ("mentions", 0), ("nothing", 0)])
async def test_members_choose_what_they_hear(scene: Scene, db: Database, here: Here, level: str, told: int) -> None:
    room = await open_room(scene)
    await scene.ben.post(f"/rooms/{room}/join", {})
    assert here

    assert (await scene.ben.post(f"/rooms/{room}/level", {"level": level})).status == 303
    await scene.hana.post("/compose", form({"text": "The sock drive begins", "room": room}))
    await scene.hana.post("/compose", form({"text": "@ben have you socks?", "room": room}))

    def heard(tx: Connection) -> list[str]:
        return [str(kind) for kind in tx.scalars(select(Notice.kind).where(Notice.recipient_id == scene.ben_is.id))]

    found = await db.read(heard)
    assert found.count("room_post") == 2 * told
    assert found.count("mention") == (0 if level == "nothing" else 1)
    assert ("sock drive" in (await scene.ben.get("/")).html) is (level != "nothing")


async def test_a_topic_of_two_words_becomes_one_that_a_hashtag_can_be(scene: Scene) -> None:
    room = await open_room(scene)
    wish = {"name": "Maths", "access": "open", "posting": ""}

    saved = await scene.hana.post(f"/rooms/{room}/settings", wish | {"topics": "Times tables\n#Phonics\nSATs week 2"})
    odd = await scene.hana.post(f"/rooms/{room}/settings", wish | {"topics": "Maths & more"})

    kept = (await scene.hana.get(f"/rooms/{room}/settings")).root.one("textarea", name="topics").raw.split()
    assert (saved.status, kept) == (303, ["TimesTables", "Phonics", "SATsWeek2"])
    assert odd.errors == ["“Maths & more” will not do: letters and digits alone, such as Phonics."]
