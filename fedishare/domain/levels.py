"""Years, stages and phases as each nation calls them, with age as the pivot between them.

Slugs are ours and stay as they are, because they are stored; what stands before the colon is the scheme.
"""

from collections.abc import Iterable
from typing import Final

import msgspec

_KIM_LEVELS: Final = "https://w3id.org/kim/educationalLevel"
_OAK: Final = "https://w3id.org/uk/oak/curriculum/nationalcurriculum"


class Isced(msgspec.Struct, frozen=True):
    """A step of ISCED 2011 as KIM lists it, which is what every framework's levels are compared by."""

    slug: str
    label: str
    url: str


class Level(msgspec.Struct, frozen=True):
    """A year, stage or phase of one framework; `isced` is the slug of an `Isced`, ages are in years."""

    slug: str
    label: str
    framework: str
    age_min: int
    age_max: int
    isced: str
    url: str | None = None

    @property
    def scheme(self) -> str:
        return self.slug.partition(":")[0]


class Scheme(msgspec.Struct, frozen=True):
    """The levels of one nation or programme. `name` is what teachers call it, `framework` what catalogues do."""

    slug: str
    name: str
    framework: str


ISCED: Final = tuple(
    Isced(slug, label, f"{_KIM_LEVELS}/{slug}")
    for slug, label in (
        ("level_0", "Early childhood education"),
        ("level_1", "Primary education"),
        ("level_2", "Lower secondary education"),
        ("level_3", "Upper secondary education"),
        ("level_4", "Post-secondary non-tertiary education"),
        ("level_5", "Short-cycle tertiary education"),
        ("level_A", "University"),
        ("level_6", "Bachelor or equivalent"),
        ("level_7", "Master or equivalent"),
        ("level_8", "Doctoral or equivalent"),
        ("level_B", "Preparatory service for teachers"),
        ("level_C", "In-service training"),
    )
)

ENGLAND: Final = "National Curriculum for England"
SCOTLAND: Final = "Curriculum for Excellence (Scotland)"
WALES: Final = "Curriculum for Wales"
NORTHERN_IRELAND: Final = "Northern Ireland Curriculum"
BACCALAUREATE: Final = "International Baccalaureate"
UNITED_STATES: Final = "Grades (United States)"
# Oak's curriculum ends with the key stages.
LAST_OAK_YEAR: Final = 11

SCHEMES: Final = (
    Scheme("england", "England", ENGLAND),
    Scheme("scotland", "Scotland", SCOTLAND),
    Scheme("wales", "Wales", WALES),
    Scheme("northern-ireland", "Northern Ireland", NORTHERN_IRELAND),
    Scheme("ib", "International Baccalaureate", BACCALAUREATE),
    Scheme("us", "United States", UNITED_STATES),
)
SCHEMES_BY_SLUG: Final = {entry.slug: entry for entry in SCHEMES}
FRAMEWORKS: Final = tuple(entry.framework for entry in SCHEMES)
DEFAULT_SCHEME: Final = "england"
# Until which span of years a level counts as a class, and not as a stage.
_CLASS: Final = 1


def _isced(age_min: int) -> str:
    """By the age a level begins at; 14 to 16 lies between two steps, and counts as upper secondary as GCSEs do."""
    starts = (("level_3", 14), ("level_2", 11), ("level_1", 5))
    return next((slug for slug, start in starts if age_min >= start), "level_0")


def _years(nation: str, framework: str, *, last: int, first_age: int) -> tuple[Level, ...]:
    ages = ((year, first_age + year - 1) for year in range(1, last + 1))
    oak = f"{_OAK}/year-group-" if framework == ENGLAND else None
    return tuple(
        Level(
            slug=f"{nation}:year-{year}",
            label=f"Year {year}",
            framework=framework,
            age_min=age,
            age_max=age + 1,
            isced=_isced(age),
            url=f"{oak}{year}" if oak and year <= LAST_OAK_YEAR else None,
        )
        for year, age in ages
    )


