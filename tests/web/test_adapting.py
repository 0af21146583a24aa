"""Adapting a resource: the draft, what its licence allows, who is told; and how often a resource was used."""

from typing import Any

from aiohttp import web
from pytest_aiohttp.plugin import AiohttpServer
from sqlalchemy import update

from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.db.resources import Resource, Use
from fedishare.domain.audience import Visibility
from tests.builders import a_person, a_resource, add
from tests.web.builders import PDF, RESOURCE, form
from tests.web.conftest import Browser, Node, Page
from tests.web.test_resources import a_foreign_resource


async def share(teacher: Browser, **over: str) -> str:
    answer = await teacher.post("/compose", form(RESOURCE | over, [("files", "wall.pdf", PDF)]))
    assert answer.status == 303, answer.errors
    return answer.location


def adapt_of(path: str) -> str:
    return f"/posts/{path.rpartition('/')[2]}/adapt"


def filled(page: Page) -> dict[str, str]:
    """What a browser would send of the draft on a page, as it stands."""
    shown = page.root.one("form", action="/compose")
    fields: dict[str, str] = {}
    for field in shown.all("input"):
        is_choice = field["type"] in {"checkbox", "radio"}
        if field["type"] != "file" and (not is_choice or "checked" in field.attributes):
            fields[field["name"]] = field["value"]
    for area in shown.all("textarea"):
        fields[area["name"]] = area.raw.removeprefix("\n")  # which browsers leave out
    for select in shown.all("select"):
        picked = [option["value"] for option in select.all("option") if "selected" in option.attributes]
        fields[select["name"]] = picked[0] if picked else ""
    return {name: value for name, value in fields.items() if name and value and not name.startswith("drop_")}


async def test_an_adaptation_begins_with_everything_names_its_source_and_is_told_to_its_author(node: Node) -> None:
    _, author = await node.a_teacher("ada", name="Ada Okafor")
    _, adapter = await node.a_teacher("ben", name="Ben Booth")
    path = await share(author)

    sent = await adapter.post(adapt_of(path))
    draft = await adapter.get(sent.location)
    fields = filled(draft)
    published = await adapter.post("/compose", form(fields | {"title": "My wall"}))

    assert (sent.status, draft.status) == (303, 200)
    wanted = {"title": RESOURCE["title"], "text": RESOURCE["text"], "licence": "CC-BY-SA-4.0", "subject": "mathematics"}
    assert {name: fields.get(name) for name in wanted} == wanted
    assert fields["based_on"] == f"https://alder.test{path}"
    credit = "Ben Booth, adapted from Fraction wall investigation by Ada Okafor (@ada@alder.test), CC BY-SA 4.0"
    assert fields["credit"] == credit
    assert published.status == 303, published.errors
    assert (await node.stranger.get(f"{published.location}/files/wall.pdf")).body == PDF
    mine, theirs = await node.stranger.get(published.location), await node.stranger.get(path)
    assert credit in mine.html
    assert "It goes back to" in mine.html
    assert [each.text for each in theirs.root.all("a") if each["href"].endswith(published.location.rpartition("/")[2])]
    assert "My wall" in theirs.html
    assert "adapted your resource" in (await author.get("/notices")).html


async def test_what_may_not_be_changed_is_refused_with_the_reason(node: Node) -> None:
    _, author = await node.a_teacher()
    _, adapter = await node.a_teacher()
    path = await share(author, licence="all-rights-reserved")

    refused = await adapter.post(adapt_of(path))

    assert refused.status == 403
    assert "may not be changed and shared again" in refused.html
    assert "may not be changed and shared again" in (await adapter.get(path)).html
    forms = [each for each in (await adapter.get(path)).root.all("form") if each["action"].endswith("/adapt")]
    assert [each.all("button") for each in forms] == [[]]
    assert "/drafts/" not in (await adapter.get("/drafts")).html


