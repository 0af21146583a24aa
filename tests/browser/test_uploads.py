"""Files dropped on the page, a connection that breaks in the middle, and drafts that come back."""

import re
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Page, Request, Route, StorageState, expect

from tests.browser.conftest import DESKTOP, NewPage

pytestmark = pytest.mark.timeout(300)

# More than one piece, so that a connection can break between two of them.
SIZE: Final = (4 << 20) + (1 << 20)
# Milliseconds: a machine may have other things to do than this test.
PATIENCE: Final = 45_000
# A file that the page believes was dropped on it. It is made in the page, because no test can hold one there.
DROP: Final = """([name, size]) => {
  const bytes = new Uint8Array(size).map((_, at) => (at * 31) % 251);
  bytes.set(new TextEncoder().encode("%PDF-1.7\\n"));
  const held = new DataTransfer();
  held.items.add(new File([bytes], name, {type: "application/pdf"}));
  for (const kind of ["dragover", "drop"]) {
    const dropped = new DragEvent(kind, {dataTransfer: held, bubbles: true, cancelable: true});
    document.querySelector("main").dispatchEvent(dropped);
  }
}"""


def written(page: Page, title: str) -> None:
    page.goto("/compose?kind=resource")
    page.get_by_label("Title").fill(title)
    page.get_by_role("textbox", name="Your text").fill("Cut along the lines.")


def test_a_dropped_file_goes_on_after_the_connection_broke(
    new_page: NewPage, as_anna: StorageState, tmp_path: Path
) -> None:
    page = new_page(storage_state=as_anna, viewport=DESKTOP)
    offsets: list[str] = []

    def broken(route: Route, request: Request) -> None:
        """The first piece gets through, and then the network is gone."""
        offsets.append(request.headers["upload-offset"])
        if len(offsets) == 2:
            page.context.set_offline(True)
            route.abort("internetdisconnected")
        else:
            route.continue_()

    page.route(
        re.compile(r"/uploads/.+"),
        lambda route, request: broken(route, request) if request.method == "PATCH" else route.continue_(),
    )
    written(page, "Dropped wall")
    page.evaluate(DROP, ["fraction wall.pdf", SIZE])
    line = page.locator("li.upload")
    expect(line).to_contain_text("The connection is gone.", timeout=PATIENCE)
    page.get_by_role("button", name="Share it").click()
    expect(page.get_by_text("It is shared as soon as all files have arrived.").first).to_be_attached(timeout=PATIENCE)

    page.context.set_offline(False)

    expect(page.get_by_role("heading", level=1)).to_have_text("Dropped wall", timeout=PATIENCE)
    assert offsets[:3] == ["0", str(4 << 20), str(4 << 20)]
    with page.expect_download() as fetched:
        page.get_by_role("link", name="fraction wall.pdf").click()
    fetched.value.save_as(tmp_path / "wall.pdf")
    body = (tmp_path / "wall.pdf").read_bytes()
    assert len(body) == SIZE
    assert body[9:] == bytes((at * 31) % 251 for at in range(9, SIZE))


def test_several_files_are_ordered_paused_and_removed_by_keyboard(new_page: NewPage, as_anna: StorageState) -> None:
    page = new_page(storage_state=as_anna)
    written(page, "Three files")
    for name in ("a.pdf", "b.pdf", "c.pdf"):
        page.get_by_label("Files", exact=True).set_input_files(
            {"name": name, "mimeType": "application/pdf", "buffer": b"%PDF-1.7\n" + name.encode()}
        )
        expect(page.get_by_role("button", name=f"Move up: {name}")).to_be_visible(timeout=PATIENCE)

    page.get_by_role("button", name="Move up: c.pdf").press("Enter")
    page.get_by_role("button", name="Remove: b.pdf").press("Enter")

    expect(page.locator("li.upload .file-name")).to_have_text(["a.pdf", "c.pdf"], timeout=PATIENCE)
    page.get_by_role("button", name="Share it").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Three files", timeout=PATIENCE)
    expect(page.locator("a.file .file-name")).to_have_text(["a.pdf", "c.pdf"], timeout=PATIENCE)


def test_a_program_is_refused_where_it_was_added_and_the_words_stay(new_page: NewPage, as_anna: StorageState) -> None:
    page = new_page(storage_state=as_anna)
    written(page, "With a program")

    page.get_by_label("Files", exact=True).set_input_files(
        {"name": "plan.pdf", "mimeType": "application/pdf", "buffer": b"MZ\x90\x00\x03" + bytes(1000)}
    )

    expect(page.locator("li.upload")).to_contain_text("programs and shortcuts cannot be shared", timeout=PATIENCE)
    expect(page.get_by_label("Title")).to_have_value("With a program", timeout=PATIENCE)


def test_what_was_begun_comes_back_after_the_page_was_closed(new_page: NewPage, as_anna: StorageState) -> None:
    page = new_page(storage_state=as_anna)
    page.route(
        re.compile(r"/uploads/.+"),
        lambda route: route.abort() if route.request.headers.get("upload-offset", "0") != "0" else route.continue_(),
    )
    written(page, "Begun on Monday")
    page.evaluate(DROP, ["film.pdf", SIZE])
    expect(page.locator("li.upload")).to_contain_text("The connection is gone.", timeout=PATIENCE)
    expect(page.get_by_text("Draft saved at")).to_be_visible(timeout=PATIENCE)
    address = page.url
    assert "/drafts/" in address
    page.close(run_before_unload=False)

    later = new_page(storage_state=as_anna)
    later.goto("/drafts")
    later.get_by_role("link", name="Begun on Monday", exact=True).click()
    expect(later.get_by_label("Title")).to_have_value("Begun on Monday", timeout=PATIENCE)
    expect(later.locator("li.upload")).to_contain_text(
        "Choose the file once more, and it goes on from there.", timeout=PATIENCE
    )
    with later.expect_request(lambda request: request.method == "PATCH") as first:
        later.evaluate(DROP, ["film.pdf", SIZE])
    assert first.value.headers["upload-offset"] == str(4 << 20)
    expect(later.get_by_role("button", name="Move up: film.pdf")).to_be_visible(timeout=PATIENCE)
    later.get_by_role("button", name="Share it").click()
    expect(later.get_by_role("heading", level=1)).to_have_text("Begun on Monday", timeout=PATIENCE)


def test_a_second_tab_is_told_and_loses_nothing(new_page: NewPage, as_anna: StorageState) -> None:
    first = new_page(storage_state=as_anna)
    first.goto("/compose")
    first.get_by_role("textbox", name="Your text").fill("Begun")
    first.get_by_role("button", name="Save draft").click()
    expect(first.get_by_text("Draft saved at")).to_be_visible(timeout=PATIENCE)
    second = first.context.new_page()
    second.goto(first.url)
    first.get_by_role("textbox", name="Your text").fill("Written in the first tab")
    first.get_by_role("button", name="Save draft").click()
    expect(first.locator("input[name=draft_version]")).to_have_value("2", timeout=PATIENCE)

    second.get_by_role("textbox", name="Your text").fill("Written in the second tab")
    second.get_by_role("button", name="Save draft").click()

    expect(second.get_by_text("This draft was changed in another tab")).to_be_visible(timeout=PATIENCE)
    second.goto("/drafts")
    for text in ("Written in the first tab", "Written in the second tab"):
        expect(second.get_by_role("link", name=text, exact=True)).to_be_visible(timeout=PATIENCE)
