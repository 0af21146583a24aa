"""What a search finds and counts is what reading through the whole library finds and counts, on both databases."""

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, update

from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.db.follows import Block
from fedishare.db.people import Actor
from fedishare.db.posts import Mention, Post
from fedishare.db.resources import Resource, ResourceFile
from fedishare.db.rooms import Carried
from fedishare.domain import tokens, vocabularies
from fedishare.domain.audience import Visibility
from fedishare.domain.kinds import Kind
from fedishare.domain.terms import Term, TermKind
from fedishare.queries import search
from fedishare.queries.search import Choice, Found
from fedishare.services import library
from tests.builders import Made, a_follow_row, a_person, a_resource, add, add_terms
from tests.queries.test_timelines import count_statements

WORDS: Final = ("fraction", "Fractions", "école", "ecole", "wall", "the", "it's", "Ōmori", "4", "KS2-maths", "straße")
ASKED: Final = (
    *WORDS,
    '"fraction wall"',
    '"the',
    "fra*",
    "ks*",
    "AND",
    "NOT (",
    "NEAR(a b)",
    "wall:*",
    "'",
    "a & !b",
    "%",
)
SUBJECTS: Final = ("mathematics", "english", "music")
TYPES: Final = ("worksheet", "game")
LICENCES: Final = ("CC-BY-4.0", "CC-BY-ND-4.0", "CC0-1.0", None)
LANGUAGES: Final = ("en", "en-GB", "CY", None)
MEDIA: Final = {
    "application/pdf": "pdf",
    "image/png": "picture",
    "text/plain": "document",
    "text/csv": "spreadsheet",
    "application/x-odd": "other",
}
LEVELS: Final = ("england:year-4", "england:key-stage-1", "scotland:first")
AGES: Final = ((8, 9), (9, 10), (5, 7), (8, 8), (7, 11), (None, None), (9, None), (None, 6))
AUTHORS: Final = ("viewer", "followed", "stranger", "suspended", "blocker")
HOSTS: Final = {"stranger": "birch.test", "followed": "cedar.test"}


class Item(NamedTuple):
    title: str
    body: str
    subjects: tuple[str, ...]
    types: tuple[str, ...]
    ages: tuple[int | None, int | None]
    licence: str | None
    language: str | None
    media: tuple[str, ...]
    author: str
    visibility: Visibility
    room: str | None
    is_named: bool
    is_gone: bool


def some(values: Sequence[Any], most: int = 2) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(st.sampled_from(values), max_size=most, unique=True).map(tuple)


PROSE: Final = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(" ".join)
ITEMS: Final = st.builds(
    Item,
    PROSE,
    PROSE,
    some(SUBJECTS),
    some(TYPES),
    st.sampled_from(AGES),
    st.sampled_from(LICENCES),
    st.sampled_from(LANGUAGES),
    some(tuple(MEDIA), 3),
    st.sampled_from(AUTHORS),
    st.sampled_from((Visibility.PUBLIC, *Visibility)),
    st.sampled_from((None, "mine", "other", "linked")),
    st.booleans(),
    st.sampled_from((False, False, False, True)),
)
CHOICES: Final = st.builds(
    Choice,
    words=st.one_of(st.just(""), st.lists(st.sampled_from(ASKED), min_size=1, max_size=2).map(" ".join)),
    subjects=some(SUBJECTS),
    levels=some(LEVELS),
    types=some(TYPES, 1),
    licences=some(LICENCES[:3], 1),
    may_adapt=st.booleans(),
    languages=some(("en", "cy"), 1),
    formats=some(tuple(MEDIA.values()), 2),
    hosts=some(("alder.test", "birch.test"), 1),
    by_newest=st.booleans(),
)


def sees(item: Item) -> bool:
    if item.is_gone or item.author in {"suspended", "blocker"}:
        return False
    if item.author == "viewer" or item.visibility is Visibility.PUBLIC:
        return True
    match item.visibility:
        case Visibility.ROOM:
            return item.room == "mine"
        case Visibility.QUIET:
            return item.is_named or item.author == "followed" or item.room in {"mine", "linked"}
        case Visibility.FOLLOWERS:
            return item.is_named or item.author == "followed"
        case _:
            return item.is_named


