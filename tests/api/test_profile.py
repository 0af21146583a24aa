"""One's own profile through an app: reading it, changing it in all the ways that apps send, and its pictures."""

import io
from typing import Any

import pytest
from aiohttp import FormData
from PIL import Image

from fedishare.db.engine import Database
from tests.api import golden
from tests.api.conftest import School
from tests.api.signing_in import a_handle, runs_too
from tests.web.builders import png

UPDATE = "/api/v1/accounts/update_credentials"


async def test_the_own_account_says_what_only_its_owner_sees(school: School) -> None:
    _, phone = await school.a_teacher("ada", name="Ada", summary_source="Maths")

    golden.same("credential_account", (await phone.get("/api/v1/accounts/verify_credentials")).json)
    golden.same("preferences", (await phone.get("/api/v1/preferences")).json)


async def test_only_what_was_sent_changes(school: School) -> None:
    _, phone = await school.a_teacher("ada", name="Ada", summary_source="Maths")

    first = (await phone.patch(UPDATE, {"note": "I teach **maths**. #fractions", "locked": "True"})).json
    second = (await phone.patch(UPDATE, display_name="Ada L.")).json

    assert (first["display_name"], first["source"]["note"]) == ("Ada", "I teach **maths**. #fractions")
    assert "<strong>maths</strong>" in first["note"]
    assert first["locked"] is True
    assert (second["display_name"], second["note"], second["locked"]) == ("Ada L.", first["note"], True)


@pytest.mark.parametrize(
    "sent",
    [
        {"json": {"fields_attributes": [{"name": "Site", "value": "https://a.example/x"}, {"name": "", "value": ""}]}},
        {"json": {"fields_attributes": {"0": {"name": "Site", "value": "https://a.example/x"}}}},
        {"data": {"fields_attributes[0][name]": "Site", "fields_attributes[0][value]": "https://a.example/x"}},
        {"data": [("fields_attributes[][name]", "Site"), ("fields_attributes[][value]", "https://a.example/x")]},
    ],
)
async def test_the_lines_of_a_profile_come_in_every_shape(school: School, sent: dict[str, Any]) -> None:
    _, phone = await school.a_teacher()

    found = (await phone.ask("PATCH", UPDATE, **sent)).json

    assert found["source"]["fields"] == [{"name": "Site", "value": "https://a.example/x", "verified_at": None}]
    assert found["fields"][0]["value"].startswith('<a href="https://a.example/x"')


async def test_habits_of_writing_are_kept(school: School) -> None:
    _, phone = await school.a_teacher()

    sent = {"source": {"privacy": "unlisted", "sensitive": True, "language": "cy"}}
    found = (await phone.patch(UPDATE, sent)).json["source"]

    assert (found["privacy"], found["sensitive"], found["language"]) == ("unlisted", True, "cy")
    preferred = (await phone.get("/api/v1/preferences")).json
    assert preferred["posting:default:visibility"] == "unlisted"
    assert preferred["posting:default:language"] == "cy"


def a_form(**files: bytes) -> FormData:
    data = FormData()
    for name, body in files.items():
        data.add_field(name, io.BytesIO(body), filename="me.png", content_type="image/png")
    return data


