"""Pictures on their way to a post, as apps send them."""

import io
from typing import Any, Final

import pytest
from aiohttp import FormData
from PIL import Image
from sqlalchemy import update

from fedishare.api import media as api
from fedishare.db.accounts import Account
from fedishare.net import blurhash
from fedishare.services import tokens
from tests.api.conftest import Phone, Reply, School
from tests.builders import a_follow_row

PNG: Final = "image/png"


def a_picture(kind: str = "PNG", *, side: int = 8, colour: str = "teal") -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (side * 2, side), colour).save(written, kind)
    return written.getvalue()


async def upload(phone: Phone, body: bytes, *, path: str = "/api/v2/media", **fields: str) -> Reply:
    form = FormData()
    form.add_field("file", body, filename="a.png", content_type=PNG)
    for name, value in fields.items():
        form.add_field(name, value)
    return await phone.ask("POST", path, data=form)


async def test_a_small_picture_is_there_at_once(school: School) -> None:
    _, phone = await school.a_teacher("ada")

    sent = await upload(phone, a_picture(), description="A wall", focus="0.5,-0.25")

    assert sent.status == 200
    assert (sent.json["type"], sent.json["description"]) == ("image", "A wall")
    assert sent.json["meta"] == {
        "original": {"width": 16, "height": 8, "size": "16x8", "aspect": 2.0},
        "small": {"width": 16, "height": 8, "size": "16x8", "aspect": 2.0},
        "focus": {"x": 0.5, "y": -0.25},
    }
    assert len(sent.json["blurhash"]) == 28
    assert sent.json["url"].startswith("https://alder.test/media/")
    assert (await phone.get(f"/api/v1/media/{sent.json['id']}")).json == sent.json


