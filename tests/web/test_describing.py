"""Describing a resource: the whole form, its three questions, what it begins with, and changing it all later."""

from typing import Any, Final

import pytest

from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.domain.audience import Visibility
from fedishare.domain.terms import Basis
from fedishare.queries import resources
from fedishare.queries.resources import ResourceRow
from tests.builders import a_person, a_resource
from tests.web.builders import PDF, RESOURCE, form
from tests.web.conftest import Browser, Node, Page

FILES: Final = [("files", "wall.pdf", PDF)]
WHOLE: Final = RESOURCE | {
    "subject_2": "art-and-design",
    "subject_3": "mathematics",
    "level_2": "england:year-5",
    "type_2": "lesson_plan",
    "minutes": "90",
    "language": "cy",
    "audience_teacher": "1",
    "audience_parent": "1",
    "objectives": "Compare fractions\r\n\r\nName  equal parts\r\n",
    "keywords": "fractions, Equal parts,#walls; fractions",
    "credit": "Ada Okafor, Alder Primary",
    "feature_largePrint": "1",
}


async def described(db: Database, answer: Page) -> ResourceRow:
    assert answer.status == 303, answer.errors
    row = await db.read(resources.row, post_id=int(answer.location.rpartition("/")[2]))
    assert row is not None
    return row


def chosen(page: Page, name: str) -> list[str]:
    options = page.root.one("select", name=name).all("option")
    return [option["value"] for option in options if "selected" in option.attributes]


def ticked(page: Page) -> set[str]:
    return {each["name"] for each in page.root.all("input", type="checkbox") if "checked" in each.attributes}


def licence(page: Page) -> str:
    radios = page.root.all("input", name="licence")
    return next((radio["value"] for radio in radios if "checked" in radio.attributes), "")


async def test_everything_that_can_be_said_is_kept(node: Node, db: Database) -> None:
    _, teacher = await node.a_teacher()

    row = await described(db, await teacher.post("/compose", form(WHOLE, FILES)))

    assert [term.slug for term in row.subjects] == ["mathematics", "art-and-design"]
    assert [term.slug for term in row.levels] == ["england:year-4", "england:year-5"]
    assert [term.slug for term in row.stages] == ["level_1"]
    assert [term.slug for term in row.types] == ["worksheet", "lesson_plan"]
    assert [term.slug for term in row.audiences] == ["teacher", "parent"]
    assert [term.label for term in row.objectives] == ["Compare fractions", "Name equal parts"]
    assert [(term.slug, term.label) for term in row.keywords] == [
        ("fractions", "fractions"),
        ("equal parts", "Equal parts"),
        ("walls", "walls"),
    ]
    assert [term.slug for term in row.features] == ["largePrint"]
    assert (row.age_min, row.age_max, row.minutes, row.credit) == (8, 10, 90, "Ada Okafor, Alder Primary")


async def test_the_page_shows_it_all(node: Node) -> None:
    _, teacher = await node.a_teacher()
    path = (await teacher.post("/compose", form(WHOLE, FILES))).location

    page = (await node.stranger.get(path)).root

    facts = {row.one("dt").text: row.one("dd").text for row in page.one("dl", class_="pairs").all("div")}
    for asked_elsewhere in ("Licence", "Cite as", "Fingerprints"):
        facts.pop(asked_elsewhere)
    assert facts == {
        "Subject": "Mathematics, Art and design",
        "For": "Year 4 and Year 5 Ages 8 to 10",
        "Kind": "Worksheet, Lesson plan",
        "Time": "1 hour 30 minutes",
        "For whom": "Teachers, Parents and carers",
        "Pupils learn": "Compare fractions Name equal parts",
        "Keywords": "fractions, Equal parts, walls",
        "Language": "Cymraeg",
        "Accessibility": "Large print",
        "Credit": "Ada Okafor, Alder Primary",
    }


async def test_keywords_are_hashtags_too_and_stay_so_when_the_text_is_changed_alone(node: Node) -> None:
    _, teacher = await node.a_teacher()
    path = (await teacher.post("/compose", form(WHOLE, FILES))).location

    assert path in (await node.stranger.get("/tags/equalparts")).html
    changed = await teacher.post(f"/posts/{path.rpartition('/')[2]}/edit", {"title": "T", "text": "New words"})
    assert changed.location == path
    assert path in (await node.stranger.get("/tags/walls")).html


