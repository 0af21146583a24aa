"""Drafts kept on the server: nothing typed or sent is lost, by a slip, a second tab or a mistake."""

import json
from typing import Any

import pytest
from sqlalchemy import Connection, func, select

from fedishare.core.here import Here
from fedishare.db.drafts import DraftUpload, SavedDraft
from fedishare.db.engine import Database
from fedishare.db.media import Media
from fedishare.db.uploads import Upload
from fedishare.queries import drafts
from fedishare.services import housekeeping, posts, saved
from tests.builders import FrozenClock, a_person, a_post
from tests.queries.test_timelines import count_statements
from tests.web.builders import PDF, RESOURCE, form, png
from tests.web.conftest import Browser, Element, Node


def count(tx: Connection, table: type[Any]) -> int:
    return tx.scalar(select(func.count()).select_from(table)) or 0


async def autosave(who: Browser, fields: dict[str, str], files: Any = ()) -> dict[str, Any]:
    answer = await who.post("/drafts", form(fields, files), Accept="application/json")
    assert answer.status == 200, answer.body
    found: dict[str, Any] = json.loads(answer.body)
    return found


def filled(page: Element) -> dict[str, str]:
    """What a browser would send of the form of a page as it stands, but for its files."""
    return fields_of(page.one("form", class_="form"))


def fields_of(shown: Element) -> dict[str, str]:
    sent = {each["name"]: each["value"] for each in shown.all("input") if each["type"] in {"text", "hidden", ""}}
    sent |= {each["name"]: each["value"] for each in shown.all("input") if "checked" in each.attributes}
    sent |= {each["name"]: each.raw.removeprefix("\n") for each in shown.all("textarea")}
    for choice in shown.all("select"):
        for option in choice.all("option", selected=""):
            if "selected" in option.attributes:
                sent[choice["name"]] = option["value"]
    return sent


async def test_a_draft_comes_back_with_everything_and_is_published(node: Node, db: Database) -> None:
    _, teacher = await node.a_teacher()
    fields = RESOURCE | {"warning": "long & <odd>", "alt_1": "A wall", "visibility": "followers", "save_draft": ""}

    kept = await teacher.post("/drafts", form(fields, [("files", "wall.pdf", PDF), ("picture_1", "a.png", png())]))
    page = await teacher.get(kept.location)

    assert kept.location.endswith("?said=saved")
    assert page.status == 200
    back = filled(page.root)
    assert {name: back[name] for name in fields if name != "save_draft"} == {
        name: value for name, value in fields.items() if name != "save_draft"
    }
    assert page.root.one("li", class_="upload").one("bdi").text == "wall.pdf"
    shared = await teacher.post("/compose", form(back))
    assert shared.status == 303, shared.errors
    assert (await teacher.get(f"{shared.location}/files/wall.pdf")).body == PDF
    assert await db.read(count, SavedDraft) == 0
    assert (await teacher.get(kept.location.partition("?")[0])).status == 404


async def test_the_list_says_what_each_draft_is(node: Node) -> None:
    _, teacher = await node.a_teacher()
    await autosave(teacher, RESOURCE, [("files", "wall.pdf", PDF)])
    await autosave(teacher, {"text": "Only <b>words"})
    await autosave(teacher, {"text": ""})

    lines = [line.text for line in (await teacher.get("/drafts")).root.one("ul", class_="lines").all("li")]

    assert [line.partition(" saved")[0] for line in lines] == [
        "Nothing written yet",
        "Only <b>words",
        "Fraction wall investigation Teaching resource · 1 file ·",
    ]


async def test_saving_again_changes_the_same_draft(node: Node, db: Database) -> None:
    _, teacher = await node.a_teacher()

    first = await autosave(teacher, {"text": "One"})
    second = await autosave(teacher, {"text": "Two", "draft": first["draft"], "draft_version": first["version"]})
    same = await autosave(teacher, {"text": "Two", "draft": first["draft"], "draft_version": second["version"]})

    assert [each["version"] for each in (first, second, same)] == ["1", "2", "2"]
    assert {each["draft"] for each in (first, second, same)} == {first["draft"]}
    assert await db.read(count, SavedDraft) == 1


