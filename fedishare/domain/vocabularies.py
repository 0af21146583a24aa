"""Licences, levels, subjects and resource types: the frozen lists a resource is described with.

Slugs are ours and stay as they are, because they are stored. Addresses of concepts are other people's and are given
only where their publisher lists them: KIM's school subjects (February 2026), educational levels (February 2024) and
resource types (January 2026), all CC0, and Oak's curriculum ontology (June 2026, OGL).
"""

from collections.abc import Iterable
from typing import Final, Protocol, TypeVar

import msgspec

_CC: Final = "https://creativecommons.org"
_KIM_SUBJECTS: Final = "http://w3id.org/kim/schulfaecher"
_KIM_LEVELS: Final = "https://w3id.org/kim/educationalLevel"
_KIM_TYPES: Final = "https://w3id.org/kim/hcrt"
_OAK: Final = "https://w3id.org/uk/oak/curriculum/nationalcurriculum"


class Licence(msgspec.Struct, frozen=True):
    """`id` is the SPDX id where there is one; `fits_amb` says whether AMB takes the address as a licence."""

    id: str
    name: str
    short: str
    explanation: str
    url: str
    spdx: str | None
    may_adapt: bool = True
    share_alike: bool = False
    non_commercial: bool = False
    fits_amb: bool = True

    @property
    def slug(self) -> str:
        return self.id


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


class Subject(msgspec.Struct, frozen=True):
    """`kim` is the concept AMB knows, `target_url` the one of England's national curriculum."""

    slug: str
    label: str
    kim: str | None = None
    target_url: str | None = None


class ResourceType(msgspec.Struct, frozen=True):
    slug: str
    label: str
    url: str


class _Slugged(Protocol):
    @property
    def slug(self) -> str: ...


_Entry = TypeVar("_Entry", bound=_Slugged)


def _by_slug(entries: Iterable[_Entry]) -> dict[str, _Entry]:
    return {entry.slug: entry for entry in entries}


LICENCES: Final = (
    Licence(
        id="CC0-1.0",
        name="Creative Commons Zero 1.0",
        short="CC0",
        explanation="Anyone may use, change and share this in any way, without naming you.",
        url=f"{_CC}/publicdomain/zero/1.0/",
        spdx="CC0-1.0",
    ),
    Licence(
        id="CC-BY-4.0",
        name="Creative Commons Attribution 4.0",
        short="CC BY 4.0",
        explanation="Anyone may use, change and share this, as long as they name you.",
        url=f"{_CC}/licenses/by/4.0/",
        spdx="CC-BY-4.0",
    ),
    Licence(
        id="CC-BY-SA-4.0",
        name="Creative Commons Attribution-ShareAlike 4.0",
        short="CC BY-SA 4.0",
        explanation="Anyone may use, change and share this if they name you and share their version in the same way.",
        url=f"{_CC}/licenses/by-sa/4.0/",
        spdx="CC-BY-SA-4.0",
        share_alike=True,
    ),
    Licence(
        id="CC-BY-NC-4.0",
        name="Creative Commons Attribution-NonCommercial 4.0",
        short="CC BY-NC 4.0",
        explanation="Anyone may use, change and share this if they name you and do not make money from it.",
        url=f"{_CC}/licenses/by-nc/4.0/",
        spdx="CC-BY-NC-4.0",
        non_commercial=True,
    ),
    Licence(
        id="CC-BY-NC-SA-4.0",
        name="Creative Commons Attribution-NonCommercial-ShareAlike 4.0",
        short="CC BY-NC-SA 4.0",
        explanation="As CC BY-SA, and nobody may make money from it.",
        url=f"{_CC}/licenses/by-nc-sa/4.0/",
        spdx="CC-BY-NC-SA-4.0",
        share_alike=True,
        non_commercial=True,
    ),
    Licence(
        id="OGL-UK-3.0",
        name="Open Government Licence 3.0",
        short="OGL 3.0",
        explanation="For UK public bodies: anyone may use, change and share this, as long as they name the source.",
        url="https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/",
        spdx="OGL-UK-3.0",
        fits_amb=False,
    ),
    Licence(
        id="all-rights-reserved",
        name="All rights reserved",
        short="All rights reserved",
        explanation="Share only here: people may look at it and use it in class, but not change it or pass it on.",
        url="http://rightsstatements.org/vocab/InC/1.0/",
        spdx=None,
        may_adapt=False,
        fits_amb=False,
    ),
)

