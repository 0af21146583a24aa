"""Signatures are made a few at a time, and each goes to whoever asked for it."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable

import pytest

from fedishare.core.errors import Invalid, Unreachable
from fedishare.net.signing import THREADS, TOGETHER, SigningRoom


@pytest.fixture
async def room() -> AsyncIterator[SigningRoom]:
    found = SigningRoom()
    yield found
    found.close()


def signed(number: int) -> Callable[[], dict[str, str]]:
    return lambda: {"Signature": f"{number}"}


async def test_everybody_gets_their_own_signature(room: SigningRoom) -> None:
    answers = await asyncio.gather(*(room(signed(number)) for number in range(50)))

    assert [answer["Signature"] for answer in answers] == [str(number) for number in range(50)]


async def test_what_cannot_be_signed_spoils_nothing_for_the_others(room: SigningRoom) -> None:
    def refused() -> dict[str, str]:
        raise Invalid("Only an http or https URL can be signed for.")

    answers = await asyncio.gather(
        *(room(refused if number % 3 else signed(number)) for number in range(12)), return_exceptions=True
    )

    assert [type(answer).__name__ for answer in answers] == ["dict", "Invalid", "Invalid"] * 4


async def test_the_event_loop_goes_on_and_what_waits_goes_together(room: SigningRoom) -> None:
    go, order, threads = threading.Event(), list[int](), set[str]()

    def held(number: int) -> Callable[[], dict[str, str]]:
        def sign() -> dict[str, str]:
            go.wait(30)
            threads.add(threading.current_thread().name)
            order.append(number)
            return {}

        return sign

    asked = [asyncio.create_task(room(held(number))) for number in range(THREADS + 2 * TOGETHER)]
    await asyncio.sleep(0.02)
    assert (order, [task.done() for task in asked]) == ([], [False] * len(asked))
    go.set()
    await asyncio.gather(*asked)

    assert sorted(order) == list(range(len(asked)))
    assert len(threads) <= THREADS


async def test_who_gave_up_holds_up_nobody(room: SigningRoom) -> None:
    go, made = threading.Event(), list[int]()

    def held(number: int) -> Callable[[], dict[str, str]]:
        def sign() -> dict[str, str]:
            go.wait(30)
            made.append(number)
            return {}

        return sign

    asked = [asyncio.create_task(room(held(number))) for number in range(THREADS + 3)]
    await asyncio.sleep(0)
    for task in asked[THREADS:-1]:
        task.cancel()
    await asyncio.sleep(0)
    go.set()

    assert await asked[-1] == {}
    assert not set(made) & set(range(THREADS, THREADS + 2))


async def test_a_closed_room_signs_nothing(room: SigningRoom) -> None:
    room.close()

    with pytest.raises(Unreachable):
        await room(signed(1))