def ages(item: Item) -> tuple[int, int] | None:
    low, high = item.ages
    if low is None and high is None:
        return None
    if low is not None and high is not None and high <= low:
        high = low + 1
    return low or 0, 120 if high is None else high


def is_for(item: Item, slug: str) -> bool:
    found, level = ages(item), vocabularies.LEVELS_BY_SLUG[slug]
    return found is not None and found[0] < level.age_max and found[1] > level.age_min


def says(item: Item, wanted: tokens.Wanted) -> bool:
    def at(words: list[str], place: int) -> bool:
        part = words[place : place + len(wanted.tokens)]
        *first, last = wanted.tokens
        fits = part[-1].startswith(last) if wanted.is_open else part[-1] == last
        return len(part) == len(wanted.tokens) and part[:-1] == first and fits

    labels = [*item.subjects, *item.types, *(f"file{place}" for place in range(len(item.media)))]
    body = [word for part in (item.body, *labels) for word in tokens.fold(part)]
    return any(at(words, place) for words in (tokens.fold(item.title), body) for place in range(len(words)))


def language(item: Item) -> str | None:
    return item.language.lower().partition("-")[0] if item.language is not None else None


def host(item: Item) -> str:
    return HOSTS.get(item.author, "alder.test")


def fits(item: Item, choice: Choice, *, but: str | None = None) -> bool:
    """Whether it is a result, with what was chosen of one facet left out."""
    if not sees(item) or not all(says(item, wanted) for wanted in tokens.asked(choice.words)):
        return False
    tests: dict[str, bool] = {
        "subjects": not choice.subjects or bool(set(choice.subjects) & set(item.subjects)),
        "levels": not choice.levels or any(is_for(item, slug) for slug in choice.levels),
        "types": not choice.types or bool(set(choice.types) & set(item.types)),
        "licences": not choice.licences or item.licence in choice.licences,
        "adapt": not choice.may_adapt or may_adapt(item),
        "languages": not choice.languages or language(item) in choice.languages,
        "formats": not choice.formats or bool(set(choice.formats) & {MEDIA[each] for each in item.media}),
        "hosts": not choice.hosts or host(item) in choice.hosts,
    }
    return all(passed for facet, passed in tests.items() if facet != but)


def may_adapt(item: Item) -> bool:
    return item.licence is not None and vocabularies.LICENCES_BY_ID[item.licence].may_adapt


VALUES: Final[dict[str, Callable[[Item], set[str | None]]]] = {
    "subjects": lambda item: set(item.subjects),
    "types": lambda item: set(item.types),
    "licences": lambda item: {item.licence},
    "languages": lambda item: {language(item)},
    "formats": lambda item: {MEDIA[each] for each in item.media},
    "hosts": lambda item: {host(item)},
}


