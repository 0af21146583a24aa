"""Schools block scripts: everything a teacher does here works without them."""

from pathlib import Path

from playwright.sync_api import expect

from tests.browser.conftest import FILE, NewPage, Node, sign_in


def test_a_teacher_writes_and_shares_without_scripts(new_page: NewPage, tmp_path: Path) -> None:
    page = new_page(java_script_enabled=False)
    sign_in(page, "anna")

    page.goto("/compose")
    page.get_by_role("textbox", name="Your text").fill("Does anybody have spare rulers?")
    page.get_by_role("button", name="Share it").click()
    expect(page.get_by_role("article")).to_contain_text("Does anybody have spare rulers?")

    page.goto("/compose")
    page.get_by_label("A teaching resource").check()
    page.get_by_label("Title").fill("Ruler bingo")
    page.get_by_role("textbox", name="Your text").fill("Measure and shout.")
    page.get_by_label("Files", exact=True).set_input_files(
        {"name": FILE.name, "mimeType": FILE.media_type, "buffer": FILE.body}
    )
    page.get_by_role("combobox", name="Subject (optional)", exact=True).select_option("mathematics")
    page.get_by_text("Choose another licence").click()
    page.get_by_label("CC0").check()
    page.get_by_role("button", name="Share it").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Ruler bingo")

    with page.expect_download() as fetched:
        page.get_by_role("link", name=FILE.name).click()
    fetched.value.save_as(tmp_path / FILE.name)
    assert (tmp_path / FILE.name).read_bytes() == FILE.body


def test_a_colleague_answers_thanks_and_leaves_without_scripts(new_page: NewPage, node: Node) -> None:
    page = new_page(java_script_enabled=False)
    sign_in(page, "ben")

    page.goto(node.resource)
    page.get_by_label("Your answer to Anna Abbott").fill("It rained, so we did it twice.")
    page.get_by_role("main").get_by_role("button", name="Answer").click()
    expect(page.get_by_role("main")).to_contain_text("It rained, so we did it twice.")

    page.goto(node.thread)
    page.get_by_role("button", name="Like: thank its author").first.click()
    expect(page.get_by_role("button", name="Take back your like")).to_have_count(1)

    page.goto(node.resource)
    page.get_by_label("How did it go?").fill("The whole hall floor.")
    page.get_by_role("button", name="I used it").click()
    expect(page.get_by_role("status")).to_be_visible()

    page.goto("/settings")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("main").get_by_role("link", name="Sign in")).to_be_visible()
    assert page.context.cookies() == []

    sign_in(page, "anna")
    page.goto(node.resource)
    expect(page.get_by_role("region", name="Used")).to_contain_text("The whole hall floor.")