async def test_what_was_chosen_last_is_what_the_next_begins_with(node: Node) -> None:
    _, teacher = await node.a_teacher()
    first = await teacher.get("/compose?kind=resource")
    await teacher.post("/compose", form(RESOURCE | {"level": "scotland:p4", "language": "gd"}, FILES))

    later = await teacher.get("/compose?kind=resource")

    assert (licence(first), chosen(first, "subject"), "audience_teacher" in ticked(first)) == ("CC-BY-4.0", [], True)
    assert first.root.one("select", name="level").all("optgroup")[0]["label"] == "National Curriculum for England"
    assert (licence(later), chosen(later, "subject"), chosen(later, "level"), chosen(later, "language")) == (
        "CC-BY-SA-4.0",
        ["mathematics"],
        ["scotland:p4"],
        ["gd"],
    )
    groups = later.root.one("select", name="level").all("optgroup")
    assert groups[0]["label"] == "Curriculum for Excellence (Scotland)"


async def test_the_settings_say_what_the_next_begins_with(node: Node) -> None:
    _, teacher = await node.a_teacher()
    wanted = {"scheme": "wales", "subject": "welsh", "level": "wales:year-4", "licence": "CC0-1.0", "language": "cy"}

    saved = await teacher.post("/settings", {"part": "resources", "credit": "Ysgol Alder", **wanted})
    wrong = await teacher.post("/settings", {"part": "resources", **wanted, "subject": "alchemy"})

    assert saved.location == "/settings?saved=resources"
    assert (wrong.status, wrong.errors) == (422, ["This choice is not in the list: please choose again."])
    shown, later = await teacher.get("/settings"), await teacher.get("/compose?kind=resource")
    assert {name: chosen(shown, name) for name in wanted} == {name: [slug] for name, slug in wanted.items()}
    assert (licence(later), chosen(later, "level")) == ("CC0-1.0", ["wales:year-4"])
    assert later.root.one("input", name="credit")["value"] == "Ysgol Alder"


async def test_three_answers_choose_a_licence_and_nothing_typed_is_lost(node: Node, db: Database) -> None:
    _, teacher = await node.a_teacher()
    asked = WHOLE | {"suggest": "1", "may_change": "yes", "may_sell": "no", "share_alike": "no"}

    answer = await teacher.post("/compose", form(asked, FILES))

    assert (answer.status, answer.errors, licence(answer)) == (200, [], "CC-BY-NC-4.0")
    assert "CC BY-NC 4.0 fits your three answers" in answer.root.one("p", id="suggested").text
    assert answer.root.one("input", name="title")["value"] == WHOLE["title"]
    assert (chosen(answer, "subject_2"), chosen(answer, "level_2")) == (["art-and-design"], ["england:year-5"])
    assert {"audience_teacher", "audience_parent", "feature_largePrint"} <= ticked(answer)
    ticket = answer.root.one("input", name="upload")["value"]
    sent = await teacher.post("/compose", form(WHOLE | {"licence": licence(answer), "upload": ticket}))
    assert (await described(db, sent)).licence == "CC-BY-NC-4.0"


async def test_a_question_without_an_answer_is_asked_again(node: Node) -> None:
    _, teacher = await node.a_teacher()

    answer = await teacher.post("/compose", form(WHOLE | {"suggest": "1", "may_change": "yes"}, FILES))

    assert (answer.status, answer.errors) == (422, ["Answer all three questions, and a licence is chosen."])
    assert "open" in answer.root.one("details", id="licence_help").attributes
    assert answer.root.all("input", name="upload") != []


NOT_MINUTES: Final = "Say how long it takes as a whole number of minutes, such as 60."


@pytest.mark.parametrize(
    ("over", "field", "said"),
    [
        ({"minutes": "an hour"}, "minutes", NOT_MINUTES),
        ({"minutes": "0"}, "minutes", NOT_MINUTES),
        ({"licence": "WTFPL"}, "licence", "Choose what colleagues may do with it."),
        ({"level_2": "narnia:1"}, "level", "One of the choices is not in the list: please choose again."),
        (
            {"based_on": "ftp://x"},
            "based_on",
            "ftp://x is not a web address: paste it from your browser, with https://.",
        ),
    ],
)
async def test_a_mistake_is_told_beside_its_field_and_loses_nothing(
    node: Node, over: dict[str, str], field: str, said: str
) -> None:
    _, teacher = await node.a_teacher()

    answer = await teacher.post("/compose", form(WHOLE | over, FILES))

    assert (answer.status, answer.errors) == (422, [said])
    assert answer.root.one("p", id=f"{field}-wrong").text.endswith(said)
    assert answer.root.one("textarea", name="objectives").text == "Compare fractions Name equal parts"
    assert "open" in answer.root.one("details", id="more").attributes
    assert answer.root.all("input", name="upload") != []