def _levels(prefix: str, framework: str, rows: Iterable[tuple[str, str, int, int, str]]) -> tuple[Level, ...]:
    return tuple(
        Level(slug=f"{prefix}:{slug}", label=label, framework=framework, age_min=age_min, age_max=age_max, isced=isced)
        for slug, label, age_min, age_max, isced in rows
    )


_ENGLAND: Final = (
    Level("england:eyfs", "Early years (EYFS)", ENGLAND, 3, 5, "level_0"),
    Level("england:reception", "Reception", ENGLAND, 4, 5, "level_0"),
    Level("england:key-stage-1", "Key stage 1", ENGLAND, 5, 7, "level_1", f"{_OAK}/key-stage-1"),
    Level("england:key-stage-2", "Key stage 2", ENGLAND, 7, 11, "level_1", f"{_OAK}/key-stage-2"),
    Level("england:key-stage-3", "Key stage 3", ENGLAND, 11, 14, "level_2", f"{_OAK}/key-stage-3"),
    Level("england:key-stage-4", "Key stage 4", ENGLAND, 14, 16, "level_3", f"{_OAK}/key-stage-4"),
    Level("england:key-stage-5", "Sixth form (key stage 5)", ENGLAND, 16, 19, "level_3"),
    *_years("england", ENGLAND, last=13, first_age=5),
)

_SCOTLAND: Final = _levels(
    "scotland",
    SCOTLAND,
    (
        ("early", "Early level", 3, 6, "level_0"),
        ("first", "First level", 6, 9, "level_1"),
        ("second", "Second level", 9, 12, "level_1"),
        ("third-fourth", "Third and fourth level", 11, 15, "level_2"),
        ("senior", "Senior phase", 15, 18, "level_3"),
        *((f"p{year}", f"P{year}", year + 4, year + 5, "level_1") for year in range(1, 8)),
        *((f"s{year}", f"S{year}", year + 11, year + 12, "level_2") for year in range(1, 4)),
        *((f"s{year}", f"S{year}", year + 11, year + 12, "level_3") for year in range(4, 7)),
    ),
)

_WALES: Final = (
    *_levels(
        "wales",
        WALES,
        (
            ("progression-step-1", "Progression step 1", 3, 5, "level_0"),
            ("progression-step-2", "Progression step 2", 5, 8, "level_1"),
            ("progression-step-3", "Progression step 3", 8, 11, "level_1"),
            ("progression-step-4", "Progression step 4", 11, 14, "level_2"),
            ("progression-step-5", "Progression step 5", 14, 16, "level_3"),
            ("post-16", "Post-16", 16, 19, "level_3"),
            ("reception", "Reception", 4, 5, "level_0"),
        ),
    ),
    *_years("wales", WALES, last=13, first_age=5),
)

_NORTHERN_IRELAND: Final = (
    *_levels(
        "northern-ireland",
        NORTHERN_IRELAND,
        (
            ("pre-school", "Pre-school", 3, 4, "level_0"),
            ("foundation-stage", "Foundation stage", 4, 6, "level_1"),
            ("key-stage-1", "Key stage 1", 6, 8, "level_1"),
            ("key-stage-2", "Key stage 2", 8, 11, "level_1"),
            ("key-stage-3", "Key stage 3", 11, 14, "level_2"),
            ("key-stage-4", "Key stage 4", 14, 16, "level_3"),
            ("post-16", "Post-16", 16, 19, "level_3"),
            # Compulsory school begins at four here, a year before the other nations.
            ("year-1", "Year 1", 4, 5, "level_1"),
        ),
    ),
    *_years("northern-ireland", NORTHERN_IRELAND, last=14, first_age=4)[1:],
)

