"""What the docs say is what the code does: whoever changes one of the two hears of the other."""

import re
import tomllib
from itertools import chain
from pathlib import Path
from typing import Final

import pytest

from fedishare import settings
from fedishare.api import openapi
from fedishare.api.endpoints import endpoints
from fedishare.api.routes import Endpoint, Token
from fedishare.db import engine, postgres
from fedishare.domain import audience
from fedishare.domain.permissions import Role, Verb, may
from fedishare.net import storage
from fedishare.services import accounts, housekeeping, resources
from tests.docs.pages import PAGES, ROOT, blocks, code, named, prose, section, table
from tests.test_house import FOREIGN

DOCS: Final = ROOT / "docs"
DECISIONS: Final = sorted((DOCS / "decisions").glob("[0-9]*.md"))
DECISION_LINES: Final = 60
SHORTEST_DESCRIPTION: Final = 5
HEADINGS: Final = ["Context", "Decision", "Consequences", "What would change our mind"]
FRAGMENT: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*\.(?:feature|fix|federation|security|upgrade|docs)\.md")
UNFINISHED: Final = re.compile("|".join(("TO" + "DO", "FIX" + "ME", "[Ll]orem ipsum")))
LINK: Final = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
HEADING: Final = re.compile(r"^#+ (.+)$", re.MULTILINE)


# --- settings -----------------------------------------------------------------------------------------------------


def test_every_setting_is_explained_in_the_words_of_the_program() -> None:
    told = table((DOCS / "settings.md").read_text())

    assert told == [
        (f"`FEDISHARE_{name}`", f"`{name.lower()}`", meaning, default)
        for name, (meaning, default) in settings.FIELDS.items()
    ]


def test_the_examples_of_settings_can_be_loaded(tmp_path: Path) -> None:
    written = list(chain.from_iterable(blocks(page.read_text(), "toml") for page in PAGES))
    assert written

    for number, text in enumerate(written):
        file = tmp_path / f"{number}.toml"
        file.write_text(text)
        settings.load({}, file=file)


def test_every_variable_that_the_docs_name_is_a_setting() -> None:
    known = {f"FEDISHARE_{name}" for name in settings.FIELDS} | {"FEDISHARE_CONFIG", "FEDISHARE_HOST"}

    used = {name for page in PAGES for name in re.findall(r"\bFEDISHARE_[A-Z_]+\b", page.read_text())}

    assert used - known == set()


# --- figures in sentences ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("command-line.md", f"has {accounts.SHORTEST_PASSWORD} to {accounts.LONGEST_PASSWORD} characters"),
        ("teachers.md", f"up to {resources.MOST_FILES} of them"),
        ("hosting.md", f"opens up to {postgres.POOL} connections"),
        ("hosting.md", f"The node keeps {storage.MAX_KEPT_FREE >> 20} MB of the disk free"),
        ("hosting.md", f"after {housekeeping.RECEIVED_KEPT.days} days; deliveries and jobs"),
        ("hosting.md", f"given up, after {housekeeping.FAILURES_KEPT.days} days"),
        ("decisions/0001-two-doors-and-group-commit.md", f"up to {engine.COMMITTED_TOGETHER} at once"),
        ("decisions/0011-sessions-and-forms-without-tokens.md", f"{accounts.SESSION_LASTS.days} days later"),
    ],
)
def test_a_figure_in_a_sentence_is_that_of_the_code(page: str, said: str) -> None:
    assert said in " ".join((DOCS / page).read_text().split())


# --- tables for people --------------------------------------------------------------------------------------------


def test_teachers_read_of_the_audiences_that_they_are_offered() -> None:
    told = table(section((DOCS / "teachers.md").read_text(), "Who can see what"))

    assert [choice for choice, _ in told] == [audience.LABELS[each] for each in audience.OFFERED]


PERMISSIONS: Final = {
    "post, share, react, follow, report": (Verb.POST, Verb.UPLOAD, Verb.REACT, Verb.FOLLOW, Verb.REPORT),
    "open a room": (Verb.CREATE_ROOM,),
    "edit a post": (Verb.EDIT_POST,),
    "delete a post": (Verb.DELETE_POST,),
    "see and settle reports": (Verb.DECIDE_REPORTS,),
    "block and unblock servers": (Verb.BLOCK_NODES,),
    "look after a room": (Verb.MODERATE_ROOM,),
    "make a shared handle": (Verb.CREATE_HANDLE,),
    "choose who runs a shared handle": (Verb.MANAGE_HANDLE,),
    "add a school": (Verb.CREATE_SCHOOL,),
    "make a collection": (Verb.CURATE,),
    "delete a collection": (Verb.CLOSE_COLLECTION,),
}


