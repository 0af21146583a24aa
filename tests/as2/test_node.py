"""A forgiving view of one JSON object: one shape a term, whatever was sent."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedishare.as2.node import CONTEXT, EVERYBODY, Node
from fedishare.core.errors import Invalid
from fedishare.core.json import Json

# The whole of Unicode takes hypothesis seconds to lay out, and says no more here than these few letters.
WORDS = st.text("aZ09:/#?[]@%.-+ \t\n\u0000\u0085é\u202e😀", max_size=12)
ANYTHING: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize(
    "given_id",
    [
        pytest.param(["https://birch.test/a"], id="a-list"),
        pytest.param({"id": "https://birch.test/a"}, id="an-object"),
        pytest.param(7, id="a-number"),
        pytest.param(None, id="null"),
        pytest.param("", id="empty"),
        pytest.param("/users/a", id="relative"),
        pytest.param("#follow", id="a-bare-fragment"),
        pytest.param("https://birch.test/" + "a" * 10_000, id="ten-thousand-letters"),
        pytest.param("https://birch.test/a b", id="a-space"),
        pytest.param("https://birch.test/a\u0085", id="a-control"),
        pytest.param("javascript:alert(1)", id="another-scheme"),
        pytest.param("https://", id="nothing-after-the-scheme"),
    ],
)
def test_what_is_no_address_is_no_id(given_id: Json) -> None:
    with pytest.raises(Invalid):
        Node({"id": given_id}).id()


def test_an_address_is_kept_letter_by_letter() -> None:
    uri = "https://Birch.test/?author=1&p=%C3%BC#likes/7"

    assert Node({"id": uri}).id() == uri


@pytest.mark.parametrize(
    ("value", "refs"),
    [
        pytest.param("https://birch.test/a", ("https://birch.test/a",), id="a-string"),
        pytest.param({"id": "https://birch.test/a"}, ("https://birch.test/a",), id="an-object"),
        pytest.param({"type": "Link", "href": "https://birch.test/a"}, ("https://birch.test/a",), id="a-link"),
        pytest.param([None, 3, "https://b.test", {"id": "Public"}], ("https://b.test", EVERYBODY), id="a-list"),
        pytest.param(["https://birch.test/a"] * 3, ("https://birch.test/a",), id="repeats"),
        pytest.param({"id": ["https://birch.test/a"]}, (), id="an-object-without-a-plain-id"),
        pytest.param(None, (), id="null"),
    ],
)
def test_refs_are_addresses_however_they_are_wrapped(value: Json, refs: tuple[str, ...]) -> None:
    assert Node({"to": value}).refs("to") == refs


def test_no_more_refs_are_read_than_asked_for() -> None:
    many: list[Json] = [f"https://birch.test/{number}" for number in range(330_000)]

    assert len(Node({"to": many}).refs("to")) == 1000


@pytest.mark.parametrize(
    ("data", "text"),
    [
        pytest.param({"name": "Ada"}, "Ada", id="a-string"),
        pytest.param({"name": ["Ada", "Bo"]}, "Ada", id="the-first-of-a-list"),
        pytest.param({"nameMap": {"en": "Ada"}}, "Ada", id="a-language-map"),
        pytest.param({"name": None, "nameMap": {"en": 3, "de": "Ada"}}, "Ada", id="null-and-a-map-with-nonsense"),
        pytest.param({"name": {"en": "Ada"}}, None, id="an-object"),
        pytest.param({}, None, id="nothing"),
    ],
)
def test_text_is_one_string_or_nothing(data: dict[str, Json], text: str | None) -> None:
    assert Node(data).text("name") == text


@pytest.mark.parametrize(
    ("said", "moment"),
    [
        pytest.param("2026-09-07T08:30:00Z", datetime(2026, 9, 7, 8, 30, tzinfo=UTC), id="zulu"),
        pytest.param("2026-09-07T10:30:00+02:00", datetime(2026, 9, 7, 8, 30, tzinfo=UTC), id="with-an-offset"),
        pytest.param("2026-09-07T08:30:00", datetime(2026, 9, 7, 8, 30, tzinfo=UTC), id="without-a-zone"),
        pytest.param("0001-01-01T00:00:00+14:00", None, id="before-the-first-year"),
        pytest.param("yesterday", None, id="a-word"),
        pytest.param(1_700_000_000, None, id="a-number"),
    ],
)
def test_moments_are_in_utc_or_missing(said: Json, moment: datetime | None) -> None:
    assert Node({"published": said}).when("published") == moment


@pytest.mark.parametrize(
    ("context", "is_as2"),
    [
        pytest.param(CONTEXT, True, id="the-string"),
        pytest.param([CONTEXT, {"content": "as:summary"}], True, id="among-others"),
        pytest.param({"@vocab": CONTEXT}, False, id="inside-an-object"),
        pytest.param("http://www.w3.org/ns/activitystreams", False, id="http"),
        pytest.param([f"{CONTEXT}#"], False, id="with-a-fragment"),
        pytest.param(None, False, id="missing"),
    ],
)
def test_the_context_has_to_name_activitystreams(context: Json, is_as2: bool) -> None:
    assert Node({"@context": context}).is_as2 is is_as2


@given(st.dictionaries(st.sampled_from(["id", "type", "to", "name", "published", "n"]), ANYTHING))
def test_nothing_but_a_bad_id_ever_raises(data: dict[str, Json]) -> None:
    node = Node(data)

    for term in ("id", "type", "to", "name", "published", "n"):
        assert isinstance(node.refs(term), tuple)
        assert node.ref(term) is None or isinstance(node.ref(term), str)
        assert node.text(term) is None or isinstance(node.text(term), str)
        moment = node.when(term)
        assert moment is None or moment.tzinfo is UTC
        assert all(isinstance(inner, Node) for inner in node.nodes(term))
        assert node.number(term) is None or isinstance(node.number(term), int | float)
