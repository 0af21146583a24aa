"""One level in the words of another scheme, by the age of the children; and how long things take."""

import pytest

from fedishare import settings
from fedishare.domain import durations, levels, vocabularies


@pytest.mark.parametrize(
    ("slug", "scheme", "words"),
    [
        ("england:year-4", "scotland", "P4"),
        ("england:year-4", "us", "Grade 3"),
        ("england:year-4", "wales", "Year 4"),
        ("england:year-4", "northern-ireland", "Year 5"),
        ("england:year-4", "ib", "Primary Years Programme (PYP)"),
        ("england:key-stage-2", "scotland", "P3 to P6"),
        ("england:key-stage-3", "us", "Grade 6 to Grade 8"),
        ("scotland:s1", "england", "Year 8"),
        ("us:kindergarten", "england", "Year 1"),
        ("ib:myp", "england", "Year 7 to Year 11"),
        ("england:key-stage-5", "ib", "Diploma Programme (DP)"),
    ],
)
def test_a_level_in_another_scheme(slug: str, scheme: str, words: str) -> None:
    level = vocabularies.LEVELS_BY_SLUG[slug]

    walked = vocabularies.crosswalk(level.age_min, level.age_max, scheme=scheme)

    assert vocabularies.in_words(walked) == words


@pytest.mark.parametrize("scheme", [each.slug for each in vocabularies.SCHEMES])
def test_every_level_has_words_in_every_scheme_that_has_its_ages(scheme: str) -> None:
    own = [level for level in vocabularies.LEVELS if level.scheme == scheme]
    ages = set(range(min(level.age_min for level in own), max(level.age_max for level in own)))

    silent = [
        level.slug
        for level in vocabularies.LEVELS
        if set(range(level.age_min, level.age_max)) & ages
        and not vocabularies.crosswalk(level.age_min, level.age_max, scheme=scheme)
    ]

    assert silent == []
    assert vocabularies.crosswalk(30, 40, scheme=scheme) == ()


def test_the_schemes_of_the_settings_are_those_of_the_levels() -> None:
    assert tuple(scheme.slug for scheme in vocabularies.SCHEMES) == settings.SCHEMES
    assert {level.scheme for level in vocabularies.LEVELS} == set(settings.SCHEMES)
    assert all(level.framework == levels.SCHEMES_BY_SLUG[level.scheme].framework for level in vocabularies.LEVELS)


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("PT1H", 60),
        ("PT1H30M", 90),
        ("pt45m", 45),
        ("P1D", 1440),
        ("P2WT5M", 20_165),
        ("PT90M30S", 90),
        ("PT0M", None),
        ("PT30S", None),
        ("P1Y", None),
        ("PT9999999H", None),
        ("an hour", None),
        ("P9999W", None),
        ("", None),
    ],
)
def test_a_duration_is_read_in_minutes(text: str, minutes: int | None) -> None:
    assert durations.minutes_of(text) == minutes


@pytest.mark.parametrize(
    ("minutes", "iso", "words"),
    [
        (5, "PT5M", "5 minutes"),
        (60, "PT1H", "1 hour"),
        (61, "PT1H1M", "1 hour 1 minute"),
        (150, "PT2H30M", "2 hours 30 minutes"),
    ],
)
def test_minutes_are_written_for_machines_and_for_people(minutes: int, iso: str, words: str) -> None:
    assert (durations.iso(minutes), durations.in_words(minutes)) == (iso, words)
    assert durations.minutes_of(iso) == minutes
