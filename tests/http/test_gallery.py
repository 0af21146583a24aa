"""Pictures of other servers are kept in memory for a while, and not too many of them."""

from fedishare.http.gallery import MOST_BYTES, Gallery
from tests.builders import FrozenClock


def test_a_picture_is_forgotten_after_ten_minutes(clock: FrozenClock) -> None:
    gallery = Gallery()
    gallery.keep("a", b"one", "image/png", now=clock.now())
    clock.tick(minutes=9)
    gallery.keep("b", b"two", "image/png", now=clock.now())

    clock.tick(minutes=1)

    found = [gallery.find(url, now=clock.now()) for url in ("a", "b")]
    assert [shown.body if shown else None for shown in found] == [None, b"two"]


def test_the_oldest_go_when_there_is_no_more_room(clock: FrozenClock) -> None:
    gallery, half = Gallery(), bytes(MOST_BYTES // 2)
    for url in ("a", "b", "c"):
        gallery.keep(url, half, "image/png", now=clock.now())

    gallery.keep("c", half, "image/png", now=clock.now())

    assert [gallery.find(url, now=clock.now()) is not None for url in ("a", "b", "c")] == [False, True, True]


def test_nothing_is_kept_for_longer_because_the_clock_was_set_back(clock: FrozenClock) -> None:
    gallery = Gallery()
    gallery.keep("a", b"one", "image/png", now=clock.now())

    clock.tick(minutes=-5)

    assert gallery.find("a", now=clock.now()) is None