_BACCALAUREATE: Final = _levels(
    "ib",
    BACCALAUREATE,
    (
        ("pyp", "Primary Years Programme (PYP)", 3, 12, "level_1"),
        ("myp", "Middle Years Programme (MYP)", 11, 16, "level_2"),
        ("dp", "Diploma Programme (DP)", 16, 19, "level_3"),
        ("cp", "Career-related Programme (CP)", 16, 19, "level_3"),
    ),
)

_UNITED_STATES: Final = _levels(
    "us",
    UNITED_STATES,
    (
        ("pre-k", "Pre-K", 3, 5, "level_0"),
        ("kindergarten", "Kindergarten", 5, 6, "level_0"),
        *((f"grade-{grade}", f"Grade {grade}", grade + 5, grade + 6, _isced(grade + 5)) for grade in range(1, 13)),
    ),
)

LEVELS: Final = _ENGLAND + _SCOTLAND + _WALES + _NORTHERN_IRELAND + _BACCALAUREATE + _UNITED_STATES

ISCED_BY_SLUG: Final = {entry.slug: entry for entry in ISCED}
LEVELS_BY_SLUG: Final = {entry.slug: entry for entry in LEVELS}
_LEVELS_BY_URL: Final = {entry.url: entry for entry in LEVELS if entry.url is not None}
_ISCED_BY_URL: Final = {entry.url: entry for entry in ISCED}


def isced(slug: str) -> Isced | None:
    return ISCED_BY_SLUG.get(slug)


def level(slug: str) -> Level | None:
    return LEVELS_BY_SLUG.get(slug)


def level_by_label(label: str, *, framework: str | None = None) -> Level | None:
    """A level by what people call it; several nations have a Year 4, and without a framework England's is meant."""
    wanted = " ".join(label.split()).casefold()
    named = (entry for entry in LEVELS if wanted and entry.label.casefold() == wanted)
    return next((entry for entry in named if framework is None or entry.framework == framework), None)


def level_by_url(url: str) -> Level | None:
    """A level by the address that its curriculum's publisher gave it."""
    return _LEVELS_BY_URL.get(url)


def scheme(slug: str) -> Scheme | None:
    return SCHEMES_BY_SLUG.get(slug)


def crosswalk(age_min: int, age_max: int, *, scheme: str) -> tuple[Level, ...]:
    """What children of these ages are called in another scheme, youngest first.

    The classes that lie within the ages, where there are any. Else the stages that hold most of
    these years, which for one year is the narrowest stage around it.
    """
    own = [entry for entry in LEVELS if entry.scheme == scheme]
    years = [entry for entry in own if entry.age_max - entry.age_min <= _CLASS]
    within = [entry for entry in years if age_min <= entry.age_min and entry.age_max <= age_max]
    if within:
        return tuple(_without_repeats(within))
    shared = {entry.slug: min(age_max, entry.age_max) - max(age_min, entry.age_min) for entry in own}
    most = max(shared.values(), default=0)
    if most <= 0:
        return ()
    fitting = [entry for entry in own if shared[entry.slug] == most]
    return (min(fitting, key=lambda entry: entry.age_max - entry.age_min),)


def _without_repeats(years: Iterable[Level]) -> list[Level]:
    """One class for each age: Reception is a class of its own, and so is Year 1 where school begins at four."""
    by_age: dict[int, Level] = {}
    for entry in years:
        by_age.setdefault(entry.age_min, entry)
    return [by_age[age] for age in sorted(by_age)]


def in_words(levels: Iterable[Level]) -> str:
    """Several levels as a person says them: the first and the last of a row, or the only one."""
    listed = [entry.label for entry in levels]
    return listed[0] if len(listed) == 1 else f"{listed[0]} to {listed[-1]}" if listed else ""


def steps(levels: Iterable[Level]) -> tuple[Isced, ...]:
    """The steps of ISCED that these levels belong to, lowest first."""
    found = {entry.isced for entry in levels}
    return tuple(step for step in ISCED if step.slug in found)


def isced_by_url(url: str) -> Isced | None:
    return _ISCED_BY_URL.get(url.replace("http://", "https://", 1))