async def test_two_tabs_with_one_draft_lose_nothing_and_the_second_is_told(node: Node, db: Database) -> None:
    _, teacher = await node.a_teacher()
    first = await autosave(teacher, RESOURCE, [("files", "wall.pdf", PDF)])
    key = (await db.read(lambda tx: tx.scalar(select(Upload.key)))) or ""
    seen = {"draft": first["draft"], "draft_version": first["version"], "upload": key}

    one = await autosave(teacher, RESOURCE | seen | {"text": "In the first tab"})
    two = await autosave(teacher, RESOURCE | seen | {"text": "In the second tab"})

    assert (one["told"], two["told"]) == ("", saved.CHANGED)
    texts = {}
    for each in (one, two):
        page = (await teacher.get(f"/drafts/{each['draft']}")).root
        texts[each["draft"]] = page.one("textarea", name="text").text
        assert page.one("li", class_="upload").one("bdi").text == "wall.pdf"
    assert list(texts.values()) == ["In the first tab", "In the second tab"]

    await teacher.post(f"/drafts/{one['draft']}/delete")

    assert await db.read(count, Upload) == 1
    assert (await teacher.get(f"/drafts/{two['draft']}")).status == 200


async def test_publishing_in_one_tab_keeps_what_another_wrote(node: Node) -> None:
    _, teacher = await node.a_teacher()
    first = await autosave(teacher, {"text": "Begun"})
    seen = {"draft": first["draft"], "draft_version": first["version"]}
    await autosave(teacher, {"text": "Longer, in the second tab"} | seen)

    shared = await teacher.post("/compose", form({"text": "Shared from the first tab"} | seen))

    assert shared.status == 303
    page = (await teacher.get(f"/drafts/{first['draft']}")).root
    assert page.one("textarea", name="text").text == "Longer, in the second tab"


async def test_a_tab_that_writes_on_in_a_draft_that_is_gone_is_told(node: Node) -> None:
    _, teacher = await node.a_teacher()
    first = await autosave(teacher, {"text": "Begun"})
    seen = {"draft": first["draft"], "draft_version": first["version"]}
    await teacher.post("/compose", form({"text": "Shared"} | seen))

    later = await autosave(teacher, {"text": "Still writing"} | seen)

    assert later["told"] == saved.GONE
    assert later["draft"] != first["draft"]


async def test_other_peoples_drafts_are_not_there(node: Node) -> None:
    _, teacher = await node.a_teacher()
    _, other = await node.a_teacher()
    mine = await autosave(teacher, {"text": "Mine alone"})
    path = f"/drafts/{mine['draft']}"

    found = [
        (await other.get(path)).status,
        (await other.get(f"{path}/delete")).status,
        (await other.post(f"{path}/delete")).status,
        (await other.get("/drafts/1")).status,
    ]
    overwritten = await autosave(other, {"text": "Theirs", "draft": mine["draft"], "draft_version": "1"})

    assert found == [404] * 4
    assert overwritten["draft"] != mine["draft"]
    assert (await teacher.get(path)).root.one("textarea", name="text").text == "Mine alone"
    assert "Mine alone" not in (await other.get("/drafts")).html


async def test_deleting_a_draft_takes_its_files_along(node: Node, db: Database) -> None:
    _, teacher = await node.a_teacher()
    kept = await autosave(teacher, RESOURCE, [("files", "wall.pdf", PDF), ("picture_1", "a.png", png())])

    asked = await teacher.get(f"/drafts/{kept['draft']}/delete")
    answer = await teacher.post(f"/drafts/{kept['draft']}/delete")

    assert asked.root.one("h1").text == "Delete this draft?"
    assert answer.location == "/drafts?said=deleted"
    assert [await db.read(count, table) for table in (SavedDraft, Upload, Media, DraftUpload)] == [0, 0, 0, 0]