async def test_a_large_one_is_processed_meanwhile_and_not_shown_before(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, phone = await school.a_teacher("ada")
    monkeypatch.setattr(api, "AT_ONCE", 10)

    sent = await upload(phone, a_picture(), description="A wall")
    assert (sent.status, sent.json["url"]) == (202, None)
    path = f"/api/v1/media/{sent.json['id']}"
    assert (await phone.get(path)).status == 206
    early = await phone.post("/api/v1/statuses", json={"status": "x", "media_ids": [sent.json["id"]]})
    assert early.status == 422

    await school.node.work()
    ready = await phone.get(path)
    assert (ready.status, ready.json["url"] is not None, ready.json["description"]) == (200, True, "A wall")
    assert (await upload(phone, a_picture(), path="/api/v1/media")).status == 200


async def test_what_is_no_picture_is_refused_whatever_it_is_called(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, phone = await school.a_teacher("ada")

    for body in (b"<svg onload=alert(1)>", b"%PDF-1.4", b"MZ\0\0", b"\xff\xd8\xff"):
        refused = await upload(phone, body)
        assert refused.status == 422
        assert "picture" in refused.error
    assert (await upload(phone, b"")).status == 422
    assert (await phone.post("/api/v2/media", json={"file": "x"})).status == 422
    assert (await upload(phone, a_picture(), description="x" * 1501)).status == 422
    assert (await upload(phone, a_picture(), focus="a,b")).status == 422

    # Its first bytes are those of a picture, and the rest is cut off: that shows when it is read.
    monkeypatch.setattr(api, "AT_ONCE", 10)
    sent = await upload(phone, a_picture(side=64)[:200])
    assert sent.status == 202
    await school.node.work()
    assert (await phone.get(f"/api/v1/media/{sent.json['id']}")).status == 422


async def test_it_is_described_dropped_and_used_once(school: School) -> None:
    _, phone = await school.a_teacher("ada")
    first = (await upload(phone, a_picture())).json
    path = f"/api/v1/media/{first['id']}"

    changed = (await phone.put(path, json={"description": "A wall", "focus": "1,1"})).json
    assert (changed["description"], changed["meta"]["focus"]) == ("A wall", {"x": 1.0, "y": 1.0})
    posted = await phone.post("/api/v1/statuses", json={"status": "x", "media_ids": [first["id"]]})
    assert posted.json["media_attachments"][0]["id"] == first["id"]
    assert posted.json["media_attachments"][0]["blurhash"] == first["blurhash"]
    assert (await phone.post("/api/v1/statuses", json={"status": "x", "media_ids": [first["id"]]})).status == 422
    assert (await phone.delete(path)).status == 422
    assert (await phone.put(path, json={"description": "x"})).status == 404

    second = (await upload(phone, a_picture())).json
    assert (await phone.delete(f"/api/v1/media/{second['id']}")).json == {}
    assert (await phone.get(f"/api/v1/media/{second['id']}")).status == 404


async def test_what_somebody_uploaded_is_nobody_else_s(school: School) -> None:
    _, phone = await school.a_teacher("ada")
    _, other = await school.a_teacher("eve")
    media_id = (await upload(phone, a_picture())).json["id"]

    for path in (f"/api/v1/media/{media_id}", "/api/v1/media/12345"):
        assert {(await other.ask(method, path, json={})).status for method in ("GET", "PUT", "DELETE")} == {404}
    assert (await other.post("/api/v1/statuses", json={"status": "x", "media_ids": [media_id]})).status == 422


async def test_an_edit_changes_words_and_pictures(school: School) -> None:
    _, phone = await school.a_teacher("ada")
    one, two = (await upload(phone, a_picture())).json, (await upload(phone, a_picture(colour="red"))).json
    posted = (await phone.post("/api/v1/statuses", json={"status": "x", "media_ids": [one["id"]]})).json
    path = f"/api/v1/statuses/{posted['id']}"

    said: Any = {"status": "x", "media_ids": [one["id"]], "media_attributes": [{"id": one["id"], "description": "New"}]}
    described = (await phone.put(path, json=said)).json
    assert [each["description"] for each in described["media_attachments"]] == ["New"]
    both = (await phone.put(path, json={"status": "x", "media_ids": [two["id"], one["id"]]})).json
    assert [each["id"] for each in both["media_attachments"]] == [two["id"], one["id"]]
    assert both["edited_at"] is not None
    none = (await phone.put(path, json={"status": "x"})).json
    assert none["media_attachments"] == []
    again = await phone.post("/api/v1/statuses", json={"status": "y", "media_ids": [one["id"]]})
    assert again.status == 200


@pytest.mark.parametrize("delete_media", [False, True])
async def test_what_is_deleted_to_be_written_anew_keeps_its_pictures(school: School, delete_media: bool) -> None:
    _, phone = await school.a_teacher("ada")
    one = (await upload(phone, a_picture())).json
    posted = (await phone.post("/api/v1/statuses", json={"status": "x", "media_ids": [one["id"]]})).json

    gone = await phone.delete(f"/api/v1/statuses/{posted['id']}", **({"delete_media": "true"} if delete_media else {}))

    assert [each["id"] for each in gone.json["media_attachments"]] == [one["id"]]
    again = await phone.post("/api/v1/statuses", json={"status": "x", "media_ids": [one["id"]]})
    assert again.status == (422 if delete_media else 200)


async def test_pictures_of_what_is_not_for_everybody_open_for_those_who_were_told_where(school: School) -> None:
    ada, phone = await school.a_teacher("ada")
    ben, other = await school.a_teacher("ben")
    await a_follow_row(school.db, school.here, by=ben, of=ada)
    one = (await upload(phone, a_picture())).json
    said = {"status": "x", "media_ids": [one["id"]], "visibility": "private"}
    posted = (await phone.post("/api/v1/statuses", json=said)).json
    assert posted["visibility"] == "private"

    address = await shown_at(other, posted)
    stranger = school.node.stranger
    assert (await stranger.get(address)).status == 200
    assert await shown_at(other, posted) == address != await shown_at(phone, posted)
    assert (await stranger.get(address.partition("?")[0])).status == 404
    for wrong in (
        f"{address}x",
        f"{address[:-1]}~",
        f"{address.partition('=')[0]}=",
        address.replace("pass=", "pass=1"),
    ):
        assert (await stranger.get(wrong)).status == 404
    await phone.delete(f"/api/v1/statuses/{posted['id']}", delete_media="true")
    assert (await stranger.get(address)).status == 404


async def shown_at(phone: Phone, status: dict[str, Any], field: str = "url") -> str:
    """Where an app is told that the first picture of a post lies."""
    shown = (await phone.get(f"/api/v1/statuses/{status['id']}")).json
    history = (await phone.get(f"/api/v1/statuses/{status['id']}/history")).json
    assert history[0]["media_attachments"] == shown["media_attachments"]
    return str(shown["media_attachments"][0][field]).removeprefix("https://alder.test")


async def test_what_somebody_may_see_no_more_opens_no_more(school: School) -> None:
    ada, browser, phone = await school.both("ada")
    ben, first = await school.a_teacher("ben")
    cat, third = await school.a_teacher("cat")
    for follower in (ben, cat):
        await a_follow_row(school.db, school.here, by=follower, of=ada)
    second = await school.phone(ben)
    one, two = (await upload(phone, a_picture())).json, (await upload(phone, a_picture(colour="red"))).json
    loose = (await upload(phone, a_picture())).json["url"].removeprefix("https://alder.test")
    said = {"status": "x", "visibility": "private"}
    posted = (await phone.post("/api/v1/statuses", json=said | {"media_ids": [one["id"]]})).json
    another = (await phone.post("/api/v1/statuses", json=said | {"media_ids": [two["id"]]})).json
    addresses = [await shown_at(each, posted) for each in (first, second, third, phone)]
    stranger = school.node.stranger

    async def opened(*addresses: str) -> list[int]:
        return [(await stranger.get(address)).status for address in addresses]

    assert await opened(*addresses, loose) == [200] * 5
    # Apps in browsers show it on pages of their own; no other page does, and nothing keeps it for later.
    by_pass, by_cookie = await stranger.get(addresses[3]), await browser.get(addresses[3].partition("?")[0])
    assert by_pass.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert by_cookie.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert {page.headers["Cache-Control"] for page in (by_pass, by_cookie)} == {"private, no-store"}
    # The pass for one picture is none for another.
    plain, proof = (await shown_at(first, another)).partition("?")[0], addresses[0].partition("?")[2]
    assert await opened(f"{plain}?{proof}") == [404]

    token_id = int(addresses[0].partition("pass=")[2].partition(".")[0], 16)
    await school.db.write(tokens.end, token_id=token_id, now=school.here.now())
    assert await opened(*addresses) == [404, 200, 200, 200]
    await phone.post(f"/api/v1/accounts/{ben.id}/remove_from_followers")
    assert await opened(*addresses) == [404, 404, 200, 200]
    await phone.post(f"/api/v1/accounts/{cat.id}/block")
    assert await opened(*addresses) == [404, 404, 404, 200]
    await school.db.write(lambda tx: tx.execute(update(Account).values(disabled_at=school.here.now())))
    assert await opened(*addresses) == [404, 404, 404, 404]


async def test_a_small_picture_may_stand_for_it(school: School) -> None:
    _, phone = await school.a_teacher("ada")
    form = FormData()
    form.add_field("file", a_picture(), filename="a.png", content_type=PNG)
    form.add_field("thumbnail", a_picture(colour="red"), filename="b.png", content_type=PNG)

    sent = (await phone.ask("POST", "/api/v2/media", data=form)).json

    assert sent["preview_url"] != sent["url"]
    posted = (await phone.post("/api/v1/statuses", json={"status": "x", "media_ids": [sent["id"]]})).json
    assert posted["media_attachments"][0]["preview_url"].partition("?")[0] == sent["preview_url"].partition("?")[0]
    shown = posted["media_attachments"][0]["preview_url"].removeprefix("https://alder.test")
    assert "pass=" not in shown
    form = FormData()
    form.add_field("file", a_picture(), filename="a.png", content_type=PNG)
    form.add_field("thumbnail", a_picture(colour="red"), filename="b.png", content_type=PNG)
    sent = (await phone.ask("POST", "/api/v2/media", data=form)).json
    said = {"status": "x", "media_ids": [sent["id"]], "visibility": "private"}
    private = (await phone.post("/api/v1/statuses", json=said)).json
    small = await shown_at(phone, private, "preview_url")
    assert [(await school.node.stranger.get(each)).status for each in (small, small.partition("?")[0])] == [200, 404]


def test_a_picture_of_one_colour_has_a_hash_of_that_colour() -> None:
    hashed = blurhash.encode([(255, 0, 0)] * 100, width=10, height=10)

    # Four waves across, three down; no difference; and the colour as four digits to the base of 83.
    assert hashed[:6] == "L0TI:j"
    assert len(hashed) == 28
