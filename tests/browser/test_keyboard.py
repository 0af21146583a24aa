"""Without a mouse: everything is reached with the Tab key, in sight, and pressed with Enter and Space."""

from typing import Any, Final

import pytest
from playwright.sync_api import Page, StorageState, expect

from tests.browser.conftest import FILE, PASSWORD, NewPage, Node

MOST_STOPS: Final = 80

# The element that has the focus: what it is called, whether a ring is around it, and whether it can be seen.
STOP: Final = """() => {
  const at = document.activeElement;
  if (at === document.body) return null;
  const box = at.getBoundingClientRect();
  const label = at.labels?.[0] ?? at;
  const shown = document.elementFromPoint(box.x + box.width / 2, box.y + Math.min(box.height, innerHeight / 2) / 2);
  const style = getComputedStyle(at);
  return {
    name: (at.ariaLabel ?? label.innerText ?? "").replaceAll(/\\s+/g, " ").trim(),
    ringed: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
    seen: shown !== null && (at.contains(shown) || label.contains(shown)),
  };
}"""


def tab(page: Page) -> dict[str, Any] | None:
    """Press Tab once; nothing is the answer after the last stop."""
    page.keyboard.press("Tab")
    stop: dict[str, Any] | None = page.evaluate(STOP)
    return stop


def tab_to(page: Page, name: str) -> None:
    """Press Tab until the focus is on what begins with this name."""
    passed = []
    for _ in range(MOST_STOPS):
        stop = tab(page)
        if stop is None:
            break
        if stop["name"].startswith(name):
            return
        passed.append(stop["name"])
    pytest.fail(f"the Tab key does not reach {name!r}, but {passed}")


def test_the_first_stop_leads_past_everything_to_the_content(new_page: NewPage, as_anna: StorageState) -> None:
    page = new_page(storage_state=as_anna)
    page.goto("/")

    first = tab(page)
    page.keyboard.press("Enter")

    assert first == {"name": "Skip to the content", "ringed": True, "seen": True}
    expect(page.get_by_role("main")).to_be_focused()
    after = tab(page)
    assert after is not None
    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")


@pytest.mark.parametrize("path", ["/", "/compose?kind=resource", "{room}", "{resource}"])
def test_every_stop_is_ringed_and_in_sight(new_page: NewPage, node: Node, as_anna: StorageState, path: str) -> None:
    page = new_page(storage_state=as_anna)
    page.goto(path.format(**node._asdict()))

    stops: list[dict[str, Any]] = []
    while (stop := tab(page)) is not None and len(stops) < MOST_STOPS:
        stops.append(stop)

    assert 10 < len(stops) < MOST_STOPS
    assert [stop for stop in stops if not stop["ringed"] or not stop["seen"]] == []


def test_somebody_signs_in_and_writes_without_a_mouse(new_page: NewPage) -> None:
    page = new_page()
    page.goto("/")

    tab_to(page, "Sign in")
    page.keyboard.press("Enter")
    page.wait_for_url("**/sign-in")
    tab_to(page, "Your name here")
    page.keyboard.type("anna")
    tab_to(page, "Password")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Home")).to_be_attached()
    tab_to(page, "Write")
    page.keyboard.press("Enter")
    page.wait_for_url("**/compose")
    tab_to(page, "Your text")
    page.keyboard.type("Written without a mouse.")
    tab_to(page, "Warning, language and quotes")
    page.keyboard.press("Space")
    tab_to(page, "The pictures may upset")
    page.keyboard.press("Space")
    expect(page.get_by_label("The pictures may upset")).to_be_checked()
    tab_to(page, "Share it")
    page.keyboard.press("Space")

    expect(page.get_by_role("article")).to_contain_text("Written without a mouse.")


def test_a_resource_is_shared_with_the_keyboard_alone(new_page: NewPage, as_anna: StorageState) -> None:
    """A file is enough: the title is its name, and the rest begins with what was chosen last time."""
    page = new_page(storage_state=as_anna)
    page.goto("/compose?kind=resource")

    tab_to(page, "Files")
    # A browser opens a window of the system's own here; only what was chosen in it comes from us.
    page.get_by_label("Files", exact=True).set_input_files(
        {"name": FILE.name, "mimeType": FILE.media_type, "buffer": FILE.body}
    )
    expect(page.get_by_label("Title")).to_have_value(FILE.name.removesuffix(".pdf").replace("_", " "))
    tab_to(page, "Title")
    page.keyboard.type("Shared without a mouse")
    tab_to(page, "Your text")
    page.keyboard.type("A quick one.")
    tab_to(page, "Subject")
    page.keyboard.type("Hist")
    tab_to(page, "Level")
    page.keyboard.type("Year 5")
    expect(page.get_by_role("group", name="What may colleagues do with it?").get_by_role("radio")).to_have_count(1)
    tab_to(page, "Choose another licence")
    page.keyboard.press("Space")
    tab_to(page, "CC BY")
    page.keyboard.press("ArrowDown")
    tab_to(page, "Which one should I choose?")
    page.keyboard.press("Space")
    tab_to(page, "Yes")
    page.keyboard.press("Space")
    tab_to(page, "More about it")
    page.keyboard.press("Space")
    tab_to(page, "How long it takes")
    page.keyboard.type("45")
    tab_to(page, "Large print")
    page.keyboard.press("Space")
    tab_to(page, "Share it")
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", level=1)).to_have_text("Shared without a mouse")
    facts = page.get_by_role("main")
    for said in ("History", "Year 5", "45 minutes", "Large print"):
        expect(facts).to_contain_text(said)
