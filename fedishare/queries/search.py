"""Finding resources by words and by what they are described with: the page of results, and how many each choice leaves.

Two databases, one module: only how a text is matched differs. Words reach them as finished tokens (domain.tokens).
"""

from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import (
    Boolean,
    ColumnElement,
    CompoundSelect,
    Connection,
    Float,
    Select,
    Text,
    and_,
    bindparam,
    case,
    cast,
    column,
    exists,
    false,
    func,
    literal_column,
    null,
    or_,
    select,
    table,
    union_all,
)
from sqlalchemy.types import UserDefinedType

from fedishare.db.base import BigId
from fedishare.db.follows import Follow
from fedishare.db.library import LibraryEntry
from fedishare.db.people import Actor
from fedishare.db.posts import Mention, Post
from fedishare.db.resources import Resource, ResourceFile, ResourceTerm
from fedishare.db.rooms import Carried
from fedishare.domain import formats, tokens, vocabularies
from fedishare.domain.audience import Visibility
from fedishare.domain.kinds import FollowState
from fedishare.domain.levels import Level
from fedishare.domain.terms import TermKind
from fedishare.queries import cards, sight
from fedishare.queries.cards import Card

PAGE: Final = 20
MOST_PAGES: Final = 500
MOST_CHOSEN: Final = 10
OLDEST: Final = 120
FREE: Final = tuple(entry.id for entry in vocabularies.LICENCES_BY_ID.values() if entry.may_adapt)
# What may be chosen from, but for the levels, which are found by their ages, and `adapt`, which is yes or no.
LISTED: Final = ("subjects", "types", "licences", "languages", "formats", "hosts")
FACETS: Final = (*LISTED, "levels", "adapt")


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody looks for. Within one facet any will do, and all facets must fit; nothing chosen is no condition.

    Levels are slugs of domain.levels, and fit every resource for children of an age of theirs.
    """

    words: str = ""
    subjects: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    licences: tuple[str, ...] = ()
    may_adapt: bool = False
    languages: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    by_newest: bool = False
    page: int = 1


class Query(UserDefinedType[str]):
    """PostgreSQL's tsquery, in its written form."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "TSQUERY"


class Counts(NamedTuple):
    """How many fit, and by facet and value how many would if only that value were chosen in its facet.

    Of `levels` the counts are by slug; `adapt` is how many may be adapted.
    """

    total: int
    facets: Mapping[str, Mapping[str, int]]
    levels: Mapping[str, int]
    adapt: int


class Found(NamedTuple):
    cards: list[Card]
    counts: Counts
    has_more: bool


_fts: Final = table("library_text", column("rowid", BigId))
_low: Final[ColumnElement[Any]] = case(
    (Resource.age_min.is_not(None), Resource.age_min), (Resource.age_max.is_not(None), 0)
)
# One age is the year that begins with it.
_high: Final[ColumnElement[Any]] = case(
    (Resource.age_max <= Resource.age_min, Resource.age_min + 1),
    (Resource.age_max.is_not(None), Resource.age_max),
    (Resource.age_min.is_not(None), OLDEST),
)
_format: Final = case(
    *(
        (
            or_(
                ResourceFile.media_type.in_(each.types),
                *(ResourceFile.media_type.startswith(family, autoescape=True) for family in each.families),
            ),
            each.slug,
        )
        for each in formats.FORMATS
        if each.types or each.families
    ),
    else_=formats.OTHER,
)
_files: Final = select(ResourceFile.post_id, _format.label("format")).subquery()


def _open(facet: str) -> ColumnElement[bool]:
    return bindparam(f"any_{facet}", type_=Boolean())


def _listed(facet: str) -> Any:
    return bindparam(facet, expanding=True)


def _has_term(kind: TermKind, facet: str) -> ColumnElement[bool]:
    return exists().where(
        ResourceTerm.post_id == Resource.post_id, ResourceTerm.kind == kind, ResourceTerm.slug.in_(_listed(facet))
    )


def _at_level() -> ColumnElement[bool]:
    return or_(
        *(
            and_(_low < bindparam(f"high_{place}", type_=BigId), _high > bindparam(f"low_{place}", type_=BigId))
            for place in range(MOST_CHOSEN)
        )
    )


def _first_part(language: Any, *, is_sqlite: bool) -> ColumnElement[Any]:
    """The language without its country: en-GB is English too."""
    folded = func.lower(language)
    if is_sqlite:
        return func.substr(folded, 1, func.instr(folded.concat("-"), "-") - 1)
    return func.split_part(folded, "-", 1)