async def edited(teacher: Browser, path: str, over: dict[str, str]) -> Page:
    """The edit form as it is shown, sent back with a few fields changed."""
    edit = f"/posts/{path.rpartition('/')[2]}/edit"
    page = (await teacher.get(edit)).root.one("form", action=edit)
    fields: dict[str, str] = {}
    for field in page.all("input"):
        if field["type"] not in {"checkbox", "radio"} or "checked" in field.attributes:
            fields[field["name"]] = field["value"]
    for area in page.all("textarea"):
        fields[area["name"]] = area.raw
    for select in page.all("select"):
        picked = [option["value"] for option in select.all("option") if "selected" in option.attributes]
        fields[select["name"]] = picked[0] if picked else ""
    return await teacher.post(edit, {name: value for name, value in (fields | over).items() if name})


async def test_every_field_can_be_changed_afterwards(node: Node, db: Database) -> None:
    _, teacher = await node.a_teacher()
    path = (await teacher.post("/compose", form(WHOLE | {"objectives": "Compare fractions"}, FILES))).location
    number = int(path.rpartition("/")[2])
    before = await db.read(resources.row, post_id=number)

    same = await edited(teacher, path, {})
    unchanged = await db.read(resources.row, post_id=number)
    change = {"subject": "history", "subject_2": "", "minutes": "", "licence": "CC0-1.0", "objectives": "Other"}
    answer = await edited(teacher, path, change)
    row = await db.read(resources.row, post_id=number)

    assert (same.location, answer.location) == (path, path)
    assert before is not None
    assert unchanged == before
    assert row is not None
    assert (row.version, row.minutes, row.licence) == (before.version + 1, None, "CC0-1.0")
    assert [term.slug for term in row.subjects] == ["history"]
    assert [term.label for term in row.objectives] == ["Other"]
    assert (row.levels, row.keywords, row.credit) == (before.levels, before.keywords, before.credit)


async def test_a_wrong_edit_comes_back_as_it_was_typed(node: Node) -> None:
    _, teacher = await node.a_teacher()
    path = (await teacher.post("/compose", form(WHOLE, FILES))).location

    answer = await edited(teacher, path, {"minutes": "soon", "credit": "Somebody"})
    asked = await edited(teacher, path, {"suggest": "1", "may_change": "no", "may_sell": "no", "share_alike": "no"})

    assert (answer.status, len(answer.errors)) == (422, 1)
    assert answer.root.one("input", name="minutes")["value"] == "soon"
    assert answer.root.one("input", name="credit")["value"] == "Somebody"
    assert (asked.status, licence(asked)) == (200, "all-rights-reserved")


async def test_a_source_that_is_here_is_named_and_its_licence_counts(node: Node, db: Database, here: Here) -> None:
    _, teacher = await node.a_teacher()
    author = await a_person(db, here, local=False)
    source = await a_resource(db, here, by=author, uri="https://birch.test/resources/3", title="Strips")
    ours = here.uris.resource(source.id)

    refused = await teacher.post("/compose", form(WHOLE | {"licence": "CC-BY-4.0", "based_on": ours}, FILES))
    taken = await teacher.post("/compose", form(WHOLE | {"based_on": f"{ours}\nhttps://elsewhere.test/a"}, FILES))

    assert refused.errors == [
        "What this is based on asks that changed versions are shared in the same way: choose CC BY-SA 4.0."
    ]
    assert (await described(db, taken)).bases == (
        Basis("https://birch.test/resources/3", "Strips", "https://creativecommons.org/licenses/by-sa/4.0/"),
        Basis("https://elsewhere.test/a"),
    )
    page = (await node.stranger.get(taken.location)).root
    links = [(link["href"], link.text) for link in page.all("a", rel="nofollow noopener noreferrer")]
    assert ("https://birch.test/resources/3", "Strips") in links


async def test_a_source_that_is_hidden_says_nothing_of_itself(node: Node, db: Database, here: Here) -> None:
    _, teacher = await node.a_teacher()
    author = await a_person(db, here)
    hidden: dict[str, Any] = {"visibility": Visibility.FOLLOWERS, "title": "Secret"}
    source = await a_resource(db, here, by=author, **hidden)

    row = await described(db, await teacher.post("/compose", form(WHOLE | {"based_on": source.uri}, FILES)))

    assert row.bases == (Basis(source.uri),)


async def test_a_level_is_explained_in_the_words_of_whoever_reads(node: Node) -> None:
    _, teacher = await node.a_teacher()
    path = (await teacher.post("/compose", form(RESOURCE, FILES))).location
    _, colleague = await node.a_teacher()
    await colleague.post("/settings", {"part": "resources", "scheme": "scotland", "licence": "CC-BY-4.0"})

    assert "P4 (Scotland)" in (await colleague.get(path)).root.one("dl", class_="pairs").text
    assert "Scotland" not in (await node.stranger.get(path)).root.one("dl", class_="pairs").text
