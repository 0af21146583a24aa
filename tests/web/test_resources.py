"""A resource's page, its files in whole and in part, its uses."""

import hashlib
import json
from typing import Any

import pytest
from aiohttp import web
from pytest_aiohttp.plugin import AiohttpServer
from sqlalchemy import select

from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.db.resources import Resource, ResourceFile, Use
from fedishare.domain.audience import Visibility
from fedishare.net.signatures import Scheme, Signer, sign
from tests.builders import WORKSHEET, Made, a_follow_row, a_person, a_post, add, add_terms, an_rsa_pair
from tests.web.builders import PDF, RESOURCE, docx, form
from tests.web.conftest import Browser, Node

HASH = hashlib.sha256(PDF).hexdigest()


async def share(teacher: Browser, **over: str) -> str:
    """A resource with one PDF; answers with its path."""
    answer = await teacher.post("/compose", form(RESOURCE | over, [("files", "fraction wall.pdf", PDF)]))
    assert answer.status == 303, answer.errors
    return answer.location


async def a_foreign_resource(db: Database, here: Here, *, url: str, sha256: str = HASH, **over: Any) -> Made:
    author = await a_person(db, here, local=False)
    post = await a_post(db, here, by=author, title="Wall", content="<p>As others see it</p>", **over)
    about = {
        "description": "A wall.\n\n<b>Two</b> parts.",
        "licence": "CC-BY-4.0",
        "licence_label": "CC BY 4.0",
        "version": 1,
    }
    await db.write(add, Resource, post_id=post.id, **about)
    await db.write(add_terms, post.id, WORKSHEET)
    file = {"name": "wall.pdf", "media_type": "application/pdf", "size": len(PDF), "sha256": sha256, "url": url}
    await db.write(add, ResourceFile, post_id=post.id, position=0, **file)
    return post


async def test_the_page_says_what_it_is_to_people_cards_and_catalogues(node: Node) -> None:
    _, teacher = await node.a_teacher("ada", name="Ada Okafor")
    path = await share(teacher)

    page = (await node.stranger.get(path)).root

    meta = {each["property"] or each["name"]: each["content"] for each in page.all("meta")}
    assert {name: meta[name] for name in ("og:title", "og:site_name", "og:url", "fediverse:creator")} == {
        "og:title": "Fraction wall investigation",
        "og:site_name": "Alder Primary",
        "og:url": f"https://alder.test{path}",
        "fediverse:creator": "@ada@alder.test",
    }
    assert page.one("link", rel="alternate", type="application/activity+json")["href"] == f"https://alder.test{path}"
    web_page, learning = (json.loads(each.text) for each in page.all("script", type="application/ld+json"))
    assert (web_page["@type"], web_page["headline"], web_page["license"]) == (
        "WebPage",
        "Fraction wall investigation",
        "https://creativecommons.org/licenses/by-sa/4.0/",
    )
    assert learning["type"] == ["LearningResource"]
    assert learning["encoding"][0]["sha256"] == HASH
    assert learning["typicalAgeRange"] == "8-9"
    facts = {row.one("dt").text: row.one("dd").text for row in page.one("dl", class_="pairs").all("div")}
    assert facts["Licence"].startswith("CC BY-SA 4.0 Anyone may use, change and share this if they name you")
    file = page.one("a", class_="file")
    assert (file["href"], file.one("bdi").text) == (
        f"https://alder.test{path}/files/fraction%20wall.pdf",
        "fraction wall.pdf",
    )
    assert facts["Fingerprints"].endswith(f"sha256 {HASH}")