async def test_a_picture_is_made_small_and_everybody_may_see_it(school: School) -> None:
    _, phone = await school.a_teacher()

    found = (await phone.ask("PATCH", UPDATE, data=a_form(avatar=png((900, 900)), header=png((1600, 20))))).json
    path = found["avatar"].removeprefix("https://alder.test")
    async with school.client.get(path, headers={"Host": "alder.test"}) as answer:
        body, headers = await answer.read(), answer.headers

    assert path.startswith("/portraits/")
    assert Image.open(io.BytesIO(body)).size == (400, 400)
    assert headers["Cache-Control"].startswith("public")
    assert headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    former = len(school.node.stored)
    await phone.ask("PATCH", UPDATE, data=a_form(avatar=png((30, 30))))
    await school.node.work()
    assert len(school.node.stored) == former
    dropped = (await phone.delete("/api/v1/profile/avatar")).json
    assert "/static/avatar." in dropped["avatar"]
    assert dropped["header"] == found["header"]


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"data": a_form(avatar=b"this is no picture")}, 422),
        ({"json": {"display_name": {"a": 1}}}, 422),
        ({"json": {"display_name": "x" * 200}}, 422),
        ({"json": {"note": "x" * 3000}}, 422),
        ({"json": {"locked": "perhaps"}}, 422),
        ({"json": {"source": "x"}}, 422),
        ({"json": {"source": {"privacy": "everybody"}}}, 422),
        ({"json": {"source": {"language": "<script>"}}}, 422),
        ({"json": {"fields_attributes": [{"name": str(n), "value": "x"} for n in range(9)]}}, 422),
        ({"json": {"fields_attributes": "x"}}, 422),
        ({"json": {"fields_attributes": [{"name": "a", "value": "x" * 300}]}}, 422),
        ({"json": [1]}, 400),
        ({"data": b"{", "headers": {"Content-Type": "application/json"}}, 400),
        ({"data": b'{"a":1,"a":2}', "headers": {"Content-Type": "application/json"}}, 400),
        ({"data": b"a" * 10, "headers": {"Content-Type": "multipart/form-data; boundary=x"}}, 400),
        ({"data": b"a" * 10, "headers": {"Content-Type": "multipart/form-data"}}, 400),
        ({"data": {"a[b]": "1", "a": "2"}}, 200),
        ({"data": [("a", "1"), ("a[b]", "2")]}, 400),
        ({"data": {"a" + "[b]" * 20: "1"}}, 400),
        ({"data": {"note": "\0"}}, 400),
        ({"json": {"role": "admin", "id": "1", "acct": "x", "followers_count": 9}}, 200),
    ],
)
async def test_hostile_profiles_are_refused_in_words(school: School, sent: dict[str, Any], status: int) -> None:
    person, phone = await school.a_teacher("ada", name="Ada")

    reply = await phone.ask("PATCH", UPDATE, **sent)

    assert reply.status == status, reply.json
    after = (await phone.get("/api/v1/accounts/verify_credentials")).json
    assert (after["id"], after["display_name"], after["role"]["name"]) == (str(person.id), "Ada", "")


async def test_a_handle_has_a_profile_of_its_own(school: School, db: Database) -> None:
    owner, hers = await school.a_teacher("ada")
    ben, _ = await school.a_teacher("ben")
    handle = await a_handle(school, owner)
    await runs_too(school, handle, owner, ben)
    phone = await school.phone(ben, acts_as=handle)

    found = (await phone.patch(UPDATE, {"display_name": "Maths at Alder", "locked": True})).json

    assert (found["username"], found["display_name"], found["locked"]) == ("maths", "Maths at Alder", False)
    assert (await hers.get("/api/v1/accounts/verify_credentials")).json["username"] == "ada"
    log = await db.read(lambda tx: tx.exec_driver_sql("SELECT kind FROM deed ORDER BY id DESC LIMIT 1").scalar())
    assert log == "profile"


async def test_the_profile_is_read_and_written_as_it_was_typed(school: School) -> None:
    _, phone = await school.a_teacher("ada")

    changed: Any = None
    for method in ("PATCH", "PUT"):
        said: dict[str, Any] = {
            "display_name": f"Ada {method}",
            "note": "Maths, *mostly*",
            "fields_attributes": 5,
        }
        assert (await phone.ask(method, "/api/v1/profile", json=said)).status == 422
        said["fields_attributes"] = {"0": {"name": "School", "value": "https://alder.test"}}
        changed = await phone.ask(method, "/api/v1/profile", json=said)
        assert changed.json["display_name"] == f"Ada {method}"

    golden.same("profile", changed.json)
    assert (await phone.get("/api/v1/profile")).json == changed.json
    assert (await (await school.phone(None, scopes="read")).get("/api/v1/profile")).status == 422