async def test_what_has_a_licence_that_is_not_known_here_is_not_adapted_but_named_and_linked(
    node: Node, db: Database, here: Here
) -> None:
    _, teacher = await node.a_teacher()
    author = await a_person(db, here, local=False)
    address = "https://creativecommons.org/licenses/by-sa/3.0/"
    code = {"licence": None, "licence_label": "cc-by-sa-3.0", "licence_url": address}
    post, bare = await a_resource(db, here, by=author), await a_resource(db, here, by=author)
    await db.write(lambda tx: tx.execute(update(Resource).where(Resource.post_id == post.id).values(code)))
    nothing = {"licence": None, "licence_label": "", "licence_url": None}
    await db.write(lambda tx: tx.execute(update(Resource).where(Resource.post_id == bare.id).values(nothing)))

    page, other = [(await teacher.get(f"/posts/{each.id}")).root for each in (post, bare)]
    sent = await teacher.post(f"/posts/{post.id}/adapt")

    link = page.one("a", href=address)
    assert (link.text, "cc-by-sa" in page.text) == ("CC BY-SA 3.0", False)
    assert "This node does not know this licence" in page.text
    assert "Its author does not say what may be done with it" in other.text
    assert [each.all("form", aria_labelledby="adapt")[0].all("button") for each in (page, other)] == [[], []]
    assert (sent.status, "does not know its licence" in sent.html) == (403, True)


async def test_a_licence_that_breaks_a_promise_is_published_only_on_second_thoughts(node: Node) -> None:
    _, author = await node.a_teacher()
    _, adapter = await node.a_teacher()
    path = await share(author, licence="CC-BY-NC-4.0")
    fields = filled(await adapter.get((await adapter.post(adapt_of(path))).location))

    asked = await adapter.post("/compose", form(fields | {"licence": "CC-BY-4.0"}))
    again = await adapter.post("/compose", form(filled(asked) | {"licence": "CC-BY-4.0"}))

    assert fields["licence"] == "CC-BY-NC-4.0"
    assert (asked.status, len(asked.errors)) == (422, 1)
    assert "may not be used to make money" in asked.errors[0]
    assert again.status == 303, again.errors


async def test_what_is_hidden_is_adapted_by_nobody_who_may_not_see_it(node: Node) -> None:
    _, author = await node.a_teacher()
    _, other = await node.a_teacher()
    path = await share(author, visibility="followers")
    number = int(path.rpartition("/")[2])

    hidden, absent = await other.post(adapt_of(path)), await other.post(f"/posts/{number + 1}/adapt")

    assert (hidden.status, hidden.body) == (404, absent.body)
    fields = filled(await author.get((await author.post(adapt_of(path))).location))
    assert fields["visibility"] == "followers"


async def test_files_from_elsewhere_are_fetched_and_compared(
    node: Node, db: Database, here: Here, aiohttp_server: AiohttpServer
) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=PDF)

    application = web.Application()
    application.router.add_get("/wall.pdf", answer)
    url = str((await aiohttp_server(application)).make_url("/wall.pdf"))
    _, teacher = await node.a_teacher()
    good, bad = (
        await a_foreign_resource(db, here, url=url),
        await a_foreign_resource(db, here, url=url, sha256="0" * 64),
    )

    draft = await teacher.get((await teacher.post(f"/posts/{good.id}/adapt")).location)
    without = await teacher.post(f"/posts/{bad.id}/adapt")
    published = await teacher.post("/compose", form(filled(draft) | {"licence": "CC-BY-4.0", "warned": "CC-BY-4.0"}))

    assert published.status == 303, published.errors
    assert (await node.stranger.get(f"{published.location}/files/wall.pdf")).body == PDF
    assert without.status == 422
    assert any("wall.pdf could not be copied" in said for said in without.errors)
    assert "upload" not in filled(without)


async def test_the_author_alone_sees_how_often_it_was_used_and_in_how_many_schools(
    node: Node, db: Database, here: Here
) -> None:
    person, author = await node.a_teacher()
    _, other = await node.a_teacher()
    resource = await a_resource(db, here, by=person, visibility=Visibility.PUBLIC)
    for domain, level in (("birch.test", "england:year-4"), ("birch.test", "england:year-4"), ("oak.test", None)):
        user = await a_person(db, here, local=False, domain=domain)
        use: dict[str, Any] = {"id": here.ids.new(), "uri": f"{user.uri}/use", "created_at": here.now(), "level": level}
        await db.write(add, Use, post_id=resource.id, actor_id=user.id, line="", **use)

    own = (await author.get(f"/resources/{resource.id}")).root.one("section", class_="thanks").text

    assert "Used 3 times" in own
    assert "In 2 schools" in own
    assert "Year 4: 2" in own
    for browser in (other, node.stranger):
        assert "Used 3 times" not in (await browser.get(f"/resources/{resource.id}")).html