# Read when they arrive with somebody's resource, but not offered.
IMPORTED_LICENCES: Final = (
    Licence(
        id="CC-BY-ND-4.0",
        name="Creative Commons Attribution-NoDerivatives 4.0",
        short="CC BY-ND 4.0",
        explanation="Anyone may use and share this unchanged, as long as they name its author.",
        url=f"{_CC}/licenses/by-nd/4.0/",
        spdx="CC-BY-ND-4.0",
        may_adapt=False,
    ),
    Licence(
        id="CC-BY-NC-ND-4.0",
        name="Creative Commons Attribution-NonCommercial-NoDerivatives 4.0",
        short="CC BY-NC-ND 4.0",
        explanation="Anyone may use and share this unchanged if they name its author and make no money from it.",
        url=f"{_CC}/licenses/by-nc-nd/4.0/",
        spdx="CC-BY-NC-ND-4.0",
        may_adapt=False,
        non_commercial=True,
    ),
    Licence(
        id="PDM-1.0",
        name="Public Domain Mark 1.0",
        short="Public domain",
        explanation="Nobody holds rights in this any more: anyone may use, change and share it.",
        url=f"{_CC}/publicdomain/mark/1.0/",
        spdx=None,
    ),
)
DEFAULT_LICENCE: Final = "CC-BY-4.0"

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

FRAMEWORKS: Final = (ENGLAND, SCOTLAND, WALES, NORTHERN_IRELAND, BACCALAUREATE, UNITED_STATES)


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

# Slug, label, number in KIM's list, name in Oak's list.
_SUBJECT_ROWS: Final[tuple[tuple[str, str, str, str], ...]] = (
    ("mathematics", "Mathematics", "s1017", "mathematics"),
    ("english", "English", "s1007", "english"),
    ("phonics", "Phonics and early reading", "", ""),
    ("science", "Science", "s1052", ""),
    ("biology", "Biology", "s1001", "biology"),
    ("chemistry", "Chemistry", "s1002", "chemistry"),
    ("physics", "Physics", "s1022", "physics"),
    ("astronomy", "Astronomy", "s1040", ""),
    ("stem", "STEM", "s1019", ""),
    ("computing", "Computing", "s1013", "computing"),
    ("design-and-technology", "Design and technology", "s1059", "design-and-technology"),
    ("food-and-nutrition", "Food and nutrition", "s1044", "food-and-nutrition"),
    ("home-economics", "Home economics", "s1047", ""),
    ("textiles", "Textiles", "s1060", ""),
    ("history", "History", "s1011", "history"),
    ("geography", "Geography", "s1010", "geography"),
    ("humanities", "Humanities", "s1042", ""),
    ("religious-education", "Religious education", "s1055", ""),
    ("citizenship", "Citizenship", "s1023", "citizenship"),
    ("pshe", "PSHE", "", ""),
    ("health", "Health and wellbeing", "s1012", ""),
    ("relationships-and-sex-education", "Relationships and sex education", "s1029", ""),
    ("art-and-design", "Art and design", "s1015", "art-and-design"),
    ("music", "Music", "s1020", "music"),
    ("drama", "Drama", "s1004", ""),
    ("dance", "Dance", "", ""),
    ("physical-education", "Physical education", "s1031", "physical-education"),
    ("languages", "Languages", "s1050", "languages"),
    ("french", "French", "s1009", ""),
    ("german", "German", "s1005", ""),
    ("spanish", "Spanish", "s1030", ""),
    ("italian", "Italian", "s1014", ""),
    ("portuguese", "Portuguese", "s1038", ""),
    ("polish", "Polish", "s1037", ""),
    ("russian", "Russian", "s1027", ""),
    ("turkish", "Turkish", "s1032", ""),
    ("mandarin", "Chinese (Mandarin)", "s1003", ""),
    ("japanese", "Japanese", "s1035", ""),
    ("arabic", "Arabic", "", ""),
    ("urdu", "Urdu", "", ""),
    ("hebrew", "Hebrew", "s1034", ""),
    ("modern-greek", "Modern Greek", "s1036", ""),
    ("latin", "Latin", "s1016", ""),
    ("ancient-greek", "Ancient Greek", "s1000", ""),
    ("classics", "Classical civilisation", "", ""),
    ("welsh", "Welsh", "", ""),
    ("gaelic", "Gaelic", "", ""),
    ("irish", "Irish", "", ""),
    ("british-sign-language", "British Sign Language", "", ""),
    ("english-as-an-additional-language", "English as an additional language", "", ""),
    ("business", "Business", "", ""),
    ("economics", "Economics", "s1033", ""),
    ("law", "Law", "s1054", ""),
    ("politics", "Politics", "s1023", ""),
    ("psychology", "Psychology", "s1043", ""),
    ("sociology", "Sociology", "", ""),
    ("philosophy", "Philosophy", "s1021", ""),
    ("ethics", "Ethics", "s1008", ""),
    ("media-studies", "Media studies", "s1046", ""),
    ("photography", "Photography", "", ""),
    ("careers", "Careers", "s1049", ""),
    ("special-educational-needs", "Special educational needs", "", ""),
    ("assembly", "Assembly", "", ""),
    ("whole-school", "Whole school and leadership", "", ""),
    ("other", "Other", "", ""),
)
SUBJECTS: Final = tuple(
    Subject(
        slug=slug,
        label=label,
        kim=f"{_KIM_SUBJECTS}/{kim}" if kim else None,
        target_url=f"{_OAK}/subject-{oak}" if oak else None,
    )
    for slug, label, kim, oak in _SUBJECT_ROWS
)

