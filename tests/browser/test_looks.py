"""Light and dark, and with large letters: everything still fits, and can be read."""

from typing import Final

import pytest
from playwright.sync_api import StorageState

from tests.browser.conftest import NewPage, Node

PATHS: Final = ("/", "{room}", "{resource}", "/compose?kind=resource")
TOO_WIDE: Final = "Math.max(0, document.scrollingElement.scrollWidth - innerWidth)"
LARGE_LETTERS: Final = "document.documentElement.style.fontSize = '200%'"

# WCAG 2.2, 1.4.3: the contrast of each piece of text that is shown with what lies behind it, where that falls short.
# A background that is a picture or a gradient has no one colour; there is no text on any here.
TOO_FAINT: Final = """() => {
  const parts = (colour) => {
    const [red, green, blue, alpha = 1] = colour.match(/[\\d.]+/g).map(Number);
    return {rgb: [red, green, blue], alpha};
  };
  const over = (top, below) => top.rgb.map((value, at) => value * top.alpha + below[at] * (1 - top.alpha));
  const behind = (element) => {
    if (element === null) return [255, 255, 255];
    return over(parts(getComputedStyle(element).backgroundColor), behind(element.parentElement));
  };
  const light = (rgb) => rgb
    .map((value) => value / 255)
    .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
    .reduce((sum, value, at) => sum + value * [0.2126, 0.7152, 0.0722][at], 0);
  const found = {looked_at: 0, faint: []};
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const text = walker.currentNode.data.trim();
    if (!text || !element.checkVisibility() || element.closest("option, .skip, .seen-by-ear")) continue;
    const style = getComputedStyle(element);
    const below = behind(element);
    const [darker, lighter] = [light(over(parts(style.color), below)), light(below)].sort((a, b) => a - b);
    const size = parseFloat(style.fontSize);
    const least = size >= 24 || (size >= 18.66 && style.fontWeight >= 700) ? 3 : 4.5;
    const contrast = (lighter + 0.05) / (darker + 0.05);
    found.looked_at += 1;
    if (contrast < least) found.faint.push(`${text.slice(0, 40)}: ${contrast.toFixed(2)}`);
  }
  return found;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PATHS)
def test_text_can_be_read_and_grows_with_the_reader(
    new_page: NewPage, node: Node, as_anna: StorageState, path: str, scheme: str
) -> None:
    page = new_page(storage_state=as_anna, color_scheme=scheme)
    page.goto(path.format(**node._asdict()))

    contrast = page.evaluate(TOO_FAINT)
    at_first = page.evaluate(TOO_WIDE)
    page.evaluate(LARGE_LETTERS)
    enlarged = page.evaluate(TOO_WIDE)

    assert contrast["looked_at"] > 20
    assert contrast["faint"] == []
    assert (at_first, enlarged) == (0, 0)


def test_the_dark_pages_are_dark(new_page: NewPage) -> None:
    lights = {}
    for scheme in ("light", "dark"):
        page = new_page(color_scheme=scheme)
        page.goto("/about")
        lights[scheme] = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")

    assert lights == {"light": "rgb(245, 243, 238)", "dark": "rgb(17, 23, 26)"}
