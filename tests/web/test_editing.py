"""What somebody types to change a post is not lost by an interruption."""

from typing import Any

from fedishare.db.drafts import SavedDraft
from fedishare.db.engine import Database
from tests.web.builders import PDF, RESOURCE, form
from tests.web.conftest import Browser, Node, Page
from tests.web.test_drafts import autosave, count, filled
from tests.web.test_traces import several


async def a_post_by(teacher: Browser, **over: str) -> str:
    """The path of its form."""
    fields = {"text": "First words", "visibility": "public", "language": "en"} | over
    shared = await teacher.post("/compose", form(fields))
    return f"/posts/{shared.location.rpartition('/')[2]}/edit"


def text_in(page: Page) -> str:
    return page.root.one("textarea", name="text").text


async def test_what_was_typed_into_the_form_of_an_edit_comes_back_and_goes_when_it_is_saved(
    node: Node, db: Database
) -> None:
    _, teacher = await node.a_teacher()
    path = await a_post_by(teacher)
    before = filled((await teacher.get(path)).root)

    kept = await autosave(teacher, before | {"text": "Second words, not quite"})
    page = await teacher.get(path)

    assert text_in(page) == "Second words, not quite"
    assert page.root.one("p", class_="said").text == (
        "This is what you typed last time and did not save. What is published has not changed. "
        "Start from what is published"
    )
    assert text_in(await teacher.get(f"{path}?fresh=1")) == "First words"
    line = (await teacher.get("/drafts")).root.one("ul", class_="lines").one("li").text
    assert line.startswith("Second words, not quite Changes to what you published · saved")
    opened = await teacher.get(f"/drafts/{kept['draft']}")
    assert (opened.status, opened.location) == (303, f"{path}?draft={kept['draft']}&said=")
    again = await autosave(teacher, filled(page.root) | {"text": "Second words"})
    assert again["draft"] == kept["draft"]
    done = await teacher.post(path, form(filled((await teacher.get(path)).root)))
    assert done.status == 303
    assert "Second words" in (await teacher.get(done.location)).html
    assert await db.read(count, SavedDraft) == 0
    assert text_in(await teacher.get(path)) == "Second words"


async def test_an_edit_is_kept_by_a_button_too_with_the_files_of_a_resource_in_their_order(node: Node) -> None:
    _, teacher = await node.a_teacher()
    shared = await teacher.post("/compose", form(RESOURCE, [("files", "a.pdf", PDF), ("files", "b.pdf", PDF + b"b")]))
    path = f"/posts/{shared.location.rpartition('/')[2]}/edit"
    page = (await teacher.get(path)).root
    old = [each["value"] for each in page.all("input", name="upload") if each["value"]]
    fields = filled(page) | {"title": "Another title", "changed": "A third page"}

    kept = await teacher.post("/drafts", several_with(fields, old[::-1]))
    assert kept.status == 303, kept.errors
    moved = await teacher.get(kept.location)
    back = await teacher.get(moved.location)

    assert back.root.one("p", class_="said").text.startswith("Saved as a draft. What is published has not changed.")
    names = [each.one("bdi").text for each in back.root.all("li", class_="upload")]
    assert names == ["b.pdf", "a.pdf", "c.pdf"]
    assert back.root.one("input", name="title")["value"] == "Another title"
    assert "Another title" not in (await teacher.get(shared.location)).html
    keys = [each["value"] for each in back.root.all("input", name="upload") if each["value"]]
    done = await teacher.post(path, several(filled(back.root), upload=keys))
    assert done.status == 303, done.errors
    assert (await teacher.get(f"{shared.location}/files/c.pdf")).body == PDF + b"c"


def several_with(fields: dict[str, str], uploads: list[str]) -> Any:
    data = form({name: value for name, value in fields.items() if name != "upload"}, [("files", "c.pdf", PDF + b"c")])
    for key in uploads:
        data.add_field("upload", key)
    return data


async def test_a_draft_of_a_change_says_that_the_post_was_changed_meanwhile(node: Node) -> None:
    _, teacher = await node.a_teacher()
    path = await a_post_by(teacher)
    before = filled((await teacher.get(path)).root)
    await autosave(teacher, before | {"text": "Begun"})
    await teacher.post(path, form(filled((await teacher.get(f"{path}?fresh=1")).root) | {"text": "Elsewhere"}))

    page = await teacher.get(path)

    assert text_in(page) == "Begun"
    assert "What is published was changed after you had begun" in page.root.one("p", class_="said").text
    assert (await teacher.post(path, form(filled(page.root)))).status == 303


async def test_a_draft_of_a_change_is_nobody_elses_and_outlives_the_post(node: Node) -> None:
    _, teacher = await node.a_teacher()
    _, other = await node.a_teacher()
    path = await a_post_by(teacher)
    kept = await autosave(teacher, filled((await teacher.get(path)).root) | {"text": "Too good to lose"})
    theirs = [(await other.get(each)).status for each in (path, f"/drafts/{kept['draft']}")]
    await teacher.post(path.replace("/edit", "/delete"), {"sure": "1"})

    page = await teacher.get(f"/drafts/{kept['draft']}")

    assert theirs == [403, 404]
    assert text_in(page) == "Too good to lose"
    assert "The post that you were changing is no longer there." in page.root.one("p", class_="said").text
    assert page.root.one("form", class_="form")["action"] == "/compose"