RESOURCE_TYPES: Final = tuple(
    ResourceType(slug, label, f"{_KIM_TYPES}/{slug}")
    for slug, label in (
        ("worksheet", "Worksheet"),
        ("lesson_plan", "Lesson plan"),
        ("slide", "Presentation"),
        ("assessment", "Assessment"),
        ("drill_and_practice", "Practice exercise"),
        ("educational_game", "Game"),
        ("experiment", "Experiment"),
        ("course", "Course or unit"),
        ("text", "Text"),
        ("textbook", "Textbook"),
        ("image", "Image"),
        ("diagram", "Diagram"),
        ("map", "Map"),
        ("video", "Video"),
        ("audio", "Audio recording"),
        ("sheet_music", "Sheet music"),
        ("simulation", "Simulation"),
        ("application", "Software"),
        ("case_study", "Case study"),
        ("questionnaire", "Questionnaire"),
        ("script", "Script or notes"),
        ("data", "Data"),
        ("index", "Reference work"),
        ("web_page", "Web page"),
        ("portal", "Web portal"),
        ("other", "Other"),
    )
)

LICENCES_BY_ID: Final = _by_slug(LICENCES + IMPORTED_LICENCES)
ISCED_BY_SLUG: Final = _by_slug(ISCED)
LEVELS_BY_SLUG: Final = _by_slug(LEVELS)
SUBJECTS_BY_SLUG: Final = _by_slug(SUBJECTS)
RESOURCE_TYPES_BY_SLUG: Final = _by_slug(RESOURCE_TYPES)


def _licence_key(url: str) -> str:
    """What is left of a licence's address when scheme, host prefix and the page that explains it do not matter."""
    bare = url.strip().lower().partition("#")[0].removeprefix("https://").removeprefix("http://").removeprefix("www.")
    bare = bare.replace("/licences/", "/licenses/").rstrip("/")
    explained = bare.rpartition("/")[2].partition(".")[0] in {"deed", "legalcode"}
    return bare.rpartition("/")[0] if explained else bare


_LICENCES_BY_KEY: Final = {_licence_key(known.url): known for known in LICENCES_BY_ID.values()}


def licence(slug: str) -> Licence | None:
    """A licence by its id, offered or imported."""
    return LICENCES_BY_ID.get(slug)


def licence_by_url(url: str) -> Licence | None:
    """A licence by its address, however that is spelled; another version of a licence is another licence."""
    return _LICENCES_BY_KEY.get(_licence_key(url))


def isced(slug: str) -> Isced | None:
    return ISCED_BY_SLUG.get(slug)


def level(slug: str) -> Level | None:
    return LEVELS_BY_SLUG.get(slug)


def level_by_label(label: str, *, framework: str | None = None) -> Level | None:
    """A level by what people call it; several nations have a Year 4, and without a framework England's is meant."""
    wanted = " ".join(label.split()).casefold()
    named = (entry for entry in LEVELS if entry.label.casefold() == wanted)
    return next((entry for entry in named if framework is None or entry.framework == framework), None)


def subject(slug: str) -> Subject | None:
    return SUBJECTS_BY_SLUG.get(slug)


def resource_type(slug: str) -> ResourceType | None:
    return RESOURCE_TYPES_BY_SLUG.get(slug)