async def test_the_page_says_how_to_cite_it_and_where_its_other_faces_are(node: Node) -> None:
    _, teacher = await node.a_teacher("ada", name="Ada Okafor")
    path = await share(teacher)

    page = (await node.stranger.get(path)).root

    assert page.one("bdi", class_="citation").text == (
        f"Ada Okafor, Alder Primary (2026). Fraction wall investigation. CC BY-SA 4.0. https://alder.test{path}"
    )
    linked = [each["href"] for each in page.all("link", rel="alternate")]
    faces = [f"https://alder.test{path}{suffix}" for suffix in (".amb.json", ".lom.xml", ".dc.xml", ".bib")]
    feed = "https://alder.test/subjects/mathematics.atom"
    assert linked == [f"https://alder.test{path}", *faces, feed]
    assert [(await node.stranger.get(f"{path}{suffix}")).status for suffix in (".amb.json", ".bib")] == [200, 200]


async def test_the_page_of_a_resource_for_some_links_to_no_other_face(node: Node) -> None:
    _, teacher = await node.a_teacher("ada", name="Ada Okafor")

    page = (await teacher.get(await share(teacher, visibility="followers"))).root

    assert page.all("link", rel="alternate") == []
    assert page.one("bdi", class_="citation").text.startswith("Ada Okafor, Alder Primary (2026).")


async def test_no_title_can_end_the_script_element(node: Node) -> None:
    _, teacher = await node.a_teacher()
    title = "</script><script>alert(1)</script>{{7*7}}\u2028'\"<!--"

    answer = await node.stranger.get(await share(teacher, title=title))

    web_page = json.loads(answer.root.all("script", type="application/ld+json")[0].text)
    assert web_page["headline"].startswith("</script><script>alert(1)</script>{{7*7}}")
    assert "alert(1)</script>" not in answer.html
    assert len(answer.root.all("script")) == 3


async def test_a_file_comes_back_to_the_byte_and_is_never_run(node: Node) -> None:
    _, teacher = await node.a_teacher()
    path = f"{await share(teacher)}/files/fraction%20wall.pdf"

    answer = await node.stranger.get(path)

    assert (answer.status, answer.body) == (200, PDF)
    wanted = {
        "Content-Type": "application/pdf",
        "Content-Length": str(len(PDF)),
        "Content-Disposition": "attachment; filename=\"fraction wall.pdf\"; filename*=UTF-8''fraction%20wall.pdf",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "X-Content-Type-Options": "nosniff",
        "Accept-Ranges": "bytes",
        "ETag": f'"{HASH}"',
        "Cache-Control": "public, no-cache",
    }
    assert {name: answer.headers.get(name) for name in wanted} == wanted


async def test_parts_of_a_file(node: Node) -> None:
    _, teacher = await node.a_teacher()
    path, size = f"{await share(teacher)}/files/fraction%20wall.pdf", len(PDF)

    for asked, status, body, said in (
        ("bytes=0-9", 206, PDF[:10], f"bytes 0-9/{size}"),
        ("bytes=10-", 206, PDF[10:], f"bytes 10-{size - 1}/{size}"),
        ("bytes=-5", 206, PDF[-5:], f"bytes {size - 5}-{size - 1}/{size}"),
        (f"bytes=0-{size * 9}", 200, PDF, None),
        (f"bytes={size}-", 416, b"", f"bytes */{size}"),
        ("bytes=-0", 416, b"", f"bytes */{size}"),
        ("bytes=9-2", 200, PDF, None),
        ("bytes=0-1,4-5", 200, PDF, None),
        ("lines=1-2", 200, PDF, None),
        ("bytes=x-y", 200, PDF, None),
        ("bytes=" + "9" * 40 + "-", 200, PDF, None),
    ):
        answer = await node.stranger.get(path, Range=asked)
        assert (answer.status, answer.body, answer.headers.get("Content-Range")) == (status, body, said), asked