async def test_pictures_of_a_draft_are_kept_for_as_long_as_it_is(
    node: Node, db: Database, here: Here, clock: FrozenClock
) -> None:
    _, teacher = await node.a_teacher()
    kept = await autosave(teacher, {"text": "Look", "alt_1": "A wall"}, [("picture_1", "a.png", png())])
    clock.tick(days=20)
    await db.write(housekeeping.sweep, here)

    page = (await teacher.get(f"/drafts/{kept['draft']}")).root

    assert page.one("input", name="picture_key_1")["value"] == kept["pictures"]["1"]
    assert page.one("img", class_="thumb")["alt"] == "A wall"


async def test_a_refused_file_is_said_and_the_rest_is_saved(node: Node) -> None:
    _, teacher = await node.a_teacher()

    answer = await teacher.post("/drafts", form(RESOURCE, [("files", "setup.exe", b"MZ\x90\x00")]))

    assert answer.status == 422
    assert answer.errors == [
        "setup.exe was left out: programs and shortcuts cannot be shared, because they may harm a computer."
    ]
    draft = answer.root.one("input", name="draft")["value"]
    assert (await teacher.get(f"/drafts/{draft}")).root.one("input", name="title")["value"] == RESOURCE["title"]


async def test_a_draft_of_an_answer_outlives_what_it_answers(node: Node, db: Database, here: Here) -> None:
    _, teacher = await node.a_teacher()
    other = await a_person(db, here)
    question = await a_post(db, here, by=other)
    kept = await autosave(teacher, {"text": "I think so", "reply_to": str(question.id)})
    before = (await teacher.get(f"/drafts/{kept['draft']}")).root
    await db.write(posts.delete, here, by_id=other.id, post_id=question.id)

    after = await teacher.get(f"/drafts/{kept['draft']}")

    assert before.one("input", name="reply_to")["value"] == str(question.id)
    assert after.status == 200
    assert after.root.one("p", class_="said").text.startswith("What you were answering is no longer there.")
    assert after.root.one("textarea", name="text").text == "I think so"
    assert after.root.all("input", name="reply_to") == []


async def test_drafts_are_limited_in_number(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    _, teacher = await node.a_teacher()
    monkeypatch.setattr(saved, "MOST", 1)
    await autosave(teacher, {"text": "One"})

    many = await teacher.post("/drafts", form({"text": "Two"}))
    machine = await teacher.post("/drafts", form({"text": "Two"}), Accept="application/json")

    assert many.errors == ["There are 1 drafts of yours already: publish or delete some before you begin another."]
    assert many.root.one("textarea", name="text").text == "Two"
    assert (machine.status, machine.headers["Content-Type"]) == (400, "application/problem+json")


async def test_a_mistake_while_publishing_leaves_the_draft(node: Node) -> None:
    _, teacher = await node.a_teacher()
    kept = await autosave(teacher, RESOURCE)
    seen = {"draft": kept["draft"], "draft_version": kept["version"]}

    answer = await teacher.post("/compose", form(RESOURCE | seen))

    assert answer.status == 422
    assert answer.root.one("input", name="draft")["value"] == kept["draft"]
    assert (await teacher.get(f"/drafts/{kept['draft']}")).status == 200


@pytest.mark.parametrize("number", [1, 3])
async def test_the_list_takes_one_statement_however_long(node: Node, db: Database, number: int) -> None:
    person, teacher = await node.a_teacher()
    for each in range(number):
        await autosave(teacher, {"text": f"Draft {each}"}, [("files", "wall.pdf", PDF)])

    assert await db.read(count_statements, drafts.mine, {"owner_id": person.id}) == 1
    assert len(await db.read(drafts.mine, owner_id=person.id)) == number
