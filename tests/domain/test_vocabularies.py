"""The frozen lists: complete, consistent, and found again by slug, label and address."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from fedishare.domain import vocabularies
from fedishare.domain.vocabularies import (
    DEFAULT_LICENCE,
    FRAMEWORKS,
    IMPORTED_LICENCES,
    ISCED,
    LEVELS,
    LICENCES,
    RESOURCE_TYPES,
    SUBJECTS,
    Level,
    Licence,
)

AMB = Path(__file__).parents[3] / "shared" / "schemas" / "amb" / "schemas"


def amb_patterns(schema: str) -> list[str]:
    if not AMB.is_dir():
        pytest.skip("the AMB schemas in ../shared are not here")
    return re.findall(r'"pattern": (".*")', (AMB / schema).read_text())


def fits(schema: str, uri: str) -> bool:
    return any(re.search(json.loads(pattern), uri) for pattern in amb_patterns(schema))


@pytest.mark.parametrize(
    "slugs",
    [
        pytest.param([entry.slug for entry in LICENCES + IMPORTED_LICENCES], id="licences"),
        pytest.param([entry.slug for entry in ISCED], id="isced"),
        pytest.param([entry.slug for entry in LEVELS], id="levels"),
        pytest.param([entry.slug for entry in SUBJECTS], id="subjects"),
        pytest.param([entry.slug for entry in RESOURCE_TYPES], id="resource-types"),
    ],
)
def test_slugs_are_unique_and_fit_into_an_address(slugs: list[str]) -> None:
    assert [slug for slug, times in Counter(slugs).items() if times > 1] == []
    assert [slug for slug in slugs if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.:-]*", slug)] == []


def test_everything_is_found_by_its_slug() -> None:
    assert tuple(vocabularies.licence(entry.id) for entry in LICENCES) == LICENCES
    assert tuple(vocabularies.isced(entry.slug) for entry in ISCED) == ISCED
    assert tuple(vocabularies.level(entry.slug) for entry in LEVELS) == LEVELS
    assert tuple(vocabularies.subject(entry.slug) for entry in SUBJECTS) == SUBJECTS
    assert tuple(vocabularies.resource_type(entry.slug) for entry in RESOURCE_TYPES) == RESOURCE_TYPES


def test_an_unknown_slug_is_nothing() -> None:
    unknown = "no-such-thing"

    assert (vocabularies.licence(unknown), vocabularies.licence_by_url(unknown)) == (None, None)
    assert (vocabularies.level(unknown), vocabularies.level_by_label(unknown)) == (None, None)
    assert (vocabularies.isced(unknown), vocabularies.subject(unknown)) == (None, None)
    assert vocabularies.resource_type(unknown) is None


def test_seven_licences_are_offered_and_the_default_is_one_of_them() -> None:
    assert [entry.id for entry in LICENCES] == [
        "CC0-1.0",
        "CC-BY-4.0",
        "CC-BY-SA-4.0",
        "CC-BY-NC-4.0",
        "CC-BY-NC-SA-4.0",
        "OGL-UK-3.0",
        "all-rights-reserved",
    ]
    assert DEFAULT_LICENCE == "CC-BY-4.0"


@pytest.mark.parametrize("licence", LICENCES + IMPORTED_LICENCES, ids=lambda entry: entry.id)
def test_a_licence_says_whether_amb_takes_it(licence: Licence) -> None:
    assert fits("license.json", licence.url) is licence.fits_amb


@pytest.mark.parametrize(
    ("url", "licence"),
    [
        ("https://creativecommons.org/licenses/by-sa/4.0/", "CC-BY-SA-4.0"),
        ("http://www.creativecommons.org/licenses/by-sa/4.0", "CC-BY-SA-4.0"),
        ("https://creativecommons.org/licenses/by-sa/4.0/deed.de", "CC-BY-SA-4.0"),
        ("https://creativecommons.org/licenses/by-nc-nd/4.0/legalcode", "CC-BY-NC-ND-4.0"),
        ("https://creativecommons.org/publicdomain/mark/1.0/", "PDM-1.0"),
        ("http://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/", "OGL-UK-3.0"),
        ("https://rightsstatements.org/vocab/InC/1.0/", "all-rights-reserved"),
        ("https://creativecommons.org/licenses/by-sa/3.0/", None),
        ("", None),
    ],
)
def test_a_licence_is_known_by_its_address_however_it_is_spelled(url: str, licence: str | None) -> None:
    found = vocabularies.licence_by_url(url)

    assert (found and found.id) == licence


def test_the_terms_of_a_licence_are_in_its_name() -> None:
    for entry in LICENCES + IMPORTED_LICENCES:
        assert entry.share_alike is ("-SA-" in entry.id)
        assert entry.non_commercial is ("-NC-" in entry.id)
        assert entry.may_adapt is ("-ND-" not in entry.id and entry.id != "all-rights-reserved")


@pytest.mark.parametrize("level", LEVELS, ids=lambda entry: entry.slug)
def test_a_level_has_a_framework_ages_and_a_step_of_isced(level: Level) -> None:
    assert level.framework in FRAMEWORKS
    assert 3 <= level.age_min < level.age_max <= 19
    assert vocabularies.isced(level.isced) in ISCED


def test_year_four_is_what_the_reference_example_says() -> None:
    assert vocabularies.level("england:year-4") == Level(
        slug="england:year-4",
        label="Year 4",
        framework="National Curriculum for England",
        age_min=8,
        age_max=9,
        isced="level_1",
        url="https://w3id.org/uk/oak/curriculum/nationalcurriculum/year-group-4",
    )


@pytest.mark.parametrize(
    ("label", "framework", "slug"),
    [
        ("Year 4", None, "england:year-4"),
        (" year  4 ", None, "england:year-4"),
        ("Year 4", vocabularies.WALES, "wales:year-4"),
        ("Year 1", vocabularies.NORTHERN_IRELAND, "northern-ireland:year-1"),
        ("P7", None, "scotland:p7"),
        ("Grade 4", None, "us:grade-4"),
        ("Diploma Programme (DP)", vocabularies.BACCALAUREATE, "ib:dp"),
    ],
)
def test_a_level_is_found_by_what_people_call_it(label: str, framework: str | None, slug: str) -> None:
    assert vocabularies.level_by_label(label, framework=framework) == vocabularies.level(slug)


def test_children_of_one_age_are_in_the_year_of_each_nation() -> None:
    at_nine = {entry.slug for entry in LEVELS if (entry.age_min, entry.age_max) == (9, 10)}

    assert at_nine == {"england:year-5", "scotland:p5", "wales:year-5", "northern-ireland:year-6", "us:grade-4"}


def test_concepts_have_the_addresses_amb_asks_for() -> None:
    assert [entry.slug for entry in ISCED if not fits("educationalLevel.json", entry.url)] == []
    assert [entry.slug for entry in RESOURCE_TYPES if not fits("learningResourceType.json", entry.url)] == []
    assert [entry.slug for entry in SUBJECTS if entry.kim and not fits("about.json", entry.kim)] == []


def test_all_school_subjects_of_the_published_list_are_there() -> None:
    """s1000 to s1061, of which s1018 was never given."""
    numbers = {int(entry.kim.rpartition("/s")[2]) for entry in SUBJECTS if entry.kim}

    assert numbers == set(range(1000, 1062)) - {1018}
    assert vocabularies.subject_by_url("https://w3id.org/kim/schulfaecher/s1028") == vocabularies.subject(
        "primary-topic-work"
    )


def test_all_audience_roles_and_their_addresses_are_there() -> None:
    assert {role.slug for role in vocabularies.ROLES} == {
        "administrator",
        "generalPublic",
        "mentor",
        "parent",
        "peerTutor",
        "professional",
        "student",
        "teacher",
    }
    assert [vocabularies.role_by_url(role.url) for role in vocabularies.ROLES] == list(vocabularies.ROLES)
    assert [vocabularies.role_by_label(role.name) for role in vocabularies.ROLES] == list(vocabularies.ROLES)


def test_mathematics_is_what_the_reference_example_says() -> None:
    mathematics = vocabularies.subject("mathematics")

    assert mathematics == vocabularies.Subject(
        slug="mathematics",
        label="Mathematics",
        kim="http://w3id.org/kim/schulfaecher/s1017",
        target_url="https://w3id.org/uk/oak/curriculum/nationalcurriculum/subject-mathematics",
    )


def test_all_resource_types_of_the_published_list_are_there() -> None:
    assert len(RESOURCE_TYPES) == 26
    assert {"worksheet", "lesson_plan", "slide", "educational_game", "assessment"} <= {
        entry.slug for entry in RESOURCE_TYPES
    }
