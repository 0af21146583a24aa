"""Earlier versions of a resource, their files, and who is told of a new one."""

from sqlalchemy import select

from fedishare.db.engine import Database
from fedishare.db.versions import FormerFile
from tests.web.builders import PDF, RESOURCE, form
from tests.web.conftest import Browser, Node

NEW = PDF + b"\n% more\n"


async def share(teacher: Browser, **over: str) -> str:
    answer = await teacher.post("/compose", form(RESOURCE | over, [("files", "wall.pdf", PDF)]))
    assert answer.status == 303, answer.errors
    return answer.location


async def edit(teacher: Browser, path: str, *, changed: str, files: bool = True, **over: str) -> None:
    """Edit a resource; with `files` its file gives way to another of the same name."""
    said = {"title": RESOURCE["title"], "text": RESOURCE["text"], "licence": "CC-BY-4.0", "changed": changed} | over
    new = [("files", "wall.pdf", NEW)] if files else []
    body = form(said | ({"upload": ""} if files else {}), new)
    answer = await teacher.post(f"/posts/{path.rpartition('/')[2]}/edit", body)
    assert answer.status == 303, answer.errors


async def test_an_edit_keeps_the_version_before_with_its_file(node: Node) -> None:
    _, teacher = await node.a_teacher()
    path = await share(teacher)

    await edit(teacher, path, changed="Larger print")

    page = await node.stranger.get(path)
    assert page.root.one("h2", id="versions").text == "Versions"
    assert "Larger print" in page.html
    assert (await node.stranger.get(f"{path}/files/wall.pdf")).body == NEW
    assert (await node.stranger.get(f"{path}/versions/1/files/wall.pdf")).body == PDF
    former = await node.stranger.get(f"{path}/versions/1")
    assert former.status == 200
    assert "CC BY-SA 4.0" in former.html
    assert (await node.stranger.get(f"{path}/versions/2")).status == 404


async def test_a_file_that_stayed_belongs_to_every_version(node: Node) -> None:
    _, teacher = await node.a_teacher()
    path = await share(teacher)

    await edit(teacher, path, changed="Said better", files=False, text="Better words.")

    assert (await node.stranger.get(f"{path}/versions/1/files/wall.pdf")).body == PDF
    assert (await node.stranger.get(f"{path}/versions/2/files/wall.pdf")).status == 200
    assert "Larger print" not in (await node.stranger.get(path)).html


async def test_who_asked_is_told_of_a_new_version_and_nobody_else(node: Node) -> None:
    _, teacher = await node.a_teacher()
    (_, watcher), (_, other) = await node.a_teacher(), await node.a_teacher()
    path = await share(teacher)
    post = f"/posts/{path.rpartition('/')[2]}"
    assert (await watcher.post(f"{post}/watch")).status == 303
    assert (await watcher.post(f"{post}/watch")).status == 303
    assert (await other.post(f"{post}/watch")).status == 303
    assert (await other.post(f"{post}/unwatch")).status == 303

    await edit(teacher, path, changed="Larger print")

    told = (await watcher.get("/notices")).html
    assert told.count("There is a new version of a resource") == 1
    assert "Larger print" in told
    assert "new version" not in (await other.get("/notices")).html
    assert "new version" not in (await teacher.get("/notices")).html


async def test_whoever_used_it_is_told(node: Node) -> None:
    _, teacher = await node.a_teacher()
    _, user = await node.a_teacher()
    path = await share(teacher)
    assert (await user.post(f"/posts/{path.rpartition('/')[2]}/used", {"line": ""})).status == 303

    await edit(teacher, path, changed="Larger print")

    assert "There is a new version of a resource" in (await user.get("/notices")).html


async def test_versions_of_what_is_not_for_somebody_look_like_what_is_not_there(node: Node) -> None:
    _, teacher = await node.a_teacher()
    _, other = await node.a_teacher()
    path = await share(teacher, visibility="followers")
    await edit(teacher, path, changed="Secret")
    number = int(path.rpartition("/")[2])

    assert (await teacher.get(f"{path}/versions/1/files/wall.pdf")).body == PDF
    for browser in (other, node.stranger):
        for end in ("versions/1", "versions/1/files/wall.pdf"):
            hidden = await browser.get(f"{path}/{end}")
            absent = await browser.get(f"/resources/{number + 1}/{end}")
            assert (hidden.status, hidden.body) == (404, absent.body), end
    hidden = await other.post(f"/posts/{number}/watch")
    absent = await other.post(f"/posts/{number + 1}/watch")
    assert (hidden.status, hidden.body) == (404, absent.body)


async def test_the_author_alone_removes_the_files_of_an_earlier_version(node: Node, db: Database) -> None:
    _, teacher = await node.a_teacher()
    _, other = await node.a_teacher()
    path = await share(teacher)
    await edit(teacher, path, changed="Larger print")
    assert (await teacher.get(f"{path}/versions/1/remove")).status == 200

    refused = await other.post(f"{path}/versions/1/remove")
    kept = (await node.stranger.get(f"{path}/versions/1/files/wall.pdf")).status
    removed = await teacher.post(f"{path}/versions/1/remove")

    assert (refused.status, kept, removed.status) == (403, 200, 303)
    assert (await node.stranger.get(f"{path}/versions/1/files/wall.pdf")).status == 404
    assert (await node.stranger.get(f"{path}/files/wall.pdf")).body == NEW
    assert await db.read(lambda tx: tx.scalars(select(FormerFile.name)).all()) == []
