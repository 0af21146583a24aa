"""Which licence fits three answers, and what the licences of its sources say to an adaptation."""

import pytest

from fedishare.domain import licences
from fedishare.domain.licences import LICENCES_BY_ID, Licence


def known(*ids: str) -> list[Licence]:
    return [LICENCES_BY_ID[each] for each in ids]


@pytest.mark.parametrize(
    ("change", "sell", "alike", "licence"),
    [
        (False, True, True, "all-rights-reserved"),
        (False, False, False, "all-rights-reserved"),
        (True, True, False, "CC-BY-4.0"),
        (True, True, True, "CC-BY-SA-4.0"),
        (True, False, False, "CC-BY-NC-4.0"),
        (True, False, True, "CC-BY-NC-SA-4.0"),
    ],
)
def test_three_answers_lead_to_a_licence(change: bool, sell: bool, alike: bool, licence: str) -> None:
    found = licences.suggest(may_change=change, may_sell=sell, share_alike=alike)

    assert (found.id, found in licences.LICENCES) == (licence, True)


@pytest.mark.parametrize("source", ["CC-BY-ND-4.0", "CC-BY-NC-ND-4.0", "all-rights-reserved"])
def test_what_may_not_be_changed_is_not_adapted(source: str) -> None:
    ruling = licences.adapting(known("CC-BY-4.0", source), LICENCES_BY_ID["CC-BY-4.0"])

    assert ruling.refusal is not None
    assert LICENCES_BY_ID[source].short in ruling.refusal


@pytest.mark.parametrize("source", ["CC-BY-SA-4.0", "CC-BY-NC-SA-4.0"])
def test_share_alike_carries_over(source: str) -> None:
    own, other = LICENCES_BY_ID[source], LICENCES_BY_ID["CC-BY-4.0"]

    assert licences.adapting([own]).carried is own
    assert licences.adapting([own], own).refusal is None
    refused = licences.adapting([own], other)
    assert (refused.carried, refused.refusal is not None and own.short in refused.refusal) == (own, True)


@pytest.mark.parametrize(
    ("sources", "chosen", "warned"),
    [
        (["CC-BY-4.0"], "CC-BY-SA-4.0", 0),
        (["CC0-1.0", "PDM-1.0", "OGL-UK-3.0"], "all-rights-reserved", 0),
        (["CC-BY-NC-4.0"], "CC-BY-NC-4.0", 0),
        (["CC-BY-NC-4.0"], "CC-BY-4.0", 1),
        (["CC-BY-NC-4.0"], "CC-BY-SA-4.0", 1),
        (["CC-BY-NC-4.0", "CC-BY-SA-4.0"], "CC-BY-SA-4.0", 1),
        (["CC-BY-NC-SA-4.0", "CC-BY-SA-4.0"], "CC-BY-SA-4.0", 1),
        (["CC-BY-NC-SA-4.0", "CC-BY-NC-4.0"], "CC-BY-NC-SA-4.0", 0),
        (["CC-BY-4.0"], "CC0-1.0", 1),
        (["CC0-1.0"], "CC0-1.0", 0),
    ],
)
def test_terms_that_do_not_go_together_are_warned_of(sources: list[str], chosen: str, warned: int) -> None:
    ruling = licences.adapting(known(*sources), LICENCES_BY_ID[chosen])

    assert (ruling.refusal, len(ruling.warnings)) == (None, warned)


def test_a_licence_that_nobody_here_knows_is_to_be_looked_at() -> None:
    assert len(licences.adapting([None], LICENCES_BY_ID["CC-BY-4.0"]).warnings) == 1


@pytest.mark.parametrize(
    ("url", "fits"),
    [
        ("https://creativecommons.org/licenses/by-nd/3.0/", True),
        ("http://www.gnu.org/licenses/gpl-3.0.html", True),
        ("https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/", False),
        ("https://creativecommons.org.evil.test/licenses/by/4.0/", False),
    ],
)
def test_amb_takes_the_licences_of_few_publishers(url: str, fits: bool) -> None:
    assert licences.fits_amb(url) is fits


@pytest.mark.parametrize(
    ("label", "url", "name"),
    [
        ("creativecommons.org", "https://creativecommons.org/licenses/by-sa/3.0/", "CC BY-SA 3.0"),
        ("", "http://creativecommons.org/licenses/by-nc/2.0/de/deed.en", "CC BY-NC 2.0 DE"),
        ("CC-BY-3.0", None, "CC BY 3.0"),
        ("GPL-3.0-only", "https://spdx.org/licenses/GPL-3.0-only.html", "GNU General Public Licence"),
        ("https://www.gnu.org/licenses/fdl-1.3.html", None, "GNU Free Documentation Licence"),
        ("OGL-UK-2.0", None, "Open Government Licence 2.0"),
        ("Free for schools in Wales", "https://cymru.test/free", "Free for schools in Wales"),
        ("https://example.test/terms?v=3", "https://example.test/terms?v=3", "Another licence"),
        ("XYZ-1.1", None, "Another licence"),
        ("", None, ""),
    ],
)  # fmt: skip
def test_a_licence_that_is_none_of_ours_has_a_name_in_words(label: str, url: str | None, name: str) -> None:
    assert licences.plain_name(label, url) == name
