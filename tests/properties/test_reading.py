"""The reader, and the inbox behind it, never raise anything but Invalid, whatever comes."""

from collections.abc import Callable
from contextlib import suppress
from typing import Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from fedishare.as2 import read
from fedishare.as2.node import Node
from fedishare.core import json
from fedishare.core.errors import Invalid
from fedishare.core.here import Here
from fedishare.core.ids import Ids
from fedishare.core.uris import Uris
from fedishare.inbox import profiles, reading
from tests.builders import MONDAY, FrozenClock
from tests.inbox.whole import take_in
from tests.mutations import mutated, mutated_bytes, written
from tests.properties import pool

SEEDS: Final = st.integers(0, 2**48)
ANYTHING: Final[st.SearchStrategy[json.Json]] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, width=32)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@pytest.fixture(scope="module")
def us() -> Here:
    clock = FrozenClock()
    return Here(Uris("https://alder.test"), Ids(clock, worker=1), clock)


READERS: Final[tuple[Callable[[Node], object], ...]] = (
    read.activity,
    read.note,
    lambda node: profiles.profile(read.actor(node), handle="ada@birch.test", now=MONDAY),
    lambda node: reading.post(node, now=MONDAY),
)


def refuse_nothing_else(data: json.Json) -> None:
    for reader in READERS:
        with suppress(Invalid):
            reader(Node(data if isinstance(data, dict) else {"object": data}))


@settings(max_examples=300, deadline=None)
@given(SEEDS)
def test_a_changed_document_of_another_server_is_read_or_invalid(seed: int) -> None:
    with suppress(Invalid):
        refuse_nothing_else(json.loads(written(mutated(pool.documents(), seed=seed))))


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from(["id", "type", "actor", "object", "to", "url", "tag", "inbox"]), ANYTHING))
def test_any_value_in_any_term_is_read_or_invalid(data: dict[str, json.Json]) -> None:
    refuse_nothing_else(data)


@settings(max_examples=300, deadline=None)
@given(SEEDS)
def test_changed_bytes_are_json_or_invalid_and_what_is_json_can_be_written_again(seed: int) -> None:
    body = mutated_bytes(written(pool.documents()[seed % len(pool.documents())]), seed=seed)

    with suppress(Invalid):
        value = json.loads(body)
        assert json.loads(json.dumps(value)) == value


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
@example(b"")
@example(b"\xef\xbb\xbf{}")
@example(b'{"a":1,"a":2}')
def test_any_bytes_are_json_or_invalid(body: bytes) -> None:
    with suppress(Invalid):
        json.loads(body)


@settings(max_examples=400, deadline=None)
@given(SEEDS)
def test_a_changed_activity_is_done_or_there_is_a_reason(empty: Connection, us: Here, seed: int) -> None:
    with suppress(Invalid):
        outcome = take_in(empty, us, written(mutated(pool.activities(), seed=seed)), now=MONDAY)
        assert outcome.partition(":")[0] in {"done", "ignored", "refused", "not acted on"}
