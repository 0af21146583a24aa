"""Every main page, on a phone and on a desk: it fits, it can be read aloud, and it asks nobody else for anything."""

from typing import Any, Final, NamedTuple

import pytest
from playwright.sync_api import ConsoleMessage, Page, StorageState

from tests.browser.conftest import DESKTOP, PHONE, NewPage, Node

# The name of each page, its path, and whether it is for people with an account. Braces name a field of the node.
PAGES: Final = {
    "front": ("/", False),
    "sign-in": ("/sign-in", False),
    "about": ("/about", False),
    "public-rooms": ("/rooms", False),
    "public-room": ("{room}", False),
    "public-thread": ("{thread}", False),
    "public-resource": ("{resource}", False),
    "public-profile": ("{profile}", False),
    "home": ("/", True),
    "rooms": ("/rooms", True),
    "new-room": ("/rooms/new", True),
    "room": ("{room}", True),
    "room-resources": ("{room}?show=resources", True),
    "thread": ("{thread}", True),
    "resource": ("{resource}", True),
    "compose": ("/compose", True),
    "compose-resource": ("/compose?kind=resource", True),
    "profile": ("{profile}", True),
    "notices": ("/notices", True),
    "search": ("/search?q=primary", True),
    "settings": ("/settings", True),
    "drafts": ("/drafts", True),
    "collection": ("{collection}", True),
    "collection-edit": ("{desk}", True),
    "collect": ("{put_in}", True),
    "missing": ("/nothing-here", True),
}
PUBLIC: Final = [name for name, (_, is_private) in PAGES.items() if not is_private]
NAMED_ROLES: Final = frozenset(
    {"button", "checkbox", "combobox", "link", "listbox", "radio", "searchbox", "spinbutton", "switch", "textbox"}
)

THUMB: Final = 44
# The browser says so itself of the page that is meant to be missing.
NOT_FOUND_AS_MEANT: Final = "Failed to load resource: the server responded with a status of 404 (Not Found)"

MEASURE: Final = """() => ({
  lang: document.documentElement.lang,
  has_title: document.title.trim() !== "",
  headings: document.querySelectorAll("h1").length,
  mains: document.querySelectorAll("main, [role=main]").length,
  images_without_alt: [...document.images].filter((image) => !image.hasAttribute("alt")).map((image) => image.src),
  too_wide: Math.max(0, document.scrollingElement.scrollWidth - innerWidth),
})"""
WELL_MADE: Final = {
    "lang": "en-GB",
    "has_title": True,
    "headings": 1,
    "mains": 1,
    "images_without_alt": [],
    "too_wide": 0,
}
OPEN_EVERYTHING: Final = "document.querySelectorAll('details').forEach((each) => { each.open = true; })"


class Opened(NamedTuple):
    """A page that has loaded, what it complained of meanwhile, and whom it asked for things."""

    page: Page
    complaints: list[str]
    asked: list[str]


def opened(new_page: NewPage, node: Node, name: str, as_anna: StorageState) -> Opened:
    path, is_private = PAGES[name]
    page = new_page(storage_state=as_anna if is_private else None)
    complaints: list[str] = []
    asked: list[str] = []

    def complain(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and message.text != NOT_FOUND_AS_MEANT:
            complaints.append(message.text)

    page.on("console", complain)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.format(**node._asdict()))
    return Opened(page, complaints, asked)


def nameless(page: Page) -> list[str]:
    """The controls for which Chromium itself has no name to give to a screen reader."""
    session = page.context.new_cdp_session(page)
    nodes: list[dict[str, Any]] = session.send("Accessibility.getFullAXTree")["nodes"]
    controls = [each for each in nodes if not each["ignored"] and each["role"]["value"] in NAMED_ROLES]
    assert controls
    return [each["role"]["value"] for each in controls if not each.get("name", {}).get("value", "").strip()]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_is_well_made_and_keeps_to_itself(
    new_page: NewPage, node: Node, as_anna: StorageState, name: str
) -> None:
    page, complaints, asked = opened(new_page, node, name, as_anna)

    on_a_phone = page.evaluate(MEASURE)
    page.evaluate(OPEN_EVERYTHING)
    unfolded = page.evaluate(MEASURE)
    page.set_viewport_size(DESKTOP)
    on_a_desk = page.evaluate(MEASURE)

    assert (on_a_phone, unfolded, on_a_desk) == (WELL_MADE, WELL_MADE, WELL_MADE)
    assert nameless(page) == []
    assert complaints == []
    assert [url for url in asked if not url.startswith((f"{node.address}/", "data:"))] == []


@pytest.mark.parametrize("name", ["front", "home"])
def test_the_bottom_bar_of_a_phone_is_there_and_fits_a_thumb(
    new_page: NewPage, node: Node, as_anna: StorageState, name: str
) -> None:
    page = opened(new_page, node, name, as_anna).page

    links = page.get_by_role("navigation", name="Main").get_by_role("link").all()
    boxes = [box for link in links if (box := link.bounding_box()) is not None]

    assert len(boxes) == len(links) >= 4
    assert [box for box in boxes if box["width"] < THUMB or box["height"] < THUMB] == []
    assert {round(box["y"] + box["height"]) for box in boxes} == {PHONE["height"]}


def test_a_visitor_without_an_account_is_given_no_cookie(new_page: NewPage, node: Node, as_anna: StorageState) -> None:
    page = new_page()

    kept = {}
    for name in PUBLIC:
        page.goto(PAGES[name][0].format(**node._asdict()))
        kept[name] = page.evaluate("Object.keys(localStorage).length + Object.keys(sessionStorage).length")
        kept[name] += len(page.context.cookies())

    assert kept == dict.fromkeys(PUBLIC, 0)
    assert as_anna["cookies"] != []