def counted(items: Sequence[Item], choice: Choice, facet: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for item in items:
        if fits(item, choice, but=facet):
            for value in VALUES[facet](item) - {None}:
                found[str(value)] = found.get(str(value), 0) + 1
    return found


def fill(tx: Connection, here: Here, items: Sequence[Item], people: dict[str, Made]) -> list[int]:
    tx.execute(delete(Post))
    return [_add(tx, here, item, people) for item in items]


def _add(tx: Connection, here: Here, item: Item, people: dict[str, Made]) -> int:
    post_id = here.ids.new()
    facts: dict[str, Any] = {"title": item.title, "language": item.language, "visibility": item.visibility}
    facts |= {"deleted_at": here.now() if item.is_gone else None, "published_at": here.now(), "content": ""}
    facts |= {"local": False, "addressed_to": [], "addressed_cc": [], "thread_id": post_id, "kind": "Note", "url": "u"}
    # Linked rooms: the post is in another one, and in the viewer's by the link.
    room = "other" if item.room == "linked" else item.room
    facts["room_id"] = people[room].id if room is not None else None
    add(tx, Post, id=post_id, uri=f"https://x.test/{post_id}", author_id=people[item.author].id, **facts)
    low, high = item.ages
    described = {"licence": item.licence, "licence_label": "", "age_min": low, "age_max": high}
    add(tx, Resource, post_id=post_id, description=item.body, **described)
    terms = [Term(TermKind.SUBJECT, slug, slug) for slug in item.subjects]
    add_terms(tx, post_id, (*terms, *(Term(TermKind.TYPE, slug, slug) for slug in item.types)))
    for place, media_type in enumerate(item.media):
        rest = {"name": f"file{place}", "size": 1, "sha256": "", "url": "u", "media_type": media_type}
        add(tx, ResourceFile, post_id=post_id, position=place, **rest)
    if item.room == "linked":
        add(tx, Carried, room_id=people["mine"].id, post_id=post_id, entry_id=post_id)
    if item.is_named:
        add(tx, Mention, post_id=post_id, actor_id=people["viewer"].id)
    library.keep(tx, post_id=post_id)
    return post_id


async def the_people(db: Database, here: Here) -> dict[str, Made]:
    people = {
        name: await a_person(db, here, local=name not in HOSTS, **({"domain": HOSTS[name]} if name in HOSTS else {}))
        for name in AUTHORS
    }
    people |= {name: await a_person(db, here, local=False, kind=Kind.GROUP) for name in ("mine", "other")}
    for followed in ("followed", "mine"):
        await a_follow_row(db, here, by=people["viewer"], of=people[followed])
    await db.write(lambda tx: _restrict(tx, here, people))
    return people


def _restrict(tx: Connection, here: Here, people: dict[str, Made]) -> None:
    tx.execute(update(Actor).where(Actor.id == people["suspended"].id).values(suspended_at=here.now()))
    blocked = {"blocker_id": people["blocker"].id, "blocked_id": people["viewer"].id}
    add(tx, Block, id=here.ids.new(), uri="b", created_at=here.now(), **blocked)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(items=st.lists(ITEMS, max_size=8), choices=st.lists(CHOICES, min_size=1, max_size=4))
async def test_results_and_counts_are_those_of_reading_through_everything(
    db: Database, here: Here, people: dict[str, Made], items: list[Item], choices: list[Choice]
) -> None:
    ids = await db.write(fill, here, items, people)

    for choice in choices:
        found = await db.read(search.find, choice, viewer=people["viewer"].id)

        expected = [post_id for post_id, item in zip(ids, items, strict=True) if fits(item, choice)]
        assert sorted(card.id for card in found.cards) == expected
        assert found.counts.total == len(expected)
        assert found.counts.adapt == sum(fits(item, choice, but="adapt") and may_adapt(item) for item in items)
        assert found.counts.facets == {facet: counted(items, choice, facet) for facet in search.LISTED}
        assert {slug: found.counts.levels.get(slug, 0) for slug in LEVELS} == {
            slug: sum(fits(item, choice, but="levels") and is_for(item, slug) for item in items) for slug in LEVELS
        }


@pytest.fixture
async def people(db: Database, here: Here) -> dict[str, Made]:
    return await the_people(db, here)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(words=st.text(max_size=60) | st.text(alphabet="\"'*()&|!:<->-^+ \\ANDORNEAR\x00é", max_size=40))
async def test_whatever_is_typed_is_no_error(db: Database, words: str) -> None:
    found: Found = await db.read(search.find, Choice(words=words), viewer=1)

    assert found.cards == []


async def a_library(db: Database, here: Here, *titles: str) -> tuple[Made, list[Made]]:
    author = await a_person(db, here)
    made = [await a_resource(db, here, by=author, title=title) for title in titles]
    await db.write(library.rebuild)
    return author, made


async def titles(db: Database, words: str, *, viewer: int = 1, **more: Any) -> list[str | None]:
    found = await db.read(search.find, Choice(words=words, **more), viewer=viewer)
    return [card.title for card in found.cards]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("ecole", ["L'École maternelle"]),
        ("ÉCOLE", ["L'École maternelle"]),
        ("fractio ns", []),
        ("maternel", ["L'École maternelle"]),
        ('"frac"', []),
        ('"on a wall"', ["Fractions on a wall"]),
        ('"a on wall"', []),
        ("wall fractions", ["Fractions on a wall"]),
        ("year-4 fractions", ["Fractions on a wall"]),
        ("o", []),
        ("o*", ["Fractions on a wall"]),
    ],
)
async def test_words_beginnings_and_phrases_are_found_without_accents(
    db: Database, here: Here, words: str, found: list[str]
) -> None:
    await a_library(db, here, "Fractions on a wall", "L'École maternelle")

    assert await titles(db, words) == found


