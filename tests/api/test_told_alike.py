"""What an app and the page of notices say of the same notices: which are seen, and which are held back."""

from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.domain.kinds import NoticeKind
from tests.api.conftest import School
from tests.api.test_notifications import Told
from tests.builders import a_follow_row, a_person, a_post
from tests.web.conftest import Browser, Page

# A browser that fetches ahead looks without having seen.
AHEAD = {"Sec_Purpose": "prefetch"}


async def looked_at(browser: Browser, path: str = "/notices") -> Page:
    page = await browser.get(path, **AHEAD)
    assert page.status == 200
    return page


def senders(page: Page, *, class_: str = "notice") -> list[str]:
    lines = [line for line in page.root.all("li") if class_ in line["class"].split()]
    return [line.all("a", class_="name")[0].text for line in lines]


def badge(page: Page) -> str:
    """The number that stands beside the word Notices."""
    link = page.root.all("a", href="/notices")[0]
    return "".join(filter(str.isdigit, link.text))


async def test_what_was_read_in_an_app_is_seen_on_the_page_and_the_other_way_round(
    school: School, db: Database, here: Here
) -> None:
    me, browser, phone = await school.both("ada")
    told = Told(db, here, me)
    for name in ("Ben", "Cat", "Dan"):
        person = await a_person(db, here, name=name)
        await told(NoticeKind.MENTION, by=person, post=await a_post(db, here, by=person))
        # No app shows this one, so none can have read it.
        await told(NoticeKind.HANDLE, by=await a_person(db, here, name="Eve"))
    dan, cat, _ = [each["id"] for each in (await phone.get("/api/v1/notifications")).json]

    await phone.post("/api/v1/markers", json={"notifications": {"last_read_id": cat}})

    page = await looked_at(browser)
    assert senders(page, class_="new") == ["Eve", "Dan", "Eve", "Eve"]
    assert badge(page) == "4"
    assert (await phone.get("/api/v1/notifications/unread_count")).json == {"count": 1}

    await browser.get("/notices")

    assert (badge(await looked_at(browser)), senders(await looked_at(browser), class_="new")) == ("", [])
    assert (await phone.get("/api/v1/notifications/unread_count")).json == {"count": 0}
    marker = (await phone.get("/api/v1/markers", timeline=["notifications"])).json["notifications"]
    assert (int(marker["last_read_id"]) >= int(dan), marker["version"]) == (True, 2)
    # An older page seen later does not lead back.
    await told(NoticeKind.FOLLOW, by=await a_person(db, here, name="Fay"))
    await browser.get(f"/notices?before={cat}")
    again = (await phone.get("/api/v1/markers", timeline=["notifications"])).json["notifications"]
    assert again == marker


async def test_what_is_held_back_is_held_back_on_the_page_too(school: School, db: Database, here: Here) -> None:
    me, browser, phone = await school.both("ada")
    friend, stranger, spammer = [await a_person(db, here, name=name) for name in ("Ben", "Eve", "Mal")]
    await a_follow_row(db, here, by=me, of=friend)
    told = Told(db, here, me)
    for person in (friend, stranger, spammer):
        await told(NoticeKind.FOLLOW, by=person)
    assert senders(await looked_at(browser)) == ["Mal", "Eve", "Ben"]

    await phone.patch("/api/v2/notifications/policy", json={"for_not_following": "filter"})

    page = await looked_at(browser)
    assert (senders(page), badge(page)) == (["Ben"], "1")
    assert "2 notices are held back" in page.root.text
    await browser.get("/notices")
    everything = await looked_at(browser, "/notices?held=shown")
    assert (senders(everything), senders(everything, class_="new")) == (["Mal", "Eve", "Ben"], ["Mal", "Eve"])
    await phone.post(f"/api/v1/notifications/requests/{stranger.id}/accept")
    page = await looked_at(browser)
    assert (senders(page), senders(page, class_="new"), badge(page)) == (["Eve", "Ben"], ["Eve"], "1")
    await phone.patch("/api/v2/notifications/policy", json={"for_not_following": "drop"})
    assert senders(await looked_at(browser, "/notices?held=shown")) == ["Eve", "Ben"]
