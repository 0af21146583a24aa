"""What every page owes its readers: labels, names, unique ids, one heading, a way past the navigation."""

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from fedishare import paths
from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.domain.permissions import Role
from tests.builders import a_follow_row, a_person, a_room
from tests.web.builders import RESOURCE, docx, form, png
from tests.web.conftest import Element, Node

UNLABELLED = {"hidden", "submit", "button"}


def flaws(page: Element) -> list[str]:
    """What somebody who listens to a page, or uses no mouse, would stumble over."""
    found = []
    ids = Counter(each["id"] for tag in ALL_TAGS for each in page.all(tag) if each["id"])
    found += [f"the id {name} twice" for name, times in ids.items() if times > 1]
    labelled = {each["for"] for each in page.all("label")}
    wrapped = {id(field) for label in page.all("label") for tag in FIELDS for field in label.all(tag)}
    for tag in FIELDS:
        for field in page.all(tag):
            is_silent = field["type"] in UNLABELLED or "hidden" in field.attributes
            if not is_silent and field["id"] not in labelled and id(field) not in wrapped and not field["aria-label"]:
                found.append(f"no label for {tag} {field['name']}")
    for name in (name for tag in ALL_TAGS for each in page.all(tag) for name in each["aria-describedby"].split()):
        if name not in ids:
            found.append(f"no {name} to describe anything")
    found += [f"{link['href']} has no words" for link in page.all("a") if not (link.text or link["aria-label"])
              and not any(image["alt"] for image in link.all("img"))]  # fmt: skip
    found += ["a button without words" for button in page.all("button") if not button.text]
    found += ["a picture without alt" for image in page.all("img") if "alt" not in image.attributes]
    found += [f"a way to nowhere: {link['href']}" for link in page.all("a")
              if link["href"].startswith("#") and link["href"][1:] not in ids]  # fmt: skip
    found += order_of_headings(page) + misplaced(page)
    if [len(page.all(tag)) for tag in ("h1", "main")] != [1, 1] or not page.one("html")["lang"]:
        found.append("not one h1, one main and a language")
    return found


def order_of_headings(page: Element) -> list[str]:
    """Whoever goes from heading to heading must not wonder what stands between."""
    levels = [int(each.tag[1]) for each in in_order(page) if each.tag in HEADINGS]
    return [f"an h{low} after an h{high}" for high, low in pairwise(levels) if low > high + 1]


def misplaced(page: Element) -> list[str]:
    """What browsers repair in silence, each in its own way, or what no key reaches."""
    found = []
    for each in in_order(page):
        inside = {below.tag for below in in_order(each)} - {each.tag} | {t for t in (each.tag,) if each.all(t)}
        children = [child for child in each.children if isinstance(child, Element)]
        if each.tag in PRESSED and inside & {*PRESSED, "input", "select", "textarea", "details"}:
            found.append(f"something to press in {each.tag} {each.text[:30]}")
        if each.tag == "form" and "form" in inside:
            found.append("a form in a form")
        if each.tag in {"ul", "ol"} and any(child.tag != "li" for child in children):
            found.append(f"something beside items in a list: {each.text[:30]}")
        if (first := MUST_BEGIN.get(each.tag)) and (not children or children[0].tag != first or not named(children[0])):
            found.append(f"{each.tag} without {first}: {each.text[:30]}")
    return found


def named(element: Element) -> str:
    return element.text or element["aria-label"]


def in_order(element: Element) -> Iterator[Element]:
    """Everything below, as it is read out."""
    for child in element.children:
        if isinstance(child, Element):
            yield child
            yield from in_order(child)


HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
PRESSED = {"a", "button", "summary"}
MUST_BEGIN = {"fieldset": "legend", "details": "summary"}
FIELDS = ("input", "select", "textarea")
ALL_TAGS = [
    "a",
    "article",
    "aside",
    "button",
    "dd",
    "details",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figure",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "header",
    "img",
    "input",
    "label",
    "li",
    "main",
    "nav",
    "ol",
    "p",
    "section",
    "select",
    "span",
    "summary",
    "textarea",
    "ul",
]


def test_the_script_stays_a_trifle_and_asks_nobody_else() -> None:
    script = (paths.STATIC / "app.js").read_bytes()
    style = (paths.STATIC / "style.css").read_text()

    assert len(script) < 4096
    assert b"http" not in script
    assert "url(" not in style
    assert "@import" not in style


async def test_no_page_has_a_flaw_that_locks_somebody_out(node: Node, db: Database, here: Here) -> None:
    ada, teacher = await node.a_teacher("ada", role=Role.MODERATOR, locked=True)
    _, colleague = await node.a_teacher("bea")
    room = await a_room(db, here, username="slt", owner=ada)
    await a_follow_row(db, here, by=ada, of=room)
    await colleague.post("/follow", {"actor": str(ada.id)})
    eve = await a_person(db, here, local=False, username="eve", domain="birch.test")
    files = [("files", "wall.docx", docx()), ("picture_1", "a.png", png())]
    resource = (
        await teacher.post("/compose", form(RESOURCE | {"room": str(room.id), "alt_1": "A wall"}, files))
    ).location
    number = resource.rpartition("/")[2]
    await teacher.post(f"/posts/{number}/edit", form({"text": "Again", "title": "Wall"}))
    post = (await teacher.post("/compose", form({"text": "@bea hello", "warning": "Long"}))).location
    await colleague.post("/compose", form({"text": "@ada hi", "reply_to": number}))
    await colleague.post(f"/posts/{number}/used", {"line": "Good", "level": "england:year-4"})
    called = {"title": "Spring", "day": "2027-03-12", "time": "16:00"}
    meeting = (await teacher.post(f"/rooms/{room.id}/meetings/new", called)).location
    await teacher.post(f"{meeting}/agenda", {"headline": "Wet play"})
    handle = (await teacher.post("/handles/new", {"name": "SLT", "username": "slt-voice"})).location
    await colleague.post("/report", {"actor": str(eve.id), "comment": "Spam"})
    paths = (
        "/ /about /rooms /rooms/new /@ada /@slt /@slt?show=resources /@eve@birch.test /@slt/followers /search?q=eve "
        f"/search?q=zzz /notices /settings /reports /report?post={number} /compose /compose?kind=resource "
        f"/compose?reply_to={number} {resource} {post} {post}/edit {post}/delete /posts/{number}/history "
        "/authorize_interaction?uri=@eve@birch.test /tags/fractions /nothing "
        f"/rooms/{room.id}/settings /rooms/{room.id}/members /rooms/{room.id}/manage /rooms/{room.id}/catch-up "
        f"/rooms/{room.id}/meetings /rooms/{room.id}/meetings/new {meeting} {meeting}/notes /rooms/join /actions "
        f"/search?in=library /search?in=library&q=zzz /drafts /scheduled /handles /handles/new /settings/usual "
        f"/settings/blocks /settings/move /servers {handle} /resources/{number}/versions/1 /posts/{number}/quotes"
    ).split()

    found = {path: flaws((await teacher.get(path)).root) for path in paths}
    found |= {
        f"stranger {path}": flaws((await node.stranger.get(path)).root) for path in ("/", "/@slt", resource, "/sign-in")
    }
    found["mistakes"] = flaws((await teacher.post("/compose", form(RESOURCE | {"minutes": "an hour"}, files))).root)
    found["used"] = flaws((await colleague.post(f"/posts/{number}/used", {"level": "x"})).root)
    found["sign-in"] = flaws((await node.stranger.post("/sign-in", {"login": "x"})).root)

    assert {path: flawed for path, flawed in found.items() if flawed} == {}