async def test_a_word_in_the_title_comes_before_one_in_the_text(db: Database, here: Here) -> None:
    # The description of every one of them speaks of a fraction wall.
    await a_library(db, here, "Sums", "A wall", "Times tables")

    by_relevance = await titles(db, "wall")
    by_newest = await titles(db, "wall", by_newest=True)

    assert (by_relevance[0], by_newest) == ("A wall", ["Times tables", "A wall", "Sums"])


async def test_pages_follow_each_other_without_a_gap(db: Database, here: Here) -> None:
    await a_library(db, here, *(f"Sheet {number}" for number in range(search.PAGE + 3)))

    first = await db.read(search.find, Choice(words="sheet"), viewer=1)
    second = await db.read(search.find, Choice(words="sheet", page=2), viewer=1)

    assert (len(first.cards), first.has_more, len(second.cards), second.has_more) == (search.PAGE, True, 3, False)
    assert len({card.id for card in (*first.cards, *second.cards)}) == search.PAGE + 3


async def test_a_resource_that_is_gone_takes_its_entry_along(db: Database, here: Here) -> None:
    _, (made, _) = await a_library(db, here, "Fractions", "Fractures")

    await db.write(lambda tx: tx.execute(delete(Resource).where(Resource.post_id == made.id)))

    assert await titles(db, "frac") == ["Fractures"]
    assert await db.write(library.repair) == 1
    assert await titles(db, "frac") == ["Fractures"]


async def test_the_library_can_be_built_anew(db: Database, here: Here) -> None:
    author = await a_person(db, here)
    await a_resource(db, here, by=author, title="Fractions")
    assert await titles(db, "frac") == []

    last = await db.write(library.rebuild)

    assert last is not None
    assert await db.write(library.rebuild, last=last) is None
    assert await titles(db, "frac") == ["Fractions"]


def _plan(tx: Connection, words: str) -> str:
    choice = Choice(words=words, subjects=("mathematics",))
    statements = search.STATEMENTS[tx.dialect.name == "sqlite", bool(words)]
    asked = search.parameters(tx, choice, viewer=1)
    plans = []
    for statement, given_ in ((statements.counts, asked), (statements.best, asked | {"limit": 21, "skip": 0})):
        sql = statement.params(**given_).compile(dialect=tx.dialect, compile_kwargs={"literal_binds": True})
        if tx.dialect.name == "sqlite":
            plans += [row[3] for row in tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}")]
        else:
            # Among so few rows the planner has better ways than an index.
            for way in ("seqscan", "indexscan", "indexonlyscan", "nestloop"):
                tx.exec_driver_sql(f"SET LOCAL enable_{way} = off")
            plans += [row[0] for row in tx.exec_driver_sql(f"EXPLAIN {sql}")]
    return "\n".join(plans)


async def test_words_are_looked_up_in_the_index(db: Database, here: Here) -> None:
    await a_library(db, here, "Fractions")

    plan = await db.write(_plan, "fractions")

    if "library_text" in plan:
        assert "VIRTUAL TABLE INDEX" in plan
        for scanned in ("SCAN resource\n", "SCAN post", "SCAN actor", "SCAN resource_term", "SCAN resource_file"):
            assert scanned not in plan, plan
    else:
        assert "ix_library_entry_vector" in plan, plan


@pytest.mark.parametrize("many", [1, 3])
async def test_a_page_takes_as_many_statements_for_one_as_for_three(db: Database, here: Here, many: int) -> None:
    await a_library(db, here, *(f"Fractions {number}" for number in range(many)))

    asked = await db.read(count_statements, search.find, {"choice": Choice(words="fractions"), "viewer": 1})

    assert asked == 8


async def test_a_resource_with_endless_words_is_kept_all_the_same(db: Database, here: Here) -> None:
    author = await a_person(db, here)
    made = await a_resource(db, here, by=author, title="Endless " + "the " * 300)
    long = " ".join(f"{number}{'漢' * 70}" for number in range(20_000))
    await db.write(lambda tx: tx.execute(update(Resource).values(description=long)))

    await db.write(library.rebuild)

    assert [card.id for card in (await db.read(search.find, Choice(words="endless"), viewer=1)).cards] == [made.id]