def searchable() -> ColumnElement[bool]:
    """A condition on `Post`, beside `sight.visible`: what is public but not listed is found by those it is for."""
    follows = exists().where(
        Follow.follower_id == sight.VIEWER,
        Follow.followee_id.in_([Post.author_id, Post.room_id]),
        Follow.state == FollowState.ACCEPTED,
    )
    # A room that is linked with another has its posts, and they are for its members as well.
    is_carried = exists().where(
        Carried.post_id == Post.id,
        Follow.followee_id == Carried.room_id,
        Follow.follower_id == sight.VIEWER,
        Follow.state == FollowState.ACCEPTED,
    )
    is_named = exists().where(Mention.post_id == Post.id, Mention.actor_id == sight.VIEWER)
    return or_(Post.visibility != Visibility.QUIET, Post.author_id == sight.VIEWER, follows, is_carried, is_named)


def _hits(*, is_sqlite: bool, has_words: bool) -> Any:
    """Every resource with the words that the viewer may see, and which facets it fits."""
    language = _first_part(Post.language, is_sqlite=is_sqlite)
    fits: dict[str, ColumnElement[bool]] = {
        "subjects": _has_term(TermKind.SUBJECT, "subjects"),
        "types": _has_term(TermKind.TYPE, "types"),
        "licences": func.coalesce(Resource.licence, "").in_(_listed("licences")),
        "languages": func.coalesce(language, "").in_(_listed("languages")),
        "formats": exists().where(ResourceFile.post_id == Resource.post_id, _format.in_(_listed("formats"))),
        "hosts": Actor.host.in_(_listed("hosts")),
        "levels": func.coalesce(_at_level(), false()),
        "adapt": func.coalesce(Resource.licence, "").in_(FREE),
    }
    rank, words = _match(is_sqlite=is_sqlite) if has_words else (literal_column("0.0", Float()), None)
    found = (
        select(
            Resource.post_id.label("id"),
            Post.published_at.label("at"),
            rank.label("rank"),
            Resource.licence.label("licence"),
            language.label("language"),
            Actor.host.label("host"),
            _low.label("low"),
            _high.label("high"),
            *(or_(_open(facet), condition).label(f"fits_{facet}") for facet, condition in fits.items()),
        )
        .join(Post, Post.id == Resource.post_id)
        .join(Actor, Actor.id == Post.author_id)
        .where(sight.visible(), searchable())
    )
    if words is not None:
        holder, key = (_fts, _fts.c.rowid) if is_sqlite else (LibraryEntry, LibraryEntry.post_id)
        found = found.join(holder, key == Resource.post_id).where(words)
    return found.cte("hit").prefix_with("MATERIALIZED")


def _match(*, is_sqlite: bool) -> tuple[ColumnElement[Any], ColumnElement[bool]]:
    """How well an entry fits, the better the smaller, and whether it does."""
    match = bindparam("match", type_=Text())
    if is_sqlite:
        name: ColumnElement[Any] = literal_column("library_text")
        return literal_column("bm25(library_text, 8.0, 1.0)", Float()), name.op("MATCH", is_comparison=True)(match)
    query = cast(match, Query())
    return -func.ts_rank(LibraryEntry.vector, query, type_=Float()), LibraryEntry.vector.op("@@", is_comparison=True)(
        query
    )


def _but(hit: Any, facet: str | None) -> ColumnElement[bool]:
    """That all facets fit but for this one."""
    return and_(*(hit.c[f"fits_{each}"] for each in FACETS if each != facet))


def _count(hit: Any) -> CompoundSelect[Any]:
    """Rows of facet, value, two ages and a number, of all facets at once: the hits are made out only once."""
    nothing, no_age, many = cast(null(), Text()), cast(null(), BigId), func.count()

    def rows(facet: str, value: Any, low: Any = no_age, high: Any = no_age, *, number: Any = many) -> Any:
        return select(literal_column(f"'{facet}'", Text()).label("facet"), value, low, high, number)

    def terms(facet: str, kind: TermKind) -> Select[Any]:
        found = rows(facet, ResourceTerm.slug, number=func.count(hit.c.id.distinct())).select_from(hit)
        found = found.join(ResourceTerm, and_(ResourceTerm.post_id == hit.c.id, ResourceTerm.kind == kind))
        return found.where(ResourceTerm.slug.is_not(None), _but(hit, facet)).group_by(ResourceTerm.slug)  # type: ignore[no-any-return]  # of Any

    def own(facet: str, value: Any) -> Select[Any]:
        return rows(facet, value).select_from(hit).where(value.is_not(None), _but(hit, facet)).group_by(value)  # type: ignore[no-any-return]  # of Any

    files = rows("formats", _files.c.format, number=func.count(hit.c.id.distinct())).select_from(hit)
    files = files.join(_files, _files.c.post_id == hit.c.id).where(_but(hit, "formats")).group_by(_files.c.format)
    low, high = hit.c.low, hit.c.high
    return union_all(
        rows("total", nothing).select_from(hit).where(_but(hit, None)),
        rows("adapt", nothing).select_from(hit).where(_but(hit, "adapt"), hit.c.licence.in_(FREE)),
        terms("subjects", TermKind.SUBJECT),
        terms("types", TermKind.TYPE),
        own("licences", hit.c.licence),
        own("languages", hit.c.language),
        own("hosts", hit.c.host),
        files,
        rows("levels", nothing, low, high)
        .select_from(hit)
        .where(low.is_not(None), _but(hit, "levels"))
        .group_by(low, high),
    )