def allowed(role: Role, verb: Verb) -> str:
    about = {Verb.EDIT_POST, Verb.DELETE_POST, Verb.MODERATE_ROOM, Verb.MANAGE_HANDLE, Verb.CLOSE_COLLECTION}
    is_about_things = verb in about
    if may(role, verb):
        return "any" if is_about_things else "yes"
    return "own" if may(role, verb, owns=True) else "no"


def test_moderators_read_of_the_permissions_that_they_have() -> None:
    told = table(section((DOCS / "moderators.md").read_text(), "Who may do what"))

    assert [what for what, *_ in told] == list(PERMISSIONS)
    for what, *cells in told:
        assert [{allowed(role, verb) for verb in PERMISSIONS[what]} for role in Role] == [{cell} for cell in cells]


# --- architecture -------------------------------------------------------------------------------------------------

ARCHITECTURE: Final = (DOCS / "architecture.md").read_text()


def test_the_layers_are_those_that_the_import_checker_holds() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    checked = [re.sub(r" \| \(\w+\)", "", layer) for layer in contracts[0]["layers"]]

    drawn = [re.split(r"\s{2,}", line)[0] for line in blocks(ARCHITECTURE, "text")[0].splitlines()]

    assert drawn == checked


def test_the_page_for_app_writers_lists_every_address_of_ours_with_its_scope() -> None:
    ours = [each for each in endpoints() if each.path.startswith(openapi.OURS)]

    rows = table(section((DOCS / "api.md").read_text(), "What there is"))

    assert [row[:2] for row in rows] == [
        (f"`{each.method} {each.path.removeprefix(openapi.OURS)}`", _who(each)) for each in ours
    ]
    assert [row[2] for row in rows] == [(each.handler.__doc__ or "").strip().partition("\n")[0] for each in ours]


def test_the_page_for_app_writers_tells_of_every_refusal() -> None:
    rows = table(section((DOCS / "api.md").read_text(), "When it goes wrong"))

    assert [int(row[0]) for row in rows] == list(openapi.REFUSALS)


def _who(endpoint: Endpoint) -> str:
    if endpoint.token is Token.NONE:
        return "anybody"
    return f"`{endpoint.scopes[0]}`{', or nobody' if endpoint.token is Token.MAYBE else ''}"


def test_every_module_is_listed() -> None:
    package = ROOT / "fedishare"
    modules = [path for path in package.rglob("*.py") if path.stem != "__init__"]

    listed = {(*code(room), *code(names)) for room, names in table(section(ARCHITECTURE, "The modules"))}

    homes = {path.parent for path in modules}
    assert listed == {(home.name, *sorted(path.stem for path in modules if path.parent == home)) for home in homes}


# --- all pages ----------------------------------------------------------------------------------------------------


def anchors(path: Path) -> set[str]:
    titles = HEADING.findall(prose(path.read_text()))
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def is_found(page: Path, link: str) -> bool:
    target, _, anchor = link.partition("#")
    path = (page.parent / target).resolve() if target else page
    return path.exists() and (not anchor or anchor in anchors(path))


def test_every_link_and_picture_is_there() -> None:
    links = [(page, link) for page in PAGES for link in LINK.findall(prose(page.read_text())) if "://" not in link]
    assert links

    assert [f"{named(page)}: {link}" for page, link in links if not is_found(page, link)] == []


def test_every_picture_is_described() -> None:
    described = [text for page in PAGES for text in re.findall(r"!\[([^\]]*)\]", prose(page.read_text()))]

    assert described
    assert [text for text in described if len(text.split()) < SHORTEST_DESCRIPTION] == []


def test_nothing_is_unfinished_or_names_the_place_it_was_made_at() -> None:
    unfinished = [(named(page), word) for page in PAGES for word in UNFINISHED.findall(page.read_text())]
    foreign = [(named(page), word) for page in PAGES for word in FOREIGN.findall(page.read_bytes())]

    assert (unfinished, foreign) == ([], [])


def test_the_decisions_are_numbered_without_a_gap_and_listed() -> None:
    index = (DOCS / "decisions/README.md").read_text()

    listed = [f"- [{path.read_text().splitlines()[0].removeprefix('# ')}]({path.name})" for path in DECISIONS]

    assert [path.name[:4] for path in DECISIONS] == [f"{number:04}" for number in range(1, len(DECISIONS) + 1)]
    assert [line for line in index.splitlines() if line.startswith("- ")] == listed


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)
def test_a_decision_is_short_and_complete(path: Path) -> None:
    text = path.read_text()

    assert len(text.splitlines()) <= DECISION_LINES
    assert text.startswith(f"# {path.name[:4]}. ")
    assert re.search(r"^Status: (accepted|replaced by \d{4})$", text, re.MULTILINE)
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == HEADINGS
    assert all(section(text, heading).strip() for heading in HEADINGS)


def test_fragments_of_the_changelog_are_well_named() -> None:
    names = [path.name for path in (DOCS / "changes").iterdir() if path.name != "README.md"]

    assert [name for name in names if not FRAGMENT.fullmatch(name)] == []
