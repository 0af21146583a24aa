"""What a room elsewhere says of itself, and where in it the rules are."""

import pytest

from fedishare.domain.membership import rules_in, rules_version

OURS = "<p>For heads.</p><p><strong>Rules of the room</strong></p><p>Be kind.<br>Be brief.</p>"
LEMMY = "<p>All about maths.</p><h2>Community Rules:</h2><ol><li>Be kind</li><li>No advertising</li></ol>"


@pytest.mark.parametrize(
    ("summary", "rules"),
    [
        pytest.param(OURS, "Be kind.\nBe brief.", id="a-room-of-this-software"),
        pytest.param(LEMMY, "Be kind\nNo advertising", id="a-heading-in-a-sidebar"),
        pytest.param("<p>We know no <strong>rules</strong> here.</p>", "", id="a-word-in-bold"),
        pytest.param("<p>Rules and regulations of football.</p>", "", id="a-word"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_rules_stand_below_a_heading_that_calls_them_so(summary: str, rules: str) -> None:
    assert rules_in(summary) == rules


def test_other_rules_are_another_version_that_fits_into_a_column() -> None:
    versions = [rules_version(f"Be kind {number}.") for number in range(300)]

    assert len(set(versions)) == len(versions)
    assert all(0 < version < 2**31 for version in versions)