def _page(hit: Any, *, by_newest: bool) -> Select[Any]:
    order = () if by_newest else (hit.c.rank,)
    return (
        select(hit.c.id)
        .where(_but(hit, None))
        .order_by(*order, hit.c.at.desc(), hit.c.id.desc())
        .limit(bindparam("limit", type_=BigId))
        .offset(bindparam("skip", type_=BigId))
    )


class Statements(NamedTuple):
    counts: CompoundSelect[Any]
    best: Select[Any]
    newest: Select[Any]


def _statements(*, is_sqlite: bool, has_words: bool) -> Statements:
    hit = _hits(is_sqlite=is_sqlite, has_words=has_words)
    return Statements(_count(hit), _page(hit, by_newest=False), _page(hit, by_newest=True))


# By whether it is SQLite, and whether there are words.
STATEMENTS: Final = MappingProxyType(
    {
        (is_sqlite, has_words): _statements(is_sqlite=is_sqlite, has_words=has_words)
        for is_sqlite in (True, False)
        for has_words in (True, False)
    }
)


def find(tx: Connection, choice: Choice, *, viewer: int) -> Found:
    """One page of the resources that fit and that `viewer` may see, with the counts of all choices.

    Two statements beside those of the cards, whatever the library holds.
    """
    statements, asked = _of(tx, choice), parameters(tx, choice, viewer=viewer)
    by_newest = choice.by_newest or "match" not in asked
    page = min(max(choice.page, 1), MOST_PAGES)
    paged = asked | {"limit": PAGE + 1, "skip": (page - 1) * PAGE}
    ids = list(tx.scalars(statements.newest if by_newest else statements.best, paged))
    counted = _counted(tx.execute(statements.counts, asked))
    return Found(cards.cards(tx, ids[:PAGE], viewer=viewer), counted, len(ids) > PAGE)


def ids(tx: Connection, words: str, *, viewer: int | None, limit: int) -> list[int]:
    """The resources with these words that `viewer` may see, the best first; none without words."""
    choice = Choice(words=words)
    asked = parameters(tx, choice, viewer=viewer or sight.NOBODY)
    if "match" not in asked:
        return []
    return list(tx.scalars(_of(tx, choice).best, asked | {"limit": limit, "skip": 0}))


def _of(tx: Connection, choice: Choice) -> Statements:
    return STATEMENTS[tx.dialect.name == "sqlite", bool(tokens.asked(choice.words))]


def parameters(tx: Connection, choice: Choice, *, viewer: int) -> dict[str, Any]:
    """What the statements are told; without words there is no `match`."""
    found: dict[str, Any] = {"viewer": viewer or sight.NOBODY, "any_adapt": not choice.may_adapt}
    for facet in LISTED:
        chosen = list(getattr(choice, facet))[:MOST_CHOSEN]
        found |= {facet: chosen, f"any_{facet}": not chosen}
    levels = [level for slug in choice.levels[:MOST_CHOSEN] if (level := vocabularies.level(slug)) is not None]
    found["any_levels"] = not levels
    for place in range(MOST_CHOSEN):
        ages = (levels[place].age_min, levels[place].age_max) if place < len(levels) else (OLDEST, 0)
        found |= {f"low_{place}": ages[0], f"high_{place}": ages[1]}
    if wanted := tokens.asked(choice.words):
        found["match"] = tokens.match(wanted) if tx.dialect.name == "sqlite" else tokens.query(wanted)
    return found


def _counted(rows: Any) -> Counts:
    facets: dict[str, dict[str, int]] = {facet: {} for facet in LISTED}
    single, levels = {"total": 0, "adapt": 0}, Counter[str]()
    for facet, value, low, high, number in rows:
        if facet in single:
            single[facet] = number
        elif facet == "levels":
            levels.update({level.slug: number for level in vocabularies.LEVELS if _overlaps(level, low, high)})
        else:
            facets[facet][value] = number
    return Counts(single["total"], facets, levels, single["adapt"])


def _overlaps(level: Level, low: int, high: int) -> bool:
    return low < level.age_max and high > level.age_min