async def test_a_file_that_is_known_is_not_sent_again(node: Node) -> None:
    _, teacher = await node.a_teacher()
    path = f"{await share(teacher)}/files/fraction%20wall.pdf"

    known = await node.stranger.get(path, If_None_Match=f'"{HASH}"')
    part = await node.stranger.get(path, Range="bytes=0-3", If_Range=f'"{HASH}"')
    other = await node.stranger.get(path, Range="bytes=0-3", If_Range='"another"')
    head = await node.stranger.get(path, method="HEAD")

    assert (known.status, known.body) == (304, b"")
    assert (part.status, part.body) == (206, PDF[:4])
    assert (other.status, other.body) == (200, PDF)
    assert (head.status, head.headers["Content-Length"], head.body) == (200, str(len(PDF)), b"")


async def test_files_of_followers_posts_are_for_followers(node: Node) -> None:
    _, teacher = await node.a_teacher()
    _, other = await node.a_teacher()
    path = await share(teacher, visibility="followers")

    own = await teacher.get(f"{path}/files/fraction%20wall.pdf")
    refused = [await each.get(f"{path}/files/fraction%20wall.pdf") for each in (other, node.stranger)]

    assert (own.status, own.headers["Cache-Control"]) == (200, "private, no-store")
    assert [answer.status for answer in refused] == [404, 404]
    assert (await teacher.get(path)).root.all("script", type="application/ld+json") == []


async def test_a_page_of_script_is_sent_as_a_file(node: Node) -> None:
    _, teacher = await node.a_teacher()
    path = (await teacher.post("/compose", form(RESOURCE, [("files", "x.svg", b"<svg onload=alert(1)>")]))).location

    answer = await node.stranger.get(f"{path}/files/x.svg")

    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"


async def test_a_colleague_says_that_it_was_used_and_the_author_alone_reads_it(node: Node) -> None:
    _, teacher = await node.a_teacher()
    _, colleague = await node.a_teacher("bea", name="Bea")
    path = await share(teacher)
    shown = (await colleague.get(path)).root.one("form", id="used")

    fields = {"line": "Worked a treat <3", "level": "england:year-4"}
    answer = await colleague.post(shown["action"].removeprefix("https://alder.test"), fields)

    assert answer.location == f"{path}?said=used#used"
    assert (await colleague.get(answer.location)).root.one("p", role="status").text.startswith("Thank you.")
    own = (await teacher.get(path)).root.one("section", class_="thanks")
    assert own.one("h2").text == "Used once"
    assert "Year 4 Worked a treat <3" in own.text
    assert "Worked a treat" not in (await node.stranger.get(path)).html
    assert "Worked a treat" not in (await colleague.get(path)).html
    notice = (await teacher.get("/notices")).root.one("li", class_="notice")
    assert notice.one("p", class_="said-what").text == "Worked a treat <3"


async def test_a_use_with_an_unknown_class_comes_back_filled_in(node: Node, db: Database) -> None:
    _, teacher = await node.a_teacher()
    _, colleague = await node.a_teacher()
    path = await share(teacher)

    answer = await colleague.post(f"/posts/{path.rpartition('/')[2]}/used", {"line": "Good", "level": "year-99"})

    assert (answer.status, answer.errors) == (422, ["Please choose the class from the list."])
    assert answer.root.one("input", id="line")["value"] == "Good"
    assert await db.read(lambda tx: tx.execute(select(Use.id)).all()) == []


async def test_posts_and_resources_find_each_other(node: Node, db: Database, here: Here) -> None:
    person, teacher = await node.a_teacher()
    path = await share(teacher)
    post = await a_post(db, here, by=person)

    assert (await node.stranger.get(path.replace("resources", "posts"))).location == path
    assert (await node.stranger.get(f"/resources/{post.id}")).location == f"/posts/{post.id}"


async def test_a_resource_from_elsewhere_is_shown_in_our_words(node: Node, db: Database, here: Here) -> None:
    post = await a_foreign_resource(db, here, url="https://birch.test/wall.pdf")

    page = (await node.stranger.get(f"/posts/{post.id}")).root

    assert [paragraph.text for paragraph in page.one("div", class_="prose").all("p")] == [
        "A wall.",
        "<b>Two</b> parts.",
    ]
    assert page.one("a", class_="file")["href"] == f"https://alder.test/resources/{post.id}/files/wall.pdf"
    assert page.all("script", type="application/ld+json") == []
    assert page.one("link", rel="canonical")["href"] == post.uri


