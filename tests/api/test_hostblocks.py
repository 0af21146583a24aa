"""Servers that somebody has nothing to do with, for themselves alone."""

from typing import Any

import pytest

from fedishare.core.errors import Invalid, Refused
from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.domain.kinds import NoticeKind
from fedishare.services import follows, hostblocks, notices, timelines
from tests.api.conftest import School
from tests.builders import a_follow_row, a_person, a_post

BLOCKS = "/api/v1/domain_blocks"


async def test_of_a_server_somebody_blocked_they_hear_nothing_until_they_take_it_back(
    school: School, db: Database, here: Here
) -> None:
    me, browser, phone = await school.both("ada")
    _, other_phone = await school.a_teacher("ben")
    eve = await a_person(db, here, local=False, username="eve", domain="birch.test", host="social.birch.test")
    joe = await a_person(db, here, local=False, domain="cedar.test")
    for one in (eve, joe):
        await a_follow_row(db, here, by=me, of=one)
    await a_follow_row(db, here, by=eve, of=me)
    hers, his = await a_post(db, here, by=eve), await a_post(db, here, by=joe)
    for post, who in ((hers, eve), (his, joe)):
        await school.own_db.write(timelines.spread, entry_id=post.id, post_id=post.id, by_id=who.id)
    told: dict[str, Any] = {"recipient_id": me.id, "kind": NoticeKind.MENTION, "actor_id": eve.id, "post_id": hers.id}
    await school.own_db.write(notices.tell, here, **told, cause="before")

    async def at_home() -> list[str]:
        return [each["id"] for each in (await phone.get("/api/v1/timelines/home")).json]

    assert await at_home() == [str(his.id), str(hers.id)]
    preview = await phone.get(f"{BLOCKS}/preview", domain="birch.test")
    assert preview.json == {"following_count": 1, "followers_count": 1}

    blocked = await phone.post(BLOCKS, domain="https://Birch.test/about")
    await phone.post(BLOCKS, domain="birch.test")
    await school.own_db.write(notices.tell, here, **told, cause="after")

    assert (blocked.status, blocked.json) == (200, {})
    assert (await phone.get(BLOCKS)).json == ["birch.test"]
    [stands] = (await phone.get("/api/v1/accounts/relationships", id=[eve.id])).json
    shown = {name: stands[name] for name in ("domain_blocking", "following", "followed_by")}
    assert shown == {"domain_blocking": True, "following": False, "followed_by": False}
    assert await at_home() == [str(his.id)]
    assert (await phone.get(f"/api/v1/statuses/{hers.id}")).status == 404
    assert (await other_phone.get(f"/api/v1/statuses/{hers.id}")).status == 200
    assert (await phone.get("/api/v1/notifications")).json == []
    for follower, followee in ((eve, me), (me, eve)):
        with pytest.raises(Refused):
            await db.write(follows.request, here, follower_id=follower.id, followee_id=followee.id)

    page = await browser.get("/settings/blocks")
    assert "birch.test" in page.root.text
    await browser.post("/settings/blocks/host/undo", {"host": "birch.test"})
    assert (await phone.get(BLOCKS)).json == []
    assert (await phone.get(f"/api/v1/statuses/{hers.id}")).status == 200
    await browser.post("/settings/blocks/host", {"host": "@eve@birch.test"})
    assert (await phone.get(BLOCKS)).json == ["birch.test"]
    assert (await phone.delete(BLOCKS, domain="birch.test")).json == {}
    assert (await phone.get(BLOCKS)).json == []


async def test_blocked_servers_are_listed_with_links_and_nonsense_is_refused(school: School) -> None:
    _, phone = await school.a_teacher("ada")
    for number in range(3):
        await phone.post(BLOCKS, domain=f"s{number}.test")

    first = await phone.get(BLOCKS, limit=2)
    second = await phone.get(first.links["next"])

    assert (first.json, second.json) == (["s2.test", "s1.test"], ["s0.test"])
    for wrong in ("", "   ", "no server", "a@b@", "alder.test"):
        assert (await phone.post(BLOCKS, domain=wrong)).status in {403, 422}, wrong
    with pytest.raises(Invalid):
        hostblocks.name_of("https://")
