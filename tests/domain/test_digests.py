"""One number for a set of addresses."""

import pytest

from fedishare.domain.digests import digest

GARGRON = "https://mastodon.social/users/Gargron"


@pytest.mark.parametrize(
    ("uris", "expected"),
    [
        pytest.param([], "0" * 64, id="nobody"),
        # The example of Mastodon's documentation.
        pytest.param([GARGRON], "b08ab6951c7d6cc2b91e17ebd9557da7fae02489728e9332fcb3a97748244d50", id="one"),
        pytest.param([GARGRON, GARGRON], "0" * 64, id="twice-is-not-at-all"),
    ],
)
def test_the_digest_is_that_of_fep_8fcf(uris: list[str], expected: str) -> None:
    assert digest(uris) == expected


def test_the_order_does_not_matter() -> None:
    assert digest(["a", "b", "c"]) == digest(["c", "a", "b"])
