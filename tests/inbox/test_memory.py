"""What is remembered about asking others, and for how long."""

from datetime import timedelta

import pytest

from fedishare.core.errors import FediShareError, Gone, Invalid, NotFound, TooMany, Unauthenticated, Unreachable
from fedishare.inbox import memory
from fedishare.inbox.memory import Budget, Memory
from tests.builders import MONDAY
from tests.net.peers import a_client

KEY = "https://birch.test/users/ada#main-key"


@pytest.mark.parametrize(
    ("error", "again"),
    [
        pytest.param(Unreachable("busy", retry_after=5), Unreachable, id="unreachable"),
        pytest.param(Gone("gone"), NotFound, id="gone"),
        pytest.param(Invalid("odd"), Unauthenticated, id="odd"),
    ],
)
def test_a_failure_is_remembered_for_five_minutes(error: FediShareError, again: type[FediShareError]) -> None:
    remembered = Memory()
    remembered.fail(KEY, error, now=MONDAY)

    with pytest.raises(again):
        remembered.refuse_failed(KEY, now=MONDAY + timedelta(minutes=4, seconds=59))
    remembered.refuse_failed(KEY, now=MONDAY + timedelta(minutes=5))


def test_a_failure_says_how_long_to_wait() -> None:
    remembered = Memory()
    remembered.fail(KEY, Unreachable("busy", retry_after=5), now=MONDAY)

    with pytest.raises(Unreachable) as refusal:
        remembered.refuse_failed(KEY, now=MONDAY + timedelta(minutes=1))

    assert refusal.value.retry_after == 240


def test_one_server_may_have_twenty_keys_looked_up_in_ten_seconds() -> None:
    remembered = Memory()
    for _ in range(20):
        remembered.admit_key_fetch("birch.test", now=MONDAY)

    with pytest.raises(TooMany):
        remembered.admit_key_fetch("birch.test", now=MONDAY + timedelta(seconds=9))
    remembered.admit_key_fetch("cedar.test", now=MONDAY)
    remembered.admit_key_fetch("birch.test", now=MONDAY + timedelta(seconds=10))


def test_mod_11_a_domain_brings_two_hundred_new_accounts_an_hour_on_all_its_servers() -> None:
    remembered = Memory()
    for number in range(memory.NEWCOMERS):
        remembered.admit_newcomer(f"s{number}.evil.test", now=MONDAY + timedelta(seconds=number))

    with pytest.raises(TooMany) as refusal:
        remembered.admit_newcomer("another.evil.test", now=MONDAY + timedelta(minutes=30))
    remembered.admit_newcomer("another.good.test", now=MONDAY + timedelta(minutes=30))
    remembered.admit_newcomer("another.evil.test", now=MONDAY + timedelta(hours=1))

    assert refusal.value.retry_after == 1800


def test_an_actor_is_looked_up_anew_once_in_five_minutes() -> None:
    remembered = Memory()

    answers = [remembered.may_refresh(KEY, now=MONDAY + timedelta(minutes=minutes)) for minutes in (0, 1, 5, 6)]

    assert answers == [True, False, True, False]


def test_memory_does_not_grow_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "MOST_KEPT", 3)
    remembered = Memory()

    for number in range(10):
        remembered.ask(f"https://birch.test/{number}", now=MONDAY)

    assert [remembered.was_asked(f"https://birch.test/{n}", now=MONDAY) for n in (0, 6, 7, 9)] == [
        False,
        False,
        True,
        True,
    ]


def test_a_budget_ends() -> None:
    budget = Budget(2)
    budget.spend()
    budget.spend()

    with pytest.raises(Invalid):
        budget.spend()


def test_each_client_has_one_memory_of_its_own() -> None:
    one, other = a_client(), a_client()

    assert memory.of(one) is memory.of(one)
    assert memory.of(one) is not memory.of(other)
