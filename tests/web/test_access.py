"""Who may open what; forms from elsewhere; cookies and headers; what is not there and what is not for everybody."""

import re

import pytest

from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.domain.audience import Visibility
from fedishare.domain.permissions import Role
from fedishare.http.routes import Allow
from fedishare.web import routes
from tests.builders import a_follow_row, a_person, a_post, a_room
from tests.web.builders import RESOURCE, docx, form
from tests.web.conftest import Node

ENTRIES = [entry for table in routes.ALL for entry in table]
OPEN_POSTS = {"/sign-in", "/sign-out"}


def test_strangers_may_change_nothing() -> None:
    """Every form but the two for signing in and out asks who is there."""
    changing = {"POST", "PATCH", "DELETE"}
    open_to_all = {entry.path for entry in ENTRIES if entry.method in changing and entry.allow is Allow.ANYONE}

    assert open_to_all == OPEN_POSTS


async def test_every_page_and_form_asks_for_what_it_declares(node: Node) -> None:
    _, teacher = await node.a_teacher()
    closed = [entry for entry in ENTRIES if entry.allow is not Allow.ANYONE]
    found = {}
    for entry in closed:
        path = re.sub(r"{[^}]+}", "1", entry.path)
        answer = await node.stranger.ask(entry.method, path, headers={"Sec_Fetch_Site": "same-origin"})
        found[entry.method, entry.path] = (answer.status, answer.headers.get("Location", "")[:13])

    assert found == {
        (entry.method, entry.path): (303, "/sign-in?next") if entry.method == "GET" else (401, "") for entry in closed
    }
    assert (await teacher.get("/reports")).status == 403
    assert (await teacher.post("/reports/1/resolve")).status == 403


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec_Fetch_Site": "cross-site"}, 403),
        ({"Sec_Fetch_Site": "same-site"}, 403),
        ({"Sec_Fetch_Site": "", "Origin": "https://evil.test"}, 403),
        ({"Sec_Fetch_Site": "", "Origin": "null"}, 403),
        ({"Sec_Fetch_Site": "same-origin"}, 303),
    ],
)
async def test_forms_from_other_sites_are_turned_away(
    node: Node, db: Database, here: Here, headers: dict[str, str], status: int
) -> None:
    person, teacher = await node.a_teacher()
    post = await a_post(db, here, by=person)

    assert (await teacher.post(f"/posts/{post.id}/like", None, **headers)).status == status


async def test_a_link_changes_nothing(node: Node, db: Database, here: Here) -> None:
    person, teacher = await node.a_teacher()
    post = await a_post(db, here, by=person)

    found = {path: (await teacher.get(path)).status for path in (f"/posts/{post.id}/like", "/follow", "/sign-out")}

    assert set(found.values()) == {405}
    assert (await teacher.get("/settings")).status == 200


async def test_whoever_is_not_signed_in_gets_no_cookie_and_nothing_from_elsewhere(
    node: Node, db: Database, here: Here
) -> None:
    person, teacher = await node.a_teacher("ada")
    room = await a_room(db, here, username="slt")
    await a_follow_row(db, here, by=person, of=room)
    resource = (await teacher.post("/compose", form(RESOURCE, [("files", "wall.docx", docx())]))).location
    post = await a_post(db, here, by=person)
    paths = ["/", "/about", "/rooms", "/sign-in", "/@ada", "/@slt", "/tags/fractions", resource, "/nothing"]

    for path in [*paths, f"/posts/{post.id}", "/@ada/followers"]:
        answer = await node.stranger.get(path)
        assert "Set-Cookie" not in answer.headers, path
        loaded = [each["src"] for each in answer.root.all("script") + answer.root.all("img") if each["src"]]
        loaded += [each["href"] for each in answer.root.all("link", rel="stylesheet") + answer.root.all("use")]
        assert all(address.startswith("/static/") for address in loaded), (path, loaded)
        assert len(answer.root.all("h1")) == 1, path
        assert not answer.root.all("style"), path
        assert "style=" not in answer.html, path
        scripts = {each["type"] for each in answer.root.all("script") if not each["src"]}
        assert scripts <= {"application/ld+json"}, path
        assert "script-src 'self'" in answer.headers["Content-Security-Policy"], path


async def test_pages_for_one_person_are_kept_by_nobody(node: Node) -> None:
    _, teacher = await node.a_teacher()

    assert (await teacher.get("/")).headers["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize("visibility", [Visibility.FOLLOWERS, Visibility.ROOM, Visibility.MENTIONED])
async def test_what_is_not_for_somebody_looks_like_what_is_not_there(
    node: Node, db: Database, here: Here, visibility: Visibility
) -> None:
    _, teacher = await node.a_teacher()
    author = await a_person(db, here)
    secret = await a_post(db, here, by=author, visibility=visibility)
    nothing = secret.id + 1

    for browser in (teacher, node.stranger):
        for path in ("/posts/{}", "/resources/{}", "/posts/{}/history", "/resources/{}/files/a.pdf"):
            hidden, absent = await browser.get(path.format(secret.id)), await browser.get(path.format(nothing))
            assert (hidden.status, hidden.body) == (404, absent.body), path
    for path in ("/posts/{}/edit", "/posts/{}/delete", "/report?post={}", "/compose?reply_to={}"):
        hidden, absent = await teacher.get(path.format(secret.id)), await teacher.get(path.format(nothing))
        assert (hidden.status, hidden.body) == (404, absent.body), path
    for path in ("/posts/{}/like", "/posts/{}/boost", "/posts/{}/used", "/posts/{}/delete"):
        hidden, absent = await teacher.post(path.format(secret.id)), await teacher.post(path.format(nothing))
        assert (hidden.status, hidden.body) == (404, absent.body), path


@pytest.mark.parametrize(
    "path",
    ["/posts/x", "/posts/99999999999999999999", "/posts/-1", "/resources/1e3", "/@nobody", "/media/none", "/tags/123"],
)
async def test_what_cannot_be_there_is_a_friendly_page(node: Node, path: str) -> None:
    answer = await node.stranger.get(path)

    assert answer.status == 404
    assert answer.root.one("h1").text
    assert "Alder Primary" in answer.root.one("title").text


async def test_somebody_elses_things_are_not_changed_by_knowing_their_number(
    node: Node, db: Database, here: Here
) -> None:
    author, _ = await node.a_teacher()
    _, other = await node.a_teacher()
    _, moderator = await node.a_teacher(role=Role.MODERATOR)
    post = await a_post(db, here, by=author)

    refused = [await other.get(f"/posts/{post.id}/delete"), await other.post(f"/posts/{post.id}/delete")]

    assert [answer.status for answer in refused] == [403, 403]
    assert (await node.stranger.get(f"/posts/{post.id}")).status == 200
    assert (await moderator.post(f"/posts/{post.id}/delete")).status == 303
    assert (await node.stranger.get(f"/posts/{post.id}")).status == 410


async def test_fields_that_no_form_has_change_nothing(node: Node) -> None:
    _, teacher = await node.a_teacher()

    await teacher.post("/settings", {"part": "page", "name": "Ada", "about": "", "role": "admin", "id": "1"})

    assert (await teacher.get("/reports")).status == 403