class Elsewhere:
    """The server of a resource's author. It counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.body = PDF

    async def answer(self, _: web.Request) -> web.Response:
        self.asked += 1
        return web.Response(body=self.body, content_type="application/pdf")


@pytest.fixture
async def elsewhere(aiohttp_server: AiohttpServer) -> tuple[Elsewhere, str]:
    author = Elsewhere()
    application = web.Application()
    application.router.add_get("/wall.pdf", author.answer)
    server = await aiohttp_server(application)
    return author, str(server.make_url("/wall.pdf"))


async def test_a_file_from_elsewhere_is_fetched_once_compared_and_kept(
    node: Node, db: Database, here: Here, elsewhere: tuple[Elsewhere, str]
) -> None:
    author, url = elsewhere
    post = await a_foreign_resource(db, here, url=url)
    _, teacher = await node.a_teacher()
    path = f"/resources/{post.id}/files/wall.pdf"

    sent_on = await node.stranger.get(path)
    first, second = await teacher.get(path), await teacher.get(path)
    later = await node.stranger.get(path)

    assert (sent_on.status, sent_on.location) == (303, url)
    assert [answer.body for answer in (first, second, later)] == [PDF] * 3
    assert author.asked == 1


async def test_a_file_that_is_not_what_it_was_said_to_be_is_thrown_away(
    node: Node, db: Database, here: Here, elsewhere: tuple[Elsewhere, str]
) -> None:
    author, url = elsewhere
    author.body = docx()
    post = await a_foreign_resource(db, here, url=url)
    _, teacher = await node.a_teacher()

    answer = await teacher.get(f"/resources/{post.id}/files/wall.pdf")

    assert answer.status == 400
    assert answer.root.one("h1").text.startswith("This file is not the one its author described")
    assert node.stored == []


async def test_a_file_whose_server_is_gone_says_so(node: Node, db: Database, here: Here) -> None:
    post = await a_foreign_resource(db, here, url="http://127.0.0.1:9/wall.pdf")
    _, teacher = await node.a_teacher()

    answer = await teacher.get(f"/resources/{post.id}/files/wall.pdf")

    assert answer.status == 503
    assert int(answer.headers["Retry-After"]) > 0


async def test_private_resources_from_elsewhere_stay_hidden(node: Node, db: Database, here: Here) -> None:
    post = await a_foreign_resource(db, here, url="https://birch.test/x", visibility=Visibility.FOLLOWERS)
    _, teacher = await node.a_teacher()

    assert (await teacher.get(f"/resources/{post.id}/files/wall.pdf")).status == 404


async def test_a_followers_file_is_given_to_their_node_and_to_nobody_else(node: Node, db: Database, here: Here) -> None:
    """MED-09: what is not for everybody needs a session here, or the signature of someone entitled."""
    anna, teacher = await node.a_teacher("anna")
    follower, stranger = [await a_person(db, here, local=False) for _ in range(2)]
    await a_follow_row(db, here, by=follower, of=anna)
    path = f"{await share(teacher, visibility='followers')}/files/fraction%20wall.pdf"

    answers = []
    for who in (follower, stranger):
        signer = Signer(f"{who.uri}#main-key", an_rsa_pair().private_pem)
        url = f"https://alder.test{path}"
        signed = sign(signer, scheme=Scheme.CAVAGE, method="GET", url=url, body=None, now=here.now())
        answers.append(await node.stranger.get(path, **signed))
    answers.append(await node.stranger.get(path))

    assert [(answer.status, answer.body == PDF) for answer in answers] == [(200, True), (404, False), (404, False)]
    assert answers[0].headers["Cache-Control"] == "private, no-store"
