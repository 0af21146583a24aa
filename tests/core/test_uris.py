"""Our own addresses: minted and read in one place."""

import pytest

from fedishare.core.uris import Ours, Place, Uris

URIS = Uris("https://alder.test")


@pytest.mark.parametrize(
    ("uri", "place", "key"),
    [
        (URIS.actor(Place.PERSON, "anna"), Place.PERSON, "anna"),
        (URIS.actor(Place.GROUP, "slt"), Place.GROUP, "slt"),
        (URIS.node, Place.NODE, ""),
        (URIS.post(7), Place.POST, "7"),
        (URIS.resource(8), Place.RESOURCE, "8"),
        (URIS.activity(9), Place.ACTIVITY, "9"),
    ],
)
def test_what_is_minted_is_read_back(uri: str, place: Place, key: str) -> None:
    assert URIS.read(uri) == Ours(place, key)


@pytest.mark.parametrize(
    "uri",
    [
        "https://alder.test.evil.example/users/anna",
        "https://evil.example/users/anna",
        "http://alder.test/users/anna",
        "https://alder.test/users/anna/../ben",
        "https://alder.test/users/",
        "https://alder.test/elsewhere/1",
        "https://alder.test/posts/1?x=2",
        "",
    ],
)
def test_what_we_never_minted_is_nothing(uri: str) -> None:
    assert URIS.read(uri) is None


def test_a_handle_carries_an_unusual_port() -> None:
    assert Uris("http://cornerstone.localhost:8101").authority == "cornerstone.localhost:8101"


@pytest.mark.parametrize("uri", ["https://ALDER.test/x", "https://alder.test./x", "https://alder.test:443/x"])
def test_our_host_is_ours_however_it_is_written(uri: str) -> None:
    assert URIS.is_ours(uri)
