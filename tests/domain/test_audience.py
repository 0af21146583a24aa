"""The audience ladder, there and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedishare.core.errors import Invalid
from fedishare.domain.audience import PUBLIC_IRI, Addressed, Visibility, address, classify, explain, is_public, narrower

FOLLOWERS = "https://a.example/users/ada/followers"
BOB = "https://b.example/users/bob"
ROOM = "https://h.example/groups/slt"
MEMBERS = "https://h.example/groups/slt/followers"


@pytest.mark.parametrize(
    ("visibility", "to", "cc"),
    [
        (Visibility.PUBLIC, (PUBLIC_IRI,), (FOLLOWERS, BOB, ROOM)),
        (Visibility.QUIET, (FOLLOWERS,), (PUBLIC_IRI, BOB, ROOM)),
        (Visibility.FOLLOWERS, (FOLLOWERS,), (BOB,)),
        (Visibility.ROOM, (ROOM, MEMBERS), (BOB,)),
        (Visibility.MENTIONED, (BOB,), ()),
    ],
)
def test_each_visibility_is_addressed_as_other_servers_read_it(
    visibility: Visibility, to: tuple[str, ...], cc: tuple[str, ...]
) -> None:
    addressed = address(visibility, followers=FOLLOWERS, mentioned=[BOB, BOB], room=ROOM, room_followers=MEMBERS)

    assert addressed == Addressed(to, cc)


@given(
    visibility=st.sampled_from(Visibility),
    mentioned=st.lists(st.sampled_from([BOB, ROOM, FOLLOWERS, MEMBERS, PUBLIC_IRI, "as:Public", "Public", "urn:x"])),
)
def test_what_was_addressed_is_read_back_whoever_is_mentioned(visibility: Visibility, mentioned: list[str]) -> None:
    to, cc = address(visibility, followers=FOLLOWERS, mentioned=mentioned, room=ROOM, room_followers=MEMBERS)

    assert classify(to=to, cc=cc, author_followers=FOLLOWERS, rooms_followers=[MEMBERS]) is visibility
    assert len({*to, *cc}) == len(to) + len(cc)


@pytest.mark.parametrize("spelling", [PUBLIC_IRI, "as:Public", "Public"])
@pytest.mark.parametrize(
    ("to", "cc", "visibility"), [(["{}"], [], Visibility.PUBLIC), ([FOLLOWERS], ["{}"], Visibility.QUIET)]
)
def test_public_has_three_spellings(spelling: str, to: list[str], cc: list[str], visibility: Visibility) -> None:
    found = classify(
        to=[uri.format(spelling) for uri in to],
        cc=[uri.format(spelling) for uri in cc],
        author_followers=FOLLOWERS,
    )

    assert is_public(spelling)
    assert found is visibility


@pytest.mark.parametrize(
    ("to", "cc", "author_followers", "rooms"),
    [
        pytest.param([], [], FOLLOWERS, (), id="VIS-08-nobody"),
        pytest.param([BOB], [FOLLOWERS], FOLLOWERS, (), id="VIS-08-followers-in-cc-only"),
        pytest.param(
            ["https://c.example/users/eve/followers"], [], FOLLOWERS, (), id="VIS-08-somebody-elses-followers"
        ),
        pytest.param(["https://c.example/followers"], [], None, (), id="VIS-08-an-author-without-followers"),
        pytest.param([ROOM], [MEMBERS], FOLLOWERS, (MEMBERS,), id="VIS-08-members-in-cc-only"),
        pytest.param([ROOM, MEMBERS], [], FOLLOWERS, (), id="VIS-08-a-room-we-do-not-know"),
        pytest.param(["public", "PUBLIC", PUBLIC_IRI + "/"], [], FOLLOWERS, (), id="VIS-08-almost-public"),
    ],
)
def test_what_we_cannot_place_is_for_the_people_mentioned(
    to: list[str], cc: list[str], author_followers: str | None, rooms: tuple[str, ...]
) -> None:
    found = classify(to=to, cc=cc, author_followers=author_followers, rooms_followers=rooms)

    assert found is Visibility.MENTIONED


@pytest.mark.parametrize(("room", "members"), [(None, None), (ROOM, None), (None, MEMBERS)])
def test_a_post_for_a_room_needs_the_room(room: str | None, members: str | None) -> None:
    with pytest.raises(Invalid, match="Choose the staffroom"):
        address(Visibility.ROOM, followers=FOLLOWERS, mentioned=[], room=room, room_followers=members)


@given(st.sampled_from(Visibility), st.sampled_from(Visibility))
def test_a_reply_never_widens_the_audience_by_itself(one: Visibility, other: Visibility) -> None:
    ladder = list(Visibility)

    assert ladder.index(narrower(one, other)) == max(ladder.index(one), ladder.index(other))


@pytest.mark.parametrize(
    ("visibility", "room", "followers", "sentence"),
    [
        (Visibility.PUBLIC, None, 3, "Anyone can see this, on this server and elsewhere."),
        (Visibility.PUBLIC, "SLT", 3, "Anyone can see this, on this server and elsewhere, and it goes to SLT."),
        (
            Visibility.QUIET,
            None,
            3,
            "Anyone with the link can see this, but it stays out of public timelines and searches.",
        ),
        (Visibility.FOLLOWERS, None, 3, "Only 3 followers and the people mentioned can see this."),
        (Visibility.FOLLOWERS, None, 1, "Only 1 follower and the people mentioned can see this."),
        (Visibility.FOLLOWERS, None, 0, "Only followers (nobody yet) and the people mentioned can see this."),
        (Visibility.FOLLOWERS, None, None, "Only followers and the people mentioned can see this."),
        (Visibility.ROOM, "SLT", None, "Only members of SLT can see this."),
        (Visibility.ROOM, None, None, "Only members of the staffroom can see this."),
        (Visibility.MENTIONED, "SLT", 3, "Only the people mentioned can see this."),
    ],
)
def test_the_audience_is_said_in_one_plain_sentence(
    visibility: Visibility, room: str | None, followers: int | None, sentence: str
) -> None:
    assert explain(visibility, room_name=room, follower_count=followers) == sentence
